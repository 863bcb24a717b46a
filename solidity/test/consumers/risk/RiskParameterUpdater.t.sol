// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity 0.8.37;

import { IAccessControl } from "@openzeppelin/contracts/access/IAccessControl.sol";
import { Pausable } from "@openzeppelin/contracts/utils/Pausable.sol";

import { IRiskAdapter } from "../../../src/consumers/risk/IRiskAdapter.sol";
import { IRiskOracle } from "../../../src/consumers/risk/IRiskOracle.sol";
import {
    IRiskParameterUpdater,
    ProposalStatus,
    RiskProposal
} from "../../../src/consumers/risk/IRiskParameterUpdater.sol";
import { IRiskSource, RiskBinding } from "../../../src/consumers/risk/IRiskSource.sol";
import { ModelRiskSource } from "../../../src/consumers/risk/ModelRiskSource.sol";
import { RiskParameterUpdater } from "../../../src/consumers/risk/RiskParameterUpdater.sol";
import { MarketState, RiskLimit, RiskParameter, RiskRule } from "../../../src/consumers/risk/RiskTypes.sol";
import { LendingMarket } from "../../../testing/mocks/LendingMarket.sol";
import { MockRiskAdapter } from "./MockRiskAdapter.sol";
import { RiskTest } from "./RiskTest.sol";

/// @dev A source of no market.
contract NoMarket {
    function market() external pure returns (address) {
        return address(0);
    }

    function mask() external pure returns (uint8) {
        return 1;
    }
}

/// @dev What the updater does, and every error.
contract RiskParameterUpdaterTest is RiskTest {
    // ------------------------------------------------------------------------------------- updates

    function test_ProposeWaitExecute() public {
        uint256 proposal = _propose(ratios, _ratios(7600, 8150, 10_500));
        RiskProposal memory record = updater.proposalOf(proposal);
        assertEq(proposal, 1);
        assertEq(updater.proposalCount(), 1);
        assertEq(address(record.source), address(ratios));
        assertEq(record.eta, block.timestamp + VETO);
        assertEq(record.evidenceTime, block.timestamp);
        assertEq(uint8(record.status), uint8(ProposalStatus.Pending));
        assertEq(record.mask, 0x0e);
        assertEq(record.targets[2], 0.815e18);
        assertEq(_live().threshold, 8000);

        skip(VETO);
        vm.expectEmit(address(updater));
        emit IRiskParameterUpdater.ProposalExecuted(1, address(this), 0x06);
        assertEq(updater.execute(proposal), 0x06);
        assertEq(_live().loanToValue, 7600);
        assertEq(_live().threshold, 8150);
        assertEq(_live().bonus, 10_500);
        assertEq(uint8(updater.proposalOf(proposal).status), uint8(ProposalStatus.Executed));
        assertEq(updater.lastMovedAt(address(market), RiskParameter.LiquidationThreshold), block.timestamp);
        assertEq(updater.lastMovedAt(address(market), RiskParameter.LiquidationBonus), 0);
    }

    function test_Caps() public {
        assertEq(_update(caps, _caps(1200, 400)), 0x30);
        assertEq(_live().supplyCap, 1_200_000e18);
        assertEq(_live().borrowCap, 400_000e18);
    }

    /// @dev What governance did meanwhile is where the step starts.
    function test_LimitsAreAgainstTheLiveValue() public {
        uint256 proposal = _propose(ratios, _ratios(7500, 8200, 10_500));
        skip(VETO);
        market.setParameters(LendingMarket.Parameters(7500, 7900, 10_500, 1_000_000e18, 500_000e18));
        vm.expectRevert(
            abi.encodeWithSelector(
                IRiskParameterUpdater.ChangeTooLarge.selector,
                RiskParameter.LiquidationThreshold,
                0.79e18,
                0.82e18,
                STEP
            )
        );
        updater.execute(proposal);
        market.setParameters(LendingMarket.Parameters(7500, 8100, 10_500, 1_000_000e18, 500_000e18));
        updater.execute(proposal);
        assertEq(_live().threshold, 8200);
    }

    /// @dev Towards a value that is far, a step at a time.
    function test_ClampedStepsTowardsTheTarget() public {
        RiskLimit memory limit = _ratioLimit();
        limit.clamped = true;
        _setLimit(RiskParameter.LiquidationThreshold, limit);
        uint16[4] memory expected = [uint16(8200), 8400, 8600, 8700];
        for (uint256 i = 0; i < 4; ++i) {
            _update(ratios, _ratios(7500, 8700, 10_500));
            assertEq(_live().threshold, expected[i]);
            skip(MINIMUM_DELAY);
        }
        // And out of the range to its end.
        limit.maximum = 0.875e18;
        _setLimit(RiskParameter.LiquidationThreshold, limit);
        _update(ratios, _ratios(7500, 20_000, 10_500));
        assertEq(_live().threshold, 8750);
    }

    function test_SeveralProposalsAtOnce() public {
        uint256 first = _propose(ratios, _ratios(7500, 8100, 10_500));
        skip(1);
        uint256 second = _propose(ratios, _ratios(7500, 8200, 10_500));
        skip(VETO);
        updater.execute(second);
        // What is known to be older isn't executed after what is newer.
        assertEq(uint8(updater.proposalOf(first).status), uint8(ProposalStatus.Superseded));
        vm.expectRevert(
            abi.encodeWithSelector(IRiskParameterUpdater.NotPending.selector, first, ProposalStatus.Superseded)
        );
        updater.execute(first);
    }

    function test_PermissionedRoles() public {
        vm.startPrank(admin);
        updater.revokeRole(updater.PROPOSER_ROLE(), address(0));
        updater.revokeRole(updater.EXECUTOR_ROLE(), address(0));
        updater.grantRole(updater.PROPOSER_ROLE(), keeper);
        vm.stopPrank();
        assertFalse(updater.isAuthorized(keeper));
        uint256 proposal = _propose(ratios, _ratios(7500, 8100, 10_500));
        skip(VETO);
        bytes memory reason = abi.encodeWithSelector(
            IAccessControl.AccessControlUnauthorizedAccount.selector, keeper, updater.EXECUTOR_ROLE()
        );
        vm.expectRevert(reason);
        vm.prank(keeper);
        updater.execute(proposal);

        bytes32 role = updater.EXECUTOR_ROLE();
        vm.prank(admin);
        updater.grantRole(role, keeper);
        assertTrue(updater.isAuthorized(keeper));
        vm.prank(keeper);
        updater.execute(proposal);
        assertEq(_live().threshold, 8100);

        reason = abi.encodeWithSelector(
            IAccessControl.AccessControlUnauthorizedAccount.selector, address(this), updater.PROPOSER_ROLE()
        );
        vm.expectRevert(reason);
        updater.propose(ratios, 0, "", new uint256[](0), "");
    }

    function test_SourceIsRemovedAndAddedAgain() public {
        uint256 proposal = _propose(ratios, _ratios(7500, 8100, 10_500));
        vm.startPrank(admin);
        vm.expectEmit(address(updater));
        emit IRiskParameterUpdater.SourceRemoved(ratios);
        updater.removeSource(ratios);
        assertEq(uint8(updater.proposalOf(proposal).status), uint8(ProposalStatus.Superseded));
        updater.addSource(ratios, 1, EXECUTION, 0);
        vm.stopPrank();
        assertEq(uint8(updater.proposalOf(proposal).status), uint8(ProposalStatus.Vetoed));
        assertEq(updater.sourceOf(ratios).vetoWindow, 1);
        assertEq(updater.sourceOf(ratios).market, address(market));
    }

    function test_RestrictAndPause() public {
        vm.startPrank(riskGuardian);
        updater.setRestricted(address(market), true);
        updater.pause();
        vm.stopPrank();
        assertTrue(updater.isRestricted(address(market)));
        vm.startPrank(admin);
        updater.setRestricted(address(market), false);
        updater.unpause();
        vm.stopPrank();
        assertFalse(updater.isRestricted(address(market)));
        _update(ratios, _ratios(7500, 8100, 10_500));
    }

    function test_Limits() public view {
        assertEq(abi.encode(updater.limitOf(address(market), RiskParameter.SupplyCap)), abi.encode(_capLimit()));
        assertEq(address(updater.adapter()), address(adapter));
        assertTrue(updater.isAuthorized(keeper));
    }

    // --------------------------------------------------------------------------------- risk oracle

    function test_PublishesAsARiskOracle() public {
        uint256 time = block.timestamp;
        uint256 proposal = _propose(ratios, _ratios(7600, 8150, 10_600));
        skip(VETO);
        vm.expectEmit(address(updater.log()));
        emit IRiskOracle.ParameterUpdated(
            "verdict",
            abi.encode(0.76e18),
            abi.encode(0.75e18),
            block.timestamp,
            "ltv",
            1,
            address(market),
            abi.encode(proposal, model.id, model.version, time)
        );
        updater.execute(proposal);
        skip(MINIMUM_DELAY);
        _update(caps, _caps(1100, 500));

        assertEq(updater.updateCounter(), 4);
        IRiskOracle oracle = updater;
        IRiskOracle.RiskParameterUpdate memory update =
            oracle.getLatestUpdateByParameterAndMarket("liquidationThreshold", address(market));
        assertEq(update.updateId, 2);
        assertEq(update.timestamp, time + VETO);
        assertEq(update.newValue, abi.encode(0.815e18));
        assertEq(update.previousValue, abi.encode(0.8e18));
        assertEq(update.updateType, "liquidationThreshold");
        assertEq(update.market, address(market));
        assertEq(update.referenceId, "verdict");
        assertEq(update.additionalData, abi.encode(proposal, model.id, model.version, time));
        assertEq(abi.encode(oracle.getUpdateById(2)), abi.encode(update));
        assertEq(abi.encode(oracle.getLatestUpdateByType("liquidationThreshold")), abi.encode(update));
        assertEq(oracle.getLatestUpdateByType("supplyCap").updateId, 4);
        assertEq(oracle.latestUpdateIdByMarketAndType(address(market), "liquidationBonus"), 3);
        assertEq(oracle.latestUpdateIdByMarketAndType(address(market), "borrowCap"), 0);
        // The log says the same of itself.
        oracle = updater.log();
        assertEq(oracle.updateCounter(), 4);
        assertEq(abi.encode(oracle.getUpdateById(2)), abi.encode(update));
        assertEq(oracle.isAuthorized(keeper), updater.isAuthorized(keeper));
    }

    function test_UpdateTypes() public view {
        string[] memory names = updater.getAllUpdateTypes();
        string[6] memory expected =
            ["collateralFactor", "ltv", "liquidationThreshold", "liquidationBonus", "supplyCap", "borrowCap"];
        assertEq(names.length, 6);
        for (uint256 i = 0; i < 6; ++i) {
            assertEq(names[i], expected[i]);
            assertTrue(updater.isValidUpdateType(names[i]));
            assertFalse(updater.isValidUpdateType(string.concat(names[i], "\x00")));
        }
        assertFalse(updater.isValidUpdateType(""));
        assertFalse(updater.isValidUpdateType("a name that is longer than a word is"));
    }

    function test_RevertWhen_UpdateNotFound() public {
        bytes memory reason = abi.encodeWithSelector(IRiskOracle.UpdateNotFound.selector);
        vm.expectRevert(reason);
        updater.getLatestUpdateByType("ltv");
        vm.expectRevert(reason);
        updater.getLatestUpdateByParameterAndMarket("ltv", address(market));
        vm.expectRevert(reason);
        updater.getUpdateById(0);
        vm.expectRevert(reason);
        updater.getUpdateById(1);
    }

    function test_RevertWhen_UnknownUpdateType() public {
        bytes memory reason = abi.encodeWithSelector(IRiskOracle.UnknownUpdateType.selector, "LTV");
        vm.expectRevert(reason);
        updater.getLatestUpdateByType("LTV");
        vm.expectRevert(reason);
        updater.getLatestUpdateByParameterAndMarket("LTV", address(market));
        vm.expectRevert(reason);
        updater.latestUpdateIdByMarketAndType(address(market), "LTV");
    }

    // --------------------------------------------------------------------------- errors: proposing

    function test_RevertWhen_UnknownSource() public {
        ModelRiskSource stranger = _newSource(_ratioBindings());
        bytes memory reason = abi.encodeWithSelector(IRiskParameterUpdater.UnknownSource.selector, stranger);
        _proposeFails(stranger, _ratios(7500, 8100, 10_500), reason);
        vm.expectRevert(reason);
        vm.prank(riskGuardian);
        updater.vetoAll(stranger);
        vm.expectRevert(reason);
        vm.prank(admin);
        updater.removeSource(stranger);
    }

    function test_RevertWhen_MarketIsRestricted() public {
        uint256 proposal = _propose(ratios, _ratios(7500, 8100, 10_500));
        skip(VETO);
        vm.prank(riskGuardian);
        updater.setRestricted(address(market), true);
        bytes memory reason = abi.encodeWithSelector(IRiskParameterUpdater.MarketIsRestricted.selector, address(market));
        vm.expectRevert(reason);
        updater.execute(proposal);
        _proposeFails(ratios, _ratios(7500, 8100, 10_500), reason);
    }

    function test_RevertWhen_UpdaterIsPaused() public {
        uint256 proposal = _propose(ratios, _ratios(7500, 8100, 10_500));
        skip(VETO);
        vm.prank(riskGuardian);
        updater.pause();
        bytes memory reason = abi.encodeWithSelector(Pausable.EnforcedPause.selector);
        vm.expectRevert(reason);
        updater.execute(proposal);
        _proposeFails(ratios, _ratios(7500, 8100, 10_500), reason);
    }

    function test_RevertWhen_EvidenceNotNewer() public {
        _propose(ratios, _ratios(7500, 8100, 10_500));
        bytes memory reason =
            abi.encodeWithSelector(IRiskParameterUpdater.EvidenceNotNewer.selector, block.timestamp, block.timestamp);
        _proposeFails(ratios, _ratios(7500, 8050, 10_500), reason);
        // Another source has evidence of its own.
        _propose(caps, _caps(1100, 500));
    }

    function test_RevertWhen_NoLimit() public {
        RiskLimit memory limit = _ratioLimit();
        limit.maximumChange = 0;
        _setLimit(RiskParameter.LiquidationBonus, limit);
        bytes memory reason = abi.encodeWithSelector(
            IRiskParameterUpdater.NoLimit.selector, address(market), RiskParameter.LiquidationBonus
        );
        _proposeFails(ratios, _ratios(7500, 8100, 10_500), reason);
    }

    function test_RevertWhen_OutOfBounds() public {
        bytes memory reason = abi.encodeWithSelector(
            IRiskParameterUpdater.OutOfBounds.selector, RiskParameter.LiquidationThreshold, -1e14
        );
        _proposeFails(ratios, _ratios(7500, -1, 10_500), reason);
        // The range became narrower after the proposal.
        uint256 proposal = _propose(ratios, _ratios(7500, 8100, 10_500));
        RiskLimit memory limit = _ratioLimit();
        limit.maximum = 0.805e18;
        _setLimit(RiskParameter.LiquidationThreshold, limit);
        skip(VETO);
        vm.expectRevert(
            abi.encodeWithSelector(
                IRiskParameterUpdater.OutOfBounds.selector, RiskParameter.LiquidationThreshold, 0.81e18
            )
        );
        updater.execute(proposal);
    }

    // --------------------------------------------------------------------------- errors: executing

    function _executeFails(uint256 proposal, bytes memory reason) private {
        vm.expectRevert(reason);
        updater.execute(proposal);
    }

    function test_RevertWhen_VetoWindowOpen() public {
        uint256 proposal = _propose(ratios, _ratios(7500, 8100, 10_500));
        uint256 eta = block.timestamp + VETO;
        skip(VETO - 1);
        _executeFails(proposal, abi.encodeWithSelector(IRiskParameterUpdater.VetoWindowOpen.selector, proposal, eta));
    }

    function test_RevertWhen_NotPending() public {
        bytes4 selector = IRiskParameterUpdater.NotPending.selector;
        _executeFails(1, abi.encodeWithSelector(selector, 1, ProposalStatus.None));

        uint256 expired = _propose(ratios, _ratios(7500, 8100, 10_500));
        skip(VETO + EXECUTION);
        _executeFails(expired, abi.encodeWithSelector(selector, expired, ProposalStatus.Expired));
        assertEq(uint8(updater.proposalOf(expired).status), uint8(ProposalStatus.Expired));

        uint256 vetoed = _propose(ratios, _ratios(7500, 8100, 10_500));
        vm.expectEmit(address(updater));
        emit IRiskParameterUpdater.ProposalVetoed(vetoed, riskGuardian);
        vm.prank(riskGuardian);
        updater.veto(vetoed);
        skip(VETO);
        bytes memory reason = abi.encodeWithSelector(selector, vetoed, ProposalStatus.Vetoed);
        _executeFails(vetoed, reason);
        vm.expectRevert(reason);
        vm.prank(riskGuardian);
        updater.veto(vetoed);

        uint256 executed = _propose(ratios, _ratios(7500, 8100, 10_500));
        skip(VETO);
        updater.execute(executed);
        _executeFails(executed, abi.encodeWithSelector(selector, executed, ProposalStatus.Executed));
    }

    function test_RevertWhen_TooEarly() public {
        _update(ratios, _ratios(7500, 8100, 10_500));
        uint256 ready = block.timestamp + MINIMUM_DELAY;
        uint256 proposal = _propose(ratios, _ratios(7500, 8200, 10_500));
        skip(MINIMUM_DELAY - 1);
        _executeFails(
            proposal,
            abi.encodeWithSelector(IRiskParameterUpdater.TooEarly.selector, RiskParameter.LiquidationThreshold, ready)
        );
        skip(1);
        updater.execute(proposal);
    }

    /// @dev A parameter that was never moved has nothing to wait for, however long the delay.
    function test_TheFirstMoveWaitsForNothing() public {
        RiskLimit memory limit = _ratioLimit();
        limit.minimumDelay = EXECUTION - 1;
        _setLimit(RiskParameter.LiquidationThreshold, limit);
        _update(ratios, _ratios(7500, 8100, 10_500));
        assertEq(_live().threshold, 8100);
    }

    function test_RevertWhen_ChangeTooLarge() public {
        uint256 proposal = _propose(ratios, _ratios(7500, 7799, 10_500));
        skip(VETO);
        _executeFails(
            proposal,
            abi.encodeWithSelector(
                IRiskParameterUpdater.ChangeTooLarge.selector,
                RiskParameter.LiquidationThreshold,
                0.8e18,
                0.7799e18,
                STEP
            )
        );
        // Relative: a fifth of a million.
        proposal = _propose(caps, _caps(1201, 500));
        skip(VETO);
        _executeFails(
            proposal,
            abi.encodeWithSelector(
                IRiskParameterUpdater.ChangeTooLarge.selector,
                RiskParameter.SupplyCap,
                1_000_000e18,
                1_201_000e18,
                200_000e18
            )
        );
    }

    function test_RevertWhen_NothingToChange() public {
        uint256 proposal = _propose(ratios, _ratios(7500, 8000, 10_500));
        skip(VETO);
        _executeFails(proposal, abi.encodeWithSelector(IRiskParameterUpdater.NothingToChange.selector));
    }

    function test_RevertWhen_RuleBroken() public {
        RiskLimit memory limit = _ratioLimit();
        limit.maximumChange = 1e18;
        for (uint256 i = 1; i < 4; ++i) {
            _setLimit(RiskParameter(i), limit);
        }
        int256[3][4] memory values = [
            [int256(8001), 8000, 10_500],
            [int256(7500), 10_001, 10_500],
            [int256(7500), 8000, 10_000],
            [int256(7500), 9600, 10_500]
        ];
        RiskRule[4] memory rules = [
            RiskRule.LoanToValueAtMostThreshold,
            RiskRule.ThresholdAtMostWhole,
            RiskRule.BonusAboveWhole,
            RiskRule.ThresholdTimesBonusAtMostWhole
        ];
        for (uint256 i = 0; i < 4; ++i) {
            uint256 proposal = _propose(ratios, _ratios(values[i][0], values[i][1], values[i][2]));
            skip(VETO);
            _executeFails(proposal, abi.encodeWithSelector(IRiskParameterUpdater.RuleBroken.selector, rules[i]));
        }
    }

    function test_RevertWhen_CapBelowUsage() public {
        collateral.mint(address(this), 900_000e18);
        collateral.approve(address(market), type(uint256).max);
        market.supply(900_000e18);
        uint256 proposal = _propose(caps, _caps(899, 500));
        skip(VETO);
        _executeFails(
            proposal,
            abi.encodeWithSelector(
                IRiskParameterUpdater.CapBelowUsage.selector, RiskParameter.SupplyCap, 900_000e18, 899_000e18
            )
        );
        RiskLimit memory limit = _capLimit();
        limit.belowUsage = true;
        _setLimit(RiskParameter.SupplyCap, limit);
        updater.execute(proposal);
        assertEq(_live().supplyCap, 899_000e18);
    }

    // ---------------------------------------------------------------------------- errors: protocol

    function _withMock(uint8 supported) private returns (MockRiskAdapter mock) {
        MarketState memory state;
        state.supported = supported;
        (state.values[0], state.values[1], state.values[2], state.values[3]) = (0.7e18, 0.75e18, 0.8e18, 1.05e18);
        return _withMock(state);
    }

    function test_RevertWhen_NotSupported() public {
        _withMock(0x05);
        uint256 proposal = _propose(ratios, _ratios(7500, 8100, 10_500));
        skip(VETO);
        _executeFails(
            proposal,
            abi.encodeWithSelector(
                IRiskParameterUpdater.NotSupported.selector, address(market), RiskParameter.LoanToValue
            )
        );
    }

    /// @dev A protocol that liquidates at its collateral factor.
    function test_CollateralFactorAlone() public {
        MockRiskAdapter mock = _withMock(0x09);
        RiskBinding[] memory bindings = new RiskBinding[](1);
        bindings[0] = RiskBinding(RiskParameter.CollateralFactor, 0, 1, 18);
        ModelRiskSource source = _newSource(bindings);
        vm.prank(admin);
        updater.addSource(source, VETO, EXECUTION, 0);
        assertEq(_update(source, _ratios(0, 7150, 0)), 1);
        assertEq(mock.stateOf(address(0)).values[0], 0.715e18);
        assertEq(updater.getLatestUpdateByType("collateralFactor").newValue, abi.encode(0.715e18));
    }

    function test_RevertWhen_PushMismatch() public {
        MockRiskAdapter mock = _withMock(0x0e);
        mock.setAlong(3);
        uint256 proposal = _propose(ratios, _ratios(7500, 8100, 10_500));
        skip(VETO);
        _executeFails(
            proposal,
            abi.encodeWithSelector(
                IRiskParameterUpdater.PushMismatch.selector, RiskParameter.LiquidationBonus, 1.05e18, 1.05e18 + 1
            )
        );
        mock.setDeaf();
        _executeFails(
            proposal,
            abi.encodeWithSelector(
                IRiskParameterUpdater.PushMismatch.selector, RiskParameter.LiquidationThreshold, 0.81e18, 0.8e18
            )
        );
    }

    // -------------------------------------------------------------------------- errors: governance

    function test_RevertWhen_InvalidConfig() public {
        bytes4 selector = IRiskParameterUpdater.InvalidConfig.selector;
        ModelRiskSource source = _newSource(_ratioBindings());
        vm.startPrank(admin);
        uint32[2] memory windows = [uint32(0), 90 days + 1];
        for (uint256 i = 0; i < 2; ++i) {
            vm.expectRevert(abi.encodeWithSelector(selector, bytes32("vetoWindow")));
            updater.addSource(source, windows[i], 1, 0);
            vm.expectRevert(abi.encodeWithSelector(selector, bytes32("executionWindow")));
            updater.addSource(source, 1, windows[i], 0);
        }
        NoMarket nowhere = new NoMarket();
        vm.expectRevert(abi.encodeWithSelector(selector, bytes32("market")));
        updater.addSource(IRiskSource(address(nowhere)), 1, 1, 0);

        RiskLimit memory limit = _ratioLimit();
        limit.minimumDelay = 0;
        vm.expectRevert(abi.encodeWithSelector(selector, bytes32("minimumDelay")));
        updater.setLimit(address(market), RiskParameter.SupplyCap, limit);
        limit = _ratioLimit();
        limit.granularity = 0;
        vm.expectRevert(abi.encodeWithSelector(selector, bytes32("granularity")));
        updater.setLimit(address(market), RiskParameter.SupplyCap, limit);
        limit = _ratioLimit();
        limit.maximum = limit.minimum - 1;
        vm.expectRevert(abi.encodeWithSelector(selector, bytes32("maximum")));
        updater.setLimit(address(market), RiskParameter.SupplyCap, limit);
        limit = _ratioLimit();
        (limit.relative, limit.maximumChange) = (true, 1e18 + 1);
        vm.expectRevert(abi.encodeWithSelector(selector, bytes32("maximumChange")));
        updater.setLimit(address(market), RiskParameter.SupplyCap, limit);
        vm.stopPrank();

        vm.expectRevert(abi.encodeWithSelector(selector, bytes32("adapter")));
        new RiskParameterUpdater(IRiskAdapter(keeper), admin, 1 days, riskGuardian);
    }

    /// @dev The longest windows, a range of one value, a relative change of all: each just what is
    /// allowed.
    function test_ConfigAtItsLimits() public {
        ModelRiskSource source = _newSource(_ratioBindings());
        vm.prank(admin);
        updater.addSource(source, 90 days, 90 days, 0);
        assertEq(updater.sourceOf(source).executionWindow, 90 days);
        RiskLimit memory limit = _ratioLimit();
        (limit.relative, limit.maximumChange, limit.minimum) = (true, 1e18, limit.maximum);
        _setLimit(RiskParameter.LiquidationThreshold, limit);
        // A cap's change can be more than the whole of a ratio.
        (limit.relative, limit.maximumChange) = (false, 500_000e18);
        _setLimit(RiskParameter.SupplyCap, limit);
    }

    function test_RevertWhen_SourceExists() public {
        vm.expectRevert(abi.encodeWithSelector(IRiskParameterUpdater.SourceExists.selector, ratios));
        vm.prank(admin);
        updater.addSource(ratios, 1, 1, 0);
    }

    function test_RevertWhen_NotTheRole() public {
        bytes4 selector = IAccessControl.AccessControlUnauthorizedAccount.selector;
        bytes memory notAdmin = abi.encodeWithSelector(selector, riskGuardian, bytes32(0));
        vm.startPrank(riskGuardian);
        vm.expectRevert(notAdmin);
        updater.addSource(ratios, 1, 1, 0);
        vm.expectRevert(notAdmin);
        updater.removeSource(ratios);
        vm.expectRevert(notAdmin);
        updater.setLimit(address(market), RiskParameter.SupplyCap, _capLimit());
        vm.expectRevert(notAdmin);
        updater.setRestricted(address(market), false);
        vm.expectRevert(notAdmin);
        updater.unpause();
        vm.stopPrank();

        bytes memory notGuardian = abi.encodeWithSelector(selector, admin, updater.GUARDIAN_ROLE());
        vm.startPrank(admin);
        vm.expectRevert(notGuardian);
        updater.veto(1);
        vm.expectRevert(notGuardian);
        updater.vetoAll(ratios);
        vm.expectRevert(notGuardian);
        updater.setRestricted(address(market), true);
        vm.expectRevert(notGuardian);
        updater.pause();
    }

    function _setLimit(RiskParameter parameter, RiskLimit memory limit) private {
        vm.prank(admin);
        updater.setLimit(address(market), parameter, limit);
    }
}
