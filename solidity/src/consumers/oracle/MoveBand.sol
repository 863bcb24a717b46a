// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity ^0.8.24;

import { SignedMath } from "@openzeppelin/contracts/utils/math/SignedMath.sol";

/// @notice Between what answers were, lately: the upper end in the upper half, and the lower in the
/// lower, as `int128`. They are answers times 2^32, so that what a second lets an end move by isn't
/// lost to rounding. The lower is never above the latest answer, and the upper never below.
type Band is uint256;

/// @notice How far answers may move. The cap of an answer `v`, `cap(v)`, is `maxMove`, or
/// `maxMoveBps` ten thousandths of |v|, whichever is more.
/// @param maxMove In units of an answer.
/// @param maxMoveBps At most 10,000.
/// @param window In how many seconds an end of the band moves by its cap; not zero.
struct MoveLimit {
    uint256 maxMove;
    uint256 maxMoveBps;
    uint256 window;
}

/// @title How far answers may move, per time
/// @notice A band holds all answers of late. With time its ends draw near to the latest answer,
/// each by its cap in every `window` seconds, and no further than that answer. A new answer is
/// taken if it is at most `cap(low)` above `low`, and at most `cap(high)` below `high`; and then
/// the band is made to hold it.
///
/// **What follows.** Let an answer x be taken, and y the T seconds after it, whatever was taken
/// between, and let nobody have set the band anew (`only`) meanwhile.
///
/// - |y − x| ≤ C·(1 + T/window), where C is the greatest cap of an end of the band since x. Ends
///   are never outside of the answers since the band was set, so C is at most the cap of the one
///   with the greatest magnitude; and where `maxMoveBps` is zero, C = `maxMove`.
/// - If answers are positive, `maxMove` zero, and b = `maxMoveBps` / 10,000:
///   x·(1 − b)·(1 − b·T/window) ≤ y ≤ x·(1 + b)·exp(b·T/window), the left side for
///   T ≤ window / b.
///
/// For when x is taken, `low` ≤ x. In dt seconds `low` rises by `cap(low)·dt/window` at most, and
/// answers only lower it. So in all of T it rises by C·T/window at most; or, as
/// 1 + z ≤ exp(z), by no more than the factor exp(b·T/window), however often it is brought up to
/// date. And y ≤ low + cap(low). Likewise `high`, as ∏(1 − zᵢ) ≥ 1 − ∑zᵢ. Rounding is to the
/// strict side.
///
/// - Answers can't ratchet: rounds add up to no more than one, for what y is held to is time and
///   the outermost answers, not the last one.
/// - Noise costs nothing: answers that stay within one cap of each other are always taken, however
///   many and fast. So is the latest answer again, for v + cap(v) and v − cap(v) never decrease as
///   v grows: that is what `maxMoveBps` ≤ 10,000 is for.
library MoveBand {
    uint256 private constant _FRACTION = 32;
    uint256 private constant _BASIS_POINTS = 10_000;

    /// @notice The band of one answer.
    function only(int96 answer) internal pure returns (Band) {
        int256 scaled = int256(answer) << _FRACTION;
        return _make(scaled, scaled);
    }

    /// @notice The ends of a band.
    function ends(Band band) internal pure returns (int256 low, int256 high) {
        // forge-lint: disable-next-line(unsafe-typecast)
        return (int128(int256(Band.unwrap(band))), int256(Band.unwrap(band)) >> 128);
    }

    /// @notice The band `elapsed` seconds after it held its latest answer.
    function relaxed(Band band, int96 latest, uint256 elapsed, MoveLimit memory limit) internal pure returns (Band) {
        int256 scaled = int256(latest) << _FRACTION;
        (int256 low, int256 high) = ends(band);
        // Answers times 2^32 and caps have 128 bits, and times 40.
        // forge-lint: disable-next-item(unsafe-typecast)
        unchecked {
            low += int256(_cap(low, limit) * elapsed / limit.window);
            high -= int256(_cap(high, limit) * elapsed / limit.window);
        }
        return _make(low < scaled ? low : scaled, high > scaled ? high : scaled);
    }

    /// @notice The least and the greatest answer that the band takes.
    function range(Band band, MoveLimit memory limit) internal pure returns (int256 least, int256 greatest) {
        (int256 low, int256 high) = ends(band);
        // forge-lint: disable-next-item(unsafe-typecast)
        unchecked {
            greatest = (low + int256(_cap(low, limit))) >> _FRACTION;
            // `>>` rounds down, and this up.
            int256 below = int256(_cap(high, limit)) - high;
            least = -(below >> _FRACTION);
        }
    }

    /// @notice The band when it holds a further answer.
    function holding(Band band, int96 answer) internal pure returns (Band) {
        int256 scaled = int256(answer) << _FRACTION;
        (int256 low, int256 high) = ends(band);
        return _make(scaled < low ? scaled : low, scaled > high ? scaled : high);
    }

    /// @dev Both have 128 bits.
    function _make(int256 low, int256 high) private pure returns (Band) {
        // forge-lint: disable-next-line(unsafe-typecast)
        return Band.wrap((uint256(high) << 128) | uint128(uint256(low)));
    }

    function _cap(int256 scaled, MoveLimit memory limit) private pure returns (uint256 cap) {
        uint256 least;
        unchecked {
            cap = SignedMath.abs(scaled) * limit.maxMoveBps / _BASIS_POINTS;
            least = limit.maxMove << _FRACTION;
        }
        if (cap < least) cap = least;
    }
}
