// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity ^0.8.24;

/// @notice What `IAavePool.getReserveData` returns, on 3.0 and, as `ReserveDataLegacy`, on later
/// versions.
/// @dev `configuration` is read by `AaveConfiguration`. From 3.2 on there is no stable debt, and its
/// token is zero.
struct AaveReserveData {
    uint256 configuration;
    uint128 liquidityIndex;
    uint128 currentLiquidityRate;
    uint128 variableBorrowIndex;
    uint128 currentVariableBorrowRate;
    uint128 currentStableBorrowRate;
    uint40 lastUpdateTimestamp;
    uint16 id;
    address aToken;
    address stableDebtToken;
    address variableDebtToken;
    address interestRateStrategy;
    uint128 accruedToTreasury;
    uint128 unbacked;
    uint128 isolationModeTotalDebt;
}

/// @notice A category of eMode; on 3.2 and later `priceSource` is zero.
struct AaveEModeCategory {
    uint16 ltv;
    uint16 liquidationThreshold;
    uint16 liquidationBonus;
    address priceSource;
    string label;
}

/// @title What adapters ask of Aave v3's addresses provider
interface IAaveAddressesProvider {
    /// @notice The pool.
    function getPool() external view returns (address);

    /// @notice The configurator of the pool.
    function getPoolConfigurator() external view returns (address);
}

/// @title What adapters ask of Aave v3's pool
interface IAavePool {
    /// @notice A reserve; all zero if the asset isn't listed.
    function getReserveData(address asset) external view returns (AaveReserveData memory);

    /// @notice A reserve's configuration alone.
    function getConfiguration(address asset) external view returns (uint256);

    /// @notice What a scaled unit of supply is worth now, with 27 decimals.
    function getReserveNormalizedIncome(address asset) external view returns (uint256);

    /// @notice A category of eMode.
    function getEModeCategoryData(uint8 category) external view returns (AaveEModeCategory memory);
}

/// @title What adapters ask of a reserve's token of suppliers
interface IAaveAToken {
    /// @notice All supply, in scaled units.
    function scaledTotalSupply() external view returns (uint256);
}

/// @title What adapters tell Aave v3's configurator
/// @dev All of it is for holders of `RISK_ADMIN`, on 3.0 and later.
interface IAaveConfigurator {
    /// @notice Sets the three ratios, in basis points; the bonus is more than 10,000.
    function configureReserveAsCollateral(
        address asset,
        uint256 ltv,
        uint256 liquidationThreshold,
        uint256 liquidationBonus
    ) external;

    /// @notice Sets the supply cap, in whole tokens; zero is none.
    function setSupplyCap(address asset, uint256 newSupplyCap) external;

    /// @notice Sets the borrow cap, in whole tokens; zero is none.
    function setBorrowCap(address asset, uint256 newBorrowCap) external;

    /// @notice Freezes a reserve, or ends that.
    function setReserveFreeze(address asset, bool freeze) external;
}

/// @title What an adapter tells the configurator about categories of eMode, before 3.2
/// @dev For holders of `RISK_ADMIN`. Ratios in basis points, the bonus more than 10,000.
interface IAaveEModeConfigurator {
    /// @notice Sets a category; its threshold must be above those of its reserves.
    function setEModeCategory(
        uint8 categoryId,
        uint16 ltv,
        uint16 liquidationThreshold,
        uint16 liquidationBonus,
        address priceSource,
        string calldata label
    ) external;
}

/// @title What an adapter tells the configurator about categories of eMode, from 3.2 on
/// @dev For holders of `RISK_ADMIN`. Ratios in basis points, the bonus more than 10,000.
interface IAaveLiquidEModeConfigurator {
    /// @notice Sets a category, whose ratios then hold for who is in it, whatever its reserves' are.
    function setEModeCategory(
        uint8 categoryId,
        uint16 ltv,
        uint16 liquidationThreshold,
        uint16 liquidationBonus,
        string calldata label
    ) external;
}
