// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity ^0.8.24;

import { Ownable, Ownable2Step } from "@openzeppelin/contracts/access/Ownable2Step.sol";

import { IRiskAdapter } from "../consumers/risk/IRiskAdapter.sol";

/// @title Common part of adapters between an updater and a lending protocol
/// @dev The owner is governance: whoever appoints updaters can move whatever the adapter can.
abstract contract RiskAdapter is IRiskAdapter, Ownable2Step {
    /// @notice Another updater, or none, may push.
    event UpdaterChanged(address indexed updater);

    /// @notice Only the updater may do this.
    error NotUpdater(address caller);

    /// @notice The account has no code.
    error NotAContract(address account);

    /// @notice Who may push.
    address public updater;

    /// @param owner_ Appoints the updater.
    constructor(address owner_) Ownable(owner_) { }

    modifier onlyUpdater() {
        if (msg.sender != updater) revert NotUpdater(msg.sender);
        _;
    }

    /// @notice Gives the right to push to another updater; zero takes it away. For the owner.
    function setUpdater(address newUpdater) external onlyOwner {
        updater = newUpdater;
        emit UpdaterChanged(newUpdater);
    }

    function _requireCode(address account) internal view {
        if (account.code.length == 0) revert NotAContract(account);
    }
}
