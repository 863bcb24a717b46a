// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity 0.8.37;

import { IPauseAdapter } from "../../consumers/guard/IPauseAdapter.sol";
import { PauseAdapter } from "../../consumers/guard/PauseAdapter.sol";
import { IComet } from "../../interfaces/external/IComet.sol";

/// @title Adapter for a Comet (Compound III), as its pause guardian
/// @notice Comet's five flags don't tell entries from exits: debts are repaid by supplying, and made
/// by withdrawing. This pauses supply, so no new collateral comes in, and with it liquidation, because
/// nobody could repay meanwhile; withdrawals, transfers and sales of what was liquidated stay as they
/// are. **So borrowers can't repay during a pause**, and who is under water when it ends can be
/// liquidated at once: keep pauses short.
/// @dev A Comet has one guardian. Whoever was it before keeps its powers by calling `pauseAll` here.
/// What it sets during a guard's pause is no longer the guard's to end. Flags that others set are left
/// as they are: liquidation that was paused when the pause began stays so when it ends, and so does
/// what the governor changes of the other three.
contract CometPauseAdapter is PauseAdapter {
    /// @notice The former guardian set the flags.
    event FlagsSet(bool supply, bool transfer, bool withdraw, bool absorb, bool buy);

    /// @notice Only the former guardian may do this.
    error NotFormerGuardian(address caller);

    /// @notice Who sets the flags as the guardian did before this contract became it; zero for nobody.
    address public immutable FORMER_GUARDIAN;

    /// @dev Whether liquidation was paused when the pause began.
    bool private _absorbWasPaused;
    /// @dev Whether the former guardian has set flags since.
    bool private _takenOver;

    /// @param comet The Comet; its configuration must name this contract as pause guardian.
    /// @param owner_ Appoints the guard.
    /// @param formerGuardian Who was guardian before; zero for nobody.
    constructor(address comet, address owner_, address formerGuardian) PauseAdapter(comet, owner_) {
        FORMER_GUARDIAN = formerGuardian;
    }

    /// @notice Sets all flags, whatever a guard has done. For the former guardian, who alone, with the
    /// governor, can then end what it paused.
    function pauseAll(bool supply, bool transfer, bool withdraw, bool absorb, bool buy) external {
        if (msg.sender != FORMER_GUARDIAN) revert NotFormerGuardian(msg.sender);
        _takenOver = true;
        emit FlagsSet(supply, transfer, withdraw, absorb, buy);
        IComet(_TARGET).pause(supply, transfer, withdraw, absorb, buy);
    }

    /// @inheritdoc IPauseAdapter
    function expiresByItself() external pure returns (bool) {
        return false;
    }

    function _saysPaused() internal view override returns (bool) {
        return IComet(_TARGET).isSupplyPaused();
    }

    function _pause(uint256) internal override {
        (_absorbWasPaused, _takenOver) = (IComet(_TARGET).isAbsorbPaused(), false);
        _set(true, true);
    }

    function _resume() internal override {
        // The caller is told that it is still paused.
        if (!_takenOver) _set(false, _absorbWasPaused);
    }

    function _set(bool supply, bool absorb) private {
        IComet comet = IComet(_TARGET);
        comet.pause(supply, comet.isTransferPaused(), comet.isWithdrawPaused(), absorb, comet.isBuyPaused());
    }
}
