// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity ^0.8.24;

/// @title A reserve's configuration, as Aave v3 packs it
/// @dev Where bits stand is the same on 3.0 and all later versions, but for the category of eMode,
/// which later ones don't use.
library AaveConfiguration {
    /// @notice The loan-to-value, in basis points.
    function ltv(uint256 data) internal pure returns (uint256) {
        return data & 0xffff;
    }

    /// @notice The liquidation threshold, in basis points.
    function threshold(uint256 data) internal pure returns (uint256) {
        return (data >> 16) & 0xffff;
    }

    /// @notice The liquidation bonus, in basis points: 10,500 for 5 %.
    function bonus(uint256 data) internal pure returns (uint256) {
        return (data >> 32) & 0xffff;
    }

    /// @notice The asset's decimals.
    function decimals(uint256 data) internal pure returns (uint256) {
        return (data >> 48) & 0xff;
    }

    /// @notice Whether the asset is listed and active.
    function isActive(uint256 data) internal pure returns (bool) {
        return (data >> 56) & 1 != 0;
    }

    /// @notice Whether nobody can supply or borrow.
    function isFrozen(uint256 data) internal pure returns (bool) {
        return (data >> 57) & 1 != 0;
    }

    /// @notice Whether nobody can do anything.
    function isPaused(uint256 data) internal pure returns (bool) {
        return (data >> 60) & 1 != 0;
    }

    /// @notice The borrow cap, in whole tokens; zero is none.
    function borrowCap(uint256 data) internal pure returns (uint256) {
        return (data >> 80) & 0xfffffffff;
    }

    /// @notice The supply cap, in whole tokens; zero is none.
    function supplyCap(uint256 data) internal pure returns (uint256) {
        return (data >> 116) & 0xfffffffff;
    }

    /// @notice The category of eMode, before 3.2; zero is none.
    function eModeCategory(uint256 data) internal pure returns (uint8) {
        // forge-lint: disable-next-line(unsafe-typecast)
        return uint8(data >> 168);
    }
}
