// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity ^0.8.24;

/// @title The inner layer of ERC-8274
/// @notice As of its draft of 2026, which is an open proposal: names and meanings may still change.
interface IERC8274ProofVerifier {
    /// @notice Whether `proof` proves that an input with one hash yields an output with another.
    /// @param inputHash The keccak-256 of the model's input.
    /// @param outputHash The keccak-256 of the model's output.
    /// @param metadata What the proof system needs besides.
    /// @param proof The proof.
    function verify(bytes32 inputHash, bytes32 outputHash, bytes calldata metadata, bytes calldata proof)
        external
        view
        returns (bool valid);

    /// @notice The proof system's name.
    function proofSystem() external view returns (string memory);

    /// @notice Commits to proof system, version and circuit.
    function proofProfile() external view returns (bytes32);
}
