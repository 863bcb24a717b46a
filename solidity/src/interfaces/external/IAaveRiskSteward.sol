// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity ^0.8.24;

/// @title What an adapter tells Aave's risk steward
/// @notice The steward holds `RISK_ADMIN`, obeys its one council, and refuses values that are zero,
/// too far from the live ones, or too soon after its own last change of the same value.
interface IAaveRiskSteward {
    /// @notice Caps in whole tokens; `KEEP_CURRENT` leaves one as it is.
    struct CapsUpdate {
        address asset;
        uint256 supplyCap;
        uint256 borrowCap;
    }

    /// @notice Ratios in basis points, the bonus without the whole: 500 for 5 %.
    struct CollateralUpdate {
        address asset;
        uint256 ltv;
        uint256 liqThreshold;
        uint256 liqBonus;
        uint256 debtCeiling;
        uint256 liqProtocolFee;
    }

    /// @notice Sets caps. For the council.
    function updateCaps(CapsUpdate[] calldata updates) external;

    /// @notice Sets ratios. For the council.
    function updateCollateralSide(CollateralUpdate[] calldata updates) external;
}
