// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity ^0.8.24;

/// @title What Morpho Blue asks of a market's oracle
interface IMorphoOracle {
    /// @notice What a smallest unit of collateral is worth in smallest units of the loan token, times
    /// 10^36.
    function price() external view returns (uint256);
}
