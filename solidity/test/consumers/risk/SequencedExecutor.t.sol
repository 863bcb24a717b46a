// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity 0.8.37;

import { AggregatorV3Interface } from "../../../src/consumers/oracle/AggregatorV3Interface.sol";
import { Sequencer } from "../../../src/consumers/oracle/strict/SequencerUptime.sol";
import { IRiskParameterUpdater, ProposalStatus } from "../../../src/consumers/risk/IRiskParameterUpdater.sol";
import { SequencedExecutor } from "../../../src/consumers/risk/SequencedExecutor.sol";
import { UptimeFeed } from "../oracle/Mocks.sol";
import { RiskTest } from "./RiskTest.sol";

/// @dev Veto windows and a sequencer that is not always there.
contract SequencedExecutorTest is RiskTest {
    UptimeFeed private _uptime;
    SequencedExecutor private _executor;

    function setUp() public override {
        super.setUp();
        _uptime = new UptimeFeed();
        _uptime.set(0, block.timestamp - 1 days);
        _executor = new SequencedExecutor(updater, _uptime);
        bytes32 role = updater.EXECUTOR_ROLE();
        vm.startPrank(admin);
        updater.revokeRole(role, address(0));
        updater.grantRole(role, address(_executor));
        vm.stopPrank();
    }

    function _proposed() private returns (uint256) {
        return _propose(ratios, _ratios(7400, 7900, 10_500));
    }

    function test_ExecutesAndPublishesWhileAllIsWell() public {
        uint256 proposal = _proposed();
        skip(VETO - 1);
        vm.expectPartialRevert(IRiskParameterUpdater.VetoWindowOpen.selector);
        _executor.execute(proposal);
        skip(1);
        vm.startPrank(keeper);
        assertEq(_executor.publish(proposal), 0x06);
        assertEq(_executor.execute(proposal), 0x06);
        assertEq(_live().threshold, 7900);
        assertEq(address(_executor.UPDATER()), address(updater));
        assertEq(address(_executor.SEQUENCER()), address(_uptime));
    }

    /// @dev Nobody could veto while the sequencer was down: the window begins anew when it is up.
    function test_Attack_TheVetoWindowRunsWhileTheSequencerIsDown() public {
        uint256 proposal = _proposed();
        skip(1 minutes);
        _uptime.set(1, vm.getBlockTimestamp());
        skip(VETO);
        vm.expectRevert(abi.encodeWithSelector(SequencedExecutor.SequencerNotUp.selector, Sequencer.Down));
        _executor.execute(proposal);
        uint256 up = vm.getBlockTimestamp();
        _uptime.set(0, up);
        bytes memory reason =
            abi.encodeWithSelector(SequencedExecutor.VetoWindowInterrupted.selector, proposal, up + VETO);
        vm.expectRevert(reason);
        _executor.execute(proposal);
        vm.expectRevert(reason);
        _executor.publish(proposal);
        skip(VETO - 1);
        vm.expectRevert(reason);
        _executor.execute(proposal);
        skip(1);
        _executor.execute(proposal);
    }

    /// @dev What happened before the proposal doesn't matter.
    function test_OutagesBeforeTheProposal() public {
        _uptime.set(0, block.timestamp);
        uint256 proposal = _proposed();
        skip(VETO);
        _executor.execute(proposal);
    }

    function test_RevertWhen_SequencerUnknown() public {
        uint256 proposal = _proposed();
        skip(VETO);
        _uptime.set(0, 0);
        vm.expectRevert(abi.encodeWithSelector(SequencedExecutor.SequencerNotUp.selector, Sequencer.Unknown));
        _executor.execute(proposal);
    }

    function test_RevertWhen_ThereIsNoSuchProposal() public {
        vm.expectRevert(abi.encodeWithSelector(IRiskParameterUpdater.NotPending.selector, 7, ProposalStatus.None));
        _executor.execute(7);
    }

    function test_RevertWhen_NotAContract() public {
        address nothing = makeAddr("nothing");
        vm.expectRevert(abi.encodeWithSelector(SequencedExecutor.NotAContract.selector, nothing));
        new SequencedExecutor(IRiskParameterUpdater(nothing), _uptime);
        vm.expectRevert(abi.encodeWithSelector(SequencedExecutor.NotAContract.selector, nothing));
        new SequencedExecutor(updater, AggregatorV3Interface(nothing));
    }

    /// @dev Whenever it goes down and comes back: nothing is executed that could not be vetoed for as
    /// long as the window, without interruption, before.
    function testFuzz_NoExecutionWithoutAWholeWindow(uint256 down, uint256 lasts, uint256 waits) public {
        uint256 proposed = vm.getBlockTimestamp();
        uint256 proposal = _proposed();
        (down, lasts, waits) = (bound(down, 0, 2 * VETO), bound(lasts, 1, 2 * VETO), bound(waits, 0, 2 * VETO));
        skip(down + lasts);
        uint256 up = vm.getBlockTimestamp();
        _uptime.set(0, up);
        skip(waits);
        try _executor.execute(proposal) {
            assertGe(vm.getBlockTimestamp(), proposed + VETO);
            assertGe(vm.getBlockTimestamp(), up + VETO);
        } catch {
            assertLt(waits, VETO);
        }
    }
}
