// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity ^0.8.24;

import { ERC20 } from "@openzeppelin/contracts/token/ERC20/ERC20.sol";

/// @dev Calls a hook of sender and receiver, as ERC-777 did.
contract MockToken is ERC20("Bond", "BOND") {
    address public hook;
    uint256 public fee;

    function mint(address to, uint256 amount) external {
        _mint(to, amount);
    }

    function setHook(address hook_) external {
        hook = hook_;
    }

    function setFee(uint256 fee_) external {
        fee = fee_;
    }

    function _update(address from, address to, uint256 value) internal override {
        super._update(from, to, value);
        if (fee != 0 && from != address(0) && to != address(0)) super._update(to, address(0xfee), fee);
        if (hook != address(0)) ITokenHook(hook).onTransfer(from, to, value);
    }
}

interface ITokenHook {
    function onTransfer(address from, address to, uint256 value) external;
}
