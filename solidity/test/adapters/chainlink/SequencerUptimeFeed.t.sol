// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity 0.8.37;

import { AggregatorV3Interface } from "../../../src/consumers/oracle/AggregatorV3Interface.sol";
import { IInferenceOracle, OracleConfig, OracleStatus } from "../../../src/consumers/oracle/IInferenceOracle.sol";
import { IStrictFeed, StrictFeedConfig, Unfit } from "../../../src/consumers/oracle/strict/IStrictFeed.sol";
import { Sequencer } from "../../../src/consumers/oracle/strict/SequencerUptime.sol";
import { StrictFeed } from "../../../src/consumers/oracle/strict/StrictFeed.sol";
import {
    IRiskParameterUpdater,
    RiskProposal,
    RiskSourceState
} from "../../../src/consumers/risk/IRiskParameterUpdater.sol";
import { SequencedExecutor } from "../../../src/consumers/risk/SequencedExecutor.sol";
import { ForeignCode } from "../ForeignCode.sol";

interface IUptimeFeed is AggregatorV3Interface {
    function initialize() external;
    function updateStatus(bool down, uint64 timestamp) external;
    function aliasedL1MessageSender() external view returns (address);
    function disableAccessCheck() external;
    function addAccess(address reader) external;
}

interface IFlags {
    function disableAccessCheck() external;
}

contract EverybodyHasAccess {
    function hasAccess(address, bytes calldata) external pure returns (bool) {
        return true;
    }
}

/// @dev Chainlink's own uptime feed of Arbitrum, in front of what asks one: a strict feed of an oracle
/// that is well, and an executor. This contract owns the feed; its sender on layer 1 is made up.
contract SequencerUptimeFeedTest is ForeignCode {
    uint32 private constant GRACE = 1 hours;

    IUptimeFeed private _uptime;
    StrictFeed private _strict;
    address private _oracle = makeAddr("oracle");
    address private _updater = makeAddr("updater");

    function setUp() public {
        vm.warp(1000 days);
        address everybody = address(new EverybodyHasAccess());
        address flags = _foreign("Flags", abi.encode(everybody, everybody));
        IFlags(flags).disableAccessCheck();
        _uptime = IUptimeFeed(_foreign("ArbitrumSequencerUptimeFeed", abi.encode(flags, makeAddr("layer 1"))));

        vm.etch(_oracle, hex"00");
        OracleConfig memory oracleConfig;
        oracleConfig.heartbeat = 30 days;
        vm.mockCall(_oracle, abi.encodeCall(IInferenceOracle.config, ()), abi.encode(oracleConfig));
        vm.mockCall(_oracle, abi.encodeCall(AggregatorV3Interface.decimals, ()), abi.encode(8));
        OracleStatus memory status;
        (status.round, status.answer, status.updatedAt) = (1, 5e8, block.timestamp);
        vm.mockCall(_oracle, abi.encodeCall(IInferenceOracle.status, ()), abi.encode(status));
        StrictFeedConfig memory config;
        (config.oracle, config.decimals, config.sequencer, config.gracePeriod) =
        (IInferenceOracle(_oracle), 8, _uptime, GRACE);
        _strict = new StrictFeed(config);
    }

    function _open() private {
        _uptime.initialize();
        _uptime.addAccess(address(_strict));
    }

    function _tell(bool down) private {
        address sender = _uptime.aliasedL1MessageSender();
        vm.prank(sender);
        _uptime.updateStatus(down, uint64(block.timestamp));
    }

    function _is(Unfit reason) private {
        assertEq(uint256(_strict.fitness()), uint256(reason));
        if (reason != Unfit.None) vm.expectRevert(abi.encodeWithSelector(IStrictFeed.Unusable.selector, reason));
        assertEq(_strict.latestAnswer(), reason == Unfit.None ? int256(5e8) : int256(0));
    }

    function test_GateFollowsTheFeed() public {
        _open();
        _is(Unfit.SequencerReturning);
        skip(GRACE);
        _is(Unfit.SequencerReturning);
        skip(1);
        _is(Unfit.None);
        _tell(true);
        _is(Unfit.SequencerDown);
        skip(5 days);
        _is(Unfit.SequencerDown);
        _tell(false);
        _is(Unfit.SequencerReturning);
        skip(GRACE + 1);
        _is(Unfit.None);
        // Told again what it says already, the feed stays as it was.
        _tell(false);
        _is(Unfit.None);
    }

    /// @dev A feed that nobody has initialised reverts, and so does whoever asks it: there is no
    /// answer to act on.
    function test_RevertWhen_FeedIsNotInitialised() public {
        _uptime.disableAccessCheck();
        vm.expectRevert(abi.encodeWithSignature("Uninitialized()"));
        _strict.latestAnswer();
    }

    /// @dev Chainlink's feeds have a list of contracts that may read, unless it is switched off.
    function test_RevertWhen_FeedIsNotReadable() public {
        _uptime.initialize();
        skip(GRACE + 1);
        vm.expectRevert(bytes("No access"));
        _strict.latestAnswer();
        _uptime.addAccess(address(_strict));
        _is(Unfit.None);
    }

    function test_Attack_SomebodyElseTellsTheFeed() public {
        _open();
        vm.expectRevert(abi.encodeWithSignature("InvalidSender()"));
        _uptime.updateStatus(true, uint64(block.timestamp));
    }

    /// @dev No veto window runs while the sequencer is down.
    function test_ExecutorWaitsForTheFeed() public {
        _uptime.initialize();
        _uptime.disableAccessCheck();
        vm.etch(_updater, hex"00");
        SequencedExecutor executor = new SequencedExecutor(IRiskParameterUpdater(_updater), _uptime);
        skip(1 days);
        RiskProposal memory record;
        record.eta = uint40(block.timestamp + 2 hours);
        vm.mockCall(_updater, abi.encodeCall(IRiskParameterUpdater.proposalOf, (1)), abi.encode(record));
        RiskSourceState memory source;
        source.vetoWindow = 2 hours;
        vm.mockCall(_updater, abi.encodeCall(IRiskParameterUpdater.sourceOf, (record.source)), abi.encode(source));
        vm.mockCall(_updater, abi.encodeCall(IRiskParameterUpdater.execute, (1)), abi.encode(uint8(2)));
        skip(1 hours);
        _tell(true);
        skip(3 hours);
        vm.expectRevert(abi.encodeWithSelector(SequencedExecutor.SequencerNotUp.selector, Sequencer.Down));
        executor.execute(1);
        _tell(false);
        skip(1 hours);
        vm.expectRevert(
            abi.encodeWithSelector(SequencedExecutor.VetoWindowInterrupted.selector, 1, block.timestamp + 1 hours)
        );
        executor.execute(1);
        skip(1 hours);
        assertEq(executor.execute(1), 2);
    }
}
