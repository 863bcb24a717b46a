// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity 0.8.37;

import { Test } from "forge-std/Test.sol";

import { IRiskParameterUpdater } from "../../../src/consumers/risk/IRiskParameterUpdater.sol";
import { RiskLimits } from "../../../src/consumers/risk/RiskLimits.sol";
import {
    MarketState,
    RISK_PARAMETERS,
    RiskLimit,
    RiskParameter,
    RiskRule
} from "../../../src/consumers/risk/RiskTypes.sol";

/// @dev The arithmetic of limits, for all numbers.
contract RiskLimitsTest is Test {
    using RiskLimits for RiskLimit;

    RiskParameter private constant P = RiskParameter.LiquidationThreshold;

    function _limit(RiskLimit memory limit) private pure returns (RiskLimit memory) {
        if (limit.granularity == 0) limit.granularity = 1;
        if (limit.relative) limit.maximumChange %= 1e18 + 1;
        if (limit.minimum > limit.maximum) (limit.minimum, limit.maximum) = (limit.maximum, limit.minimum);
        return limit;
    }

    // As external functions, so that reverts can be caught.

    function step(RiskLimit memory limit, uint256 live, uint256 target) external pure returns (uint256) {
        return limit.step(P, live, target);
    }

    function bounded(RiskLimit memory limit, int256 value) external pure returns (uint256) {
        return limit.bounded(P, value);
    }

    function rules(uint8 supported, uint256[RISK_PARAMETERS] memory values) external pure {
        RiskLimits.checkRules(supported, values, 0);
    }

    function roundedRules(uint8 supported, uint256[RISK_PARAMETERS] memory values, uint256 unit) external pure {
        RiskLimits.checkRules(supported, values, unit);
    }

    function usage(RiskLimit memory limit, RiskParameter parameter, MarketState memory state, uint256 value)
        external
        pure
    {
        limit.checkUsage(parameter, state, value);
    }

    /// @dev A step goes towards the target, not past it, no farther than the limit, and to a
    /// multiple of the granularity.
    function testFuzz_Step(RiskLimit memory limit, uint128 live, uint128 target) public view {
        limit = _limit(limit);
        uint256 most = limit.relative ? uint256(live) * limit.maximumChange / 1e18 : limit.maximumChange;
        uint256 distance = target > live ? target - live : live - target;
        try this.step(limit, live, target) returns (uint256 value) {
            assertTrue(limit.clamped || distance <= most);
            assertLe(value > live ? value - live : live - value, most);
            assertTrue(target > live ? value >= live && value <= target : value <= live && value >= target);
            assertTrue(value == live || value % limit.granularity == 0);
        } catch (bytes memory reason) {
            assertFalse(limit.clamped);
            assertGt(distance, most);
            assertEq(
                reason, abi.encodeWithSelector(IRiskParameterUpdater.ChangeTooLarge.selector, P, live, target, most)
            );
        }
    }

    /// @dev Half the maximum is not nothing: a limit is used as far as the granularity allows.
    function testFuzz_StepIsNotTooShort(uint128 live, uint128 target, uint64 change, uint32 granularity) public pure {
        granularity = uint32(bound(granularity, 1, type(uint32).max));
        RiskLimit memory limit = RiskLimit(change, 0, false, true, false, 0, type(uint128).max, granularity);
        uint256 distance = target > live ? target - live : live - target;
        uint256 wanted = distance < change ? distance : change;
        uint256 value = limit.step(P, live, target);
        uint256 moved = value > live ? value - live : live - value;
        assertGt(moved + granularity, wanted);
    }

    function testFuzz_Bounded(RiskLimit memory limit, int256 value) public view {
        limit = _limit(limit);
        bool inside = value >= int256(uint256(limit.minimum)) && value <= int256(uint256(limit.maximum));
        if (!inside && !limit.clamped) {
            try this.bounded(limit, value) {
                revert("not refused");
            } catch (bytes memory reason) {
                assertEq(reason, abi.encodeWithSelector(IRiskParameterUpdater.OutOfBounds.selector, P, value));
            }
            return;
        }
        uint256 result = this.bounded(limit, value);
        assertGe(result, limit.minimum);
        assertLe(result, limit.maximum);
        if (inside) assertEq(int256(result), value);
    }

    /// @dev The ends of the range belong to it.
    function test_BoundsAreInclusive() public {
        RiskLimit memory limit = RiskLimit(1, 1, false, false, false, 100, 200, 1);
        assertEq(this.bounded(limit, 100), 100);
        assertEq(this.bounded(limit, 200), 200);
        int256[2] memory outside = [int256(99), 201];
        for (uint256 i = 0; i < 2; ++i) {
            vm.expectRevert(abi.encodeWithSelector(IRiskParameterUpdater.OutOfBounds.selector, P, outside[i]));
            this.bounded(limit, outside[i]);
        }
    }

    // --------------------------------------------------------------------------------------- rules

    function _values(uint256 factor, uint256 ltv, uint256 threshold, uint256 bonus)
        private
        pure
        returns (uint256[RISK_PARAMETERS] memory values)
    {
        (values[0], values[1], values[2], values[3]) = (factor, ltv, threshold, bonus);
    }

    function _broken(uint8 supported, uint256[RISK_PARAMETERS] memory values, RiskRule rule) private {
        vm.expectRevert(abi.encodeWithSelector(IRiskParameterUpdater.RuleBroken.selector, rule));
        this.rules(supported, values);
    }

    function test_Rules() public view {
        this.rules(0x3f, _values(0.8e18, 0.8e18, 0.8e18, 1.25e18));
        // What a market doesn't have breaks nothing.
        this.rules(0, _values(9e18, 9e18, 9e18, 9e18));
        // Nothing is collateral.
        this.rules(0x0e, _values(0, 0, 0, 0));
        // Liquidation at the collateral factor, or at the loan-to-value.
        this.rules(0x09, _values(0.8e18, 0, 0, 1.25e18));
        this.rules(0x0b, _values(0.8e18, 0.8e18, 0, 1.25e18));
        this.rules(0x0a, _values(0, 0.8e18, 0, 1.25e18));
    }

    /// @dev Aave's `percentMul`: in basis points, halves up. 93.00 % × 107.53 % is the whole there.
    function testFuzz_RulesRoundAsTheProtocolDoes(uint16 threshold, uint16 bonus) public {
        (threshold, bonus) = (uint16(bound(threshold, 1, 10_000)), uint16(bound(bonus, 10_001, 20_000)));
        uint256[RISK_PARAMETERS] memory values = _values(0, 0, uint256(threshold) * 1e14, uint256(bonus) * 1e14);
        bool legal = (uint256(threshold) * bonus + 5000) / 10_000 <= 10_000;
        bytes memory reason = abi.encodeWithSelector(
            IRiskParameterUpdater.RuleBroken.selector, RiskRule.ThresholdTimesBonusAtMostWhole
        );
        if (!legal) vm.expectRevert(reason);
        this.roundedRules(0x0e, values, 1e14);
        if (uint256(threshold) * bonus > 1e8) vm.expectRevert(reason);
        this.rules(0x0e, values);
    }

    function test_AavesOwnExample() public {
        uint256[RISK_PARAMETERS] memory values = _values(0, 0, 0.93e18, 1.0753e18);
        this.roundedRules(0x0e, values, 1e14);
        _broken(0x0e, values, RiskRule.ThresholdTimesBonusAtMostWhole);
        // A protocol that counts ever finer is ever stricter.
        values[3] = 1.07527e18;
        vm.expectPartialRevert(IRiskParameterUpdater.RuleBroken.selector);
        this.roundedRules(0x0e, values, 1);
    }

    function test_RevertWhen_RuleBroken() public {
        _broken(0x0e, _values(0, 0.8e18 + 1, 0.8e18, 1.05e18), RiskRule.LoanToValueAtMostThreshold);
        _broken(0x0f, _values(0.8e18 + 1, 0.8e18, 0.8e18, 1.05e18), RiskRule.CollateralFactorAtMostThreshold);
        _broken(0x06, _values(0, 0, 1e18 + 1, 0), RiskRule.ThresholdAtMostWhole);
        _broken(0x02, _values(0, 1e18 + 1, 0, 0), RiskRule.LoanToValueAtMostWhole);
        _broken(0x01, _values(1e18 + 1, 0, 0, 0), RiskRule.CollateralFactorAtMostWhole);
        _broken(0x0e, _values(0, 0, 0.8e18, 1e18), RiskRule.BonusAboveWhole);
        _broken(0x0e, _values(0, 0, 0.8e18, 1.25e18 + 1), RiskRule.ThresholdTimesBonusAtMostWhole);
        _broken(0x09, _values(0.8e18, 0, 0, 1.25e18 + 1), RiskRule.ThresholdTimesBonusAtMostWhole);
        _broken(0x09, _values(0.8e18, 0, 0, type(uint256).max), RiskRule.ThresholdTimesBonusAtMostWhole);
        // Without a threshold: loans above what is liquidated.
        _broken(0x0b, _values(0.7e18, 0.7e18 + 1, 0, 1.05e18), RiskRule.LoanToValueAtMostThreshold);
        // With the loan-to-value alone.
        _broken(0x0a, _values(0, 0.8e18, 0, 1e18), RiskRule.BonusAboveWhole);
        _broken(0x0a, _values(0, 0.8e18, 0, 1.25e18 + 1), RiskRule.ThresholdTimesBonusAtMostWhole);
    }

    /// @dev What passes keeps a position that has just become liquidatable able to pay for its
    /// liquidation.
    function testFuzz_RulesKeepLiquidationsSolvent(uint64 ltv, uint64 threshold, uint64 bonus) public view {
        try this.rules(0x0e, _values(0, ltv, threshold, bonus)) {
            assertLe(ltv, threshold);
            assertLe(uint256(threshold) * bonus, 1e36);
            if (threshold != 0) assertGt(bonus, 1e18);
        } catch (bytes memory reason) {
            assertEq(bytes4(reason), IRiskParameterUpdater.RuleBroken.selector);
        }
    }

    // --------------------------------------------------------------------------------------- usage

    /// @dev A cap can be lowered to what is in use, and one that is too low already can be raised
    /// by less than it lacks.
    function test_UsageAtItsLimits() public view {
        RiskLimit memory limit;
        MarketState memory state;
        (state.values[uint256(RiskParameter.SupplyCap)], state.supplied) = (1000, 900);
        this.usage(limit, RiskParameter.SupplyCap, state, 900);
        (state.values[uint256(RiskParameter.BorrowCap)], state.borrowed) = (500, 900);
        this.usage(limit, RiskParameter.BorrowCap, state, 600);
    }

    function testFuzz_Usage(uint128 live, uint128 used, uint128 value, bool supply, bool belowUsage) public view {
        RiskLimit memory limit;
        limit.belowUsage = belowUsage;
        MarketState memory state;
        RiskParameter parameter = supply ? RiskParameter.SupplyCap : RiskParameter.BorrowCap;
        state.values[uint256(parameter)] = live;
        if (supply) state.supplied = used;
        else state.borrowed = used;
        bool bad = !belowUsage && value < used && value < live;
        try this.usage(limit, parameter, state, value) {
            assertFalse(bad);
        } catch (bytes memory reason) {
            assertTrue(bad);
            assertEq(
                reason, abi.encodeWithSelector(IRiskParameterUpdater.CapBelowUsage.selector, parameter, used, value)
            );
        }
        // A ratio has no usage.
        this.usage(limit, RiskParameter.LiquidationBonus, state, 0);
    }
}
