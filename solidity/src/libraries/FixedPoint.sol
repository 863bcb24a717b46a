// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity ^0.8.24;

import { Math } from "@openzeppelin/contracts/utils/math/Math.sol";
import { SafeCast } from "@openzeppelin/contracts/utils/math/SafeCast.sol";
import { SignedMath } from "@openzeppelin/contracts/utils/math/SignedMath.sol";

import { InputSchema } from "../types/Schemas.sol";

/// @title Between decimals and a model's integers
/// @notice Real numbers on chain are integers with a number of decimals:
/// `real = value / 10^decimals`.
/// @dev Exact: products are 512 bits wide, and there is one rounding, to nearest, halves away from
/// zero.
///
/// The compiler's `InputManifest::quantise` computes `(real / scale).round()` with 64-bit floats
/// and an exact `scale`; here `scaleE36 / 10^36` is within 0.5e-36 of that scale. With quotient
/// `q = real / scale`, both round a number that is within `|q|·(2⁻⁵² + 0.5e-36 / scale)` of `q`. So
/// they differ by at most one step, and only if `q` is that close to a half: within 2⁻³⁵ of one, if
/// `|q|` is below 2^16 and the scale above 1e-20. None of this can make a proof fail: a proof is
/// about the integers that the contract packed, so the chain's rounding is the one that counts.
///
/// A real number outside of its feature's domain becomes the domain's end: the compiler clamps the
/// number, this clamps the integer to the feature's minimum and maximum, which are the integers of
/// the domain's ends. Rounding is monotonic, so both are the same. An integer that stands for a
/// missing value lies outside, and no number becomes it.
library FixedPoint {
    /// @notice Scales have 36 decimals; numbers can't have more.
    error TooManyDecimals(uint256 decimals);

    /// @notice A value without a scale is a rank among breakpoints: see `Ranks`.
    error NotAnEvenGrid();

    /// @notice There are `expected` values in the schema.
    error WrongValueCount(uint256 expected, uint256 actual);

    uint256 private constant _DECIMALS = 36;

    /// @notice The integer that stands for a real number.
    /// @param value The number, times 10^`decimals`.
    /// @param decimals At most 36.
    /// @param scaleE36 The real value of one step, times 10^36; zero of ranks, which revert.
    /// @param zeroPoint Subtracted from the rounded quotient.
    /// @param min The smallest integer; whatever is less becomes it.
    /// @param max The largest integer; whatever is greater becomes it.
    function quantise(int256 value, uint256 decimals, uint256 scaleE36, int256 zeroPoint, int256 min, int256 max)
        internal
        pure
        returns (int256)
    {
        uint256 magnitude = SignedMath.abs(value);
        uint256 factor = _power(decimals);
        (uint256 high,) = Math.mul512(magnitude, factor);
        uint256 quotient = type(uint256).max;
        if (high < scaleE36) quotient = Math.mulDiv(magnitude, factor, scaleE36);
        else if (scaleE36 == 0) revert NotAnEvenGrid();
        // Zero points have 64 bits and limits 32: from 2^128 on, the rest doesn't matter.
        if (quotient >> 128 != 0) return value < 0 ? min : max;
        uint256 remainder = mulmod(magnitude, factor, scaleE36);
        if (remainder >= scaleE36 - remainder) ++quotient;

        // forge-lint: disable-next-line(unsafe-typecast)
        int256 integer = (value < 0 ? -int256(quotient) : int256(quotient)) - zeroPoint;
        return SignedMath.max(min, SignedMath.min(max, integer));
    }

    /// @notice The integers of one item of an input.
    /// @param values Its real numbers, times 10^`decimals`.
    function quantise(int256[] memory values, uint256 decimals, InputSchema memory schema)
        internal
        pure
        returns (int256[] memory integers)
    {
        if (values.length != schema.count) revert WrongValueCount(schema.count, values.length);
        integers = new int256[](values.length);
        for (uint256 i = 0; i < values.length; ++i) {
            integers[i] = quantise(values[i], decimals, schema, i);
        }
    }

    /// @notice The integer of one value of an input.
    /// @param value The real number, times 10^`decimals`.
    /// @param index Which value; less than `schema.count`.
    function quantise(int256 value, uint256 decimals, InputSchema memory schema, uint256 index)
        internal
        pure
        returns (int256)
    {
        uint256 grid = schema.scalesE36.length == 1 ? 0 : index;
        uint256 range = schema.minima.length == 1 ? 0 : index;
        return quantise(
            value, decimals, schema.scalesE36[grid], schema.zeroPoints[grid], schema.minima[range], schema.maxima[range]
        );
    }

    /// @notice The real number that an integer stands for.
    /// @param integer As decoded from a public word.
    /// @param scaleE36 The real value of one step, times 10^36.
    /// @param decimals At most 36.
    /// @return The number, times 10^`decimals`; reverts if it doesn't fit.
    function toDecimals(int256 integer, uint256 scaleE36, uint256 decimals) internal pure returns (int256) {
        uint256 magnitude = SignedMath.abs(integer);
        uint256 divisor = _power(decimals);
        uint256 quotient = Math.mulDiv(magnitude, scaleE36, divisor);
        uint256 remainder = mulmod(magnitude, scaleE36, divisor);
        if (remainder >= divisor - remainder) ++quotient;
        int256 real = SafeCast.toInt256(quotient);
        return integer < 0 ? -real : real;
    }

    /// @dev 10^(36 − `decimals`)
    function _power(uint256 decimals) private pure returns (uint256) {
        if (decimals > _DECIMALS) revert TooManyDecimals(decimals);
        return 10 ** (_DECIMALS - decimals);
    }
}
