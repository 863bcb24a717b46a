// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity ^0.8.24;

import { Ownable } from "@openzeppelin/contracts/access/Ownable.sol";
import { IERC20 } from "@openzeppelin/contracts/token/ERC20/IERC20.sol";

import { EntryPausable } from "../../src/consumers/guard/EntryPausable.sol";

/// @dev Entries can be closed, exits can't: what a protocol that is made to be guarded looks like.
contract EntryVault is EntryPausable, Ownable {
    IERC20 public immutable ASSET;
    mapping(address => uint256) public balanceOf;
    mapping(address => bool) public pausers;

    constructor(IERC20 asset, uint256 maximumPause) EntryPausable(maximumPause) Ownable(msg.sender) {
        ASSET = asset;
    }

    function setPauser(address pauser) external onlyOwner {
        pausers[pauser] = true;
    }

    function deposit(uint256 amount) external whenEntriesOpen {
        balanceOf[msg.sender] += amount;
        ASSET.transferFrom(msg.sender, address(this), amount);
    }

    function withdraw(uint256 amount) external {
        balanceOf[msg.sender] -= amount;
        ASSET.transfer(msg.sender, amount);
    }

    function _authorizePause() internal view override {
        require(pausers[msg.sender], "not a pauser");
    }
}
