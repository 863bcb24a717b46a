// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity 0.8.37;

import { OracleConfig } from "../../../src/consumers/oracle/IInferenceOracle.sol";
import { InferenceOracle } from "../../../src/consumers/oracle/InferenceOracle.sol";
import { Features, IFeatureSource } from "../../../src/features/IFeatureSource.sol";
import { SignedFeatures } from "../../../src/features/SignedFeatures.sol";
import { PublicValues } from "../../../src/libraries/PublicValues.sol";
import { FeatureTest } from "../../features/FeatureTest.sol";

/// @dev An oracle of a model with 20 inputs and one output in hundredths, whose features two of
/// three signers vouch for.
abstract contract OracleTest is FeatureTest {
    uint256 internal constant MASK = 3;
    uint24 internal constant MAX_AGE = 10 minutes;
    uint24 internal constant MAX_SKEW = 15;
    uint32 internal constant MOVE_WINDOW = 1 hours;
    uint32 internal constant HEARTBEAT = 1 hours;
    uint24 internal constant CONFIRM_DELAY = 5 minutes;
    uint24 internal constant CONFIRM_WINDOW = 15 minutes;
    uint32 internal constant SWITCH_DELAY = 1 days;

    address internal owner = makeAddr("owner");

    TestModel internal model;
    SignedFeatures internal source;
    InferenceOracle internal oracle;

    /// @dev What a submission is made of.
    struct Submission {
        bytes evidence;
        uint256[] outputs;
        bytes proof;
    }

    function setUp() public virtual override {
        super.setUp();
        model = _register(_spec(20, 1));
        source = _signedSource(3, 2);
        oracle = _oracle(source, _config());
    }

    /// @dev Answers from −100 to 300, in 8 decimals; moves of a tenth, or of 1, in an hour.
    function _config() internal pure returns (OracleConfig memory config) {
        config.description = "score / ETH";
        config.decimals = 8;
        config.subject = SUBJECT;
        (config.minAnswer, config.maxAnswer) = (-100e8, 300e8);
        (config.maxMove, config.maxMoveBps, config.moveWindow) = (1e8, 1000, MOVE_WINDOW);
        (config.maxAge, config.maxSkew, config.heartbeat) = (MAX_AGE, MAX_SKEW, HEARTBEAT);
        (config.confirmDelay, config.confirmWindow) = (CONFIRM_DELAY, CONFIRM_WINDOW);
        config.history = 8;
        (config.switchDelay, config.followsLatest) = (SWITCH_DELAY, true);
    }

    function _oracle(IFeatureSource source_, OracleConfig memory config) internal returns (InferenceOracle) {
        return new InferenceOracle(gateway, model.id, model.version, source_, config, owner, guardian);
    }

    // ---------------------------------------------------------------------------------- submitting

    /// @dev Inputs that depend on the time.
    function _wordsAt(uint256 timestamp) internal pure returns (uint256[] memory) {
        int256[] memory values = new int256[](20);
        values[0] = int256(timestamp % 1000);
        return _inputWords(values);
    }

    function _dataAt(uint256 timestamp) internal pure returns (Features memory data) {
        data.words = _wordsAt(timestamp);
        data.commitments = new uint256[](0);
        data.timestamp = uint64(timestamp);
        data.sequence = uint64(timestamp);
    }

    function _signedAt(uint256 timestamp) internal view returns (bytes memory) {
        return _evidence(source, address(oracle), model.pin, SUBJECT, _dataAt(timestamp), MASK);
    }

    /// @dev The payload of a proof's context.
    function _payload(uint256 startedAt, uint256 parkedAt) internal view returns (bytes32) {
        return keccak256(abi.encode(oracle.ROUND_TYPEHASH(), startedAt, parkedAt));
    }

    /// @dev A proof of inputs from some time; zero of inputs that are read live.
    function _proofFor(uint256 startedAt, uint256 parkedAt, uint256[] memory words, uint256[] memory outputs)
        internal
        view
        returns (bytes memory)
    {
        uint256 context = _context(model, address(oracle), _payload(startedAt, parkedAt));
        return _prove(model, PublicValues.assemble(context, words, outputs, new uint256[](0)));
    }

    /// @dev Everything for a submission: signed inputs of `timestamp`, and `hundredths` as the
    /// model's output.
    function _submission(uint256 timestamp, int256 hundredths, bool confirming)
        internal
        view
        returns (Submission memory s)
    {
        (uint256 parkedAt,) = oracle.nextContext(timestamp, confirming);
        s.evidence = _signedAt(timestamp);
        s.outputs = _outputWord(model, hundredths);
        s.proof = _proofFor(timestamp, parkedAt, _wordsAt(timestamp), s.outputs);
    }

    function _submit(Submission memory s) internal returns (uint80) {
        return oracle.submit(s.evidence, s.outputs, s.proof);
    }

    function _confirm(Submission memory s) internal returns (uint80) {
        return oracle.confirm(s.evidence, s.outputs, s.proof);
    }

    /// @dev Submits an answer to inputs of now.
    function _answer(int256 hundredths) internal returns (uint80) {
        return _submit(_submission(vm.getBlockTimestamp(), hundredths, false));
    }

    /// @dev Submits what may confirm.
    function _confirmation(int256 hundredths) internal returns (uint80) {
        return _confirm(_submission(vm.getBlockTimestamp(), hundredths, true));
    }

    function _latestAnswer() internal view returns (int256 answer) {
        (, answer,,,) = oracle.latestRoundData();
    }
}
