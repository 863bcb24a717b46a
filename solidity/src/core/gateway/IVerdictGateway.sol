// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity ^0.8.24;

import { ModelPin } from "../../types/ModelPin.sol";
import { IVerdictRoutes } from "./IVerdictRoutes.sol";

/// @title The way to the verifiers
/// @notice What consumers call. The gateway's contract has `verify` and `verifyMany` in its
/// fallback function, hence two interfaces.
interface IVerdictGateway is IVerdictRoutes {
    /// @notice Reverts unless `proof` proves that the pinned version yields `publicValues`. The
    /// cheap way: it costs less than 6,000 gas more than to call the verifier, for up to forty
    /// public values, and 7 gas more for each further one.
    /// @dev Asks the registry nothing: the pin is the caller's, and what it names can't change. It
    /// still stops working when the route is frozen. Deprecation is not checked: that is advice,
    /// and a consumer that chose its version may choose what to do about it;
    /// `IModelRegistry.isActive` tells. The caller computes `publicValues[0]`; see
    /// `InferenceContext`.
    function verify(ModelPin pin, uint256[] calldata publicValues, bytes calldata proof) external view;

    /// @notice Reverts unless, for every i, `verify` would accept the i-th of each list: every proof
    /// counts for its own pin and its own public values alone. All or nothing.
    /// @dev If all are of one route whose verifier is an `IBatchProofVerifier`, that checks them
    /// together, for less than half the gas each; otherwise they are checked one by one, each by the
    /// verifier of its route. Every pin's route must be open. Which of several proofs is wrong isn't
    /// always said; `verify` tells. The same statement may occur twice: who counts statements
    /// compares them. Reverts with `NoProofs` and `ListLengthsDiffer` as `IBatchProofVerifier` has
    /// them.
    function verifyMany(ModelPin[] calldata pins, uint256[][] calldata publicValues, bytes[] calldata proofs)
        external
        view;
}
