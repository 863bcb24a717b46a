// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity ^0.8.24;

import { IERC20 } from "@openzeppelin/contracts/token/ERC20/IERC20.sol";
import { SafeERC20 } from "@openzeppelin/contracts/token/ERC20/utils/SafeERC20.sol";
import { ReentrancyGuardTransient } from "@openzeppelin/contracts/utils/ReentrancyGuardTransient.sol";

import { IBondLedger } from "./IBondLedger.sol";

/// @title Bonds of one size, and bounties
/// @notice Tokens are paid in beforehand, so that taking a bond moves a number and calls no token.
/// A bounty is set aside when its bond is taken: who funds bounties can't take back what a reporter
/// went by.
abstract contract BondLedger is IBondLedger, ReentrancyGuardTransient {
    using SafeERC20 for IERC20;

    IERC20 private immutable _TOKEN;
    uint256 private immutable _BOND;
    uint256 private immutable _BOUNTY;

    // Promised to nobody.
    uint256 private _bounties;

    mapping(address account => uint256) private _free;

    /// @param token Must not change balances by itself. Fees on transfers are borne by who pays in.
    /// @param bond_ Of every incident; not zero.
    /// @param bounty_ Of an incident whose reporter is right.
    constructor(IERC20 token, uint256 bond_, uint256 bounty_) {
        if (bond_ == 0) revert NoBond();
        (_TOKEN, _BOND, _BOUNTY) = (token, bond_, bounty_);
    }

    /// @inheritdoc IBondLedger
    function deposit(address account, uint256 amount) external nonReentrant returns (uint256 received) {
        received = _receive(amount);
        _free[account] += received;
        emit Deposited(account, received);
    }

    /// @inheritdoc IBondLedger
    function fundBounties(uint256 amount) external nonReentrant returns (uint256 received) {
        received = _receive(amount);
        _bounties += received;
        emit BountiesFunded(msg.sender, received);
    }

    /// @inheritdoc IBondLedger
    function withdraw(address to, uint256 amount) external nonReentrant {
        _take(msg.sender, amount);
        emit Withdrawn(msg.sender, to, amount);
        _TOKEN.safeTransfer(to, amount);
    }

    /// @inheritdoc IBondLedger
    function bondToken() external view returns (IERC20) {
        return _TOKEN;
    }

    /// @inheritdoc IBondLedger
    function bond() external view returns (uint256) {
        return _BOND;
    }

    /// @inheritdoc IBondLedger
    function bounty() public view returns (uint256) {
        return _BOUNTY;
    }

    /// @inheritdoc IBondLedger
    function freeBounties() external view returns (uint256) {
        return _bounties;
    }

    /// @inheritdoc IBondLedger
    function freeBalanceOf(address account) external view returns (uint256) {
        return _free[account];
    }

    /// @dev Takes a bond from what `account` paid in.
    function _lock(address account) internal {
        _take(account, _BOND);
    }

    /// @dev Gives a bond to `account`.
    function _release(address account) internal {
        _free[account] += _BOND;
    }

    /// @dev Sets a bounty aside, if there is one.
    function _promise() internal returns (bool promised) {
        if (_BOUNTY == 0) return false;
        uint256 available = _bounties;
        promised = available >= _BOUNTY;
        if (promised) _bounties = available - _BOUNTY;
    }

    /// @dev Gives what was set aside to `account`.
    function _reward(address account) internal {
        _free[account] += _BOUNTY;
    }

    /// @dev Nobody gets what was set aside.
    function _unpromise() internal {
        _bounties += _BOUNTY;
    }

    /// @dev The checks of who may are the heir's.
    function _withdrawBounties(address to, uint256 amount) internal {
        uint256 available = _bounties;
        if (amount > available) revert InsufficientBounties(available, amount);
        _bounties = available - amount;
        emit BountiesWithdrawn(to, amount);
        _TOKEN.safeTransfer(to, amount);
    }

    function _receive(uint256 amount) private returns (uint256 received) {
        uint256 before = _TOKEN.balanceOf(address(this));
        _TOKEN.safeTransferFrom(msg.sender, address(this), amount);
        received = _TOKEN.balanceOf(address(this)) - before;
    }

    function _take(address account, uint256 amount) private {
        uint256 free = _free[account];
        if (free < amount) revert InsufficientBalance(account, free, amount);
        unchecked {
            _free[account] = free - amount;
        }
    }
}
