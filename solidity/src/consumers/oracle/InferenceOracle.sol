// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity 0.8.37;

import { Ownable } from "@openzeppelin/contracts/access/Ownable.sol";
import { Pausable } from "@openzeppelin/contracts/utils/Pausable.sol";
import { SignedMath } from "@openzeppelin/contracts/utils/math/SignedMath.sol";

import { IVerdictGateway } from "../../core/gateway/IVerdictGateway.sol";
import { Features, IFeatureSource } from "../../features/IFeatureSource.sol";
import { DataContract } from "../../libraries/DataContract.sol";
import { InferenceContext } from "../../libraries/InferenceContext.sol";
import { PublicValues } from "../../libraries/PublicValues.sol";
import { ModelPin } from "../../types/ModelPin.sol";
import { OutputSchema, Packing, PublicLayout } from "../../types/Schemas.sol";
import { AggregatorV3Interface } from "./AggregatorV3Interface.sol";
import { IInferenceOracle, Observation, OracleConfig, OracleStatus, Provenance } from "./IInferenceOracle.sol";
import { IModelFollower } from "./IModelFollower.sol";
import { ModelFollower } from "./ModelFollower.sol";
import { Band, MoveBand, MoveLimit } from "./MoveBand.sol";

/// @title A price feed whose answers are inferences
/// @notice See `IInferenceOracle`, and `IModelFollower` for how it moves to other versions of the
/// model. Guardians pause and veto versions; the owner (handed over in two steps) resumes,
/// announces versions, appoints guardians. Nobody can set an answer, a limit, the model or the
/// source.
/// @dev All calls out are static, to the source and the gateway, and state is written after them:
/// nothing can re-enter.
///
/// A submission writes three slots: the head, the band of answers that it moves, and the round's
/// own, which is new until the history is full or unless it was prepared. A round keeps what the model said, in the model's integers; the
/// version's scale, which turns it into the answer, is in `_scales`, with the round from which on
/// it holds.
contract InferenceOracle is IInferenceOracle, ModelFollower, Pausable {
    using MoveBand for Band;

    /// @dev One slot: the latest round, and what a submission must know.
    struct Head {
        bool paused;
        bool halted;
        // Whether `_parked` holds.
        bool parked;
        // The number of the next round.
        uint32 next;
        // When the newest inputs that were taken were true.
        uint40 newest;
        uint40 startedAt;
        uint24 lag;
        int96 answer;
    }

    /// @dev One slot.
    struct Round {
        int32 integer;
        uint40 startedAt;
        uint24 lag;
        bytes20 provenance;
    }

    /// @dev One slot: where a version's answer is, and what it means.
    struct Shape {
        uint192 scaleE36;
        Packing packing;
        // The answer begins at bit `shift` of public value `word`, of which `used` bits hold
        // values.
        uint8 shift;
        uint8 used;
        uint8 commitments;
        uint16 inputWords;
        uint16 word;
    }

    /// @inheritdoc IInferenceOracle
    bytes32 public constant ROUND_TYPEHASH = keccak256("VerdictOracleRound(uint256 startedAt,uint256 parkedAt)");

    /// @inheritdoc IInferenceOracle
    bytes32 public constant PROVENANCE_TYPEHASH = keccak256(
        "VerdictOracleProvenance(uint256 round,uint256 modelId,uint256 version,address source,bytes32 inputs,address submitter)"
    );

    uint256 private constant _BASIS_POINTS = 10_000;
    uint256 private constant _MAXIMUM_DECIMALS = 36;

    IFeatureSource private immutable _SOURCE;
    bytes32 private immutable _SUBJECT;
    uint8 private immutable _DECIMALS;
    // 10^(36 − decimals)
    uint256 private immutable _DIVISOR;
    uint32 private immutable _ANSWER_INDEX;
    int96 private immutable _MIN_ANSWER;
    int96 private immutable _MAX_ANSWER;
    uint96 private immutable _MAX_MOVE;
    uint16 private immutable _MAX_MOVE_BPS;
    uint32 private immutable _MOVE_WINDOW;
    uint24 private immutable _MAX_AGE;
    uint24 private immutable _MAX_SKEW;
    uint32 private immutable _HEARTBEAT;
    uint24 private immutable _CONFIRM_DELAY;
    uint24 private immutable _CONFIRM_WINDOW;
    uint32 private immutable _HISTORY;

    address private immutable _CONFIG;
    string private _description;
    Head private _head;
    Band private _band;
    Shape private _shape;
    Observation private _parked;
    // By the round's number modulo the length of the history.
    mapping(uint256 slot => Round) private _rounds;
    // Scale ‖ version ‖ from which round on.
    uint256[] private _scales;

    /// @param gateway_ Who verifies.
    /// @param modelId_ The model, for good.
    /// @param version_ Its first version here; must be active.
    /// @param source_ Where features come from, for good.
    /// @param config_ What is fixed.
    /// @param owner_ Resumes, announces versions, appoints guardians.
    /// @param guardian The first guardian.
    constructor(
        IVerdictGateway gateway_,
        uint256 modelId_,
        uint32 version_,
        IFeatureSource source_,
        OracleConfig memory config_,
        address owner_,
        address guardian
    ) ModelFollower(gateway_, modelId_, config_.switchDelay, config_.followsLatest, owner_, guardian) {
        _checkConfig(config_);
        if (address(source_).code.length == 0) revert NotASource(address(source_));
        _SOURCE = source_;
        _SUBJECT = config_.subject;
        (_DECIMALS, _DIVISOR) = (config_.decimals, 10 ** (_MAXIMUM_DECIMALS - config_.decimals));
        _ANSWER_INDEX = config_.answerIndex;
        (_MIN_ANSWER, _MAX_ANSWER) = (config_.minAnswer, config_.maxAnswer);
        (_MAX_MOVE, _MAX_MOVE_BPS, _MOVE_WINDOW) = (config_.maxMove, config_.maxMoveBps, config_.moveWindow);
        (_MAX_AGE, _MAX_SKEW, _HEARTBEAT) = (config_.maxAge, config_.maxSkew, config_.heartbeat);
        (_CONFIRM_DELAY, _CONFIRM_WINDOW) = (config_.confirmDelay, config_.confirmWindow);
        (_HISTORY, _description) = (config_.history, config_.description);
        _CONFIG = DataContract.write(abi.encode(config_));
        _head.next = 1;
        // So that the first round's isn't new.
        _band = Band.wrap(1);
        _switchTo(version_);
    }

    // ---------------------------------------------------------------------------------- submitting

    /// @inheritdoc IInferenceOracle
    function submit(bytes calldata evidence, uint256[] calldata outputs, bytes calldata proof)
        external
        returns (uint80)
    {
        return _take(_head, 0, evidence, outputs, proof);
    }

    /// @inheritdoc IInferenceOracle
    function confirm(bytes calldata evidence, uint256[] calldata outputs, bytes calldata proof)
        external
        returns (uint80)
    {
        Head memory head = _head;
        if (!head.parked) revert NothingParked();
        uint256 parkedAt = _parked.parkedAt;
        // Nothing is confirmed in the second in which it was parked. What took its place in that
        // second, as evidence of a move to the other side, would have a context with the same
        // `parkedAt`.
        if (parkedAt == block.timestamp) revert ConfirmationTooEarly(parkedAt + _CONFIRM_DELAY);
        return _take(head, parkedAt, evidence, outputs, proof);
    }

    /// @inheritdoc IInferenceOracle
    function prepareHistory(uint256 first, uint256 count) external {
        for (uint256 slot = first; count != 0 && slot < _HISTORY; ++slot) {
            // A round has a time.
            if (_rounds[slot].startedAt == 0) _rounds[slot].lag = 1;
            --count;
        }
    }

    /// @inheritdoc IInferenceOracle
    function pause() external onlyGuardian {
        if (owner() == address(0)) revert NobodyCouldUnpause();
        _pause();
    }

    /// @inheritdoc IInferenceOracle
    function unpause() external onlyOwner {
        _unpause();
    }

    // ------------------------------------------------------------------------------------- reading

    /// @inheritdoc AggregatorV3Interface
    /// @dev Whatever is the matter: see `latestRoundDataStrict`.
    function latestRoundData() external view returns (uint80, int256, uint256, uint256, uint80) {
        return _latest(_head);
    }

    /// @inheritdoc AggregatorV3Interface
    function getRoundData(uint80 roundId) external view returns (uint80, int256, uint256, uint256, uint80) {
        Round memory round = _round(roundId);
        uint256 scaleE36 = _scaleOf(roundId) >> 64;
        (uint256 startedAt,) = _times(round.startedAt, round.lag);
        return (roundId, _answerOf(round.integer, scaleE36), startedAt, startedAt, roundId);
    }

    /// @inheritdoc IInferenceOracle
    function acceptedAt(uint80 roundId) external view returns (uint256 time) {
        Round memory round = _round(roundId);
        (, time) = _times(round.startedAt, round.lag);
    }

    /// @inheritdoc IInferenceOracle
    function latestRoundDataStrict() external view returns (uint80, int256, uint256, uint256, uint80) {
        return _strict(_head);
    }

    /// @inheritdoc IInferenceOracle
    function settledRoundData() external view returns (uint80, int256, uint256, uint256, uint80) {
        Observation memory parked = parkedMove();
        if (parked.parkedAt != 0) revert MovePending(parked.answer);
        return _strict(_head);
    }

    /// @inheritdoc IInferenceOracle
    function isStale() external view returns (bool) {
        Head memory head = _head;
        if (head.next == 1) return true;
        (uint256 startedAt,) = _times(head.startedAt, head.lag);
        return block.timestamp - startedAt > _HEARTBEAT;
    }

    /// @inheritdoc IInferenceOracle
    function status() external view returns (OracleStatus memory now_) {
        Head memory head = _head;
        (now_.paused, now_.halted, now_.round) = (head.paused, head.halted, head.next - 1);
        if (now_.round == 0) return now_;
        (now_.answer, now_.pending) = (head.answer, parkedMove().parkedAt != 0);
        (now_.updatedAt, now_.acceptedAt) = _times(head.startedAt, head.lag);
    }

    /// @inheritdoc IInferenceOracle
    function unconfirmedRange() external view returns (int256 least, int256 greatest) {
        (, least, greatest) = _bandNow(_head);
    }

    /// @inheritdoc IInferenceOracle
    function parkedMove() public view returns (Observation memory parked) {
        if (_head.parked) parked = _parked;
        // Nothing confirms it any more, for what would must be from before the end of its window,
        // and no older than this.
        if (block.timestamp > _windowEnd(parked) + _MAX_AGE) delete parked;
    }

    /// @inheritdoc IInferenceOracle
    function nextContext(uint256 startedAt, bool confirming) external view returns (uint256 parkedAt, uint256 context) {
        if (confirming) {
            if (!_head.parked) revert NothingParked();
            parkedAt = _parked.parkedAt;
        }
        context = _context(_pin, startedAt, parkedAt);
    }

    /// @inheritdoc IInferenceOracle
    function timeOf(bytes calldata evidence) external view returns (uint256 startedAt) {
        (, startedAt) = _ask(_pin, evidence);
    }

    /// @inheritdoc IInferenceOracle
    function versionOfRound(uint80 round) public view returns (uint32) {
        _round(round);
        // forge-lint: disable-next-line(unsafe-typecast)
        return uint32(_scaleOf(round) >> 32);
    }

    /// @inheritdoc IInferenceOracle
    function provenanceOf(uint80 round) external view returns (bytes20) {
        return _round(round).provenance;
    }

    /// @inheritdoc IInferenceOracle
    function isProvenance(uint80 round, Provenance calldata provenance) external view returns (bool) {
        return _digest(
            round, provenance.modelId, provenance.version, provenance.source, provenance.inputs, provenance.submitter
        ) == _round(round).provenance;
    }

    // ------------------------------------------------------------------------------- what is fixed

    /// @inheritdoc AggregatorV3Interface
    function decimals() external view returns (uint8) {
        return _DECIMALS;
    }

    /// @inheritdoc AggregatorV3Interface
    function description() external view returns (string memory) {
        return _description;
    }

    /// @inheritdoc AggregatorV3Interface
    /// @dev Of this contract. The model's is `modelVersion`.
    function version() external pure returns (uint256) {
        return 1;
    }

    /// @inheritdoc IInferenceOracle
    function source() external view returns (IFeatureSource) {
        return _SOURCE;
    }

    /// @inheritdoc IInferenceOracle
    function gateway() external view returns (IVerdictGateway) {
        return _GATEWAY;
    }

    /// @inheritdoc IInferenceOracle
    function config() external view returns (OracleConfig memory) {
        bytes memory data = DataContract.read(_CONFIG);
        // It is encoded already.
        assembly ("memory-safe") {
            return(add(data, 0x20), mload(data))
        }
    }

    /// @inheritdoc Pausable
    function paused() public view override returns (bool) {
        return _head.paused;
    }

    /// @inheritdoc IModelFollower
    function isHalted() public view override returns (bool) {
        return _head.halted;
    }

    // ---------------------------------------------------------------------------------- the answer

    /// @dev A submission: `parkedAt` is zero, or that of the move it may confirm.
    function _take(
        Head memory head,
        uint256 parkedAt,
        bytes calldata evidence,
        uint256[] calldata outputs,
        bytes calldata proof
    ) private returns (uint80) {
        if (head.paused) revert EnforcedPause();
        if (head.halted) revert VersionHalted(_pin.version());
        Observation memory seen = _observe(head, parkedAt, evidence, outputs, proof);
        head.newest = seen.startedAt;
        (bool within, Band band) = _place(head, seen.answer);
        return within ? _accept(head, seen, band) : _park(head, seen, parkedAt);
    }

    /// @dev Whether an answer needs no confirmation, and the band that then holds it too.
    function _place(Head memory head, int96 answer) private view returns (bool within, Band band) {
        int256 least;
        int256 greatest;
        (band, least, greatest) = _bandNow(head);
        band = head.next == 1 ? MoveBand.only(answer) : band.holding(answer);
        within = answer >= least && answer <= greatest;
    }

    /// @dev What becomes of a move beyond the cap: see `IInferenceOracle`.
    function _park(Head memory head, Observation memory seen, uint256 parkedAt) private returns (uint80) {
        Observation memory parked = _parked;
        bool sameMove = head.parked && seen.startedAt <= _windowEnd(parked)
            && (parked.answer > head.answer) == (seen.answer > head.answer);
        // forge-lint: disable-next-line(unsafe-typecast)
        seen.parkedAt = sameMove ? parked.parkedAt : uint40(block.timestamp);
        // Of all that shows the same move, the least.
        if (sameMove && _distance(head, parked.answer) <= _distance(head, seen.answer)) seen = parked;
        if (sameMove && parkedAt != 0) {
            uint256 from = uint256(parkedAt) + _CONFIRM_DELAY;
            if (head.newest < from) revert ConfirmationTooEarly(from);
            return _accept(head, seen, MoveBand.only(seen.answer));
        }
        head.parked = true;
        _store(head);
        _parked = seen;
        emit MoveParked(head.next, seen.submitter, seen.inputs, seen.answer, seen.parkedAt);
        return 0;
    }

    /// @dev What the model says of the features, once proved.
    function _observe(
        Head memory head,
        uint256 parkedAt,
        bytes calldata evidence,
        uint256[] memory outputs,
        bytes calldata proof
    ) private view returns (Observation memory seen) {
        ModelPin pin_ = _pin;
        Shape memory shape = _shape;
        Features memory features = _SOURCE.features(pin_, _SUBJECT, evidence);
        _checkTime(features.timestamp, head.newest);
        // So that no word of `outputs` can stand where an input or a commitment should.
        if (features.words.length != shape.inputWords || features.commitments.length != shape.commitments) {
            revert WrongFeatureCount(features.words.length, features.commitments.length);
        }

        uint256[] memory publicValues = PublicValues.assemble(
            _context(pin_, evidence.length == 0 ? 0 : features.timestamp, parkedAt),
            features.words,
            outputs,
            features.commitments
        );
        _GATEWAY.verify(pin_, publicValues, proof);

        int256 integer = _integerOf(publicValues[shape.word], shape);
        int256 answer = _answerOf(integer, shape.scaleE36);
        if (answer < _MIN_ANSWER || answer > _MAX_ANSWER) revert AnswerOutOfRange(answer);
        seen.inputs = features.provenance;
        seen.submitter = msg.sender;
        // In range; no packing has more than 32 bits; and times were checked.
        // forge-lint: disable-next-line(unsafe-typecast)
        (seen.answer, seen.integer, seen.startedAt) = (int96(answer), int32(integer), uint40(features.timestamp));
    }

    /// @dev The inputs, and what a proof of them names as their time.
    function _ask(ModelPin pin_, bytes calldata evidence) private view returns (Features memory features, uint256) {
        features = _SOURCE.features(pin_, _SUBJECT, evidence);
        // What is read in this very call is of a block that no prover can know.
        return (features, evidence.length == 0 ? 0 : features.timestamp);
    }

    /// @dev `PublicValues.valueAt`, of a shape that was worked out beforehand.
    function _integerOf(uint256 word, Shape memory shape) private pure returns (int256) {
        if (word >> shape.used != 0) revert PublicValues.StrayBits(shape.word);
        uint256 mask = (1 << PublicValues.bitsOf(shape.packing)) - 1;
        // Less than 2^32.
        // forge-lint: disable-next-line(unsafe-typecast)
        return int256((word >> shape.shift) & mask) - PublicValues.offsetOf(shape.packing);
    }

    /// @dev `FixedPoint.toDecimals`, where nothing can overflow: integers have 32 bits, and scales
    /// 192.
    function _answerOf(int256 integer, uint256 scaleE36) private view returns (int256) {
        uint256 magnitude = SignedMath.abs(integer) * scaleE36;
        uint256 quotient = magnitude / _DIVISOR;
        uint256 remainder = magnitude % _DIVISOR;
        if (remainder >= _DIVISOR - remainder) ++quotient;
        // forge-lint: disable-next-line(unsafe-typecast)
        return integer < 0 ? -int256(quotient) : int256(quotient);
    }

    /// @dev Neither too old, nor from the future, nor taken before.
    function _checkTime(uint256 startedAt, uint256 newest) private view {
        if (startedAt > block.timestamp + _MAX_SKEW) revert InputsFromTheFuture(startedAt);
        if (startedAt + _MAX_AGE < block.timestamp) revert InputsTooOld(startedAt);
        if (startedAt <= newest) revert InputsNotNewer(startedAt, newest);
    }

    /// @dev The band as it is now, and what it takes: before the first round everything.
    function _bandNow(Head memory head) private view returns (Band band, int256 least, int256 greatest) {
        if (head.next == 1) return (band, type(int96).min, type(int96).max);
        MoveLimit memory limit = MoveLimit(_MAX_MOVE, _MAX_MOVE_BPS, _MOVE_WINDOW);
        (, uint256 accepted) = _times(head.startedAt, head.lag);
        band = _band.relaxed(head.answer, block.timestamp - accepted, limit);
        (least, greatest) = band.range(limit);
    }

    /// @dev How far an answer is from the latest round.
    function _distance(Head memory head, int256 answer) private pure returns (uint256) {
        return SignedMath.abs(answer - head.answer);
    }

    /// @dev Makes it the next round.
    function _accept(Head memory head, Observation memory seen, Band band) private returns (uint80) {
        uint32 round = head.next;
        uint32 version_ = _pin.version();
        head.next = round + 1;
        (head.startedAt, head.answer, head.parked) = (seen.startedAt, seen.answer, false);
        // See `_times`. `_checkConfig` has seen to it that it fits.
        // forge-lint: disable-next-line(unsafe-typecast)
        head.lag = uint24(block.timestamp + _MAX_SKEW - seen.startedAt);
        _store(head);
        _band = band;
        bytes20 digest = _digest(round, _MODEL_ID, version_, address(_SOURCE), seen.inputs, seen.submitter);
        _rounds[round % _HISTORY] = Round(seen.integer, head.startedAt, head.lag, digest);
        emit RoundAccepted(round, seen.submitter, seen.inputs, seen.answer, seen.startedAt, version_);
        return round;
    }

    /// @dev In one go: member by member it is written eight times.
    function _store(Head memory head) private {
        uint256 word = (uint256(uint96(head.answer)) << 160) | (uint256(head.lag) << 136)
            | (uint256(head.startedAt) << 96) | (uint256(head.newest) << 56) | (uint256(head.next) << 24);
        // Neither paused nor halted is anything taken.
        if (head.parked) word |= 1 << 16;
        assembly ("memory-safe") {
            sstore(_head.slot, word)
        }
    }

    /// @dev What confirms a move must be of inputs from then at the latest.
    function _windowEnd(Observation memory parked) private view returns (uint256) {
        return uint256(parked.parkedAt) + _CONFIRM_DELAY + _CONFIRM_WINDOW;
    }

    function _context(ModelPin pin_, uint256 startedAt, uint256 parkedAt) private view returns (uint256) {
        return InferenceContext.digest(pin_, keccak256(abi.encode(ROUND_TYPEHASH, startedAt, parkedAt)));
    }

    function _digest(
        uint256 round,
        uint256 modelId_,
        uint256 version_,
        address source_,
        bytes32 inputs,
        address submitter
    ) private pure returns (bytes20) {
        return bytes20(
            keccak256(abi.encode(PROVENANCE_TYPEHASH, round, modelId_, version_, source_, inputs, submitter))
        );
    }

    // -------------------------------------------------------------------------------------- rounds

    function _round(uint256 round) private view returns (Round memory) {
        uint256 next = _head.next;
        if (round == 0 || round >= next || next - round > _HISTORY) revert RoundNotFound(round);
        return _rounds[round % _HISTORY];
    }

    /// @dev What holds for a round. Versions are few, and rounds that are kept are late.
    function _scaleOf(uint256 round) private view returns (uint256 scale) {
        uint256 i = _scales.length;
        do {
            scale = _scales[--i];
        } while (uint32(scale) > round);
    }

    /// @dev The latest round.
    function _latest(Head memory head) private view returns (uint80 round, int256, uint256 startedAt, uint256, uint80) {
        if (head.next == 1) revert NoRound();
        round = head.next - 1;
        (startedAt,) = _times(head.startedAt, head.lag);
        return (round, head.answer, startedAt, startedAt, round);
    }

    /// @dev The latest round, if it can be relied upon.
    function _strict(Head memory head)
        private
        view
        returns (uint80 round, int256 answer, uint256 startedAt, uint256 updatedAt, uint80 answeredIn)
    {
        if (head.paused) revert EnforcedPause();
        if (head.halted) revert VersionHalted(_pin.version());
        (round, answer, startedAt, updatedAt, answeredIn) = _latest(head);
        if (block.timestamp - updatedAt > _HEARTBEAT) revert AnswerStale(updatedAt);
    }

    /// @dev When a round's inputs were true, and when it was accepted: `lag − maxSkew` seconds after
    /// that. Inputs may claim to be from the future; for readers they are from when they were taken.
    function _times(uint256 startedAt, uint256 lag) private view returns (uint256, uint256 accepted) {
        accepted = startedAt + lag - _MAX_SKEW;
        return (startedAt < accepted ? startedAt : accepted, accepted);
    }

    // ----------------------------------------------------------------------------- model and roles

    /// @inheritdoc ModelFollower
    function _checkUsable(ModelPin next) internal view override {
        _shapeOf(next);
    }

    /// @inheritdoc ModelFollower
    /// @dev A move that waits was another version's word: it is forgotten. Its successor's first
    /// answer is held to the cap.
    function _adopt(ModelPin next) internal override {
        Shape memory shape = _shapeOf(next);
        _shape = shape;
        (_head.parked, _head.halted) = (false, false);
        _scales.push((uint256(shape.scaleE36) << 64) | (uint256(next.version()) << 32) | _head.next);
    }

    /// @inheritdoc ModelFollower
    function _setHalted() internal override {
        _head.halted = true;
    }

    /// @inheritdoc Ownable
    /// @dev Not while it is paused, for nobody could end that; and afterwards guardians can't pause.
    function renounceOwnership() public override onlyOwner whenNotPaused {
        super.renounceOwnership();
    }

    /// @dev Into the head, so that a submission reads one slot.
    function _pause() internal override whenNotPaused {
        _head.paused = true;
        emit Paused(msg.sender);
    }

    /// @dev See `_pause`.
    function _unpause() internal override whenPaused {
        _head.paused = false;
        emit Unpaused(msg.sender);
    }

    /// @dev Where a version's answer is. Reverts if the version can't be used here.
    function _shapeOf(ModelPin next) private view returns (Shape memory shape) {
        if (!_SOURCE.covers(next)) revert SourceDoesNotCover(next.version());
        OutputSchema memory output = _REGISTRY.outputSchemaOf(_MODEL_ID, next.version(), 0);
        PublicLayout memory places = _REGISTRY.layoutOf(_MODEL_ID, next.version());
        // A batch has no answer of its own, wherever its values are packed.
        bool single = places.inputItems == 1 && places.outputItems == 1;
        if (!single || _ANSWER_INDEX >= output.count) revert NoSuchOutput(_ANSWER_INDEX);
        if (places.commitments > type(uint8).max) revert TooManyCommitments(places.commitments);
        uint256 each = PublicValues.perWord(output.packing);
        uint256 position = _ANSWER_INDEX / each;
        uint256 rest = output.count - position * each;
        shape.scaleE36 = output.scaleE36;
        shape.packing = output.packing;
        uint256 bits = PublicValues.bitsOf(output.packing);
        // Values take 248 bits of a word at most, and a layout has fewer than 2^16 words.
        // forge-lint: disable-next-line(unsafe-typecast)
        (shape.shift, shape.used) = (uint8(_ANSWER_INDEX % each * bits), uint8((rest < each ? rest : each) * bits));
        // forge-lint: disable-next-line(unsafe-typecast)
        (shape.commitments, shape.inputWords) = (uint8(places.commitments), places.inputWords);
        // forge-lint: disable-next-line(unsafe-typecast)
        shape.word = uint16(1 + places.inputWords + position);
    }

    function _checkConfig(OracleConfig memory config_) private pure {
        if (config_.decimals > _MAXIMUM_DECIMALS) revert TooManyDecimals(config_.decimals);
        if (config_.history == 0) revert NoHistory();
        if (config_.maxMoveBps > _BASIS_POINTS) revert CapTooLarge(config_.maxMoveBps);
        if (config_.minAnswer > config_.maxAnswer) revert EmptyRange(config_.minAnswer, config_.maxAnswer);
        // Inputs of a parked answer were `maxAge` old; those that confirm it are from
        // `confirmDelay + confirmWindow` later at most, and up to `maxAge` old as well: this bounds
        // a round's lag.
        uint256 lag = 2 * uint256(config_.maxAge) + config_.maxSkew + config_.confirmDelay + config_.confirmWindow;
        bool some = config_.heartbeat != 0 && config_.maxAge != 0 && config_.confirmWindow != 0;
        if (!some || config_.moveWindow == 0 || config_.confirmDelay <= config_.maxSkew || lag > type(uint24).max) {
            revert TimesOutOfOrder();
        }
    }
}
