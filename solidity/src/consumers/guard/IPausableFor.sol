// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity ^0.8.24;

/// @title A contract that can be paused for a time
/// @dev The functions of Lido's `PausableUntil`, and of `EntryPausable`.
interface IPausableFor {
    /// @notice Pauses for `duration` seconds.
    function pauseFor(uint256 duration) external;

    /// @notice Ends the pause.
    function resume() external;

    /// @notice Whether it is paused.
    function isPaused() external view returns (bool);
}
