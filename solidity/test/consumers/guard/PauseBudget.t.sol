// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity 0.8.37;

import { Test } from "forge-std/Test.sol";

import { PauseBudget } from "../../../src/consumers/guard/PauseBudget.sol";

/// @dev The ledger against a plain list of pauses.
contract PauseBudgetTest is Test {
    using PauseBudget for uint256;

    uint256 private constant PART = 1000;
    uint256 private constant PERIOD = PART * PauseBudget.PARTS;
    uint256 private constant BUDGET = 1500;

    uint256[] private _starts;
    uint256[] private _ends;

    /// @dev Seconds of all pauses within [from, to).
    function _paused(uint256 from, uint256 to) private view returns (uint256 sum) {
        for (uint256 i = 0; i < _starts.length; ++i) {
            uint256 start = _starts[i] > from ? _starts[i] : from;
            uint256 end = _ends[i] < to ? _ends[i] : to;
            if (start < end) sum += end - start;
        }
    }

    /// @dev However pauses come, of whatever length up to a quarter, some ended early: if one is
    /// only taken when the ledger has room, no window as long as the period holds more than the
    /// budget. Windows that begin or end with a pause are the worst.
    function testFuzz_NoWindowExceedsTheBudget(uint256 seed) public {
        (uint256 ledger, uint256 part, uint256 now_) = (0, 0, 0);
        for (uint256 i = 0; i < 40; ++i) {
            seed = uint256(keccak256(abi.encode(seed)));
            now_ += seed % 700;
            uint256 duration = 1 + (seed >> 16) % PART;
            (ledger, part) = (ledger.advance(now_ / PART - part), now_ / PART);
            if (ledger.total() + duration > BUDGET) continue;
            ledger += PauseBudget.entry(now_, duration, PART);
            _starts.push(now_);
            uint256 end = now_ + duration;
            if (seed >> 255 == 1) {
                now_ += (seed >> 32) % duration;
                (ledger, part) = (ledger.advance(now_ / PART - part), now_ / PART);
                ledger -= PauseBudget.entry(now_, end - now_, PART);
                end = now_;
            }
            _ends.push(end);
            now_ = end;
        }
        assertNotEq(_starts.length, 0);
        for (uint256 i = 0; i < _starts.length; ++i) {
            assertLe(_paused(_starts[i], _starts[i] + PERIOD), BUDGET);
            if (_ends[i] >= PERIOD) assertLe(_paused(_ends[i] - PERIOD, _ends[i]), BUDGET);
        }
    }

    function testFuzz_ForgetsAfterSixQuarters(uint120 ledger, uint256 parts) public pure {
        parts = bound(parts, 6, type(uint256).max);
        assertEq(uint256(ledger).advance(parts), 0);
    }

    /// @dev Whatever time passes, the ledger fits the 120 bits that it is kept in.
    function testFuzz_StaysInItsBits(uint120 ledger, uint256 parts) public pure {
        assertEq(uint256(ledger).advance(parts % 8) >> 120, 0);
    }

    function test_Entry() public pure {
        assertEq(PauseBudget.entry(2400, 600, PART), 600 << 20);
        assertEq(PauseBudget.entry(2400, 601, PART), (600 << 20) | 1);
        assertEq(PauseBudget.entry(2000, 1000, PART), 1000 << 20);
        // The next quarter doesn't count yet.
        assertEq(PauseBudget.entry(2400, 601, PART).total(), 600);
        assertEq(PauseBudget.entry(2400, 601, PART).advance(1).total(), 601);
        assertEq(PauseBudget.entry(2400, 601, PART).advance(5).total(), 1);
    }
}
