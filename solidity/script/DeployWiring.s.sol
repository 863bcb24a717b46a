// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity 0.8.37;

import { AaveAgentOracle } from "../src/adapters/aave/AaveAgentOracle.sol";
import { AaveEModeAdapter } from "../src/adapters/aave/AaveEModeAdapter.sol";
import { AaveFreezeAdapter } from "../src/adapters/aave/AaveFreezeAdapter.sol";
import { AaveRiskAdapter } from "../src/adapters/aave/AaveRiskAdapter.sol";
import { AaveStewardAdapter } from "../src/adapters/aave/AaveStewardAdapter.sol";
import { CometPauseAdapter } from "../src/adapters/compound/CometPauseAdapter.sol";
import { MorphoFeedOracle } from "../src/adapters/morpho/MorphoFeedOracle.sol";
import { MorphoVaultGate } from "../src/adapters/morpho/MorphoVaultGate.sol";
import { AggregatorV3Interface } from "../src/consumers/oracle/AggregatorV3Interface.sol";
import { IInferenceOracle } from "../src/consumers/oracle/IInferenceOracle.sol";
import { Fallback, StrictFeedConfig } from "../src/consumers/oracle/strict/IStrictFeed.sol";
import { StrictFeed } from "../src/consumers/oracle/strict/StrictFeed.sol";
import { SequencedExecutor } from "../src/consumers/risk/SequencedExecutor.sol";
import { ConsumerScript } from "./base/ConsumerScript.sol";
import { SafeCast } from "@openzeppelin/contracts/utils/math/SafeCast.sol";

/// @title Deploys what stands between a consumer and a protocol
/// @dev Settings: name, kind, and what the constructor of that kind takes; a consumer is named as in the
/// results.
///
/// ```
/// strict-feed           oracle, decimals, maxAge, refusesPending, whenUnfit (reverts, zero, last),
///                       sequencer, gracePeriod
/// sequenced-executor    updater, sequencer
/// aave-risk             provider, owner
/// aave-emode            provider, liquid, owner
/// aave-steward          provider, steward, owner
/// aave-freeze           provider, asset, owner
/// aave-agent-oracle     updater
/// morpho-feed           feed, collateralToken, loanToken
/// morpho-gate           maximumPause, owner
/// comet-pause           comet, owner, formerGuardian
/// ```
contract DeployWiring is ConsumerScript {
    /// @notice The settings name a kind that there isn't.
    error UnknownKind(string kind);

    /// @notice The settings name something that a feed can't do.
    error UnknownFallback(string whenUnfit);

    function run() external returns (address) {
        return deploy(_configFile(), _deploymentPath());
    }

    /// @notice Deploys according to `config` and writes to the file `results`.
    function deploy(string memory config, string memory results) public returns (address account) {
        string memory name = _name(config);
        account = _create(name, _initCode(config, vm.readFile(results)));
        string memory path = string.concat(".consumers.", name);
        _record(results, path, _begin(path, _text(config, ".kind"), account));
    }

    function _create(string memory name, bytes memory initCode) private broadcasts returns (address) {
        return _deploy(name, _saltOf(name), initCode);
    }

    function _initCode(string memory config, string memory deployment) private view returns (bytes memory) {
        string memory kind = _text(config, ".kind");
        if (_is(kind, "strict-feed")) {
            return abi.encodePacked(type(StrictFeed).creationCode, abi.encode(_strictFeed(config, deployment)));
        }
        if (_is(kind, "sequenced-executor")) {
            return abi.encodePacked(
                type(SequencedExecutor).creationCode,
                abi.encode(_consumer(config, deployment, ".updater"), _account(config, ".sequencer"))
            );
        }
        if (_is(kind, "aave-agent-oracle")) {
            return abi.encodePacked(
                type(AaveAgentOracle).creationCode, abi.encode(_consumer(config, deployment, ".updater"))
            );
        }
        if (_is(kind, "morpho-feed")) {
            return abi.encodePacked(
                type(MorphoFeedOracle).creationCode,
                abi.encode(
                    _consumer(config, deployment, ".feed"),
                    _account(config, ".collateralToken"),
                    _account(config, ".loanToken")
                )
            );
        }
        return _roleHolder(config, kind);
    }

    /// @dev What holds a protocol's role has an owner, who appoints the consumer.
    function _roleHolder(string memory config, string memory kind) private view returns (bytes memory) {
        address owner = _account(config, ".owner");
        if (_is(kind, "morpho-gate")) {
            return
                abi.encodePacked(type(MorphoVaultGate).creationCode, abi.encode(_uint(config, ".maximumPause"), owner));
        }
        if (_is(kind, "comet-pause")) {
            bytes memory arguments = abi.encode(_account(config, ".comet"), owner, _account(config, ".formerGuardian"));
            return abi.encodePacked(type(CometPauseAdapter).creationCode, arguments);
        }
        address provider = _account(config, ".provider");
        if (_is(kind, "aave-risk")) {
            return abi.encodePacked(type(AaveRiskAdapter).creationCode, abi.encode(provider, owner));
        }
        if (_is(kind, "aave-emode")) {
            return abi.encodePacked(
                type(AaveEModeAdapter).creationCode, abi.encode(provider, _bool(config, ".liquid"), owner)
            );
        }
        if (_is(kind, "aave-steward")) {
            return abi.encodePacked(
                type(AaveStewardAdapter).creationCode, abi.encode(provider, _account(config, ".steward"), owner)
            );
        }
        if (_is(kind, "aave-freeze")) {
            return abi.encodePacked(
                type(AaveFreezeAdapter).creationCode, abi.encode(provider, _account(config, ".asset"), owner)
            );
        }
        revert UnknownKind(kind);
    }

    function _strictFeed(string memory config, string memory deployment)
        private
        view
        returns (StrictFeedConfig memory made)
    {
        made.oracle = IInferenceOracle(_consumer(config, deployment, ".oracle"));
        made.decimals = SafeCast.toUint8(_uint(config, ".decimals"));
        made.maxAge = SafeCast.toUint32(_uint(config, ".maxAge"));
        made.refusesPending = _bool(config, ".refusesPending");
        made.whenUnfit = _fallback(_text(config, ".whenUnfit"));
        made.sequencer = AggregatorV3Interface(_account(config, ".sequencer"));
        made.gracePeriod = SafeCast.toUint32(_uint(config, ".gracePeriod"));
    }

    function _fallback(string memory whenUnfit) private pure returns (Fallback) {
        if (_is(whenUnfit, "reverts")) return Fallback.Reverts;
        if (_is(whenUnfit, "zero")) return Fallback.Zero;
        if (_is(whenUnfit, "last")) return Fallback.Last;
        revert UnknownFallback(whenUnfit);
    }

    /// @dev The consumer that the settings name at `path`.
    function _consumer(string memory config, string memory deployment, string memory path)
        private
        view
        returns (address)
    {
        return _deployed(deployment, string.concat(".consumers.", _text(config, path), ".address"));
    }

    function _is(string memory text, string memory other) private pure returns (bool) {
        return keccak256(bytes(text)) == keccak256(bytes(other));
    }
}
