// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity 0.8.37;

import { IERC20 } from "@openzeppelin/contracts/token/ERC20/IERC20.sol";

import { IPausable } from "./IPausable.sol";
import { IPauseAdapter } from "./IPauseAdapter.sol";
import { PauseAdapter } from "./PauseAdapter.sol";

/// @title Adapter for OpenZeppelin's `Pausable`
/// @notice The pause does not end by itself: when its time is over, anybody may call the guard's
/// `expire`.
///
/// **What `whenNotPaused` stands on is the contract's decision, and this can't see it**: a contract that
/// has it on withdrawals must not be given to a guard. What can be seen is refused: a token whose
/// transfers the pause stops (`ERC20Pausable`), for then nobody gets out.
contract OpenZeppelinPauseAdapter is PauseAdapter {
    /// @notice The pause keeps users in, too.
    error ExitsBlocked(address target);

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
        bytes32 before = _answerToTransfer();
        IPausable(_TARGET).pause();
        if (_answerToTransfer() != before || !_exitsAreOpen()) revert ExitsBlocked(_TARGET);
    }

    function _resume() internal override {
        IPausable(_TARGET).unpause();
    }

    /// @dev Whether it can be seen that users can still get out, once the contract is paused.
    function _exitsAreOpen() internal virtual returns (bool) {
        return true;
    }

    /// @dev What the contract, be it a token or not, says to a transfer that can't succeed, to this very
    /// account. It says something else when it is paused only if transfers are. Whatever somebody may
    /// have given to this adapter makes no difference.
    function _answerToTransfer() private returns (bytes32) {
        (bool ok, bytes memory answer) =
            _TARGET.call(abi.encodeCall(IERC20.transfer, (address(this), type(uint256).max)));
        return keccak256(abi.encodePacked(ok, answer));
    }
}
