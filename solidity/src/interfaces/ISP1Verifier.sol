// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity ^0.8.24;

/// @title SP1's verifier, or its gateway
interface ISP1Verifier {
    /// @notice Reverts unless `proofBytes` proves that the program committed to `publicValues`.
    function verifyProof(bytes32 programVKey, bytes calldata publicValues, bytes calldata proofBytes) external view;
}
