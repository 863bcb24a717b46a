// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity ^0.8.24;

/// @title What older contracts expect of a price feed
/// @notice Chainlink's first interface, which AaveOracle and others still call.
interface AggregatorInterface {
    /// @notice An answer; of feeds that write rounds themselves.
    event AnswerUpdated(int256 indexed current, uint256 indexed roundId, uint256 updatedAt);

    /// @notice A round; of feeds that write rounds themselves.
    event NewRound(uint256 indexed roundId, address indexed startedBy, uint256 startedAt);

    /// @notice The latest answer.
    function latestAnswer() external view returns (int256);

    /// @notice When its inputs were true.
    function latestTimestamp() external view returns (uint256);

    /// @notice The latest round.
    function latestRound() external view returns (uint256);

    /// @notice A round's answer.
    function getAnswer(uint256 roundId) external view returns (int256);

    /// @notice When a round's inputs were true.
    function getTimestamp(uint256 roundId) external view returns (uint256);
}
