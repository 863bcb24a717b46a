// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity 0.8.37;

import {
    AaveEModeCategory,
    IAaveAddressesProvider,
    IAaveConfigurator,
    IAavePool
} from "../../../src/interfaces/external/IAaveV3.sol";

/// @dev What tests do with Aave v3.0.2 beyond what adapters do.
interface IAaveProviderFull is IAaveAddressesProvider {
    function setAddress(bytes32 id, address newAddress) external;
    function setACLAdmin(address admin) external;
    function setACLManager(address manager) external;
    function setPoolImpl(address pool) external;
    function setPoolConfiguratorImpl(address configurator) external;
    function setPriceOracle(address oracle) external;
    function setPoolDataProvider(address provider) external;
    function getACLManager() external view returns (address);
}

interface IAaveACL {
    function addPoolAdmin(address account) external;
    function removeRiskAdmin(address account) external;
    function addRiskAdmin(address account) external;
    function addEmergencyAdmin(address account) external;
    function addAssetListingAdmin(address account) external;
    function isRiskAdmin(address account) external view returns (bool);
    function isPoolAdmin(address account) external view returns (bool);
    function isEmergencyAdmin(address account) external view returns (bool);
}

struct AaveConfigurationMap {
    uint256 data;
}

interface IAavePoolFull is IAavePool {
    function setConfiguration(address asset, AaveConfigurationMap calldata configuration) external;
    function configureEModeCategory(uint8 id, AaveEModeCategory calldata category) external;
    function supply(address asset, uint256 amount, address onBehalfOf, uint16 referral) external;
    function withdraw(address asset, uint256 amount, address to) external returns (uint256);
    function borrow(address asset, uint256 amount, uint256 mode, uint16 referral, address onBehalfOf) external;
    function repay(address asset, uint256 amount, uint256 mode, address onBehalfOf) external returns (uint256);
    function setUserUseReserveAsCollateral(address asset, bool use) external;
    function setUserEMode(uint8 category) external;
    function liquidationCall(address collateral, address debt, address user, uint256 amount, bool aToken) external;
    function getUserAccountData(address user)
        external
        view
        returns (uint256, uint256, uint256, uint256, uint256 ltv, uint256 healthFactor);
}

interface IAaveConfiguratorFull is IAaveConfigurator {
    struct InitReserveInput {
        address aTokenImpl;
        address stableDebtTokenImpl;
        address variableDebtTokenImpl;
        uint8 underlyingAssetDecimals;
        address interestRateStrategyAddress;
        address underlyingAsset;
        address treasury;
        address incentivesController;
        string aTokenName;
        string aTokenSymbol;
        string variableDebtTokenName;
        string variableDebtTokenSymbol;
        string stableDebtTokenName;
        string stableDebtTokenSymbol;
        bytes params;
    }

    function initReserves(InitReserveInput[] calldata input) external;
    function dropReserve(address asset) external;
    function setReserveFactor(address asset, uint256 factor) external;
    function setReserveBorrowing(address asset, bool enabled) external;
    function setReservePause(address asset, bool paused) external;
    function setPoolPause(bool paused) external;
    function setReserveActive(address asset, bool active) external;
    function setEModeCategory(
        uint8 category,
        uint16 ltv,
        uint16 threshold,
        uint16 bonus,
        address oracle,
        string calldata label
    ) external;
    function setAssetEModeCategory(address asset, uint8 category) external;
}

interface IAaveOracle {
    function getAssetPrice(address asset) external view returns (uint256);
    function setAssetSources(address[] calldata assets, address[] calldata sources) external;
    function setFallbackOracle(address oracle) external;
}
