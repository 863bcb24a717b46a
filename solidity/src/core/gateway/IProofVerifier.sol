// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity ^0.8.24;

/// @title What a gateway routes to
/// @notice The functions of `IInferenceVerifier` that every route needs. `InferenceVerifier` has
/// them; other proof systems get them from an adapter.
interface IProofVerifier {
    /// @notice Reverts unless `proof` proves that the model of `verifyingKey` yields
    /// `publicValues`.
    function verify(address verifyingKey, uint256[] calldata publicValues, bytes calldata proof) external view;

    /// @notice Whether anyone can forge proofs that this verifier accepts.
    function isDevelopmentSetup() external view returns (bool);
}
