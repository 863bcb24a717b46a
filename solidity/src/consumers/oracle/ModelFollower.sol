// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity ^0.8.24;

import { Ownable } from "@openzeppelin/contracts/access/Ownable.sol";
import { Ownable2Step } from "@openzeppelin/contracts/access/Ownable2Step.sol";

import { IVerdictGateway } from "../../core/gateway/IVerdictGateway.sol";
import { IModelRegistry } from "../../core/registry/IModelRegistry.sol";
import { Routes } from "../../libraries/Routes.sol";
import { ModelPin } from "../../types/ModelPin.sol";
import { IModelFollower } from "./IModelFollower.sol";

/// @title A consumer of one model that moves to other versions only step by step
/// @notice See `IModelFollower`.
/// @dev What a contract made of this keeps about a version, it works out in `_adopt`; a version
/// never changes, so once is enough.
abstract contract ModelFollower is IModelFollower, Ownable2Step {
    struct PendingSwitch {
        uint32 version;
        uint40 eta;
    }

    uint256 private constant _MINIMUM_DELAY = 1 hours;
    uint256 private constant _MAXIMUM_DELAY = 365 days;
    // A forgotten switch must not strike years later.
    uint256 private constant _WINDOW = 14 days;

    IVerdictGateway internal immutable _GATEWAY;
    IModelRegistry internal immutable _REGISTRY;
    uint256 internal immutable _MODEL_ID;
    uint256 private immutable _SWITCH_DELAY;
    bool private immutable _IS_OPEN;

    ModelPin internal _pin;
    PendingSwitch private _pending;
    mapping(uint32 version => bool) private _vetoed;
    mapping(address account => bool) private _guardians;

    /// @dev Guardians only.
    modifier onlyGuardian() {
        if (!_guardians[msg.sender]) revert NotAGuardian(msg.sender);
        _;
    }

    /// @dev Must be followed by `_switchTo(version)` when the derived contract's immutables are
    /// set.
    constructor(
        IVerdictGateway gateway_,
        uint256 modelId_,
        uint256 switchDelay_,
        bool isOpen_,
        address owner_,
        address guardian
    ) Ownable(owner_) {
        if (switchDelay_ < _MINIMUM_DELAY || switchDelay_ > _MAXIMUM_DELAY) {
            revert SwitchDelayOutOfRange(_MINIMUM_DELAY, _MAXIMUM_DELAY, switchDelay_);
        }
        (_GATEWAY, _REGISTRY) = (gateway_, IModelRegistry(gateway_.registry()));
        (_MODEL_ID, _SWITCH_DELAY, _IS_OPEN) = (modelId_, switchDelay_, isOpen_);
        _setGuardian(guardian, true);
    }

    /// @inheritdoc IModelFollower
    function setGuardian(address account, bool allowed) external onlyOwner {
        _setGuardian(account, allowed);
    }

    /// @inheritdoc IModelFollower
    function announceVersion(uint32 version) external {
        uint32 current = _pin.version();
        if (msg.sender != owner()) {
            if (!_IS_OPEN) revert OwnableUnauthorizedAccount(msg.sender);
            if (_vetoed[version]) revert VersionVetoed(version);
            if (version < current || version != _REGISTRY.versionCount(_MODEL_ID)) revert NotTheLatestVersion(version);
        }
        if (version == current) revert AlreadyInUse(version);
        PendingSwitch memory pending = _pending;
        bool waits = pending.version != 0 && block.timestamp < pending.eta + _WINDOW;
        if (waits && _isLive(_REGISTRY.pinOf(_MODEL_ID, pending.version))) {
            revert SwitchAlreadyPending(pending.version);
        }
        // Reverts if there is no such version, it is deprecated, or its proofs have no route: what
        // can't be executed need not wait.
        _checkUsable(_resolve(version));
        uint256 eta = block.timestamp + _SWITCH_DELAY;
        // forge-lint: disable-next-line(unsafe-typecast)
        _pending = PendingSwitch(version, uint40(eta));
        emit SwitchAnnounced(version, eta, eta + _WINDOW, msg.sender);
    }

    /// @inheritdoc IModelFollower
    function executeSwitch() external {
        PendingSwitch memory pending = _pending;
        if (pending.version == 0) revert NoSwitchPending();
        if (block.timestamp < pending.eta) revert SwitchNotReady(pending.eta);
        if (block.timestamp >= pending.eta + _WINDOW) revert SwitchExpired(pending.eta + _WINDOW);
        delete _pending;
        _switchTo(pending.version);
    }

    /// @inheritdoc IModelFollower
    function vetoSwitch() external onlyGuardian {
        uint32 version = _pending.version;
        if (version == 0) revert NoSwitchPending();
        delete _pending;
        _vetoed[version] = true;
        emit SwitchVetoed(version, msg.sender);
    }

    /// @inheritdoc IModelFollower
    function halt() external {
        ModelPin current = _pin;
        uint32 version = current.version();
        if (isHalted()) revert VersionHalted(version);
        if (_isLive(current)) revert VersionStillActive(version);
        _setHalted();
        emit Halted(version);
    }

    /// @inheritdoc IModelFollower
    function modelId() external view returns (uint256) {
        return _MODEL_ID;
    }

    /// @inheritdoc IModelFollower
    function modelVersion() external view returns (uint32) {
        return _pin.version();
    }

    /// @inheritdoc IModelFollower
    function pin() external view returns (ModelPin) {
        return _pin;
    }

    /// @inheritdoc IModelFollower
    function pendingSwitch() external view returns (uint32 version, uint256 eta, uint256 expiry) {
        PendingSwitch memory pending = _pending;
        if (pending.version != 0) (version, eta, expiry) = (pending.version, pending.eta, pending.eta + _WINDOW);
    }

    /// @inheritdoc IModelFollower
    function isVetoed(uint32 version) external view returns (bool) {
        return _vetoed[version];
    }

    /// @inheritdoc IModelFollower
    function isGuardian(address account) external view returns (bool) {
        return _guardians[account];
    }

    /// @inheritdoc IModelFollower
    function isOpen() public view returns (bool) {
        return _IS_OPEN;
    }

    /// @inheritdoc IModelFollower
    function switchDelay() public view returns (uint256) {
        return _SWITCH_DELAY;
    }

    /// @inheritdoc IModelFollower
    function isHalted() public view virtual override returns (bool);

    function _setGuardian(address account, bool allowed) private {
        _guardians[account] = allowed;
        emit GuardianSet(account, allowed);
    }

    /// @dev A version whose proofs can be taken.
    function _resolve(uint32 version) private view returns (ModelPin next) {
        next = _REGISTRY.activePin(_MODEL_ID, version);
        Routes.check(_GATEWAY, next);
    }

    /// @dev Whether proofs of a version can be taken: neither it nor its route is given up.
    function _isLive(ModelPin version) private view returns (bool) {
        return _REGISTRY.isActive(_MODEL_ID, version.version()) && Routes.isOpen(_GATEWAY, version);
    }

    /// @dev Uses a version from now on. It must be active now, and its route open, whatever they
    /// were when it was announced.
    function _switchTo(uint32 version) internal {
        ModelPin next = _resolve(version);
        _pin = next;
        _adopt(next);
        emit Switched(version, next);
    }

    /// @dev Reverts if a version can't be used.
    function _checkUsable(ModelPin next) internal view virtual;

    /// @dev Reverts if a version can't be used, and works out what is needed about it. Ends a halt.
    function _adopt(ModelPin next) internal virtual;

    /// @dev Nothing more is to be taken until `_adopt`.
    function _setHalted() internal virtual;
}
