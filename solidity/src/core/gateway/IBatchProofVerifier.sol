// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity ^0.8.24;

import { IProofVerifier } from "./IProofVerifier.sol";

/// @title A verifier that checks several proofs for less than one by one
/// @notice What a route may have besides `IProofVerifier`. `InferenceVerifier` does: one pairing for
/// all. A gateway asks for nothing when a route is added: it sends an empty list, and takes
/// `NoProofs()`, and nothing else, for the answer of such a verifier.
interface IBatchProofVerifier is IProofVerifier {
    /// @notice There is nothing to verify, and so nothing that a caller could rely on afterwards.
    error NoProofs();

    /// @notice Every proof has a key and public values of its own.
    error ListLengthsDiffer(uint256 verifyingKeys, uint256 publicValues, uint256 proofs);

    /// @notice Reverts unless, for every i, `verify` would accept the i-th of each list. All or
    /// nothing; with `NoProofs` if there are none.
    function verifyMany(address[] calldata verifyingKeys, uint256[][] calldata publicValues, bytes[] calldata proofs)
        external
        view;
}
