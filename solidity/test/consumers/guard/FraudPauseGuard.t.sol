// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity 0.8.37;

import { IAccessControl } from "@openzeppelin/contracts/access/IAccessControl.sol";
import { Blockhash } from "@openzeppelin/contracts/utils/Blockhash.sol";

import { FraudPauseGuard } from "../../../src/consumers/guard/FraudPauseGuard.sol";
import { IBondLedger } from "../../../src/consumers/guard/IBondLedger.sol";
import { GuardConfig, IFraudPauseGuard, IncidentStatus } from "../../../src/consumers/guard/IFraudPauseGuard.sol";
import { OpenZeppelinPauseAdapter } from "../../../src/consumers/guard/OpenZeppelinPauseAdapter.sol";
import { IModelRegistry } from "../../../src/core/registry/IModelRegistry.sol";
import { PublicValues } from "../../../src/libraries/PublicValues.sol";
import { ModelPin } from "../../../src/types/ModelPin.sol";
import { ModelSpec, Visibility } from "../../../src/types/Schemas.sol";
import { MockToken } from "../../../testing/mocks/MockToken.sol";
import { PausableVault } from "./GuardMocks.sol";
import { GuardTest } from "./GuardTest.sol";

/// @dev EIP-2935's contract, as far as reading goes.
contract MockHistory {
    fallback(bytes calldata data) external returns (bytes memory) {
        uint256 number = abi.decode(data, (uint256));
        require(number < block.number && block.number - number <= 8191);
        return abi.encode(keccak256(abi.encode("history", number)));
    }
}

/// @dev What the guard does, and every error.
contract FraudPauseGuardTest is GuardTest {
    // ------------------------------------------------------------------------------------- pausing

    function test_Trigger() public {
        (uint256 anchor, uint256[] memory outputs, bytes memory proof) = _evidence(guard, 93);
        vm.expectEmit(address(guard));
        emit IFraudPauseGuard.PauseTriggered(1, reporter, 93, anchor, block.timestamp + PAUSE);
        vm.prank(reporter);
        uint256 incident = guard.trigger("", anchor, outputs, proof);

        assertEq(incident, 1);
        assertTrue(vault.isPaused());
        (uint256 current, uint256 until, bool holding) = guard.currentPause();
        assertEq(current, 1);
        assertEq(until, block.timestamp + PAUSE);
        assertTrue(holding);
        assertEq(guard.readyAt(), until + COOLDOWN);
        assertEq(guard.availableBudget(), BUDGET - PAUSE);
        assertEq(guard.freeBalanceOf(reporter), 9 * BOND);
        (IncidentStatus status, address who, uint256 review) = guard.incidentOf(1);
        assertEq(uint8(status), uint8(IncidentStatus.Open));
        assertEq(who, reporter);
        assertEq(review, block.timestamp + REVIEW);
        // Numbers begin with 1.
        (status,,) = guard.incidentOf(0);
        assertEq(uint8(status), uint8(IncidentStatus.None));
    }

    function test_EntriesCloseExitsStayOpenAndThePauseEndsByItself() public {
        _deposit(10);
        _trigger(guard, 85);
        vm.expectRevert();
        vm.prank(user);
        vault.deposit(1);
        vm.prank(user);
        vault.withdraw(4);
        skip(PAUSE - 1);
        assertTrue(vault.isPaused());
        skip(1);
        assertFalse(vault.isPaused());
        vm.prank(user);
        vault.deposit(1);
        // Whoever tidies up touches nothing.
        guard.expire();
        (,, bool holding) = guard.currentPause();
        assertFalse(holding);
    }

    function test_EvidenceOlderThanThisBlock() public {
        uint256 anchor = block.number;
        features.set(_words(3), uint64(block.timestamp), uint64(anchor));
        vm.roll(anchor + 100);
        (uint256[] memory outputs, bytes memory proof) = _proofOf(guard, anchor, _words(3), 100);
        vm.prank(reporter);
        guard.trigger("", anchor, outputs, proof);
        assertTrue(vault.isPaused());
    }

    function test_EvidenceFromHistoryBeyondTheOpcode() public {
        vm.etch(Blockhash.HISTORY_STORAGE_ADDRESS, address(new MockHistory()).code);
        GuardConfig memory config = _config(adapter);
        config.evidenceBlocks = 8191;
        FraudPauseGuard old = _newGuard(config);
        _fund(reporter, old);
        uint256 anchor = block.number + 1;
        vm.roll(anchor + 8000);
        features.set(_words(3), uint64(block.timestamp), uint64(anchor));
        assertEq(
            old.payloadOf(anchor),
            keccak256(abi.encode(old.EVIDENCE_TYPEHASH(), anchor, keccak256(abi.encode("history", anchor))))
        );
        (uint256[] memory outputs, bytes memory proof) = _proofOf(old, anchor, _words(3), 100);
        vm.prank(reporter);
        old.trigger("", anchor, outputs, proof);
        assertTrue(vault.isPaused());
    }

    function test_AnchoredSubjectNamesTheBlockHash() public {
        GuardConfig memory config = _config(adapter);
        config.anchoredSubject = true;
        FraudPauseGuard strict = _newGuard(config);
        _fund(reporter, strict);
        vm.roll(block.number + 2);
        (uint256 anchor, uint256[] memory outputs, bytes memory proof) = _evidence(strict, 100);
        bytes32 subject = keccak256(
            abi.encode(
                keccak256("FraudPauseSubject(address target,uint256 anchorBlock,bytes32 anchorHash)"),
                address(vault),
                anchor,
                blockhash(anchor)
            )
        );
        assertEq(strict.subjectOf(anchor), subject);
        assertEq(guard.subjectOf(anchor), bytes32(uint256(uint160(address(vault)))));
        features.setSubject(subject);
        vm.prank(reporter);
        strict.trigger("", anchor, outputs, proof);
        assertTrue(vault.isPaused());
    }

    function test_CommittedInputs() public {
        ModelSpec memory spec = _batchSpec(1, 3, 1);
        model = _register(spec);
        guard = _newGuard(_config(adapter));
        _fund(reporter);
        vm.roll(block.number + 2);
        uint256[] memory commitments = new uint256[](1);
        commitments[0] = 1234;
        features.set(new uint256[](0), uint64(block.timestamp), uint64(block.number));
        features.setCommitments(commitments);
        uint256[] memory outputs = _outputWord(model, 90);
        uint256 anchor = block.number - 1;
        uint256 context = _context(model, address(guard), guard.payloadOf(anchor));
        bytes memory proof = _prove(model, PublicValues.assemble(context, new uint256[](0), outputs, commitments));
        vm.prank(reporter);
        guard.trigger("", anchor, outputs, proof);
        assertTrue(vault.isPaused());
    }

    /// @dev It pauses from threshold + margin on, for scores of every value.
    function testFuzz_ScoreDecides(int16 score) public {
        if (score >= MINIMUM) {
            _trigger(guard, score);
            assertTrue(vault.isPaused());
        } else {
            _triggerFails(guard, score, abi.encodeWithSelector(IFraudPauseGuard.ScoreTooLow.selector, MINIMUM, score));
        }
    }

    /// @dev The least integer whose real value is at least threshold + margin, whatever their
    /// signs.
    function testFuzz_MinimumScore(int64 threshold, uint64 margin) public {
        GuardConfig memory config = _config(adapter);
        (config.threshold, config.margin) = (threshold, margin);
        int256 wanted = int256(threshold) + int256(uint256(margin));
        vm.assume(wanted > -300e18 && wanted < 300e18);
        int256 minimum = _newGuard(config).minimumScore();
        assertGe(minimum * 0.01e18, wanted);
        assertLt((minimum - 1) * 0.01e18, wanted);
    }

    function test_SecondPauseAfterCooldown() public {
        _trigger(guard, 90);
        _pass(PAUSE + COOLDOWN);
        assertEq(_trigger(guard, 90), 2);
        assertEq(guard.availableBudget(), BUDGET - 2 * PAUSE);
        assertTrue(vault.isPaused());
    }

    /// @dev Before the first pause there is nothing to cool down from, not even on a chain younger
    /// than the cooldown.
    function test_FirstPauseNearGenesis() public {
        vm.warp(COOLDOWN / 2);
        guard = _newGuard(_config(adapter));
        _fund(reporter);
        vm.roll(block.number + 2);
        assertEq(_trigger(guard, 90), 1);
    }

    function test_BudgetComesBackAsTimePasses() public {
        for (uint256 i = 0; i < 3; ++i) {
            _trigger(guard, 90);
            _pass(PAUSE + COOLDOWN);
        }
        assertEq(guard.availableBudget(), 0);
        _pass(PERIOD + PERIOD / 4);
        assertEq(guard.availableBudget(), BUDGET);
    }

    function test_DepositAndTriggerInOneTransaction() public {
        address fresh = makeAddr("fresh");
        token.mint(fresh, BOND);
        (uint256 anchor, uint256[] memory outputs, bytes memory proof) = _evidence(guard, 90);
        bytes[] memory calls = new bytes[](2);
        calls[0] = abi.encodeCall(guard.deposit, (fresh, BOND));
        calls[1] = abi.encodeCall(guard.trigger, ("", anchor, outputs, proof));
        vm.startPrank(fresh);
        token.approve(address(guard), BOND);
        guard.multicall(calls);
        vm.stopPrank();
        assertTrue(vault.isPaused());
        assertEq(guard.freeBalanceOf(fresh), 0);
    }

    // --------------------------------------------------------------------- OpenZeppelin's Pausable

    function _pausableVault() private returns (PausableVault target) {
        target = new PausableVault(token);
        OpenZeppelinPauseAdapter wrapped = new OpenZeppelinPauseAdapter(address(target), admin);
        target.setPauser(address(wrapped));
        guard = _newGuard(_config(wrapped));
        _fund(reporter);
        vm.roll(block.number + 2);
    }

    function test_OpenZeppelinPausableIsResumedByAnyone() public {
        PausableVault target = _pausableVault();
        _trigger(guard, 90);
        assertTrue(target.paused());
        skip(PAUSE);
        assertTrue(target.paused());
        vm.expectEmit(address(guard));
        emit IFraudPauseGuard.PauseExpired(1);
        vm.prank(user);
        guard.expire();
        assertFalse(target.paused());
    }

    function test_HandOverLeavesAnOpenZeppelinPausablePaused() public {
        PausableVault target = _pausableVault();
        _trigger(guard, 90);
        skip(1 hours);
        vm.expectEmit(address(guard));
        emit IFraudPauseGuard.PauseHandedOver(1);
        vm.prank(governor);
        guard.handOver();
        assertEq(guard.availableBudget(), BUDGET - 1 hours);
        skip(PAUSE);
        vm.expectRevert(IFraudPauseGuard.NotPaused.selector);
        guard.expire();
        assertTrue(target.paused());
    }

    function test_HandOverAfterTheTime() public {
        PausableVault target = _pausableVault();
        _trigger(guard, 90);
        skip(PAUSE + 1);
        vm.prank(governor);
        guard.handOver();
        assertEq(guard.availableBudget(), BUDGET - PAUSE);
        assertTrue(target.paused());
    }

    // ------------------------------------------------------------------------------------ resuming

    function test_ResumerEndsThePauseVisiblyAndLater() public {
        _trigger(guard, 90);
        assertEq(guard.resumeReadyAt(), 0);
        vm.prank(resumer);
        guard.requestResume();
        assertEq(guard.resumeReadyAt(), block.timestamp + RESUME_DELAY);
        skip(RESUME_DELAY);
        vm.expectEmit(address(guard));
        emit IFraudPauseGuard.Resumed(1);
        vm.prank(resumer);
        guard.resume();
        assertFalse(vault.isPaused());
        assertEq(guard.availableBudget(), BUDGET - RESUME_DELAY);
        assertEq(guard.readyAt(), block.timestamp + COOLDOWN);
        // The bond is another matter.
        assertEq(guard.freeBalanceOf(reporter), 9 * BOND);
    }

    /// @dev What was announced for a pause that ended by itself is void.
    function test_AnAnnouncementEndsWithItsPause() public {
        _trigger(guard, 90);
        vm.prank(resumer);
        guard.requestResume();
        skip(PAUSE - 1);
        assertNotEq(guard.resumeReadyAt(), 0);
        skip(1);
        assertEq(guard.resumeReadyAt(), 0);
        vm.expectRevert(IFraudPauseGuard.NotPaused.selector);
        vm.prank(resumer);
        guard.resume();
    }

    // ----------------------------------------------------------------------------------- incidents

    function test_RejectedBondGoesToTheTreasury() public {
        _trigger(guard, 90);
        vm.expectEmit(address(guard));
        emit IFraudPauseGuard.IncidentSettled(1, IncidentStatus.Rejected, treasury);
        vm.prank(governor);
        guard.reject(1);
        assertEq(guard.freeBalanceOf(treasury), BOND);
        vm.prank(treasury);
        guard.withdraw(treasury, BOND);
        assertEq(token.balanceOf(treasury), BOND);
        // The pause is another matter.
        assertTrue(vault.isPaused());
    }

    function test_UpheldAndSettledBondsGoBack() public {
        _trigger(guard, 90);
        vm.prank(governor);
        guard.uphold(1);
        assertEq(guard.freeBalanceOf(reporter), 10 * BOND);
        _pass(PAUSE + COOLDOWN);
        _trigger(guard, 90);
        skip(REVIEW);
        vm.expectEmit(address(guard));
        emit IFraudPauseGuard.IncidentSettled(2, IncidentStatus.Upheld, reporter);
        vm.prank(user);
        guard.settle(2);
        vm.prank(reporter);
        guard.withdraw(user, 10 * BOND);
        assertEq(token.balanceOf(user), 10 * BOND);
    }

    function test_ReviewedIncidentsMakeRoom() public {
        for (uint256 i = 1; i <= 9; ++i) {
            assertEq(_trigger(guard, 90), i);
            _pass(PERIOD * 2);
        }
        // The ninth took the place of the first, whose bond went back.
        assertEq(guard.freeBalanceOf(reporter), 2 * BOND);
        (IncidentStatus status,,) = guard.incidentOf(1);
        assertEq(uint8(status), uint8(IncidentStatus.None));
        (status,,) = guard.incidentOf(9);
        assertEq(uint8(status), uint8(IncidentStatus.Open));
        (status,,) = guard.incidentOf(0);
        assertEq(uint8(status), uint8(IncidentStatus.None));
    }

    function test_WhatArrivesIsCredited() public {
        token.setFee(3);
        token.mint(user, 100);
        vm.startPrank(user);
        token.approve(address(guard), 100);
        vm.expectEmit(address(guard));
        emit IBondLedger.Deposited(reporter, 97);
        assertEq(guard.deposit(reporter, 100), 97);
        assertEq(guard.freeBalanceOf(reporter), 10 * BOND + 97);
    }

    function test_Views() public view {
        assertEq(ModelPin.unwrap(guard.pin()), ModelPin.unwrap(model.pin));
        assertEq(guard.minimumScore(), MINIMUM);
        assertEq(address(guard.adapter()), address(adapter));
        assertEq(address(guard.featureSource()), address(features));
        assertEq(address(guard.bondToken()), address(token));
        assertEq(guard.bond(), BOND);
        assertEq(guard.readyAt(), 0);
        assertEq(
            guard.payloadOf(block.number - 1),
            keccak256(abi.encode(guard.EVIDENCE_TYPEHASH(), block.number - 1, blockhash(block.number - 1)))
        );
        assertTrue(guard.supportsInterface(type(IAccessControl).interfaceId));
    }

    // -------------------------------------------------------------------------------------- errors

    function test_RevertWhen_AlreadyPaused() public {
        _trigger(guard, 90);
        uint256 until = block.timestamp + PAUSE;
        _pass(PAUSE - 1);
        _triggerFails(guard, 90, abi.encodeWithSelector(IFraudPauseGuard.AlreadyPaused.selector, until));
    }

    function test_RevertWhen_CoolingDown() public {
        _trigger(guard, 90);
        uint256 until = block.timestamp + PAUSE + COOLDOWN;
        _pass(PAUSE);
        _triggerFails(guard, 90, abi.encodeWithSelector(IFraudPauseGuard.CoolingDown.selector, until));
        _pass(COOLDOWN - 1);
        _triggerFails(guard, 90, abi.encodeWithSelector(IFraudPauseGuard.CoolingDown.selector, until));
    }

    /// @dev Who brings about a pause, to be unwatched after it, is watched again soon: for what happens
    /// then, though not for what was known before.
    function test_Attack_TheUnguardedTimeAfterAPause() public {
        GuardConfig memory config = _config(adapter);
        config.freshCooldown = 1 minutes;
        guard = _newGuard(config);
        _fund(reporter);
        _pass(24);
        _trigger(guard, 90);
        uint256 end = block.timestamp + PAUSE;
        assertEq(guard.readyAt(), end + COOLDOWN);
        assertEq(guard.freshReadyAt(), end + 1 minutes);
        _pass(PAUSE);
        // From the pause's last second.
        _setEvidence(7);
        uint256 anchor = vm.getBlockNumber() - 1;
        (uint256[] memory outputs, bytes memory proof) = _proofOf(guard, anchor, _words(7), 90);
        _pass(1 minutes - 1);
        _triggerFails(guard, 90, abi.encodeWithSelector(IFraudPauseGuard.CoolingDown.selector, end + 1 minutes));
        _pass(1);
        features.set(_words(7), uint64(end), uint64(anchor));
        vm.prank(reporter);
        vm.expectRevert(abi.encodeWithSelector(IFraudPauseGuard.CoolingDown.selector, end + COOLDOWN));
        guard.trigger("", anchor, outputs, proof);
        // From a second later.
        features.set(_words(7), uint64(end + 1), uint64(anchor));
        vm.prank(reporter);
        assertEq(guard.trigger("", anchor, outputs, proof), 2);
    }

    function test_RevertWhen_BudgetExhausted() public {
        for (uint256 i = 0; i < 3; ++i) {
            _trigger(guard, 90);
            _pass(PAUSE + COOLDOWN);
        }
        _triggerFails(guard, 90, abi.encodeWithSelector(IFraudPauseGuard.BudgetExhausted.selector, 0, PAUSE));
    }

    function test_RevertWhen_TooManyOpenIncidents() public {
        GuardConfig memory config = _config(adapter);
        (config.pauseDuration, config.resumeDelay, config.cooldown, config.reviewWindow) = (2, 1, 1, 30 days);
        config.freshCooldown = 1;
        guard = _newGuard(config);
        _fund(reporter);
        uint256 until = block.timestamp + 30 days;
        for (uint256 i = 0; i < 8; ++i) {
            _pass(12);
            if (i == 0) until = block.timestamp + 30 days;
            _trigger(guard, 90);
        }
        _pass(12);
        _triggerFails(guard, 90, abi.encodeWithSelector(IFraudPauseGuard.TooManyOpenIncidents.selector, until));
        // Room is made by judging, and by time.
        vm.prank(governor);
        guard.uphold(1);
        assertEq(_trigger(guard, 90), 9);
        (,, until) = guard.incidentOf(2);
        vm.warp(until - 1);
        vm.roll(block.number + 2);
        _triggerFails(guard, 90, abi.encodeWithSelector(IFraudPauseGuard.TooManyOpenIncidents.selector, until));
        vm.warp(until);
        assertEq(_trigger(guard, 90), 10);
    }

    function test_RevertWhen_AnchorOutOfRange() public {
        (, uint256[] memory outputs, bytes memory proof) = _evidence(guard, 90);
        vm.roll(block.number + 200);
        uint256 oldest = block.number - 100;
        uint256[3] memory anchors = [oldest - 1, block.number, block.number + 1];
        for (uint256 i = 0; i < 3; ++i) {
            vm.expectRevert(abi.encodeWithSelector(IFraudPauseGuard.AnchorOutOfRange.selector, oldest, anchors[i]));
            vm.prank(reporter);
            guard.trigger("", anchors[i], outputs, proof);
        }
    }

    function test_RevertWhen_UnknownBlockHash() public {
        (uint256 anchor, uint256[] memory outputs, bytes memory proof) = _evidence(guard, 90);
        vm.setBlockhash(anchor, 0);
        vm.expectRevert(abi.encodeWithSelector(IFraudPauseGuard.UnknownBlockHash.selector, anchor));
        vm.prank(reporter);
        guard.trigger("", anchor, outputs, proof);
    }

    function test_RevertWhen_EvidenceOutOfRange() public {
        (uint256 anchor, uint256[] memory outputs, bytes memory proof) = _evidence(guard, 90);
        uint256[2] memory blocks = [anchor - 1, block.number + 1];
        for (uint256 i = 0; i < 2; ++i) {
            features.set(_words(7), uint64(block.timestamp), uint64(blocks[i]));
            vm.expectRevert(abi.encodeWithSelector(IFraudPauseGuard.EvidenceOutOfRange.selector, anchor, blocks[i]));
            vm.prank(reporter);
            guard.trigger("", anchor, outputs, proof);
        }
    }

    function test_RevertWhen_ModelIsDeprecated() public {
        vm.prank(modelOwner);
        registry.deprecateVersion(model.id, model.version);
        _triggerFails(
            guard, 90, abi.encodeWithSelector(IFraudPauseGuard.ModelNotActive.selector, model.id, model.version)
        );
    }

    function test_RevertWhen_ScoreTooLow() public {
        _triggerFails(guard, 84, abi.encodeWithSelector(IFraudPauseGuard.ScoreTooLow.selector, MINIMUM, 84));
    }

    function test_RevertWhen_NothingToExpire() public {
        vm.expectRevert(IFraudPauseGuard.NotPaused.selector);
        guard.expire();
        vm.expectRevert(IFraudPauseGuard.NotPaused.selector);
        vm.prank(governor);
        guard.handOver();
    }

    function test_RevertWhen_PauseNotOver() public {
        _trigger(guard, 90);
        uint256 until = block.timestamp + PAUSE;
        skip(PAUSE - 1);
        vm.expectRevert(abi.encodeWithSelector(IFraudPauseGuard.PauseNotOver.selector, until));
        guard.expire();
    }

    function test_RevertWhen_NothingToResume() public {
        vm.startPrank(resumer);
        vm.expectRevert(IFraudPauseGuard.NotPaused.selector);
        guard.requestResume();
        vm.expectRevert(IFraudPauseGuard.NotPaused.selector);
        guard.resume();
    }

    function test_RevertWhen_NoResumeRequested() public {
        _trigger(guard, 90);
        vm.prank(resumer);
        guard.requestResume();
        _pass(PAUSE + COOLDOWN);
        _trigger(guard, 90);
        // The announcement was for another pause.
        assertEq(guard.resumeReadyAt(), 0);
        vm.expectRevert(IFraudPauseGuard.NoResumeRequested.selector);
        vm.prank(resumer);
        guard.resume();
    }

    function test_RevertWhen_ResumeNotReady() public {
        _trigger(guard, 90);
        vm.startPrank(resumer);
        guard.requestResume();
        uint256 ready = block.timestamp + RESUME_DELAY;
        skip(RESUME_DELAY - 1);
        vm.expectRevert(abi.encodeWithSelector(IFraudPauseGuard.ResumeNotReady.selector, ready));
        guard.resume();
    }

    function test_RevertWhen_IncidentNotOpen() public {
        bytes memory reason = abi.encodeWithSelector(IFraudPauseGuard.IncidentNotOpen.selector, 1);
        vm.startPrank(governor);
        vm.expectRevert(reason);
        guard.uphold(1);
        vm.expectRevert(reason);
        guard.reject(1);
        vm.expectRevert(reason);
        guard.settle(1);
        vm.stopPrank();
        _trigger(guard, 90);
        vm.startPrank(governor);
        // Of the same place, but another number.
        vm.expectRevert(abi.encodeWithSelector(IFraudPauseGuard.IncidentNotOpen.selector, 9));
        guard.uphold(9);
        guard.reject(1);
        vm.expectRevert(reason);
        guard.uphold(1);
        vm.expectRevert(reason);
        guard.reject(1);
    }

    function test_RevertWhen_ReviewNotOver() public {
        _trigger(guard, 90);
        uint256 until = block.timestamp + REVIEW;
        skip(REVIEW - 1);
        vm.expectRevert(abi.encodeWithSelector(IFraudPauseGuard.ReviewNotOver.selector, until));
        guard.settle(1);
    }

    function test_RevertWhen_ReviewOver() public {
        _trigger(guard, 90);
        uint256 until = block.timestamp + REVIEW;
        skip(REVIEW);
        vm.expectRevert(abi.encodeWithSelector(IFraudPauseGuard.ReviewOver.selector, until));
        vm.prank(governor);
        guard.reject(1);
    }

    function test_RevertWhen_NotTheRole() public {
        _trigger(guard, 90);
        bytes4 unauthorized = IAccessControl.AccessControlUnauthorizedAccount.selector;
        bytes memory notGovernor = abi.encodeWithSelector(unauthorized, resumer, guard.GOVERNOR_ROLE());
        vm.startPrank(resumer);
        vm.expectRevert(notGovernor);
        guard.reject(1);
        vm.expectRevert(notGovernor);
        guard.uphold(1);
        vm.expectRevert(notGovernor);
        guard.handOver();
        vm.stopPrank();
        bytes memory notResumer = abi.encodeWithSelector(unauthorized, governor, guard.RESUMER_ROLE());
        vm.startPrank(governor);
        vm.expectRevert(notResumer);
        guard.requestResume();
        vm.expectRevert(notResumer);
        guard.resume();
    }

    function test_RevertWhen_InsufficientBalance() public {
        (uint256 anchor, uint256[] memory outputs, bytes memory proof) = _evidence(guard, 90);
        vm.expectRevert(abi.encodeWithSelector(IBondLedger.InsufficientBalance.selector, user, 0, BOND));
        vm.prank(user);
        guard.trigger("", anchor, outputs, proof);
        vm.expectRevert(
            abi.encodeWithSelector(IBondLedger.InsufficientBalance.selector, reporter, 10 * BOND, 10 * BOND + 1)
        );
        vm.prank(reporter);
        guard.withdraw(reporter, 10 * BOND + 1);
    }

    function test_RevertWhen_NoBond() public {
        GuardConfig memory config = _config(adapter);
        config.bond = 0;
        vm.expectRevert(IBondLedger.NoBond.selector);
        new FraudPauseGuard(config, admin, 1 days, governor, resumer);
    }

    // ------------------------------------------------------------------------------- configuration

    function test_RevertWhen_TheVersionIsDeprecatedAlready() public {
        vm.prank(modelOwner);
        registry.deprecateVersion(model.id, model.version);
        GuardConfig memory config = _config(adapter);
        vm.expectRevert(abi.encodeWithSelector(IModelRegistry.VersionIsDeprecated.selector, model.id, model.version));
        new FraudPauseGuard(config, admin, 1 days, governor, resumer);
    }

    /// @dev Whoever adds the route afterwards would pick what counts as a proof.
    function test_RevertWhen_TheVersionHasNoRoute() public {
        GuardConfig memory config = _config(adapter);
        config.modelId = _registerWithoutRoute(_spec(3, 1)).id;
        config.version = 1;
        vm.expectRevert(_noRoute());
        new FraudPauseGuard(config, admin, 1 days, governor, resumer);
    }

    function _refused(GuardConfig memory config, bytes32 field) private {
        vm.expectRevert(abi.encodeWithSelector(IFraudPauseGuard.InvalidConfig.selector, field));
        new FraudPauseGuard(config, admin, 1 days, governor, resumer);
    }

    /// @dev The shortest and the longest times, each just what is allowed.
    function test_ConfigAtItsLimits() public {
        GuardConfig memory config = _config(adapter);
        (config.period, config.pauseDuration, config.budget) = (1 hours, 15 minutes, 15 minutes);
        (config.cooldown, config.reviewWindow, config.resumeDelay) = (1, 15 minutes, 1);
        config.freshCooldown = 1;
        _newGuard(config);
        config.period = 4 * uint256(type(uint24).max >> 4);
        (config.pauseDuration, config.budget) = (config.period / 4, config.period);
        (config.cooldown, config.freshCooldown, config.reviewWindow) = (365 days, 1 hours, 365 days);
        config.bounty = config.bond;
        config.resumeDelay = config.pauseDuration - 1;
        config.evidenceBlocks = 256;
        _newGuard(config);
    }

    function test_RevertWhen_InvalidConfig_Times() public {
        GuardConfig memory config = _config(adapter);
        config.period = PERIOD + 2;
        _refused(config, "period");
        config.period = 1 hours - 4;
        _refused(config, "period");
        config.period = 4 << 20;
        _refused(config, "period");

        config = _config(adapter);
        config.pauseDuration = 0;
        _refused(config, "pauseDuration");
        config.pauseDuration = PERIOD / 4 + 1;
        _refused(config, "pauseDuration");

        config = _config(adapter);
        config.budget = PAUSE - 1;
        _refused(config, "budget");
        config.budget = PERIOD + 1;
        _refused(config, "budget");

        config = _config(adapter);
        config.cooldown = 0;
        _refused(config, "cooldown");
        config.cooldown = 365 days + 1;
        _refused(config, "cooldown");

        config = _config(adapter);
        config.freshCooldown = 0;
        _refused(config, "freshCooldown");
        config.freshCooldown = COOLDOWN + 1;
        _refused(config, "freshCooldown");
        // However long the other is.
        (config.cooldown, config.freshCooldown) = (365 days, 1 hours + 1);
        _refused(config, "freshCooldown");

        config = _config(adapter);
        config.bounty = BOND + 1;
        _refused(config, "bounty");

        config = _config(adapter);
        config.reviewWindow = PAUSE - 1;
        _refused(config, "reviewWindow");
        config.reviewWindow = 365 days + 1;
        _refused(config, "reviewWindow");

        config = _config(adapter);
        config.resumeDelay = 0;
        _refused(config, "resumeDelay");
        config.resumeDelay = PAUSE;
        _refused(config, "resumeDelay");
    }

    function test_RevertWhen_InvalidConfig_Accounts() public {
        GuardConfig memory config = _config(adapter);
        config.treasury = address(0);
        _refused(config, "treasury");
        config = _config(adapter);
        config.bondToken = MockToken(user);
        _refused(config, "bondToken");
        config = _config(adapter);
        features.refuse();
        _refused(config, "features");
    }

    function test_RevertWhen_InvalidConfig_EvidenceBlocks() public {
        GuardConfig memory config = _config(adapter);
        config.evidenceBlocks = 0;
        _refused(config, "evidenceBlocks");
        config.evidenceBlocks = 257;
        _refused(config, "evidenceBlocks");
        vm.etch(Blockhash.HISTORY_STORAGE_ADDRESS, address(new MockHistory()).code);
        config.evidenceBlocks = 8192;
        _refused(config, "evidenceBlocks");
    }

    function test_RevertWhen_InvalidConfig_Model() public {
        GuardConfig memory config = _config(adapter);
        config.scoreIndex = 1;
        _refused(config, "scoreIndex");
        config = _config(adapter);
        config.threshold = 327.68e18;
        _refused(config, "threshold");
        config.threshold = -327.73e18;
        _refused(config, "threshold");
        // Just what every score, or none, would reach, and just not.
        config.threshold = 327.63e18;
        _refused(config, "threshold");
        config.threshold = 327.62e18;
        assertEq(_newGuard(config).minimumScore(), 32_767);
        config.threshold = -327.72e18;
        assertEq(_newGuard(config).minimumScore(), -32_767);

        config = _config(adapter);
        config.modelId = _register(_batchSpec(2, 1, 1)).id;
        _refused(config, "modelId");
        ModelSpec memory spec = _spec(3, 1);
        spec.inputs[0].visibility = Visibility.Private;
        config.modelId = _register(spec).id;
        _refused(config, "modelId");
    }

    // ------------------------------------------------------------------------------------- helpers

    function _deposit(uint256 amount) private {
        token.mint(user, amount);
        vm.startPrank(user);
        token.approve(address(vault), type(uint256).max);
        vault.deposit(amount);
        vm.stopPrank();
    }
}
