// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity 0.8.37;

import { Test } from "forge-std/Test.sol";

import { Feed } from "../../src/features/Feeds.sol";
import { Features } from "../../src/features/IFeatureSource.sol";
import { OnChainFeatures } from "../../src/features/OnChainFeatures.sol";
import { ModelPin } from "../../src/types/ModelPin.sol";
import { FeatureTest } from "./FeatureTest.sol";
import { MockFeed } from "./Mocks.sol";

/// @dev Feeds move and break, blocks go by, snapshots are taken, and shown again, as they were or
/// not.
contract SnapshotHandler is Test {
    OnChainFeatures private immutable _SOURCE;
    MockFeed private immutable _FEED;
    ModelPin private immutable _PIN;

    // Block, second and words of what was taken.
    mapping(bytes32 place => bool) private _taken;
    Features[] private _snapshots;

    bool public yieldedTooMuch;
    bool public yieldedTooLittle;
    uint256 public yields;

    constructor(OnChainFeatures source, MockFeed feed, ModelPin pin) {
        (_SOURCE, _FEED, _PIN) = (source, feed, pin);
    }

    /// @dev In whole hundredths, within the schema's range.
    function move(int16 hundredths) external {
        _FEED.set(0, int256(hundredths) * 1e16);
    }

    function breaks(uint256 seldom) external {
        _FEED.setBroken(seldom % 4 == 0);
    }

    function pass(uint256 blocks) external {
        blocks = bound(blocks, 1, 100);
        vm.roll(vm.getBlockNumber() + blocks);
        skip(12 * blocks);
    }

    function snapshot() external {
        address account = makeAddr("account without code");
        vm.prank(account, account);
        try _SOURCE.snapshot(_PIN) returns (Features memory taken) {
            if (_FEED.broken() || taken.words[0] != _word()) yieldedTooMuch = true;
            _snapshots.push(taken);
            _taken[_place(taken)] = true;
        } catch {
            if (!_FEED.broken()) yieldedTooLittle = true;
        }
    }

    /// @dev What was taken, or something near it.
    function show(uint256 index, uint256 block_, uint256 time, uint256 word) external {
        if (_snapshots.length == 0) return;
        Features memory shown = _snapshots[index % _snapshots.length];
        if (block_ % 4 == 0) shown.blockNumber = uint64(bound(block_, 0, vm.getBlockNumber()));
        if (time % 4 == 0) shown.timestamp = uint64(bound(time, 0, vm.getBlockTimestamp()));
        if (word % 4 == 0) shown.words[0] = word;
        bool good = _taken[_place(shown)];
        try _SOURCE.features(_PIN, "", abi.encode(shown.blockNumber, shown.timestamp, shown.words)) returns (
            Features memory given
        ) {
            if (!good || _place(given) != _place(shown)) yieldedTooMuch = true;
            ++yields;
        } catch {
            if (good) yieldedTooLittle = true;
        }
    }

    function live() external {
        try _SOURCE.features(_PIN, "", "") returns (Features memory given) {
            bool now_ = given.timestamp == vm.getBlockTimestamp() && given.blockNumber == vm.getBlockNumber();
            if (_FEED.broken() || !now_ || given.words[0] != _word()) yieldedTooMuch = true;
        } catch {
            if (!_FEED.broken()) yieldedTooLittle = true;
        }
    }

    /// @dev What the feed says, as the model's word.
    function _word() private view returns (uint256) {
        return uint256(_FEED.valueOf(0) / 1e16 + 32_768);
    }

    function _place(Features memory data) private pure returns (bytes32) {
        return keccak256(abi.encode(data.blockNumber, data.timestamp, data.words));
    }
}

contract OnChainFeaturesInvariantTest is FeatureTest {
    SnapshotHandler private _handler;

    function setUp() public override {
        super.setUp();
        TestModel memory model = _register(_spec(1, 1));
        MockFeed feed = new MockFeed();
        Feed[] memory feeds = new Feed[](1);
        feeds[0] = _feed(address(feed), abi.encodeCall(MockFeed.read, (0)));
        OnChainFeatures source = new OnChainFeatures(registry, model.id, "", feeds);
        _handler = new SnapshotHandler(source, feed, source.prepare(1));
        targetContract(address(_handler));
    }

    /// @dev No sequence of calls yields a snapshot of anything but what the feeds returned in that
    /// block and second; whatever was taken can be shown for ever, whatever the feeds say since.
    /// Live features are those of now, and nothing comes of a feed that fails.
    function invariant_SnapshotsShowWhatTheFeedsReturned() public view {
        assertFalse(_handler.yieldedTooMuch());
        assertFalse(_handler.yieldedTooLittle());
    }
}
