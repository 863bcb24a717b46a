// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity 0.8.37;

import { IERC4626 } from "@openzeppelin/contracts/interfaces/IERC4626.sol";

import { IPauseAdapter } from "./IPauseAdapter.sol";
import { OpenZeppelinPauseAdapter } from "./OpenZeppelinPauseAdapter.sol";

/// @title Adapter for ERC-4626 vaults with OpenZeppelin's `Pausable`
/// @notice Doesn't take `paused()` at its word: a vault is paused if, as ERC-4626 demands, it says
/// that nobody can deposit or mint. And it must let users out while it is: this withdraws nothing once
/// it has paused the vault, and doesn't pause one where that fails, be it that withdrawals or that
/// shares are paused.
/// @dev A vault that refuses to withdraw nothing at any time can't be told from one that keeps users
/// in, and is refused, too: try it before giving the vault to a guard.
contract ERC4626PauseAdapter is OpenZeppelinPauseAdapter {
    /// @param target_ The vault; this adapter must be allowed to call its `pause` and `unpause`.
    /// @param owner_ Appoints the guard.
    constructor(address target_, address owner_) OpenZeppelinPauseAdapter(target_, owner_) { }

    /// @inheritdoc IPauseAdapter
    function isPaused() external view override returns (bool) {
        IERC4626 vault = IERC4626(_TARGET);
        return _saysPaused() && vault.maxDeposit(address(this)) == 0 && vault.maxMint(address(this)) == 0;
    }

    function _exitsAreOpen() internal override returns (bool ok) {
        (ok,) = _TARGET.call(abi.encodeCall(IERC4626.withdraw, (0, address(this), address(this))));
    }
}
