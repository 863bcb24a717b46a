// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity 0.8.37;

import { Test } from "forge-std/Test.sol";

import { Band, MoveBand, MoveLimit } from "../../src/consumers/oracle/MoveBand.sol";
import { RiskLimits } from "../../src/consumers/risk/RiskLimits.sol";
import { RiskLimit, RiskParameter } from "../../src/consumers/risk/RiskTypes.sol";

/// @dev What `scripts/simulate_economics.py --points` prints, of the contracts themselves: so that its
/// tables are of their rules.
contract EconomicsTest is Test {
    using MoveBand for Band;
    using RiskLimits for RiskLimit;

    uint256 private constant BLOCK = 12;

    /// @dev The farthest that whoever has the quorum comes, a block at a time, without a confirmation.
    function _greedy(int96 start, uint256 bps, uint256 maxMove, uint256 window, uint256 time, bool up)
        private
        pure
        returns (int96 latest)
    {
        MoveLimit memory limit = MoveLimit(maxMove, bps, window);
        Band band = MoveBand.only(start);
        latest = start;
        for (uint256 now_ = 0; now_ <= time; now_ += BLOCK) {
            if (now_ != 0) band = band.relaxed(latest, BLOCK, limit);
            (int256 least, int256 greatest) = band.range(limit);
            latest = int96(up ? greatest : least);
            band = band.holding(latest);
        }
    }

    function test_GreedyFeedsAreAsSimulated() public pure {
        assertEq(_greedy(2000e8, 1000, 0, 3600, 0, true), 220_000_000_000);
        assertEq(_greedy(2000e8, 1000, 0, 3600, 0, false), 180_000_000_000);
        assertEq(_greedy(2000e8, 1000, 0, 3600, 3600, true), 243_133_550_617);
        assertEq(_greedy(2000e8, 1000, 0, 3600, 3600, false), 162_868_020_154);
        assertEq(_greedy(2000e8, 50, 0, 3600, 7200, true), 203_020_066_665);
        assertEq(_greedy(2000e8, 50, 0, 3600, 7200, false), 197_019_900_498);
        assertEq(_greedy(1e8, 300, 2_000_000, 1800, 1200, true), 105_080_527);
        assertEq(_greedy(1e8, 300, 2_000_000, 1800, 1200, false), 95_079_082);
    }

    function _step(uint256 live, uint256 target, uint128 most, uint128 unit) private pure returns (uint256) {
        RiskLimit memory limit = RiskLimit(most, 1, false, true, false, 0, type(uint128).max, unit);
        return limit.step(RiskParameter.LiquidationThreshold, live, target);
    }

    function test_StepsAreAsSimulated() public pure {
        assertEq(_step(8000, 7000, 150, 100), 7900);
        assertEq(_step(8000, 9000, 199, 7), 8197);
        assertEq(_step(8001, 7999, 50, 100), 8000);
        assertEq(_step(5, 500, 3, 1), 8);
    }
}
