// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity 0.8.37;

import { IAccessControl } from "@openzeppelin/contracts/access/IAccessControl.sol";
import { SafeCast } from "@openzeppelin/contracts/utils/math/SafeCast.sol";
import { console } from "forge-std/console.sol";

import { IRiskParameterUpdater } from "../src/consumers/risk/IRiskParameterUpdater.sol";
import { IRiskSource, RiskBinding } from "../src/consumers/risk/IRiskSource.sol";
import { ModelRiskSource } from "../src/consumers/risk/ModelRiskSource.sol";
import { RiskLimits } from "../src/consumers/risk/RiskLimits.sol";
import { RiskParameterUpdater } from "../src/consumers/risk/RiskParameterUpdater.sol";
import { RiskLimit, RiskParameter } from "../src/consumers/risk/RiskTypes.sol";
import { ConsumerScript } from "./base/ConsumerScript.sol";

/// @title Deploys a risk updater and a risk source for one market
/// @dev Settings: name, model, source, adapter (an `IRiskAdapter`), market, maximumAge, bindings,
/// admin, adminDelay, guardian, vetoWindow, executionWindow, openToAll (who may propose and
/// execute), limits (with a "parameter" each, and the members of `RiskLimit`). The adapter must
/// then take the updater's calls.
contract DeployRisk is ConsumerScript {
    /// @notice There is no such parameter.
    error UnknownParameter(string word);

    function run() external returns (address, address) {
        return deploy(_configFile(), _deploymentPath());
    }

    /// @notice Deploys according to `config` and writes to the file `results`.
    function deploy(string memory config, string memory results) public returns (address updater, address source) {
        string memory name = _name(config);
        (updater, source) = _create(config, vm.readFile(results), name);

        string memory path = string.concat(".consumers.", name);
        _begin(path, "risk", updater);
        vm.serializeString(path, "model", _text(config, ".model"));
        vm.serializeAddress(path, "source", address(_source(config, vm.readFile(results))));
        vm.serializeAddress(path, "riskSource", source);
        vm.serializeAddress(path, "market", _account(config, ".market"));
        _record(results, path, vm.serializeAddress(path, "adapter", _account(config, ".adapter")));
    }

    function _create(string memory config, string memory deployment, string memory name)
        private
        broadcasts
        returns (address updater, address source)
    {
        bytes memory arguments = abi.encode(
            _account(config, ".adapter"),
            _account(config, ".admin"),
            _uint(config, ".adminDelay"),
            _account(config, ".guardian")
        );
        updater = _deploy(name, _saltOf(name), abi.encodePacked(type(RiskParameterUpdater).creationCode, arguments));
        source = _riskSource(config, deployment, name);
        _configure(config, updater, source);
        console.log("To do: let %s call %s", updater, _account(config, ".adapter"));
    }

    function _riskSource(string memory config, string memory deployment, string memory name) private returns (address) {
        (uint256 modelId, uint32 version) = _model(config, deployment, ".model");
        bytes memory arguments = abi.encode(
            _gateway(deployment),
            modelId,
            version,
            _account(config, ".market"),
            _source(config, deployment),
            _uint(config, ".maximumAge"),
            _bindings(config)
        );
        bytes memory initCode = abi.encodePacked(type(ModelRiskSource).creationCode, arguments);
        return _deploy(string.concat(name, ": source"), _saltOf(name), initCode);
    }

    /// @dev What the administrator does: sources, limits, roles. What governance has done since is
    /// left alone: a source that it removed, a limit that it changed.
    function _configure(string memory config, address updater, address source) private {
        address admin = _account(config, ".admin");
        IRiskParameterUpdater risk = IRiskParameterUpdater(updater);
        // Removed sources keep their windows.
        if (risk.sourceOf(IRiskSource(source)).vetoWindow == 0) {
            uint32 vetoWindow = SafeCast.toUint32(_uint(config, ".vetoWindow"));
            uint32 executionWindow = SafeCast.toUint32(_uint(config, ".executionWindow"));
            bytes memory data =
                abi.encodeCall(risk.addSource, (IRiskSource(source), vetoWindow, executionWindow, _coupled(config)));
            _callAs(admin, updater, data, "add the source");
        }
        address market = _account(config, ".market");
        for (uint256 i = 0; i < _length(config, ".limits"); ++i) {
            string memory path = _at(".limits", i);
            RiskParameter parameter = _parameter(_text(config, string.concat(path, ".parameter")));
            if (risk.limitOf(market, parameter).granularity != 0) continue;
            bytes memory data = abi.encodeCall(risk.setLimit, (market, parameter, _limit(config, path)));
            _callAs(admin, updater, data, string.concat("set limit ", vm.toString(i)));
        }
        if (!_bool(config, ".openToAll")) return;
        _open(admin, updater, RiskParameterUpdater(updater).PROPOSER_ROLE());
        _open(admin, updater, RiskParameterUpdater(updater).EXECUTOR_ROLE());
    }

    /// @dev Gives a role to everybody, if it isn't everybody's.
    function _open(address admin, address updater, bytes32 role) private {
        if (IAccessControl(updater).hasRole(role, address(0))) return;
        _callAs(admin, updater, abi.encodeCall(IAccessControl.grantRole, (role, address(0))), "open a role to all");
    }

    /// @dev A mask of the parameters that move together or not at all.
    function _coupled(string memory config) private view returns (uint8 mask) {
        for (uint256 i = 0; i < _length(config, ".coupled"); ++i) {
            mask |= RiskLimits.bit(_parameter(_text(config, _at(".coupled", i))));
        }
    }

    function _bindings(string memory config) private view returns (RiskBinding[] memory bindings) {
        bindings = new RiskBinding[](_length(config, ".bindings"));
        for (uint256 i = 0; i < bindings.length; ++i) {
            string memory path = _at(".bindings", i);
            bindings[i] = RiskBinding(
                _parameter(_text(config, string.concat(path, ".parameter"))),
                SafeCast.toUint8(_uint(config, string.concat(path, ".output"))),
                SafeCast.toUint32(_uint(config, string.concat(path, ".index"))),
                SafeCast.toUint8(_uint(config, string.concat(path, ".decimals")))
            );
        }
    }

    function _limit(string memory config, string memory path) private view returns (RiskLimit memory limit) {
        limit.maximumChange = SafeCast.toUint128(_uint(config, string.concat(path, ".maximumChange")));
        limit.minimumDelay = SafeCast.toUint32(_uint(config, string.concat(path, ".minimumDelay")));
        limit.relative = _bool(config, string.concat(path, ".relative"));
        limit.clamped = _bool(config, string.concat(path, ".clamped"));
        limit.belowUsage = _bool(config, string.concat(path, ".belowUsage"));
        limit.minimum = SafeCast.toUint128(_uint(config, string.concat(path, ".minimum")));
        limit.maximum = SafeCast.toUint128(_uint(config, string.concat(path, ".maximum")));
        limit.granularity = SafeCast.toUint128(_uint(config, string.concat(path, ".granularity")));
    }

    function _parameter(string memory word) private pure returns (RiskParameter) {
        string[6] memory words =
            ["collateralFactor", "loanToValue", "liquidationThreshold", "liquidationBonus", "supplyCap", "borrowCap"];
        for (uint256 i = 0; i < words.length; ++i) {
            if (keccak256(bytes(word)) == keccak256(bytes(words[i]))) return RiskParameter(i);
        }
        revert UnknownParameter(word);
    }
}
