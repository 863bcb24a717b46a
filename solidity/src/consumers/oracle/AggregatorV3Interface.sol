// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity ^0.8.24;

/// @title What contracts expect of a price feed
/// @notice Chainlink's interface, function by function.
interface AggregatorV3Interface {
    /// @notice Decimals of an answer.
    function decimals() external view returns (uint8);

    /// @notice What the answer is.
    function description() external view returns (string memory);

    /// @notice The version of the feed's contract.
    function version() external view returns (uint256);

    /// @notice A round that was accepted; reverts if there is no such round.
    /// @return roundId Its number.
    /// @return answer Times 10^`decimals`.
    /// @return startedAt When the inputs were true; if they claimed to be from the future, when they
    /// were taken.
    /// @return updatedAt The same: an answer is as old as its inputs.
    /// @return answeredInRound `roundId`.
    function getRoundData(uint80 roundId_)
        external
        view
        returns (uint80 roundId, int256 answer, uint256 startedAt, uint256 updatedAt, uint80 answeredInRound);

    /// @notice The latest round; reverts if there is none.
    function latestRoundData()
        external
        view
        returns (uint80 roundId, int256 answer, uint256 startedAt, uint256 updatedAt, uint80 answeredInRound);
}
