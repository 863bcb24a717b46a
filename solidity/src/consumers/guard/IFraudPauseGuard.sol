// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity ^0.8.24;

import { IERC20 } from "@openzeppelin/contracts/token/ERC20/IERC20.sol";

import { IVerdictGateway } from "../../core/gateway/IVerdictGateway.sol";
import { IFeatureSource } from "../../features/IFeatureSource.sol";
import { ModelPin } from "../../types/ModelPin.sol";
import { IBondLedger } from "./IBondLedger.sol";
import { IPauseAdapter } from "./IPauseAdapter.sol";

/// @notice What a guard is made of. It never changes: for other numbers, or another model version,
/// make another guard and give it to the adapter.
/// @param gateway The way to the verifier; its registry has the model.
/// @param modelId The model.
/// @param version Its version, active now.
/// @param scoreIndex Which value of the model's first output is the score.
/// @param threshold From which score on the contract must be paused, with 18 decimals.
/// @param margin Added to the threshold: more than the model's quantisation can be wrong by; 18
/// decimals.
/// @param features Where the model's inputs come from.
/// @param anchoredSubject Whether the subject that the feature source is asked about names the
/// anchor block's hash, so that signatures are worthless on a fork without it; for what the chain
/// itself knows it must not. See `subjectOf`.
/// @param evidenceBlocks How old evidence can be, in blocks: 1 to 256, or to 8,191 where EIP-2935's
/// history contract exists.
/// @param target Owns the pauser role of the contract.
/// @param pauseDuration Of each pause, in seconds; at most a quarter of `period`.
/// @param cooldown Between the end of a pause and the next, in seconds, if that is for evidence from
/// before the end.
/// @param freshCooldown The same, for evidence from after the end; not zero, at most `cooldown`, and at
/// most an hour.
/// The shorter it is, the shorter the time without a guard that a pause is known to bring; the budget
/// limits all pauses together.
/// @param period A multiple of four seconds, from an hour to 48 days.
/// @param budget In no window as long as `period`, wherever it begins, pauses take more seconds
/// than this.
/// @param bondToken An ERC-20 token.
/// @param bond What a reporter stakes.
/// @param bounty What a reporter whose incident isn't rejected gets on top, as long as bounties are
/// funded; at most `bond`, so that crying wolf costs more than it can bring.
/// @param treasury Who gets the bond of a rejected incident.
/// @param reviewWindow How long an incident can be rejected, in seconds; at least `pauseDuration`.
/// @param resumeDelay How long the resumer's intention is visible before it takes effect; less than
/// `pauseDuration`.
struct GuardConfig {
    IVerdictGateway gateway;
    uint256 modelId;
    uint32 version;
    uint32 scoreIndex;
    int256 threshold;
    uint256 margin;
    IFeatureSource features;
    bool anchoredSubject;
    uint256 evidenceBlocks;
    IPauseAdapter target;
    uint256 pauseDuration;
    uint256 cooldown;
    uint256 freshCooldown;
    uint256 period;
    uint256 budget;
    IERC20 bondToken;
    uint256 bond;
    uint256 bounty;
    address treasury;
    uint256 reviewWindow;
    uint256 resumeDelay;
}

/// @notice What became of an incident. `None`: there was none, or too long ago to be remembered.
enum IncidentStatus {
    None,
    Open,
    Upheld,
    Rejected
}

/// @title A pause that a model's verdict pulls
/// @notice Whoever proves that the model scores the current evidence at or above threshold and
/// margin pauses the contract, for a fixed time. He stakes a bond; governance can reject the
/// incident, which costs him the bond. If it doesn't, he gets a bounty, where somebody funds these. Another role can end the pause early, visibly and after a
/// delay. Nothing here can pause for longer than the budget, whatever the model says.
interface IFraudPauseGuard is IBondLedger {
    /// @notice The contract is paused.
    event PauseTriggered(
        uint256 indexed incident, address indexed reporter, int256 score, uint256 anchorBlock, uint256 pausedUntil
    );

    /// @notice The pause's time was over and the contract was told so.
    event PauseExpired(uint256 indexed incident);

    /// @notice The resumer wants to end the pause, and can from `readyAt` on.
    event ResumeRequested(uint256 indexed incident, uint256 readyAt);

    /// @notice The resumer ended the pause before its time.
    event Resumed(uint256 indexed incident);

    /// @notice Governance keeps the contract as it is; the guard will not end this pause.
    event PauseHandedOver(uint256 indexed incident);

    /// @notice A bond went to `beneficiary`: the reporter, or the treasury if the incident was
    /// rejected.
    event IncidentSettled(uint256 indexed incident, IncidentStatus status, address indexed beneficiary);

    /// @notice A reporter was right, and got the bounty that was promised.
    event BountyPaid(uint256 indexed incident, address indexed reporter, uint256 amount);

    /// @notice The configuration makes no sense there.
    error InvalidConfig(bytes32 field);

    /// @notice The guard's pause lasts until `until`.
    error AlreadyPaused(uint256 until);

    /// @notice After a pause, there can't be another before `until`: of such evidence, if it is from
    /// before the end of that pause.
    error CoolingDown(uint256 until);

    /// @notice In the current window, `available` seconds are left for pauses.
    error BudgetExhausted(uint256 available, uint256 needed);

    /// @notice The incident eight before this one is still under review until `until`.
    error TooManyOpenIncidents(uint256 until);

    /// @notice An anchor is a past block, at most `oldest`.
    error AnchorOutOfRange(uint256 oldest, uint256 anchorBlock);

    /// @notice The chain doesn't know this block's hash.
    error UnknownBlockHash(uint256 anchorBlock);

    /// @notice The anchor isn't younger than the last pause, at block `lastUsed`: such evidence was
    /// used, or could have been.
    error EvidenceUsed(uint256 lastUsed, uint256 anchorBlock);

    /// @notice The evidence is of another time than between the anchor and now.
    error EvidenceOutOfRange(uint256 anchorBlock, uint256 evidenceBlock);

    /// @notice The model has `expected` words of input, commitments included.
    error WrongEvidenceLength(uint256 expected, uint256 actual);

    /// @notice The model's owner deprecated the version.
    error ModelNotActive(uint256 modelId, uint256 version);

    /// @notice A pause takes at least `needed`.
    error ScoreTooLow(int256 needed, int256 score);

    /// @notice The contract says that it isn't paused.
    error PauseHadNoEffect(address target);

    /// @notice There is no pause of the guard's.
    error NotPaused();

    /// @notice The pause lasts until `until`.
    error PauseNotOver(uint256 until);

    /// @notice The resumer has not announced that it ends this pause.
    error NoResumeRequested();

    /// @notice The resumer can end the pause from `readyAt` on.
    error ResumeNotReady(uint256 readyAt);

    /// @notice The incident isn't open.
    error IncidentNotOpen(uint256 incident);

    /// @notice The incident can be rejected until `until`.
    error ReviewNotOver(uint256 until);

    /// @notice The incident could be rejected until `until`.
    error ReviewOver(uint256 until);

    /// @notice Pauses the contract. For anyone with a bond here.
    /// @dev The proof is about: the context for this guard and the payload of
    /// `payloadOf(anchorBlock)`; the words that the feature source gives now; `outputs`; the
    /// commitments of the feature source. It isn't bound to the reporter: who copies it pauses the
    /// same contract, stakes a bond of his own, and gets the bounty: send it where nobody copies.
    /// @param evidence For the feature source.
    /// @param anchorBlock A recent block, younger than the last pause and no younger than the
    /// evidence.
    /// @param outputs The model's output words.
    function trigger(bytes calldata evidence, uint256 anchorBlock, uint256[] calldata outputs, bytes calldata proof)
        external
        returns (uint256 incident);

    /// @notice Ends a pause whose time is over, where the contract doesn't by itself. For anyone.
    function expire() external;

    /// @notice Announces that the pause will be ended before its time. For the resumer.
    function requestResume() external;

    /// @notice Ends the pause, as announced. For the resumer.
    function resume() external;

    /// @notice Governance paused the contract itself, or wants it to stay paused: the guard forgets
    /// its pause without ending it.
    function handOver() external;

    /// @notice Returns an incident's bond before its review is over. For governance.
    function uphold(uint256 incident) external;

    /// @notice Gives an incident's bond to the treasury. For governance, while it is under review.
    /// Doesn't end the pause.
    function reject(uint256 incident) external;

    /// @notice Returns the bond of an incident that nobody rejected. For anyone.
    function settle(uint256 incident) external;

    /// @notice What the context of a proof hashes:
    /// `keccak256(abi.encode(EVIDENCE_TYPEHASH, anchorBlock, blockhash))`. Reverts if the block
    /// can't be an anchor.
    function payloadOf(uint256 anchorBlock) external view returns (bytes32);

    /// @notice What the feature source is asked about: the protected contract, as a word, or, if
    /// the subject is anchored,
    /// `keccak256(abi.encode(SUBJECT_TYPEHASH, target, anchorBlock, blockhash))`. Reverts if the
    /// block can't be an anchor.
    function subjectOf(uint256 anchorBlock) external view returns (bytes32);

    /// @notice The latest incident, the end of its pause, and whether the guard is still answerable
    /// for it.
    function currentPause() external view returns (uint256 incident, uint256 until, bool holding);

    /// @notice From when on a pause is possible, as far as time goes, whatever the evidence: after
    /// the last one and the cooldown.
    function readyAt() external view returns (uint256);

    /// @notice From when on a pause is possible for evidence from after the last one.
    function freshReadyAt() external view returns (uint256);

    /// @notice Seconds that pauses could take now without leaving the budget.
    function availableBudget() external view returns (uint256);

    /// @notice The resumer's announcement for the current pause, or zero.
    function resumeReadyAt() external view returns (uint256);

    /// @notice An incident; eight are remembered.
    function incidentOf(uint256 incident)
        external
        view
        returns (IncidentStatus status, address reporter, uint256 reviewUntil);

    /// @notice The pinned version.
    function pin() external view returns (ModelPin);

    /// @notice The least score that pauses, as an integer of the model's output.
    function minimumScore() external view returns (int256);

    /// @notice The adapter that pauses.
    function adapter() external view returns (IPauseAdapter);

    /// @notice Where the model's inputs come from.
    function featureSource() external view returns (IFeatureSource);
}
