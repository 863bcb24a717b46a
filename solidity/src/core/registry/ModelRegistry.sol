// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity 0.8.37;

import { ERC165 } from "@openzeppelin/contracts/utils/introspection/ERC165.sol";

import { IERC7992Registry, IERC7992RegistryErrors } from "../../interfaces/IERC7992.sol";
import { DataContract } from "../../libraries/DataContract.sol";
import { ModelSpecs } from "../../libraries/ModelSpecs.sol";
import { ModelPin, ModelPins } from "../../types/ModelPin.sol";
import { ModelSpec, OutputSchema, PublicLayout } from "../../types/Schemas.sol";
import { VerifyingKeyCheck } from "../verifier/libraries/VerifyingKeyCheck.sol";
import { KEY_COUNT_SHIFT } from "../verifier/libraries/VerifyingKeyFormat.sol";
import { IModelBreakpoints } from "./IModelBreakpoints.sol";
import { IModelRegistry } from "./IModelRegistry.sol";

/// @title The registry of models
/// @notice See `IModelRegistry`. There is no administrator: every model has its own owner, and no
/// one else.
contract ModelRegistry is IModelRegistry, IModelBreakpoints, ERC165 {
    using ModelSpecs for ModelSpec;
    using ModelSpecs for PublicLayout;

    /// @dev What verification needs is in the first slot.
    struct VersionRecord {
        address key;
        bytes4 proofSystemId;
        uint40 activatedAt;
        bool deprecated;
        bytes32 modelHash;
        bytes32 circuitHash;
        bytes32 vkHash;
        string uri;
    }

    struct ModelRecord {
        address owner;
        uint32 versions;
        uint32 delay;
        bool deprecated;
        address pendingOwner;
        // Zero if no update is pending.
        uint40 eta;
        ModelCommitment update;
        mapping(uint256 version => VersionRecord) version;
    }

    /// @dev One slot.
    struct SpecRecord {
        address data;
        uint16 inputWords;
        uint16 outputWords;
        uint16 commitments;
        uint24 inputItems;
        uint24 outputItems;
    }

    /// @dev A delay beyond this could only be a mistake, and it can't be changed.
    uint32 private constant _MAXIMUM_DELAY = 365 days;

    uint32 private immutable _MINIMUM_DELAY;
    uint32 private immutable _EXECUTION_WINDOW;

    uint32 private _modelCount;
    mapping(uint256 modelId => ModelRecord) private _models;
    mapping(bytes32 digest => address) private _keys;
    mapping(bytes32 digest => SpecRecord) private _specs;

    /// @param minimumDelay_ The least time between the proposal of an update and its execution, in
    /// seconds.
    /// @param executionWindow_ How long a due update can be executed, in seconds: a forgotten one
    /// must not strike years later.
    constructor(uint32 minimumDelay_, uint32 executionWindow_) {
        if (minimumDelay_ > _MAXIMUM_DELAY) revert DelayOutOfRange(0, _MAXIMUM_DELAY, minimumDelay_);
        if (executionWindow_ == 0 || executionWindow_ > _MAXIMUM_DELAY) {
            revert DelayOutOfRange(1, _MAXIMUM_DELAY, executionWindow_);
        }
        (_MINIMUM_DELAY, _EXECUTION_WINDOW) = (minimumDelay_, executionWindow_);
    }

    // ------------------------------------------------------------------------------ keys and specs

    /// @inheritdoc IModelRegistry
    function indexKey(address key) external returns (bytes32 digest) {
        bytes memory data = DataContract.read(key);
        if (data.length < 32) revert NotAVerifyingKey(key);
        // Keys of other verifiers have formats of their own, which their verifiers check.
        if (VerifyingKeyCheck.isOwn(data)) VerifyingKeyCheck.check(data);
        digest = keccak256(data);
        if (_keys[digest] == address(0)) {
            _keys[digest] = key;
            emit VerifyingKeyIndexed(digest, key);
        }
    }

    /// @inheritdoc IModelRegistry
    function publishSpec(ModelSpec calldata spec) external returns (bytes32 digest) {
        return _publishSpec(spec, abi.encode(spec), 0);
    }

    /// @inheritdoc IModelBreakpoints
    function publishSpec(ModelSpec calldata spec, bytes32 breakpoints) external returns (bytes32 digest) {
        return _publishSpec(spec, breakpoints == 0 ? abi.encode(spec) : abi.encode(spec, breakpoints), breakpoints);
    }

    /// @inheritdoc IModelRegistry
    function keyOf(bytes32 digest) external view returns (address) {
        return _keys[digest];
    }

    /// @inheritdoc IModelRegistry
    function specOf(bytes32 digest) external view returns (ModelSpec memory) {
        return _readSpec(digest);
    }

    // -------------------------------------------------------------------------------------- owners

    /// @inheritdoc IERC7992Registry
    function registerModel(ModelCommitment calldata commitment) external returns (uint256 modelId) {
        return _register(commitment, _MINIMUM_DELAY);
    }

    /// @inheritdoc IModelRegistry
    function registerModel(ModelCommitment calldata commitment, uint32 delay) external returns (uint256 modelId) {
        if (delay < _MINIMUM_DELAY || delay > _MAXIMUM_DELAY) {
            revert DelayOutOfRange(_MINIMUM_DELAY, _MAXIMUM_DELAY, delay);
        }
        return _register(commitment, delay);
    }

    /// @inheritdoc IERC7992Registry
    /// @dev Proposes: `newCommitment` becomes the next version when someone calls `executeUpdate`,
    /// once the model's delay is over. Nothing replaces a pending update; cancelling it and
    /// proposing another takes the whole delay again.
    function updateModel(uint256 modelId, ModelCommitment calldata newCommitment) external {
        ModelRecord storage model = _ownedAndAlive(modelId);
        if (model.eta != 0) revert UpdateAlreadyPending(modelId);
        _checkCommitment(newCommitment);
        uint40 eta = uint40(block.timestamp) + model.delay;
        model.eta = eta;
        model.update = newCommitment;
        emit UpdateProposed(modelId, model.versions + 1, eta, eta + _EXECUTION_WINDOW, newCommitment);
    }

    /// @inheritdoc IModelRegistry
    function cancelUpdate(uint256 modelId) external {
        ModelRecord storage model = _owned(modelId);
        if (model.eta == 0) revert NoUpdatePending(modelId);
        _cancelUpdate(modelId, model);
    }

    /// @inheritdoc IModelRegistry
    function executeUpdate(uint256 modelId) external returns (uint32 version) {
        ModelRecord storage model = _alive(modelId);
        uint40 eta = model.eta;
        if (eta == 0) revert NoUpdatePending(modelId);
        if (block.timestamp < eta) revert UpdateNotReady(modelId, eta);
        if (block.timestamp >= eta + _EXECUTION_WINDOW) revert UpdateExpired(modelId, eta + _EXECUTION_WINDOW);

        ModelCommitment memory old = _commitmentOf(model.version[model.versions]);
        ModelCommitment memory update = model.update;
        _clearUpdate(model);
        version = _addVersion(model, update);
        emit ModelUpdated(modelId, old, update);
    }

    /// @inheritdoc IERC7992Registry
    function deprecateModel(uint256 modelId) external {
        ModelRecord storage model = _ownedAndAlive(modelId);
        model.deprecated = true;
        if (model.eta != 0) _cancelUpdate(modelId, model);
        emit ModelDeprecated(modelId);
    }

    /// @inheritdoc IModelRegistry
    function deprecateVersion(uint256 modelId, uint32 version) external {
        ModelRecord storage model = _ownedAndAlive(modelId);
        VersionRecord storage record = _version(modelId, model, version);
        if (record.deprecated) revert VersionIsDeprecated(modelId, version);
        record.deprecated = true;
        emit VersionDeprecated(modelId, version);
    }

    /// @inheritdoc IModelRegistry
    function transferModel(uint256 modelId, address to) external {
        ModelRecord storage model = _owned(modelId);
        model.pendingOwner = to;
        emit ModelOwnershipTransferStarted(modelId, msg.sender, to);
    }

    /// @inheritdoc IModelRegistry
    function acceptModel(uint256 modelId) external {
        ModelRecord storage model = _model(modelId);
        if (msg.sender != model.pendingOwner) revert NotPendingOwner(modelId, msg.sender);
        address previous = model.owner;
        model.pendingOwner = address(0);
        model.owner = msg.sender;
        if (model.eta != 0) _cancelUpdate(modelId, model);
        emit ModelOwnershipTransferred(modelId, previous, msg.sender);
    }

    // ------------------------------------------------------------------- for those who use a model

    /// @inheritdoc IModelRegistry
    function pinOf(uint256 modelId, uint32 version) external view returns (ModelPin) {
        return _pin(modelId, version, _version(modelId, _model(modelId), version));
    }

    /// @inheritdoc IModelRegistry
    function activePin(uint256 modelId, uint32 version) external view returns (ModelPin) {
        return _activePin(modelId, _alive(modelId), version);
    }

    /// @inheritdoc IModelRegistry
    function latestPin(uint256 modelId) external view returns (ModelPin) {
        ModelRecord storage model = _alive(modelId);
        return _activePin(modelId, model, model.versions);
    }

    /// @inheritdoc IModelRegistry
    function isActive(uint256 modelId, uint32 version) external view returns (bool) {
        ModelRecord storage model = _models[modelId];
        if (model.deprecated || version == 0 || version > model.versions) return false;
        return !model.version[version].deprecated;
    }

    /// @inheritdoc IModelRegistry
    function layoutOf(uint256 modelId, uint32 version) external view returns (PublicLayout memory) {
        return _layout(_specs[_version(modelId, _model(modelId), version).circuitHash]);
    }

    /// @inheritdoc IModelBreakpoints
    function breakpointsOf(bytes32 digest) external view returns (bytes32) {
        return ModelSpecs.breakpointsIn(_encodedSpec(digest));
    }

    /// @inheritdoc IModelBreakpoints
    function breakpointsOf(uint256 modelId, uint32 version) external view returns (bytes32) {
        bytes32 digest = _version(modelId, _model(modelId), version).circuitHash;
        return ModelSpecs.breakpointsIn(_encodedSpec(digest));
    }

    /// @inheritdoc IModelRegistry
    function specOf(uint256 modelId, uint32 version) external view returns (ModelSpec memory) {
        return _readSpec(_version(modelId, _model(modelId), version).circuitHash);
    }

    /// @inheritdoc IModelRegistry
    function outputSchemaOf(uint256 modelId, uint32 version, uint256 index)
        external
        view
        returns (OutputSchema memory)
    {
        OutputSchema[] memory outputs = _readSpec(_version(modelId, _model(modelId), version).circuitHash).outputs;
        if (index >= outputs.length) revert OutputNotFound(modelId, version, index);
        return outputs[index];
    }

    /// @inheritdoc IModelRegistry
    function versionOf(uint256 modelId, uint32 version) external view returns (ModelVersion memory) {
        VersionRecord storage record = _version(modelId, _model(modelId), version);
        return ModelVersion(record.key, record.activatedAt, record.deprecated, _commitmentOf(record));
    }

    /// @inheritdoc IERC7992Registry
    /// @dev The latest version's commitment; deprecated if that version is, or the model.
    function getModel(uint256 modelId)
        external
        view
        returns (ModelCommitment memory commitment, bool deprecated, address owner)
    {
        ModelRecord storage model = _model(modelId);
        VersionRecord storage latest = model.version[model.versions];
        return (_commitmentOf(latest), model.deprecated || latest.deprecated, model.owner);
    }

    /// @inheritdoc IModelRegistry
    function versionCount(uint256 modelId) external view returns (uint32) {
        return _model(modelId).versions;
    }

    /// @inheritdoc IModelRegistry
    function pendingUpdate(uint256 modelId) external view returns (PendingUpdate memory update) {
        ModelRecord storage model = _model(modelId);
        uint40 eta = model.eta;
        if (eta != 0) update = PendingUpdate(model.versions + 1, eta, eta + _EXECUTION_WINDOW, model.update);
    }

    /// @inheritdoc IModelRegistry
    function delayOf(uint256 modelId) external view returns (uint32) {
        return _model(modelId).delay;
    }

    /// @inheritdoc IModelRegistry
    function pendingOwnerOf(uint256 modelId) external view returns (address) {
        return _model(modelId).pendingOwner;
    }

    /// @inheritdoc IModelRegistry
    function modelCount() external view returns (uint256) {
        return _modelCount;
    }

    /// @inheritdoc IModelRegistry
    function minimumDelay() external view returns (uint32) {
        return _MINIMUM_DELAY;
    }

    /// @inheritdoc IModelRegistry
    function executionWindow() external view returns (uint32) {
        return _EXECUTION_WINDOW;
    }

    /// @inheritdoc ERC165
    function supportsInterface(bytes4 interfaceId) public view override returns (bool) {
        return interfaceId == type(IERC7992Registry).interfaceId || interfaceId == type(IModelRegistry).interfaceId
            || interfaceId == type(IModelBreakpoints).interfaceId || super.supportsInterface(interfaceId);
    }

    // ----------------------------------------------------------------------------------- internals

    function _register(ModelCommitment calldata commitment, uint32 delay) private returns (uint256 modelId) {
        _checkCommitment(commitment);
        modelId = ++_modelCount;
        ModelRecord storage model = _models[modelId];
        model.owner = msg.sender;
        model.delay = delay;
        _addVersion(model, commitment);
        emit ModelRegistered(modelId, msg.sender, commitment);
    }

    /// @dev `commitment` must have been checked. Keys and specs don't change, so a check at the
    /// proposal is good forever.
    function _addVersion(ModelRecord storage model, ModelCommitment memory commitment)
        private
        returns (uint32 version)
    {
        version = ++model.versions;
        VersionRecord storage record = model.version[version];
        record.key = _keys[commitment.vkHash];
        record.proofSystemId = commitment.proofSystemId;
        record.activatedAt = uint40(block.timestamp);
        record.modelHash = commitment.modelHash;
        record.circuitHash = commitment.circuitHash;
        record.vkHash = commitment.vkHash;
        record.uri = commitment.uri;
    }

    /// @dev Whether there is a key and a spec, and both have the same number of public values.
    function _checkCommitment(ModelCommitment calldata commitment) private view {
        if (commitment.proofSystemId == 0) revert NoProofSystem();
        address key = _keys[commitment.vkHash];
        if (key == address(0)) revert KeyNotIndexed(commitment.vkHash);
        SpecRecord storage spec = _specs[commitment.circuitHash];
        if (spec.data == address(0)) revert SpecNotPublished(commitment.circuitHash);

        // Every key has the number at the same place of its header, keys of foreign verifiers too:
        // see `ForeignKey`.
        uint256 header = uint256(bytes32(DataContract.read(key)));
        uint256 actual = (header >> KEY_COUNT_SHIFT) & 0xffff;
        uint256 expected = _layout(spec).publicValueCount();
        if (actual != expected) revert WrongPublicValueCount(expected, actual);
    }

    function _cancelUpdate(uint256 modelId, ModelRecord storage model) private {
        _clearUpdate(model);
        emit UpdateCancelled(modelId, model.versions + 1);
    }

    function _clearUpdate(ModelRecord storage model) private {
        model.eta = 0;
        delete model.update;
    }

    function _model(uint256 modelId) private view returns (ModelRecord storage model) {
        model = _models[modelId];
        if (model.owner == address(0)) revert ModelNotFound(modelId);
    }

    function _alive(uint256 modelId) private view returns (ModelRecord storage model) {
        model = _model(modelId);
        if (model.deprecated) revert IERC7992RegistryErrors.ModelDeprecated(modelId);
    }

    function _owned(uint256 modelId) private view returns (ModelRecord storage model) {
        model = _model(modelId);
        if (msg.sender != model.owner) revert NotModelOwner(modelId, msg.sender);
    }

    function _ownedAndAlive(uint256 modelId) private view returns (ModelRecord storage model) {
        model = _owned(modelId);
        if (model.deprecated) revert IERC7992RegistryErrors.ModelDeprecated(modelId);
    }

    function _version(uint256 modelId, ModelRecord storage model, uint256 version)
        private
        view
        returns (VersionRecord storage)
    {
        if (version == 0 || version > model.versions) revert VersionNotFound(modelId, version);
        return model.version[version];
    }

    function _activePin(uint256 modelId, ModelRecord storage model, uint32 version) private view returns (ModelPin) {
        VersionRecord storage record = _version(modelId, model, version);
        if (record.deprecated) revert VersionIsDeprecated(modelId, version);
        return _pin(modelId, version, record);
    }

    function _pin(uint256 modelId, uint32 version, VersionRecord storage record) private view returns (ModelPin) {
        // Ids of models that exist have 32 bits.
        // forge-lint: disable-next-line(unsafe-typecast)
        return ModelPins.make(record.key, record.proofSystemId, uint32(modelId), version);
    }

    function _commitmentOf(VersionRecord storage record) private view returns (ModelCommitment memory) {
        return ModelCommitment(record.modelHash, record.circuitHash, record.vkHash, record.proofSystemId, record.uri);
    }

    function _layout(SpecRecord storage spec) private view returns (PublicLayout memory) {
        return PublicLayout(spec.inputWords, spec.outputWords, spec.commitments, spec.inputItems, spec.outputItems);
    }

    /// @dev Stores a spec, with breakpoints or without, under the digest of its encoding.
    function _publishSpec(ModelSpec memory spec, bytes memory encoded, bytes32 breakpoints)
        private
        returns (bytes32 digest)
    {
        digest = keccak256(encoded);
        if (_specs[digest].data != address(0)) return digest;

        PublicLayout memory shape = spec.layoutOf(breakpoints);
        address data = DataContract.write(encoded);
        _specs[digest] = SpecRecord(
            data, shape.inputWords, shape.outputWords, shape.commitments, shape.inputItems, shape.outputItems
        );
        emit SpecPublished(digest, data);
    }

    function _encodedSpec(bytes32 digest) private view returns (bytes memory) {
        address data = _specs[digest].data;
        if (data == address(0)) revert SpecNotPublished(digest);
        return DataContract.read(data);
    }

    /// @dev Where breakpoints follow the spec's place, the place is another: nothing else differs.
    function _readSpec(bytes32 digest) private view returns (ModelSpec memory) {
        return abi.decode(_encodedSpec(digest), (ModelSpec));
    }
}
