// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity ^0.8.24;

/// @title What a guard needs of a contract it can pause
/// @notice Owns the pauser role of one contract and lets one guard use it. Which of the contract's
/// functions the pause stops is the contract's decision; a contract whose exits a pause can stop
/// must not be given to a guard.
interface IPauseAdapter {
    /// @notice Another guard, or none, may pause.
    event GuardChanged(address indexed guard);

    /// @notice Only the guard may do this.
    error NotGuard(address caller);

    /// @notice The contract is paused already, by whomever: a guard doesn't take over somebody
    /// else's pause.
    error AlreadyPausedElsewhere(address target);

    /// @notice The contract says that it is still paused.
    error StillPaused(address target);

    /// @notice The account has no code.
    error NotAContract(address account);

    /// @notice Pauses. For the guard.
    /// @param duration In seconds; without effect if the contract's pauses don't expire by
    /// themselves.
    function pause(uint256 duration) external;

    /// @notice Ends the pause, if there is one. For the guard, and for the owner, should the guard
    /// fail.
    function resume() external;

    /// @notice Gives the right to pause to another guard; zero takes it away. For the owner.
    function setGuard(address newGuard) external;

    /// @notice Whether the contract is paused, by whomever.
    function isPaused() external view returns (bool);

    /// @notice Whether a pause ends after its duration without anybody's doing.
    function expiresByItself() external view returns (bool);

    /// @notice The contract.
    function target() external view returns (address);

    /// @notice Who may pause.
    function guard() external view returns (address);
}
