// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity 0.8.37;

import { Ownable } from "@openzeppelin/contracts/access/Ownable.sol";

import { RiskAdapter } from "../../../src/adapters/RiskAdapter.sol";
import { AaveConfiguration } from "../../../src/adapters/aave/AaveConfiguration.sol";
import { AaveMarkets } from "../../../src/adapters/aave/AaveMarkets.sol";
import { AaveRiskAdapter } from "../../../src/adapters/aave/AaveRiskAdapter.sol";
import { RiskLimits } from "../../../src/consumers/risk/RiskLimits.sol";
import { MarketState, RISK_PARAMETERS, RiskParameter } from "../../../src/consumers/risk/RiskTypes.sol";
import { IAaveAddressesProvider } from "../../../src/interfaces/external/IAaveV3.sol";
import { MockToken } from "../../../testing/mocks/MockToken.sol";
import { AaveMarket } from "./AaveMarket.sol";

/// @dev The adapter moves parameters of Aave's own code. This contract is owner and updater.
contract AaveRiskAdapterTest is AaveMarket {
    using AaveConfiguration for uint256;

    uint256 private constant NO_CAP = type(uint128).max;

    AaveRiskAdapter private _adapter;

    function setUp() public {
        vm.warp(1000 days);
        _deployAave();
        _adapter = new AaveRiskAdapter(provider, address(this));
        acl.addRiskAdmin(address(_adapter));
        _adapter.setUpdater(address(this));
    }

    function _push(MockToken asset, RiskParameter parameter, uint256 value) private {
        uint256[RISK_PARAMETERS] memory values;
        values[uint256(parameter)] = value;
        _adapter.push(address(asset), RiskLimits.bit(parameter), values);
    }

    function _pushFails(MockToken asset, RiskParameter parameter, uint256 value, bytes memory reason) private {
        uint256[RISK_PARAMETERS] memory values;
        values[uint256(parameter)] = value;
        vm.expectRevert(reason);
        _adapter.push(address(asset), RiskLimits.bit(parameter), values);
    }

    function _valueOf(MockToken asset, RiskParameter parameter) private view returns (uint256) {
        return _adapter.stateOf(address(asset)).values[uint256(parameter)];
    }

    // --------------------------------------------------------------------------------------- reads

    function test_State() public {
        _supply(lender, weth, 100e18);
        _supply(lender, usdc, 1_000_000e6);
        _supply(borrower, wbtc, 10e18);
        _borrow(borrower, weth, 5e18);
        MarketState memory state = _adapter.stateOf(address(weth));
        assertEq(state.supported, 0x3e);
        assertEq(state.values[0], 0);
        assertEq(state.values[1], 0.75e18);
        assertEq(state.values[2], 0.8e18);
        assertEq(state.values[3], 1.05e18);
        assertEq(state.values[4], 1_000_000e18);
        assertEq(state.values[5], 500_000e18);
        assertEq(state.supplied, 100e18);
        assertEq(state.borrowed, 5e18);
        assertEq(state.ratioUnit, 1e14);
        // No cap, another number of decimals, no collateral.
        state = _adapter.stateOf(address(usdc));
        assertEq(state.supported, 0x30);
        assertEq(state.values[4], NO_CAP);
        assertEq(state.values[5], NO_CAP);
        assertEq(state.values[1] | state.values[2] | state.values[3], 0);
        assertEq(state.supplied, 1_000_000e6);
    }

    /// @dev What the adapter says is supplied is what Aave holds its cap against, to the unit; of what
    /// accrues to Aave's treasury, once some action has counted it.
    function testFuzz_SuppliedIsWhatTheCapLimits(
        uint256 supplied,
        uint256 borrowed,
        uint256 time,
        uint256 room,
        bool treasury
    ) public {
        if (treasury) configurator.setReserveFactor(address(weth), 2000);
        supplied = bound(supplied, 10e18, 1000e18);
        borrowed = bound(borrowed, 1e18, supplied * 3 / 4);
        _supply(lender, weth, supplied);
        _supply(borrower, wbtc, 1000e18);
        _borrow(borrower, weth, borrowed);
        skip(bound(time, 1 days, 1000 days));
        if (treasury) _supply(lender, weth, 1e18);
        uint256 used = _adapter.stateOf(address(weth)).supplied;
        // The next whole token, and some; what is left of it fits, and a unit more doesn't.
        uint256 cap = used / 1e18 + bound(room, 1, 10);
        configurator.setSupplyCap(address(weth), cap);
        uint256 left = cap * 1e18 - used;
        weth.mint(address(this), left + 1);
        weth.approve(address(pool), left + 1);
        vm.expectRevert(bytes("51"));
        pool.supply(address(weth), left + 1, address(this), 0);
        pool.supply(address(weth), left, address(this), 0);
    }

    /// @dev The same of what is borrowed.
    function testFuzz_BorrowedIsWhatTheCapLimits(uint256 borrowed, uint256 time) public {
        borrowed = bound(borrowed, 1e18, 400e18);
        _supply(lender, weth, 1000e18);
        _supply(borrower, wbtc, 1000e18);
        _borrow(borrower, weth, borrowed);
        skip(bound(time, 1 days, 300 days));
        uint256 used = _adapter.stateOf(address(weth)).borrowed;
        configurator.setBorrowCap(address(weth), used / 1e18 + 1);
        uint256 left = (used / 1e18 + 1) * 1e18 - used;
        vm.prank(borrower);
        vm.expectRevert(bytes("50"));
        pool.borrow(address(weth), left + 1, 2, 0, borrower);
        _borrow(borrower, weth, left);
    }

    // ------------------------------------------------------------------------------------- pushing

    function test_MovesRatios() public {
        uint256[RISK_PARAMETERS] memory values;
        (values[1], values[2], values[3]) = (0.73e18, 0.79e18, 1.06e18);
        _adapter.push(address(weth), 0x0e, values);
        assertEq(abi.encode(_ratiosOf(weth)), abi.encode([uint256(7300), 7900, 10_600]));
        // One of them, and the rest stays.
        _push(weth, RiskParameter.LiquidationThreshold, 0.785e18);
        assertEq(abi.encode(_ratiosOf(weth)), abi.encode([uint256(7300), 7850, 10_600]));
        _push(weth, RiskParameter.LoanToValue, 0.72e18);
        _push(weth, RiskParameter.LiquidationBonus, 1.065e18);
        vm.snapshotGasLastCall("AaveRiskAdapter", "push a ratio");
        assertEq(abi.encode(_ratiosOf(weth)), abi.encode([uint256(7200), 7850, 10_650]));
    }

    function test_MovesCapsInWholeTokens() public {
        uint256[RISK_PARAMETERS] memory values;
        (values[4], values[5]) = (800_000e18, 400_000e18);
        _adapter.push(address(weth), 0x30, values);
        vm.snapshotGasLastCall("AaveRiskAdapter", "push two caps");
        uint256 data = pool.getConfiguration(address(weth));
        assertEq(data.supplyCap(), 800_000);
        assertEq(data.borrowCap(), 400_000);
        // Six decimals; from no cap to one, and back to none, if governance's limits let it.
        _push(usdc, RiskParameter.SupplyCap, 5_000_000e6);
        assertEq(pool.getConfiguration(address(usdc)).supplyCap(), 5_000_000);
        assertEq(pool.getConfiguration(address(usdc)).borrowCap(), 0);
        _push(usdc, RiskParameter.SupplyCap, NO_CAP);
        assertEq(pool.getConfiguration(address(usdc)).supplyCap(), 0);
        assertEq(_valueOf(usdc, RiskParameter.SupplyCap), NO_CAP);
    }

    /// @dev All of it together, and what Aave's users then can do.
    function test_WhatMovedHolds() public {
        _supply(lender, usdc, 1_000_000e6);
        _supply(borrower, weth, 10e18);
        uint256[RISK_PARAMETERS] memory values;
        (values[1], values[2], values[3]) = (0.5e18, 0.6e18, 1.1e18);
        (values[4], values[5]) = (11e18, 1e18);
        _adapter.push(address(weth), 0x3e, values);
        vm.snapshotGasLastCall("AaveRiskAdapter", "push everything");
        vm.prank(borrower);
        vm.expectRevert(bytes("36"));
        pool.borrow(address(usdc), 10_001e6, 2, 0, borrower);
        _borrow(borrower, usdc, 10_000e6);
        (,,,, uint256 ltv, uint256 health) = pool.getUserAccountData(borrower);
        assertEq(ltv, 5000);
        assertApproxEqRel(health, 1.2e18, 1e12);
        weth.mint(lender, 2e18);
        vm.startPrank(lender);
        weth.approve(address(pool), 2e18);
        vm.expectRevert(bytes("51"));
        pool.supply(address(weth), 1.1e18, lender, 0);
        pool.supply(address(weth), 1e18, lender, 0);
        vm.stopPrank();
    }

    /// @dev Whatever is pushed is what is then read, or it isn't taken; nothing else moves.
    function testFuzz_ReadsWhatItWrote(uint8 mask, uint256[RISK_PARAMETERS] calldata seeds) public {
        uint256[RISK_PARAMETERS] memory values;
        mask = uint8(bound(mask, 1, 31)) << 1;
        values[1] = bound(seeds[1], 0, 8500) * 1e14;
        values[2] = bound(seeds[2], 0, 10_100) * 1e14;
        values[3] = bound(seeds[3], 9900, 13_000) * 1e14;
        values[4] = bound(seeds[4], 0, 2 ** 36) * 1e18;
        values[5] = bound(seeds[5], 0, 2 ** 36) * 1e18;
        MarketState memory before = _adapter.stateOf(address(weth));
        uint256 data = pool.getConfiguration(address(weth));
        try _adapter.push(address(weth), mask, values) {
            MarketState memory state = _adapter.stateOf(address(weth));
            for (uint256 i = 0; i < RISK_PARAMETERS; ++i) {
                assertEq(state.values[i], (mask >> i) & 1 == 0 ? before.values[i] : values[i]);
            }
            // Nothing but the five.
            uint256 five = (uint256(type(uint72).max) << 80) | type(uint48).max;
            assertEq(pool.getConfiguration(address(weth)) & ~five, data & ~five);
        } catch {
            assertEq(pool.getConfiguration(address(weth)), data);
        }
    }

    /// @dev The rounding of Aave's own check is the rules': what one takes the other does, too.
    function testFuzz_RulesRoundAsAave(uint256 threshold, uint256 bonus) public {
        threshold = bound(threshold, 7500, 10_000);
        bonus = bound(bonus, 10_000, 13_500);
        uint256[RISK_PARAMETERS] memory values;
        (values[1], values[2], values[3]) = (0.75e18, threshold * 1e14, bonus * 1e14);
        bool lawful = true;
        try this.checkRules(values) { }
        catch {
            lawful = false;
        }
        if (!lawful) vm.expectRevert(bytes("20"));
        _adapter.push(address(weth), 0x0e, values);
    }

    function checkRules(uint256[RISK_PARAMETERS] calldata values) external view {
        MarketState memory state = _adapter.stateOf(address(weth));
        RiskLimits.checkRules(state.supported, values, state.ratioUnit);
    }

    /// @dev For example: 93.00 % times 107.53 % is 100.0029 %, which Aave rounds to the whole.
    function test_TakesWhatAaveRoundsToTheWhole() public {
        uint256[RISK_PARAMETERS] memory values;
        (values[1], values[2], values[3]) = (0.75e18, 0.93e18, 1.0753e18);
        _adapter.push(address(weth), 0x0e, values);
        assertEq(_ratiosOf(weth)[2], 10_753);
    }

    // ------------------------------------------------------------------------------------ refusals

    function test_RevertWhen_NotListed() public {
        MockToken other = new MockToken();
        bytes memory reason = abi.encodeWithSelector(AaveMarkets.NotListed.selector, other);
        vm.expectRevert(reason);
        _adapter.stateOf(address(other));
        _pushFails(other, RiskParameter.SupplyCap, 1e18, reason);
        configurator.setReserveActive(address(usdc), false);
        _pushFails(
            usdc, RiskParameter.SupplyCap, 1e6, abi.encodeWithSelector(AaveMarkets.NotListed.selector, address(usdc))
        );
    }

    function test_RevertWhen_ReserveFrozen() public {
        configurator.setReserveFreeze(address(weth), true);
        bytes memory reason = abi.encodeWithSelector(AaveMarkets.ReserveFrozen.selector, weth);
        vm.expectRevert(reason);
        _adapter.stateOf(address(weth));
        _pushFails(weth, RiskParameter.SupplyCap, 1e18, reason);
        _pushFails(weth, RiskParameter.LoanToValue, 0.5e18, reason);
    }

    function test_RevertWhen_ReservePaused() public {
        configurator.setReservePause(address(weth), true);
        bytes memory reason = abi.encodeWithSelector(AaveMarkets.ReservePaused.selector, weth);
        vm.expectRevert(reason);
        _adapter.stateOf(address(weth));
        _pushFails(weth, RiskParameter.BorrowCap, 1e18, reason);
    }

    /// @dev Governance ended a collateral by a loan-to-value of zero; its caps can still move.
    function test_RevertWhen_CollateralDisabled() public {
        configurator.configureReserveAsCollateral(address(weth), 0, 8000, 10_500);
        bytes memory reason = abi.encodeWithSelector(AaveMarkets.CollateralDisabled.selector, weth);
        assertEq(_adapter.stateOf(address(weth)).supported, 0x30);
        for (uint256 i = 1; i < 4; ++i) {
            _pushFails(weth, RiskParameter(i), 0.75e18, reason);
        }
        _push(weth, RiskParameter.SupplyCap, 7e18);
        assertEq(_valueOf(weth, RiskParameter.SupplyCap), 7e18);
    }

    /// @dev A model that says "none at all" would otherwise have lifted the cap.
    function test_RevertWhen_ZeroRefused() public {
        RiskParameter[3] memory parameters =
            [RiskParameter.LoanToValue, RiskParameter.SupplyCap, RiskParameter.BorrowCap];
        for (uint256 i = 0; i < 3; ++i) {
            _pushFails(weth, parameters[i], 0, abi.encodeWithSelector(AaveMarkets.ZeroRefused.selector, parameters[i]));
        }
        assertEq(pool.getConfiguration(address(weth)).supplyCap(), 1_000_000);
    }

    function test_RevertWhen_NotRepresentable() public {
        _pushFails(
            weth,
            RiskParameter.SupplyCap,
            1e18 + 1,
            abi.encodeWithSelector(AaveMarkets.NotRepresentable.selector, RiskParameter.SupplyCap, 1e18 + 1)
        );
        _pushFails(
            weth,
            RiskParameter.LoanToValue,
            0.7e18 + 1,
            abi.encodeWithSelector(AaveMarkets.NotRepresentable.selector, RiskParameter.LoanToValue, 0.7e18 + 1)
        );
        // What Aave itself has no room for.
        _pushFails(weth, RiskParameter.SupplyCap, (2 ** 36) * 1e18, bytes("69"));
        _pushFails(weth, RiskParameter.BorrowCap, (2 ** 36) * 1e18, bytes("68"));
    }

    function test_RevertWhen_ParameterUnknown() public {
        uint256[RISK_PARAMETERS] memory values;
        uint8[3] memory masks = [0x01, 0x40, 0x81];
        for (uint256 i = 0; i < 3; ++i) {
            vm.expectRevert(abi.encodeWithSelector(AaveMarkets.ParameterUnknown.selector, masks[i]));
            _adapter.push(address(weth), masks[i], values);
        }
    }

    /// @dev Before 3.2 Aave checks that a category is above its reserves only when the category is
    /// set; the adapter does when a reserve is.
    function test_RevertWhen_NotBelowEMode() public {
        configurator.setEModeCategory(1, 8200, 8500, 10_300, address(0), "ether");
        configurator.setAssetEModeCategory(address(weth), 1);
        bytes memory reason = abi.encodeWithSelector(AaveMarkets.NotBelowEMode.selector, weth, 1);
        _pushFails(weth, RiskParameter.LiquidationThreshold, 0.85e18, reason);
        _push(weth, RiskParameter.LiquidationThreshold, 0.8499e18);
        _pushFails(weth, RiskParameter.LoanToValue, 0.82e18, reason);
        _push(weth, RiskParameter.LoanToValue, 0.8199e18);
        // The bonus has nothing to do with it.
        _push(weth, RiskParameter.LiquidationBonus, 1.06e18);
    }

    /// @dev A reserve's ratios don't reach who is in eMode.
    function test_EModePositionsAreNotTouched() public {
        configurator.setEModeCategory(1, 9000, 9300, 10_300, address(0), "ether");
        configurator.setAssetEModeCategory(address(weth), 1);
        configurator.setAssetEModeCategory(address(usdc), 1);
        _supply(lender, usdc, 1_000_000e6);
        _supply(borrower, weth, 10e18);
        vm.prank(borrower);
        pool.setUserEMode(1);
        _borrow(borrower, usdc, 17_000e6);
        (,,,,, uint256 before) = pool.getUserAccountData(borrower);
        uint256[RISK_PARAMETERS] memory values;
        (values[1], values[2]) = (0.3e18, 0.4e18);
        _adapter.push(address(weth), 0x06, values);
        (,,,,, uint256 health) = pool.getUserAccountData(borrower);
        assertEq(health, before);
    }

    function test_RevertWhen_NotUpdater() public {
        uint256[RISK_PARAMETERS] memory values;
        vm.expectEmit(address(_adapter));
        emit RiskAdapter.UpdaterChanged(address(7));
        _adapter.setUpdater(address(7));
        vm.expectRevert(abi.encodeWithSelector(RiskAdapter.NotUpdater.selector, address(this)));
        _adapter.push(address(weth), 0x10, values);
        vm.prank(address(2));
        vm.expectRevert(abi.encodeWithSelector(Ownable.OwnableUnauthorizedAccount.selector, address(2)));
        _adapter.setUpdater(address(2));
    }

    function test_RevertWhen_NotAContract() public {
        vm.expectRevert(abi.encodeWithSelector(RiskAdapter.NotAContract.selector, address(3)));
        new AaveRiskAdapter(IAaveAddressesProvider(address(3)), address(this));
    }

    /// @dev The role is Aave's to take back; until then nobody else can use it.
    function test_RevertWhen_RoleIsGone() public {
        acl.removeRiskAdmin(address(_adapter));
        _pushFails(weth, RiskParameter.SupplyCap, 7e18, bytes("4"));
    }

    // ------------------------------------------------------------------------------- 3.1 and later

    /// @dev What is set of a frozen reserve would take effect when it is thawed, by whomever: so
    /// nothing is.
    function test_PendingLoanToValueIsLeftAlone() public {
        _upgradeConfigurator();
        configurator.setReserveFreeze(address(weth), true);
        bytes memory reason = abi.encodeWithSelector(AaveMarkets.ReserveFrozen.selector, weth);
        _pushFails(weth, RiskParameter.LoanToValue, 0.7e18, reason);
        configurator.setReserveFreeze(address(weth), false);
        assertEq(_ratiosOf(weth)[0], 7500);
        _push(weth, RiskParameter.LoanToValue, 0.7e18);
        assertEq(_ratiosOf(weth)[0], 7000);
    }

    function test_MovesEverythingOnLaterVersions() public {
        _upgradeConfigurator();
        uint256[RISK_PARAMETERS] memory values;
        (values[1], values[2], values[3]) = (0.7e18, 0.78e18, 1.07e18);
        (values[4], values[5]) = (9e18, 8e18);
        _adapter.push(address(weth), 0x3e, values);
        MarketState memory state = _adapter.stateOf(address(weth));
        for (uint256 i = 1; i < RISK_PARAMETERS; ++i) {
            assertEq(state.values[i], values[i]);
        }
    }
}
