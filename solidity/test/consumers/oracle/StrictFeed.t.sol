// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity 0.8.37;

import { AggregatorV3Interface } from "../../../src/consumers/oracle/AggregatorV3Interface.sol";
import { IInferenceOracle, OracleConfig } from "../../../src/consumers/oracle/IInferenceOracle.sol";
import { Fallback, IStrictFeed, StrictFeedConfig, Unfit } from "../../../src/consumers/oracle/strict/IStrictFeed.sol";
import { StrictFeed } from "../../../src/consumers/oracle/strict/StrictFeed.sol";
import { FixedPoint } from "../../../src/libraries/FixedPoint.sol";
import { UptimeFeed } from "./Mocks.sol";
import { OracleTest } from "./OracleTest.sol";

/// @dev What protocols read that don't check. The oracle answers 10.00 in 8 decimals.
contract StrictFeedTest is OracleTest {
    uint32 private constant GRACE = 1 hours;

    UptimeFeed private _uptime;
    StrictFeed private _strict;

    function setUp() public override {
        super.setUp();
        _uptime = new UptimeFeed();
        _uptime.set(0, START - 1 days);
        _answer(1000);
        _strict = new StrictFeed(_settings());
    }

    function _settings() private view returns (StrictFeedConfig memory) {
        return StrictFeedConfig(oracle, 18, 30 minutes, true, Fallback.Reverts, _uptime, GRACE);
    }

    function _with(Fallback whenUnfit) private returns (StrictFeed) {
        StrictFeedConfig memory settings = _settings();
        settings.whenUnfit = whenUnfit;
        return new StrictFeed(settings);
    }

    /// @dev All four reads of the latest round answer.
    function _isFit() private view {
        assertEq(uint256(_strict.fitness()), uint256(Unfit.None));
        (uint80 round, int256 answer, uint256 startedAt, uint256 updatedAt, uint80 answeredIn) =
            _strict.latestRoundData();
        (uint80 round_, int256 answer_,, uint256 updatedAt_,) = oracle.latestRoundData();
        assertEq(round, round_);
        assertEq(answer, answer_ * 1e10);
        assertEq(startedAt, updatedAt_);
        assertEq(updatedAt, updatedAt_);
        assertEq(answeredIn, round_);
        assertEq(_strict.latestAnswer(), answer);
        assertEq(_strict.latestTimestamp(), updatedAt);
        assertEq(_strict.latestRound(), round);
    }

    /// @dev None does; those of a feed that was made to say zero say that; and those of one that was
    /// made to say the last say the last.
    function _isUnfit(Unfit reason) private {
        assertEq(uint256(_strict.fitness()), uint256(reason));
        bytes memory error_ = abi.encodeWithSelector(IStrictFeed.Unusable.selector, reason);
        vm.expectRevert(error_);
        _strict.latestRoundData();
        vm.expectRevert(error_);
        _strict.latestAnswer();
        vm.expectRevert(error_);
        _strict.latestTimestamp();
        vm.expectRevert(error_);
        _strict.latestRound();
        StrictFeed zero = _with(Fallback.Zero);
        StrictFeed last = _with(Fallback.Last);
        (uint80 round,, uint256 updatedAt) = (oracle.status().round, 0, oracle.status().updatedAt);
        assertEq(zero.latestAnswer(), 0);
        assertEq(zero.latestTimestamp(), updatedAt);
        assertEq(zero.latestRound(), round);
        if (round == 0) {
            vm.expectRevert(error_);
            last.latestAnswer();
            return;
        }
        (uint80 round_, int256 answer,, uint256 updatedAt_,) = last.latestRoundData();
        assertEq(round_, round);
        assertEq(answer, oracle.status().answer * 1e10);
        assertEq(updatedAt_, updatedAt);
    }

    function test_AnswersWhileAllIsWell() public view {
        _isFit();
    }

    function test_Views() public {
        assertEq(_strict.decimals(), 18);
        assertEq(_strict.description(), "score / ETH");
        assertEq(_strict.version(), 1);
        assertEq(address(_strict.oracle()), address(oracle));
        assertEq(_strict.maxAge(), 30 minutes);
        assertTrue(_strict.refusesPending());
        assertEq(uint256(_strict.whenUnfit()), uint256(Fallback.Reverts));
        assertEq(address(_strict.sequencer()), address(_uptime));
        assertEq(_strict.gracePeriod(), GRACE);
        StrictFeedConfig memory settings = _settings();
        settings.maxAge = 0;
        assertEq(new StrictFeed(settings).maxAge(), HEARTBEAT);
    }

    // -------------------------------------------------------------------------------------- unfit

    function test_RevertWhen_NoRound() public {
        oracle = _oracle(source, _config());
        _strict = new StrictFeed(_settings());
        _isUnfit(Unfit.NoRound);
    }

    function test_RevertWhen_Paused() public {
        vm.prank(guardian);
        oracle.pause();
        _isUnfit(Unfit.Paused);
        vm.prank(owner);
        oracle.unpause();
        _isFit();
    }

    function test_RevertWhen_Halted() public {
        vm.prank(modelOwner);
        registry.deprecateModel(model.id);
        oracle.halt();
        _isUnfit(Unfit.Halted);
    }

    /// @dev What is paused and halted for a month lends nothing.
    function test_Attack_PausedAndHaltedForAMonth() public {
        vm.prank(guardian);
        oracle.pause();
        vm.prank(modelOwner);
        registry.deprecateModel(model.id);
        oracle.halt();
        skip(30 days);
        oracle.latestRoundData();
        _isUnfit(Unfit.Paused);
    }

    function test_RevertWhen_Stale() public {
        skip(30 minutes);
        _isFit();
        skip(1);
        _isUnfit(Unfit.Stale);
        _answer(1000);
        _isFit();
    }

    /// @dev It is the inputs that must be fresh.
    function test_RevertWhen_InputsAreStale() public {
        Submission memory s = _submission(vm.getBlockTimestamp() + 1, 1010, false);
        skip(1 + MAX_AGE);
        _submit(s);
        skip(30 minutes - MAX_AGE);
        _isFit();
        skip(1);
        _isUnfit(Unfit.Stale);
    }

    function test_RevertWhen_MovePending() public {
        skip(1);
        _answer(2000);
        _isUnfit(Unfit.MovePending);
        StrictFeedConfig memory settings = _settings();
        settings.refusesPending = false;
        assertEq(new StrictFeed(settings).latestAnswer(), 10e18);
    }

    function test_RevertWhen_NotPositive() public {
        int256[2] memory answers = [int256(0), -1];
        for (uint256 i = 0; i < 2; ++i) {
            oracle = _oracle(source, _config());
            _answer(answers[i]);
            _strict = new StrictFeed(_settings());
            _isUnfit(Unfit.NotPositive);
        }
    }

    /// @dev So is what the feed's decimals round to nothing.
    function test_RevertWhen_RoundedToNothing() public {
        oracle = _oracle(source, _config());
        _answer(49);
        StrictFeedConfig memory settings = _settings();
        settings.decimals = 0;
        _strict = new StrictFeed(settings);
        assertEq(uint256(_strict.fitness()), uint256(Unfit.NotPositive));
        skip(1);
        _answer(50);
        assertEq(_strict.latestAnswer(), 1);
    }

    function test_RevertWhen_SequencerDown() public {
        _uptime.set(1, START - 1);
        _isUnfit(Unfit.SequencerDown);
    }

    function test_RevertWhen_SequencerReturning() public {
        _uptime.set(0, START);
        _isUnfit(Unfit.SequencerReturning);
        skip(GRACE);
        _answer(1000);
        _isUnfit(Unfit.SequencerReturning);
        skip(1);
        _isFit();
    }

    function test_RevertWhen_SequencerUnknown() public {
        _uptime.set(0, 0);
        _isUnfit(Unfit.SequencerUnknown);
        _uptime.set(0, START + 1);
        _isUnfit(Unfit.SequencerUnknown);
        _uptime.set(2, START - 1 days);
        _isUnfit(Unfit.SequencerUnknown);
        _uptime.set(-1, START - 1 days);
        _isUnfit(Unfit.SequencerUnknown);
    }

    /// @dev An uptime feed that fails is no reason to go on, in whatever way.
    function test_RevertWhen_TheUptimeFeedFails() public {
        _uptime.set(7, 7);
        for (uint256 i = 0; i < 3; ++i) {
            StrictFeed feed = _with(Fallback(i));
            vm.mockCallRevert(address(_uptime), abi.encodeCall(_uptime.latestRoundData, ()), "gone");
            vm.expectRevert(bytes("gone"));
            feed.latestAnswer();
            vm.clearMockedCalls();
        }
    }

    /// @dev With too little gas a good answer doesn't become a zero, of which a protocol would make
    /// its other oracle's price.
    function testFuzz_Attack_StarvedOfGas(uint256 gas) public {
        StrictFeed zero = _with(Fallback.Zero);
        gas = bound(gas, 500, 60_000);
        (bool ok, bytes memory answer) = address(zero).call{ gas: gas }(abi.encodeCall(zero.latestAnswer, ()));
        if (ok) assertEq(abi.decode(answer, (int256)), 10e18);
    }

    function test_WithoutASequencer() public {
        StrictFeedConfig memory settings = _settings();
        (settings.sequencer, settings.gracePeriod) = (AggregatorV3Interface(address(0)), 0);
        _uptime.set(1, START);
        assertEq(new StrictFeed(settings).latestAnswer(), 10e18);
    }

    // ----------------------------------------------------------------------------------- decimals

    /// @dev In any decimals of the oracle and of the feed, halves away from zero.
    function testFuzz_Decimals(int256 hundredths, uint8 own, uint8 decimals) public {
        (own, decimals) = (uint8(bound(own, 2, 18)), uint8(bound(decimals, 0, 36)));
        hundredths = bound(hundredths, 1, 30_000);
        OracleConfig memory config = _config();
        (config.decimals, config.minAnswer, config.maxAnswer) = (own, 0, type(int96).max);
        oracle = _oracle(source, config);
        _answer(hundredths);
        StrictFeedConfig memory settings = _settings();
        (settings.decimals, settings.whenUnfit) = (decimals, Fallback.Last);
        _strict = new StrictFeed(settings);
        int256 expected = FixedPoint.toDecimals(hundredths, 1e34, decimals);
        assertEq(_strict.latestAnswer(), expected);
        assertEq(_strict.getAnswer(1), expected);
        assertEq(uint256(_strict.fitness()), uint256(expected == 0 ? Unfit.NotPositive : Unfit.None));
    }

    /// @dev Negative answers, which only the past and `Last` tell, are rounded as positive ones.
    function test_NegativeAnswersAreRounded() public {
        oracle = _oracle(source, _config());
        _answer(-150);
        StrictFeedConfig memory settings = _settings();
        (settings.decimals, settings.whenUnfit) = (0, Fallback.Last);
        assertEq(new StrictFeed(settings).latestAnswer(), -2);
    }

    // --------------------------------------------------------------------------------------- past

    function test_ThePastIsWhatItWas() public {
        skip(60);
        _answer(1010);
        vm.prank(guardian);
        oracle.pause();
        (uint80 round, int256 answer, uint256 startedAt, uint256 updatedAt, uint80 answeredIn) = _strict.getRoundData(1);
        assertEq(round, 1);
        assertEq(answer, 10e18);
        assertEq(startedAt, START);
        assertEq(updatedAt, START);
        assertEq(answeredIn, 1);
        assertEq(_strict.getAnswer(2), 10.1e18);
        assertEq(_strict.getTimestamp(2), START + 60);
    }

    function test_RevertWhen_RoundNotFound() public {
        vm.expectRevert(abi.encodeWithSelector(IInferenceOracle.RoundNotFound.selector, 2));
        _strict.getAnswer(2);
        vm.expectRevert(abi.encodeWithSignature("SafeCastOverflowedUintDowncast(uint8,uint256)", 80, 1 << 80));
        _strict.getTimestamp(1 << 80);
    }

    // ------------------------------------------------------------------------------- construction

    function test_RevertWhen_NotAnOracle() public {
        StrictFeedConfig memory settings = _settings();
        settings.oracle = IInferenceOracle(makeAddr("nothing"));
        vm.expectRevert(abi.encodeWithSelector(IStrictFeed.NotAnOracle.selector, settings.oracle));
        new StrictFeed(settings);
    }

    function test_RevertWhen_TooManyDecimals() public {
        StrictFeedConfig memory settings = _settings();
        settings.decimals = 37;
        vm.expectRevert(abi.encodeWithSelector(IStrictFeed.TooManyDecimals.selector, 37));
        new StrictFeed(settings);
    }

    function test_RevertWhen_AgeBeyondHeartbeat() public {
        StrictFeedConfig memory settings = _settings();
        settings.maxAge = HEARTBEAT;
        new StrictFeed(settings);
        ++settings.maxAge;
        vm.expectRevert(abi.encodeWithSelector(IStrictFeed.AgeBeyondHeartbeat.selector, HEARTBEAT + 1, HEARTBEAT));
        new StrictFeed(settings);
    }

    function test_RevertWhen_InvalidSequencer() public {
        address[3] memory feeds = [address(0), address(_uptime), makeAddr("nothing")];
        uint32[3] memory graces = [uint32(1), 0, 1];
        for (uint256 i = 0; i < 3; ++i) {
            StrictFeedConfig memory settings = _settings();
            (settings.sequencer, settings.gracePeriod) = (AggregatorV3Interface(feeds[i]), graces[i]);
            vm.expectRevert(abi.encodeWithSelector(IStrictFeed.InvalidSequencer.selector, feeds[i], graces[i]));
            new StrictFeed(settings);
        }
    }
}
