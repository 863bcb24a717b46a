// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity ^0.8.24;

import { IVerdictGateway } from "../../core/gateway/IVerdictGateway.sol";
import { IFeatureSource } from "../../features/IFeatureSource.sol";
import { AggregatorV3Interface } from "./AggregatorV3Interface.sol";

/// @notice What an oracle is told once and for all.
/// @param description What the answer is.
/// @param decimals Of an answer; at most 36.
/// @param answerIndex The answer is this value of the model's first output.
/// @param subject What features are asked about; zero if there is nothing to tell apart.
/// @param minAnswer No smaller answer is ever taken.
/// @param maxAnswer No greater one.
/// @param maxMove Answers may move by so much in `moveWindow` without confirmation, or by
/// @param maxMoveBps so many ten thousandths, whichever is more; at most 10,000. See `MoveBand`.
/// @param moveWindow In how many seconds; not zero.
/// @param maxAge Of the inputs when the answer is submitted, in seconds.
/// @param maxSkew How far in the future inputs may claim to be, in seconds.
/// @param heartbeat How old an answer's inputs may be for readers, in seconds.
/// @param confirmDelay How much later than a greater move became known, what confirms it must be,
/// in seconds. More than `maxSkew`.
/// @param confirmWindow How long a greater move can be confirmed after that, in seconds.
/// @param history How many rounds are kept; not zero. A round takes the slot of the one so many
/// rounds before it.
/// @param switchDelay How long another version of the model waits, in seconds.
/// @param followsLatest Whether anyone can announce the model's latest version; otherwise only the
/// owner.
struct OracleConfig {
    string description;
    uint8 decimals;
    uint32 answerIndex;
    bytes32 subject;
    int96 minAnswer;
    int96 maxAnswer;
    uint96 maxMove;
    uint16 maxMoveBps;
    uint32 moveWindow;
    uint24 maxAge;
    uint24 maxSkew;
    uint32 heartbeat;
    uint24 confirmDelay;
    uint24 confirmWindow;
    uint32 history;
    uint32 switchDelay;
    bool followsLatest;
}

/// @notice An answer that was proved.
/// @param inputs The features' provenance.
/// @param submitter Who submitted it.
/// @param answer Times 10^`decimals`.
/// @param integer What the model said: `answer` is this times the version's scale.
/// @param startedAt When the inputs were true.
/// @param parkedAt When the move became known that this is the least evidence of; zero if it isn't
/// waiting.
struct Observation {
    bytes32 inputs;
    address submitter;
    int96 answer;
    int32 integer;
    uint40 startedAt;
    uint40 parkedAt;
}

/// @notice Everything about the latest round in one word each.
/// @param paused Whether a guardian paused.
/// @param halted Whether the version in use was found deprecated, or its route frozen.
/// @param pending Whether a move beyond the cap waits to be confirmed.
/// @param round The round; zero if there is none, and then all that follows is zero.
/// @param answer Times 10^`decimals`.
/// @param updatedAt When its inputs were true.
/// @param acceptedAt When it was accepted.
struct OracleStatus {
    bool paused;
    bool halted;
    bool pending;
    uint80 round;
    int256 answer;
    uint256 updatedAt;
    uint256 acceptedAt;
}

/// @notice Where a round comes from. The oracle keeps a digest, and the event of the round has all
/// of it.
/// @param modelId The model.
/// @param version Its version.
/// @param source Where the features came from.
/// @param inputs What vouches for them: their provenance.
/// @param submitter Who submitted the proof.
struct Provenance {
    uint256 modelId;
    uint32 version;
    address source;
    bytes32 inputs;
    address submitter;
}

/// @title A price feed whose answers are inferences
/// @notice Anyone submits a proof that the model, of the features that the source vouches for, says
/// this. It becomes the next round, if the features are fresh and newer than all before, and if the
/// answer is in range. A move beyond the cap waits for a second proof.
/// @dev **The cap is one of time, not of rounds.** Between any two rounds, T seconds from each
/// other, with no confirmed one after the first, the answer moves by no more than
/// cap·(1 + T / `moveWindow`), however many rounds lie between: see `MoveBand`, which has the exact
/// bounds and why they hold. Time is the blocks', not what inputs claim.
///
/// **A proof names the time of its inputs**, not the number of a round. So it stays good when
/// somebody else's lands first, unless that one's inputs are as new: the newest inputs win, and
/// older ones can make no newer proof void. Inputs that a source reads in the very call (no
/// evidence) have no time that a prover could know: a proof of them names zero, and is good while
/// the chain says the same.
///
/// **Moves beyond the cap.** The first such answer is *parked*: nothing changes but that
/// everybody knows. To confirm it takes a second proof, under a context of its own, of features
/// from at least `confirmDelay` after it was parked (and no more than `confirmWindow` later), which
/// is a move beyond the cap to the same side. Of all answers seen meanwhile, the one nearest to the
/// last round is accepted: all evidence says that it moved at least so far. Newer features with an
/// answer within the cap make an ordinary round and end it; an answer beyond the cap on the other
/// side takes its place.
///
/// Why that can't be used for mischief: to park, confirm or contradict takes features that the
/// source vouches for, newer than any before, and a proof; no role can do any of it. A parked
/// answer is in no round. It can't hold up ordinary rounds: they end it, and a proof for one is good
/// whatever is parked meanwhile, for its context doesn't depend on that; only its features must be
/// newer than the parked ones. An answer that held only for a moment is
/// contradicted by anyone within `confirmDelay`. Repeating a move can't prolong the wait, for it
/// counts from the first; only evidence against the move can, and who can show that, has a point,
/// or has the source, which nothing here can help against. A true move is at worst one delay late;
/// until then `settledRoundData` reverts, for those who would rather stop.
interface IInferenceOracle is AggregatorV3Interface {
    /// @notice A round.
    event RoundAccepted(
        uint256 indexed round,
        address indexed submitter,
        bytes32 indexed inputs,
        int256 answer,
        uint256 startedAt,
        uint256 version
    );

    /// @notice An answer is beyond the cap. It waits, since `parkedAt`, and is
    /// the nearest seen since.
    event MoveParked(
        uint256 indexed round, address indexed submitter, bytes32 indexed inputs, int256 answer, uint256 parkedAt
    );

    /// @notice The source has no code.
    error NotASource(address source);

    /// @notice More decimals than a scale has.
    error TooManyDecimals(uint256 decimals);

    /// @notice No answer would be in range.
    error EmptyRange(int256 minimum, int256 maximum);

    /// @notice At least the latest round is kept.
    error NoHistory();

    /// @notice More than 10,000 basis points.
    error CapTooLarge(uint256 maxMoveBps);

    /// @notice There is no owner any more, who could end a pause.
    error NobodyCouldUnpause();

    /// @notice Times are out of order: `heartbeat`, `maxAge`, `confirmWindow` and `moveWindow` aren't
    /// zero, `confirmDelay` is more than `maxSkew`, and
    /// `2·maxAge + maxSkew + confirmDelay + confirmWindow` is less than 2^24 seconds.
    error TimesOutOfOrder();

    /// @notice The source has no inputs for the version.
    error SourceDoesNotCover(uint256 version);

    /// @notice The version has no such output, or one for each item of a batch.
    error NoSuchOutput(uint256 index);

    /// @notice The layout has more than fits: 255 commitments.
    error TooManyCommitments(uint256 commitments);

    /// @notice The source gave another number of words than the model takes.
    error WrongFeatureCount(uint256 words, uint256 commitments);

    /// @notice The inputs are older than `maxAge`.
    error InputsTooOld(uint256 startedAt);

    /// @notice The inputs claim to be from more than `maxSkew` in the future.
    error InputsFromTheFuture(uint256 startedAt);

    /// @notice Inputs from then, or later ones, were taken already.
    error InputsNotNewer(uint256 startedAt, uint256 latest);

    /// @notice The answer isn't in the range that was fixed.
    error AnswerOutOfRange(int256 answer);

    /// @notice No move waits to be confirmed.
    error NothingParked();

    /// @notice What confirms the move must be of inputs from `time` on.
    error ConfirmationTooEarly(uint256 time);

    /// @notice There is no round yet.
    error NoRound();

    /// @notice There is no such round, or it is no longer kept.
    error RoundNotFound(uint256 round);

    /// @notice The inputs of the latest round are older than the heartbeat.
    error AnswerStale(uint256 updatedAt);

    /// @notice A move beyond the cap waits to be confirmed.
    error MovePending(int256 answer);

    // ---------------------------------------------------------------------------------- submitting

    /// @notice Submits an answer. For anyone.
    /// @dev The proof's context is `InferenceContext.digest(pin, payload)` with
    /// `payload = keccak256(abi.encode(ROUND_TYPEHASH, uint256 startedAt, uint256 parkedAt))`: the
    /// time of the inputs as the source vouches for it, or zero if there is no evidence, for inputs
    /// that are read live; and zero. Its public words are the features' words, the outputs, and the
    /// features' commitments.
    /// @param evidence What the source asks for.
    /// @param outputs The words of all outputs.
    /// @param proof The proof.
    /// @return round The round, or zero if the answer was parked.
    function submit(bytes calldata evidence, uint256[] calldata outputs, bytes calldata proof)
        external
        returns (uint80 round);

    /// @notice Submits an answer that may confirm the parked one. The same, but for `parkedAt` in
    /// the context: it isn't zero, but when the move was parked. So no proof is both a move's first
    /// and its second. Not in the second in which it was parked.
    function confirm(bytes calldata evidence, uint256[] calldata outputs, bytes calldata proof)
        external
        returns (uint80 round);

    /// @notice Pays for the storage of rounds to come, so that they cost 17,100 gas less. For
    /// anyone, if anyone is inclined to.
    /// @param first The first slot, from 0; round r takes slot `r % history`.
    /// @param count How many. Those in use are left alone.
    function prepareHistory(uint256 first, uint256 count) external;

    /// @notice Stops submissions. Strict reads revert. For guardians, while there is an owner who
    /// can end it.
    function pause() external;

    /// @notice Ends that. For the owner.
    function unpause() external;

    // ------------------------------------------------------------------------------------- reading

    /// @notice The latest round, if its inputs are no older than the heartbeat, and nothing is paused
    /// or halted; otherwise reverts.
    function latestRoundDataStrict()
        external
        view
        returns (uint80 roundId, int256 answer, uint256 startedAt, uint256 updatedAt, uint80 answeredInRound);

    /// @notice The same, and reverts if a move beyond the cap waits.
    function settledRoundData()
        external
        view
        returns (uint80 roundId, int256 answer, uint256 startedAt, uint256 updatedAt, uint80 answeredInRound);

    /// @notice Whether the inputs of the latest round are older than the heartbeat, or there is no
    /// round.
    function isStale() external view returns (bool);

    /// @notice The move that waits; all zero if there is none, or its time is over.
    function parkedMove() external view returns (Observation memory);

    /// @notice Everything about the latest round. Never reverts.
    function status() external view returns (OracleStatus memory);

    /// @notice When a round was accepted; `updatedAt` is how new its inputs are.
    function acceptedAt(uint80 round) external view returns (uint256);

    /// @notice The least and the greatest answer that the cap lets through now without confirmation;
    /// whatever the range that was fixed is. Before the first round, what an `int96` holds.
    function unconfirmedRange() external view returns (int256 least, int256 greatest);

    /// @notice The context that a proof of inputs from `startedAt` needs; zero for inputs that are
    /// read live.
    function nextContext(uint256 startedAt, bool confirming) external view returns (uint256 parkedAt, uint256 context);

    /// @notice The time that a proof of the inputs behind `evidence` names.
    function timeOf(bytes calldata evidence) external view returns (uint256);

    /// @notice The version that a round was made with.
    function versionOfRound(uint80 round) external view returns (uint32);

    /// @notice The digest of a round's provenance: the first 20 bytes of the keccak-256 of
    /// `abi.encode(PROVENANCE_TYPEHASH, round, modelId, version, source, inputs, submitter)`.
    function provenanceOf(uint80 round) external view returns (bytes20);

    /// @notice Whether a round comes from there.
    function isProvenance(uint80 round, Provenance calldata provenance) external view returns (bool);

    // ------------------------------------------------------------------------------- what is fixed

    /// @notice Of the payload of a proof's context.
    function ROUND_TYPEHASH() external view returns (bytes32);

    /// @notice Of a round's provenance.
    function PROVENANCE_TYPEHASH() external view returns (bytes32);

    /// @notice Where features come from.
    function source() external view returns (IFeatureSource);

    /// @notice Who verifies.
    function gateway() external view returns (IVerdictGateway);

    /// @notice Everything that was fixed.
    function config() external view returns (OracleConfig memory);
}
