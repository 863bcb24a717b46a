// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity ^0.8.24;

import { Math } from "@openzeppelin/contracts/utils/math/Math.sol";

import { IRiskParameterUpdater } from "./IRiskParameterUpdater.sol";
import { MarketState, RISK_PARAMETERS, RiskLimit, RiskParameter, RiskRule } from "./RiskTypes.sol";

/// @title Where a parameter may go
library RiskLimits {
    uint256 private constant _ONE = 1e18;

    /// @notice The value that a limit allows in place of a model's.
    /// @return Not less than the limit's minimum and not more than its maximum.
    function bounded(RiskLimit memory limit, RiskParameter parameter, int256 value) internal pure returns (uint128) {
        if (value >= int256(uint256(limit.minimum)) && value <= int256(uint256(limit.maximum))) {
            // Between two numbers of 128 bits.
            // forge-lint: disable-next-line(unsafe-typecast)
            return uint128(uint256(value));
        }
        if (!limit.clamped) revert IRiskParameterUpdater.OutOfBounds(parameter, value);
        return value < int256(uint256(limit.minimum)) ? limit.minimum : limit.maximum;
    }

    /// @notice How far one update may move a parameter from its live value.
    function reach(RiskLimit memory limit, uint256 live) internal pure returns (uint256) {
        return limit.relative ? Math.mulDiv(live, limit.maximumChange, _ONE) : limit.maximumChange;
    }

    /// @notice The value to push: `target`, or on the way to it, and `live` if the way is shorter
    /// than the granularity.
    function step(RiskLimit memory limit, RiskParameter parameter, uint256 live, uint256 target)
        internal
        pure
        returns (uint256 value)
    {
        uint256 most = reach(limit, live);
        bool up = target > live;
        uint256 change = up ? target - live : live - target;
        if (change > most) {
            if (!limit.clamped) revert IRiskParameterUpdater.ChangeTooLarge(parameter, live, target, most);
            change = most;
        }
        value = up ? live + change : live - change;
        uint256 rest = value % limit.granularity;
        if (rest != 0) value = up ? value - rest : value + (limit.granularity - rest);
        // The multiple towards the live value can be on its other side.
        if (up ? value < live : value > live) return live;
    }

    /// @notice Reverts unless a market's parameters make sense together, as the protocol rounds.
    function checkRules(uint8 supported, uint256[RISK_PARAMETERS] memory values, uint256 ratioUnit) internal pure {
        uint256 loanToValue = _value(supported, values, RiskParameter.LoanToValue);
        uint256 collateralFactor = _value(supported, values, RiskParameter.CollateralFactor);
        // Protocols without a threshold liquidate at the collateral factor, those with neither at
        // the loan-to-value.
        uint256 threshold = has(supported, RiskParameter.LiquidationThreshold)
            ? values[uint256(RiskParameter.LiquidationThreshold)]
            : has(supported, RiskParameter.CollateralFactor) ? collateralFactor : loanToValue;
        _require(loanToValue <= _ONE, RiskRule.LoanToValueAtMostWhole);
        _require(collateralFactor <= _ONE, RiskRule.CollateralFactorAtMostWhole);
        _require(threshold <= _ONE, RiskRule.ThresholdAtMostWhole);
        _require(loanToValue <= threshold, RiskRule.LoanToValueAtMostThreshold);
        _require(collateralFactor <= threshold, RiskRule.CollateralFactorAtMostThreshold);
        // Where nothing is collateral there is no bonus.
        if (!has(supported, RiskParameter.LiquidationBonus) || threshold == 0) return;
        uint256 bonus = _value(supported, values, RiskParameter.LiquidationBonus);
        _require(bonus > _ONE, RiskRule.BonusAboveWhole);
        // A product that is rounded to the whole is less than half a unit above it.
        uint256 most = _ONE * _ONE + (ratioUnit == 0 ? 0 : _ONE * ratioUnit / 2 - 1);
        _require(bonus <= most / threshold, RiskRule.ThresholdTimesBonusAtMostWhole);
    }

    /// @notice Reverts if a cap is lowered below what is supplied or borrowed already.
    function checkUsage(RiskLimit memory limit, RiskParameter parameter, MarketState memory state, uint256 value)
        internal
        pure
    {
        if (parameter < RiskParameter.SupplyCap || limit.belowUsage) return;
        uint256 usage = parameter == RiskParameter.SupplyCap ? state.supplied : state.borrowed;
        // Raising one that is too low already makes things better.
        if (value < usage && value < state.values[uint256(parameter)]) {
            revert IRiskParameterUpdater.CapBelowUsage(parameter, usage, value);
        }
    }

    /// @notice The parameters of a mask that the rules are about.
    function ratios(uint256 mask) internal pure returns (uint256) {
        return mask & (bit(RiskParameter.SupplyCap) - 1);
    }

    /// @notice Whether a mask has a parameter.
    function has(uint256 mask, RiskParameter parameter) internal pure returns (bool) {
        return (mask >> uint256(parameter)) & 1 != 0;
    }

    /// @notice A parameter's bit in a mask.
    function bit(RiskParameter parameter) internal pure returns (uint8) {
        // forge-lint: disable-next-line(incorrect-shift, unsafe-typecast)
        return uint8(1 << uint256(parameter));
    }

    function _value(uint8 supported, uint256[RISK_PARAMETERS] memory values, RiskParameter parameter)
        private
        pure
        returns (uint256)
    {
        return has(supported, parameter) ? values[uint256(parameter)] : 0;
    }

    function _require(bool holds, RiskRule rule) private pure {
        if (!holds) revert IRiskParameterUpdater.RuleBroken(rule);
    }
}
