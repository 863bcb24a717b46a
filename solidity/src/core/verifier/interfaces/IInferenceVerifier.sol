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

    /// @notice The proof is not as long as the verifying key demands: by its width, the columns to a
    /// pack, and whether the weights are hidden.
    error WrongProofLength(uint256 expected, uint256 actual);

    /// @notice Calldata isn't the one standard ABI encoding of the arguments: trailing bytes, or
    /// unusual offsets.
    error NonCanonicalCalldata();

    /// @notice `publicValues[index]` is not less than the order of the scalar field.
    error PublicValueNotCanonical(uint256 index);

    /// @notice The proof's evaluation number `index` is not less than the order of the scalar
    /// field.
    error ScalarNotCanonical(uint256 index);

    /// @notice A coordinate of the proof's point number `index`, of all points in the proof's order, is not less than the modulus of the
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

    /// @notice The proof is well formed and wrong. Of several, some are: which can't be said.
    error ProofRejected();

    /// @notice There is nothing to verify, and so nothing that a caller could rely on afterwards.
    error NoProofs();

    /// @notice Every proof has a key and public values of its own.
    error ListLengthsDiffer(uint256 verifyingKeys, uint256 publicValues, uint256 proofs);

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

    /// @notice Reverts unless every proof proves what `verify` would have it prove: number i that the
    /// model of `verifyingKeys[i]` yields `publicValues[i]`. One pairing for all of them, of any mix
    /// of models.
    /// @dev All or nothing. The first proof that is malformed decides which error it is, and its
    /// number isn't said; nor is that of one that is well formed and wrong: `verify` tells. The same
    /// statement may occur twice: who counts statements compares them.
    /// @param verifyingKeys The data contracts that hold the models' verifying keys; at least one.
    /// @param publicValues For every proof, the context, then the public words.
    /// @param proofs For every proof, its bytes.
    function verifyMany(address[] calldata verifyingKeys, uint256[][] calldata publicValues, bytes[] calldata proofs)
        external
        view;

    /// @notice Whether the set-up's secret is public, so that anyone can forge proofs.
    /// @return Whether `[τ]_2` is the one of the development set-up.
    function isDevelopmentSetup() external view returns (bool);

    /// @notice The set-up's `[τ]_2`, imaginary parts first.
    /// @return The four coordinates, in the order in which the pairing precompile takes them.
    function tauG2() external view returns (uint256[4] memory);
}
