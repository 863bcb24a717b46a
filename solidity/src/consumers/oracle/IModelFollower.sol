// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity ^0.8.24;

import { ModelPin } from "../../types/ModelPin.sol";

/// @title A consumer of one model that moves to other versions only step by step
/// @notice A version is announced, waits for the delay, and is switched to by anyone. Guardians can
/// veto it meanwhile. Whoever owns the model can publish what they want: nothing changes here
/// before that delay is over. They can stop this contract, by deprecating the version it uses.
interface IModelFollower {
    /// @notice A version was announced.
    event SwitchAnnounced(uint32 indexed version, uint256 eta, uint256 expiry, address indexed by);

    /// @notice The version in use.
    event Switched(uint32 indexed version, ModelPin pin);

    /// @notice An announced version will not be used.
    event SwitchVetoed(uint32 indexed version, address indexed by);

    /// @notice The version in use is deprecated, or its route frozen: nothing more is taken of it.
    event Halted(uint32 indexed version);

    /// @notice Someone became a guardian, or is one no longer.
    event GuardianSet(address indexed account, bool allowed);

    /// @notice Guardians only.
    error NotAGuardian(address account);

    /// @notice A switch must be announced at least `minimum` and at most `maximum` seconds in
    /// advance.
    error SwitchDelayOutOfRange(uint256 minimum, uint256 maximum, uint256 actual);

    /// @notice An announced version waits: veto it, execute it, or let it expire.
    error SwitchAlreadyPending(uint32 version);

    /// @notice No version waits.
    error NoSwitchPending();

    /// @notice The switch can't be executed before `eta`.
    error SwitchNotReady(uint256 eta);

    /// @notice The switch could be executed until `expiry`: announce it again.
    error SwitchExpired(uint256 expiry);

    /// @notice This is the version in use.
    error AlreadyInUse(uint32 version);

    /// @notice Who isn't the owner can announce the model's latest version alone, and only if it is
    /// newer.
    error NotTheLatestVersion(uint32 version);

    /// @notice A guardian vetoed this version: the owner alone can announce it.
    error VersionVetoed(uint32 version);

    /// @notice The version in use is not deprecated.
    error VersionStillActive(uint32 version);

    /// @notice The version in use is deprecated.
    error VersionHalted(uint32 version);

    /// @notice Announces a version. The owner can announce any that is active, with a route that the
    /// gateway has; if `isOpen`, anyone can announce the latest.
    function announceVersion(uint32 version) external;

    /// @notice Switches to the announced version, once it is due. For anyone.
    function executeSwitch() external;

    /// @notice Takes the announced version back, and bars it from being announced by others than
    /// the owner. For guardians.
    function vetoSwitch() external;

    /// @notice Stops, if the version in use is deprecated or the route of its proofs is frozen, until
    /// there is a switch to another one. For anyone.
    function halt() external;

    /// @notice Makes someone a guardian, or not. For the owner.
    function setGuardian(address account, bool allowed) external;

    /// @notice Whether someone is a guardian.
    function isGuardian(address account) external view returns (bool);

    /// @notice The model.
    function modelId() external view returns (uint256);

    /// @notice The version in use.
    function modelVersion() external view returns (uint32);

    /// @notice The version in use, resolved.
    function pin() external view returns (ModelPin);

    /// @notice The announced version, zero if none waits; `expiry` is when it no longer can be
    /// switched to.
    function pendingSwitch() external view returns (uint32 version, uint256 eta, uint256 expiry);

    /// @notice Whether a guardian vetoed a version.
    function isVetoed(uint32 version) external view returns (bool);

    /// @notice Whether the version in use was found deprecated, or its route frozen.
    function isHalted() external view returns (bool);

    /// @notice Whether anyone can announce the latest version.
    function isOpen() external view returns (bool);

    /// @notice How long a version waits, in seconds.
    function switchDelay() external view returns (uint256);
}
