// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity ^0.8.24;

import { Ownable } from "@openzeppelin/contracts/access/Ownable.sol";
import { Ownable2Step } from "@openzeppelin/contracts/access/Ownable2Step.sol";
import { Pausable } from "@openzeppelin/contracts/utils/Pausable.sol";

import { IVerdictGateway } from "verdict/src/core/gateway/IVerdictGateway.sol";
import { IModelRegistry } from "verdict/src/core/registry/IModelRegistry.sol";
import { Features, IFeatureSource } from "verdict/src/features/IFeatureSource.sol";
import { FixedPoint } from "verdict/src/libraries/FixedPoint.sol";
import { InferenceContext } from "verdict/src/libraries/InferenceContext.sol";
import { PublicValues } from "verdict/src/libraries/PublicValues.sol";
import { ModelPin } from "verdict/src/types/ModelPin.sol";
import { OutputSchema, PublicLayout } from "verdict/src/types/Schemas.sol";

/// @title A gate that a model opens
/// @notice An account passes for a time once a proof shows that one model version, of inputs that a
/// feature source vouches for, gives the account a score at or above a threshold. Anyone may bring
/// the proof.
/// @dev A whole consumer, and no more than that: each of the rules in solidity/README.md, "Writing
/// a consumer", has its place below.
///
/// The context of a proof is `InferenceContext.digest(pin, payloadOf(account, deadline))`. The
/// source is asked with the account as subject, so nobody can use another's inputs.
contract ScoreGate is Ownable2Step, Pausable {
    /// @notice The type of a proof's payload.
    bytes32 public constant ADMISSION_TYPEHASH =
        keccak256("ScoreGateAdmission(address account,uint256 nonce,uint256 deadline)");

    /// @notice Scores and thresholds have 18 decimals.
    uint256 public constant DECIMALS = 18;

    /// @notice An account's place at the gate.
    /// @param until When its pass ends; zero if it never had one.
    /// @param dataTime When the inputs of its last score were true.
    /// @param nonce How many proofs of it were taken.
    struct Account {
        uint64 until;
        uint64 dataTime;
        uint64 nonce;
    }

    IVerdictGateway private immutable _GATEWAY;
    IModelRegistry private immutable _REGISTRY;
    IFeatureSource private immutable _SOURCE;
    ModelPin private immutable _PIN;
    uint256 private immutable _INPUT_WORDS;
    uint256 private immutable _COMMITMENTS;

    /// @notice How long a pass lasts, in seconds.
    uint256 public immutable PASS_DURATION;

    /// @notice How old inputs can be, in seconds.
    uint256 public immutable MAXIMUM_AGE;

    OutputSchema private _schema;
    mapping(address account => Account) private _accounts;

    /// @notice The least score that opens the gate, with `DECIMALS` decimals.
    int256 public threshold;

    /// @notice An account passes.
    event Admitted(address indexed account, int256 score, uint256 until, bytes32 provenance);

    /// @notice The owner ended an account's pass.
    event Revoked(address indexed account);

    /// @notice The owner chose another threshold.
    event ThresholdChanged(int256 threshold);

    /// @notice A pass lasts no time, or inputs may have no age.
    error NoDuration();

    /// @notice The source can't have all inputs of the model version: one is private, or its feeds
    /// are others.
    error SourceDoesNotCover(uint256 modelId, uint32 version);

    /// @notice The gate takes models of one inference and one output alone.
    error NotASingleScore();

    /// @notice The model's owner has withdrawn the version.
    error ModelNotActive(uint256 modelId, uint32 version);

    /// @notice The proof was good until `deadline`.
    error DeadlineOver(uint256 deadline);

    /// @notice The source gave another number of words or commitments than the model has.
    error WrongFeatureCount(uint256 expected, uint256 actual);

    /// @notice The inputs must be from `oldest` at the earliest, and from now at the latest.
    error InputsOutOfTime(uint256 oldest, uint256 timestamp);

    /// @notice The account has shown these inputs, or newer ones, before.
    error InputsNotNewer(uint256 previous, uint256 timestamp);

    /// @notice The model says no.
    error ScoreTooLow(int256 threshold, int256 score);

    /// @param gateway The way to the verifier; its registry has the model.
    /// @param modelId The model.
    /// @param version Its version, active now; the gate never uses another.
    /// @param source_ Where the model's inputs come from.
    /// @param passDuration How long a pass lasts, in seconds.
    /// @param maximumAge How old inputs can be, in seconds.
    /// @param initialThreshold The least score that opens the gate, with `DECIMALS` decimals.
    /// @param initialOwner Who pauses, revokes and chooses thresholds.
    constructor(
        IVerdictGateway gateway,
        uint256 modelId,
        uint32 version,
        IFeatureSource source_,
        uint256 passDuration,
        uint256 maximumAge,
        int256 initialThreshold,
        address initialOwner
    ) Ownable(initialOwner) {
        if (passDuration == 0 || maximumAge == 0) revert NoDuration();
        // Rule 1: a version is resolved once, here, and kept. What it means never changes.
        (_GATEWAY, _REGISTRY, _SOURCE) = (gateway, IModelRegistry(gateway.registry()), source_);
        _PIN = _REGISTRY.activePin(modelId, version);
        // Rule 3: of an input that the source can't bind, the prover could choose whatever suits.
        if (!source_.covers(_PIN)) revert SourceDoesNotCover(modelId, version);
        PublicLayout memory shape = _REGISTRY.layoutOf(modelId, version);
        _schema = _REGISTRY.outputSchemaOf(modelId, version, 0);
        if (shape.inputItems != 1 || shape.outputWords != 1 || _schema.count != 1) revert NotASingleScore();
        (_INPUT_WORDS, _COMMITMENTS) = (shape.inputWords, shape.commitments);
        (PASS_DURATION, MAXIMUM_AGE) = (passDuration, maximumAge);
        _setThreshold(initialThreshold);
    }

    // ---------------------------------------------------------------------------------- admissions

    /// @notice Lets an account pass, for anyone with a proof.
    /// @param account Who passes, and whom the inputs are about.
    /// @param deadline Until when the proof is good; in its context.
    /// @param evidence What the source asks for.
    /// @param outputs The output words: one.
    /// @param proof Of `context ‖ the source's words ‖ outputs ‖ the source's commitments`.
    function admit(
        address account,
        uint256 deadline,
        bytes calldata evidence,
        uint256[] calldata outputs,
        bytes calldata proof
    ) external whenNotPaused {
        if (block.timestamp > deadline) revert DeadlineOver(deadline);
        _checkActive();
        Features memory features = _featuresOf(account, evidence);
        int256 score = _scoreOf(payloadOf(account, deadline), features, outputs, proof);
        if (score < threshold) revert ScoreTooLow(threshold, score);

        Account storage entry = _accounts[account];
        // Seconds fit into 64 bits, and the source's time has no more.
        (entry.until, entry.dataTime) = (uint64(block.timestamp + PASS_DURATION), features.timestamp);
        ++entry.nonce;
        emit Admitted(account, score, entry.until, features.provenance);
    }

    /// @notice Whether an account passes now.
    function passes(address account) external view returns (bool) {
        return !paused() && block.timestamp < _accounts[account].until;
    }

    /// @notice An account's place.
    function accountOf(address account) external view returns (Account memory) {
        return _accounts[account];
    }

    /// @notice What a proof for an account's next admission is bound to, besides chain, gate and
    /// model.
    function payloadOf(address account, uint256 deadline) public view returns (bytes32) {
        return keccak256(abi.encode(ADMISSION_TYPEHASH, account, _accounts[account].nonce, deadline));
    }

    /// @notice The model version, for good.
    function pin() external view returns (ModelPin) {
        return _PIN;
    }

    /// @notice The feature source, for good.
    function source() external view returns (IFeatureSource) {
        return _SOURCE;
    }

    // --------------------------------------------------------------------------------------- owner

    /// @notice Chooses another threshold, for admissions from now on.
    function setThreshold(int256 newThreshold) external onlyOwner {
        _setThreshold(newThreshold);
    }

    /// @notice Ends an account's pass. Another proof, of newer inputs, begins a new one.
    function revoke(address account) external onlyOwner {
        _accounts[account].until = 0;
        emit Revoked(account);
    }

    /// @notice Closes the gate for everybody.
    function pause() external onlyOwner {
        _pause();
    }

    /// @notice Opens it again, for those whose passes still last.
    function unpause() external onlyOwner {
        _unpause();
    }

    // ------------------------------------------------------------------------------------- private

    function _setThreshold(int256 newThreshold) private {
        threshold = newThreshold;
        emit ThresholdChanged(newThreshold);
    }

    /// @dev Rule 5: the gateway stops at frozen routes, not at versions that were withdrawn.
    function _checkActive() private view {
        (uint256 modelId, uint32 version) = (_PIN.modelId(), _PIN.version());
        if (!_REGISTRY.isActive(modelId, version)) revert ModelNotActive(modelId, version);
    }

    /// @dev The account's inputs, if they are fresh, newer than the last, and as many as the model has.
    function _featuresOf(address account, bytes calldata evidence) private view returns (Features memory features) {
        features = _SOURCE.features(_PIN, bytes32(uint256(uint160(account))), evidence);
        // Rule 3: the verifier counts all words together. Where a source gave too few, the caller's
        // `outputs` could supply inputs.
        if (features.words.length != _INPUT_WORDS || features.commitments.length != _COMMITMENTS) {
            revert WrongFeatureCount(_INPUT_WORDS + _COMMITMENTS, features.words.length + features.commitments.length);
        }
        // A source vouches for inputs, not for their age. And the same inputs count once: what a
        // proof's hash could not tell (rule 6), their time does.
        uint256 oldest = block.timestamp < MAXIMUM_AGE ? 0 : block.timestamp - MAXIMUM_AGE;
        if (features.timestamp < oldest || features.timestamp > block.timestamp) {
            revert InputsOutOfTime(oldest, features.timestamp);
        }
        uint256 previous = _accounts[account].dataTime;
        if (features.timestamp <= previous) revert InputsNotNewer(previous, features.timestamp);
    }

    /// @dev The score that the proof shows, of these inputs under this payload.
    function _scoreOf(bytes32 payload, Features memory features, uint256[] calldata outputs, bytes calldata proof)
        private
        view
        returns (int256)
    {
        // Rule 2: the context is computed here. It holds a nonce, so no proof counts twice.
        uint256 context = InferenceContext.digest(_PIN, payload);
        uint256[] memory publicValues = PublicValues.assemble(context, features.words, outputs, features.commitments);
        _GATEWAY.verify(_PIN, publicValues, proof);
        // Rule 4: the score is read from the array that was verified, where outputs begin.
        OutputSchema memory schema = _schema;
        int256 integer = PublicValues.valueAt(publicValues, 1 + _INPUT_WORDS, schema, 0);
        return FixedPoint.toDecimals(integer, schema.scaleE36, DECIMALS);
    }
}
