// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity 0.8.37;

import { Ownable, Ownable2Step } from "@openzeppelin/contracts/access/Ownable2Step.sol";

import { EntryPausable } from "../../consumers/guard/EntryPausable.sol";
import { IMorphoGates } from "../../interfaces/external/IMorphoGates.sol";

/// @title A gate of Morpho vaults (V2) that a guard can close to deposits
/// @notice A vault's curator sets it as the vault's `sendAssetsGate`. Closed, nobody can pay in;
/// exits, transfers of shares and fees go on. Set as any other of a vault's gates it stops nothing,
/// so a curator's slip locks nobody in.
/// @dev A guard closes it through a `PauseForAdapter`, which is its pauser. It opens by itself. The
/// questions that vaults ask never revert.
contract MorphoVaultGate is IMorphoGates, EntryPausable, Ownable2Step {
    /// @notice Another account, or none, may close the gate.
    event PauserChanged(address indexed pauser);

    /// @notice Only the pauser may do this.
    error NotPauser(address caller);

    /// @notice Who may close the gate, and open it early.
    address public pauser;

    /// @param maximumPause How long it can be closed at a time, in seconds.
    /// @param owner_ Appoints the pauser.
    constructor(uint256 maximumPause, address owner_) EntryPausable(maximumPause) Ownable(owner_) { }

    /// @notice Gives the right to close the gate to another account; zero takes it away. For the
    /// owner.
    function setPauser(address newPauser) external onlyOwner {
        pauser = newPauser;
        emit PauserChanged(newPauser);
    }

    /// @inheritdoc IMorphoGates
    function canSendAssets(address) external view returns (bool) {
        return !isPaused();
    }

    /// @inheritdoc IMorphoGates
    function canReceiveShares(address) external pure returns (bool) {
        return true;
    }

    /// @inheritdoc IMorphoGates
    function canSendShares(address) external pure returns (bool) {
        return true;
    }

    /// @inheritdoc IMorphoGates
    function canReceiveAssets(address) external pure returns (bool) {
        return true;
    }

    function _authorizePause() internal view override {
        if (msg.sender != pauser) revert NotPauser(msg.sender);
    }
}
