// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity ^0.8.24;

import { ModelPin } from "../../types/ModelPin.sol";
import { IVerdictRoutes } from "./IVerdictRoutes.sol";

/// @title The way to the verifiers
/// @notice What consumers call. The gateway's contract has `verify` in its fallback function, hence
/// two interfaces.
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
}
