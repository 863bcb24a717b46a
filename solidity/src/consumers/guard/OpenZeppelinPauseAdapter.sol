// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity 0.8.37;

import { IPausable } from "./IPausable.sol";
import { IPauseAdapter } from "./IPauseAdapter.sol";
import { PauseAdapter } from "./PauseAdapter.sol";

/// @title Adapter for OpenZeppelin's `Pausable`
/// @notice The pause does not end by itself: when its time is over, anybody may call the guard's
/// `expire`.
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
