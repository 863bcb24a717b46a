// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity ^0.8.24;

import { IERC20 } from "@openzeppelin/contracts/token/ERC20/IERC20.sol";

/// @title Bonds of one size, and bounties
interface IBondLedger {
    /// @notice An account has more to stake.
    event Deposited(address indexed account, uint256 amount);

    /// @notice An account took tokens out.
    event Withdrawn(address indexed account, address indexed to, uint256 amount);

    /// @notice There is more for reporters who are right.
    event BountiesFunded(address indexed from, uint256 amount);

    /// @notice What was promised to nobody was taken out.
    event BountiesWithdrawn(address indexed to, uint256 amount);

    /// @notice The bounties hold `available` that is promised to nobody.
    error InsufficientBounties(uint256 available, uint256 needed);

    /// @notice A bond of nothing deters nobody.
    error NoBond();

    /// @notice The account has `available` of the `needed` tokens.
    error InsufficientBalance(address account, uint256 available, uint256 needed);

    /// @notice Pays tokens of the caller in, for `account` to stake or withdraw.
    /// @return received What arrived.
    function deposit(address account, uint256 amount) external returns (uint256 received);

    /// @notice Pays out what the caller has here and isn't staked.
    function withdraw(address to, uint256 amount) external;

    /// @notice Pays tokens of the caller in, for reporters to come. For anyone.
    /// @return received What arrived.
    function fundBounties(uint256 amount) external returns (uint256 received);

    /// @notice Takes out what no reporter was promised. For the administrator.
    function withdrawBounties(address to, uint256 amount) external;

    /// @notice The token of the bonds.
    function bondToken() external view returns (IERC20);

    /// @notice The size of a bond.
    function bond() external view returns (uint256);

    /// @notice What a reporter who is right gets on top of his bond, while there is as much.
    function bounty() external view returns (uint256);

    /// @notice What is there for bounties and is promised to nobody.
    function freeBounties() external view returns (uint256);

    /// @notice What an account has here and isn't staked.
    function freeBalanceOf(address account) external view returns (uint256);
}
