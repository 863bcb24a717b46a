// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity ^0.8.24;

import { IPausableFor } from "./IPausableFor.sol";

/// @title Entries can be closed for a time, exits cannot
/// @notice For contracts made to be guarded: `whenEntriesOpen` goes to what lets value in or raises
/// risk (deposit, mint, borrow) and to nothing that lets users out. There is no modifier for exits,
/// so no pause can hold anybody in; and none outlasts the maximum.
abstract contract EntryPausable is IPausableFor {
    /// @notice Entries are closed until `until`.
    event EntriesClosed(uint256 until);

    /// @notice Entries are open again, before their time.
    event EntriesOpened();

    /// @notice Entries are closed until `until`.
    error EntriesAreClosed(uint256 until);

    /// @notice Entries are open.
    error EntriesAreOpen();

    /// @notice A pause has at least a second and at most `maximum`.
    error PauseDurationOutOfRange(uint256 maximum, uint256 actual);

    uint256 private immutable _MAXIMUM_PAUSE;
    uint256 private _closedUntil;

    /// @param maximumPause The longest pause, in seconds.
    constructor(uint256 maximumPause) {
        _MAXIMUM_PAUSE = maximumPause;
    }

    modifier whenEntriesOpen() {
        if (isPaused()) revert EntriesAreClosed(_closedUntil);
        _;
    }

    /// @inheritdoc IPausableFor
    function pauseFor(uint256 duration) external {
        _authorizePause();
        if (isPaused()) revert EntriesAreClosed(_closedUntil);
        if (duration == 0 || duration > _MAXIMUM_PAUSE) revert PauseDurationOutOfRange(_MAXIMUM_PAUSE, duration);
        _closedUntil = block.timestamp + duration;
        emit EntriesClosed(block.timestamp + duration);
    }

    /// @inheritdoc IPausableFor
    function resume() external {
        _authorizePause();
        if (!isPaused()) revert EntriesAreOpen();
        _closedUntil = block.timestamp;
        emit EntriesOpened();
    }

    /// @inheritdoc IPausableFor
    function isPaused() public view returns (bool) {
        return block.timestamp < _closedUntil;
    }

    /// @notice Until when entries are closed; in the past if they are open.
    function entriesClosedUntil() external view returns (uint256) {
        return _closedUntil;
    }

    /// @dev Reverts unless the caller may close and open entries.
    function _authorizePause() internal view virtual;
}
