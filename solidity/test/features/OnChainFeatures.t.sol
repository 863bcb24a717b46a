// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity 0.8.37;

import { Feed, Feeds } from "../../src/features/Feeds.sol";
import { Features, IFeatureSource } from "../../src/features/IFeatureSource.sol";
import { OnChainFeatures } from "../../src/features/OnChainFeatures.sol";
import { FixedPoint } from "../../src/libraries/FixedPoint.sol";
import { PublicValues } from "../../src/libraries/PublicValues.sol";
import { Ranks } from "../../src/libraries/Ranks.sol";
import { ModelPin } from "../../src/types/ModelPin.sol";
import { InputSchema, ModelSpec, Packing, Visibility } from "../../src/types/Schemas.sol";
import { FeatureTest } from "./FeatureTest.sol";
import { CallingPool, MockFeed, SnapshotThief } from "./Mocks.sol";

contract OnChainFeaturesTest is FeatureTest {
    TestModel private _model;
    MockFeed private _mock;
    OnChainFeatures private _source;

    function setUp() public override {
        super.setUp();
        _mock = new MockFeed();
        _model = _register(_spec(3, 1));
        _source = _sourceOf(_reads(3));
        _source.prepare(1);
        for (uint256 i = 0; i < 3; ++i) {
            _mock.set(i, int256(i + 1) * 1e18);
        }
    }

    function _reads(uint256 count) private view returns (Feed[] memory feeds) {
        feeds = new Feed[](count);
        for (uint256 i = 0; i < count; ++i) {
            feeds[i] = _feed(address(_mock), abi.encodeCall(MockFeed.read, (i)));
        }
    }

    function _sourceOf(Feed[] memory feeds) private returns (OnChainFeatures) {
        return new OnChainFeatures(registry, _model.id, SUBJECT, feeds);
    }

    /// @dev A prepared source of one feed, for a model with one input.
    function _single(Feed memory feed) private returns (OnChainFeatures source, ModelPin pin) {
        _model = _register(_spec(1, 1));
        Feed[] memory feeds = new Feed[](1);
        feeds[0] = feed;
        source = _sourceOf(feeds);
        pin = source.prepare(1);
    }

    function _snapshotEvidence(Features memory taken) private pure returns (bytes memory) {
        return abi.encode(taken.blockNumber, taken.timestamp, taken.words);
    }

    // ------------------------------------------------------------------------------------- reading

    /// @dev What is packed is what `FixedPoint.quantise` makes of what the feeds return, with each
    /// value's scale, zero point and range.
    function testFuzz_QuantisesAsTheSchemaSays(int256[3] memory values, uint192[3] memory scales, int32[3] memory zeros)
        public
    {
        ModelSpec memory spec = _spec(3, 1);
        InputSchema memory schema = spec.inputs[0];
        (schema.scalesE36, schema.zeroPoints) = (new uint192[](3), new int64[](3));
        (schema.minima, schema.maxima) = (new int32[](3), new int32[](3));
        int256[] memory expected = new int256[](3);
        for (uint256 i = 0; i < 3; ++i) {
            schema.scalesE36[i] = uint192(bound(scales[i], 1, 1e40));
            schema.zeroPoints[i] = zeros[i];
            _mock.set(i, values[i]);
            (int32 lowest, int32 highest) = (-1000 - int32(int256(i)), 20_000 + int32(int256(i)));
            (schema.minima[i], schema.maxima[i]) = (lowest, highest);
            expected[i] = FixedPoint.quantise(values[i], 18, schema.scalesE36[i], zeros[i], lowest, highest);
        }
        _model = _register(spec);
        OnChainFeatures source = _sourceOf(_reads(3));
        ModelPin pin = source.prepare(1);
        assertEq(source.integers(pin), expected);
        assertEq(source.features(pin, SUBJECT, "").words, PublicValues.pack(expected, Packing.Signed));
    }

    function test_EveryValueHasItsScaleAndZeroPoint() public {
        ModelSpec memory spec = _spec(3, 1);
        InputSchema memory schema = spec.inputs[0];
        (schema.scalesE36, schema.zeroPoints) = (new uint192[](3), new int64[](3));
        (schema.scalesE36[0], schema.scalesE36[1], schema.scalesE36[2]) = (1e34, 1e35, 1e36);
        (schema.zeroPoints[1], schema.zeroPoints[2]) = (5, -3);
        _model = _register(spec);
        OnChainFeatures source = _sourceOf(_reads(3));
        int256[] memory integers = source.integers(source.prepare(1));
        assertEq(integers[0], 100);
        assertEq(integers[1], 15);
        assertEq(integers[2], 6);
    }

    /// @dev A number beyond the range becomes its end.
    function test_NumbersOutsideTheRangeBecomeItsEnds() public {
        ModelSpec memory spec = _spec(3, 1);
        (spec.inputs[0].minima[0], spec.inputs[0].maxima[0]) = (-1, 256);
        _model = _register(spec);
        OnChainFeatures source = _sourceOf(_reads(3));
        _mock.set(0, type(int256).min);
        _mock.set(1, 2.565e18);
        _mock.set(2, 2.55e18);
        int256[] memory integers = source.integers(source.prepare(1));
        assertEq(integers[0], -1);
        assertEq(integers[1], 256);
        assertEq(integers[2], 255);
    }

    function test_EveryInputBeginsANewWord() public {
        ModelSpec memory spec = _spec(2, 1);
        spec.inputs = new InputSchema[](2);
        spec.inputs[0] = _input(1, Visibility.Public);
        spec.inputs[1] = _input(2, Visibility.Public);
        spec.inputs[1].packing = Packing.Bytes;
        (spec.inputs[1].minima[0], spec.inputs[1].maxima[0]) = (0, 255);
        _model = _register(spec);
        OnChainFeatures source = _sourceOf(_reads(3));
        uint256[] memory words = source.features(source.prepare(1), SUBJECT, "").words;
        assertEq(words.length, 2);
        // 1.00, and 2.00 and 3.00 (which is 300, too much), in hundredths.
        assertEq(words[0], 32_768 + 100);
        assertEq(words[1], 200 + 255 * 256);
    }

    function test_LiveFeaturesAreOfThisBlock() public view {
        Features memory live = _source.features(_model.pin, SUBJECT, "");
        assertEq(live.blockNumber, 1000);
        assertEq(live.sequence, 1000);
        assertEq(live.timestamp, START);
        assertEq(live.commitments.length, 0);
    }

    function test_SnapshotOutlivesTheState() public {
        Features memory taken = _snapshotOf(_source, _model.pin);
        assertTrue(_source.isSnapshot(taken.provenance));
        _mock.set(0, 99e18);
        skip(1 hours);
        vm.roll(1300);
        Features memory shown = _source.features(_model.pin, SUBJECT, _snapshotEvidence(taken));
        assertEq(shown.words, taken.words);
        assertEq(shown.timestamp, START);
        assertEq(shown.blockNumber, 1000);
        assertEq(shown.provenance, taken.provenance);
        assertNotEq(_source.features(_model.pin, SUBJECT, "").words, taken.words);
    }

    function test_ProvenanceIsAsDocumented() public {
        Features memory taken = _snapshotOf(_source, _model.pin);
        bytes32 typehash = keccak256(
            "VerdictSnapshot(uint256 chainId,address source,bytes32 pin,uint256 blockNumber,uint256 timestamp,bytes32 words)"
        );
        assertEq(_source.SNAPSHOT_TYPEHASH(), typehash);
        bytes32 words = keccak256(abi.encodePacked(taken.words));
        assertEq(
            taken.provenance,
            keccak256(abi.encode(typehash, block.chainid, _source, _model.pin, uint256(1000), uint256(START), words))
        );
    }

    function test_UnsignedNumbersSaturate() public {
        Feed memory feed = _feed(address(_mock), abi.encodeCall(MockFeed.asUnsigned, (type(uint256).max)));
        feed.isSigned = false;
        (OnChainFeatures source, ModelPin pin) = _single(feed);
        assertEq(source.integers(pin)[0], 32_767);
        feed.isSigned = true;
        (source, pin) = _single(feed);
        assertEq(source.integers(pin)[0], 0);
    }

    function test_ReadsPriceFeeds() public {
        (OnChainFeatures source, ModelPin pin) = _single(_priceFeed());
        _mock.setRound(12e8, START - 60);
        assertEq(source.integers(pin)[0], 1200);
        // A clock that is ahead is not old.
        _mock.setRound(13e8, START + 60);
        assertEq(source.integers(pin)[0], 1300);
    }

    /// @dev Where they count, zero and negative numbers do; time counts all the same.
    function test_NumbersOfAnySign() public {
        Feed memory feed = _priceFeed();
        feed.anySign = true;
        (OnChainFeatures source, ModelPin pin) = _single(feed);
        _mock.setRound(0, START);
        assertEq(source.integers(pin)[0], 0);
        _mock.setRound(-3e8, START);
        assertEq(source.integers(pin)[0], -300);
        _mock.setRound(-3e8, START - 61);
        vm.expectRevert(abi.encodeWithSelector(Feeds.FeedStale.selector, 0, START - 61));
        source.integers(pin);
    }

    /// @dev No price is zero or less, whether it is read as signed or not.
    function test_RevertWhen_FeedNotPositive() public {
        for (uint256 i = 0; i < 2; ++i) {
            Feed memory feed = _priceFeed();
            feed.isSigned = i == 0;
            (OnChainFeatures source, ModelPin pin) = _single(feed);
            int256[3] memory answers = [int256(0), -5, type(int256).min];
            for (uint256 j = 0; j < 3; ++j) {
                _mock.setRound(answers[j], START);
                vm.expectRevert(abi.encodeWithSelector(Feeds.FeedNotPositive.selector, 0, answers[j]));
                source.features(pin, SUBJECT, "");
            }
        }
    }

    function test_RevertWhen_FeedFromTheFuture() public {
        (OnChainFeatures source, ModelPin pin) = _single(_priceFeed());
        uint256[2] memory times = [uint256(START + 61), type(uint256).max];
        for (uint256 i = 0; i < 2; ++i) {
            _mock.setRound(12e8, times[i]);
            vm.expectRevert(abi.encodeWithSelector(Feeds.FeedFromTheFuture.selector, 0, times[i]));
            source.features(pin, SUBJECT, "");
        }
    }

    /// @dev A pool whose price is wrong while it calls out, and a thief who is called: nothing is
    /// remembered. Nor is it if the thief is an account that delegates to code.
    function test_Attack_SnapshotInsideACallback() public {
        CallingPool pool = new CallingPool();
        (OnChainFeatures source, ModelPin pin) = _single(_feed(address(pool), abi.encodeCall(pool.virtualPrice, ())));
        SnapshotThief thief = new SnapshotThief(source, pin);
        vm.expectRevert(abi.encodeWithSelector(OnChainFeatures.NotATransaction.selector, address(thief)));
        pool.removeLiquidity(address(thief));

        address delegating = makeAddr("delegating");
        vm.etch(delegating, address(thief).code);
        vm.prank(delegating, delegating);
        vm.expectRevert(abi.encodeWithSelector(OnChainFeatures.NotATransaction.selector, delegating));
        source.snapshot(pin);
        vm.expectRevert(abi.encodeWithSelector(OnChainFeatures.NotATransaction.selector, address(this)));
        source.snapshot(pin);
        assertEq(_snapshotOf(source, pin).words, _inputWords(source.integers(pin)));
    }

    function _priceFeed() private view returns (Feed memory feed) {
        feed = _feed(address(_mock), abi.encodeCall(MockFeed.latestRoundData, ()));
        (feed.word, feed.decimals, feed.maxAge, feed.timeWord) = (1, 8, 60, 3);
    }

    function test_ReturnBombIsNotCopied() public {
        (OnChainFeatures source, ModelPin pin) = _single(_feed(address(_mock), abi.encodeCall(MockFeed.bomb, ())));
        uint256 before = gasleft();
        assertEq(source.integers(pin)[0], 0);
        // The bomb pays for its own memory; ours doesn't grow.
        assertLt(before - gasleft(), 120_000);
    }

    function test_FailuresGiveTheSubstitute() public {
        bytes[4] memory calls = [
            abi.encodeCall(MockFeed.read, (0)),
            abi.encodeCall(MockFeed.short, ()),
            abi.encodeCall(MockFeed.burn, ()),
            bytes("no such function")
        ];
        _mock.setBroken(true);
        for (uint256 i = 0; i < calls.length; ++i) {
            Feed memory feed = _feed(address(_mock), calls[i]);
            (feed.optional, feed.gasLimit, feed.substitute) = (true, 100_000, -7e18);
            (OnChainFeatures source, ModelPin pin) = _single(feed);
            assertEq(source.integers(pin)[0], -700);
        }
        Feed memory stale = _priceFeed();
        (stale.optional, stale.gasLimit, stale.substitute) = (true, 100_000, 5e8);
        _mock.setRound(12e8, START - 61);
        (OnChainFeatures priced, ModelPin pricedPin) = _single(stale);
        assertEq(priced.integers(pricedPin)[0], 500);
        _mock.setRound(12e8, START + 61);
        assertEq(priced.integers(pricedPin)[0], 500);
        _mock.setRound(0, START);
        assertEq(priced.integers(pricedPin)[0], 500);
    }

    // --------------------------------------------------------------------------------------- ranks

    /// @dev Of three values, the second is on an even grid, the others are ranks: among −1.5 and 2,
    /// and among 0.25, 1 and 1000, of which the last is beyond the domain.
    function _rankedSpec() private pure returns (ModelSpec memory spec) {
        spec = _spec(3, 1);
        InputSchema memory schema = spec.inputs[0];
        (schema.scalesE36, schema.zeroPoints) = (new uint192[](3), new int64[](3));
        (schema.minima, schema.maxima) = (new int32[](3), new int32[](3));
        (schema.scalesE36[1], schema.minima[1], schema.maxima[1]) = (1e34, -500, 500);
        (schema.maxima[0], schema.maxima[2]) = (2, 2);
    }

    bytes private constant TABLE = hex"bff800000000000040000000000000003fd00000000000003ff0000000000000";

    /// @dev A source of the ranked model, and accounts with its breakpoints.
    function _rankedSource() private returns (OnChainFeatures source, address[] memory accounts) {
        _model = _register(_rankedSpec(), keccak256(TABLE));
        source = _sourceOf(_reads(3));
        accounts = new address[](1);
        accounts[0] = source.publishBreakpoints(TABLE);
    }

    function test_ReadsRanksAndGridsSideBySide() public {
        (OnChainFeatures source, address[] memory accounts) = _rankedSource();
        ModelPin pin = source.prepareWithBreakpoints(1, accounts);
        assertTrue(source.covers(pin));
        int256[3][5] memory reals = [
            [int256(-1.5e18), 3e18, 1e18],
            [int256(-1.6e18), -9e18, 0.25e18],
            [int256(2e18), 9e18, 0.2e18],
            [type(int256).max, 1.234e18, 1e24],
            [type(int256).min, 0, -1e18]
        ];
        int256[3][5] memory expected =
            [[int256(1), 300, 2], [int256(0), -500, 1], [int256(2), 500, 0], [int256(2), 123, 2], [int256(0), 0, 0]];
        for (uint256 i = 0; i < 5; ++i) {
            int256[] memory wanted = new int256[](3);
            for (uint256 j = 0; j < 3; ++j) {
                _mock.set(j, reals[i][j]);
                wanted[j] = expected[i][j];
            }
            assertEq(source.integers(pin), wanted);
            assertEq(source.features(pin, SUBJECT, "").words, PublicValues.pack(wanted, Packing.Signed));
        }
        Features memory taken = _snapshotOf(source, pin);
        assertEq(source.features(pin, SUBJECT, _snapshotEvidence(taken)).words, taken.words);
    }

    function test_AnybodysAccountWithTheBreakpointsDoes() public {
        (OnChainFeatures source,) = _rankedSource();
        address[] memory accounts = new address[](1);
        accounts[0] = makeAddr("account");
        vm.etch(accounts[0], bytes.concat(hex"00", TABLE));
        ModelPin pin = source.prepareWithBreakpoints(1, accounts);
        assertEq(source.integers(pin)[0], 1);
        // No other is looked at from then on.
        vm.recordLogs();
        source.prepareWithBreakpoints(1, new address[](0));
        assertEq(vm.getRecordedLogs().length, 0);
    }

    function test_BreakpointsArePublishedOnce() public {
        vm.expectEmit(false, false, false, true, address(_source));
        emit OnChainFeatures.BreakpointsPublished(address(0), 32);
        address account = _source.publishBreakpoints(TABLE);
        assertEq(account.code, bytes.concat(hex"00", TABLE));
        assertEq(_source.publishBreakpoints(TABLE), account);
    }

    /// @dev Two inputs: the second one's breakpoints come after the first one's.
    function test_EveryInputHasItsBreakpoints() public {
        ModelSpec memory spec = _spec(2, 1);
        spec.inputs = new InputSchema[](3);
        for (uint256 i = 0; i < 3; ++i) {
            spec.inputs[i] = _input(1, Visibility.Public);
            if (i == 1) continue;
            spec.inputs[i].scalesE36[0] = 0;
            (spec.inputs[i].minima[0], spec.inputs[i].maxima[0]) = (0, 2);
        }
        _model = _register(spec, keccak256(TABLE));
        OnChainFeatures source = _sourceOf(_reads(3));
        address[] memory accounts = new address[](1);
        accounts[0] = source.publishBreakpoints(TABLE);
        ModelPin pin = source.prepareWithBreakpoints(1, accounts);
        int256[] memory integers = source.integers(pin);
        assertEq(integers[0], 1);
        assertEq(integers[1], 200);
        assertEq(integers[2], 2);
        _mock.set(2, 0.5e18);
        assertEq(source.integers(pin)[2], 1);
    }

    /// @dev Nobody can make another table the version's, by leaving one out either.
    function test_RevertWhen_BreakpointsAreNotTheVersions() public {
        (OnChainFeatures source, address[] memory accounts) = _rankedSource();
        vm.expectRevert(abi.encodeWithSelector(Ranks.WrongAccountCount.selector, 1, 0));
        source.prepare(1);
        bytes memory other = bytes.concat(TABLE);
        other[31] = 0x01;
        accounts[0] = source.publishBreakpoints(other);
        vm.expectRevert(abi.encodeWithSelector(Ranks.WrongBreakpoints.selector, keccak256(TABLE), keccak256(other)));
        source.prepareWithBreakpoints(1, accounts);
        assertFalse(source.covers(_model.pin));
    }

    /// @dev A registrant can pin a table that is none. The version is then never readable.
    function test_RevertWhen_TheVersionsBreakpointsDoNotAscend() public {
        bytes memory wrong = bytes.concat(TABLE);
        wrong[0] = 0x7f;
        _model = _register(_rankedSpec(), keccak256(wrong));
        OnChainFeatures source = _sourceOf(_reads(3));
        address[] memory accounts = new address[](1);
        accounts[0] = source.publishBreakpoints(wrong);
        vm.expectRevert(abi.encodeWithSelector(Ranks.NotABreakpoint.selector, 0));
        source.prepareWithBreakpoints(1, accounts);
    }

    function test_RevertWhen_AVersionWithoutRanksGetsBreakpoints() public {
        OnChainFeatures source = _sourceOf(_reads(3));
        address[] memory accounts = new address[](1);
        accounts[0] = source.publishBreakpoints("");
        vm.expectRevert(abi.encodeWithSelector(Ranks.WrongAccountCount.selector, 0, 1));
        source.prepareWithBreakpoints(1, accounts);
    }

    function test_Views() public view {
        assertEq(address(_source.registry()), address(registry));
        assertEq(_source.modelId(), _model.id);
        assertEq(_source.subject(), SUBJECT);
        assertEq(abi.encode(_source.feeds()), abi.encode(_reads(3)));
        assertTrue(_source.covers(_model.pin));
        assertFalse(_source.covers(ModelPin.wrap(bytes32(uint256(1)))));
    }

    function test_PreparingTwiceIsHarmless() public {
        vm.recordLogs();
        _source.prepare(1);
        assertEq(vm.getRecordedLogs().length, 0);
    }

    function test_NextVersionIsPreparedByAnyone() public {
        TestModel memory next = _upgrade(_model, _spec(3, 1));
        assertFalse(_source.covers(next.pin));
        vm.expectEmit();
        emit OnChainFeatures.VersionPrepared(next.pin);
        vm.prank(makeAddr("anyone"));
        _source.prepare(2);
        assertTrue(_source.covers(next.pin));
        // The words are the same, what vouches for them isn't: a snapshot is of one version.
        Features memory taken = _snapshotOf(_source, _model.pin);
        vm.expectPartialRevert(OnChainFeatures.UnknownSnapshot.selector);
        _source.features(next.pin, SUBJECT, _snapshotEvidence(taken));
    }

    // ------------------------------------------------------------------------------------ refusals

    function test_RevertWhen_TooManyDecimals() public {
        Feed[] memory feeds = _reads(3);
        feeds[2].decimals = 37;
        vm.expectRevert(abi.encodeWithSelector(Feeds.TooManyDecimals.selector, 2));
        _sourceOf(feeds);
    }

    function test_UnsignedNumberOfTheMostDecimals() public {
        Feed memory feed = _feed(address(_mock), abi.encodeCall(MockFeed.asUnsigned, (2e36)));
        (feed.decimals, feed.isSigned) = (36, false);
        (OnChainFeatures source, ModelPin pin) = _single(feed);
        assertEq(source.integers(pin)[0], 200);
    }

    function test_RevertWhen_GasLimitMissing() public {
        Feed[] memory feeds = _reads(3);
        feeds[1].optional = true;
        vm.expectRevert(abi.encodeWithSelector(Feeds.GasLimitMissing.selector, 1));
        _sourceOf(feeds);
    }

    function test_RevertWhen_FeedFailed() public {
        bytes memory failed = abi.encodeWithSelector(Feeds.FeedFailed.selector, 0);
        _mock.setBroken(true);
        vm.expectRevert(failed);
        _source.features(_model.pin, SUBJECT, "");
        _asTransaction();
        vm.expectRevert(failed);
        _source.snapshot(_model.pin);

        (OnChainFeatures source, ModelPin pin) = _single(_feed(address(_mock), abi.encodeCall(MockFeed.short, ())));
        vm.expectRevert(failed);
        source.features(pin, SUBJECT, "");

        (source, pin) = _single(_feed(makeAddr("no code"), ""));
        vm.expectRevert(failed);
        source.features(pin, SUBJECT, "");

        // There is no word 5.
        Feed memory feed = _feed(address(_mock), abi.encodeCall(MockFeed.latestRoundData, ()));
        feed.word = 5;
        (source, pin) = _single(feed);
        vm.expectRevert(failed);
        source.features(pin, SUBJECT, "");

        // The word is there, the time isn't.
        feed = _feed(address(_mock), abi.encodeWithSignature("answer()"));
        (feed.maxAge, feed.timeWord) = (60, 1);
        (source, pin) = _single(feed);
        vm.expectRevert(failed);
        source.features(pin, SUBJECT, "");
    }

    function test_RevertWhen_FeedStale() public {
        (OnChainFeatures source, ModelPin pin) = _single(_priceFeed());
        _mock.setRound(12e8, START - 61);
        vm.expectRevert(abi.encodeWithSelector(Feeds.FeedStale.selector, 0, START - 61));
        source.features(pin, SUBJECT, "");
    }

    function test_RevertWhen_WrongFeedCount() public {
        OnChainFeatures source = _sourceOf(_reads(2));
        vm.expectRevert(abi.encodeWithSelector(OnChainFeatures.WrongFeedCount.selector, 2, 3));
        source.prepare(1);
    }

    function test_RevertWhen_InputNotPublic() public {
        ModelSpec memory spec = _spec(3, 1);
        spec.inputs[0] = _input(3, Visibility.Private);
        _model = _register(spec);
        OnChainFeatures source = _sourceOf(_reads(3));
        vm.expectRevert(abi.encodeWithSelector(OnChainFeatures.InputNotPublic.selector, 0));
        source.prepare(1);
    }

    function test_RevertWhen_BatchNotSupported() public {
        ModelSpec memory spec = _spec(3, 1);
        spec.inputItems = 2;
        _model = _register(spec);
        OnChainFeatures source = _sourceOf(_reads(3));
        vm.expectRevert(abi.encodeWithSelector(OnChainFeatures.BatchNotSupported.selector, 2));
        source.prepare(1);
    }

    function test_RevertWhen_VersionNotPrepared() public {
        OnChainFeatures source = _sourceOf(_reads(3));
        bytes memory error_ = abi.encodeWithSelector(OnChainFeatures.VersionNotPrepared.selector, _model.pin);
        vm.expectRevert(error_);
        source.features(_model.pin, SUBJECT, "");
        _asTransaction();
        vm.expectRevert(error_);
        source.snapshot(_model.pin);
        vm.expectRevert(error_);
        source.integers(_model.pin);
    }

    function test_RevertWhen_WrongSubject() public {
        vm.expectRevert(abi.encodeWithSelector(IFeatureSource.WrongSubject.selector, SUBJECT, bytes32(0)));
        _source.features(_model.pin, 0, "");
    }

    /// @dev Every part of a snapshot counts.
    function test_RevertWhen_UnknownSnapshot() public {
        Features memory taken = _snapshotOf(_source, _model.pin);
        bytes memory evidence = _snapshotEvidence(taken);
        _refused(abi.encode(taken.blockNumber + 1, taken.timestamp, taken.words));
        _refused(abi.encode(taken.blockNumber, taken.timestamp + 1, taken.words));
        taken.words[0] ^= 1;
        _refused(_snapshotEvidence(taken));
        vm.chainId(5);
        _refused(evidence);
    }

    function _refused(bytes memory evidence) private {
        vm.expectPartialRevert(OnChainFeatures.UnknownSnapshot.selector);
        _source.features(_model.pin, SUBJECT, evidence);
    }

    // ------------------------------------------------------------------------------------- attacks

    /// @dev Whoever submits chooses the gas. Too little must not turn a good feed into its
    /// substitute.
    function test_RevertWhen_NotEnoughGas() public {
        Feed memory feed = _feed(address(_mock), abi.encodeCall(MockFeed.expensive, ()));
        (feed.optional, feed.gasLimit, feed.substitute) = (true, 60_000, -1e18);
        (OnChainFeatures source, ModelPin pin) = _single(feed);
        assertEq(source.integers(pin)[0], 4200);
        bool starved = false;
        for (uint256 gas = 20_000; gas < 160_000; gas += 500) {
            try source.integers{ gas: gas }(pin) returns (int256[] memory values) {
                assertEq(values[0], 4200, "the substitute was chosen");
            } catch (bytes memory reason) {
                if (reason.length != 0) {
                    assertEq(reason, abi.encodeWithSelector(Feeds.NotEnoughGas.selector, 0));
                    starved = true;
                }
            }
        }
        assertTrue(starved);
    }

    /// @dev The same for a feed that needs all of its limit, on an account that nothing has
    /// touched: whatever is sent, it gets the limit or isn't called.
    function test_Attack_FeedIsStarvedByALittle() public {
        (uint256 low, uint256 high) = (400_000, 410_000);
        while (high - low > 1) {
            uint256 middle = (low + high) / 2;
            try _mock.spend{ gas: middle }(400_000) returns (int256) {
                high = middle;
            } catch {
                low = middle;
            }
        }
        Feed memory feed = _feed(address(_mock), abi.encodeCall(MockFeed.spend, (400_000)));
        (feed.optional, feed.gasLimit, feed.substitute) = (true, uint32(high), -1e18);
        (OnChainFeatures source, ModelPin pin) = _single(feed);
        uint256 answers = 0;
        for (uint256 gas = high + 5000; gas < high + 65_000; gas += 331) {
            vm.cool(address(_mock));
            try source.integers{ gas: gas }(pin) returns (int256[] memory values) {
                assertEq(values[0], 4200, "the substitute was chosen");
                ++answers;
            } catch { }
        }
        assertGt(answers, 0);
    }

    function test_Attack_MalformedOffsets() public {
        Features memory taken = _snapshotOf(_source, _model.pin);
        bytes memory evidence = _snapshotEvidence(taken);
        // The array is said to begin far outside, or to be huge.
        bytes memory far = bytes.concat(evidence);
        far[95] = 0xff;
        vm.expectRevert(bytes(""));
        _source.features(_model.pin, SUBJECT, far);
        bytes memory huge = bytes.concat(evidence);
        huge[126] = 0xff;
        vm.expectRevert(bytes(""));
        _source.features(_model.pin, SUBJECT, huge);
        bytes memory cut = new bytes(evidence.length - 32);
        for (uint256 i = 0; i < cut.length; ++i) {
            cut[i] = evidence[i];
        }
        vm.expectRevert(bytes(""));
        _source.features(_model.pin, SUBJECT, cut);
    }
}
