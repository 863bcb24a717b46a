// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity 0.8.37;

import { IAccessControl } from "@openzeppelin/contracts/access/IAccessControl.sol";

import { IBondLedger } from "../../../src/consumers/guard/IBondLedger.sol";
import { GuardConfig, IFraudPauseGuard } from "../../../src/consumers/guard/IFraudPauseGuard.sol";
import { GuardTest } from "./GuardTest.sol";

/// @dev Reporters who are right earn something, and nobody else does.
contract FraudPauseGuardBountiesTest is GuardTest {
    uint256 private constant BOUNTY = 25e18;

    address private _sponsor = makeAddr("sponsor");

    function setUp() public override {
        super.setUp();
        GuardConfig memory config = _config(adapter);
        config.bounty = BOUNTY;
        guard = _newGuard(config);
        _fund(reporter);
        token.mint(_sponsor, 10 * BOUNTY);
        vm.prank(_sponsor);
        token.approve(address(guard), type(uint256).max);
        vm.roll(block.number + 10);
    }

    function _sponsored(uint256 amount) private {
        vm.prank(_sponsor);
        guard.fundBounties(amount);
    }

    function test_Views() public {
        assertEq(guard.bounty(), BOUNTY);
        assertEq(guard.freeBounties(), 0);
        vm.expectEmit(address(guard));
        emit IBondLedger.BountiesFunded(_sponsor, 3 * BOUNTY);
        _sponsored(3 * BOUNTY);
        assertEq(guard.freeBounties(), 3 * BOUNTY);
        assertEq(token.balanceOf(address(guard)), 3 * BOUNTY + 10 * BOND);
    }

    /// @dev Whom nobody contradicts, and whom governance agrees with, are better off than before.
    function test_ReportersWhoAreRightEarn() public {
        _sponsored(2 * BOUNTY);
        _trigger(guard, 90);
        assertEq(guard.freeBounties(), BOUNTY);
        vm.expectEmit(address(guard));
        emit IFraudPauseGuard.BountyPaid(1, reporter, BOUNTY);
        vm.prank(governor);
        guard.uphold(1);
        _pass(PAUSE + COOLDOWN);
        _trigger(guard, 90);
        skip(REVIEW);
        guard.settle(2);
        assertEq(guard.freeBalanceOf(reporter), 10 * BOND + 2 * BOUNTY);
        assertEq(guard.freeBounties(), 0);
        vm.prank(reporter);
        guard.withdraw(reporter, 10 * BOND + 2 * BOUNTY);
        assertEq(token.balanceOf(address(guard)), 0);
        assertEq(token.balanceOf(reporter), 10 * BOND + 2 * BOUNTY);
    }

    /// @dev Crying wolf costs the bond, and the bounty is the next one's.
    function test_Attack_CryingWolfForTheBounty() public {
        _sponsored(BOUNTY);
        _trigger(guard, 90);
        vm.prank(governor);
        guard.reject(1);
        assertEq(guard.freeBalanceOf(reporter), 9 * BOND);
        assertEq(guard.freeBalanceOf(treasury), BOND);
        assertEq(guard.freeBounties(), BOUNTY);
    }

    /// @dev What a reporter went by is his: neither the administrator nor another reporter gets it.
    function test_Attack_TakingBackWhatWasPromised() public {
        _sponsored(BOUNTY + 1);
        _trigger(guard, 90);
        vm.startPrank(admin);
        vm.expectRevert(abi.encodeWithSelector(IBondLedger.InsufficientBounties.selector, 1, BOUNTY));
        guard.withdrawBounties(admin, BOUNTY);
        vm.expectEmit(address(guard));
        emit IBondLedger.BountiesWithdrawn(admin, 1);
        guard.withdrawBounties(admin, 1);
        vm.stopPrank();
        assertEq(token.balanceOf(admin), 1);
        skip(REVIEW);
        guard.settle(1);
        assertEq(guard.freeBalanceOf(reporter), 10 * BOND + BOUNTY);
    }

    /// @dev With too little for a whole one, a pause works as ever, and nothing is promised; what is
    /// paid in later is for later ones.
    function test_WithoutFundsThereIsNone() public {
        _sponsored(BOUNTY - 1);
        _trigger(guard, 90);
        assertTrue(vault.isPaused());
        assertEq(guard.freeBounties(), BOUNTY - 1);
        _sponsored(BOUNTY);
        skip(REVIEW);
        guard.settle(1);
        assertEq(guard.freeBalanceOf(reporter), 10 * BOND);
        assertEq(guard.freeBounties(), 2 * BOUNTY - 1);
    }

    /// @dev A guard without bounties promises none, however much is paid in.
    function test_AGuardWithoutBounties() public {
        guard = _newGuard(_config(adapter));
        _fund(reporter);
        vm.prank(_sponsor);
        token.approve(address(guard), type(uint256).max);
        _sponsored(BOUNTY);
        vm.roll(block.number + 10);
        _trigger(guard, 90);
        skip(REVIEW);
        guard.settle(1);
        assertEq(guard.freeBalanceOf(reporter), 10 * BOND);
        assertEq(guard.freeBounties(), BOUNTY);
    }

    /// @dev An incident that makes room for a later one brings its reporter what it would have.
    function test_IncidentsThatMakeRoomArePaid() public {
        _sponsored(BOUNTY);
        for (uint256 i = 1; i <= 9; ++i) {
            _trigger(guard, 90);
            _pass(PERIOD * 2);
        }
        assertEq(guard.freeBalanceOf(reporter), 2 * BOND + BOUNTY);
    }

    /// @dev What arrives is counted, not what was sent.
    function test_WhatArrivesIsCounted() public {
        token.setFee(3);
        vm.prank(_sponsor);
        assertEq(guard.fundBounties(BOUNTY), BOUNTY - 3);
        assertEq(guard.freeBounties(), BOUNTY - 3);
    }

    /// @dev As for the bond, who copies a submission answers for it and is paid for it.
    function test_WhoTriggersIsPaid() public {
        _sponsored(BOUNTY);
        address copier = makeAddr("copier");
        _fund(copier);
        (uint256 anchor, uint256[] memory outputs, bytes memory proof) = _evidence(guard, 90);
        vm.prank(copier);
        guard.trigger("", anchor, outputs, proof);
        skip(REVIEW);
        guard.settle(1);
        assertEq(guard.freeBalanceOf(copier), 10 * BOND + BOUNTY);
        assertEq(guard.freeBalanceOf(reporter), 10 * BOND);
    }

    function test_RevertWhen_NotTheAdministrator() public {
        _sponsored(BOUNTY);
        bytes memory reason = abi.encodeWithSelector(
            IAccessControl.AccessControlUnauthorizedAccount.selector, governor, guard.DEFAULT_ADMIN_ROLE()
        );
        vm.expectRevert(reason);
        vm.prank(governor);
        guard.withdrawBounties(governor, 1);
    }
}
