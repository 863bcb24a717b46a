// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity 0.8.37;

import { IERC20 } from "@openzeppelin/contracts/token/ERC20/IERC20.sol";

import { AaveConfiguration } from "../../../src/adapters/aave/AaveConfiguration.sol";
import { MockToken } from "../../../testing/mocks/MockToken.sol";
import { ForeignCode } from "../ForeignCode.sol";
import { AaveConfigurator3 } from "./AaveConfigurator3.sol";
import { IAaveACL, IAaveConfiguratorFull, IAaveOracle, IAavePoolFull, IAaveProviderFull } from "./IAave.sol";

/// @dev A price source as AaveOracle asks one.
contract FixedPrice {
    int256 public latestAnswer;

    constructor(int256 answer) {
        latestAnswer = answer;
    }

    function set(int256 answer) external {
        latestAnswer = answer;
    }
}

/// @dev Six decimals, as a stablecoin's.
contract SixToken is MockToken {
    function decimals() public pure override returns (uint8) {
        return 6;
    }
}

/// @dev Aave v3.0.2 as its package has it, with three reserves: a collateral of 18 decimals (75 %,
/// 80 %, 105 %; caps of a million and of half a million), a second collateral without caps, and a
/// loan asset of 6 decimals. Prices have 8 decimals. This contract is Aave's governance.
abstract contract AaveMarket is ForeignCode {
    using AaveConfiguration for uint256;

    IAaveProviderFull internal provider;
    IAaveACL internal acl;
    IAavePoolFull internal pool;
    IAaveConfiguratorFull internal configurator;
    IAaveOracle internal prices;
    MockToken internal weth;
    MockToken internal wbtc;
    SixToken internal usdc;
    FixedPrice internal wethPrice;

    address internal lender = makeAddr("lender");
    address internal borrower = makeAddr("borrower");

    address private _aToken;
    address private _stableDebt;
    address private _variableDebt;
    address private _rates;

    function _deployAave() internal {
        string[8] memory libraries = [
            "BorrowLogic",
            "BridgeLogic",
            "ConfiguratorLogic",
            "EModeLogic",
            "FlashLoanLogic",
            "LiquidationLogic",
            "PoolLogic",
            "SupplyLogic"
        ];
        for (uint256 i = 0; i < libraries.length; ++i) {
            _foreignLibrary(libraries[i]);
        }
        provider = IAaveProviderFull(_foreign("PoolAddressesProvider", abi.encode("test", address(this))));
        provider.setACLAdmin(address(this));
        acl = IAaveACL(_foreign("ACLManager", abi.encode(provider)));
        provider.setACLManager(address(acl));
        acl.addPoolAdmin(address(this));
        acl.addEmergencyAdmin(address(this));
        acl.addAssetListingAdmin(address(this));
        provider.setPoolImpl(_foreign("Pool", abi.encode(provider)));
        pool = IAavePoolFull(provider.getPool());
        provider.setPoolConfiguratorImpl(_foreign("PoolConfigurator"));
        configurator = IAaveConfiguratorFull(provider.getPoolConfigurator());

        address[] memory none = new address[](0);
        prices = IAaveOracle(_foreign("AaveOracle", abi.encode(provider, none, none, address(0), address(0), 1e8)));
        provider.setPriceOracle(address(prices));
        provider.setPoolDataProvider(_foreign("AaveProtocolDataProvider", abi.encode(provider)));
        _aToken = _foreign("AToken", abi.encode(pool));
        _stableDebt = _foreign("StableDebtToken", abi.encode(pool));
        _variableDebt = _foreign("VariableDebtToken", abi.encode(pool));
        _rates = _foreign(
            "DefaultReserveInterestRateStrategy",
            abi.encode(provider, 0.8e27, 0, 0.04e27, 0.6e27, 0.005e27, 0.04e27, 0.01e27, 0.08e27, 0.2e27)
        );

        (weth, wbtc, usdc) = (new MockToken(), new MockToken(), new SixToken());
        wethPrice = new FixedPrice(2000e8);
        _list(address(weth), 18, address(wethPrice));
        _list(address(wbtc), 18, address(new FixedPrice(50_000e8)));
        _list(address(usdc), 6, address(new FixedPrice(1e8)));
        configurator.configureReserveAsCollateral(address(weth), 7500, 8000, 10_500);
        configurator.configureReserveAsCollateral(address(wbtc), 7000, 7500, 10_700);
        configurator.setReserveBorrowing(address(weth), true);
        configurator.setReserveBorrowing(address(usdc), true);
        configurator.setSupplyCap(address(weth), 1_000_000);
        configurator.setBorrowCap(address(weth), 500_000);
    }

    /// @dev From now on the configurator is 3.1's and later ones'.
    function _upgradeConfigurator() internal returns (AaveConfigurator3 made) {
        made = new AaveConfigurator3(provider);
        provider.setAddress("POOL_CONFIGURATOR", address(made));
        configurator = IAaveConfiguratorFull(address(made));
    }

    function _list(address asset, uint8 decimals, address source) internal {
        IAaveConfiguratorFull.InitReserveInput[] memory input = new IAaveConfiguratorFull.InitReserveInput[](1);
        (input[0].aTokenImpl, input[0].stableDebtTokenImpl, input[0].variableDebtTokenImpl) =
        (_aToken, _stableDebt, _variableDebt);
        (input[0].underlyingAssetDecimals, input[0].interestRateStrategyAddress) = (decimals, _rates);
        (input[0].underlyingAsset, input[0].treasury) = (asset, address(0xfee));
        configurator.initReserves(input);
        address[] memory assets = new address[](1);
        address[] memory sources = new address[](1);
        (assets[0], sources[0]) = (asset, source);
        prices.setAssetSources(assets, sources);
    }

    function _supply(address who, MockToken asset, uint256 amount) internal {
        asset.mint(who, amount);
        vm.startPrank(who);
        asset.approve(address(pool), amount);
        pool.supply(address(asset), amount, who, 0);
        vm.stopPrank();
    }

    function _borrow(address who, MockToken asset, uint256 amount) internal {
        vm.prank(who);
        pool.borrow(address(asset), amount, 2, 0, who);
    }

    function _repay(address who, MockToken asset, uint256 amount) internal {
        asset.mint(who, amount);
        vm.startPrank(who);
        asset.approve(address(pool), amount);
        pool.repay(address(asset), amount, 2, who);
        vm.stopPrank();
    }

    function _withdraw(address who, MockToken asset, uint256 amount) internal {
        vm.prank(who);
        pool.withdraw(address(asset), amount, who);
    }

    /// @dev The loan-to-value, threshold and bonus of a reserve.
    function _ratiosOf(MockToken asset) internal view returns (uint256[3] memory) {
        uint256 data = pool.getConfiguration(address(asset));
        return [data.ltv(), data.threshold(), data.bonus()];
    }

    function _debtToken(MockToken asset) internal view returns (IERC20) {
        return IERC20(pool.getReserveData(address(asset)).variableDebtToken);
    }
}
