// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity ^0.8.24;

/// @title The four gates of a Morpho vault (V2)
/// @notice A vault asks the gates that its curator set. They must never revert: the vault asks
/// `canReceiveShares` of its fee recipients whenever it counts interest, exits included.
interface IMorphoGates {
    /// @notice Asked of who pays into the vault.
    function canSendAssets(address account) external view returns (bool);

    /// @notice Asked of who gets shares: on deposits, transfers, and when fees are paid.
    function canReceiveShares(address account) external view returns (bool);

    /// @notice Asked of who gives shares away: on exits and transfers.
    function canSendShares(address account) external view returns (bool);

    /// @notice Asked of who is paid by the vault: on exits.
    function canReceiveAssets(address account) external view returns (bool);
}
