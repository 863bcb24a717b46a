// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity ^0.8.24;

import { IModelRegistry } from "../core/registry/IModelRegistry.sol";
import { IERC7992Registry } from "../interfaces/IERC7992.sol";

/// @title One digest of all that a version's proofs rest on
/// @notice The compiled model, what its public values mean, its verifying key, the proof of that
/// key if it hides weights, and the set-up. Who checked all of these off chain, with
/// `verdict audit`, gives a contract this one word, and the contract refuses a version that differs
/// in any of them.
/// @dev The words agree on nothing by themselves: that the key is the model's, and that the key
/// proof is right, no contract can check.
library Bundles {
    /// @dev Which kind of digest this is.
    bytes32 internal constant DOMAIN = keccak256("verdict bundle v1");

    /// @notice The digest of a bundle's parts.
    /// @param modelHash The compiled model's digest.
    /// @param circuitHash The spec's: see `ModelSpecs.digest`.
    /// @param vkHash The verifying key's.
    /// @param keyProof The key proof's, or zero: the spec's `keyProof`.
    /// @param tauG2 `[τ]_2` of the set-up, imaginary parts first: `IInferenceVerifier.tauG2`.
    function digest(bytes32 modelHash, bytes32 circuitHash, bytes32 vkHash, bytes32 keyProof, uint256[4] memory tauG2)
        internal
        pure
        returns (bytes32)
    {
        return keccak256(abi.encode(DOMAIN, modelHash, circuitHash, vkHash, keyProof, keccak256(abi.encode(tauG2))));
    }

    /// @notice The digest of the bundle of a registered version, under a set-up.
    /// @dev The registry doesn't know the set-up: `tauG2` is the one of the verifier that the
    /// gateway's route leads to.
    function digestOf(IModelRegistry registry, uint256 modelId, uint32 version, uint256[4] memory tauG2)
        internal
        view
        returns (bytes32)
    {
        IERC7992Registry.ModelCommitment memory commitment = registry.versionOf(modelId, version).commitment;
        bytes32 keyProof = registry.specOf(modelId, version).keyProof;
        return digest(commitment.modelHash, commitment.circuitHash, commitment.vkHash, keyProof, tauG2);
    }
}
