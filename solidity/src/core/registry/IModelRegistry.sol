// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity ^0.8.24;

import { IERC7992Registry } from "../../interfaces/IERC7992.sol";
import { ModelPin } from "../../types/ModelPin.sol";
import { ModelSpec, OutputSchema, PublicLayout } from "../../types/Schemas.sol";

/// @title The registry of models
/// @notice Who owns a model, which versions it has, and what their proofs mean. An ERC-7992
/// registry whose models have versions under one id: `updateModel` proposes, and after the model's
/// delay anyone executes.
/// @dev What an owner can do to those who use a model: stop them at once (deprecation), and move
/// those who follow the latest version after a delay they could see in advance. Never move them
/// faster, never to a version they could not inspect, never back to an old one, and never touch
/// what a pinned version means: versions, keys and specs don't change.
interface IModelRegistry is IERC7992Registry {
    /// @notice A version of a model.
    /// @param key The account whose code is the verifying key.
    /// @param activatedAt When it was registered or its update executed.
    /// @param deprecated Whether its owner told everyone not to use it.
    /// @param commitment What it is.
    struct ModelVersion {
        address key;
        uint40 activatedAt;
        bool deprecated;
        ModelCommitment commitment;
    }

    /// @notice A proposed update.
    /// @param version The number it will have.
    /// @param eta From when on it can be executed.
    /// @param expiry From when on it no longer can.
    /// @param commitment What it is.
    struct PendingUpdate {
        uint32 version;
        uint40 eta;
        uint40 expiry;
        ModelCommitment commitment;
    }

    /// @notice A verifying key's account became known.
    event VerifyingKeyIndexed(bytes32 indexed digest, address indexed key);

    /// @notice A spec was published; `data` holds its ABI encoding.
    event SpecPublished(bytes32 indexed digest, address indexed data);

    /// @notice An owner wants to update a model.
    event UpdateProposed(
        uint256 indexed modelId, uint32 indexed version, uint40 eta, uint40 expiry, ModelCommitment commitment
    );

    /// @notice An update will not happen.
    event UpdateCancelled(uint256 indexed modelId, uint32 indexed version);

    /// @notice A version was deprecated, for good.
    event VersionDeprecated(uint256 indexed modelId, uint32 indexed version);

    /// @notice An owner offers a model to someone; zero withdraws the offer.
    event ModelOwnershipTransferStarted(uint256 indexed modelId, address indexed owner, address indexed pendingOwner);

    /// @notice A model has another owner.
    event ModelOwnershipTransferred(uint256 indexed modelId, address indexed previousOwner, address indexed owner);

    /// @notice The model has no such version.
    error VersionNotFound(uint256 modelId, uint256 version);

    /// @notice The version has no output number `index`.
    error OutputNotFound(uint256 modelId, uint256 version, uint256 index);

    /// @notice The version is deprecated.
    error VersionIsDeprecated(uint256 modelId, uint256 version);

    /// @notice Nobody has published a verifying key with this digest and called `indexKey`.
    error KeyNotIndexed(bytes32 digest);

    /// @notice Nobody has called `publishSpec` with this digest's spec.
    error SpecNotPublished(bytes32 digest);

    /// @notice The data at `account` is too short for a verifying key's header.
    error NotAVerifyingKey(address account);

    /// @notice The spec has `expected` public values and the verifying key `actual`.
    error WrongPublicValueCount(uint256 expected, uint256 actual);

    /// @notice Zero identifies no proof system.
    error NoProofSystem();

    /// @notice An update must be announced at least `minimum` and at most `maximum` seconds in
    /// advance.
    error DelayOutOfRange(uint256 minimum, uint256 maximum, uint256 actual);

    /// @notice An update is pending: cancel it first.
    error UpdateAlreadyPending(uint256 modelId);

    /// @notice No update is pending.
    error NoUpdatePending(uint256 modelId);

    /// @notice The update can't be executed before `eta`.
    error UpdateNotReady(uint256 modelId, uint256 eta);

    /// @notice The update could be executed until `expiry`: propose it again.
    error UpdateExpired(uint256 modelId, uint256 expiry);

    /// @notice The model isn't offered to the caller.
    error NotPendingOwner(uint256 modelId, address caller);

    // ------------------------------------------------------------------ keys and specs, for anyone

    /// @notice Makes a verifying key known by its digest: keccak256 of the code after its leading
    /// STOP.
    /// @dev For anyone, and harmless: such code can't change, and two accounts with one digest are
    /// the same key. A key that begins like one of `InferenceVerifier` is checked as its publisher
    /// checks it, and refused with the errors of `IVerifyingKeys`: anyone can make an account
    /// without the publisher, and points that are not on the curve would burn the gas of those who
    /// verify. Keys of other verifiers have other formats, and pass: those verifiers check them.
    function indexKey(address key) external returns (bytes32 digest);

    /// @notice Stores a spec under its digest, once checked. For anyone.
    function publishSpec(ModelSpec calldata spec) external returns (bytes32 digest);

    /// @notice The account of a verifying key, or zero.
    function keyOf(bytes32 digest) external view returns (address);

    /// @notice A spec by its digest.
    function specOf(bytes32 digest) external view returns (ModelSpec memory);

    // -------------------------------------------------------------------------------------- owners

    /// @notice Registers a model whose updates are announced `delay` seconds in advance, always.
    /// `registerModel` without a delay takes the least.
    function registerModel(ModelCommitment calldata commitment, uint32 delay) external returns (uint256 modelId);

    /// @notice Cancels the pending update.
    function cancelUpdate(uint256 modelId) external;

    /// @notice Executes the pending update, once it is due. For anyone.
    function executeUpdate(uint256 modelId) external returns (uint32 version);

    /// @notice Deprecates one version. If it is the latest, the model has no active version until
    /// the next update: those who follow it are stopped, not moved back.
    function deprecateVersion(uint256 modelId, uint32 version) external;

    /// @notice Offers the model to someone.
    function transferModel(uint256 modelId, address to) external;

    /// @notice Takes an offered model. Cancels a pending update, for the new owner didn't propose
    /// it.
    function acceptModel(uint256 modelId) external;

    // ------------------------------------------------------------------- for those who use a model

    /// @notice A version's pin, deprecated or not.
    function pinOf(uint256 modelId, uint32 version) external view returns (ModelPin);

    /// @notice A version's pin; reverts if it, or the model, is deprecated.
    function activePin(uint256 modelId, uint32 version) external view returns (ModelPin);

    /// @notice The latest version's pin; reverts if it, or the model, is deprecated.
    function latestPin(uint256 modelId) external view returns (ModelPin);

    /// @notice Whether the version exists and neither it nor the model is deprecated.
    function isActive(uint256 modelId, uint32 version) external view returns (bool);

    /// @notice Where a version's public values are.
    function layoutOf(uint256 modelId, uint32 version) external view returns (PublicLayout memory);

    /// @notice What a version's public values mean.
    function specOf(uint256 modelId, uint32 version) external view returns (ModelSpec memory);

    /// @notice Output number `index` of a version.
    function outputSchemaOf(uint256 modelId, uint32 version, uint256 index) external view returns (OutputSchema memory);

    /// @notice Everything about a version.
    function versionOf(uint256 modelId, uint32 version) external view returns (ModelVersion memory);

    /// @notice The number of the latest version, which is how many there are.
    function versionCount(uint256 modelId) external view returns (uint32);

    /// @notice The pending update; `version` is zero if there is none.
    function pendingUpdate(uint256 modelId) external view returns (PendingUpdate memory);

    /// @notice How long before its execution an update of this model is announced, in seconds.
    function delayOf(uint256 modelId) external view returns (uint32);

    /// @notice To whom the model is offered, or zero.
    function pendingOwnerOf(uint256 modelId) external view returns (address);

    /// @notice How many models there are; their ids begin with 1.
    function modelCount() external view returns (uint256);

    /// @notice The least delay of a model here.
    function minimumDelay() external view returns (uint32);

    /// @notice How long a due update can be executed, in seconds.
    function executionWindow() external view returns (uint32);
}
