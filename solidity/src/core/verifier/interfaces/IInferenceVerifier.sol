// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity ^0.8.24;

/// @title The verifier of every model
/// @notice Accepts or rejects a proof that some model, given as data, maps inputs to outputs.
/// Rejection is a revert: there is no boolean that a caller could forget to look at.
interface IInferenceVerifier {
    /// @notice The code at `account` is not a verifying key as `VerifyingKeys` publishes them.
    error NotAVerifyingKey(address account);

    /// @notice The verifying key asks for another number of public values, the context included.
    error WrongPublicValueCount(uint256 expected, uint256 actual);

    /// @notice The proof is not as long as the verifying key's width demands.
    error WrongProofLength(uint256 expected, uint256 actual);

    /// @notice Calldata isn't the one standard ABI encoding of the arguments: trailing bytes, or
    /// unusual offsets.
    error NonCanonicalCalldata();

    /// @notice `publicValues[index]` is not less than the order of the scalar field.
    error PublicValueNotCanonical(uint256 index);

    /// @notice The proof's evaluation number `index` is not less than the order of the scalar
    /// field.
    error ScalarNotCanonical(uint256 index);

    /// @notice A coordinate of the proof's point number `index` is not less than the modulus of the
    /// base field.
    error CoordinateNotCanonical(uint256 index);

    /// @notice The proof's point number `index` is the identity.
    error PointAtInfinity(uint256 index);

    /// @notice The proof's point number `index` is not on the curve.
    error PointNotOnCurve(uint256 index);

    /// @notice A challenge hit one of the few values at which the argument says nothing: prove
    /// again.
    error EvaluationPointInDomain();

    /// @notice A precompile failed: a point of the verifying key is not on the curve, or gas ran
    /// out.
    error PrecompileFailed();

    /// @notice The proof is well formed and wrong.
    error ProofRejected();

    /// @notice Reverts unless `proof` proves that the model of `verifyingKey` yields
    /// `publicValues`.
    /// @dev Who calls decides which verifying keys to trust, and computes `publicValues[0]`, the
    /// context, itself: the verifier gives no word a meaning.
    /// @param verifyingKey The data contract that holds the model's verifying key; see
    /// `VerifyingKeys`.
    /// @param publicValues The context, then the public words, each less than the order of the
    /// scalar field.
    /// @param proof The proof's bytes as docs/protocol.md lists them.
    function verify(address verifyingKey, uint256[] calldata publicValues, bytes calldata proof) external view;

    /// @notice Whether the set-up's secret is public, so that anyone can forge proofs.
    /// @return Whether `[τ]_2` is the one of the development set-up.
    function isDevelopmentSetup() external view returns (bool);

    /// @notice The set-up's `[τ]_2`, imaginary parts first.
    /// @return The four coordinates, in the order in which the pairing precompile takes them.
    function tauG2() external view returns (uint256[4] memory);
}
