// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity 0.8.37;

import { RiskLimits } from "../../consumers/risk/RiskLimits.sol";
import { RiskParameter } from "../../consumers/risk/RiskTypes.sol";
import { IAaveRiskSteward } from "../../interfaces/external/IAaveRiskSteward.sol";
import { IAaveAddressesProvider } from "../../interfaces/external/IAaveV3.sol";
import { AaveMarkets } from "./AaveMarkets.sol";

/// @title Adapter for Aave v3, as its risk steward's council
/// @notice A steward is made for one council, this contract, and holds `RISK_ADMIN` itself. It has
/// limits and delays of its own, which add to the updater's: the narrower limit holds, and a move
/// waits for both delays. One that the steward refuses reverts as a whole, and can be executed later
/// until the proposal expires; so an updater's minimum delays should not be shorter than the
/// steward's.
/// @dev A steward refuses to end a cap or to set one where there is none.
contract AaveStewardAdapter is AaveMarkets {
    /// @dev The steward's word for what stays as it is.
    uint256 private constant _KEEP_CURRENT = type(uint256).max - 42;
    uint256 private constant _WHOLE = 10_000;

    /// @notice The steward.
    IAaveRiskSteward public immutable STEWARD;

    /// @param provider Aave's, of the pool that the steward is for.
    /// @param steward The steward; may be deployed later than this, at an address that is known.
    /// @param owner_ Appoints the updater.
    constructor(IAaveAddressesProvider provider, IAaveRiskSteward steward, address owner_)
        AaveMarkets(provider, owner_)
    {
        STEWARD = steward;
    }

    function _setRatios(address market, uint8 mask, uint256 ltv, uint256 threshold, uint256 bonus) internal override {
        IAaveRiskSteward.CollateralUpdate[] memory updates = new IAaveRiskSteward.CollateralUpdate[](1);
        updates[0] = IAaveRiskSteward.CollateralUpdate({
            asset: market,
            ltv: _kept(mask, RiskParameter.LoanToValue, ltv),
            liqThreshold: _kept(mask, RiskParameter.LiquidationThreshold, threshold),
            liqBonus: _kept(mask, RiskParameter.LiquidationBonus, bonus > _WHOLE ? bonus - _WHOLE : 0),
            debtCeiling: _KEEP_CURRENT,
            liqProtocolFee: _KEEP_CURRENT
        });
        STEWARD.updateCollateralSide(updates);
    }

    function _setCaps(address market, uint8 mask, uint256 supplyCap, uint256 borrowCap) internal override {
        IAaveRiskSteward.CapsUpdate[] memory updates = new IAaveRiskSteward.CapsUpdate[](1);
        updates[0] = IAaveRiskSteward.CapsUpdate({
            asset: market,
            supplyCap: _kept(mask, RiskParameter.SupplyCap, supplyCap),
            borrowCap: _kept(mask, RiskParameter.BorrowCap, borrowCap)
        });
        STEWARD.updateCaps(updates);
    }

    function _kept(uint8 mask, RiskParameter parameter, uint256 value) private pure returns (uint256) {
        return RiskLimits.has(mask, parameter) ? value : _KEEP_CURRENT;
    }
}
