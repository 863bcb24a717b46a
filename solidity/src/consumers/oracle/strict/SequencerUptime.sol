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
    function read(AggregatorV3Interface feed, uint256 gracePeriod) internal view returns (Sequencer state) {
        uint256 since;
        (state, since) = read(feed);
        if (state == Sequencer.Up && block.timestamp - since <= gracePeriod) state = Sequencer.Returning;
    }

    /// @notice Up, down or unknown, and since when.
    function read(AggregatorV3Interface feed) internal view returns (Sequencer state, uint256 since) {
        int256 answer;
        (, answer, since,,) = feed.latestRoundData();
        if (answer == 1) return (Sequencer.Down, since);
        bool valid = answer == 0 && since != 0 && since <= block.timestamp;
        return (valid ? Sequencer.Up : Sequencer.Unknown, since);
    }
}
