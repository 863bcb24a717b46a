// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity 0.8.37;

import { AaveConfiguration } from "../../../src/adapters/aave/AaveConfiguration.sol";
import { AaveFreezeAdapter } from "../../../src/adapters/aave/AaveFreezeAdapter.sol";
import { IPauseAdapter } from "../../../src/consumers/guard/IPauseAdapter.sol";
import { IAaveAddressesProvider } from "../../../src/interfaces/external/IAaveV3.sol";
import { MockToken } from "../../../testing/mocks/MockToken.sol";
import { AaveConfigurator3 } from "./AaveConfigurator3.sol";
import { AaveMarket } from "./AaveMarket.sol";

/// @dev A reserve of Aave's own code is frozen and thawed. This contract is owner and guard.
contract AaveFreezeAdapterTest is AaveMarket {
    using AaveConfiguration for uint256;

    AaveFreezeAdapter private _adapter;

    function setUp() public {
        vm.warp(1000 days);
        _deployAave();
        _adapter = new AaveFreezeAdapter(provider, address(weth), address(this));
        acl.addRiskAdmin(address(_adapter));
        _adapter.setGuard(address(this));
        _supply(lender, usdc, 1_000_000e6);
        _supply(lender, weth, 100e18);
        _supply(borrower, weth, 10e18);
        _supply(borrower, wbtc, 1e18);
        _borrow(borrower, usdc, 1000e6);
    }

    function _isFrozen() private view returns (bool) {
        return pool.getConfiguration(address(weth)).isFrozen();
    }

    function test_FreezesAndThaws() public {
        uint256 before = pool.getConfiguration(address(weth));
        assertFalse(_adapter.isPaused());
        assertFalse(_adapter.expiresByItself());
        assertEq(_adapter.target(), address(weth));
        _adapter.pause(100);
        vm.snapshotGasLastCall("AaveFreezeAdapter", "freeze");
        assertTrue(_isFrozen());
        assertTrue(_adapter.isPaused());
        _adapter.resume();
        vm.snapshotGasLastCall("AaveFreezeAdapter", "thaw");
        assertEq(pool.getConfiguration(address(weth)), before);
        // Nothing to do, no error.
        _adapter.resume();
    }

    /// @dev Entries are shut; withdrawals, repayments and liquidations aren't.
    function test_ExitsStayOpen() public {
        _adapter.pause(100);
        weth.mint(lender, 1e18);
        vm.startPrank(lender);
        weth.approve(address(pool), 1e18);
        vm.expectRevert(bytes("28"));
        pool.supply(address(weth), 1e18, lender, 0);
        vm.stopPrank();
        vm.prank(borrower);
        vm.expectRevert(bytes("28"));
        pool.borrow(address(weth), 1e18, 2, 0, borrower);
        _withdraw(lender, weth, 100e18);
        _withdraw(borrower, weth, 1e18);
        _repay(borrower, usdc, 500e6);
        _repay(borrower, usdc, 400e6);
    }

    function test_LiquidationsGoOn() public {
        _borrow(borrower, usdc, 45_000e6);
        _adapter.pause(100);
        wethPrice.set(500e8);
        usdc.mint(address(this), 20_000e6);
        usdc.approve(address(pool), 20_000e6);
        pool.liquidationCall(address(weth), address(usdc), borrower, 2000e6, false);
        assertGt(weth.balanceOf(address(this)), 0);
    }

    /// @dev What the adapter doesn't do: Aave's pause shuts exits, repayments and liquidations in.
    function test_PauseOfAaveBlocksExitsAndIsNotTheAdapters() public {
        configurator.setPoolPause(true);
        vm.prank(lender);
        vm.expectRevert(bytes("29"));
        pool.withdraw(address(weth), 1e18, lender);
        vm.startPrank(borrower);
        usdc.approve(address(pool), 1e6);
        vm.expectRevert(bytes("29"));
        pool.repay(address(usdc), 1e6, 2, borrower);
        vm.stopPrank();
        configurator.setPoolPause(false);
        // And with its role the adapter could not.
        vm.startPrank(address(_adapter));
        vm.expectRevert(bytes("3"));
        configurator.setReservePause(address(weth), true);
        vm.expectRevert(bytes("2"));
        configurator.setPoolPause(true);
        vm.stopPrank();
    }

    function test_RevertWhen_ReservePaused() public {
        configurator.setReservePause(address(weth), true);
        assertFalse(_adapter.isPaused());
        vm.expectRevert(abi.encodeWithSelector(AaveFreezeAdapter.ReservePaused.selector, weth));
        _adapter.pause(100);
        assertFalse(_isFrozen());
    }

    /// @dev A pause that began meanwhile is somebody else's: the freeze ends, the pause stays.
    function test_ThawsUnderAPause() public {
        _adapter.pause(100);
        configurator.setReservePause(address(weth), true);
        _adapter.resume();
        uint256 data = pool.getConfiguration(address(weth));
        assertFalse(data.isFrozen());
        assertTrue(data.isPaused());
    }

    function test_RevertWhen_NotListed() public {
        MockToken other = new MockToken();
        vm.expectRevert(abi.encodeWithSelector(AaveFreezeAdapter.NotListed.selector, other));
        new AaveFreezeAdapter(provider, address(other), address(this));
        _drop();
        vm.expectRevert(abi.encodeWithSelector(AaveFreezeAdapter.NotListed.selector, weth));
        _adapter.pause(100);
    }

    /// @dev A reserve that is gone can't hold a guard up.
    function test_ResumesWhatAaveDropped() public {
        _adapter.pause(100);
        _drop();
        _adapter.resume();
        assertFalse(_adapter.isPaused());
    }

    function _drop() private {
        _withdraw(borrower, weth, 10e18);
        _withdraw(lender, weth, 100e18);
        configurator.dropReserve(address(weth));
    }

    function test_RevertWhen_NotAContract() public {
        vm.expectRevert(abi.encodeWithSelector(IPauseAdapter.NotAContract.selector, address(3)));
        new AaveFreezeAdapter(IAaveAddressesProvider(address(3)), address(weth), address(this));
        vm.expectRevert(abi.encodeWithSelector(IPauseAdapter.NotAContract.selector, address(4)));
        new AaveFreezeAdapter(provider, address(4), address(this));
    }

    function test_RevertWhen_FrozenBySomebodyElse() public {
        configurator.setReserveFreeze(address(weth), true);
        vm.expectRevert(abi.encodeWithSelector(IPauseAdapter.AlreadyPausedElsewhere.selector, weth));
        _adapter.pause(100);
    }

    /// @dev A configurator that takes commands without effect: what the adapter says is what the pool
    /// says.
    function test_RevertWhen_AaveIsDeaf() public {
        vm.mockCall(address(configurator), abi.encodeCall(configurator.setReserveFreeze, (address(weth), true)), "");
        _adapter.pause(100);
        assertFalse(_adapter.isPaused());
        vm.clearMockedCalls();
        _adapter.pause(100);
        vm.mockCall(address(configurator), abi.encodeCall(configurator.setReserveFreeze, (address(weth), false)), "");
        vm.expectRevert(abi.encodeWithSelector(IPauseAdapter.StillPaused.selector, weth));
        _adapter.resume();
    }

    function test_RevertWhen_RoleIsMissing() public {
        AaveFreezeAdapter other = new AaveFreezeAdapter(provider, address(wbtc), address(this));
        other.setGuard(address(this));
        vm.expectRevert(bytes("4"));
        other.pause(100);
    }

    // ------------------------------------------------------------------------------- 3.1 and later

    /// @dev A freeze takes the loan-to-value away, and its end brings it back.
    function testFuzz_LoanToValueComesBack(uint256 ltv, uint256 threshold) public {
        AaveConfigurator3 later = _upgradeConfigurator();
        threshold = bound(threshold, 2, 9000);
        ltv = bound(ltv, 1, threshold);
        later.configureReserveAsCollateral(address(weth), ltv, threshold, 10_500);
        uint256 before = pool.getConfiguration(address(weth));
        _adapter.pause(100);
        assertTrue(_isFrozen());
        assertEq(_ratiosOf(weth)[0], 0);
        assertEq(later.getPendingLtv(address(weth)), ltv);
        _adapter.resume();
        assertEq(pool.getConfiguration(address(weth)), before);
        assertEq(later.getPendingLtv(address(weth)), 0);
    }

    /// @dev What governance decides during a freeze holds after it, and the freeze can end.
    function test_WhatGovernanceSetsMeanwhileHolds() public {
        AaveConfigurator3 later = _upgradeConfigurator();
        _adapter.pause(100);
        later.configureReserveAsCollateral(address(weth), 0, 7000, 10_600);
        _adapter.resume();
        assertEq(abi.encode(_ratiosOf(weth)), abi.encode([uint256(0), 7000, 10_600]));
    }

    /// @dev The price of it: a borrower's other collateral is locked until the frozen one is out.
    function test_FreezeLocksOtherCollateral() public {
        _upgradeConfigurator();
        _adapter.pause(100);
        vm.prank(borrower);
        vm.expectRevert(bytes("57"));
        pool.withdraw(address(wbtc), 0.1e18, borrower);
        // The frozen one first.
        _withdraw(borrower, weth, 10e18);
        _withdraw(borrower, wbtc, 0.1e18);
    }

    function test_FreezeOfThreePointZeroLocksNothing() public {
        _adapter.pause(100);
        _withdraw(borrower, wbtc, 0.1e18);
    }

    function test_RevertWhen_FrozenTwiceOnLaterVersions() public {
        _upgradeConfigurator();
        _adapter.pause(100);
        vm.expectRevert(abi.encodeWithSelector(IPauseAdapter.AlreadyPausedElsewhere.selector, weth));
        _adapter.pause(100);
        // Governance thaws first: the guard's resume finds nothing to do.
        configurator.setReserveFreeze(address(weth), false);
        _adapter.resume();
        assertEq(_ratiosOf(weth)[0], 7500);
    }
}
