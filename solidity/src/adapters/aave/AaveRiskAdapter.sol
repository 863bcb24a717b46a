// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity 0.8.37;

import { RiskLimits } from "../../consumers/risk/RiskLimits.sol";
import { RiskParameter } from "../../consumers/risk/RiskTypes.sol";
import { IAaveAddressesProvider, IAaveConfigurator } from "../../interfaces/external/IAaveV3.sol";
import { AaveMarkets } from "./AaveMarkets.sol";

/// @title Adapter for Aave v3, as one of its risk administrators
/// @notice Aave's governance gives this contract `RISK_ADMIN` on its ACL manager. The role is for
/// more (rates, factors, eMode, freezing); of that this contract calls what sets loan-to-value,
/// threshold, bonus and the two caps, and nothing else.
contract AaveRiskAdapter is AaveMarkets {
    /// @param provider Aave's, of one pool.
    /// @param owner_ Appoints the updater.
    constructor(IAaveAddressesProvider provider, address owner_) AaveMarkets(provider, owner_) { }

    function _setRatios(address market, uint8, uint256 ltv, uint256 threshold, uint256 bonus) internal override {
        _configurator().configureReserveAsCollateral(market, ltv, threshold, bonus);
    }

    function _setCaps(address market, uint8 mask, uint256 supplyCap, uint256 borrowCap) internal override {
        IAaveConfigurator configurator = _configurator();
        if (RiskLimits.has(mask, RiskParameter.SupplyCap)) configurator.setSupplyCap(market, supplyCap);
        if (RiskLimits.has(mask, RiskParameter.BorrowCap)) configurator.setBorrowCap(market, borrowCap);
    }

    function _configurator() private view returns (IAaveConfigurator) {
        return IAaveConfigurator(PROVIDER.getPoolConfigurator());
    }
}
