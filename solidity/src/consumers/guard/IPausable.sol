// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity ^0.8.24;

/// @title A contract with OpenZeppelin's `Pausable`
/// @dev `Pausable` leaves the names of the functions that pause to the contract; these are those
/// that OpenZeppelin's wizard gives.
interface IPausable {
    /// @notice Pauses.
    function pause() external;

    /// @notice Ends the pause.
    function unpause() external;

    /// @notice Whether it is paused.
    function paused() external view returns (bool);
}
