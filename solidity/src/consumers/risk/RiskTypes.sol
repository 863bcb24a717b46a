// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity ^0.8.24;

/// @notice What can be updated in a market. Ratios have 18 decimals, 1e18 is the whole; caps are in
/// the smallest units of the market's asset, and `type(uint128).max` is no cap.
enum RiskParameter {
    /// What a collateral is good for, where it is what liquidation depends on or where loans are
    /// limited by it.
    CollateralFactor,
    /// How much can be borrowed against a collateral.
    LoanToValue,
    /// From which debt on a position can be liquidated; not less than `CollateralFactor` and
    /// `LoanToValue`.
    LiquidationThreshold,
    /// What a liquidator gets for each unit of debt he pays; more than the whole, as 1.05e18.
    LiquidationBonus,
    /// How much can be supplied.
    SupplyCap,
    /// How much can be borrowed.
    BorrowCap
}

/// @dev Members of `RiskParameter`; in a mask, parameter `p` is bit `p`.
uint256 constant RISK_PARAMETERS = 6;

/// @notice A market as it is in the protocol now.
/// @param supported Mask of the parameters that it has.
/// @param values By parameter; zero where there is none.
/// @param supplied What the supply cap limits.
/// @param borrowed What the borrow cap limits.
/// @param ratioUnit To the nearest multiple of which, halves up, the protocol rounds a product of
/// ratios before it compares it: 1e14 for one that counts in basis points, as Aave; zero for one
/// that doesn't round.
struct MarketState {
    uint8 supported;
    uint256[RISK_PARAMETERS] values;
    uint256 supplied;
    uint256 borrowed;
    uint256 ratioUnit;
}

/// @notice How fast, and how far, a parameter of a market may be moved.
/// @param maximumChange In one update, against the live value: in the parameter's units, or, if
/// `relative`, as a ratio of the live value with 18 decimals. Zero: the parameter may not be moved.
/// @param minimumDelay Between two updates, in seconds; not zero, and less than the execution window
/// of every source that moves the parameter.
/// @param relative See `maximumChange`.
/// @param clamped Whether a model's value that is too far is moved towards as far as the limit
/// allows, instead of refused. Of no effect where a source's values are coupled.
/// @param belowUsage Whether a cap may be set lower than what is supplied or borrowed already.
/// @param minimum No update sets less.
/// @param maximum No update sets more.
/// @param granularity Updates are multiples of it, rounded towards the live value; not zero. What
/// the protocol can store: 1e14 for basis points.
struct RiskLimit {
    uint128 maximumChange;
    uint32 minimumDelay;
    bool relative;
    bool clamped;
    bool belowUsage;
    uint128 minimum;
    uint128 maximum;
    uint128 granularity;
}

/// @notice What must hold in a market after every update, of the parameters that it has. In place
/// of a threshold, where there is none, stands the collateral factor, or else the loan-to-value:
/// that is where such protocols liquidate.
enum RiskRule {
    ThresholdAtMostWhole,
    LoanToValueAtMostThreshold,
    CollateralFactorAtMostThreshold,
    LoanToValueAtMostWhole,
    CollateralFactorAtMostWhole,
    BonusAboveWhole,
    /// Else the collateral of a position that has just become liquidatable can't pay for its
    /// liquidation.
    ThresholdTimesBonusAtMostWhole
}
