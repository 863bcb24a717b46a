// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity ^0.8.24;

/// @title RISC Zero's verifier, or its router
interface IRiscZeroVerifier {
    /// @notice Reverts unless `seal` proves that the image wrote a journal with this SHA-256
    /// digest.
    function verify(bytes calldata seal, bytes32 imageId, bytes32 journalDigest) external view;
}
