// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity 0.8.37;

import {
    AccessControlDefaultAdminRules
} from "@openzeppelin/contracts/access/extensions/AccessControlDefaultAdminRules.sol";
import { Pausable } from "@openzeppelin/contracts/utils/Pausable.sol";
import { ReentrancyGuardTransient } from "@openzeppelin/contracts/utils/ReentrancyGuardTransient.sol";
import { SafeCast } from "@openzeppelin/contracts/utils/math/SafeCast.sol";

import { ModelPin } from "../../types/ModelPin.sol";
import { IRiskAdapter } from "./IRiskAdapter.sol";
import { IRiskOracle } from "./IRiskOracle.sol";
import { IRiskParameterUpdater, ProposalStatus, RiskProposal, RiskSourceState } from "./IRiskParameterUpdater.sol";
import { IRiskSource } from "./IRiskSource.sol";
import { RiskLimits } from "./RiskLimits.sol";
import { RiskProposals, StoredProposal } from "./RiskProposals.sol";
import { MarketState, RISK_PARAMETERS, RiskLimit, RiskParameter } from "./RiskTypes.sol";
import { IRiskPublisher, RiskUpdateLog } from "./RiskUpdateLog.sol";

/// @title Risk parameters that a model moves, within limits
/// @notice See `IRiskParameterUpdater`. Roles: the administrator (handed over in two steps, with a
/// delay) sets sources and limits; guardians veto, restrict and pause; proposers propose and
/// executors execute, and a role given to address zero is everybody's.
/// @dev What a source says is held to the limits as if it were wrong: a source can move nothing
/// farther or faster than governance allowed for the parameter, whatever it proves.
///
/// What was published is in a log of its own, `RiskUpdateLog`, which this contract makes and writes;
/// its reads are here, too, passed on.
contract RiskParameterUpdater is
    IRiskParameterUpdater,
    IRiskPublisher,
    AccessControlDefaultAdminRules,
    Pausable,
    ReentrancyGuardTransient
{
    using RiskLimits for RiskLimit;
    using RiskProposals for StoredProposal;

    /// @notice May veto, restrict markets and pause.
    bytes32 public constant GUARDIAN_ROLE = keccak256("GUARDIAN_ROLE");

    /// @notice May propose.
    bytes32 public constant PROPOSER_ROLE = keccak256("PROPOSER_ROLE");

    /// @notice May execute.
    bytes32 public constant EXECUTOR_ROLE = keccak256("EXECUTOR_ROLE");

    /// @dev What an execution does: the parameters that move, those of them that the proposal hasn't
    /// published so yet, those that must wait, and the first of these; the values, and the market
    /// before.
    struct Plan {
        uint256 proposal;
        address market;
        uint256 coupled;
        uint256 mask;
        uint256 fresh;
        uint256 early;
        RiskParameter waiting;
        uint256 readyAt;
        uint256[RISK_PARAMETERS] values;
        MarketState state;
    }

    /// @dev One slot: when a parameter was published or pushed last, by which proposal, and its value.
    struct Move {
        uint40 time;
        uint48 proposal;
        uint128 value;
    }

    /// @dev Windows of years are a mistake.
    uint256 private constant _MAXIMUM_WINDOW = 90 days;

    IRiskAdapter private immutable _ADAPTER;
    RiskUpdateLog private immutable _LOG;

    uint256 private _proposalCount;
    mapping(uint256 key => StoredProposal) private _proposals;
    mapping(IRiskSource source => RiskSourceState) private _sources;
    // Kept, so that what was published can be read whatever became of its source.
    mapping(address market => mapping(uint256 index => ModelPin)) private _pins;
    mapping(address market => mapping(RiskParameter => RiskLimit)) private _limits;
    mapping(address market => mapping(RiskParameter => Move)) private _moves;
    // All that were ever added, as often as they were.
    mapping(address market => IRiskSource[]) private _sourcesOf;
    mapping(address market => bool) private _restricted;

    /// @param adapter_ The protocol's; must let this contract push.
    /// @param admin Sets sources and limits and appoints the others.
    /// @param adminDelay How long a new administrator waits before accepting.
    /// @param guardian The first guardian.
    constructor(IRiskAdapter adapter_, address admin, uint48 adminDelay, address guardian)
        AccessControlDefaultAdminRules(adminDelay, admin)
    {
        _refuse(address(adapter_).code.length == 0, "adapter");
        (_ADAPTER, _LOG) = (adapter_, new RiskUpdateLog());
        _grantRole(GUARDIAN_ROLE, guardian);
    }

    /// @dev Like OpenZeppelin's timelock: a role that address zero has is everybody's; while nothing
    /// is paused.
    modifier onlyRoleOrOpen(bytes32 role) {
        _checkRoleOrOpen(role);
        _;
    }

    // ---------------------------------------------------------------------------------- governance

    /// @inheritdoc IRiskParameterUpdater
    function addSource(IRiskSource source, uint32 vetoWindow, uint32 executionWindow, uint8 coupled)
        external
        onlyRole(DEFAULT_ADMIN_ROLE)
    {
        RiskSourceState storage state = _sources[source];
        if (state.market != address(0)) revert SourceExists(source);
        _refuse(vetoWindow == 0 || vetoWindow > _MAXIMUM_WINDOW, "vetoWindow");
        _refuse(executionWindow > _MAXIMUM_WINDOW, "executionWindow");
        (address market, uint8 mask) = (source.market(), source.mask());
        _refuse(market == address(0), "market");
        _refuse(coupled & ~mask != 0, "coupled");
        (state.market, state.mask, state.coupled) = (market, mask, coupled);
        (state.vetoWindow, state.executionWindow) = (vetoWindow, executionWindow);
        for (uint256 i = 0; i < RISK_PARAMETERS; ++i) {
            _checkDelay(state, RiskParameter(i), _limitOf(market, RiskParameter(i)).minimumDelay);
        }
        // Governance doesn't come to 2^16 of them.
        // forge-lint: disable-next-line(unsafe-typecast)
        state.index = uint16(_sourcesOf[market].length);
        _sourcesOf[market].push(source);
        _pins[market][state.index] = source.pin();
        // What it proposed before it was removed stays dead.
        // forge-lint: disable-next-line(unsafe-typecast)
        state.deadThrough = uint48(_proposalCount);
        emit SourceAdded(source, market, vetoWindow, executionWindow, coupled);
    }

    /// @inheritdoc IRiskParameterUpdater
    function removeSource(IRiskSource source) external onlyRole(DEFAULT_ADMIN_ROLE) {
        _sourceOf(source).market = address(0);
        emit SourceRemoved(source);
    }

    /// @inheritdoc IRiskParameterUpdater
    function setLimit(address market, RiskParameter parameter, RiskLimit memory limit)
        external
        onlyRole(DEFAULT_ADMIN_ROLE)
    {
        // Without a delay, proposals that wait for the same moment would add up their steps.
        _refuse(limit.minimumDelay == 0, "minimumDelay");
        _refuse(limit.granularity == 0, "granularity");
        _refuse(limit.minimum > limit.maximum, "maximum");
        _refuse(limit.relative && limit.maximumChange > 1e18, "maximumChange");
        IRiskSource[] storage all = _sourcesOf[market];
        for (uint256 i = 0; i < all.length; ++i) {
            _checkDelay(_sources[all[i]], parameter, limit.minimumDelay);
        }
        _limits[market][parameter] = limit;
        emit LimitSet(market, parameter, limit);
    }

    /// @inheritdoc IRiskParameterUpdater
    function setRestricted(address market, bool restricted) external {
        _checkRole(restricted ? GUARDIAN_ROLE : _resumerRole());
        _restricted[market] = restricted;
        emit MarketRestricted(market, restricted);
    }

    /// @inheritdoc IRiskParameterUpdater
    function veto(uint256 proposal) external onlyRole(GUARDIAN_ROLE) {
        RiskProposal memory record = _pending(proposal);
        record.status = ProposalStatus.Vetoed;
        _at(proposal).store(record);
        emit ProposalVetoed(proposal, msg.sender);
    }

    /// @inheritdoc IRiskParameterUpdater
    function vetoAll(IRiskSource source) external onlyRole(GUARDIAN_ROLE) {
        uint256 through = _proposalCount;
        // forge-lint: disable-next-line(unsafe-typecast)
        _sourceOf(source).deadThrough = uint48(through);
        emit SourceVetoed(source, through, msg.sender);
    }

    /// @inheritdoc IRiskParameterUpdater
    function pause() external onlyRole(GUARDIAN_ROLE) {
        _pause();
    }

    /// @inheritdoc IRiskParameterUpdater
    function unpause() external onlyRole(_resumerRole()) {
        _unpause();
    }

    // ------------------------------------------------------------------------------------- updates

    /// @inheritdoc IRiskParameterUpdater
    function propose(
        IRiskSource source,
        uint256 deadline,
        bytes calldata evidence,
        uint256[] calldata outputs,
        bytes calldata proof
    ) external onlyRoleOrOpen(PROPOSER_ROLE) nonReentrant returns (uint256 proposal) {
        _checkUnrestricted(_sourceOf(source).market);
        (uint256 time, int256[RISK_PARAMETERS] memory values) = source.infer(deadline, evidence, outputs, proof);
        return _propose(source, time, values);
    }

    /// @inheritdoc IRiskParameterUpdater
    function execute(uint256 proposal) external onlyRoleOrOpen(EXECUTOR_ROLE) nonReentrant returns (uint8 mask) {
        RiskProposal memory record = _executable(proposal);
        Plan memory plan = _plan(proposal, record);
        mask = uint8(plan.mask);
        // What must wait can be executed later.
        if (plan.early == 0) record.status = ProposalStatus.Executed;
        else record.mask = uint8(plan.early);
        _at(proposal).store(record);
        _publish(record, plan);
        emit ProposalExecuted(proposal, msg.sender, mask);
        _push(plan);
    }

    /// @inheritdoc IRiskParameterUpdater
    function publish(uint256 proposal) external onlyRoleOrOpen(EXECUTOR_ROLE) nonReentrant returns (uint8 mask) {
        RiskProposal memory record = _executable(proposal);
        Plan memory plan = _plan(proposal, record);
        if (plan.fresh == 0) revert NothingToChange();
        plan.mask = plan.fresh;
        mask = uint8(plan.mask);
        _publish(record, plan);
        emit ProposalPublished(proposal, msg.sender, mask);
    }

    // --------------------------------------------------------------------------------------- views

    /// @inheritdoc IRiskParameterUpdater
    function proposalOf(uint256 proposal) external view returns (RiskProposal memory record) {
        record = _at(proposal).load();
        record.status = _statusOf(proposal, record);
    }

    /// @inheritdoc IRiskParameterUpdater
    function proposalCount() external view returns (uint256) {
        return _proposalCount;
    }

    /// @inheritdoc IRiskParameterUpdater
    function sourceOf(IRiskSource source) external view returns (RiskSourceState memory) {
        return _sources[source];
    }

    /// @inheritdoc IRiskParameterUpdater
    function limitOf(address market, RiskParameter parameter) external view returns (RiskLimit memory) {
        return _limitOf(market, parameter);
    }

    /// @inheritdoc IRiskParameterUpdater
    function lastMovedAt(address market, RiskParameter parameter) external view returns (uint256) {
        return _moves[market][parameter].time;
    }

    /// @inheritdoc IRiskParameterUpdater
    function isRestricted(address market) external view returns (bool) {
        return _restricted[market];
    }

    /// @inheritdoc IRiskOracle
    /// @dev Who may execute, for that publishes.
    function isAuthorized(address sender) external view override(IRiskOracle, IRiskPublisher) returns (bool) {
        return hasRole(EXECUTOR_ROLE, address(0)) || hasRole(EXECUTOR_ROLE, sender);
    }

    /// @inheritdoc IRiskPublisher
    /// @dev `abi.encode(uint256 proposal, uint256 modelId, uint32 version, uint40 evidenceTime)`
    function provenanceOf(uint256 proposal, address market, uint256 index, uint40 evidenceTime)
        external
        view
        returns (bytes memory)
    {
        ModelPin pin = _pins[market][index];
        return abi.encode(proposal, pin.modelId(), pin.version(), evidenceTime);
    }

    /// @inheritdoc IRiskParameterUpdater
    function log() external view returns (IRiskOracle) {
        return _LOG;
    }

    // The log's reads: parameters are named for the interface's sake.

    /// @inheritdoc IRiskOracle
    function getLatestUpdateByType(string calldata updateType) external view returns (RiskParameterUpdate memory) {
        updateType;
        _ask();
    }

    /// @inheritdoc IRiskOracle
    function getLatestUpdateByParameterAndMarket(string calldata updateType, address market)
        external
        view
        returns (RiskParameterUpdate memory)
    {
        (updateType, market);
        _ask();
    }

    /// @inheritdoc IRiskOracle
    function getUpdateById(uint256 updateId) external view returns (RiskParameterUpdate memory) {
        updateId;
        _ask();
    }

    /// @inheritdoc IRiskOracle
    function getAllUpdateTypes() external view returns (string[] memory) {
        _ask();
    }

    /// @inheritdoc IRiskOracle
    function isValidUpdateType(string calldata updateType) external view returns (bool) {
        updateType;
        _ask();
    }

    /// @inheritdoc IRiskOracle
    function latestUpdateIdByMarketAndType(address market, string calldata updateType) external view returns (uint256) {
        (market, updateType);
        _ask();
    }

    /// @inheritdoc IRiskOracle
    function updateCounter() external view returns (uint256) {
        _ask();
    }

    /// @inheritdoc IRiskParameterUpdater
    function adapter() external view returns (IRiskAdapter) {
        return _ADAPTER;
    }

    // ----------------------------------------------------------------------------------- proposing

    function _propose(IRiskSource source, uint256 time, int256[RISK_PARAMETERS] memory values)
        private
        returns (uint256 proposal)
    {
        RiskSourceState storage state = _sources[source];
        if (time <= state.latestEvidence) revert EvidenceNotNewer(state.latestEvidence, time);
        uint40 evidenceTime = SafeCast.toUint40(time);
        state.latestEvidence = evidenceTime;

        RiskProposal memory record;
        (record.source, record.evidenceTime) = (source, evidenceTime);
        (record.eta, record.status) = (uint40(block.timestamp) + state.vetoWindow, ProposalStatus.Pending);
        record.mask = state.mask;
        address market = state.market;
        for (uint256 i = 0; i < RISK_PARAMETERS; ++i) {
            if ((record.mask >> i) & 1 == 0) continue;
            RiskParameter parameter = RiskParameter(i);
            record.targets[i] = _limit(market, parameter, state.coupled).bounded(parameter, values[i]);
        }
        proposal = _proposalCount + 1;
        emit ProposalCreated(proposal, market, msg.sender, record);
        _keep(proposal, record);
    }

    /// @dev Writes over the proposal that is one ring older, unless that is still pending.
    function _keep(uint256 proposal, RiskProposal memory record) private {
        StoredProposal storage place = _proposals[proposal % RiskProposals.RING];
        if (proposal > RiskProposals.RING) {
            RiskProposal memory older = place.load();
            ProposalStatus status = _statusOf(proposal - RiskProposals.RING, older);
            if (status == ProposalStatus.Pending) _proposals[proposal].store(older);
        }
        _proposalCount = proposal;
        place.store(record);
    }

    // ----------------------------------------------------------------------------------- executing

    function _at(uint256 proposal) private view returns (StoredProposal storage) {
        return _proposals[RiskProposals.keyOf(proposal, _proposalCount)];
    }

    /// @dev A proposal that can be executed.
    function _executable(uint256 proposal) private view returns (RiskProposal memory record) {
        record = _pending(proposal);
        if (block.timestamp < record.eta) revert VetoWindowOpen(proposal, record.eta);
        _checkUnrestricted(_sources[record.source].market);
        // What a verifier found wanting, or a withdrawn model, let through can't be trusted because
        // it did so in time.
        record.source.checkUsable();
    }

    /// @dev What a proposal moves, against the live values, and where to.
    function _plan(uint256 proposal, RiskProposal memory record) private view returns (Plan memory plan) {
        RiskSourceState storage source = _sources[record.source];
        (plan.proposal, plan.market, plan.coupled) = (proposal, source.market, source.coupled);
        plan.state = _stateOf(plan.market);
        for (uint256 i = 0; i < RISK_PARAMETERS; ++i) {
            if ((record.mask >> i) & 1 != 0) _planOne(plan, RiskParameter(i), record.targets[i]);
        }
        // Together, or not at all.
        if (plan.early & plan.coupled != 0) {
            plan.early |= plan.mask & plan.coupled;
            plan.mask &= ~plan.coupled;
            plan.fresh &= ~plan.coupled;
        }
        if (plan.mask == 0) {
            if (plan.early != 0) revert TooEarly(plan.waiting, plan.readyAt);
            revert NothingToChange();
        }
        if (RiskLimits.ratios(plan.mask) == 0) return plan;
        RiskLimits.checkRules(plan.state.supported, _after(plan), plan.state.ratioUnit);
    }

    function _planOne(Plan memory plan, RiskParameter parameter, uint128 target) private view {
        if (!RiskLimits.has(plan.state.supported, parameter)) revert NotSupported(plan.market, parameter);
        RiskLimit memory limit = _limit(plan.market, parameter, plan.coupled);
        Move memory last = _moves[plan.market][parameter];
        bool told = last.proposal == plan.proposal;
        uint256 live = plan.state.values[uint256(parameter)];
        // Limits may have changed since the proposal.
        uint256 value =
            limit.step(parameter, live, told ? last.value : limit.bounded(parameter, int256(uint256(target))));
        if (value == live) return;

        uint256 bit = RiskLimits.bit(parameter);
        uint256 ready = uint256(last.time) + limit.minimumDelay;
        // Pushing what was published by the same proposal is the same move.
        if (last.time != 0 && !told && block.timestamp < ready) {
            if (plan.early == 0) (plan.waiting, plan.readyAt) = (parameter, ready);
            plan.early |= bit;
            return;
        }
        limit.checkUsage(parameter, plan.state, value);
        plan.values[uint256(parameter)] = value;
        plan.mask |= bit;
        if (!told || value != last.value) plan.fresh |= bit;
    }

    /// @dev Remembers the moves, and publishes those that are new.
    function _publish(RiskProposal memory record, Plan memory plan) private {
        RiskSourceState storage source = _sources[record.source];
        source.executedEvidence = record.evidenceTime;
        for (uint256 i = 0; i < RISK_PARAMETERS; ++i) {
            if ((plan.mask >> i) & 1 == 0) continue;
            // Proposals don't come to 2^48: each costs somebody a transaction.
            // forge-lint: disable-next-item(unsafe-typecast)
            _moves[plan.market][RiskParameter(i)] =
                Move(uint40(block.timestamp), uint48(plan.proposal), SafeCast.toUint128(plan.values[i]));
        }
        if (plan.fresh == 0) return;
        RiskUpdateLog.Origin memory origin =
            RiskUpdateLog.Origin(plan.proposal, plan.market, source.index, record.evidenceTime);
        _LOG.publish(origin, uint8(plan.fresh), plan.values, plan.state.values);
    }

    function _push(Plan memory plan) private {
        _ADAPTER.push(plan.market, uint8(plan.mask), plan.values);
        uint256[RISK_PARAMETERS] memory expected = _after(plan);
        uint256[RISK_PARAMETERS] memory actual = _stateOf(plan.market).values;
        for (uint256 i = 0; i < RISK_PARAMETERS; ++i) {
            if (actual[i] != expected[i]) revert PushMismatch(RiskParameter(i), expected[i], actual[i]);
        }
    }

    /// @dev The market's values as they will be.
    function _after(Plan memory plan) private pure returns (uint256[RISK_PARAMETERS] memory values) {
        for (uint256 i = 0; i < RISK_PARAMETERS; ++i) {
            values[i] = (plan.mask >> i) & 1 == 0 ? plan.state.values[i] : plan.values[i];
        }
    }

    // ----------------------------------------------------------------------------------- internals

    function _refuse(bool wrong, bytes32 field) private pure {
        if (wrong) revert InvalidConfig(field);
    }

    function _checkRoleOrOpen(bytes32 role) private view {
        if (!hasRole(role, address(0))) _checkRole(role);
        _requireNotPaused();
    }

    function _stateOf(address market) private view returns (MarketState memory) {
        return _ADAPTER.stateOf(market);
    }

    function _sourceOf(IRiskSource source) private view returns (RiskSourceState storage state) {
        state = _sources[source];
        if (state.market == address(0)) revert UnknownSource(source);
    }

    function _checkUnrestricted(address market) private view {
        if (_restricted[market]) revert MarketIsRestricted(market);
    }

    function _limitOf(address market, RiskParameter parameter) private view returns (RiskLimit memory) {
        return _limits[market][parameter];
    }

    /// @dev A coupled value is the model's, or there is none: what a limit would clamp is refused.
    function _limit(address market, RiskParameter parameter, uint256 coupled)
        private
        view
        returns (RiskLimit memory limit)
    {
        limit = _limitOf(market, parameter);
        if (limit.maximumChange == 0) revert NoLimit(market, parameter);
        if (RiskLimits.has(coupled, parameter)) limit.clamped = false;
    }

    /// @dev A parameter that has just moved must be movable again before a proposal expires: else
    /// whoever executes one could kill another.
    function _checkDelay(RiskSourceState storage source, RiskParameter parameter, uint32 minimumDelay) private view {
        // Removed sources propose nothing.
        _refuse(
            source.market != address(0) && RiskLimits.has(source.mask, parameter)
                && minimumDelay >= source.executionWindow,
            "executionWindow"
        );
    }

    /// @dev Who ends what guardians began; without an administrator they do.
    function _resumerRole() private view returns (bytes32) {
        return defaultAdmin() == address(0) ? GUARDIAN_ROLE : DEFAULT_ADMIN_ROLE;
    }

    /// @dev Passes a read on to the log, and answers what it answers.
    function _ask() private view {
        address log_ = address(_LOG);
        assembly ("memory-safe") {
            let data := mload(0x40)
            calldatacopy(data, 0, calldatasize())
            let ok := staticcall(gas(), log_, data, calldatasize(), 0, 0)
            returndatacopy(data, 0, returndatasize())
            if iszero(ok) { revert(data, returndatasize()) }
            return(data, returndatasize())
        }
    }

    function _pending(uint256 proposal) private view returns (RiskProposal memory record) {
        record = _at(proposal).load();
        ProposalStatus status = _statusOf(proposal, record);
        if (status != ProposalStatus.Pending) revert NotPending(proposal, status);
    }

    function _statusOf(uint256 proposal, RiskProposal memory record) private view returns (ProposalStatus) {
        ProposalStatus status = record.status;
        if (status != ProposalStatus.Pending) return status;
        RiskSourceState storage source = _sources[record.source];
        if (source.market == address(0)) return ProposalStatus.Superseded;
        if (proposal <= source.deadThrough) return ProposalStatus.Vetoed;
        if (record.evidenceTime < source.executedEvidence) return ProposalStatus.Superseded;
        uint256 expiry = uint256(record.eta) + source.executionWindow;
        return block.timestamp < expiry ? ProposalStatus.Pending : ProposalStatus.Expired;
    }
}
