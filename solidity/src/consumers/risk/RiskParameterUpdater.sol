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
import { MarketState, RISK_PARAMETERS, RiskLimit, RiskParameter } from "./RiskTypes.sol";
import { RiskUpdateLog } from "./RiskUpdateLog.sol";

/// @title Risk parameters that a model moves, within limits
/// @notice See `IRiskParameterUpdater`. Roles: the administrator (handed over in two steps, with a
/// delay) sets sources and limits; guardians veto, restrict and pause; proposers propose and
/// executors execute, and a role given to address zero is everybody's.
/// @dev What a source says is held to the limits as if it were wrong: a source can move nothing
/// farther or faster than governance allowed for the parameter, whatever it proves.
contract RiskParameterUpdater is
    IRiskParameterUpdater,
    RiskUpdateLog,
    AccessControlDefaultAdminRules,
    Pausable,
    ReentrancyGuardTransient
{
    using RiskLimits for RiskLimit;

    /// @notice May veto, restrict markets and pause.
    bytes32 public constant GUARDIAN_ROLE = keccak256("GUARDIAN_ROLE");

    /// @notice May propose.
    bytes32 public constant PROPOSER_ROLE = keccak256("PROPOSER_ROLE");

    /// @notice May execute.
    bytes32 public constant EXECUTOR_ROLE = keccak256("EXECUTOR_ROLE");

    /// @dev What an execution does: the parameters that move, their values, and the market before.
    struct Plan {
        uint8 mask;
        uint256[RISK_PARAMETERS] values;
        MarketState state;
    }

    /// @dev Windows of years are a mistake.
    uint256 private constant _MAXIMUM_WINDOW = 90 days;

    IRiskAdapter private immutable _ADAPTER;

    uint256 private _proposalCount;
    mapping(uint256 id => RiskProposal) private _proposals;
    mapping(IRiskSource source => RiskSourceState) private _sources;
    // Kept, so that what was published can be read whatever became of its source.
    mapping(IRiskSource source => ModelPin) private _pins;
    mapping(address market => mapping(RiskParameter => RiskLimit)) private _limits;
    mapping(address market => bool) private _restricted;

    /// @param adapter_ The protocol's; must let this contract push.
    /// @param admin Sets sources and limits and appoints the others.
    /// @param adminDelay How long a new administrator waits before accepting.
    /// @param guardian The first guardian.
    constructor(IRiskAdapter adapter_, address admin, uint48 adminDelay, address guardian)
        AccessControlDefaultAdminRules(adminDelay, admin)
    {
        if (address(adapter_).code.length == 0) revert InvalidConfig("adapter");
        _ADAPTER = adapter_;
        _grantRole(GUARDIAN_ROLE, guardian);
    }

    /// @dev Like OpenZeppelin's timelock: a role that address zero has is everybody's.
    modifier onlyRoleOrOpen(bytes32 role) {
        _checkRoleOrOpen(role);
        _;
    }

    // ---------------------------------------------------------------------------------- governance

    /// @inheritdoc IRiskParameterUpdater
    function addSource(IRiskSource source, uint32 vetoWindow, uint32 executionWindow)
        external
        onlyRole(DEFAULT_ADMIN_ROLE)
    {
        RiskSourceState storage state = _sources[source];
        if (state.market != address(0)) revert SourceExists(source);
        if (vetoWindow == 0 || vetoWindow > _MAXIMUM_WINDOW) revert InvalidConfig("vetoWindow");
        if (executionWindow == 0 || executionWindow > _MAXIMUM_WINDOW) revert InvalidConfig("executionWindow");
        (state.market, state.mask) = (source.market(), source.mask());
        if (state.market == address(0)) revert InvalidConfig("market");
        (state.vetoWindow, state.executionWindow) = (vetoWindow, executionWindow);
        _pins[source] = source.pin();
        // What it proposed before it was removed stays dead.
        // forge-lint: disable-next-line(unsafe-typecast)
        state.deadThrough = uint48(_proposalCount);
        emit SourceAdded(source, state.market, vetoWindow, executionWindow);
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
        if (limit.minimumDelay == 0) revert InvalidConfig("minimumDelay");
        if (limit.granularity == 0) revert InvalidConfig("granularity");
        if (limit.minimum > limit.maximum) revert InvalidConfig("maximum");
        if (limit.relative && limit.maximumChange > 1e18) revert InvalidConfig("maximumChange");
        _limits[market][parameter] = limit;
        emit LimitSet(market, parameter, limit);
    }

    /// @inheritdoc IRiskParameterUpdater
    function setRestricted(address market, bool restricted) external {
        _checkRole(restricted ? GUARDIAN_ROLE : DEFAULT_ADMIN_ROLE);
        _restricted[market] = restricted;
        emit MarketRestricted(market, restricted);
    }

    /// @inheritdoc IRiskParameterUpdater
    function veto(uint256 proposal) external onlyRole(GUARDIAN_ROLE) {
        _checkPending(proposal);
        _proposals[proposal].status = ProposalStatus.Vetoed;
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
    function unpause() external onlyRole(DEFAULT_ADMIN_ROLE) {
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
    ) external onlyRoleOrOpen(PROPOSER_ROLE) whenNotPaused nonReentrant returns (uint256 proposal) {
        _checkUnrestricted(_sourceOf(source).market);
        (uint256 time, int256[RISK_PARAMETERS] memory values) = source.infer(deadline, evidence, outputs, proof);
        return _propose(source, time, values);
    }

    /// @inheritdoc IRiskParameterUpdater
    function execute(uint256 proposal)
        external
        onlyRoleOrOpen(EXECUTOR_ROLE)
        whenNotPaused
        nonReentrant
        returns (uint8 mask)
    {
        _checkPending(proposal);
        RiskProposal memory record = _proposals[proposal];
        if (block.timestamp < record.eta) revert VetoWindowOpen(proposal, record.eta);
        RiskSourceState storage source = _sources[record.source];
        address market = source.market;
        _checkUnrestricted(market);
        // What a verifier found wanting, or a withdrawn model, let through can't be trusted because
        // it did so in time.
        record.source.checkUsable();

        Plan memory plan = _plan(market, record);
        mask = plan.mask;
        _proposals[proposal].status = ProposalStatus.Executed;
        source.executedEvidence = record.evidenceTime;
        for (uint256 i = 0; i < RISK_PARAMETERS; ++i) {
            if ((mask >> i) & 1 == 0) continue;
            _publish(market, RiskParameter(i), plan.values[i], plan.state.values[i], proposal);
        }
        emit ProposalExecuted(proposal, msg.sender, mask);
        _push(market, plan);
    }

    // --------------------------------------------------------------------------------------- views

    /// @inheritdoc IRiskParameterUpdater
    function proposalOf(uint256 proposal) external view returns (RiskProposal memory record) {
        record = _proposals[proposal];
        record.status = _statusOf(proposal);
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
        return _limits[market][parameter];
    }

    /// @inheritdoc IRiskParameterUpdater
    function lastMovedAt(address market, RiskParameter parameter) external view returns (uint256) {
        return _lastTimestamp(market, parameter);
    }

    /// @inheritdoc IRiskParameterUpdater
    function isRestricted(address market) external view returns (bool) {
        return _restricted[market];
    }

    /// @inheritdoc IRiskOracle
    /// @dev Who may execute, for that publishes.
    function isAuthorized(address sender) external view returns (bool) {
        return hasRole(EXECUTOR_ROLE, address(0)) || hasRole(EXECUTOR_ROLE, sender);
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
            record.targets[i] = _limit(market, parameter).bounded(parameter, values[i]);
        }
        proposal = ++_proposalCount;
        _proposals[proposal] = record;
        emit ProposalCreated(proposal, market, msg.sender, record);
    }

    // ----------------------------------------------------------------------------------- executing

    /// @dev What a proposal moves, against the live values, and where to.
    function _plan(address market, RiskProposal memory record) private view returns (Plan memory plan) {
        plan.state = _stateOf(market);
        for (uint256 i = 0; i < RISK_PARAMETERS; ++i) {
            if ((record.mask >> i) & 1 == 0) continue;
            RiskParameter parameter = RiskParameter(i);
            if (!RiskLimits.has(plan.state.supported, parameter)) revert NotSupported(market, parameter);
            RiskLimit memory limit = _limit(market, parameter);
            uint256 live = plan.state.values[i];
            // Limits may have changed since the proposal.
            uint256 target = limit.bounded(parameter, int256(uint256(record.targets[i])));
            uint256 value = limit.step(parameter, live, target);
            if (value == live) continue;

            uint256 last = _lastTimestamp(market, parameter);
            uint256 ready = last + limit.minimumDelay;
            if (last != 0 && block.timestamp < ready) revert TooEarly(parameter, ready);
            limit.checkUsage(parameter, plan.state, value);
            plan.values[i] = value;
            plan.mask |= RiskLimits.bit(parameter);
        }
        if (plan.mask == 0) revert NothingToChange();
        RiskLimits.checkRules(plan.state.supported, _after(plan));
    }

    function _push(address market, Plan memory plan) private {
        _ADAPTER.push(market, plan.mask, plan.values);
        uint256[RISK_PARAMETERS] memory expected = _after(plan);
        uint256[RISK_PARAMETERS] memory actual = _stateOf(market).values;
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

    function _checkRoleOrOpen(bytes32 role) private view {
        if (!hasRole(role, address(0))) _checkRole(role);
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

    function _limit(address market, RiskParameter parameter) private view returns (RiskLimit memory limit) {
        limit = _limits[market][parameter];
        if (limit.maximumChange == 0) revert NoLimit(market, parameter);
    }

    function _checkPending(uint256 proposal) private view {
        ProposalStatus status = _statusOf(proposal);
        if (status != ProposalStatus.Pending) revert NotPending(proposal, status);
    }

    function _statusOf(uint256 proposal) private view returns (ProposalStatus) {
        RiskProposal storage record = _proposals[proposal];
        ProposalStatus status = record.status;
        if (status != ProposalStatus.Pending) return status;
        RiskSourceState storage source = _sources[record.source];
        if (source.market == address(0)) return ProposalStatus.Superseded;
        if (proposal <= source.deadThrough) return ProposalStatus.Vetoed;
        if (record.evidenceTime <= source.executedEvidence) return ProposalStatus.Superseded;
        uint256 expiry = uint256(record.eta) + source.executionWindow;
        return block.timestamp < expiry ? ProposalStatus.Pending : ProposalStatus.Expired;
    }

    /// @inheritdoc RiskUpdateLog
    /// @dev `abi.encode(uint256 proposal, uint256 modelId, uint32 version, uint40 evidenceTime)`
    function _provenanceOf(uint256 proposal) internal view override returns (bytes memory) {
        RiskProposal storage record = _proposals[proposal];
        ModelPin pin = _pins[record.source];
        return abi.encode(proposal, pin.modelId(), pin.version(), record.evidenceTime);
    }
}
