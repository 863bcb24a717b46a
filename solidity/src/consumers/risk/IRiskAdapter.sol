// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity ^0.8.24;

import { MarketState, RISK_PARAMETERS } from "./RiskTypes.sol";

/// @title What the updater needs of a lending protocol
/// @notice Holds the protocol's risk role, lets one updater use it, and translates units: see
/// `RiskParameter`.
interface IRiskAdapter {
    /// @notice The live state of a market; reverts if there is none.
    function stateOf(address market) external view returns (MarketState memory);

    /// @notice Sets parameters, all or none. For the updater.
    /// @dev All at once, because a protocol may refuse what one alone would leave: a loan-to-value
    /// above the old threshold.
    /// @param mask Which of `values` to set.
    function push(address market, uint8 mask, uint256[RISK_PARAMETERS] calldata values) external;
}
