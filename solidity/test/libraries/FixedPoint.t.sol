// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity 0.8.37;

import { SafeCast } from "@openzeppelin/contracts/utils/math/SafeCast.sol";
import { stdError } from "forge-std/StdError.sol";
import { Test } from "forge-std/Test.sol";

import { FixedPoint } from "../../src/libraries/FixedPoint.sol";
import { InputSchema, Packing, Visibility } from "../../src/types/Schemas.sol";

contract FixedPointHarness {
    function quantise(int256 value, uint256 decimals, uint256 scaleE36, int256 zeroPoint, int256 min, int256 max)
        external
        pure
        returns (int256)
    {
        return FixedPoint.quantise(value, decimals, scaleE36, zeroPoint, min, max);
    }

    function quantise(int256[] memory values, uint256 decimals, InputSchema memory schema)
        external
        pure
        returns (int256[] memory)
    {
        return FixedPoint.quantise(values, decimals, schema);
    }

    function toDecimals(int256 integer, uint256 scaleE36, uint256 decimals) external pure returns (int256) {
        return FixedPoint.toDecimals(integer, scaleE36, decimals);
    }
}

contract FixedPointTest is Test {
    int256 private constant MIN = type(int32).min;
    int256 private constant MAX = type(int32).max;

    FixedPointHarness private _library = new FixedPointHarness();

    // ------------------------------------------------------------------------------------ quantise

    function test_RoundsHalvesAwayFromZero() public view {
        // A scale of one, one decimal.
        int8[8] memory reals = [int8(4), 5, 14, 15, -4, -5, -14, -15];
        int8[8] memory integers = [int8(0), 1, 1, 2, 0, -1, -1, -2];
        for (uint256 i = 0; i < 8; ++i) {
            assertEq(_library.quantise(reals[i], 1, 1e36, 0, MIN, MAX), integers[i]);
        }
    }

    function test_SubtractsTheZeroPointAfterRounding() public view {
        assertEq(_library.quantise(25, 1, 1e36, 10, MIN, MAX), -7);
        assertEq(_library.quantise(-25, 1, 1e36, -10, MIN, MAX), 7);
    }

    /// @dev The scale of the compiler's pixels, 1/255, as a 64-bit float would be written here.
    function test_QuantisesPixels() public view {
        uint256 scale = 3_921_568_627_450_980_392_156_862_745_098_039;
        for (uint256 i = 0; i <= 255; ++i) {
            int256 real = int256(i * 1e18 / 255);
            assertEq(_library.quantise(real, 18, scale, 0, 0, 255), int256(i));
        }
    }

    /// @dev The integer is the nearest to the quotient, and of two as near the one farther from
    /// zero.
    function testFuzz_IsTheNearest(int104 value, uint256 decimals, uint256 scale) public view {
        decimals = bound(decimals, 0, 36);
        scale = bound(scale, 1, type(uint192).max);
        int256 dividend = int256(value) * int256(10 ** (36 - decimals));
        int256 limit = 1 << 60;
        int256 integer = _library.quantise(value, decimals, scale, 0, -limit, limit);
        if (integer == limit || integer == -limit) {
            assertGe(_abs(dividend) / scale, uint256(limit) - 1);
            return;
        }
        int256 off = integer * int256(scale) - dividend;
        assertLe(2 * _abs(off), scale);
        if (2 * _abs(off) == scale) assertGt(_abs(integer * int256(scale)), _abs(dividend));
    }

    /// @dev A greater number never has a smaller integer.
    function testFuzz_IsMonotonic(int256 a, int256 b, uint256 decimals, uint192 scale, int64 zero) public view {
        decimals = bound(decimals, 0, 36);
        vm.assume(scale != 0);
        (a, b) = a < b ? (a, b) : (b, a);
        assertLe(
            _library.quantise(a, decimals, scale, zero, MIN, MAX), _library.quantise(b, decimals, scale, zero, MIN, MAX)
        );
    }

    /// @dev Every number has an integer in the range: nothing reverts.
    function testFuzz_IsTotal(int256 value, uint256 decimals, uint192 scale, int64 zero, int32 min, int32 max)
        public
        view
    {
        vm.assume(scale != 0 && min <= max);
        int256 integer = _library.quantise(value, bound(decimals, 0, 36), scale, zero, min, max);
        assertGe(integer, min);
        assertLe(integer, max);
    }

    function test_ClampsWhatIsFarOutside() public view {
        assertEq(_library.quantise(type(int256).max, 0, 1, 0, MIN, MAX), MAX);
        assertEq(_library.quantise(type(int256).min, 0, 1, 0, MIN, MAX), MIN);
        assertEq(_library.quantise(type(int256).max, 36, 1, 0, MIN, MAX), MAX);
        assertEq(_library.quantise(type(int256).min, 36, 1, 0, MIN, MAX), MIN);
        // Quotients of 257 bits that begin with the scale: 2^255·10^36 is 2^256·(10^36 / 2).
        assertEq(_library.quantise(type(int256).max, 0, 5e35 - 1, 0, MIN, MAX), MAX);
        assertEq(_library.quantise(type(int256).min, 0, 5e35, 0, MIN, MAX), MIN);
    }

    function test_QuantisesEachFeatureWithItsScale() public view {
        InputSchema memory schema =
            InputSchema(3, Packing.Signed, Visibility.Public, _one(-100), _one(100), _scales(3), new int64[](3));
        schema.scalesE36[1] = 2e36;
        schema.zeroPoints[2] = -5;
        int256[] memory integers = _library.quantise(_reals(), 0, schema);
        assertEq(integers[0], 10);
        assertEq(integers[1], 10);
        assertEq(integers[2], 35);
    }

    function test_QuantisesAllFeaturesWithASharedScale() public view {
        InputSchema memory schema =
            InputSchema(3, Packing.Signed, Visibility.Public, _one(-20), _one(15), _scales(1), new int64[](1));
        schema.zeroPoints[0] = 4;
        int256[] memory integers = _library.quantise(_reals(), 0, schema);
        assertEq(integers[0], 6);
        assertEq(integers[1], 15);
        assertEq(integers[2], 15);
    }

    function test_QuantisesEachFeatureIntoItsRange() public view {
        InputSchema memory schema = InputSchema(
            3, Packing.Signed, Visibility.Public, new int32[](3), new int32[](3), _scales(1), new int64[](1)
        );
        (schema.minima[0], schema.maxima[0]) = (-5, 5);
        (schema.minima[1], schema.maxima[1]) = (22, 25);
        (schema.minima[2], schema.maxima[2]) = (-100, 100);
        int256[] memory integers = _library.quantise(_reals(), 0, schema);
        assertEq(integers[0], 5);
        assertEq(integers[1], 22);
        assertEq(integers[2], 30);
    }

    function _one(int32 value) private pure returns (int32[] memory values) {
        values = new int32[](1);
        values[0] = value;
    }

    // ---------------------------------------------------------------------------------- toDecimals

    function test_ToDecimals() public view {
        assertEq(_library.toDecimals(52, 1e34, 8), 52e6);
        assertEq(_library.toDecimals(-52, 1e34, 18), -52e16);
        // 5·0.01 and 15·0.01, to one decimal.
        assertEq(_library.toDecimals(5, 1e34, 1), 1);
        assertEq(_library.toDecimals(-15, 1e34, 1), -2);
        assertEq(_library.toDecimals(4, 1e34, 1), 0);
        assertEq(_library.toDecimals(7, 3, 36), 21);
    }

    /// @dev Back and forth, if the decimals are finer than the scale.
    function testFuzz_RoundTrip(int32 integer, uint256 decimals, uint256 scale) public view {
        decimals = bound(decimals, 0, 36);
        scale = bound(scale, 10 ** (36 - decimals) + 1, type(uint192).max);
        int256 real = _library.toDecimals(integer, scale, decimals);
        assertEq(_library.quantise(real, decimals, scale, 0, MIN, MAX), integer);
    }

    // ------------------------------------------------------------------------------------- refuses

    /// @dev A rank has no scale. What doesn't know of ranks must not take them for a grid's end.
    function test_RevertWhen_AValueIsARank() public {
        int256[3] memory values = [int256(0), 1, type(int256).min];
        for (uint256 i = 0; i < 3; ++i) {
            for (uint256 decimals = 0; decimals <= 36; decimals += 18) {
                vm.expectRevert(FixedPoint.NotAnEvenGrid.selector);
                _library.quantise(values[i], decimals, 0, 0, 0, 7);
            }
        }
    }

    function test_RevertWhen_ThereAreTooManyDecimals() public {
        bytes memory reason = abi.encodeWithSelector(FixedPoint.TooManyDecimals.selector, 37);
        vm.expectRevert(reason);
        _library.quantise(1, 37, 1, 0, MIN, MAX);
        vm.expectRevert(reason);
        _library.toDecimals(1, 1, 37);
    }

    function test_RevertWhen_ValuesAreNotAsManyAsFeatures() public {
        InputSchema memory schema =
            InputSchema(4, Packing.Signed, Visibility.Public, _one(-100), _one(100), _scales(1), new int64[](1));
        vm.expectRevert(abi.encodeWithSelector(FixedPoint.WrongValueCount.selector, 4, 3));
        _library.quantise(_reals(), 0, schema);
    }

    function test_RevertWhen_ARealNumberDoesNotFit() public {
        vm.expectRevert(stdError.arithmeticError);
        _library.toDecimals(type(int256).max, 1e36, 36);
        uint256 tooMuch = 1 << 255;
        vm.expectRevert(abi.encodeWithSelector(SafeCast.SafeCastOverflowedUintToInt.selector, tooMuch));
        _library.toDecimals(1 << 254, 2, 36);
    }

    // ------------------------------------------------------------------------------------- helpers

    function _scales(uint256 count) private pure returns (uint192[] memory scales) {
        scales = new uint192[](count);
        for (uint256 i = 0; i < count; ++i) {
            scales[i] = 1e36;
        }
    }

    function _reals() private pure returns (int256[] memory values) {
        values = new int256[](3);
        (values[0], values[1], values[2]) = (10, 20, 30);
    }

    function _abs(int256 value) private pure returns (uint256) {
        return uint256(value < 0 ? -value : value);
    }
}
