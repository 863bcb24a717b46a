// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity ^0.8.24;

import { IRiskAdapter } from "./IRiskAdapter.sol";
import { IRiskOracle } from "./IRiskOracle.sol";
import { IRiskSource } from "./IRiskSource.sol";
import { RISK_PARAMETERS, RiskLimit, RiskParameter, RiskRule } from "./RiskTypes.sol";

/// @notice What became of a proposal.
enum ProposalStatus {
    None,
    Pending,
    Executed,
    Vetoed,
    /// Its time is over.
    Expired,
    /// One with newer evidence was executed or published before it, or its source was removed.
    Superseded
}

/// @notice Values that a model gave.
/// @param source What proposed them.
/// @param eta From when on it can be executed.
/// @param evidenceTime When the model's inputs were true.
/// @param status What became of it.
/// @param mask For which parameters; where some have moved and others must wait, for these.
/// @param targets The values, by parameter.
struct RiskProposal {
    IRiskSource source;
    uint40 eta;
    uint40 evidenceTime;
    ProposalStatus status;
    uint8 mask;
    uint128[RISK_PARAMETERS] targets;
}

/// @notice How a source may propose.
/// @param market Its market; zero if it may not.
/// @param vetoWindow How long its proposals wait, in seconds.
/// @param executionWindow How long after that they can be executed, in seconds.
/// @param mask The parameters it has values for.
/// @param latestEvidence When the inputs of its last proposal were true.
/// @param executedEvidence When the inputs of its last executed or published proposal were true.
/// @param deadThrough Its proposals up to this one are dead.
/// @param coupled The parameters of `mask` that move together or not at all.
/// @param index Which of its market's sources it is, in the order in which they were added.
struct RiskSourceState {
    address market;
    uint32 vetoWindow;
    uint32 executionWindow;
    uint8 mask;
    uint40 latestEvidence;
    uint40 executedEvidence;
    uint48 deadThrough;
    uint8 coupled;
    uint16 index;
}

/// @title Risk parameters that a model moves, within limits
/// @notice Anyone (or who governance lets) proposes what a registered model makes of fresh
/// evidence; guardians can veto it for a while; then it is executed: each parameter moves by no
/// more than its limit from what the protocol says it is, no sooner than its delay after the last
/// time, and only to where the protocol's own invariants hold. Values are published as a risk
/// oracle's: when they are executed, or before, for protocols that fetch them.
/// @dev **Coupled parameters** (a loan-to-value and its threshold, a value and its time) move
/// together or not at all: none of them is clamped (a proposal with one that a limit would clamp is
/// refused whole), and if one must wait, all do. So a limit never leaves a state that neither the
/// model nor governance chose. **Independent** ones don't block each other: those that may move do,
/// and the rest can follow until the proposal expires, which is later than any delay. So executing
/// an older proposal, however trivial, kills no newer one.
interface IRiskParameterUpdater is IRiskOracle {
    /// @notice A source may propose.
    event SourceAdded(
        IRiskSource indexed source, address indexed market, uint32 vetoWindow, uint32 executionWindow, uint8 coupled
    );

    /// @notice A source may no longer propose, and what it proposed can't be executed.
    event SourceRemoved(IRiskSource indexed source);

    /// @notice A parameter has another limit.
    event LimitSet(address indexed market, RiskParameter indexed parameter, RiskLimit limit);

    /// @notice Nothing moves in a market, or it may again.
    event MarketRestricted(address indexed market, bool restricted);

    /// @notice A model proposes values.
    event ProposalCreated(
        uint256 indexed proposal, address indexed market, address indexed proposer, RiskProposal record
    );

    /// @notice A proposal was executed; `mask` says which parameters moved.
    event ProposalExecuted(uint256 indexed proposal, address indexed executor, uint8 mask);

    /// @notice What a proposal moves was published; `mask` says which parameters.
    event ProposalPublished(uint256 indexed proposal, address indexed publisher, uint8 mask);

    /// @notice A guardian stopped a proposal.
    event ProposalVetoed(uint256 indexed proposal, address indexed guardian);

    /// @notice A guardian stopped all pending proposals of a source.
    event SourceVetoed(IRiskSource indexed source, uint256 through, address indexed guardian);

    /// @notice The configuration makes no sense there.
    error InvalidConfig(bytes32 field);

    /// @notice Governance hasn't added this source, or removed it.
    error UnknownSource(IRiskSource source);

    /// @notice The source was added already.
    error SourceExists(IRiskSource source);

    /// @notice A guardian restricted the market.
    error MarketIsRestricted(address market);

    /// @notice Governance has not set how far this parameter may move.
    error NoLimit(address market, RiskParameter parameter);

    /// @notice The market has no such parameter.
    error NotSupported(address market, RiskParameter parameter);

    /// @notice The source proposed with evidence from `latest`; the next must be newer.
    error EvidenceNotNewer(uint256 latest, uint256 evidenceTime);

    /// @notice The model's value is out of the parameter's range.
    error OutOfBounds(RiskParameter parameter, int256 value);

    /// @notice The model's value is more than `most` away from the live one.
    error ChangeTooLarge(RiskParameter parameter, uint256 live, uint256 target, uint256 most);

    /// @notice The parameter, the first of those that would move, can be moved again at `readyAt`.
    error TooEarly(RiskParameter parameter, uint256 readyAt);

    /// @notice All parameters are where the model wants them, as near as their granularity and
    /// limits allow.
    error NothingToChange();

    /// @notice The market's parameters would break a rule.
    error RuleBroken(RiskRule rule);

    /// @notice The cap would be lowered to less than what is in use.
    error CapBelowUsage(RiskParameter parameter, uint256 usage, uint256 value);

    /// @notice The protocol doesn't have the value that was pushed, or another one changed along.
    error PushMismatch(RiskParameter parameter, uint256 expected, uint256 actual);

    /// @notice The proposal is not pending.
    error NotPending(uint256 proposal, ProposalStatus status);

    /// @notice The proposal can be executed from `eta` on.
    error VetoWindowOpen(uint256 proposal, uint256 eta);

    // ---------------------------------------------------------------------------------- governance

    /// @notice Lets a source propose. For the administrator, who must have looked at what it is.
    /// @param vetoWindow How long its proposals wait, in seconds; not zero.
    /// @param executionWindow How long after that they can be executed, in seconds; more than the
    /// minimum delay of each of its parameters.
    /// @param coupled Which of its parameters move together or not at all; a mask, zero for none.
    function addSource(IRiskSource source, uint32 vetoWindow, uint32 executionWindow, uint8 coupled) external;

    /// @notice Stops a source, its pending proposals included. For the administrator.
    function removeSource(IRiskSource source) external;

    /// @notice Sets how far and how fast a parameter may move. For the administrator. The time of
    /// its last move stays.
    function setLimit(address market, RiskParameter parameter, RiskLimit calldata limit) external;

    /// @notice Restricts a market, for guardians; ends that, for the administrator, or for guardians if
    /// there is none any more.
    function setRestricted(address market, bool restricted) external;

    /// @notice Stops one proposal. For guardians.
    function veto(uint256 proposal) external;

    /// @notice Stops all pending proposals of a source, however many. For guardians.
    function vetoAll(IRiskSource source) external;

    /// @notice Stops proposals and executions. For guardians.
    function pause() external;

    /// @notice Lets them go on. For the administrator, or for guardians if there is none any more.
    function unpause() external;

    // ------------------------------------------------------------------------------------- updates

    /// @notice Proposes what a source's model makes of its evidence: see `IRiskSource.infer`. For
    /// proposers, or anyone.
    function propose(
        IRiskSource source,
        uint256 deadline,
        bytes calldata evidence,
        uint256[] calldata outputs,
        bytes calldata proof
    ) external returns (uint256 proposal);

    /// @notice Moves the parameters; those that must wait can be moved later. For executors, or
    /// anyone.
    /// @dev An `eth_call` of it tells what would move, or why nothing can.
    /// @return mask Which parameters moved.
    function execute(uint256 proposal) external returns (uint8 mask);

    /// @notice Publishes what `execute` would move, and moves nothing: for protocols whose stewards
    /// fetch values. For executors, or anyone. It counts as the move: of the proposal, which can
    /// still be executed, and for the delay.
    /// @return mask Which parameters were published.
    function publish(uint256 proposal) external returns (uint8 mask);

    // --------------------------------------------------------------------------------------- views

    /// @notice A proposal. The last 32 are remembered, and before these whatever is still pending; of
    /// others there is no more than events.
    function proposalOf(uint256 proposal) external view returns (RiskProposal memory);

    /// @notice How many proposals there are; their ids begin with 1.
    function proposalCount() external view returns (uint256);

    /// @notice How a source may propose.
    function sourceOf(IRiskSource source) external view returns (RiskSourceState memory);

    /// @notice How far and how fast a parameter may move.
    function limitOf(address market, RiskParameter parameter) external view returns (RiskLimit memory);

    /// @notice When a parameter was published or moved last, or zero.
    function lastMovedAt(address market, RiskParameter parameter) external view returns (uint256);

    /// @notice Whether a market is restricted.
    function isRestricted(address market) external view returns (bool);

    /// @notice The log of what was published. Its reads are the updater's, too.
    function log() external view returns (IRiskOracle);

    /// @notice The lending protocol's adapter.
    function adapter() external view returns (IRiskAdapter);
}
