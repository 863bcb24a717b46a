// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity 0.8.37;

import { ERC20 } from "@openzeppelin/contracts/token/ERC20/ERC20.sol";
import { ERC20Permit } from "@openzeppelin/contracts/token/ERC20/extensions/ERC20Permit.sol";
import { ERC20Votes } from "@openzeppelin/contracts/token/ERC20/extensions/ERC20Votes.sol";
import { Nonces } from "@openzeppelin/contracts/utils/Nonces.sol";

/// @dev An honest token.
contract Token is ERC20("Token", "T") {
    function mint(address to, uint256 amount) external {
        _mint(to, amount);
    }
}

/// @dev A token with votes, delegated by signature.
contract VotesToken is ERC20("Votes", "V"), ERC20Permit("Votes"), ERC20Votes {
    function mint(address to, uint256 amount) external {
        _mint(to, amount);
    }

    function _update(address from, address to, uint256 value) internal override(ERC20, ERC20Votes) {
        super._update(from, to, value);
    }

    function nonces(address owner) public view override(ERC20Permit, Nonces) returns (uint256) {
        return super.nonces(owner);
    }
}

/// @dev Keeps a share of every transfer, once told to.
contract FeeToken is ERC20("Fee", "F") {
    uint256 public fee;

    function mint(address to, uint256 amount) external {
        _mint(to, amount);
    }

    function setFee(uint256 percent) external {
        fee = percent;
    }

    function _update(address from, address to, uint256 value) internal override {
        uint256 kept = from == address(0) ? 0 : value * fee / 100;
        super._update(from, to, value - kept);
        if (kept != 0) super._update(from, address(0xdead), kept);
    }
}

/// @dev Adds one to every deposit.
contract GenerousToken is ERC20("Generous", "G") {
    function mint(address to, uint256 amount) external {
        _mint(to, amount);
    }

    function _update(address from, address to, uint256 value) internal override {
        super._update(from, to, value);
        if (from != address(0)) super._update(address(0), to, 1);
    }
}

/// @dev Balances can be multiplied.
contract RebasingToken is ERC20("Rebasing", "R") {
    uint256 public percent = 100;

    function mint(address to, uint256 amount) external {
        _mint(to, amount);
    }

    function rebase(uint256 percent_) external {
        percent = percent_;
    }

    function balanceOf(address account) public view override returns (uint256) {
        return super.balanceOf(account) * percent / 100;
    }

    function _update(address from, address to, uint256 value) internal override {
        super._update(from, to, value * 100 / percent);
    }
}

/// @dev Calls back on every transfer, as ERC-777 does, and remembers what came of it.
contract CallbackToken is ERC20("Callback", "C") {
    address public target;
    bytes public data;
    bytes public answer;
    bool public succeeded;

    function mint(address to, uint256 amount) external {
        _mint(to, amount);
    }

    function setCallback(address target_, bytes calldata data_) external {
        (target, data) = (target_, data_);
    }

    function _update(address from, address to, uint256 value) internal override {
        super._update(from, to, value);
        address callee = target;
        if (callee != address(0)) {
            target = address(0);
            (succeeded, answer) = callee.call(data);
            target = callee;
        }
    }
}

/// @dev Says no to transfers by returning false.
contract FalseToken is ERC20("False", "N") {
    function mint(address to, uint256 amount) external {
        _mint(to, amount);
    }

    function transfer(address, uint256) public pure override returns (bool) {
        return false;
    }

    function transferFrom(address, address, uint256) public pure override returns (bool) {
        return false;
    }
}

/// @dev Its delegation burns all the gas it gets.
contract GasBurningVotesToken is ERC20("Burner", "B") {
    function mint(address to, uint256 amount) external {
        _mint(to, amount);
    }

    function delegateBySig(address, uint256, uint256, uint8, bytes32, bytes32) external pure {
        assembly {
            invalid()
        }
    }
}
