// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity ^0.8.24;

import { AggregatorV3Interface } from "../AggregatorV3Interface.sol";
import { IInferenceOracle } from "../IInferenceOracle.sol";
import { AggregatorInterface } from "./AggregatorInterface.sol";

/// @notice Why there is no answer to act on.
enum Unfit {
    /// There is one.
    None,
    /// The oracle has no round yet.
    NoRound,
    /// A guardian paused the oracle.
    Paused,
    /// The model version was found deprecated, or its route frozen.
    Halted,
    /// The inputs are older than `maxAge`.
    Stale,
    /// A move beyond the cap waits to be confirmed.
    MovePending,
    /// The answer is zero or less, in the feed's decimals.
    NotPositive,
    /// The sequencer is down.
    SequencerDown,
    /// The sequencer was down until lately.
    SequencerReturning,
    /// The uptime feed has no valid round.
    SequencerUnknown
}

/// @notice What reads do then.
enum Fallback {
    /// Revert, with `Unusable`: for protocols where nothing should happen.
    Reverts,
    /// Answer 0: for protocols that ask another oracle then, as AaveOracle does.
    Zero,
    /// Answer the latest there is, whatever is the matter; only without any round they revert.
    Last
}

/// @notice What a feed is told once and for all.
/// @param oracle The oracle.
/// @param decimals Of the feed's answers; at most 36. Halves are rounded away from zero.
/// @param maxAge Of the inputs, in seconds; at most the oracle's heartbeat, and zero for just that.
/// @param refusesPending Whether a move that waits to be confirmed makes the answer unfit.
/// @param whenUnfit What reads do then.
/// @param sequencer Chainlink's uptime feed of this chain's sequencer; zero on a layer 1.
/// @param gracePeriod For how long after the sequencer is up again there is no answer, in seconds;
/// zero if there is no such feed, and otherwise not.
struct StrictFeedConfig {
    IInferenceOracle oracle;
    uint8 decimals;
    uint32 maxAge;
    bool refusesPending;
    Fallback whenUnfit;
    AggregatorV3Interface sequencer;
    uint32 gracePeriod;
}

/// @title An oracle for protocols that don't check
/// @notice Most protocols take what `latestRoundData` or `latestAnswer` say, however old. This reads
/// an `InferenceOracle` for them, and has no answer unless it is fit to act on. No owner, no state.
/// @dev What is asked of the latest round is `latestRoundData`, `latestAnswer`, `latestTimestamp`
/// and `latestRound`; all of them are strict. `getRoundData`, `getAnswer` and `getTimestamp` are
/// about the past, and say what the oracle keeps of it, in the feed's decimals: nothing to act on.
///
/// No call here is made with a limit of gas, and none is caught: what a caller's gas isn't enough
/// for reverts as a whole, and never makes a good answer look unfit.
interface IStrictFeed is AggregatorV3Interface, AggregatorInterface {
    /// @notice The account isn't an oracle's.
    error NotAnOracle(address account);

    /// @notice More decimals than a scale has.
    error TooManyDecimals(uint256 decimals);

    /// @notice `maxAge` is more than the oracle's heartbeat.
    error AgeBeyondHeartbeat(uint256 maxAge, uint256 heartbeat);

    /// @notice There is a grace period without an uptime feed, or such a feed without one, or it has
    /// no code.
    error InvalidSequencer(address sequencer, uint256 gracePeriod);

    /// @notice There is no answer to act on.
    error Unusable(Unfit reason);

    /// @notice Why there is no answer to act on now, if there is none. Never reverts, but with the
    /// uptime feed.
    function fitness() external view returns (Unfit);

    /// @notice The oracle.
    function oracle() external view returns (IInferenceOracle);

    /// @notice How old inputs may be, in seconds.
    function maxAge() external view returns (uint256);

    /// @notice Whether a move that waits to be confirmed makes the answer unfit.
    function refusesPending() external view returns (bool);

    /// @notice What reads do when the answer is unfit.
    function whenUnfit() external view returns (Fallback);

    /// @notice The uptime feed, or zero.
    function sequencer() external view returns (AggregatorV3Interface);

    /// @notice See `StrictFeedConfig`.
    function gracePeriod() external view returns (uint256);
}
