// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity ^0.8.24;

import { PublicValues } from "../../libraries/PublicValues.sol";
import { OutputSchema, Packing } from "../../types/Schemas.sol";

/// @notice A point of the curve.
/// @param score An integer as the model outputs it.
/// @param amount What such a score gets, in the token's smallest units.
struct CurvePoint {
    int32 score;
    uint128 amount;
}

/// @title From scores to amounts
/// @notice Piecewise linear through a table of points: nothing below the first point, the last
/// point's amount from the last point on, and in between
///
/// ```
/// amount_i + floor((score − score_i)·(amount_{i+1} − amount_i) / (score_{i+1} − score_i))
/// ```
///
/// Scores increase strictly and amounts never decrease, so a higher score never gets less, and
/// nobody gets more than the last amount.
/// @dev A curve is an array of words `(score + offset)·2^128 + amount`, where `offset` is the
/// packing's: so it is looked up with a packed value as it stands, and a word's order is that of
/// its score.
library AllocationCurve {
    /// @notice A curve has 1 to `maximum` points.
    error WrongPointCount(uint256 maximum, uint256 actual);

    /// @notice The model has no such score.
    error ScoreOutOfRange(uint256 index, int256 score);

    /// @notice The score of point `index` is not above that of the point before.
    error ScoresNotIncreasing(uint256 index);

    /// @notice The amount of point `index` is below that of the point before.
    error AmountsDecreasing(uint256 index);

    /// @notice The curve gives nothing to anybody.
    error NothingToAllocate();

    /// @notice More points than anyone needs; each costs gas in every claim.
    uint256 internal constant MAXIMUM_POINTS = 32;

    uint256 private constant _AMOUNT_BITS = 128;
    uint256 private constant _AMOUNT_MASK = type(uint128).max;

    /// @notice Checks a table and puts it into words.
    function encode(CurvePoint[] memory points, Packing packing) internal pure returns (uint256[] memory curve) {
        uint256 count = points.length;
        if (count == 0 || count > MAXIMUM_POINTS) revert WrongPointCount(MAXIMUM_POINTS, count);
        int256 offset = PublicValues.offsetOf(packing);
        int256 end = int256(1 << PublicValues.bitsOf(packing)) - offset;
        curve = new uint256[](count);
        for (uint256 i = 0; i < count; ++i) {
            (int256 score, uint256 amount) = (points[i].score, points[i].amount);
            if (score < -offset || score >= end) revert ScoreOutOfRange(i, score);
            if (i != 0) {
                if (score <= points[i - 1].score) revert ScoresNotIncreasing(i);
                if (amount < points[i - 1].amount) revert AmountsDecreasing(i);
            }
            // Not negative, as was checked.
            // forge-lint: disable-next-line(unsafe-typecast)
            curve[i] = (uint256(score + offset) << _AMOUNT_BITS) | amount;
        }
        if (points[count - 1].amount == 0) revert NothingToAllocate();
    }

    /// @notice The table of a curve.
    function decode(uint256[] memory curve, Packing packing) internal pure returns (CurvePoint[] memory points) {
        int256 offset = PublicValues.offsetOf(packing);
        points = new CurvePoint[](curve.length);
        for (uint256 i = 0; i < curve.length; ++i) {
            // `encode` made them from values of these types.
            // forge-lint: disable-next-line(unsafe-typecast)
            points[i].score = int32(int256(curve[i] >> _AMOUNT_BITS) - offset);
            // forge-lint: disable-next-line(unsafe-typecast)
            points[i].amount = uint128(curve[i] & _AMOUNT_MASK);
        }
    }

    /// @notice What a packed score gets.
    /// @param value The score plus the packing's offset: less than 2^32.
    /// @dev Assembly, because a batch of a thousand asks a thousand times: in Solidity that is 150
    /// gas an account more. Nothing here reaches 2^161.
    function amountOf(uint256[] memory curve, uint256 value) internal pure returns (uint256 amount) {
        assembly ("memory-safe") {
            // The last point not above the value, if any: points are those words less than that of
            // the next score without an amount. `left` is its place, at first the one before all
            // points; one of the `size` points after it may be better.
            let limit := shl(128, add(value, 1))
            let left := curve
            for { let size := mload(curve) } size { } {
                let half := shr(1, add(size, 1))
                let probe := add(left, shl(5, half))
                if lt(mload(probe), limit) { left := probe }
                size := sub(size, half)
            }
            if gt(left, curve) {
                let mask := 0xffffffffffffffffffffffffffffffff
                let point := mload(left)
                amount := and(point, mask)
                if lt(left, add(curve, shl(5, mload(curve)))) {
                    let next := mload(add(left, 0x20))
                    let run := sub(shr(128, next), shr(128, point))
                    let rise := sub(and(next, mask), amount)
                    amount := add(amount, div(mul(sub(value, shr(128, point)), rise), run))
                }
            }
        }
    }

    /// @notice What the first `count` scores of an output get together. Its words begin at
    /// `words[start]`.
    /// @dev The loop that every account pays for when a batch is accepted, hence not by way of
    /// `PublicValues.unpack`; refuses what that refuses.
    function sumOf(
        uint256[] memory curve,
        uint256[] memory words,
        uint256 start,
        OutputSchema memory schema,
        uint256 count
    ) internal pure returns (uint256 sum) {
        uint256 each = PublicValues.perWord(schema.packing);
        uint256 bits = PublicValues.bitsOf(schema.packing);
        uint256 needed = start + PublicValues.wordCount(schema.packing, schema.count);
        if (needed > words.length) revert PublicValues.WordsMissing(needed, words.length);
        // Amounts are less than 2^128, and there are less than 2^32 of them.
        unchecked {
            uint256 mask = (1 << bits) - 1;
            uint256 left = count;
            uint256 owned = schema.count;
            for (uint256 i = start; i < needed; ++i) {
                uint256 word = words[i];
                if (word >> (bits * (owned < each ? owned : each)) != 0) revert PublicValues.StrayBits(i);
                owned -= each;
                for (uint256 j = left < each ? left : each; j != 0; --j) {
                    sum += amountOf(curve, word & mask);
                    word >>= bits;
                }
                left = left < each ? 0 : left - each;
            }
        }
    }
}
