// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity 0.8.37;

import { IERC20 } from "@openzeppelin/contracts/token/ERC20/IERC20.sol";
import { SafeCast } from "@openzeppelin/contracts/utils/math/SafeCast.sol";
import { console } from "forge-std/console.sol";

import { ERC4626PauseAdapter } from "../src/consumers/guard/ERC4626PauseAdapter.sol";
import { FraudPauseGuard } from "../src/consumers/guard/FraudPauseGuard.sol";
import { GuardConfig } from "../src/consumers/guard/IFraudPauseGuard.sol";
import { IPauseAdapter } from "../src/consumers/guard/IPauseAdapter.sol";
import { OpenZeppelinPauseAdapter } from "../src/consumers/guard/OpenZeppelinPauseAdapter.sol";
import { PauseForAdapter } from "../src/consumers/guard/PauseForAdapter.sol";
import { ConsumerScript } from "./base/ConsumerScript.sol";

/// @title Deploys a pause guard and the adapter to what it guards
/// @dev Settings: name, model, source, protected, adapter ("pause-for", "openzeppelin" or
/// "erc4626"), adapterOwner, admin, adminDelay, governor, resumer, and the members of `GuardConfig`
/// by their names. What is protected must then give the adapter its pauser role.
contract DeployGuard is ConsumerScript {
    /// @notice There is no such kind of adapter.
    error UnknownAdapter(string kind);

    function run() external returns (address, address) {
        return deploy(_configFile(), _deploymentPath());
    }

    /// @notice Deploys according to `config` and writes to the file `results`.
    function deploy(string memory config, string memory results) public returns (address guard, address adapter) {
        string memory name = _name(config);
        (guard, adapter) = _create(config, vm.readFile(results), name);

        string memory path = string.concat(".consumers.", name);
        _begin(path, "guard", guard);
        vm.serializeString(path, "model", _text(config, ".model"));
        vm.serializeAddress(path, "source", address(_source(config, vm.readFile(results))));
        vm.serializeAddress(path, "protected", _account(config, ".protected"));
        _record(results, path, vm.serializeAddress(path, "adapter", adapter));
    }

    function _create(string memory config, string memory deployment, string memory name)
        private
        broadcasts
        returns (address guard, address adapter)
    {
        adapter = _adapter(config, name);
        GuardConfig memory made = _guardConfig(config, deployment, adapter);
        bytes memory arguments = abi.encode(
            made,
            _account(config, ".admin"),
            _uint(config, ".adminDelay"),
            _account(config, ".governor"),
            _account(config, ".resumer")
        );
        guard = _deploy(name, _saltOf(name), abi.encodePacked(type(FraudPauseGuard).creationCode, arguments));
        if (IPauseAdapter(adapter).guard() != guard) {
            bytes memory data = abi.encodeCall(IPauseAdapter.setGuard, (guard));
            _callAs(_account(config, ".adapterOwner"), adapter, data, "appoint the guard");
        }
        console.log("To do: let %s pause %s", adapter, made.target.target());
    }

    function _adapter(string memory config, string memory name) private returns (address) {
        string memory kind = _text(config, ".adapter");
        bytes memory code;
        bytes32 hash = keccak256(bytes(kind));
        if (hash == keccak256("pause-for")) code = type(PauseForAdapter).creationCode;
        else if (hash == keccak256("openzeppelin")) code = type(OpenZeppelinPauseAdapter).creationCode;
        else if (hash == keccak256("erc4626")) code = type(ERC4626PauseAdapter).creationCode;
        else revert UnknownAdapter(kind);
        bytes memory arguments = abi.encode(_account(config, ".protected"), _account(config, ".adapterOwner"));
        return _deploy(string.concat(name, ": adapter"), _saltOf(name), abi.encodePacked(code, arguments));
    }

    function _guardConfig(string memory config, string memory deployment, address adapter)
        private
        view
        returns (GuardConfig memory made)
    {
        made.gateway = _gateway(deployment);
        (made.modelId, made.version) = _model(config, deployment, ".model");
        made.features = _source(config, deployment);
        made.target = IPauseAdapter(adapter);
        made.scoreIndex = SafeCast.toUint32(_uint(config, ".scoreIndex"));
        made.threshold = _int(config, ".threshold");
        made.margin = _uint(config, ".margin");
        made.anchoredSubject = _bool(config, ".anchoredSubject");
        made.evidenceBlocks = _uint(config, ".evidenceBlocks");
        made.pauseDuration = _uint(config, ".pauseDuration");
        made.cooldown = _uint(config, ".cooldown");
        made.period = _uint(config, ".period");
        made.budget = _uint(config, ".budget");
        made.bondToken = IERC20(_account(config, ".bondToken"));
        made.bond = _uint(config, ".bond");
        made.bounty = _uint(config, ".bounty");
        made.treasury = _account(config, ".treasury");
        made.reviewWindow = _uint(config, ".reviewWindow");
        made.freshCooldown = _uint(config, ".freshCooldown");
        made.resumeDelay = _uint(config, ".resumeDelay");
    }
}
