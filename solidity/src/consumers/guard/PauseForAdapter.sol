// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity 0.8.37;

import { IPausableFor } from "./IPausableFor.sol";
import { IPauseAdapter } from "./IPauseAdapter.sol";
import { PauseAdapter } from "./PauseAdapter.sol";

/// @title Adapter for contracts with `pauseFor`
/// @notice The pause ends by itself.
contract PauseForAdapter is PauseAdapter {
    /// @param target_ The contract; this adapter must be allowed to call its `pauseFor` and
    /// `resume`.
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
