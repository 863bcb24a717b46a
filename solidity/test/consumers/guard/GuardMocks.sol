// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity 0.8.37;

import { ERC20 } from "@openzeppelin/contracts/token/ERC20/ERC20.sol";
import { IERC20 } from "@openzeppelin/contracts/token/ERC20/IERC20.sol";
import { ERC20Pausable } from "@openzeppelin/contracts/token/ERC20/extensions/ERC20Pausable.sol";
import { ERC4626 } from "@openzeppelin/contracts/token/ERC20/extensions/ERC4626.sol";
import { Pausable } from "@openzeppelin/contracts/utils/Pausable.sol";

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

/// @dev The same, whose pause keeps users in: by its shares, or by its exits.
contract LockingVault is PausableVault {
    bool private immutable _BY_SHARES;

    constructor(IERC20 asset_, bool byShares) PausableVault(asset_) {
        _BY_SHARES = byShares;
    }

    function withdraw(uint256 assets, address receiver, address owner) public override returns (uint256) {
        if (!_BY_SHARES) _requireNotPaused();
        return super.withdraw(assets, receiver, owner);
    }

    function _update(address from, address to, uint256 value) internal override {
        if (_BY_SHARES) _requireNotPaused();
        super._update(from, to, value);
    }
}

/// @dev OpenZeppelin's token whose pause stops transfers.
contract PausableToken is ERC20Pausable {
    constructor() ERC20("Token", "T") { }

    function pause() external {
        _pause();
    }

    function unpause() external {
        _unpause();
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

    function withdraw(uint256, address, address) external pure returns (uint256) {
        return 0;
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
