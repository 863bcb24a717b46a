// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity 0.8.37;

import { IVotes } from "@openzeppelin/contracts/governance/utils/IVotes.sol";
import { IERC20 } from "@openzeppelin/contracts/token/ERC20/IERC20.sol";
import { SafeERC20 } from "@openzeppelin/contracts/token/ERC20/utils/SafeERC20.sol";
import { ReentrancyGuardTransient } from "@openzeppelin/contracts/utils/ReentrancyGuardTransient.sol";
import { MerkleProof } from "@openzeppelin/contracts/utils/cryptography/MerkleProof.sol";
import { SafeCast } from "@openzeppelin/contracts/utils/math/SafeCast.sol";
import { BitMaps } from "@openzeppelin/contracts/utils/structs/BitMaps.sol";

import { IVerdictGateway } from "../../core/gateway/IVerdictGateway.sol";
import { IModelRegistry } from "../../core/registry/IModelRegistry.sol";
import { Features, IFeatureSource } from "../../features/IFeatureSource.sol";
import { InferenceContext } from "../../libraries/InferenceContext.sol";
import { PublicValues } from "../../libraries/PublicValues.sol";
import { Routes } from "../../libraries/Routes.sol";
import { ModelPin } from "../../types/ModelPin.sol";
import { ModelSpec, OutputSchema, Packing, PublicLayout, Visibility } from "../../types/Schemas.sol";
import { AllocationCurve, CurvePoint } from "./AllocationCurve.sol";
import { CodeWords } from "./CodeWords.sol";
import { IScoredAirdrop } from "./IScoredAirdrop.sol";

/// @title An airdrop by a model's scores
/// @notice See `IScoredAirdrop`.
contract ScoredAirdrop is IScoredAirdrop, ReentrancyGuardTransient {
    using AllocationCurve for uint256[];
    using BitMaps for BitMaps.BitMap;
    using SafeCast for uint256;
    using SafeERC20 for IERC20;

    /// @dev What is needed of a model version to accept a batch.
    struct Model {
        ModelPin pin;
        uint16 inputWords;
        uint16 commitments;
        uint32 items;
    }

    /// @notice See `payloadOf`.
    bytes32 public constant BATCH_TYPEHASH =
        keccak256("ScoredAirdropBatch(uint256 batch,bytes32 entriesRoot,uint256 count)");

    /// @notice Every account has at least this long to claim.
    uint256 public constant MINIMUM_CLAIM_TIME = 1 days;

    /// @notice A campaign ends before, lest a wrong date lock its funds.
    uint256 public constant MAXIMUM_DURATION = 3 * 365 days;

    /// @dev Sizes of batches a campaign could want.
    uint256 private constant _MAXIMUM_MODELS = 16;

    /// @dev Twice what a first delegation costs with OpenZeppelin's `ERC20Votes`. A token that
    /// burns it all doesn't stop the claim.
    uint256 private constant _DELEGATION_GAS = 300_000;

    IVerdictGateway private immutable _GATEWAY;
    IModelRegistry private immutable _REGISTRY;
    IERC20 private immutable _TOKEN;
    IFeatureSource private immutable _SOURCE;
    uint256 private immutable _MAXIMUM_AGE;
    address private immutable _TREASURY;
    uint40 private immutable _BATCHES_UNTIL;
    uint40 private immutable _CLAIMS_FROM;
    uint40 private immutable _CLAIMS_UNTIL;
    uint40 private immutable _SWEEP_FROM;
    Packing private immutable _PACKING;
    // Its code is the curve's words, after an unused one.
    address private immutable _CURVE;

    Model[] private _models;

    uint128 private _funded;
    uint128 private _allocated;
    uint256 private _claimed;

    mapping(uint256 batch => AcceptedBatch) private _batches;
    mapping(uint256 batch => BitMaps.BitMap) private _paidEntries;
    BitMaps.BitMap private _paidIdentities;
    mapping(address account => bool) private _paidAccounts;

    constructor(Campaign memory campaign) {
        if (address(campaign.token).code.length == 0) revert InvalidAddress(address(campaign.token));
        if (address(campaign.source).code.length == 0) revert InvalidAddress(address(campaign.source));
        if (campaign.treasury == address(0) || campaign.treasury == address(this)) {
            revert InvalidAddress(campaign.treasury);
        }
        if (campaign.maximumAge == 0 || campaign.maximumAge > MAXIMUM_DURATION) {
            revert InvalidMaximumAge(campaign.maximumAge);
        }
        _checkWindows(campaign.windows);
        (_GATEWAY, _TOKEN, _TREASURY) = (campaign.gateway, campaign.token, campaign.treasury);
        (_SOURCE, _MAXIMUM_AGE) = (campaign.source, campaign.maximumAge);
        _BATCHES_UNTIL = campaign.windows.batchesUntil;
        _CLAIMS_FROM = campaign.windows.claimsFrom;
        _CLAIMS_UNTIL = campaign.windows.claimsUntil;
        _SWEEP_FROM = campaign.windows.sweepFrom;

        IModelRegistry registry = IModelRegistry(campaign.gateway.registry());
        _REGISTRY = registry;
        Packing packing = _addModels(registry, campaign.source, campaign.models);
        _PACKING = packing;
        uint256[] memory words = AllocationCurve.encode(campaign.curve, packing);
        _CURVE = CodeWords.write(0, words, 0, words.length);
    }

    // ------------------------------------------------------------------------------------- actions

    /// @inheritdoc IScoredAirdrop
    function fund(uint256 amount) external nonReentrant {
        if (block.timestamp >= _BATCHES_UNTIL) revert BatchesClosed(_BATCHES_UNTIL);
        _checkModels();
        _funded = (uint256(_funded) + amount).toUint128();
        emit Funded(msg.sender, amount);

        uint256 before = _TOKEN.balanceOf(address(this));
        _TOKEN.safeTransferFrom(msg.sender, address(this), amount);
        uint256 received = _TOKEN.balanceOf(address(this)) - before;
        if (received != amount) revert TransferMismatch(amount, received);
    }

    /// @inheritdoc IScoredAirdrop
    function acceptBatch(
        Batch calldata batch,
        bytes calldata evidence,
        uint256[] calldata outputs,
        bytes calldata proof
    ) external nonReentrant returns (uint256 sum) {
        (Model memory model, uint256[] memory publicValues) = _statementOf(batch, evidence, outputs);
        _GATEWAY.verify(model.pin, publicValues, proof);
        return _record(batch, model, publicValues);
    }

    /// @inheritdoc IScoredAirdrop
    /// @dev Each is recorded before the next one is looked at, so that a number or funds that one took
    /// are taken for those after it; a proof that is refused at the end undoes all of it.
    function acceptBatches(Submission[] calldata submissions) external nonReentrant returns (uint256 sum) {
        uint256 many = submissions.length;
        ModelPin[] memory pins = new ModelPin[](many);
        uint256[][] memory publicValues = new uint256[][](many);
        bytes[] memory proofs = new bytes[](many);
        for (uint256 i = 0; i < many; ++i) {
            Submission calldata s = submissions[i];
            Model memory model;
            (model, publicValues[i]) = _statementOf(s.batch, s.evidence, s.outputs);
            (pins[i], proofs[i]) = (model.pin, s.proof);
            sum += _record(s.batch, model, publicValues[i]);
        }
        _GATEWAY.verifyMany(pins, publicValues, proofs);
    }

    /// @inheritdoc IScoredAirdrop
    function claim(Entry calldata entry) external nonReentrant returns (uint256 amount) {
        return _claim(entry);
    }

    /// @inheritdoc IScoredAirdrop
    function claimAndDelegate(Entry calldata entry, Delegation calldata delegation)
        external
        nonReentrant
        returns (uint256 amount)
    {
        amount = _claim(entry);
        bool done = false;
        try IVotes(address(_TOKEN)).delegateBySig{ gas: _DELEGATION_GAS }(
            delegation.delegatee, delegation.nonce, delegation.expiry, delegation.v, delegation.r, delegation.s
        ) {
            done = true;
        } catch { }
        emit DelegationTried(entry.account, delegation.delegatee, done);
    }

    /// @inheritdoc IScoredAirdrop
    function sweep(IERC20 token_) external nonReentrant returns (uint256 amount) {
        if (block.timestamp < _SWEEP_FROM) revert SweepClosed(_SWEEP_FROM);
        amount = token_.balanceOf(address(this));
        emit Swept(token_, amount);
        token_.safeTransfer(_TREASURY, amount);
    }

    // --------------------------------------------------------------------------------------- views

    /// @inheritdoc IScoredAirdrop
    function payloadOf(Batch calldata batch) public pure returns (bytes32) {
        return keccak256(abi.encode(BATCH_TYPEHASH, batch.number, batch.entriesRoot, batch.count));
    }

    /// @inheritdoc IScoredAirdrop
    function allocationOf(int32 score) external view returns (uint256) {
        int256 value = int256(score) + PublicValues.offsetOf(_PACKING);
        // forge-lint: disable-next-line(unsafe-typecast)
        return value < 0 ? 0 : CodeWords.wordsFrom(_CURVE, 1).amountOf(uint256(value));
    }

    /// @inheritdoc IScoredAirdrop
    function scoreOf(uint256 batch, uint256 index) external view returns (int256) {
        // At most 32 bits.
        // forge-lint: disable-next-line(unsafe-typecast)
        return int256(_valueOf(_entriesOf(batch, index), index)) - PublicValues.offsetOf(_PACKING);
    }

    /// @inheritdoc IScoredAirdrop
    function amountOf(uint256 batch, uint256 index) external view returns (uint256) {
        return CodeWords.wordsFrom(_CURVE, 1).amountOf(_valueOf(_entriesOf(batch, index), index));
    }

    /// @inheritdoc IScoredAirdrop
    function batchOf(uint256 batch) external view returns (AcceptedBatch memory) {
        return _batches[batch];
    }

    /// @inheritdoc IScoredAirdrop
    function isPaid(uint256 batch, uint256 index) external view returns (bool) {
        return _paidEntries[batch].get(index);
    }

    /// @inheritdoc IScoredAirdrop
    function isIdentityPaid(uint256 identity) external view returns (bool) {
        return _paidIdentities.get(identity);
    }

    /// @inheritdoc IScoredAirdrop
    function isAccountPaid(address account) external view returns (bool) {
        return _paidAccounts[account];
    }

    /// @inheritdoc IScoredAirdrop
    function funded() external view returns (uint256) {
        return _funded;
    }

    /// @inheritdoc IScoredAirdrop
    function allocated() external view returns (uint256) {
        return _allocated;
    }

    /// @inheritdoc IScoredAirdrop
    function claimed() external view returns (uint256) {
        return _claimed;
    }

    /// @inheritdoc IScoredAirdrop
    function remaining() external view returns (uint256) {
        return _funded - _claimed;
    }

    /// @inheritdoc IScoredAirdrop
    function gateway() external view returns (IVerdictGateway) {
        return _GATEWAY;
    }

    /// @inheritdoc IScoredAirdrop
    function token() external view returns (IERC20) {
        return _TOKEN;
    }

    /// @inheritdoc IScoredAirdrop
    function source() external view returns (IFeatureSource) {
        return _SOURCE;
    }

    /// @inheritdoc IScoredAirdrop
    function maximumAge() external view returns (uint256) {
        return _MAXIMUM_AGE;
    }

    /// @inheritdoc IScoredAirdrop
    function treasury() external view returns (address) {
        return _TREASURY;
    }

    /// @inheritdoc IScoredAirdrop
    function windows() external view returns (Windows memory) {
        return Windows(_BATCHES_UNTIL, _CLAIMS_FROM, _CLAIMS_UNTIL, _SWEEP_FROM);
    }

    /// @inheritdoc IScoredAirdrop
    function models() external view returns (ModelPin[] memory pins) {
        pins = new ModelPin[](_models.length);
        for (uint256 i = 0; i < pins.length; ++i) {
            pins[i] = _models[i].pin;
        }
    }

    /// @inheritdoc IScoredAirdrop
    function curve() external view returns (CurvePoint[] memory) {
        return CodeWords.wordsFrom(_CURVE, 1).decode(_PACKING);
    }

    // ------------------------------------------------------------------------------------- batches

    /// @dev What is to be proved of a batch that can be accepted now, and by which model.
    function _statementOf(Batch calldata batch, bytes calldata evidence, uint256[] calldata outputs)
        private
        view
        returns (Model memory model, uint256[] memory publicValues)
    {
        model = _modelFor(batch);
        bytes32 payload = payloadOf(batch);
        Features memory features = _featuresFor(model, payload, evidence);
        uint256 context = InferenceContext.digest(model.pin, payload);
        publicValues = PublicValues.assemble(context, features.words, outputs, features.commitments);
    }

    /// @dev The model of a batch that can be accepted now. Whether it was deprecated meanwhile doesn't
    /// matter: see `IScoredAirdrop`.
    function _modelFor(Batch calldata batch) private view returns (Model memory model) {
        if (block.timestamp >= _BATCHES_UNTIL) revert BatchesClosed(_BATCHES_UNTIL);
        if (_batches[batch.number].data != address(0)) revert BatchExists(batch.number);
        if (batch.model >= _models.length) revert UnknownModel(batch.model);
        model = _models[batch.model];
        if (batch.count == 0 || batch.count > model.items) revert WrongEntryCount(model.items, batch.count);
    }

    /// @dev Reverts unless all models are in use, and their proofs can be verified.
    function _checkModels() private view {
        for (uint256 i = 0; i < _models.length; ++i) {
            ModelPin pin = _models[i].pin;
            (uint256 modelId, uint32 version) = (pin.modelId(), pin.version());
            if (!_REGISTRY.isActive(modelId, version)) revert ModelNotActive(modelId, version);
            Routes.check(_GATEWAY, pin);
        }
    }

    /// @dev What the source vouches for. The batch's number is part of what it is asked about, and
    /// counts once: so does this.
    function _featuresFor(Model memory model, bytes32 subject, bytes calldata evidence)
        private
        view
        returns (Features memory features)
    {
        features = _SOURCE.features(model.pin, subject, evidence);
        uint256 timestamp = features.timestamp;
        if (timestamp > block.timestamp || block.timestamp - timestamp > _MAXIMUM_AGE) {
            revert DataOutOfTime(block.timestamp - _MAXIMUM_AGE, timestamp);
        }
        if (features.words.length != model.inputWords || features.commitments.length != model.commitments) {
            revert WrongWordCount(model.inputWords, model.commitments);
        }
    }

    /// @dev Allocates funds to a batch whose scores are proved, and keeps its root and scores.
    function _record(Batch calldata batch, Model memory model, uint256[] memory publicValues)
        private
        returns (uint256 sum)
    {
        uint256 start = 1 + model.inputWords;
        // The scale isn't needed for packed values.
        OutputSchema memory schema = OutputSchema(model.items, _PACKING, 0);
        sum = CodeWords.wordsFrom(_CURVE, 1).sumOf(publicValues, start, schema, batch.count);
        uint256 available = _funded - _allocated;
        if (sum > available) revert Underfunded(sum, available);
        _allocated += sum.toUint128();

        address data =
            CodeWords.write(batch.entriesRoot, publicValues, start, PublicValues.wordCount(_PACKING, batch.count));
        _batches[batch.number] = AcceptedBatch(data, batch.count, uint40(block.timestamp));
        emit BatchAccepted(batch.number, batch.entriesRoot, batch.count, sum, data, msg.sender);
    }

    // -------------------------------------------------------------------------------------- claims

    /// @dev Whatever the source vouched for, an entry's score is paid at most once (so no batch
    /// pays more than was allocated to it), and so are an identity and an account.
    function _claim(Entry calldata entry) private returns (uint256 amount) {
        if (block.timestamp < _CLAIMS_FROM || block.timestamp >= _CLAIMS_UNTIL) {
            revert ClaimsClosed(_CLAIMS_FROM, _CLAIMS_UNTIL);
        }
        (uint256 batch, uint256 index, uint256 identity) = (entry.batch, entry.index, entry.identity);
        address account = entry.account;
        address data = _entriesOf(batch, index);
        if (!MerkleProof.verifyCalldata(entry.path, bytes32(CodeWords.wordAt(data, 0)), _leafOf(entry))) {
            revert NotInBatch(batch, index);
        }
        if (_paidEntries[batch].get(index)) revert EntryPaid(batch, index);
        if (_paidIdentities.get(identity)) revert IdentityPaid(identity);
        if (_paidAccounts[account]) revert AccountPaid(account);
        amount = CodeWords.wordsFrom(_CURVE, 1).amountOf(_valueOf(data, index));
        // Else anyone could use up an identity with an entry that is worth nothing.
        if (amount == 0) revert NothingToClaim(batch, index);

        _paidEntries[batch].set(index);
        _paidIdentities.set(identity);
        _paidAccounts[account] = true;
        _claimed += amount;
        emit Claimed(batch, index, account, identity, amount);
        _TOKEN.safeTransfer(account, amount);
    }

    function _leafOf(Entry calldata entry) private pure returns (bytes32) {
        return keccak256(bytes.concat(keccak256(abi.encode(entry.index, entry.account, entry.identity))));
    }

    /// @dev The account with the root and scores of a batch that has an entry `index`.
    function _entriesOf(uint256 batch, uint256 index) private view returns (address) {
        AcceptedBatch memory accepted = _batches[batch];
        if (accepted.data == address(0)) revert UnknownBatch(batch);
        if (index >= accepted.count) revert EntryOutOfRange(index, accepted.count);
        return accepted.data;
    }

    /// @dev The packed score of an entry: word 0 is the root.
    function _valueOf(address data, uint256 index) private view returns (uint256) {
        uint256 each = PublicValues.perWord(_PACKING);
        uint256 bits = PublicValues.bitsOf(_PACKING);
        return (CodeWords.wordAt(data, 1 + index / each) >> (bits * (index % each))) & ((1 << bits) - 1);
    }

    // ---------------------------------------------------------------------------------- deployment

    function _checkWindows(Windows memory w) private view {
        bool ordered = block.timestamp < w.batchesUntil && w.claimsUntil <= w.sweepFrom
            && w.batchesUntil + MINIMUM_CLAIM_TIME <= w.claimsUntil
            && w.claimsFrom + MINIMUM_CLAIM_TIME <= w.claimsUntil;
        if (!ordered || w.sweepFrom > block.timestamp + MAXIMUM_DURATION) revert InvalidWindows(w);
    }

    /// @dev Adds the models, and says how their scores are packed.
    function _addModels(IModelRegistry registry, IFeatureSource source_, ModelReference[] memory references)
        private
        returns (Packing)
    {
        if (references.length == 0 || references.length > _MAXIMUM_MODELS) {
            revert WrongModelCount(_MAXIMUM_MODELS, references.length);
        }
        OutputSchema memory first;
        for (uint256 i = 0; i < references.length; ++i) {
            OutputSchema memory schema = _addModel(registry, source_, references[i].modelId, references[i].version);
            if (i == 0) first = schema;
            if (schema.packing != first.packing || schema.scaleE36 != first.scaleE36) {
                revert SchemaMismatch(references[i].modelId, references[i].version);
            }
        }
        return first.packing;
    }

    function _addModel(IModelRegistry registry, IFeatureSource source_, uint256 modelId, uint32 version)
        private
        returns (OutputSchema memory schema)
    {
        // Reverts if it is deprecated. None of this can change for this version, so it is read
        // once.
        ModelPin pin = registry.activePin(modelId, version);
        Routes.check(_GATEWAY, pin);
        if (!source_.covers(pin)) revert NotCovered(modelId, version);
        PublicLayout memory shape = registry.layoutOf(modelId, version);
        ModelSpec memory spec = registry.specOf(modelId, version);
        schema = spec.outputs[0];
        // One tensor of all items' scores, packed across items: what the registry calls one result.
        if (spec.outputs.length != 1 || spec.outputItems != 1 || schema.count != spec.inputItems) {
            revert NotAScoringModel(modelId, version);
        }
        for (uint256 i = 0; i < spec.inputs.length; ++i) {
            if (spec.inputs[i].visibility == Visibility.Private) revert UnboundInput(modelId, version, i);
        }
        _models.push(Model(pin, shape.inputWords, shape.commitments, schema.count));
    }
}
