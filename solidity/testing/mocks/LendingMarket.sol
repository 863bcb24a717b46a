// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity ^0.8.24;

import { Ownable } from "@openzeppelin/contracts/access/Ownable.sol";
import { IERC20 } from "@openzeppelin/contracts/token/ERC20/IERC20.sol";
import { Math } from "@openzeppelin/contracts/utils/math/Math.sol";

import { IRiskAdapter } from "../../src/consumers/risk/IRiskAdapter.sol";
import { MarketState, RISK_PARAMETERS, RiskParameter } from "../../src/consumers/risk/RiskTypes.sol";

/// @dev A small lending market: one collateral, one debt asset, a price, no interest. Like the
/// large ones it has a loan-to-value for borrowing, a threshold for liquidation, a bonus for
/// liquidators, and caps; ratios in basis points, as Aave keeps them.
contract LendingMarket is Ownable {
    struct Parameters {
        uint16 loanToValue;
        uint16 threshold;
        uint16 bonus;
        uint128 supplyCap;
        uint128 borrowCap;
    }

    uint256 private constant ONE = 1e18;
    uint256 private constant BASIS_POINTS = 10_000;

    IERC20 public immutable COLLATERAL;
    IERC20 public immutable DEBT;

    Parameters public parameters;
    /// @dev Of a unit of collateral, in units of debt, times 1e18.
    uint256 public price = ONE;
    uint256 public supplied;
    uint256 public borrowed;
    mapping(address => uint256) public collateralOf;
    mapping(address => uint256) public debtOf;
    address public riskManager;

    constructor(IERC20 collateral, IERC20 debt, Parameters memory initial) Ownable(msg.sender) {
        (COLLATERAL, DEBT, parameters) = (collateral, debt, initial);
    }

    function setPrice(uint256 price_) external onlyOwner {
        price = price_;
    }

    function setRiskManager(address manager) external onlyOwner {
        riskManager = manager;
    }

    function setParameters(Parameters calldata updated) external {
        require(msg.sender == riskManager || msg.sender == owner(), "not the risk manager");
        require(updated.loanToValue <= updated.threshold, "loan-to-value above threshold");
        parameters = updated;
    }

    function supply(uint256 amount) external {
        supplied += amount;
        require(supplied <= parameters.supplyCap, "supply cap");
        collateralOf[msg.sender] += amount;
        COLLATERAL.transferFrom(msg.sender, address(this), amount);
    }

    function withdraw(uint256 amount) external {
        supplied -= amount;
        collateralOf[msg.sender] -= amount;
        require(debtOf[msg.sender] <= _limit(msg.sender, parameters.loanToValue), "undercollateralised");
        COLLATERAL.transfer(msg.sender, amount);
    }

    function borrow(uint256 amount) external {
        borrowed += amount;
        debtOf[msg.sender] += amount;
        require(borrowed <= parameters.borrowCap, "borrow cap");
        require(debtOf[msg.sender] <= _limit(msg.sender, parameters.loanToValue), "undercollateralised");
        DEBT.transfer(msg.sender, amount);
    }

    function repay(uint256 amount) external {
        borrowed -= amount;
        debtOf[msg.sender] -= amount;
        DEBT.transferFrom(msg.sender, address(this), amount);
    }

    function liquidate(address account, uint256 amount) external {
        require(healthFactor(account) < ONE, "healthy");
        uint256 seized = Math.mulDiv(amount * parameters.bonus, ONE, price * BASIS_POINTS);
        borrowed -= amount;
        supplied -= seized;
        debtOf[account] -= amount;
        collateralOf[account] -= seized;
        DEBT.transferFrom(msg.sender, address(this), amount);
        COLLATERAL.transfer(msg.sender, seized);
    }

    /// @dev Below 1e18 a position can be liquidated.
    function healthFactor(address account) public view returns (uint256) {
        return healthFactorAt(account, parameters.threshold);
    }

    /// @dev The same, if the threshold were another.
    function healthFactorAt(address account, uint256 threshold) public view returns (uint256) {
        uint256 debt = debtOf[account];
        return debt == 0 ? type(uint256).max : Math.mulDiv(_limit(account, threshold), ONE, debt);
    }

    function _limit(address account, uint256 ratio) private view returns (uint256) {
        return Math.mulDiv(collateralOf[account] * price, ratio, ONE * BASIS_POINTS);
    }
}

/// @dev Holds the market's risk role and lets the updater use it.
contract LendingMarketAdapter is IRiskAdapter, Ownable {
    uint256 private constant UNIT = 1e14;

    address public updater;

    constructor() Ownable(msg.sender) { }

    function setUpdater(address updater_) external onlyOwner {
        updater = updater_;
    }

    function stateOf(address market) external view returns (MarketState memory state) {
        LendingMarket lending = LendingMarket(market);
        LendingMarket.Parameters memory live = _parameters(lending);
        state.supported = 0x3e;
        state.values[uint256(RiskParameter.LoanToValue)] = live.loanToValue * UNIT;
        state.values[uint256(RiskParameter.LiquidationThreshold)] = live.threshold * UNIT;
        state.values[uint256(RiskParameter.LiquidationBonus)] = live.bonus * UNIT;
        state.values[uint256(RiskParameter.SupplyCap)] = live.supplyCap;
        state.values[uint256(RiskParameter.BorrowCap)] = live.borrowCap;
        (state.supplied, state.borrowed) = (lending.supplied(), lending.borrowed());
    }

    function push(address market, uint8 mask, uint256[RISK_PARAMETERS] calldata values) external {
        require(msg.sender == updater, "not the updater");
        LendingMarket lending = LendingMarket(market);
        LendingMarket.Parameters memory live = _parameters(lending);
        if (mask & 2 != 0) live.loanToValue = uint16(values[1] / UNIT);
        if (mask & 4 != 0) live.threshold = uint16(values[2] / UNIT);
        if (mask & 8 != 0) live.bonus = uint16(values[3] / UNIT);
        if (mask & 16 != 0) live.supplyCap = uint128(values[4]);
        if (mask & 32 != 0) live.borrowCap = uint128(values[5]);
        lending.setParameters(live);
    }

    function _parameters(LendingMarket lending) private view returns (LendingMarket.Parameters memory live) {
        (live.loanToValue, live.threshold, live.bonus, live.supplyCap, live.borrowCap) = lending.parameters();
    }
}
