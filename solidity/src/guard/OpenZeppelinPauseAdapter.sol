// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity 0.8.37;

import { IPauseAdapter } from "./IPauseAdapter.sol";
import { PauseAdapter } from "./PauseAdapter.sol";

/// @title A contract with OpenZeppelin's `Pausable`
/// @dev `Pausable` leaves the names of the functions that pause to the contract; these are those that OpenZeppelin's wizard gives.
interface IPausable {
    /// @notice Pauses.
    function pause() external;

    /// @notice Ends the pause.
    function unpause() external;

    /// @notice Whether it is paused.
    function paused() external view returns (bool);
}

/// @title Adapter for OpenZeppelin's `Pausable`
/// @notice The pause does not end by itself: when its time is over, anybody may call the guard's `expire`.
contract OpenZeppelinPauseAdapter is PauseAdapter {
    /// @param target_ The contract; this adapter must be allowed to call its `pause` and `unpause`.
    /// @param owner_ Appoints the guard.
    constructor(address target_, address owner_) PauseAdapter(target_, owner_) { }

    /// @inheritdoc IPauseAdapter
    function expiresByItself() external pure returns (bool) {
        return false;
    }

    function _saysPaused() internal view override returns (bool) {
        return IPausable(_TARGET).paused();
    }

    function _pause(uint256) internal override {
        IPausable(_TARGET).pause();
    }

    function _resume() internal override {
        IPausable(_TARGET).unpause();
    }
}
