// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity ^0.8.24;

import { Math } from "@openzeppelin/contracts/utils/math/Math.sol";
import { SignedMath } from "@openzeppelin/contracts/utils/math/SignedMath.sol";

import { InputSchema } from "../types/Schemas.sol";
import { DataContract } from "./DataContract.sol";
import { FixedPoint } from "./FixedPoint.sol";

/// @notice A model's breakpoints, kept as code, and how many of them were passed already.
/// @param accounts What `Ranks.check` took.
/// @param next The place in the table of the next value's first breakpoint.
struct Breakpoints {
    address[] accounts;
    uint256 next;
}

/// @title Between decimals and ranks among a model's breakpoints
/// @notice A value that a model only compares with constants has no scale: its integer is
/// `minimum + the number of its breakpoints that are at most the real number`. Breakpoints are the
/// real numbers at which one of the model's comparisons changes its result.
/// @dev One rule for a number, wherever it is read: it is the 64-bit float nearest to it (of two,
/// the even one), and a breakpoint is a 64-bit float. That is what a program has after reading the
/// decimal `12.34` of a file, and what the compiler's `verdict_model::ranks::rank` takes; so a
/// contract, a signer and the float model agree on every decimal, and nothing else is rounded: the
/// model's own rounding to 32 bits is part of the breakpoints. Said of the decimal itself: it is on a
/// breakpoint's upper side from the midpoint of the breakpoint and the float before it on.
///
/// A model has one table: for each value with a scale of zero, input by input, its
/// `maximum − minimum` breakpoints, strictly ascending, each the 8 bytes of an IEEE 754 double,
/// most significant byte first. The spec's digest covers the table's keccak256. Its bytes are the
/// code of accounts (see `DataContract`), `PER_ACCOUNT` breakpoints in each but the last.
library Ranks {
    /// @notice The table needs `expected` accounts.
    error WrongAccountCount(uint256 expected, uint256 actual);

    /// @notice Account number `index` holds `expected` bytes of the table.
    error WrongPartLength(uint256 index, uint256 expected, uint256 actual);

    /// @notice This is another table than the spec's.
    error WrongBreakpoints(bytes32 expected, bytes32 actual);

    /// @notice Breakpoint number `index` of the table is infinite, no number, or a negative zero.
    error NotABreakpoint(uint256 index);

    /// @notice Breakpoint number `index` of the table isn't greater than the value's one before.
    error BreakpointsNotAscending(uint256 index);

    /// @notice How many breakpoints an account's code has room for.
    uint256 internal constant PER_ACCOUNT = 3071;

    uint256 private constant _BYTES = 8;
    uint256 private constant _MAXIMUM_DECIMALS = 36;
    uint256 private constant _SIGN = 1 << 63;
    uint256 private constant _INFINITY = 0x7ff << 52;

    /// @notice Whether a value's integer is a rank.
    /// @param index Which value; less than `schema.count`.
    function isRank(InputSchema memory schema, uint256 index) internal pure returns (bool) {
        return schema.scalesE36[schema.scalesE36.length == 1 ? 0 : index] == 0;
    }

    /// @notice The integer of one value that is a rank. The breakpoints move on to the next.
    /// @param value The real number, times 10^`decimals`.
    /// @param decimals At most 36.
    /// @param index Which value; less than `schema.count`.
    function quantise(
        int256 value,
        uint256 decimals,
        InputSchema memory schema,
        uint256 index,
        Breakpoints memory breakpoints
    ) internal view returns (int256) {
        uint256 first = breakpoints.next;
        uint256 count = _count(schema, index);
        breakpoints.next = first + count;
        uint256 rank = atMost(breakpoints.accounts, first, count, place(value, decimals));
        // Ranks and minima have 32 bits.
        // forge-lint: disable-next-line(unsafe-typecast)
        return int256(schema.minima[schema.minima.length == 1 ? 0 : index]) + int256(rank);
    }

    /// @notice How many of the `count` breakpoints from number `first` on have a place that is at
    /// most `limit`.
    function atMost(address[] memory accounts, uint256 first, uint256 count, int256 limit)
        internal
        view
        returns (uint256)
    {
        uint256 low = first;
        uint256 high = first + count;
        while (low < high) {
            // Numbers of breakpoints are far from 2^255.
            unchecked {
                uint256 middle = (low + high) >> 1;
                if (_placeOf(_breakpoint(accounts, middle)) <= limit) low = middle + 1;
                else high = middle;
            }
        }
        return low - first;
    }

    /// @notice The place of a decimal's nearest 64-bit float in the order of all floats: of a
    /// positive one its bits, of a negative one those of its magnitude, negated.
    /// @param value The real number, times 10^`decimals`.
    /// @param decimals At most 36.
    function place(int256 value, uint256 decimals) internal pure returns (int256) {
        if (decimals > _MAXIMUM_DECIMALS) revert FixedPoint.TooManyDecimals(decimals);
        if (value == 0) return 0;
        unchecked {
            uint256 bits = _float(SignedMath.abs(value), 10 ** decimals);
            // forge-lint: disable-next-line(unsafe-typecast)
            return value < 0 ? -int256(bits) : int256(bits);
        }
    }

    /// @notice Makes sure that these accounts hold the table of the digest, for such inputs. An
    /// unusable table is refused although it has the digest.
    function check(address[] memory accounts, bytes32 digest, InputSchema[] memory inputs) internal view {
        bytes memory table = _read(accounts, _total(inputs));
        bytes32 actual = keccak256(table);
        if (actual != digest) revert WrongBreakpoints(digest, actual);
        uint256 next = 0;
        for (uint256 i = 0; i < inputs.length; ++i) {
            for (uint256 j = 0; j < inputs[i].count; ++j) {
                if (isRank(inputs[i], j)) next = _checkAscending(table, next, _count(inputs[i], j));
            }
        }
    }

    /// @notice A table as accounts hold it, for whoever publishes it.
    function split(bytes memory table) internal pure returns (bytes[] memory parts) {
        uint256 full = PER_ACCOUNT * _BYTES;
        parts = new bytes[](Math.ceilDiv(table.length, full));
        for (uint256 i = 0; i < parts.length; ++i) {
            parts[i] = new bytes(Math.min(full, table.length - i * full));
            for (uint256 j = 0; j < parts[i].length; ++j) {
                parts[i][j] = table[i * full + j];
            }
        }
    }

    // ----------------------------------------------------------------------------------- internals

    /// @dev The bits of the float nearest to `numerator / denominator`. The numerator isn't zero, the
    /// denominator at most 10^36 < 2^120.
    function _float(uint256 numerator, uint256 denominator) private pure returns (uint256) {
        unchecked {
            // With bit 255 set, the quotient has more than 135 bits: 53 for the float, and enough to
            // tell what is left from a half.
            uint256 shift = 255 - Math.log2(numerator);
            uint256 quotient = (numerator << shift) / denominator;
            uint256 top = Math.log2(quotient);
            uint256 drop = top - 52;
            uint256 mantissa = quotient >> drop;
            uint256 half = 1 << (drop - 1);
            uint256 rest = quotient & ((1 << drop) - 1);
            bool up = rest > half;
            if (rest == half) up = mantissa & 1 == 1 || (numerator << shift) % denominator != 0;
            // The mantissa's leading bit adds one to the exponent, and so does one that is carried over.
            // Exponents are from −120 to 255: never too small, never too large.
            return ((top + 1022 - shift) << 52) + mantissa + (up ? 1 : 0);
        }
    }

    function _placeOf(uint256 bits) private pure returns (int256) {
        // They are 64.
        unchecked {
            // forge-lint: disable-next-line(unsafe-typecast)
            return bits < _SIGN ? int256(bits) : int256(_SIGN - bits);
        }
    }

    /// @dev The bits of breakpoint number `index`.
    function _breakpoint(address[] memory accounts, uint256 index) private view returns (uint256 bits) {
        uint256 offset;
        address account;
        unchecked {
            account = accounts[index / PER_ACCOUNT];
            // After the STOP.
            offset = 1 + (index % PER_ACCOUNT) * _BYTES;
        }
        assembly ("memory-safe") {
            extcodecopy(account, 0, offset, 8)
            bits := shr(192, mload(0))
        }
    }

    /// @dev How many breakpoints a value has. A spec's maxima are not below its minima.
    function _count(InputSchema memory schema, uint256 index) private pure returns (uint256) {
        uint256 range = schema.minima.length == 1 ? 0 : index;
        // forge-lint: disable-next-line(unsafe-typecast)
        return uint256(int256(schema.maxima[range]) - int256(schema.minima[range]));
    }

    function _total(InputSchema[] memory inputs) private pure returns (uint256 total) {
        for (uint256 i = 0; i < inputs.length; ++i) {
            for (uint256 j = 0; j < inputs[i].count; ++j) {
                if (isRank(inputs[i], j)) total += _count(inputs[i], j);
            }
        }
    }

    /// @dev The table of `total` breakpoints, if the accounts hold as many.
    function _read(address[] memory accounts, uint256 total) private view returns (bytes memory table) {
        uint256 needed = Math.ceilDiv(total, PER_ACCOUNT);
        if (accounts.length != needed) revert WrongAccountCount(needed, accounts.length);
        table = new bytes(total * _BYTES);
        uint256 full = PER_ACCOUNT * _BYTES;
        for (uint256 i = 0; i < needed; ++i) {
            uint256 length = Math.min(full, table.length - i * full);
            uint256 actual = DataContract.copy(accounts[i], table, i * full, length);
            if (actual != length) revert WrongPartLength(i, length, actual);
        }
    }

    /// @dev Checks one value's breakpoints; returns where the next one's are.
    function _checkAscending(bytes memory table, uint256 first, uint256 count) private pure returns (uint256 end) {
        end = first + count;
        int256 previous = type(int256).min;
        for (uint256 i = first; i < end; ++i) {
            uint256 bits;
            assembly ("memory-safe") {
                bits := shr(192, mload(add(add(table, 0x20), shl(3, i))))
            }
            if (bits == _SIGN || bits & _INFINITY == _INFINITY) revert NotABreakpoint(i);
            int256 current = _placeOf(bits);
            if (current <= previous) revert BreakpointsNotAscending(i);
            previous = current;
        }
    }
}
