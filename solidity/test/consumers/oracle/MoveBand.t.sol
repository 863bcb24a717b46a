// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity 0.8.37;

import { SignedMath } from "@openzeppelin/contracts/utils/math/SignedMath.sol";
import { Test } from "forge-std/Test.sol";

import { Band, MoveBand, MoveLimit } from "../../../src/consumers/oracle/MoveBand.sol";

/// @dev The bounds that the library promises, tried on every short sequence of small answers, and on
/// random long ones of any size.
contract MoveBandTest is Test {
    using MoveBand for Band;

    uint256 private constant STEPS = 24;

    struct Taken {
        int256 answer;
        uint256 time;
    }

    struct Run {
        Band band;
        int96 latest;
        uint256 time;
        // When the latest was taken.
        uint256 since;
        uint256 count;
        // The greatest cap of an answer, times 10,000.
        uint256 cap;
    }

    function _begin(int96 first, MoveLimit memory limit) private pure returns (Run memory run, Taken[] memory taken) {
        taken = new Taken[](STEPS + 1);
        (run.band, run.latest) = (MoveBand.only(first), first);
        _note(run, taken, first, limit);
    }

    function _note(Run memory run, Taken[] memory taken, int96 answer, MoveLimit memory limit) private pure {
        taken[run.count++] = Taken(answer, run.time);
        uint256 cap = _cap(answer, limit);
        if (cap > run.cap) run.cap = cap;
    }

    /// @dev Times 10,000.
    function _cap(int256 answer, MoveLimit memory limit) private pure returns (uint256) {
        uint256 relative = SignedMath.abs(answer) * limit.maxMoveBps;
        uint256 absolute = limit.maxMove * 10_000;
        return relative > absolute ? relative : absolute;
    }

    /// @dev Offers an answer some time later, as the oracle does; and holds the bound against all
    /// that were taken before.
    function _offer(Run memory run, Taken[] memory taken, uint256 wait, int96 answer, MoveLimit memory limit)
        private
        pure
        returns (bool)
    {
        run.time += wait;
        Band band = run.band.relaxed(run.latest, run.time - run.since, limit);
        (int256 least, int256 greatest) = band.range(limit);
        require(least <= run.latest && run.latest <= greatest, "the latest is refused");
        if (answer < least || answer > greatest) return false;
        (run.band, run.latest, run.since) = (band.holding(answer), answer, run.time);
        _note(run, taken, answer, limit);
        for (uint256 i = 0; i + 1 < run.count; ++i) {
            uint256 move = SignedMath.abs(int256(answer) - taken[i].answer);
            uint256 time = limit.window + run.time - taken[i].time;
            require(move * 10_000 * limit.window <= run.cap * time, "too fast");
        }
        return true;
    }

    /// @dev All sequences of three answers from −3 to 3, with 0 to 3 seconds between, under caps of
    /// 0 to 2 and of none, half and all, in 1 to 3 seconds.
    function test_EverySmallSequence() public view {
        uint256 tried = 0;
        for (uint256 code = 0; code < 27; ++code) {
            MoveLimit memory limit = MoveLimit(code % 3, (code / 3) % 3 * 5000, 1 + code / 9);
            for (int96 first = -3; first <= 3; ++first) {
                // A call of its own, so that memory is given back.
                tried += this.everyPair(first, limit);
            }
        }
        assertEq(tried, 27 * 7 * 28 * 28);
    }

    /// @dev After a first answer, two more.
    function everyPair(int96 first, MoveLimit memory limit) external pure returns (uint256 tried) {
        for (uint256 a = 0; a < 28; ++a) {
            (Run memory run, Taken[] memory taken) = _begin(first, limit);
            _offer(run, taken, a / 7, int96(int256(a % 7)) - 3, limit);
            bytes memory before = abi.encode(run);
            for (uint256 b = 0; b < 28; ++b) {
                _offer(abi.decode(before, (Run)), taken, b / 7, int96(int256(b % 7)) - 3, limit);
                ++tried;
            }
        }
    }

    function _limit(uint256 maxMove, uint256 bps, uint256 window) private pure returns (MoveLimit memory) {
        return MoveLimit(bound(maxMove, 0, type(uint96).max), bound(bps, 0, 10_000), bound(window, 1, 1 weeks));
    }

    /// @dev Answers of any size and sign, most of them as far as the band allows at that moment.
    function testFuzz_NoSequenceIsFasterThanTheCap(
        int96 first,
        uint256 maxMove,
        uint256 bps,
        uint256 window,
        uint256 seed
    ) public pure {
        MoveLimit memory limit = _limit(maxMove >> (seed % 96), bps, window);
        (Run memory run, Taken[] memory taken) = _begin(first, limit);
        for (uint256 i = 0; i < STEPS; ++i) {
            seed = uint256(keccak256(abi.encode(seed)));
            uint256 wait = seed % 4 == 0 ? seed % (2 * limit.window) : seed % (1 + limit.window / 16);
            Band band = run.band.relaxed(run.latest, run.time + wait - run.since, limit);
            (int256 least, int256 greatest) = band.range(limit);
            int256 answer = (seed >> 32) % 3 == 0 ? least : greatest;
            if ((seed >> 64) % 4 == 0) answer = bound(int256(seed), least, greatest);
            answer = SignedMath.max(type(int96).min, SignedMath.min(type(int96).max, answer));
            require(_offer(run, taken, wait, int96(answer), limit), "in range, and refused");
        }
    }

    /// @dev Positive answers under a relative cap: never faster than the exponential, nor than the
    /// straight line downwards, whatever was taken between. Here as the product of what each wait
    /// allows, which is less than either.
    function testFuzz_RelativeCapCompoundsAsPromised(uint256 seed, bool up) public pure {
        MoveLimit memory limit = MoveLimit(0, 1 + seed % 10_000, 1 hours);
        (Run memory run, Taken[] memory taken) = _begin(1e18, limit);
        // Of what is allowed, in 10^-18: upwards it grows, downwards it falls.
        uint256 factor = 1e18;
        uint256 time = 0;
        for (uint256 i = 0; i < STEPS; ++i) {
            seed = uint256(keccak256(abi.encode(seed)));
            uint256 wait = seed % 10 minutes;
            time += wait;
            uint256 change = factor * limit.maxMoveBps * wait / (10_000 * limit.window);
            factor = up ? factor + change + 1 : factor - (change < factor ? change + 1 : factor);
            Band band = run.band.relaxed(run.latest, run.time + wait - run.since, limit);
            (int256 least, int256 greatest) = band.range(limit);
            require(_offer(run, taken, wait, int96(up ? greatest : least), limit), "in range, and refused");
            int256 bound_ = up
                ? int256(factor * (10_000 + limit.maxMoveBps) / 10_000 + 1)
                : int256(factor * (10_000 - limit.maxMoveBps) / 10_000) - 1;
            require(up ? run.latest <= bound_ : run.latest >= bound_, "faster than promised");
            // The straight line.
            uint256 gone = limit.maxMoveBps * time / limit.window;
            if (!up && gone < 10_000) {
                uint256 straight = 1e18 * (10_000 - gone - 1) / 10_000 * (10_000 - limit.maxMoveBps) / 10_000;
                require(uint96(run.latest) + 2 >= straight, "faster than the line");
            }
        }
    }

    /// @dev What stays within one cap of the lowest is taken, however often and soon, and whatever
    /// the sign.
    function testFuzz_NoiseIsTaken(int96 lowest, uint256 maxMove, uint256 bps, uint256 window, uint256 seed)
        public
        pure
    {
        MoveLimit memory limit = _limit(maxMove >> (seed % 96), bps, window);
        lowest = int96(bound(lowest, -1e24, 1e24));
        // Within the cap of either end.
        uint256 width = _cap(lowest, limit) / 10_000;
        if (lowest < 0) {
            uint256 other = _cap(lowest + int256(width), limit) / 10_000;
            if (other < width) width = other;
        }
        if (width > 1e24) width = 1e24;
        (Run memory run, Taken[] memory taken) = _begin(lowest, limit);
        for (uint256 i = 0; i < STEPS; ++i) {
            seed = uint256(keccak256(abi.encode(seed)));
            int96 answer = lowest + int96(int256((seed >> 128) % (width + 1)));
            require(_offer(run, taken, seed % (1 + limit.window), answer, limit), "noise is refused");
        }
    }

    /// @dev Each end moves by its own cap, and no further than the latest answer.
    function test_EndsMoveByTheirOwnCaps() public pure {
        MoveLimit memory limit = MoveLimit(0, 1000, 100);
        Band band = MoveBand.only(1000).holding(1100).holding(1020);
        (int256 low, int256 high) = band.relaxed(1020, 10, limit).ends();
        assertEq(low, 1010 << 32);
        assertEq(high, 1089 << 32);
        (low, high) = band.relaxed(1020, 50, limit).ends();
        assertEq(low, 1020 << 32);
        assertEq(high, 1045 << 32);
        (int256 least, int256 greatest) = band.range(limit);
        assertEq(least, 990);
        assertEq(greatest, 1100);
        // Below zero the lower end has the greater cap.
        band = MoveBand.only(-1100).holding(-1000).holding(-1050);
        (low, high) = band.relaxed(-1050, 10, limit).ends();
        assertEq(low, -1089 << 32);
        assertEq(high, -1010 << 32);
    }

    /// @dev Seconds are not lost to rounding: brought up to date in every one, an end moves as far
    /// as in one step, but for less than a unit.
    function testFuzz_FrequentUpdatesCostNothing(int96 first, uint96 maxMove, uint256 window) public pure {
        first = int96(bound(first, -1e20, 1e20));
        MoveLimit memory limit = MoveLimit(bound(maxMove, 2, 1e20), 0, bound(window, 1, 1 weeks));
        int96 second = first + int96(int256(limit.maxMove));
        Band once = MoveBand.only(first).holding(second).relaxed(second, 50, limit);
        Band often = MoveBand.only(first).holding(second);
        for (uint256 i = 0; i < 50; ++i) {
            often = often.relaxed(second, 1, limit);
        }
        (int256 one,) = once.ends();
        (int256 many,) = often.ends();
        assertLe(many, one);
        assertLt(one - many, 1 << 32);
    }
}
