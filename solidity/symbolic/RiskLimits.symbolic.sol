// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity 0.8.37;

import { RiskLimits } from "../src/consumers/risk/RiskLimits.sol";
import { RiskLimit, RiskParameter } from "../src/consumers/risk/RiskTypes.sol";

/// @dev One step of a risk parameter, for all live values and targets at once; of an absolute limit, for a
/// relative one takes a quotient of products that is beyond the solver (`RiskLimits.t.sol` fuzzes it).
contract RiskLimitsSymbolic {
    using RiskLimits for RiskLimit;

    function _limit(uint128 change, uint128 granularity) private pure returns (RiskLimit memory) {
        return RiskLimit(change, 1 days, false, true, false, 0, type(uint128).max, granularity);
    }

    /// @dev It is no longer than allowed, goes towards the target and not past it, and ends on a
    /// multiple, if it is one at all. The granularity is a power of two, whose remainders the solver can
    /// do without a division.
    function check_StepIsBounded(uint128 change, uint128 live, uint128 target) public pure {
        uint256 value = _limit(change, 1 << 46).step(RiskParameter.LiquidationThreshold, live, target);
        uint256 moved = value > live ? value - live : live - value;
        assert(moved <= change);
        if (target >= live) assert(live <= value && value <= target);
        if (target <= live) assert(target <= value && value <= live);
        if (value != live) assert(value & ((1 << 46) - 1) == 0);
    }

    /// @dev What a limit makes of a model's value is in its range.
    function check_BoundedIsInRange(int256 value, uint128 least, uint128 most) public pure {
        if (least > most) return;
        RiskLimit memory limit = _limit(1, 1);
        (limit.minimum, limit.maximum) = (least, most);
        uint256 found = limit.bounded(RiskParameter.LoanToValue, value);
        assert(least <= found && found <= most);
        if (value >= int256(uint256(least)) && value <= int256(uint256(most))) assert(found == uint256(value));
    }
}
