// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity 0.8.37;

import { IRiskAdapter } from "../../consumers/risk/IRiskAdapter.sol";
import { RiskLimits } from "../../consumers/risk/RiskLimits.sol";
import { MarketState, RISK_PARAMETERS, RiskParameter } from "../../consumers/risk/RiskTypes.sol";
import {
    AaveEModeCategory,
    IAaveAddressesProvider,
    IAaveEModeConfigurator,
    IAaveLiquidEModeConfigurator,
    IAavePool
} from "../../interfaces/external/IAaveV3.sol";
import { RiskAdapter } from "../RiskAdapter.sol";

/// @title Adapter for Aave v3's categories of eMode, as one of its risk administrators
/// @notice A market is a category, named by the account that has its number as address, as Aave's own
/// agents name it. It has loan-to-value, threshold and bonus; label and price source stay. There are
/// no caps: those are the reserves'. Needs `RISK_ADMIN`, like `AaveRiskAdapter`.
/// @dev Only categories that governance has made can be moved. Aave refuses ratios of zero, and, before
/// 3.2, a category that isn't above its reserves.
contract AaveEModeAdapter is RiskAdapter {
    /// @notice The account's address is no category's number, or there is no such category.
    error UnknownCategory(address market);

    /// @notice The value isn't a number of basis points of 16 bits.
    error NotRepresentable(RiskParameter parameter, uint256 value);

    /// @notice A category has no such parameter.
    error ParameterUnknown(uint8 mask);

    uint256 private constant _BASIS_POINT = 1e14;
    uint8 private constant _RATIOS = 0x0e;

    /// @notice Where Aave's addresses are.
    IAaveAddressesProvider public immutable PROVIDER;

    /// @notice Whether categories are 3.2's and later ones'.
    bool public immutable LIQUID;

    /// @param provider Aave's, of one pool.
    /// @param liquid Whether its version is 3.2 or later. A wrong word moves nothing: the configurator
    /// has no such function.
    /// @param owner_ Appoints the updater.
    constructor(IAaveAddressesProvider provider, bool liquid, address owner_) RiskAdapter(owner_) {
        _requireCode(address(provider));
        (PROVIDER, LIQUID) = (provider, liquid);
    }

    /// @inheritdoc IRiskAdapter
    function stateOf(address market) external view returns (MarketState memory state) {
        (, AaveEModeCategory memory live) = _categoryOf(market);
        (state.supported, state.ratioUnit) = (_RATIOS, _BASIS_POINT);
        state.values[uint256(RiskParameter.LoanToValue)] = live.ltv * _BASIS_POINT;
        state.values[uint256(RiskParameter.LiquidationThreshold)] = live.liquidationThreshold * _BASIS_POINT;
        state.values[uint256(RiskParameter.LiquidationBonus)] = live.liquidationBonus * _BASIS_POINT;
    }

    /// @inheritdoc IRiskAdapter
    function push(address market, uint8 mask, uint256[RISK_PARAMETERS] calldata values) external onlyUpdater {
        if (mask & ~_RATIOS != 0) revert ParameterUnknown(mask);
        (uint8 id, AaveEModeCategory memory next) = _categoryOf(market);
        next.ltv = _toRatio(mask, values, RiskParameter.LoanToValue, next.ltv);
        next.liquidationThreshold =
            _toRatio(mask, values, RiskParameter.LiquidationThreshold, next.liquidationThreshold);
        next.liquidationBonus = _toRatio(mask, values, RiskParameter.LiquidationBonus, next.liquidationBonus);
        address configurator = PROVIDER.getPoolConfigurator();
        if (LIQUID) {
            IAaveLiquidEModeConfigurator(configurator)
                .setEModeCategory(id, next.ltv, next.liquidationThreshold, next.liquidationBonus, next.label);
        } else {
            IAaveEModeConfigurator(configurator)
                .setEModeCategory(
                    id, next.ltv, next.liquidationThreshold, next.liquidationBonus, next.priceSource, next.label
                );
        }
    }

    function _categoryOf(address market) private view returns (uint8 id, AaveEModeCategory memory category) {
        // forge-lint: disable-next-line(unsafe-typecast)
        id = uint8(uint160(market));
        if (id == 0 || uint160(market) != id) revert UnknownCategory(market);
        category = IAavePool(PROVIDER.getPool()).getEModeCategoryData(id);
        if (category.liquidationThreshold == 0) revert UnknownCategory(market);
    }

    function _toRatio(uint8 mask, uint256[RISK_PARAMETERS] calldata values, RiskParameter parameter, uint16 live)
        private
        pure
        returns (uint16)
    {
        if (!RiskLimits.has(mask, parameter)) return live;
        uint256 value = values[uint256(parameter)];
        if (value % _BASIS_POINT != 0 || value / _BASIS_POINT > type(uint16).max) {
            revert NotRepresentable(parameter, value);
        }
        // forge-lint: disable-next-line(unsafe-typecast)
        return uint16(value / _BASIS_POINT);
    }
}
