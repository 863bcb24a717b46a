// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity 0.8.37;

import {
    AccessControlDefaultAdminRules
} from "@openzeppelin/contracts/access/extensions/AccessControlDefaultAdminRules.sol";
import { Blockhash } from "@openzeppelin/contracts/utils/Blockhash.sol";
import { Multicall } from "@openzeppelin/contracts/utils/Multicall.sol";

import { IVerdictGateway } from "../../core/gateway/IVerdictGateway.sol";
import { IModelRegistry } from "../../core/registry/IModelRegistry.sol";
import { Features, IFeatureSource } from "../../features/IFeatureSource.sol";
import { InferenceContext } from "../../libraries/InferenceContext.sol";
import { PublicValues } from "../../libraries/PublicValues.sol";
import { Routes } from "../../libraries/Routes.sol";
import { ModelPin } from "../../types/ModelPin.sol";
import { OutputSchema, Packing, PublicLayout } from "../../types/Schemas.sol";
import { BondLedger } from "./BondLedger.sol";
import { GuardConfigs } from "./GuardConfigs.sol";
import { IBondLedger } from "./IBondLedger.sol";
import { GuardConfig, IFraudPauseGuard, IncidentStatus } from "./IFraudPauseGuard.sol";
import { IPauseAdapter } from "./IPauseAdapter.sol";
import { PauseBudget } from "./PauseBudget.sol";

/// @title A pause that a model's verdict pulls
/// @notice See `IFraudPauseGuard`. Roles: governors judge incidents and take pauses over; resumers
/// end pauses early; the administrator (handed over in two steps, with a delay) appoints both.
/// Nobody can trigger without a proof.
///
/// The context of a proof is `InferenceContext.digest(pin, payload)` with
///
/// ```
/// payload = keccak256(
///     EVIDENCE_TYPEHASH             32 bytes
///     anchor block's number         32 bytes, big-endian
///     anchor block's hash           32 bytes
/// )
/// ```
///
/// so it could not be known before that block, and is worthless on a fork without it. Inputs and
/// commitments are those of the feature source. Where the subject is anchored, what signers sign
/// names, as its subject,
///
/// ```
/// keccak256(
///     SUBJECT_TYPEHASH              32 bytes
///     protected contract            12 zero bytes ‖ 20 bytes
///     anchor block's number         32 bytes, big-endian
///     anchor block's hash           32 bytes
/// )
/// ```
contract FraudPauseGuard is IFraudPauseGuard, BondLedger, AccessControlDefaultAdminRules, Multicall {
    using PauseBudget for uint256;

    /// @notice keccak256("FraudPauseEvidence(uint256 anchorBlock,bytes32 anchorHash)")
    bytes32 public constant EVIDENCE_TYPEHASH = keccak256("FraudPauseEvidence(uint256 anchorBlock,bytes32 anchorHash)");

    /// @notice The type of an anchored subject: the keccak-256 of the string below.
    bytes32 public constant SUBJECT_TYPEHASH =
        keccak256("FraudPauseSubject(address target,uint256 anchorBlock,bytes32 anchorHash)");

    /// @notice May judge incidents and take pauses over.
    bytes32 public constant GOVERNOR_ROLE = keccak256("GOVERNOR_ROLE");

    /// @notice May end pauses early.
    bytes32 public constant RESUMER_ROLE = keccak256("RESUMER_ROLE");

    /// @dev One slot. `spent` is a `PauseBudget` ledger of quarter `part`; `holding` tells whether
    /// the latest pause is still the guard's to end.
    struct State {
        uint40 pausedUntil;
        uint40 lastBlock;
        uint24 part;
        uint120 spent;
        uint24 incidents;
        bool holding;
    }

    /// @dev One slot. `bounty` tells whether one was set aside.
    struct Incident {
        address reporter;
        uint40 reviewUntil;
        uint24 number;
        IncidentStatus status;
        bool bounty;
    }

    IVerdictGateway private immutable _GATEWAY;
    IModelRegistry private immutable _REGISTRY;
    ModelPin private immutable _PIN;
    uint256 private immutable _INPUT_WORDS;
    uint256 private immutable _COMMITMENTS;
    uint32 private immutable _OUTPUT_COUNT;
    Packing private immutable _OUTPUT_PACKING;
    uint256 private immutable _SCORE_INDEX;
    int256 private immutable _MINIMUM_SCORE;

    IFeatureSource private immutable _FEATURES;
    bool private immutable _ANCHORED_SUBJECT;
    uint256 private immutable _EVIDENCE_BLOCKS;
    IPauseAdapter private immutable _ADAPTER;
    address private immutable _TARGET;
    bool private immutable _EXPIRES_BY_ITSELF;

    uint256 private immutable _DURATION;
    uint256 private immutable _COOLDOWN;
    uint256 private immutable _FRESH_COOLDOWN;
    uint256 private immutable _PART;
    uint256 private immutable _BUDGET;
    address private immutable _TREASURY;
    uint256 private immutable _REVIEW_WINDOW;
    uint256 private immutable _RESUME_DELAY;

    uint256 private constant _REMEMBERED = 8;

    State private _state;
    Incident[_REMEMBERED] private _ring;

    // The incident whose pause the resumer wants to end, and from when on it can.
    uint24 private _resumeIncident;
    uint40 private _resumeReadyAt;

    /// @param config Never changes.
    /// @param admin Appoints governors and resumers.
    /// @param adminDelay How long a new administrator waits before accepting.
    /// @param governor The first governor.
    /// @param resumer The first resumer.
    constructor(GuardConfig memory config, address admin, uint48 adminDelay, address governor, address resumer)
        BondLedger(config.bondToken, config.bond, config.bounty)
        AccessControlDefaultAdminRules(adminDelay, admin)
    {
        GuardConfigs.check(config);
        (_GATEWAY, _REGISTRY) = (config.gateway, IModelRegistry(config.gateway.registry()));
        _PIN = _REGISTRY.activePin(config.modelId, config.version);
        Routes.check(_GATEWAY, _PIN);
        (PublicLayout memory shape, OutputSchema memory schema, int256 minimum) =
            GuardConfigs.resolve(config, _REGISTRY);
        (_INPUT_WORDS, _COMMITMENTS) = (shape.inputWords, shape.commitments);
        (_OUTPUT_COUNT, _OUTPUT_PACKING) = (schema.count, schema.packing);
        (_SCORE_INDEX, _MINIMUM_SCORE) = (config.scoreIndex, minimum);

        (_FEATURES, _ANCHORED_SUBJECT, _EVIDENCE_BLOCKS) =
        (config.features, config.anchoredSubject, config.evidenceBlocks);
        (_ADAPTER, _TARGET) = (config.target, config.target.target());
        _EXPIRES_BY_ITSELF = config.target.expiresByItself();

        (_DURATION, _COOLDOWN, _FRESH_COOLDOWN) = (config.pauseDuration, config.cooldown, config.freshCooldown);
        (_PART, _BUDGET) = (config.period / PauseBudget.PARTS, config.budget);
        (_TREASURY, _REVIEW_WINDOW, _RESUME_DELAY) = (config.treasury, config.reviewWindow, config.resumeDelay);

        // Slots are written now, so that in an emergency none is new.
        _state.lastBlock = uint40(block.number);
        for (uint256 i = 0; i < _REMEMBERED; ++i) {
            _ring[i].status = IncidentStatus.Upheld;
        }
        _grantRole(GOVERNOR_ROLE, governor);
        _grantRole(RESUMER_ROLE, resumer);
    }

    // ------------------------------------------------------------------------------------- pausing

    /// @inheritdoc IFraudPauseGuard
    function trigger(bytes calldata evidence, uint256 anchorBlock, uint256[] calldata outputs, bytes calldata proof)
        external
        nonReentrant
        returns (uint256 incident)
    {
        State memory state = _state;
        uint256 until = block.timestamp + _DURATION;
        _spend(state);
        if (anchorBlock <= state.lastBlock) revert EvidenceUsed(state.lastBlock, anchorBlock);
        (int256 score, uint256 time) = _verify(evidence, anchorBlock, outputs, proof);
        // What is known since the pause has less to wait for than what was known before.
        if (state.incidents != 0 && time <= state.pausedUntil) _checkCool(state.pausedUntil, _COOLDOWN);

        // Block numbers and times have 40 bits for the next 34,000 years, incidents 24 bits at one
        // a minute for 31.
        // forge-lint: disable-next-line(unsafe-typecast)
        (state.pausedUntil, state.lastBlock) = (uint40(until), uint40(block.number));
        (incident, state.holding) = (++state.incidents, true);
        _state = state;
        _open(incident);
        emit PauseTriggered(incident, msg.sender, score, anchorBlock, until);

        _ADAPTER.pause(_DURATION);
        if (!_ADAPTER.isPaused()) revert PauseHadNoEffect(_TARGET);
    }

    /// @inheritdoc IFraudPauseGuard
    function expire() external nonReentrant {
        State memory state = _state;
        if (!state.holding) revert NotPaused();
        if (block.timestamp < state.pausedUntil) revert PauseNotOver(state.pausedUntil);
        _state.holding = false;
        emit PauseExpired(state.incidents);
        // A contract that resumes by itself has done so; if it is paused, somebody else did it.
        if (!_EXPIRES_BY_ITSELF) _ADAPTER.resume();
    }

    /// @inheritdoc IFraudPauseGuard
    function requestResume() external onlyRole(RESUMER_ROLE) {
        State memory state = _running();
        uint256 ready = block.timestamp + _RESUME_DELAY;
        // forge-lint: disable-next-line(unsafe-typecast)
        (_resumeIncident, _resumeReadyAt) = (state.incidents, uint40(ready));
        emit ResumeRequested(state.incidents, ready);
    }

    /// @inheritdoc IFraudPauseGuard
    function resume() external onlyRole(RESUMER_ROLE) nonReentrant {
        State memory state = _running();
        if (_resumeIncident != state.incidents) revert NoResumeRequested();
        if (block.timestamp < _resumeReadyAt) revert ResumeNotReady(_resumeReadyAt);
        _end(state);
        emit Resumed(state.incidents);
        _ADAPTER.resume();
    }

    /// @inheritdoc IFraudPauseGuard
    function handOver() external onlyRole(GOVERNOR_ROLE) nonReentrant {
        State memory state = _state;
        if (!state.holding) revert NotPaused();
        _end(state);
        emit PauseHandedOver(state.incidents);
    }

    // ----------------------------------------------------------------------------------- incidents

    /// @inheritdoc IFraudPauseGuard
    function uphold(uint256 incident) external onlyRole(GOVERNOR_ROLE) nonReentrant {
        _settle(_openIncident(incident), IncidentStatus.Upheld);
    }

    /// @inheritdoc IFraudPauseGuard
    function reject(uint256 incident) external onlyRole(GOVERNOR_ROLE) nonReentrant {
        Incident storage record = _openIncident(incident);
        if (block.timestamp >= record.reviewUntil) revert ReviewOver(record.reviewUntil);
        _settle(record, IncidentStatus.Rejected);
    }

    /// @inheritdoc IFraudPauseGuard
    function settle(uint256 incident) external nonReentrant {
        Incident storage record = _openIncident(incident);
        if (block.timestamp < record.reviewUntil) revert ReviewNotOver(record.reviewUntil);
        _settle(record, IncidentStatus.Upheld);
    }

    /// @inheritdoc IBondLedger
    function withdrawBounties(address to, uint256 amount) external onlyRole(DEFAULT_ADMIN_ROLE) nonReentrant {
        _withdrawBounties(to, amount);
    }

    // --------------------------------------------------------------------------------------- views

    /// @inheritdoc IFraudPauseGuard
    function payloadOf(uint256 anchorBlock) external view returns (bytes32) {
        return _payload(anchorBlock, _hashOf(anchorBlock));
    }

    /// @inheritdoc IFraudPauseGuard
    function subjectOf(uint256 anchorBlock) external view returns (bytes32) {
        return _subject(anchorBlock, _hashOf(anchorBlock));
    }

    /// @inheritdoc IFraudPauseGuard
    function currentPause() external view returns (uint256 incident, uint256 until, bool holding) {
        return (_state.incidents, _state.pausedUntil, _state.holding);
    }

    /// @inheritdoc IFraudPauseGuard
    function readyAt() external view returns (uint256) {
        return _state.incidents == 0 ? 0 : _state.pausedUntil + _COOLDOWN;
    }

    /// @inheritdoc IFraudPauseGuard
    function freshReadyAt() external view returns (uint256) {
        return _state.incidents == 0 ? 0 : _state.pausedUntil + _FRESH_COOLDOWN;
    }

    /// @inheritdoc IFraudPauseGuard
    function availableBudget() external view returns (uint256) {
        return _BUDGET - _spentNow(_state).total();
    }

    /// @inheritdoc IFraudPauseGuard
    function resumeReadyAt() external view returns (uint256) {
        State memory state = _state;
        return block.timestamp < state.pausedUntil && _resumeIncident == state.incidents ? _resumeReadyAt : 0;
    }

    /// @inheritdoc IFraudPauseGuard
    function incidentOf(uint256 incident)
        external
        view
        returns (IncidentStatus status, address reporter, uint256 reviewUntil)
    {
        Incident memory record = _ring[incident % _REMEMBERED];
        if (incident != 0 && record.number == incident) {
            return (record.status, record.reporter, record.reviewUntil);
        }
    }

    /// @inheritdoc IFraudPauseGuard
    function pin() external view returns (ModelPin) {
        return _PIN;
    }

    /// @inheritdoc IFraudPauseGuard
    function minimumScore() external view returns (int256) {
        return _MINIMUM_SCORE;
    }

    /// @inheritdoc IFraudPauseGuard
    function adapter() external view returns (IPauseAdapter) {
        return _ADAPTER;
    }

    /// @inheritdoc IFraudPauseGuard
    function featureSource() external view returns (IFeatureSource) {
        return _FEATURES;
    }

    // -------------------------------------------------------------------------------- verification

    /// @dev The score that the model gives to the evidence, if it is enough, and when that was true.
    function _verify(bytes calldata evidence, uint256 anchorBlock, uint256[] calldata outputs, bytes calldata proof)
        private
        view
        returns (int256 score, uint256 time)
    {
        bytes32 anchorHash = _hashOf(anchorBlock);
        (uint256 id, uint32 version) = (_PIN.modelId(), _PIN.version());
        if (!_REGISTRY.isActive(id, version)) revert ModelNotActive(id, version);

        Features memory features = _featuresOf(evidence, anchorBlock, anchorHash);
        time = features.timestamp;
        uint256 context = InferenceContext.digest(_PIN, _payload(anchorBlock, anchorHash));
        uint256[] memory publicValues = PublicValues.assemble(context, features.words, outputs, features.commitments);
        score = PublicValues.valueAt(
            publicValues, 1 + _INPUT_WORDS, OutputSchema(_OUTPUT_COUNT, _OUTPUT_PACKING, 0), _SCORE_INDEX
        );
        if (score < _MINIMUM_SCORE) revert ScoreTooLow(_MINIMUM_SCORE, score);
        _GATEWAY.verify(_PIN, publicValues, proof);
    }

    /// @dev The inputs, if they are of a time between the anchor and now, and as many as the model
    /// has.
    function _featuresOf(bytes calldata evidence, uint256 anchorBlock, bytes32 anchorHash)
        private
        view
        returns (Features memory features)
    {
        features = _FEATURES.features(_PIN, _subject(anchorBlock, anchorHash), evidence);
        if (features.blockNumber < anchorBlock || features.blockNumber > block.number) {
            revert EvidenceOutOfRange(anchorBlock, features.blockNumber);
        }
        // The verifier counts all words together: where a source gave too few, `outputs` could
        // supply inputs.
        if (features.words.length != _INPUT_WORDS || features.commitments.length != _COMMITMENTS) {
            revert WrongEvidenceLength(_INPUT_WORDS + _COMMITMENTS, features.words.length + features.commitments.length);
        }
    }

    /// @dev The hash of a block that can be an anchor.
    function _hashOf(uint256 anchorBlock) private view returns (bytes32 hash) {
        uint256 oldest = block.number < _EVIDENCE_BLOCKS ? 0 : block.number - _EVIDENCE_BLOCKS;
        if (anchorBlock < oldest || anchorBlock >= block.number) revert AnchorOutOfRange(oldest, anchorBlock);
        hash = Blockhash.blockHash(anchorBlock);
        if (hash == 0) revert UnknownBlockHash(anchorBlock);
    }

    function _payload(uint256 anchorBlock, bytes32 anchorHash) private pure returns (bytes32) {
        return keccak256(abi.encode(EVIDENCE_TYPEHASH, anchorBlock, anchorHash));
    }

    function _subject(uint256 anchorBlock, bytes32 anchorHash) private view returns (bytes32) {
        return _ANCHORED_SUBJECT
            ? keccak256(abi.encode(SUBJECT_TYPEHASH, _TARGET, anchorBlock, anchorHash))
            : bytes32(uint256(uint160(_TARGET)));
    }

    // ---------------------------------------------------------------------------------------- time

    /// @dev Whether there may be a pause now, and accounts for it.
    function _spend(State memory state) private view {
        uint256 end = state.pausedUntil;
        if (block.timestamp < end) revert AlreadyPaused(end);
        if (state.incidents != 0) _checkCool(end, _FRESH_COOLDOWN);
        uint256 ledger = _spentNow(state);
        uint256 available = _BUDGET - ledger.total();
        if (available < _DURATION) revert BudgetExhausted(available, _DURATION);
        _account(state, ledger + PauseBudget.entry(block.timestamp, _DURATION, _PART));
    }

    function _checkCool(uint256 end, uint256 cooldown) private view {
        if (block.timestamp < end + cooldown) revert CoolingDown(end + cooldown);
    }

    /// @dev Ends the guard's pause, now if it still runs: what is left of it goes back to the
    /// budget.
    function _end(State memory state) private {
        state.holding = false;
        if (block.timestamp < state.pausedUntil) {
            uint256 left = state.pausedUntil - block.timestamp;
            _account(state, _spentNow(state) - PauseBudget.entry(block.timestamp, left, _PART));
            state.pausedUntil = uint40(block.timestamp);
        }
        _state = state;
    }

    function _account(State memory state, uint256 ledger) private view {
        // Quarters of an hour have 24 bits for 478 years.
        // forge-lint: disable-next-line(unsafe-typecast)
        (state.part, state.spent) = (uint24(block.timestamp / _PART), uint120(ledger));
    }

    function _spentNow(State memory state) private view returns (uint256) {
        return uint256(state.spent).advance(block.timestamp / _PART - state.part);
    }

    /// @dev The state, if the guard's pause still runs.
    function _running() private view returns (State memory state) {
        state = _state;
        if (!state.holding || block.timestamp >= state.pausedUntil) revert NotPaused();
    }

    // --------------------------------------------------------------------------------------- bonds

    /// @dev Stakes the caller's bond on a new incident, in the place of one that nobody needs to
    /// remember.
    function _open(uint256 incident) private {
        Incident storage record = _ring[incident % _REMEMBERED];
        if (record.status == IncidentStatus.Open) {
            if (block.timestamp < record.reviewUntil) revert TooManyOpenIncidents(record.reviewUntil);
            _settle(record, IncidentStatus.Upheld);
        }
        _lock(msg.sender);
        uint40 until;
        unchecked {
            // forge-lint: disable-next-line(unsafe-typecast)
            until = uint40(block.timestamp + _REVIEW_WINDOW);
        }
        // forge-lint: disable-next-line(unsafe-typecast)
        uint24 number = uint24(incident);
        _ring[incident % _REMEMBERED] = Incident(msg.sender, until, number, IncidentStatus.Open, _promise());
    }

    function _openIncident(uint256 incident) private view returns (Incident storage record) {
        record = _ring[incident % _REMEMBERED];
        if (record.number != incident || record.status != IncidentStatus.Open) revert IncidentNotOpen(incident);
    }

    function _settle(Incident storage record, IncidentStatus status) private {
        bool right = status == IncidentStatus.Upheld;
        address beneficiary = right ? record.reporter : _TREASURY;
        record.status = status;
        _release(beneficiary);
        emit IncidentSettled(record.number, status, beneficiary);
        if (!record.bounty) return;
        if (!right) return _unpromise();
        _reward(beneficiary);
        emit BountyPaid(record.number, beneficiary, bounty());
    }
}
