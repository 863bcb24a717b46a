// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity 0.8.37;

import { RiskLimit, RiskParameter } from "../../../src/consumers/risk/RiskTypes.sol";
import { RiskTest } from "./RiskTest.sol";

/// @dev What a wrong model can do to borrowers of the reference market.
contract LendingMarketTest is RiskTest {
    address private _careful = makeAddr("careful");
    address private _bold = makeAddr("bold");
    address private _liquidator = makeAddr("liquidator");

    function setUp() public override {
        super.setUp();
        debt.mint(address(market), 1_000_000e18);
        debt.mint(_liquidator, 1_000_000e18);
        vm.prank(_liquidator);
        debt.approve(address(market), type(uint256).max);
        _open(_careful, 7500e18);
        _open(_bold, 7500e18);
        RiskLimit memory limit = _ratioLimit();
        limit.clamped = true;
        vm.startPrank(admin);
        for (uint256 i = 1; i < 4; ++i) {
            updater.setLimit(address(market), RiskParameter(i), limit);
        }
        vm.stopPrank();
    }

    /// @dev Ten thousand of collateral.
    function _open(address account, uint256 borrowed) private {
        collateral.mint(account, 10_000e18);
        vm.startPrank(account);
        collateral.approve(address(market), type(uint256).max);
        debt.approve(address(market), type(uint256).max);
        market.supply(10_000e18);
        market.borrow(borrowed);
        vm.stopPrank();
    }

    function _liquidationFails(address account) private {
        vm.expectRevert("healthy");
        vm.prank(_liquidator);
        market.liquidate(account, 1e18);
    }

    /// @dev The model says: nothing is worth anything. Whoever is healthy with a threshold one step
    /// lower is not liquidated; and before the next step there are the delay and the veto window,
    /// to repay or to veto.
    function test_BadUpdateLiquidatesNobodyWhoKeepsAStepsDistance() public {
        // The price fell: both are closer to the threshold than anyone can borrow.
        market.setPrice(0.95e18);
        vm.prank(_careful);
        market.repay(100e18);
        assertGe(market.healthFactorAt(_careful, 7800), 1e18);
        assertGe(market.healthFactor(_bold), 1e18);
        assertLt(market.healthFactorAt(_bold, 7800), 1e18);
        _liquidationFails(_careful);
        _liquidationFails(_bold);

        _update(ratios, _ratios(-32_768, -32_768, -32_768));
        assertEq(_live().threshold, 7800);
        _liquidationFails(_careful);
        // Who didn't keep the distance.
        vm.prank(_liquidator);
        market.liquidate(_bold, 1000e18);
        assertEq(collateral.balanceOf(_liquidator), uint256(1000e18) * 10_300 / 9500);

        uint256 next = _propose(ratios, _ratios(-32_768, -32_768, -32_768));
        skip(MINIMUM_DELAY - 1);
        vm.expectRevert();
        updater.execute(next);
        vm.prank(_careful);
        market.repay(500e18);
        skip(1);
        updater.execute(next);
        _liquidationFails(_careful);
    }

    /// @dev The other way round: a step up lets nobody borrow more than the collateral's
    /// liquidation can pay back.
    function test_BadUpdateKeepsLiquidationsSolvent() public {
        for (uint256 i = 0; i < 20; ++i) {
            uint256 proposal = _propose(ratios, _ratios(32_767, 32_767, 10_500));
            skip(MINIMUM_DELAY);
            try updater.execute(proposal) { } catch { }
        }
        assertLe(uint256(_live().threshold) * _live().bonus, 1e8);
        assertEq(_live().threshold, 9400);
    }
}
