// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity 0.8.37;

import { OracleConfig } from "../src/consumers/oracle/IInferenceOracle.sol";
import { InferenceOracle } from "../src/consumers/oracle/InferenceOracle.sol";
import { IFeatureSource } from "../src/features/IFeatureSource.sol";
import { ConsumerScript } from "./base/ConsumerScript.sol";
import { SafeCast } from "@openzeppelin/contracts/utils/math/SafeCast.sol";

/// @title Deploys an oracle
/// @dev Settings: name, model, source, owner, guardian, and the members of `OracleConfig` by their
/// names.
contract DeployOracle is ConsumerScript {
    function run() external returns (address) {
        return deploy(_configFile(), _deploymentPath());
    }

    /// @notice Deploys according to `config` and writes to the file `results`.
    function deploy(string memory config, string memory results) public returns (address oracle) {
        string memory name = _name(config);
        string memory deployment = vm.readFile(results);
        (uint256 modelId, uint32 version) = _model(config, deployment, ".model");
        IFeatureSource source = _source(config, deployment);
        bytes memory arguments = abi.encode(
            _gateway(deployment),
            modelId,
            version,
            source,
            _oracleConfig(config),
            _account(config, ".owner"),
            _account(config, ".guardian")
        );
        oracle = _create(name, arguments);

        string memory path = string.concat(".consumers.", name);
        _begin(path, "oracle", oracle);
        vm.serializeString(path, "model", _text(config, ".model"));
        _record(results, path, vm.serializeAddress(path, "source", address(source)));
    }

    function _create(string memory name, bytes memory arguments) private broadcasts returns (address) {
        return _deploy(name, _saltOf(name), abi.encodePacked(type(InferenceOracle).creationCode, arguments));
    }

    function _oracleConfig(string memory config) private view returns (OracleConfig memory made) {
        made.description = _text(config, ".description");
        made.decimals = SafeCast.toUint8(_uint(config, ".decimals"));
        made.answerIndex = SafeCast.toUint32(_uint(config, ".answerIndex"));
        made.subject = _bytes32Or(config, ".subject", 0);
        made.minAnswer = SafeCast.toInt96(_int(config, ".minAnswer"));
        made.maxAnswer = SafeCast.toInt96(_int(config, ".maxAnswer"));
        made.maxMove = SafeCast.toUint96(_uint(config, ".maxMove"));
        made.maxMoveBps = SafeCast.toUint16(_uint(config, ".maxMoveBps"));
        made.moveWindow = SafeCast.toUint32(_uint(config, ".moveWindow"));
        made.maxAge = SafeCast.toUint24(_uint(config, ".maxAge"));
        made.maxSkew = SafeCast.toUint24(_uint(config, ".maxSkew"));
        made.heartbeat = SafeCast.toUint32(_uint(config, ".heartbeat"));
        made.confirmDelay = SafeCast.toUint24(_uint(config, ".confirmDelay"));
        made.confirmWindow = SafeCast.toUint24(_uint(config, ".confirmWindow"));
        made.history = SafeCast.toUint32(_uint(config, ".history"));
        made.switchDelay = SafeCast.toUint32(_uint(config, ".switchDelay"));
        made.followsLatest = _bool(config, ".followsLatest");
    }
}
