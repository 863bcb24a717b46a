// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity ^0.8.24;

import { IERC20 } from "@openzeppelin/contracts/token/ERC20/IERC20.sol";

import { IRiskAdapter } from "../../consumers/risk/IRiskAdapter.sol";
import { RiskLimits } from "../../consumers/risk/RiskLimits.sol";
import { MarketState, RISK_PARAMETERS, RiskParameter } from "../../consumers/risk/RiskTypes.sol";
import {
    AaveEModeCategory,
    AaveReserveData,
    IAaveAToken,
    IAaveAddressesProvider,
    IAavePool
} from "../../interfaces/external/IAaveV3.sol";
import { RiskAdapter } from "../RiskAdapter.sol";
import { AaveConfiguration } from "./AaveConfiguration.sol";

/// @title A market of Aave v3, as an updater sees and sets it
/// @notice A market is a reserve, named by its asset. It has loan-to-value, threshold and bonus, in
/// basis points there and with 18 decimals here, and two caps, in whole tokens there and in the
/// smallest units here; no cap, which is zero there, is `type(uint128).max` here.
///
/// Refused by name are reserves that governance has stopped: frozen ones (from 3.1 on their
/// loan-to-value waits elsewhere, and what is set meanwhile takes effect when they are thawed),
/// paused ones, and the ratios of those with a loan-to-value of zero, which are no collateral for new
/// loans. No model begins or ends any of these, whatever an updater's limits are: a loan-to-value of
/// zero and a cap of zero are refused.
/// @dev Positions in eMode aren't touched by a reserve's ratios. Before 3.2 a reserve's are lower
/// than its category's, which Aave checks when a category is set, and this when a reserve's are.
///
/// Addresses are asked of the provider each time, as Aave's own contracts do.
abstract contract AaveMarkets is RiskAdapter {
    using AaveConfiguration for uint256;

    /// @notice The asset isn't listed, or its reserve not active.
    error NotListed(address asset);

    /// @notice The reserve is frozen.
    error ReserveFrozen(address asset);

    /// @notice The reserve is paused.
    error ReservePaused(address asset);

    /// @notice The reserve's loan-to-value is zero: it is no collateral for new loans.
    error CollateralDisabled(address asset);

    /// @notice Zero isn't a small value there: as a loan-to-value it ends a collateral, as a cap it
    /// is none.
    error ZeroRefused(RiskParameter parameter);

    /// @notice The value isn't a number of basis points or whole tokens.
    error NotRepresentable(RiskParameter parameter, uint256 value);

    /// @notice A reserve's ratios must be lower than its eMode category's.
    error NotBelowEMode(address asset, uint8 category);

    /// @notice Aave has no such parameter.
    error ParameterUnknown(uint8 mask);

    uint256 private constant _BASIS_POINT = 1e14;
    uint256 private constant _NO_CAP = type(uint128).max;
    uint8 private constant _RATIOS = 0x0e;
    uint8 private constant _CAPS = 0x30;

    /// @notice Where Aave's addresses are.
    IAaveAddressesProvider public immutable PROVIDER;

    /// @param provider Aave's, of one pool.
    /// @param owner_ Appoints the updater.
    constructor(IAaveAddressesProvider provider, address owner_) RiskAdapter(owner_) {
        _requireCode(address(provider));
        PROVIDER = provider;
    }

    /// @inheritdoc IRiskAdapter
    function stateOf(address market) external view returns (MarketState memory state) {
        IAavePool pool = IAavePool(PROVIDER.getPool());
        AaveReserveData memory reserve = pool.getReserveData(market);
        uint256 data = reserve.configuration;
        _checkRunning(market, data);

        state.ratioUnit = _BASIS_POINT;
        state.supported = _CAPS;
        uint256 unit = 10 ** data.decimals();
        state.values[uint256(RiskParameter.SupplyCap)] = _fromCap(data.supplyCap(), unit);
        state.values[uint256(RiskParameter.BorrowCap)] = _fromCap(data.borrowCap(), unit);
        if (data.ltv() != 0) {
            state.supported |= _RATIOS;
            state.values[uint256(RiskParameter.LoanToValue)] = data.ltv() * _BASIS_POINT;
            state.values[uint256(RiskParameter.LiquidationThreshold)] = data.threshold() * _BASIS_POINT;
            state.values[uint256(RiskParameter.LiquidationBonus)] = data.bonus() * _BASIS_POINT;
        }

        // What Aave holds its caps against, but for what its treasury earned since somebody last did
        // anything with the reserve.
        uint256 scaled = IAaveAToken(reserve.aToken).scaledTotalSupply() + reserve.accruedToTreasury;
        state.supplied = (scaled * pool.getReserveNormalizedIncome(market) + 0.5e27) / 1e27;
        state.borrowed = IERC20(reserve.variableDebtToken).totalSupply();
        if (reserve.stableDebtToken != address(0)) state.borrowed += IERC20(reserve.stableDebtToken).totalSupply();
    }

    /// @inheritdoc IRiskAdapter
    function push(address market, uint8 mask, uint256[RISK_PARAMETERS] calldata values) external onlyUpdater {
        if (mask & ~(_RATIOS | _CAPS) != 0) revert ParameterUnknown(mask);
        IAavePool pool = IAavePool(PROVIDER.getPool());
        uint256 data = pool.getConfiguration(market);
        _checkRunning(market, data);
        if (mask & _RATIOS != 0) _pushRatios(pool, market, data, mask, values);
        if (mask & _CAPS != 0) {
            uint256 unit = 10 ** data.decimals();
            _setCaps(
                market,
                mask,
                _toCap(mask, values, RiskParameter.SupplyCap, unit),
                _toCap(mask, values, RiskParameter.BorrowCap, unit)
            );
        }
    }

    /// @dev Sets the ratios of `mask`, in basis points; those that it leaves out are given as they
    /// are.
    function _setRatios(address market, uint8 mask, uint256 ltv, uint256 threshold, uint256 bonus) internal virtual;

    /// @dev Sets the caps of `mask`, in whole tokens.
    function _setCaps(address market, uint8 mask, uint256 supplyCap, uint256 borrowCap) internal virtual;

    function _pushRatios(
        IAavePool pool,
        address market,
        uint256 data,
        uint8 mask,
        uint256[RISK_PARAMETERS] calldata values
    ) private {
        if (data.ltv() == 0) revert CollateralDisabled(market);
        uint256 ltv = _toRatio(mask, values, RiskParameter.LoanToValue, data.ltv());
        uint256 threshold = _toRatio(mask, values, RiskParameter.LiquidationThreshold, data.threshold());
        uint256 bonus = _toRatio(mask, values, RiskParameter.LiquidationBonus, data.bonus());
        if (ltv == 0) revert ZeroRefused(RiskParameter.LoanToValue);
        uint8 category = data.eModeCategory();
        if (category != 0) {
            AaveEModeCategory memory eMode = pool.getEModeCategoryData(category);
            if (ltv >= eMode.ltv || threshold >= eMode.liquidationThreshold) revert NotBelowEMode(market, category);
        }
        _setRatios(market, mask, ltv, threshold, bonus);
    }

    function _checkRunning(address market, uint256 data) private pure {
        if (!data.isActive()) revert NotListed(market);
        if (data.isFrozen()) revert ReserveFrozen(market);
        if (data.isPaused()) revert ReservePaused(market);
    }

    function _fromCap(uint256 cap, uint256 unit) private pure returns (uint256) {
        return cap == 0 ? _NO_CAP : cap * unit;
    }

    function _toCap(uint8 mask, uint256[RISK_PARAMETERS] calldata values, RiskParameter parameter, uint256 unit)
        private
        pure
        returns (uint256)
    {
        uint256 value = values[uint256(parameter)];
        if (!RiskLimits.has(mask, parameter)) return 0;
        // Governance's word for none.
        if (value == _NO_CAP) return 0;
        if (value == 0) revert ZeroRefused(parameter);
        if (value % unit != 0) revert NotRepresentable(parameter, value);
        return value / unit;
    }

    function _toRatio(uint8 mask, uint256[RISK_PARAMETERS] calldata values, RiskParameter parameter, uint256 live)
        private
        pure
        returns (uint256)
    {
        if (!RiskLimits.has(mask, parameter)) return live;
        uint256 value = values[uint256(parameter)];
        if (value % _BASIS_POINT != 0) revert NotRepresentable(parameter, value);
        return value / _BASIS_POINT;
    }
}
