// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity 0.8.37;

import { Ownable } from "@openzeppelin/contracts/access/Ownable.sol";
import { Pausable } from "@openzeppelin/contracts/utils/Pausable.sol";

import { IInferenceOracle, OracleConfig, Provenance } from "../../../src/consumers/oracle/IInferenceOracle.sol";
import { IModelFollower } from "../../../src/consumers/oracle/IModelFollower.sol";
import { Features, IFeatureSource } from "../../../src/features/IFeatureSource.sol";
import { FixedPoint } from "../../../src/libraries/FixedPoint.sol";
import { PublicValues } from "../../../src/libraries/PublicValues.sol";
import { ModelSpec, OutputSchema, Packing, Visibility } from "../../../src/types/Schemas.sol";
import { OracleTest } from "./OracleTest.sol";

/// @dev Rounds, reads, limits. Moves beyond the cap: `InferenceOracle.moves.t.sol`.
contract InferenceOracleTest is OracleTest {
    // -------------------------------------------------------------------------------------- rounds

    function test_FirstRound() public {
        skip(30);
        Submission memory s = _submission(START, 1234, false);
        bytes32 inputs = source.digestOf(address(oracle), model.pin, SUBJECT, _dataAt(START));
        address anyone = makeAddr("anyone");
        vm.expectEmit();
        emit IInferenceOracle.RoundAccepted(1, anyone, inputs, 12.34e8, START, 1);
        vm.prank(anyone);
        assertEq(_submit(s), 1);

        (uint80 round, int256 answer, uint256 startedAt, uint256 updatedAt, uint80 answeredIn) =
            oracle.latestRoundData();
        assertEq(round, 1);
        assertEq(answer, 12.34e8);
        assertEq(startedAt, START);
        assertEq(updatedAt, START);
        assertEq(answeredIn, 1);
        assertEq(oracle.acceptedAt(1), START + 30);
    }

    /// @dev Halves of the last decimal go away from zero, and both reads agree.
    function test_AnswersAreRounded() public {
        // Half of 10^-8.
        _useScale(0.5e28, 8);
        int256[5] memory integers = [int256(1), -1, 2, 3, -3];
        int256[5] memory answers = [int256(1), -1, 1, 2, -2];
        for (uint80 i = 0; i < 5; ++i) {
            skip(1);
            assertEq(_answer(integers[i]), i + 1);
            assertEq(_latestAnswer(), answers[i]);
            (, int256 answer,,,) = oracle.getRoundData(i + 1);
            assertEq(answer, answers[i]);
        }
    }

    /// @dev Whatever a model's scale and an oracle's decimals, the answer is what everybody else
    /// makes of the integer.
    function testFuzz_AnswersAreRoundedAsEverywhere(int16 integer, uint256 scaleE36, uint256 decimals) public {
        (scaleE36, decimals) = (bound(scaleE36, 1, 1e40), bound(decimals, 0, 18));
        _useScale(uint192(scaleE36), uint8(decimals));
        assertEq(_answer(integer), 1);
        assertEq(_latestAnswer(), FixedPoint.toDecimals(integer, scaleE36, decimals));
    }

    /// @dev An oracle of a model with this scale, in whose range is everything.
    function _useScale(uint192 scaleE36, uint8 decimals) private {
        ModelSpec memory spec = _spec(20, 1);
        spec.outputs[0].scaleE36 = scaleE36;
        model = _register(spec);
        OracleConfig memory config = _config();
        config.decimals = decimals;
        (config.minAnswer, config.maxAnswer) = (type(int96).min, type(int96).max);
        oracle = _oracle(source, config);
    }

    /// @dev What `getRoundData` says of a round never changes, and the latest round is among them.
    function test_HistoryStays() public {
        bytes32[] memory seen = new bytes32[](6);
        for (uint80 i = 1; i <= 5; ++i) {
            skip(100);
            assertEq(_answer(1000 + int256(uint256(i))), i);
            seen[i] = _roundHash(i);
            (uint80 round, int256 answer, uint256 startedAt, uint256 updatedAt, uint80 answeredIn) =
                oracle.latestRoundData();
            assertEq(keccak256(abi.encode(round, answer, startedAt, updatedAt, answeredIn)), seen[i]);
        }
        for (uint80 i = 1; i <= 5; ++i) {
            assertEq(_roundHash(i), seen[i]);
        }
    }

    /// @dev Eight rounds are kept.
    function test_HistoryIsARing() public {
        for (uint80 i = 1; i <= 11; ++i) {
            skip(100);
            _answer(1000 + int256(uint256(i)));
        }
        vm.expectRevert(abi.encodeWithSelector(IInferenceOracle.RoundNotFound.selector, 3));
        oracle.getRoundData(3);
        for (uint80 i = 4; i <= 11; ++i) {
            (uint80 round, int256 answer, uint256 startedAt,,) = oracle.getRoundData(i);
            assertEq(round, i);
            assertEq(answer, 10e8 + int256(uint256(i)) * 1e6);
            assertEq(startedAt, START + 100 * uint256(i));
        }
    }

    function test_PreparingTheHistoryChangesNoRound() public {
        _answer(1000);
        bytes32 before = _roundHash(1);
        vm.prank(makeAddr("anyone"));
        oracle.prepareHistory(0, type(uint256).max);
        assertEq(_roundHash(1), before);
        vm.expectRevert(abi.encodeWithSelector(IInferenceOracle.RoundNotFound.selector, 2));
        oracle.getRoundData(2);
        skip(1);
        _answer(1001);
        (, int256 answer,,,) = oracle.getRoundData(2);
        assertEq(answer, 10.01e8);
        before = _roundHash(2);
        oracle.prepareHistory(2, 1);
        oracle.prepareHistory(8, 1);
        assertEq(_roundHash(2), before);
    }

    function _roundHash(uint80 id) private view returns (bytes32) {
        (uint80 round, int256 answer, uint256 startedAt, uint256 updatedAt, uint80 answeredIn) = oracle.getRoundData(id);
        return keccak256(abi.encode(round, answer, startedAt, updatedAt, answeredIn));
    }

    function testFuzz_AnswersAreWhatTheModelSaid(int256 hundredths, uint256 age, uint256 wait) public {
        hundredths = bound(hundredths, -10_000, 30_000);
        age = bound(age, 0, MAX_AGE);
        Submission memory s = _submission(START, hundredths, false);
        vm.warp(START + age);
        _submit(s);
        (, int256 answer, uint256 startedAt, uint256 updatedAt,) = oracle.getRoundData(1);
        assertEq(answer, hundredths * 1e6);
        assertEq(startedAt, START);
        assertEq(updatedAt, START);
        assertEq(oracle.acceptedAt(1), START + age);
        assertEq(_latestAnswer(), answer);

        skip(bound(wait, 0, 2 * HEARTBEAT));
        bool stale = vm.getBlockTimestamp() - START > HEARTBEAT;
        assertEq(oracle.isStale(), stale);
        if (stale) vm.expectRevert(abi.encodeWithSelector(IInferenceOracle.AnswerStale.selector, updatedAt));
        oracle.latestRoundDataStrict();
    }

    /// @dev Signers' clocks may be ahead; readers never see a round that starts after it ended.
    function test_InputsAFewSecondsAhead() public {
        Submission memory s = _submission(START + MAX_SKEW, 1000, false);
        _submit(s);
        (,, uint256 startedAt, uint256 updatedAt,) = oracle.latestRoundData();
        assertEq(startedAt, START);
        assertEq(updatedAt, START);
        // And they count as what they claim: nothing older follows.
        skip(1);
        s = _submission(START + MAX_SKEW, 1000, false);
        vm.expectRevert(
            abi.encodeWithSelector(IInferenceOracle.InputsNotNewer.selector, START + MAX_SKEW, START + MAX_SKEW)
        );
        _submit(s);
    }

    function test_NextContextIsWhatProofsNeed() public view {
        (uint256 parkedAt, uint256 context) = oracle.nextContext(START, false);
        assertEq(parkedAt, 0);
        bytes32 payload =
            keccak256(abi.encode(keccak256("VerdictOracleRound(uint256 startedAt,uint256 parkedAt)"), START, 0));
        assertEq(context, _context(model, address(oracle), payload));
    }

    function test_Provenance() public {
        address submitter = makeAddr("submitter");
        Submission memory s = _submission(START, 1000, false);
        vm.prank(submitter);
        _submit(s);
        bytes32 inputs = source.digestOf(address(oracle), model.pin, SUBJECT, _dataAt(START));
        Provenance memory right = Provenance(model.id, 1, address(source), inputs, submitter);
        assertTrue(oracle.isProvenance(1, right));
        bytes32 typehash = keccak256(
            "VerdictOracleProvenance(uint256 round,uint256 modelId,uint256 version,address source,bytes32 inputs,address submitter)"
        );
        assertEq(oracle.PROVENANCE_TYPEHASH(), typehash);
        bytes memory head = abi.encode(typehash, uint256(1), model.id, uint256(1));
        bytes32 digest = keccak256(bytes.concat(head, abi.encode(source, inputs, submitter)));
        assertEq(oracle.provenanceOf(1), bytes20(digest));
        assertEq(oracle.versionOfRound(1), 1);
        for (uint256 i = 0; i < 5; ++i) {
            Provenance memory wrong = Provenance(model.id, 1, address(source), inputs, submitter);
            if (i == 0) ++wrong.modelId;
            if (i == 1) ++wrong.version;
            if (i == 2) wrong.source = address(this);
            if (i == 3) wrong.inputs ^= bytes32(uint256(1));
            if (i == 4) wrong.submitter = address(this);
            assertFalse(oracle.isProvenance(1, wrong));
        }
    }

    function test_Views() public view {
        assertEq(oracle.decimals(), 8);
        assertEq(oracle.description(), "score / ETH");
        assertEq(oracle.version(), 1);
        assertEq(address(oracle.source()), address(source));
        assertEq(address(oracle.gateway()), address(gateway));
        assertEq(abi.encode(oracle.config()), abi.encode(_config()));
        assertTrue(oracle.isStale());
        assertFalse(oracle.paused());
        assertEq(oracle.owner(), owner);
    }

    /// @dev The first output's value 17 is in its second word.
    function test_AnswerIsTheValueThatWasChosen() public {
        ModelSpec memory spec = _spec(20, 20);
        OutputSchema memory output = spec.outputs[0];
        spec.outputs = new OutputSchema[](2);
        (spec.outputs[0], spec.outputs[1]) = (output, OutputSchema(3, Packing.Wide, 1));
        model = _register(spec);
        OracleConfig memory config = _config();
        config.answerIndex = 17;
        oracle = _oracle(source, config);

        int256[] memory values = new int256[](23);
        values[17] = 777;
        Submission memory s;
        s.evidence = _signedAt(START);
        s.outputs = _outputWords(model, values);
        s.proof = _proofFor(START, 0, _wordsAt(START), s.outputs);
        _submit(s);
        assertEq(_latestAnswer(), 7.77e8);
    }

    /// @dev Inputs that nobody sees: the signers vouch for their commitment.
    function test_CommittedInputs() public {
        model = _register(_batchSpec(1, 20, 1));
        oracle = _oracle(source, _config());
        Features memory data = _dataAt(START);
        (data.words, data.commitments) = (new uint256[](0), new uint256[](1));
        data.commitments[0] = 0xc0ffee;
        Submission memory s;
        s.evidence = _evidence(source, address(oracle), model.pin, SUBJECT, data, MASK);
        s.outputs = _outputWord(model, 500);
        uint256 context = _context(model, address(oracle), _payload(START, 0));
        s.proof = _prove(model, PublicValues.assemble(context, data.words, s.outputs, data.commitments));
        _submit(s);
        assertEq(_latestAnswer(), 5e8);
    }

    // ------------------------------------------------------------------------------------ refusals

    function test_RevertWhen_NoRound() public {
        vm.expectRevert(IInferenceOracle.NoRound.selector);
        oracle.latestRoundData();
        vm.expectRevert(IInferenceOracle.NoRound.selector);
        oracle.latestRoundDataStrict();
        vm.expectRevert(IInferenceOracle.NoRound.selector);
        oracle.settledRoundData();
    }

    function test_RevertWhen_RoundNotFound() public {
        _answer(1000);
        uint80[3] memory missing = [uint80(0), 2, type(uint80).max];
        for (uint256 i = 0; i < 3; ++i) {
            bytes memory error_ = abi.encodeWithSelector(IInferenceOracle.RoundNotFound.selector, missing[i]);
            vm.expectRevert(error_);
            oracle.getRoundData(missing[i]);
            vm.expectRevert(error_);
            oracle.versionOfRound(missing[i]);
            vm.expectRevert(error_);
            oracle.provenanceOf(missing[i]);
            vm.expectRevert(error_);
            oracle.isProvenance(missing[i], Provenance(0, 0, address(0), 0, address(0)));
        }
    }

    function test_RevertWhen_AnswerStale() public {
        _answer(1000);
        skip(HEARTBEAT);
        oracle.latestRoundDataStrict();
        assertFalse(oracle.isStale());
        skip(1);
        assertTrue(oracle.isStale());
        vm.expectRevert(abi.encodeWithSelector(IInferenceOracle.AnswerStale.selector, START));
        oracle.latestRoundDataStrict();
        vm.expectRevert(abi.encodeWithSelector(IInferenceOracle.AnswerStale.selector, START));
        oracle.settledRoundData();
        // The plain one says what it has.
        oracle.latestRoundData();
    }

    function test_RevertWhen_InputsTooOld() public {
        Submission memory s = _submission(START, 1000, false);
        skip(MAX_AGE + 1);
        vm.expectRevert(abi.encodeWithSelector(IInferenceOracle.InputsTooOld.selector, START));
        _submit(s);
    }

    function test_InputsOfTheGreatestAge() public {
        Submission memory s = _submission(START, 1000, false);
        skip(MAX_AGE);
        assertEq(_submit(s), 1);
    }

    function test_RevertWhen_InputsFromTheFuture() public {
        Submission memory s = _submission(START + MAX_SKEW + 1, 1000, false);
        vm.expectRevert(abi.encodeWithSelector(IInferenceOracle.InputsFromTheFuture.selector, START + MAX_SKEW + 1));
        _submit(s);
        s = _submission(type(uint64).max, 1000, false);
        vm.expectRevert(abi.encodeWithSelector(IInferenceOracle.InputsFromTheFuture.selector, type(uint64).max));
        _submit(s);
    }

    function test_RevertWhen_InputsNotNewer() public {
        _answer(1000);
        skip(10);
        for (uint256 i = 0; i < 2; ++i) {
            Submission memory s = _submission(START - i, 1000, false);
            vm.expectRevert(abi.encodeWithSelector(IInferenceOracle.InputsNotNewer.selector, START - i, START));
            _submit(s);
        }
    }

    function test_RevertWhen_AnswerOutOfRange() public {
        int256[2] memory outside = [int256(-10_001), 30_001];
        for (uint256 i = 0; i < 2; ++i) {
            Submission memory s = _submission(START, outside[i], false);
            vm.expectRevert(abi.encodeWithSelector(IInferenceOracle.AnswerOutOfRange.selector, outside[i] * 1e6));
            _submit(s);
        }
    }

    function test_RevertWhen_WrongFeatureCount() public {
        Features memory data = _dataAt(START);
        data.words = new uint256[](3);
        bytes memory evidence = _evidence(source, address(oracle), model.pin, SUBJECT, data, MASK);
        vm.expectRevert(abi.encodeWithSelector(IInferenceOracle.WrongFeatureCount.selector, 3, 0));
        oracle.submit(evidence, new uint256[](1), "");
        (data.words, data.commitments) = (new uint256[](2), new uint256[](1));
        evidence = _evidence(source, address(oracle), model.pin, SUBJECT, data, MASK);
        vm.expectRevert(abi.encodeWithSelector(IInferenceOracle.WrongFeatureCount.selector, 2, 1));
        oracle.submit(evidence, new uint256[](1), "");
    }

    function test_RevertWhen_Paused() public {
        Submission memory s = _submission(START, 1000, false);
        _submit(s);
        vm.expectEmit();
        emit Pausable.Paused(guardian);
        vm.prank(guardian);
        oracle.pause();
        assertTrue(oracle.paused());
        skip(1);
        s = _submission(START + 1, 1000, false);
        vm.expectRevert(Pausable.EnforcedPause.selector);
        _submit(s);
        vm.expectRevert(Pausable.EnforcedPause.selector);
        oracle.latestRoundDataStrict();
        vm.expectRevert(Pausable.EnforcedPause.selector);
        oracle.settledRoundData();
        oracle.latestRoundData();
        vm.prank(guardian);
        vm.expectRevert(Pausable.EnforcedPause.selector);
        oracle.pause();

        vm.expectEmit();
        emit Pausable.Unpaused(owner);
        vm.prank(owner);
        oracle.unpause();
        vm.prank(owner);
        vm.expectRevert(Pausable.ExpectedPause.selector);
        oracle.unpause();
        _submit(s);
        oracle.latestRoundDataStrict();
    }

    function test_RevertWhen_CallerLacksTheRole() public {
        vm.prank(owner);
        vm.expectRevert(abi.encodeWithSelector(IModelFollower.NotAGuardian.selector, owner));
        oracle.pause();
        vm.prank(guardian);
        vm.expectRevert(abi.encodeWithSelector(Ownable.OwnableUnauthorizedAccount.selector, guardian));
        oracle.unpause();
    }

    // -------------------------------------------------------------------------------- construction

    function test_RevertWhen_NotASource() public {
        address none = makeAddr("no code");
        vm.expectRevert(abi.encodeWithSelector(IInferenceOracle.NotASource.selector, none));
        _oracle(IFeatureSource(none), _config());
    }

    function test_RevertWhen_TooManyDecimals() public {
        OracleConfig memory config = _config();
        config.decimals = 37;
        vm.expectRevert(abi.encodeWithSelector(IInferenceOracle.TooManyDecimals.selector, 37));
        _oracle(source, config);
    }

    function test_RevertWhen_CapTooLarge() public {
        OracleConfig memory config = _config();
        config.maxMoveBps = 10_001;
        vm.expectRevert(abi.encodeWithSelector(IInferenceOracle.CapTooLarge.selector, 10_001));
        _oracle(source, config);
    }

    function test_RevertWhen_EmptyRange() public {
        OracleConfig memory config = _config();
        config.minAnswer = config.maxAnswer + 1;
        vm.expectRevert(
            abi.encodeWithSelector(IInferenceOracle.EmptyRange.selector, config.minAnswer, config.maxAnswer)
        );
        _oracle(source, config);
    }

    function test_RevertWhen_NoHistory() public {
        OracleConfig memory config = _config();
        config.history = 0;
        vm.expectRevert(IInferenceOracle.NoHistory.selector);
        _oracle(source, config);
    }

    function test_RevertWhen_TimesOutOfOrder() public {
        for (uint256 i = 0; i < 7; ++i) {
            OracleConfig memory config = _config();
            if (i == 0) config.heartbeat = 0;
            if (i == 1) config.maxAge = 0;
            if (i == 2) config.confirmWindow = 0;
            if (i == 3) config.confirmDelay = config.maxSkew;
            if (i == 4) config.maxAge = type(uint24).max / 2 + 1;
            // One more than `test_LimitsOfTheConfiguration` has.
            if (i == 6) config.moveWindow = 0;
            if (i == 5) config.confirmWindow = type(uint24).max - 2 * MAX_AGE - MAX_SKEW - CONFIRM_DELAY + 1;
            vm.expectRevert(IInferenceOracle.TimesOutOfOrder.selector);
            _oracle(source, config);
        }
    }

    /// @dev The last that is accepted of everything that construction limits.
    function test_LimitsOfTheConfiguration() public {
        OracleConfig memory config = _config();
        (config.decimals, config.history) = (36, 1);
        (config.minAnswer, config.maxAnswer) = (0, 0);
        (config.maxMoveBps, config.moveWindow) = (10_000, 1);
        config.confirmDelay = config.maxSkew + 1;
        config.confirmWindow = type(uint24).max - 2 * config.maxAge - config.maxSkew - config.confirmDelay;
        oracle = _oracle(source, config);
        assertEq(_answer(0), 1);

        ModelSpec memory spec = _batchSpec(1, 20, 1);
        spec.commitments = 255;
        model = _register(spec);
        _oracle(source, config);
    }

    function test_RevertWhen_SourceDoesNotCover() public {
        ModelSpec memory spec = _spec(20, 1);
        spec.inputs[0] = _input(20, Visibility.Private);
        model = _register(spec);
        vm.expectRevert(abi.encodeWithSelector(IInferenceOracle.SourceDoesNotCover.selector, 1));
        _oracle(source, _config());
    }

    function test_RevertWhen_NoSuchOutput() public {
        OracleConfig memory config = _config();
        config.answerIndex = 1;
        vm.expectRevert(abi.encodeWithSelector(IInferenceOracle.NoSuchOutput.selector, 1));
        _oracle(source, config);
        // A batch has an answer for each item: in words of its own, or packed across items.
        for (uint32 outputs = 1; outputs <= 2; ++outputs) {
            model = _register(_batchSpec(2, 20, outputs));
            vm.expectRevert(abi.encodeWithSelector(IInferenceOracle.NoSuchOutput.selector, 0));
            _oracle(source, _config());
        }
    }

    function test_RevertWhen_TooManyCommitments() public {
        ModelSpec memory spec = _batchSpec(1, 20, 1);
        spec.commitments = 256;
        model = _register(spec);
        vm.expectRevert(abi.encodeWithSelector(IInferenceOracle.TooManyCommitments.selector, 256));
        _oracle(source, _config());
    }
}
