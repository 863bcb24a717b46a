// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity ^0.8.24;

/// @title How long something was paused in the recent past
/// @notice Seconds, by quarters of a period. Any window as long as a period touches at most five
/// quarters, so if no five in a row hold more than the budget, no window does: not only the windows
/// of a calendar.
/// @dev Six numbers of 20 bits: that of the next quarter lowest, then the current one, then the
/// four before. A pause is no longer than a quarter, so it touches the current and the next.
library PauseBudget {
    /// @notice Parts of a period.
    uint256 internal constant PARTS = 4;

    /// @notice The longest period, in seconds: a quarter fits into 20 bits.
    uint256 internal constant MAXIMUM_PERIOD = PARTS * _MASK;

    uint256 private constant _BITS = 20;
    uint256 private constant _MASK = (1 << _BITS) - 1;
    uint256 private constant _COUNT = PARTS + 2;

    /// @notice The ledger, `parts` quarters later.
    function advance(uint256 ledger, uint256 parts) internal pure returns (uint256) {
        return parts >= _COUNT ? 0 : (ledger << (_BITS * parts)) & ((1 << (_BITS * _COUNT)) - 1);
    }

    /// @notice Seconds in the current quarter and the four before.
    function total(uint256 ledger) internal pure returns (uint256 seconds_) {
        for (uint256 i = 1; i < _COUNT; ++i) {
            seconds_ += (ledger >> (_BITS * i)) & _MASK;
        }
    }

    /// @notice What to add for a pause of `duration` seconds from `start` on, in the current
    /// quarter, or to subtract for what is left of one.
    function entry(uint256 start, uint256 duration, uint256 part) internal pure returns (uint256) {
        uint256 left = part - start % part;
        return duration <= left ? duration << _BITS : (left << _BITS) | (duration - left);
    }
}
