// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity ^0.8.24;

import { Ownable, Ownable2Step } from "@openzeppelin/contracts/access/Ownable2Step.sol";

import { IPauseAdapter } from "./IPauseAdapter.sol";

/// @title Common part of pause adapters
/// @dev The owner is governance: whoever appoints guards must be slower than they are.
abstract contract PauseAdapter is IPauseAdapter, Ownable2Step {
    /// @inheritdoc IPauseAdapter
    address public guard;

    address internal immutable _TARGET;

    /// @param target_ The contract to pause; it must give this adapter its pauser role.
    /// @param owner_ Appoints the guard.
    constructor(address target_, address owner_) Ownable(owner_) {
        if (target_.code.length == 0) revert NotAContract(target_);
        _TARGET = target_;
    }

    /// @inheritdoc IPauseAdapter
    function setGuard(address newGuard) external onlyOwner {
        guard = newGuard;
        emit GuardChanged(newGuard);
    }

    /// @inheritdoc IPauseAdapter
    function pause(uint256 duration) external {
        if (msg.sender != guard) revert NotGuard(msg.sender);
        if (_saysPaused()) revert AlreadyPausedElsewhere(_TARGET);
        _pause(duration);
    }

    /// @inheritdoc IPauseAdapter
    function resume() external {
        if (msg.sender != guard && msg.sender != owner()) revert NotGuard(msg.sender);
        if (!_saysPaused()) return;
        _resume();
        if (_saysPaused()) revert StillPaused(_TARGET);
    }

    /// @inheritdoc IPauseAdapter
    function target() external view returns (address) {
        return _TARGET;
    }

    /// @inheritdoc IPauseAdapter
    function isPaused() external view virtual returns (bool) {
        return _saysPaused();
    }

    /// @dev What the contract says, whether or not `isPaused` believes it: a pause that is no pause
    /// must still be ended.
    function _saysPaused() internal view virtual returns (bool);

    function _pause(uint256 duration) internal virtual;

    function _resume() internal virtual;
}
