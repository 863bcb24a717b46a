// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity 0.8.37;

import { Math } from "@openzeppelin/contracts/utils/math/Math.sol";
import { SignedMath } from "@openzeppelin/contracts/utils/math/SignedMath.sol";
import { Test } from "forge-std/Test.sol";

import { DataContract } from "../../src/libraries/DataContract.sol";
import { FixedPoint } from "../../src/libraries/FixedPoint.sol";
import { Breakpoints, Ranks } from "../../src/libraries/Ranks.sol";
import { InputSchema, Packing, Visibility } from "../../src/types/Schemas.sol";

contract RanksHarness {
    function place(int256 value, uint256 decimals) external pure returns (int256) {
        return Ranks.place(value, decimals);
    }

    function atMost(address[] memory accounts, uint256 first, uint256 count, int256 limit)
        external
        view
        returns (uint256)
    {
        return Ranks.atMost(accounts, first, count, limit);
    }

    function check(address[] memory accounts, bytes32 digest, InputSchema[] memory inputs) external view {
        Ranks.check(accounts, digest, inputs);
    }

    /// @dev The integers of all of an input's values.
    function quantise(int256[] memory values, uint256 decimals, InputSchema memory schema, address[] memory accounts)
        external
        view
        returns (int256[] memory integers)
    {
        Breakpoints memory breakpoints = Breakpoints(accounts, 0);
        integers = new int256[](values.length);
        for (uint256 i = 0; i < values.length; ++i) {
            integers[i] = Ranks.quantise(values[i], decimals, schema, i, breakpoints);
        }
    }
}

contract RanksTest is Test {
    uint256 private constant SIGN = 1 << 63;
    uint64 private constant INFINITY = 0x7ff0000000000000;

    RanksHarness private _library = new RanksHarness();

    // --------------------------------------------------------------------------------------- places

    /// @dev Bits of doubles as any other program writes them.
    function test_PlacesOfKnownNumbers() public view {
        assertEq(_library.place(0, 18), 0);
        assertEq(_library.place(1, 0), 0x3ff0000000000000);
        assertEq(_library.place(-1e18, 18), -0x3ff0000000000000);
        assertEq(_library.place(1, 1), 0x3fb999999999999a);
        assertEq(_library.place(3, 1), 0x3fd3333333333333);
        assertEq(_library.place(-25, 1), -0x4004000000000000);
        // 2001.50000000 of a price feed, the least number with 36 decimals, the largest of all.
        assertEq(_library.place(200_150_000_000, 8), 0x409f460000000000);
        assertEq(_library.place(1, 36), 0x38754484932d2e72);
        assertEq(_library.place(type(int256).max, 0), int256(uint256(1023 + 255) << 52));
        assertEq(_library.place(type(int256).min, 0), -int256(uint256(1023 + 255) << 52));
    }

    /// @dev Halfway between two floats it is the even one, and the least bit more or less decides.
    function test_HalvesGoToTheEvenFloat() public view {
        int256 one = 2 ** 53;
        int256 bits = int256(uint256(1023 + 53) << 52);
        for (uint256 decimals = 0; decimals <= 36; decimals += 12) {
            int256 unit = int256(10 ** decimals);
            assertEq(_library.place((one + 1) * unit, decimals), bits);
            assertEq(_library.place((one + 3) * unit, decimals), bits + 2);
            assertEq(_library.place(-(one + 1) * unit, decimals), -bits);
            if (decimals == 0) continue;
            assertEq(_library.place((one + 1) * unit + 1, decimals), bits + 1);
            assertEq(_library.place((one + 3) * unit - 1, decimals), bits + 1);
            assertEq(_library.place(-(one + 1) * unit - 1, decimals), -bits - 1);
        }
        // The mantissa overflows into the exponent.
        assertEq(_library.place(2 ** 54 - 1, 0), int256(uint256(1023 + 54) << 52));
    }

    /// @dev No float is nearer, and of two that are as near it is the even one: by multiplying out,
    /// without a division.
    function testFuzz_NoFloatIsNearer(int256 value, uint256 decimals, uint8 drop) public view {
        value >>= drop;
        vm.assume(value != 0);
        decimals = bound(decimals, 0, 36);
        int256 place = _library.place(value, decimals);
        assertEq(place < 0, value < 0);
        uint256 bits = SignedMath.abs(place);
        // Twice the mantissa, so that a half is a whole number.
        (uint256 twice, int256 exponent) = (2 * ((bits & ((1 << 52) - 1)) | 1 << 52), int256(bits >> 52) - 1076);
        // Below a power of two, floats are twice as dense.
        bool isPower = twice == 1 << 53;
        int256 above = _compare(SignedMath.abs(value), decimals, 2 * (twice + 1), exponent - 1);
        int256 below = _compare(SignedMath.abs(value), decimals, 2 * twice - (isPower ? 1 : 2), exponent - 1);
        assertLe(above, 0);
        assertGe(below, 0);
        if (above == 0 || below == 0) assertEq(bits & 1, 0);
    }

    /// @dev The sign of `value / 10^decimals − mantissa · 2^exponent`.
    function _compare(uint256 value, uint256 decimals, uint256 mantissa, int256 exponent)
        private
        pure
        returns (int256)
    {
        (uint256 left, uint256 right) = (1, 1);
        if (exponent < 0) left = 1 << uint256(-exponent);
        else right = 1 << uint256(exponent);
        (uint256 high, uint256 low) = Math.mul512(value, left);
        (uint256 otherHigh, uint256 otherLow) = Math.mul512(mantissa * 10 ** decimals, right);
        if (high != otherHigh) return high < otherHigh ? -1 : int256(1);
        if (low != otherLow) return low < otherLow ? -1 : int256(1);
        return 0;
    }

    function testFuzz_PlacesAscend(int256 a, int256 b, uint256 decimals) public view {
        decimals = bound(decimals, 0, 36);
        (a, b) = (SignedMath.min(a, b), SignedMath.max(a, b));
        assertLe(_library.place(a, decimals), _library.place(b, decimals));
    }

    /// @dev The same number has one place, whatever its decimals.
    function testFuzz_DecimalsDoNotMatter(int128 value, uint256 decimals, uint256 more) public view {
        more = bound(more, 0, 36);
        decimals = bound(decimals, 0, 36 - more);
        int256 longer = int256(value) * int256(10 ** more);
        assertEq(_library.place(longer, decimals + more), _library.place(value, decimals));
    }

    function test_RevertWhen_ThereAreTooManyDecimals() public {
        vm.expectRevert(abi.encodeWithSelector(FixedPoint.TooManyDecimals.selector, 37));
        _library.place(1, 37);
    }

    // ---------------------------------------------------------------------------------------- ranks

    /// @dev A binary search finds what looking at each of them finds: at a breakpoint, beside it,
    /// beyond all.
    function testFuzz_RanksAreCounted(int64[] memory places, uint256 first, uint256 count, int256 limit) public {
        uint256 length = _makeAscending(places);
        address[] memory accounts = _publish(_table(places, length));
        first = bound(first, 0, length);
        count = bound(count, 0, length - first);
        _agree(accounts, places, first, count, limit);
        for (uint256 i = 0; i < length; ++i) {
            for (int256 near = -1; near <= 1; ++near) {
                _agree(accounts, places, first, count, int256(places[i]) + near);
            }
        }
    }

    function _agree(address[] memory accounts, int64[] memory places, uint256 first, uint256 count, int256 limit)
        private
        view
    {
        uint256 expected = 0;
        for (uint256 i = first; i < first + count; ++i) {
            if (places[i] <= limit) ++expected;
        }
        assertEq(_library.atMost(accounts, first, count, limit), expected);
    }

    /// @dev A value's breakpoints begin in one account and end in the next but one.
    function test_RanksAcrossAccounts() public {
        uint256 total = 2 * Ranks.PER_ACCOUNT + 5;
        int64[] memory places = new int64[](total);
        for (uint256 i = 0; i < total; ++i) {
            places[i] = int64(int256(i * 10)) - 30_000;
        }
        address[] memory accounts = _publish(_table(places, total));
        assertEq(accounts.length, 3);
        InputSchema[] memory inputs = _inputs(uint32(1), int32(int256(total)));
        _library.check(accounts, keccak256(_table(places, total)), inputs);
        for (uint256 i = 0; i < total; i += 61) {
            assertEq(_library.atMost(accounts, 0, total, places[i]), i + 1);
            assertEq(_library.atMost(accounts, 0, total, places[i] - 1), i);
        }
        for (uint256 i = Ranks.PER_ACCOUNT - 2; i < Ranks.PER_ACCOUNT + 2; ++i) {
            assertEq(_library.atMost(accounts, 3, total - 3, places[i]), i - 2);
        }
    }

    /// @dev Values have their own breakpoints, one after the other; minima are added. Some are on
    /// even grids, which have none.
    function test_EveryValueHasItsBreakpoints() public {
        InputSchema[] memory inputs = _inputs(4, 0);
        (inputs[0].minima, inputs[0].maxima) = (new int32[](4), new int32[](4));
        (inputs[0].maxima[0], inputs[0].minima[2], inputs[0].maxima[2], inputs[0].maxima[3]) = (2, 5, 8, 1);
        address[] memory accounts = _publish(
            bytes.concat(_double(0.5e18), _double(1e18), _double(-3e18), _double(0), _double(7e18), _double(1e18))
        );
        int256[] memory values = new int256[](4);
        (values[0], values[1], values[2], values[3]) = (0.5e18, 99e18, 6e18, 2e18);
        int256[] memory integers = _library.quantise(values, 18, inputs[0], accounts);
        (int256[4] memory expected) = [int256(1), 0, 7, 1];
        for (uint256 i = 0; i < 4; ++i) {
            assertEq(integers[i], expected[i]);
        }
        (values[0], values[2], values[3]) = (0.5e18 - 1, type(int256).min, 1e18 - 1);
        integers = _library.quantise(values, 18, inputs[0], accounts);
        // A double has 53 bits: one in 10^18 below a half is a float below it, below one it is one.
        expected = [int256(1), 0, 5, 1];
        for (uint256 i = 0; i < 4; ++i) {
            assertEq(integers[i], expected[i]);
        }
        values[0] = 0.5e18 - 100;
        assertEq(_library.quantise(values, 18, inputs[0], accounts)[0], 0);
    }

    // -------------------------------------------------------------------------------------- refuses

    function test_ChecksWhatIsRight() public {
        int64[] memory places = new int64[](3);
        (places[0], places[1], places[2]) = (-int64(INFINITY) + 1, 0, int64(INFINITY) - 1);
        bytes memory table = _table(places, 3);
        _library.check(_publish(table), keccak256(table), _inputs(1, 3));
        // None of many values that are never compared, and no value at all.
        _library.check(new address[](0), keccak256(""), _inputs(9, 0));
        _library.check(new address[](0), keccak256(""), new InputSchema[](0));
        // Each value begins anew.
        table = bytes.concat(_double(5e18), _double(6e18), _double(5e18), _double(7e18));
        _library.check(_publish(table), keccak256(table), _inputs(2, 2));
    }

    function test_RevertWhen_AccountsAreMissingOrTooMany() public {
        bytes memory table = _table(new int64[](1), 1);
        address[] memory accounts = _publish(table);
        _refused(new address[](0), table, _inputs(1, 1), abi.encodeWithSelector(Ranks.WrongAccountCount.selector, 1, 0));
        _refused(accounts, "", _inputs(1, 0), abi.encodeWithSelector(Ranks.WrongAccountCount.selector, 0, 1));
        int32 many = int32(int256(Ranks.PER_ACCOUNT + 1));
        _refused(accounts, table, _inputs(1, many), abi.encodeWithSelector(Ranks.WrongAccountCount.selector, 2, 1));
    }

    function test_RevertWhen_APartHasAnotherLength() public {
        bytes memory table = _table(new int64[](2), 2);
        address[] memory accounts = _publish(table);
        _refused(accounts, table, _inputs(1, 1), abi.encodeWithSelector(Ranks.WrongPartLength.selector, 0, 8, 16));
        _refused(accounts, table, _inputs(1, 3), abi.encodeWithSelector(Ranks.WrongPartLength.selector, 0, 24, 16));
    }

    function test_RevertWhen_AnAccountCanRun() public {
        address[] memory accounts = new address[](1);
        accounts[0] = address(this);
        bytes memory reason = abi.encodeWithSelector(DataContract.NotADataContract.selector, address(this));
        _refused(accounts, "", _inputs(1, 1), reason);
    }

    /// @dev One bit of one breakpoint.
    function testFuzz_RevertWhen_ItIsAnotherTable(uint256 which, uint256 bit) public {
        bytes memory table = bytes.concat(_double(1e18), _double(2e18), _double(3e18));
        bytes32 digest = keccak256(table);
        (which, bit) = (bound(which, 0, 23), bound(bit, 0, 7));
        table[which] ^= bytes1(uint8(1 << bit));
        address[] memory accounts = _publish(table);
        vm.expectRevert(abi.encodeWithSelector(Ranks.WrongBreakpoints.selector, digest, keccak256(table)));
        _library.check(accounts, digest, _inputs(1, 3));
    }

    function test_RevertWhen_ABreakpointIsNoNumber() public {
        uint64[5] memory wrong = [INFINITY, uint64(SIGN) | INFINITY, INFINITY + 1, type(uint64).max, uint64(SIGN)];
        for (uint256 i = 0; i < 5; ++i) {
            bytes memory table = bytes.concat(_double(-1e18), bytes8(wrong[i]), _double(1e18));
            _refused(_publish(table), table, _inputs(1, 3), abi.encodeWithSelector(Ranks.NotABreakpoint.selector, 1));
        }
    }

    function test_RevertWhen_BreakpointsDoNotAscend() public {
        bytes[4] memory wrong = [
            bytes.concat(_double(1e18), _double(1e18)),
            bytes.concat(_double(1e18), _double(-2e18)),
            bytes.concat(_double(-1e18), _double(-2e18)),
            bytes.concat(_double(0), _double(0))
        ];
        for (uint256 i = 0; i < 4; ++i) {
            // After those of another value.
            bytes memory table = bytes.concat(_double(3e18), _double(4e18), wrong[i]);
            bytes memory reason = abi.encodeWithSelector(Ranks.BreakpointsNotAscending.selector, 3);
            _refused(_publish(table), table, _inputs(2, 2), reason);
        }
    }

    function _refused(address[] memory accounts, bytes memory table, InputSchema[] memory inputs, bytes memory reason)
        private
    {
        vm.expectRevert(reason);
        _library.check(accounts, keccak256(table), inputs);
    }

    // -------------------------------------------------------------------------------------- helpers

    /// @dev An input of ranks, each among `count` breakpoints.
    function _inputs(uint32 values, int32 count) private pure returns (InputSchema[] memory inputs) {
        (int32[] memory minima, int32[] memory maxima) = (new int32[](1), new int32[](1));
        maxima[0] = count;
        inputs = new InputSchema[](1);
        inputs[0] = InputSchema(
            values, Packing.Signed, Visibility.Public, minima, maxima, new uint192[](values), new int64[](values)
        );
    }

    /// @dev Sorts the numbers and leaves each once, at the beginning; all of them finite floats' places.
    function _makeAscending(int64[] memory places) private pure returns (uint256 length) {
        for (uint256 i = 0; i < places.length; ++i) {
            int64 place = places[i] % int64(INFINITY);
            uint256 position = length;
            while (position > 0 && places[position - 1] > place) --position;
            if (position > 0 && places[position - 1] == place) continue;
            for (uint256 j = length; j > position; --j) {
                places[j] = places[j - 1];
            }
            places[position] = place;
            ++length;
        }
    }

    function _table(int64[] memory places, uint256 length) private pure returns (bytes memory table) {
        table = new bytes(8 * length);
        for (uint256 i = 0; i < length; ++i) {
            bytes8 bits = _bits(places[i]);
            for (uint256 j = 0; j < 8; ++j) {
                table[8 * i + j] = bits[j];
            }
        }
    }

    function _bits(int256 place) private pure returns (bytes8) {
        return bytes8(uint64(place < 0 ? SIGN | uint256(-place) : uint256(place)));
    }

    /// @dev The float nearest to a number with 18 decimals.
    function _double(int256 value) private view returns (bytes memory) {
        return abi.encodePacked(_bits(_library.place(value, 18)));
    }

    function _publish(bytes memory table) private returns (address[] memory accounts) {
        bytes[] memory parts = Ranks.split(table);
        accounts = new address[](parts.length);
        for (uint256 i = 0; i < parts.length; ++i) {
            accounts[i] = DataContract.write(parts[i]);
        }
    }
}
