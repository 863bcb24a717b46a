// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity 0.8.37;

import { SafeCast } from "@openzeppelin/contracts/utils/math/SafeCast.sol";
import { SignedMath } from "@openzeppelin/contracts/utils/math/SignedMath.sol";

import { AggregatorV3Interface } from "../AggregatorV3Interface.sol";
import { IInferenceOracle, OracleStatus } from "../IInferenceOracle.sol";
import { AggregatorInterface } from "./AggregatorInterface.sol";
import { Fallback, IStrictFeed, StrictFeedConfig, Unfit } from "./IStrictFeed.sol";
import { Sequencer, SequencerUptime } from "./SequencerUptime.sol";

/// @title An oracle for protocols that don't check
/// @notice See `IStrictFeed`.
contract StrictFeed is IStrictFeed {
    uint256 private constant _MAXIMUM_DECIMALS = 36;

    IInferenceOracle private immutable _ORACLE;
    uint8 private immutable _DECIMALS;
    // An answer is the oracle's times the one and by the other; one of them is 1.
    uint256 private immutable _FACTOR;
    uint256 private immutable _DIVISOR;
    uint32 private immutable _MAX_AGE;
    bool private immutable _REFUSES_PENDING;
    Fallback private immutable _WHEN_UNFIT;
    AggregatorV3Interface private immutable _SEQUENCER;
    uint32 private immutable _GRACE_PERIOD;

    /// @param config Never changes.
    constructor(StrictFeedConfig memory config) {
        address account = address(config.oracle);
        if (account.code.length == 0) revert NotAnOracle(account);
        if (config.decimals > _MAXIMUM_DECIMALS) revert TooManyDecimals(config.decimals);
        uint32 heartbeat = config.oracle.config().heartbeat;
        if (config.maxAge > heartbeat) revert AgeBeyondHeartbeat(config.maxAge, heartbeat);
        bool gated = address(config.sequencer) != address(0);
        if (gated != (config.gracePeriod != 0) || (gated && address(config.sequencer).code.length == 0)) {
            revert InvalidSequencer(address(config.sequencer), config.gracePeriod);
        }
        (_ORACLE, _DECIMALS) = (config.oracle, config.decimals);
        uint256 own = config.oracle.decimals();
        _FACTOR = own < config.decimals ? 10 ** (config.decimals - own) : 1;
        _DIVISOR = own < config.decimals ? 1 : 10 ** (own - config.decimals);
        _MAX_AGE = config.maxAge == 0 ? heartbeat : config.maxAge;
        (_REFUSES_PENDING, _WHEN_UNFIT) = (config.refusesPending, config.whenUnfit);
        (_SEQUENCER, _GRACE_PERIOD) = (config.sequencer, config.gracePeriod);
    }

    // ----------------------------------------------------------------------------- the latest round

    /// @inheritdoc AggregatorV3Interface
    function latestRoundData() external view returns (uint80, int256, uint256, uint256, uint80) {
        (uint80 round, int256 answer, uint256 updatedAt) = _latest();
        return (round, answer, updatedAt, updatedAt, round);
    }

    /// @inheritdoc AggregatorInterface
    function latestAnswer() external view returns (int256 answer) {
        (, answer,) = _latest();
    }

    /// @inheritdoc AggregatorInterface
    function latestTimestamp() external view returns (uint256 updatedAt) {
        (,, updatedAt) = _latest();
    }

    /// @inheritdoc AggregatorInterface
    function latestRound() external view returns (uint256 round) {
        (round,,) = _latest();
    }

    /// @inheritdoc IStrictFeed
    function fitness() external view returns (Unfit) {
        OracleStatus memory status = _ORACLE.status();
        return _judge(status, _scaled(status.answer));
    }

    // ------------------------------------------------------------------------------------- the past

    /// @inheritdoc AggregatorV3Interface
    function getRoundData(uint80 roundId) public view returns (uint80, int256, uint256, uint256, uint80) {
        (uint80 round, int256 answer, uint256 startedAt, uint256 updatedAt, uint80 answeredIn) =
            _ORACLE.getRoundData(roundId);
        return (round, _scaled(answer), startedAt, updatedAt, answeredIn);
    }

    /// @inheritdoc AggregatorInterface
    function getAnswer(uint256 roundId) external view returns (int256 answer) {
        (, answer,,,) = getRoundData(SafeCast.toUint80(roundId));
    }

    /// @inheritdoc AggregatorInterface
    function getTimestamp(uint256 roundId) external view returns (uint256 updatedAt) {
        (,,, updatedAt,) = getRoundData(SafeCast.toUint80(roundId));
    }

    // ------------------------------------------------------------------------------- what is fixed

    /// @inheritdoc AggregatorV3Interface
    function decimals() external view returns (uint8) {
        return _DECIMALS;
    }

    /// @inheritdoc AggregatorV3Interface
    function description() external view returns (string memory) {
        return _ORACLE.description();
    }

    /// @inheritdoc AggregatorV3Interface
    /// @dev Of this contract.
    function version() external pure returns (uint256) {
        return 1;
    }

    /// @inheritdoc IStrictFeed
    function oracle() external view returns (IInferenceOracle) {
        return _ORACLE;
    }

    /// @inheritdoc IStrictFeed
    function maxAge() external view returns (uint256) {
        return _MAX_AGE;
    }

    /// @inheritdoc IStrictFeed
    function refusesPending() external view returns (bool) {
        return _REFUSES_PENDING;
    }

    /// @inheritdoc IStrictFeed
    function whenUnfit() external view returns (Fallback) {
        return _WHEN_UNFIT;
    }

    /// @inheritdoc IStrictFeed
    function sequencer() external view returns (AggregatorV3Interface) {
        return _SEQUENCER;
    }

    /// @inheritdoc IStrictFeed
    function gracePeriod() external view returns (uint256) {
        return _GRACE_PERIOD;
    }

    // ----------------------------------------------------------------------------------- internals

    /// @dev The latest round, or what was chosen to be said instead.
    function _latest() private view returns (uint80 round, int256 answer, uint256 updatedAt) {
        OracleStatus memory status = _ORACLE.status();
        (round, answer, updatedAt) = (status.round, _scaled(status.answer), status.updatedAt);
        Unfit reason = _judge(status, answer);
        if (reason == Unfit.None) return (round, answer, updatedAt);
        if (_WHEN_UNFIT == Fallback.Zero) return (round, 0, updatedAt);
        if (_WHEN_UNFIT == Fallback.Reverts || reason == Unfit.NoRound) revert Unusable(reason);
    }

    function _judge(OracleStatus memory status, int256 answer) private view returns (Unfit) {
        if (status.round == 0) return Unfit.NoRound;
        if (status.paused) return Unfit.Paused;
        if (status.halted) return Unfit.Halted;
        if (block.timestamp - status.updatedAt > _MAX_AGE) return Unfit.Stale;
        if (_REFUSES_PENDING && status.pending) return Unfit.MovePending;
        if (answer <= 0) return Unfit.NotPositive;
        if (address(_SEQUENCER) == address(0)) return Unfit.None;
        Sequencer state = SequencerUptime.read(_SEQUENCER, _GRACE_PERIOD);
        if (state == Sequencer.Up) return Unfit.None;
        if (state == Sequencer.Down) return Unfit.SequencerDown;
        return state == Sequencer.Returning ? Unfit.SequencerReturning : Unfit.SequencerUnknown;
    }

    /// @dev In the feed's decimals. An answer has 96 bits, and a power of ten here 120.
    function _scaled(int256 answer) private view returns (int256) {
        uint256 magnitude = SignedMath.abs(answer) * _FACTOR;
        uint256 quotient = magnitude / _DIVISOR;
        if (_DIVISOR != 1 && magnitude % _DIVISOR >= _DIVISOR / 2) ++quotient;
        // forge-lint: disable-next-line(unsafe-typecast)
        return answer < 0 ? -int256(quotient) : int256(quotient);
    }
}
