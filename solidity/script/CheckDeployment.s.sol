// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity 0.8.37;

import { SafeCast } from "@openzeppelin/contracts/utils/math/SafeCast.sol";
import { console } from "forge-std/console.sol";

import { IVerdictGateway } from "../src/core/gateway/IVerdictGateway.sol";
import { IModelRegistry } from "../src/core/registry/IModelRegistry.sol";
import { IInferenceVerifier } from "../src/core/verifier/interfaces/IInferenceVerifier.sol";
import { IERC7992Registry } from "../src/interfaces/IERC7992.sol";
import { Bundles } from "../src/libraries/Bundles.sol";
import { ModelPin } from "../src/types/ModelPin.sol";
import { VerdictScript } from "./base/VerdictScript.sol";

/// @title Compares results with the chain
/// @notice Reverts unless what the file says is so: addresses have code, the route leads to the
/// verifier and isn't frozen, models have the ids and keys, and the bundle digests where the file
/// has them. Sends nothing.
/// @dev `forge script script/CheckDeployment.s.sol --rpc-url …`, after a broadcast.
contract CheckDeployment is VerdictScript {
    /// @notice The file is of another chain.
    error OtherChain(uint256 expected, uint256 actual);

    /// @notice No code at the address at `path`.
    error NoCode(string path, address account);

    /// @notice The chain says something else than the file at `path`.
    error Differs(string path);

    function run() external view {
        check(_deploymentPath());
    }

    /// @notice Checks a file of results.
    function check(string memory results) public view {
        string memory deployment = vm.readFile(results);
        uint256 chainId = _recorded(deployment, ".chainId");
        if (chainId != block.chainid) revert OtherChain(chainId, block.chainid);
        _checkCore(deployment);
        _checkModels(deployment);
        _checkAddresses(deployment, ".sources");
        _checkAddresses(deployment, ".consumers");
        console.log("%s: as on chain", results);
    }

    function _checkCore(string memory deployment) private view {
        _checkCode(deployment, ".core.verifyingKeys");
        _checkCode(deployment, ".core.registry");
        address verifier = _checkCode(deployment, ".core.verifier");
        IVerdictGateway gateway = IVerdictGateway(_checkCode(deployment, ".core.gateway"));

        bytes4 selector = bytes4(vm.parseJsonBytes(deployment, ".core.selector"));
        (address route, bool frozen) = gateway.routeOf(selector);
        bool added = vm.parseJsonBool(deployment, ".core.routeAdded");
        if (added ? route != verifier || frozen : route != address(0)) revert Differs(".core.routeAdded");
        if (gateway.registry() != _deployed(deployment, ".core.registry")) revert Differs(".core.registry");

        uint256[] memory tau = vm.parseJsonUintArray(deployment, ".core.tauG2");
        uint256[4] memory actual = IInferenceVerifier(verifier).tauG2();
        for (uint256 i = 0; i < 4; ++i) {
            if (tau[i] != actual[i]) revert Differs(".core.tauG2");
        }
        bool development = vm.parseJsonBool(deployment, ".core.developmentSetup");
        if (IInferenceVerifier(verifier).isDevelopmentSetup() != development) revert Differs(".core.developmentSetup");
    }

    function _checkModels(string memory deployment) private view {
        IModelRegistry registry = IModelRegistry(_deployed(deployment, ".core.registry"));
        uint256[4] memory tau = IInferenceVerifier(_deployed(deployment, ".core.verifier")).tauG2();
        string[] memory names = vm.parseJsonKeys(deployment, ".models");
        for (uint256 i = 0; i < names.length; ++i) {
            string memory path = string.concat(".models.", names[i]);
            uint256 modelId = _recorded(deployment, string.concat(path, ".modelId"));
            uint32 version = SafeCast.toUint32(_recorded(deployment, string.concat(path, ".version")));
            if (modelId > registry.modelCount() || version > registry.versionCount(modelId)) revert Differs(path);
            IModelRegistry.ModelVersion memory known = registry.versionOf(modelId, version);
            IERC7992Registry.ModelCommitment memory commitment = known.commitment;
            if (
                known.key != _checkCode(deployment, string.concat(path, ".key"))
                    || commitment.vkHash != vm.parseJsonBytes32(deployment, string.concat(path, ".vkHash"))
                    || commitment.circuitHash != vm.parseJsonBytes32(deployment, string.concat(path, ".circuitHash"))
                    || commitment.modelHash != vm.parseJsonBytes32(deployment, string.concat(path, ".modelHash"))
                    || ModelPin.unwrap(registry.pinOf(modelId, version))
                        != vm.parseJsonBytes32(deployment, string.concat(path, ".pin"))
            ) revert Differs(path);
            bytes32 bundle = Bundles.digestOf(registry, modelId, version, tau);
            path = string.concat(path, ".bundle");
            if (_bytes32Or(deployment, path, bundle) != bundle) revert Differs(path);
        }
    }

    /// @dev Every entry's address, and whatever else in it is one.
    function _checkAddresses(string memory deployment, string memory section) private view {
        string[] memory names = vm.parseJsonKeys(deployment, section);
        string[6] memory members = ["address", "source", "adapter", "protected", "riskSource", "token"];
        for (uint256 i = 0; i < names.length; ++i) {
            string memory path = string.concat(section, ".", names[i], ".");
            for (uint256 j = 0; j < members.length; ++j) {
                string memory member = string.concat(path, members[j]);
                if (j == 0 || vm.keyExistsJson(deployment, member)) _checkCode(deployment, member);
            }
        }
    }

    function _checkCode(string memory deployment, string memory path) private view returns (address account) {
        account = _deployed(deployment, path);
        if (account.code.length == 0) revert NoCode(path, account);
    }
}
