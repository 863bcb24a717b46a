// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity ^0.8.24;

import { AggregatorV3Interface } from "../AggregatorV3Interface.sol";

/// @notice What an uptime feed says.
enum Sequencer {
    Up,
    Down,
    /// It is up again, but not yet for as long as it must be.
    Returning,
    /// The feed has no round yet, or says what such a feed never does.
    Unknown
}

/// @title Whether a layer-2's sequencer works, by Chainlink's uptime feed
/// @notice Its answer is 0 while the sequencer is up, and 1 while it is down; `startedAt` is when it
/// became so, and zero before the feed's first round.
library SequencerUptime {
    /// @notice What the feed says now. Whoever was offline while the sequencer was down gets
    /// `gracePeriod` seconds.
    function read(AggregatorV3Interface feed, uint256 gracePeriod) internal view returns (Sequencer) {
        (, int256 answer, uint256 startedAt,,) = feed.latestRoundData();
        if (answer == 1) return Sequencer.Down;
        if (answer != 0 || startedAt == 0 || startedAt > block.timestamp) return Sequencer.Unknown;
        return block.timestamp - startedAt <= gracePeriod ? Sequencer.Returning : Sequencer.Up;
    }
}
