// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity ^0.8.24;

import { IERC20 } from "@openzeppelin/contracts/token/ERC20/IERC20.sol";
import { SafeERC20 } from "@openzeppelin/contracts/token/ERC20/utils/SafeERC20.sol";
import { ReentrancyGuardTransient } from "@openzeppelin/contracts/utils/ReentrancyGuardTransient.sol";

import { IBondLedger } from "./IBondLedger.sol";

/// @title Bonds of one size
/// @notice Tokens are paid in beforehand, so that taking a bond moves a number and calls no token.
abstract contract BondLedger is IBondLedger, ReentrancyGuardTransient {
    using SafeERC20 for IERC20;

    IERC20 private immutable _TOKEN;
    uint256 private immutable _BOND;

    mapping(address account => uint256) private _free;

    /// @param token Must not change balances by itself. Fees on transfers are borne by who pays in.
    /// @param bond_ Of every incident; not zero.
    constructor(IERC20 token, uint256 bond_) {
        if (bond_ == 0) revert NoBond();
        (_TOKEN, _BOND) = (token, bond_);
    }

    /// @inheritdoc IBondLedger
    function deposit(address account, uint256 amount) external nonReentrant returns (uint256 received) {
        uint256 before = _TOKEN.balanceOf(address(this));
        _TOKEN.safeTransferFrom(msg.sender, address(this), amount);
        received = _TOKEN.balanceOf(address(this)) - before;
        _free[account] += received;
        emit Deposited(account, received);
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

    function _take(address account, uint256 amount) private {
        uint256 free = _free[account];
        if (free < amount) revert InsufficientBalance(account, free, amount);
        unchecked {
            _free[account] = free - amount;
        }
    }
}
