// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity 0.8.37;

import { IAccessControl } from "@openzeppelin/contracts/access/IAccessControl.sol";

import { IRiskOracle } from "../../../src/consumers/risk/IRiskOracle.sol";
import { IRiskParameterUpdater, ProposalStatus } from "../../../src/consumers/risk/IRiskParameterUpdater.sol";
import { ModelRiskSource } from "../../../src/consumers/risk/ModelRiskSource.sol";
import { MarketState, RiskLimit, RiskParameter } from "../../../src/consumers/risk/RiskTypes.sol";
import { RiskUpdateLog } from "../../../src/consumers/risk/RiskUpdateLog.sol";
import { LendingMarket } from "../../../testing/mocks/LendingMarket.sol";
import { RiskTest } from "./RiskTest.sol";

/// @dev What moves together, what doesn't wait for each other, and what is published before it is
/// executed.
contract RiskParameterUpdaterCoupledTest is RiskTest {
    uint8 private constant RATIOS = 0x0e;

    /// @dev The ratios' source anew, with these coupled.
    function _couple(uint8 coupled) private {
        vm.startPrank(admin);
        updater.removeSource(ratios);
        updater.addSource(ratios, VETO, EXECUTION, coupled);
        vm.stopPrank();
    }

    function _clamp(RiskParameter parameter) private {
        RiskLimit memory limit = _ratioLimit();
        limit.clamped = true;
        vm.prank(admin);
        updater.setLimit(address(market), parameter, limit);
    }

    function _status(uint256 proposal, ProposalStatus status) private view {
        assertEq(uint8(updater.proposalOf(proposal).status), uint8(status));
    }

    function _read(string memory name) private view returns (uint256) {
        return abi.decode(updater.getLatestUpdateByParameterAndMarket(name, address(market)).newValue, (uint256));
    }

    // ------------------------------------------------------------------------- not in each other's way

    /// @dev Whoever executes an older, trivial proposal just before the one that matters puts it off
    /// by the delay at most: it doesn't expire.
    function test_Attack_ATrivialUpdateKillsNoUrgentOne() public {
        uint256 trivial = _propose(ratios, _ratios(7500, 8001, 10_500));
        skip(1 minutes);
        uint256 urgent = _propose(ratios, _ratios(7300, 7801, 10_500));
        skip(VETO);
        updater.execute(trivial);
        uint256 ready = block.timestamp + MINIMUM_DELAY;
        // The loan-to-value has nothing to wait for.
        assertEq(updater.execute(urgent), 0x02);
        assertEq(_live().loanToValue, 7300);
        _status(urgent, ProposalStatus.Pending);
        assertEq(updater.proposalOf(urgent).mask, 0x04);
        vm.expectRevert(
            abi.encodeWithSelector(IRiskParameterUpdater.TooEarly.selector, RiskParameter.LiquidationThreshold, ready)
        );
        updater.execute(urgent);
        vm.warp(ready);
        assertEq(updater.execute(urgent), 0x04);
        assertEq(_live().threshold, 7801);
        _status(urgent, ProposalStatus.Executed);
        _status(trivial, ProposalStatus.Executed);
    }

    /// @dev A parameter that has moved isn't moved once more by the same proposal, however far its
    /// target.
    function test_Attack_WhatFollowsLaterMovesNothingTwice() public {
        _clamp(RiskParameter.LoanToValue);
        _update(ratios, _ratios(7500, 8001, 10_500));
        uint256 proposal = _propose(ratios, _ratios(5000, 8100, 10_500));
        skip(VETO);
        assertEq(updater.execute(proposal), 0x02);
        assertEq(_live().loanToValue, 7300);
        skip(MINIMUM_DELAY);
        assertEq(updater.execute(proposal), 0x04);
        assertEq(_live().loanToValue, 7300);
        assertEq(_live().threshold, 8100);
    }

    /// @dev What is older isn't executed after a part of what is newer.
    function test_PartsSupersedeOlderProposals() public {
        _update(ratios, _ratios(7500, 8001, 10_500));
        uint256 older = _propose(ratios, _ratios(7500, 8050, 10_500));
        skip(1);
        uint256 newer = _propose(ratios, _ratios(7400, 8100, 10_500));
        skip(VETO);
        updater.execute(newer);
        _status(older, ProposalStatus.Superseded);
        _status(newer, ProposalStatus.Pending);
    }

    /// @dev A proposal outlives every delay of its parameters, whichever is set first.
    function test_RevertWhen_InvalidConfig_ExecutionWindow() public {
        bytes memory reason =
            abi.encodeWithSelector(IRiskParameterUpdater.InvalidConfig.selector, bytes32("executionWindow"));
        ModelRiskSource source = _newSource(_ratioBindings());
        vm.startPrank(admin);
        vm.expectRevert(reason);
        updater.addSource(source, VETO, MINIMUM_DELAY, 0);
        updater.addSource(source, VETO, MINIMUM_DELAY + 1, 0);
        RiskLimit memory limit = _ratioLimit();
        limit.minimumDelay = MINIMUM_DELAY + 1;
        vm.expectRevert(reason);
        updater.setLimit(address(market), RiskParameter.LiquidationThreshold, limit);
        // Of a parameter that only others move, the others' window counts.
        updater.setLimit(address(market), RiskParameter.SupplyCap, limit);
        // And of a source that is gone, none.
        updater.removeSource(source);
        updater.setLimit(address(market), RiskParameter.LiquidationThreshold, limit);
    }

    // ---------------------------------------------------------------------------------- coupled ones

    function test_CoupledParametersMoveTogether() public {
        _couple(RATIOS);
        assertEq(updater.sourceOf(ratios).coupled, RATIOS);
        assertEq(_update(ratios, _ratios(7400, 7900, 10_600)), RATIOS);
    }

    /// @dev One must wait, so all wait.
    function test_CoupledParametersWaitForEachOther() public {
        _couple(0x06);
        _update(ratios, _ratios(7500, 8001, 10_500));
        uint256 ready = block.timestamp + MINIMUM_DELAY;
        uint256 proposal = _propose(ratios, _ratios(7400, 7900, 10_600));
        skip(VETO);
        // The bonus is independent.
        assertEq(updater.execute(proposal), 0x08);
        assertEq(_live().loanToValue, 7500);
        assertEq(updater.proposalOf(proposal).mask, 0x06);
        vm.expectPartialRevert(IRiskParameterUpdater.TooEarly.selector);
        updater.execute(proposal);
        vm.warp(ready);
        assertEq(updater.execute(proposal), 0x06);
        assertEq(_live().loanToValue, 7400);
        assertEq(_live().threshold, 7900);
    }

    /// @dev The ratio is clamped, and what goes with it isn't: refused whole, though the limit would
    /// clamp.
    function test_Attack_AClampedSubset() public {
        _clamp(RiskParameter.LiquidationThreshold);
        _clamp(RiskParameter.LoanToValue);
        uint256 proposal = _propose(ratios, _ratios(7100, 7700, 10_600));
        skip(VETO);
        uint256 snapshot = vm.snapshotState();
        // Apart, each goes as far as it may.
        updater.execute(proposal);
        assertEq(_live().threshold, 7800);
        assertEq(_live().bonus, 10_600);
        vm.revertToState(snapshot);

        _couple(RATIOS);
        proposal = _propose(ratios, _ratios(7400, 7700, 10_600));
        skip(VETO);
        vm.expectRevert(
            abi.encodeWithSelector(
                IRiskParameterUpdater.ChangeTooLarge.selector, RiskParameter.LiquidationThreshold, 0.8e18, 0.77e18, STEP
            )
        );
        updater.execute(proposal);
        vm.expectPartialRevert(IRiskParameterUpdater.ChangeTooLarge.selector);
        updater.publish(proposal);
        assertEq(_live().bonus, 10_500);
        // Out of the range, it isn't even proposed.
        skip(1);
        _proposeFails(
            ratios,
            _ratios(7400, 12_001, 10_600),
            abi.encodeWithSelector(
                IRiskParameterUpdater.OutOfBounds.selector, RiskParameter.LiquidationThreshold, 1.2001e18
            )
        );
    }

    /// @dev Whatever the model says and the limits are: coupled parameters end up all where the
    /// model wants them, or all where they were.
    function testFuzz_CoupledStatesAreTheModelsOrGovernances(int16 ltv, int16 threshold, int16 bonus, uint256 seed)
        public
    {
        for (uint256 i = 1; i < 4; ++i) {
            RiskLimit memory limit = _ratioLimit();
            limit.clamped = (seed >> i) % 2 == 0;
            limit.maximumChange = uint128(1e14 * (1 + (seed >> (16 * i)) % 400));
            vm.prank(admin);
            updater.setLimit(address(market), RiskParameter(i), limit);
        }
        if (seed % 3 == 0) _update(ratios, _ratios(7500, 8001, 10_500));
        _couple(RATIOS);
        LendingMarket.Parameters memory before = _live();
        threshold = int16(bound(threshold, 7500, 8500));
        (ltv, bonus) = (int16(bound(ltv, 7000, threshold)), int16(bound(bonus, 10_100, 11_000)));
        uint256 proposal = _propose(ratios, _ratios(ltv, threshold, bonus));
        skip(VETO);
        try updater.execute(proposal) {
            assertEq(_live().loanToValue, uint16(ltv));
            assertEq(_live().threshold, uint16(threshold));
            assertEq(_live().bonus, uint16(bonus));
        } catch {
            assertEq(abi.encode(_live()), abi.encode(before));
        }
    }

    function test_RevertWhen_InvalidConfig_Coupled() public {
        ModelRiskSource source = _newSource(_ratioBindings());
        vm.prank(admin);
        vm.expectRevert(abi.encodeWithSelector(IRiskParameterUpdater.InvalidConfig.selector, bytes32("coupled")));
        updater.addSource(source, VETO, EXECUTION, 0x10);
    }

    // ------------------------------------------------------------------------------------ published

    /// @dev A steward that fetches has what would be pushed, at the end of the veto window, though
    /// nothing was pushed.
    function test_PublishedBeforeThePush() public {
        uint256 proposal = _propose(ratios, _ratios(7400, 7900, 10_500));
        vm.expectPartialRevert(IRiskParameterUpdater.VetoWindowOpen.selector);
        updater.publish(proposal);
        skip(VETO);
        vm.expectEmit(address(updater));
        emit IRiskParameterUpdater.ProposalPublished(proposal, address(this), 0x06);
        assertEq(updater.publish(proposal), 0x06);
        assertEq(_read("ltv"), 0.74e18);
        assertEq(_live().loanToValue, 7500);
        _status(proposal, ProposalStatus.Pending);
        // It can be pushed as well, and isn't published once more.
        skip(1 hours);
        assertEq(updater.execute(proposal), 0x06);
        assertEq(_live().loanToValue, 7400);
        assertEq(updater.updateCounter(), 2);
        assertEq(updater.lastMovedAt(address(market), RiskParameter.LoanToValue), block.timestamp);
        _status(proposal, ProposalStatus.Executed);
    }

    /// @dev The protocol fetched it: there is nothing left to push.
    function test_FetchedAndNotPushed() public {
        uint256 proposal = _propose(ratios, _ratios(7400, 7900, 10_500));
        skip(VETO);
        updater.publish(proposal);
        market.setParameters(LendingMarket.Parameters(7400, 7900, 10_500, 1_000_000e18, 500_000e18));
        vm.expectRevert(IRiskParameterUpdater.NothingToChange.selector);
        updater.execute(proposal);
        vm.expectRevert(IRiskParameterUpdater.NothingToChange.selector);
        updater.publish(proposal);
    }

    /// @dev Published values are held to step and delay as pushed ones are: not one after the other.
    function test_Attack_PublishingTwiceWithinTheDelay() public {
        _clamp(RiskParameter.LiquidationThreshold);
        uint256 first = _propose(ratios, _ratios(7500, 8500, 10_500));
        skip(1);
        uint256 second = _propose(ratios, _ratios(7500, 8600, 10_500));
        skip(VETO);
        updater.publish(first);
        assertEq(_read("liquidationThreshold"), 0.82e18);
        // The steward fetched it, and the same proposal has no second step.
        market.setParameters(LendingMarket.Parameters(7500, 8200, 10_500, 1_000_000e18, 500_000e18));
        vm.expectRevert(IRiskParameterUpdater.NothingToChange.selector);
        updater.publish(first);
        vm.expectRevert(IRiskParameterUpdater.NothingToChange.selector);
        updater.execute(first);
        vm.expectPartialRevert(IRiskParameterUpdater.TooEarly.selector);
        updater.publish(second);
        vm.expectPartialRevert(IRiskParameterUpdater.TooEarly.selector);
        updater.execute(second);
        skip(MINIMUM_DELAY);
        updater.publish(second);
        assertEq(_read("liquidationThreshold"), 0.84e18);
        _status(first, ProposalStatus.Superseded);
    }

    /// @dev Pushing late what was published early brings the next move no nearer.
    function test_Attack_PushedLate() public {
        uint256 first = _propose(ratios, _ratios(7500, 8100, 10_500));
        skip(VETO);
        updater.publish(first);
        skip(MINIMUM_DELAY - 1);
        updater.execute(first);
        uint256 pushed = block.timestamp;
        uint256 second = _propose(ratios, _ratios(7500, 8200, 10_500));
        skip(VETO);
        vm.expectRevert(
            abi.encodeWithSelector(
                IRiskParameterUpdater.TooEarly.selector, RiskParameter.LiquidationThreshold, pushed + MINIMUM_DELAY
            )
        );
        updater.execute(second);
    }

    /// @dev What nobody has fetched yet isn't told a second time, and can still be pushed.
    function test_RevertWhen_PublishedAlready() public {
        uint256 proposal = _propose(ratios, _ratios(7400, 7900, 10_500));
        skip(VETO);
        updater.publish(proposal);
        vm.expectRevert(IRiskParameterUpdater.NothingToChange.selector);
        updater.publish(proposal);
        assertEq(updater.updateCounter(), 2);
        assertEq(updater.execute(proposal), 0x06);
    }

    function test_PublishingTakesTheRole() public {
        uint256 proposal = _propose(ratios, _ratios(7400, 7900, 10_500));
        skip(VETO);
        bytes32 role = updater.EXECUTOR_ROLE();
        vm.prank(admin);
        updater.revokeRole(role, address(0));
        vm.prank(keeper);
        vm.expectRevert(abi.encodeWithSelector(IAccessControl.AccessControlUnauthorizedAccount.selector, keeper, role));
        updater.publish(proposal);
    }

    function test_RevertWhen_NotThePublisher() public {
        RiskUpdateLog log = RiskUpdateLog(address(updater.log()));
        assertEq(log.publisher(), address(updater));
        uint256[6] memory values;
        vm.expectRevert(abi.encodeWithSelector(RiskUpdateLog.NotThePublisher.selector, address(this)));
        log.publish(RiskUpdateLog.Origin(1, address(market), 0, 0), 1, values, values);
    }

    // ---------------------------------------------------------------------------------------- rules

    /// @dev Ratios that governance chose, and that the protocol rounds to the whole, stop no caps.
    function test_RulesStopNoCaps() public {
        market.setParameters(LendingMarket.Parameters(7500, 9300, 10_753, 1_000_000e18, 500_000e18));
        assertEq(_update(caps, _caps(1100, 500)), 0x10);
        // Where ratios move, they must hold.
        uint256 proposal = _propose(ratios, _ratios(7400, 9300, 10_753));
        skip(VETO);
        vm.expectPartialRevert(IRiskParameterUpdater.RuleBroken.selector);
        updater.execute(proposal);
    }

    function test_RulesRoundAsTheProtocol() public {
        MarketState memory state;
        (state.supported, state.ratioUnit) = (RATIOS, 1e14);
        (state.values[1], state.values[2], state.values[3]) = (0.75e18, 0.93e18, 1.0753e18);
        _withMock(state);
        assertEq(_update(ratios, _ratios(7400, 9300, 10_753)), 0x02);
    }

    // ------------------------------------------------------------------------------ no administrator

    /// @dev Without an administrator, guardians end what they began.
    function test_PausesDontOutliveTheAdministrator() public {
        vm.startPrank(riskGuardian);
        updater.pause();
        updater.setRestricted(address(market), true);
        vm.expectPartialRevert(IAccessControl.AccessControlUnauthorizedAccount.selector);
        updater.unpause();
        vm.stopPrank();
        vm.startPrank(admin);
        updater.beginDefaultAdminTransfer(address(0));
        skip(1 days + 1);
        updater.renounceRole(bytes32(0), admin);
        vm.stopPrank();
        assertEq(updater.defaultAdmin(), address(0));
        vm.startPrank(riskGuardian);
        updater.unpause();
        updater.setRestricted(address(market), false);
        vm.stopPrank();
        _update(ratios, _ratios(7400, 7900, 10_500));
    }

    /// @dev The log's reads are the updater's.
    function test_LogSaysTheSame() public {
        _update(ratios, _ratios(7400, 7900, 10_500));
        IRiskOracle log = updater.log();
        assertEq(log.updateCounter(), updater.updateCounter());
        assertEq(abi.encode(log.getAllUpdateTypes()), abi.encode(updater.getAllUpdateTypes()));
        assertEq(abi.encode(log.getLatestUpdateByType("ltv")), abi.encode(updater.getLatestUpdateByType("ltv")));
        assertTrue(log.isValidUpdateType("ltv"));
    }
}
