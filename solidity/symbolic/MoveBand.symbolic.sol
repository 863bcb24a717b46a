// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity 0.8.37;

import { Band, MoveBand, MoveLimit } from "../src/consumers/oracle/MoveBand.sol";

/// @dev The oracle's cap per time, for all answers and times at once: `scripts/symbolic.sh` runs this
/// through halmos. One step at a time, which by induction is every sequence:
///
/// - **Begin.** When an answer x is taken, the band's lower end is at most x (`check_TakenIsHeld`).
/// - **Go on.** If the lower end is at most b now, it is at most b + cap · dt / window dt seconds later
///   (`check_RelaxingIsSlow…`), and taking answers only lowers it (`check_TakenIsHeld`).
/// - **End.** An answer y is taken only if it is at most the lower end and a cap (`check_Range…`).
///
/// So y ≤ x + cap · (1 + T / window), whatever was taken between. The upper end likewise, in the same
/// functions. All of it for a cap that doesn't depend on the answer; with one that does, products of two
/// unknowns are beyond the solver, and `MoveBand.t.sol` tries all short sequences of small answers.
contract MoveBandSymbolic {
    using MoveBand for Band;

    uint256 private constant _WINDOW = 3600;
    uint256 private constant _UNIT = 1 << 32;

    function _limit(uint256 maxMove) private pure returns (MoveLimit memory) {
        return MoveLimit(maxMove, 0, _WINDOW);
    }

    /// @dev Any band that holds `latest`.
    function _band(int128 low, int128 high, int96 latest) private pure returns (Band band, bool valid) {
        int256 scaled = int256(latest) << 32;
        valid = low <= scaled && scaled <= high;
        band = Band.wrap((uint256(int256(high)) << 128) | uint128(low));
    }

    function check_TakenIsHeld(int128 low, int128 high, int96 latest, int96 answer) public pure {
        (Band band, bool valid) = _band(low, high, latest);
        if (!valid) return;
        (int256 newLow, int256 newHigh) = band.holding(answer).ends();
        int256 scaled = int256(answer) << 32;
        assert(newLow <= scaled && newHigh >= scaled);
        assert(newLow <= low && newHigh >= high);
        // And no more than that: it is an end that was, or the answer.
        assert(newLow == low || newLow == scaled);
        assert(newHigh == high || newHigh == scaled);
    }

    function check_OneAnswerIsItsBand(int96 answer) public pure {
        (int256 low, int256 high) = MoveBand.only(answer).ends();
        assert(low == int256(answer) << 32 && high == low);
    }

    /// @dev In `elapsed` seconds an end moves by at most cap · elapsed / window, and never beyond the
    /// latest answer. The quotient is written as the library writes it: to the solver it is one unknown.
    function check_RelaxingIsSlow(int128 low, int128 high, int96 latest, uint40 elapsed, uint64 maxMove) public pure {
        (Band band, bool valid) = _band(low, high, latest);
        if (!valid) return;
        (int256 newLow, int256 newHigh) = band.relaxed(latest, elapsed, _limit(maxMove)).ends();
        int256 scaled = int256(latest) << 32;
        assert(low <= newLow && newLow <= scaled);
        assert(scaled <= newHigh && newHigh <= high);
        uint256 cap = uint256(maxMove) << 32;
        uint256 most;
        unchecked {
            most = cap * elapsed / _WINDOW;
        }
        assert(uint256(newLow - low) <= most);
        assert(uint256(high - newHigh) <= most);
    }

    /// @dev What is taken is at most a cap above the lower end and below the upper.
    function check_RangeIsACap(int128 low, int128 high, int96 latest, uint64 maxMove, int96 answer) public pure {
        (Band band, bool valid) = _band(low, high, latest);
        if (!valid) return;
        (int256 least, int256 greatest) = band.range(_limit(maxMove));
        if (answer < least || answer > greatest) return;
        int256 scaled = int256(answer) << 32;
        int256 cap = int256(uint256(maxMove) * _UNIT);
        assert(scaled <= int256(low) + cap);
        assert(scaled >= int256(high) - cap);
    }

    /// @dev The same answer again is always taken, if it is within a cap of both ends.
    function check_NoiseIsTaken(int128 low, int128 high, int96 latest, uint64 maxMove, int96 answer) public pure {
        (Band band, bool valid) = _band(low, high, latest);
        if (!valid) return;
        int256 scaled = int256(answer) << 32;
        int256 cap = int256(uint256(maxMove) * _UNIT);
        if (scaled > int256(low) + cap || scaled < int256(high) - cap) return;
        (int256 least, int256 greatest) = band.range(_limit(maxMove));
        assert(least <= answer && answer <= greatest);
    }
}
