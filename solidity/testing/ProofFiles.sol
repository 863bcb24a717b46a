// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity ^0.8.24;

import { Test } from "forge-std/Test.sol";

/// @title Reads the command line's proof files
/// @notice For tests with proofs that `verdict prove` made: their context must be the consumer's,
/// so a file is good for the address, chain and payload that it was made for.
/// @dev foundry.toml must allow reading the file's folder (`fs_permissions`).
abstract contract ProofFiles is Test {
    /// @notice What a proof file holds.
    /// @param modelHash The compiled model's digest.
    /// @param key The verifying key's bytes.
    /// @param publicValues The context, then the public words.
    /// @param proof The proof's bytes.
    struct ProofFile {
        bytes32 modelHash;
        bytes key;
        uint256[] publicValues;
        bytes proof;
    }

    /// @dev The proof in the file at `path`.
    function _readProof(string memory path) internal view returns (ProofFile memory file) {
        string memory json = vm.readFile(path);
        file.modelHash = vm.parseJsonBytes32(json, ".model");
        file.key = vm.parseJsonBytes(json, ".verifying_key");
        file.publicValues = vm.parseJsonUintArray(json, ".public_values");
        file.proof = vm.parseJsonBytes(json, ".proof");
    }

    /// @dev Words `first` to `last`, exclusively, of a proof's public values: the inputs, the
    /// outputs.
    function _wordsOf(ProofFile memory file, uint256 first, uint256 last)
        internal
        pure
        returns (uint256[] memory words)
    {
        words = new uint256[](last - first);
        for (uint256 i = 0; i < words.length; ++i) {
            words[i] = file.publicValues[first + i];
        }
    }
}
