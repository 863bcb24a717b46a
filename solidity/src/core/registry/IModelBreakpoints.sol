// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity ^0.8.24;

import { ModelSpec } from "../../types/Schemas.sol";

/// @title The breakpoints in a registry of models
/// @notice Specs of models some of whose inputs are ranks: see `Ranks`. An interface of its own, so
/// that `IModelRegistry` is what it was to those who look for it.
/// @dev A registry knows the digest of a table, not the table: whoever needs its numbers on chain
/// (`OnChainFeatures`) brings them, and nobody can bring others.
interface IModelBreakpoints {
    /// @notice Stores a spec with ranks, once checked, under the digest of both. For anyone.
    /// @param breakpoints The keccak256 of the table; zero for a spec without ranks, which is
    /// `IModelRegistry.publishSpec`.
    function publishSpec(ModelSpec calldata spec, bytes32 breakpoints) external returns (bytes32 digest);

    /// @notice The digest of a spec's breakpoints; zero if it has no ranks.
    function breakpointsOf(bytes32 digest) external view returns (bytes32);

    /// @notice The digest of a version's breakpoints; zero if it has no ranks.
    function breakpointsOf(uint256 modelId, uint32 version) external view returns (bytes32);
}
