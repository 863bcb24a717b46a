// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity 0.8.37;

import { IPauseAdapter } from "./IPauseAdapter.sol";
import { PauseAdapter } from "./PauseAdapter.sol";

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

/// @title Adapter for contracts with `pauseFor`
/// @notice The pause ends by itself.
contract PauseForAdapter is PauseAdapter {
    /// @param target_ The contract; this adapter must be allowed to call its `pauseFor` and `resume`.
    /// @param owner_ Appoints the guard.
    constructor(address target_, address owner_) PauseAdapter(target_, owner_) { }

    /// @inheritdoc IPauseAdapter
    function expiresByItself() external pure returns (bool) {
        return true;
    }

    function _saysPaused() internal view override returns (bool) {
        return IPausableFor(_TARGET).isPaused();
    }

    function _pause(uint256 duration) internal override {
        IPausableFor(_TARGET).pauseFor(duration);
    }

    function _resume() internal override {
        IPausableFor(_TARGET).resume();
    }
}
