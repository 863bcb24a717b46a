// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity 0.8.37;

import { Ownable } from "@openzeppelin/contracts/access/Ownable.sol";
import { ERC20 } from "@openzeppelin/contracts/token/ERC20/ERC20.sol";
import { IERC20 } from "@openzeppelin/contracts/token/ERC20/IERC20.sol";
import { ERC4626 } from "@openzeppelin/contracts/token/ERC20/extensions/ERC4626.sol";
import { Pausable } from "@openzeppelin/contracts/utils/Pausable.sol";

import { Features, IFeatureSource } from "../../src/features/IFeatureSource.sol";
import { EntryPausable } from "../../src/guard/EntryPausable.sol";
import { ModelPin } from "../../src/types/ModelPin.sol";

/// @dev Vouches for whatever it is told to.
contract MockFeatures is IFeatureSource {
    Features private _features;
    bool private _refuses;
    mapping(bytes32 subject => bool) private _knows;
    bool private _picky;

    function set(uint256[] calldata words, uint64 timestamp, uint64 blockNumber) external {
        (_features.words, _features.timestamp, _features.blockNumber) = (words, timestamp, blockNumber);
    }

    function setCommitments(uint256[] calldata commitments) external {
        _features.commitments = commitments;
    }

    /// @dev From now on, only these subjects are known.
    function setSubject(bytes32 subject) external {
        (_picky, _knows[subject]) = (true, true);
    }

    function refuse() external {
        _refuses = true;
    }

    function covers(ModelPin) external view returns (bool) {
        return !_refuses;
    }

    function features(ModelPin, bytes32 subject, bytes calldata) external view returns (Features memory) {
        if (_picky && !_knows[subject]) revert WrongSubject(0, subject);
        return _features;
    }
}

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

/// @dev An ERC-4626 vault with OpenZeppelin's `Pausable` on its entries.
contract PausableVault is ERC4626, Pausable {
    mapping(address => bool) public pausers;
    address public immutable ADMIN = msg.sender;

    constructor(IERC20 asset_) ERC20("Vault", "V") ERC4626(asset_) { }

    function setPauser(address pauser) external {
        require(msg.sender == ADMIN, "not the admin");
        pausers[pauser] = true;
    }

    function pause() external {
        require(pausers[msg.sender], "not a pauser");
        _pause();
    }

    function unpause() external {
        require(pausers[msg.sender], "not a pauser");
        _unpause();
    }

    function maxDeposit(address) public view override returns (uint256) {
        return paused() ? 0 : type(uint256).max;
    }

    function maxMint(address) public view override returns (uint256) {
        return paused() ? 0 : type(uint256).max;
    }
}

/// @dev Answers and acts as it is told to.
contract LyingTarget {
    bool public paused;
    bool public isPaused;
    bool private _deaf;
    bool private _broken;
    uint256 public maxDeposit_ = type(uint256).max;

    function setPaused(bool value) external {
        (paused, isPaused) = (value, value);
    }

    /// @dev Commands are taken without effect.
    function setDeaf(bool value) external {
        _deaf = value;
    }

    /// @dev Commands revert.
    function setBroken(bool value) external {
        _broken = value;
    }

    function pause() external {
        _set(true);
    }

    function unpause() external {
        _set(false);
    }

    function pauseFor(uint256) external {
        _set(true);
    }

    function resume() external {
        _set(false);
    }

    /// @dev Whatever it says of being paused: deposits are open.
    function maxDeposit(address) external view returns (uint256) {
        return maxDeposit_;
    }

    function maxMint(address) external view returns (uint256) {
        return maxDeposit_;
    }

    function _set(bool value) private {
        require(!_broken, "broken");
        if (!_deaf) (paused, isPaused) = (value, value);
    }
}

/// @dev Does with a call what it is told to when it is paused or resumed, by whichever names.
contract ReentrantTarget {
    bool public isPaused;
    address private _callee;
    bytes private _data;
    bool public succeeded;
    bytes public reason;

    function arm(address callee, bytes calldata data) external {
        (_callee, _data) = (callee, data);
    }

    function paused() external view returns (bool) {
        return isPaused;
    }

    function pauseFor(uint256) external {
        _strike(true);
    }

    function pause() external {
        _strike(true);
    }

    function resume() external {
        _strike(false);
    }

    function unpause() external {
        _strike(false);
    }

    function _strike(bool value) private {
        isPaused = value;
        if (_callee != address(0)) (succeeded, reason) = _callee.call(_data);
    }
}
