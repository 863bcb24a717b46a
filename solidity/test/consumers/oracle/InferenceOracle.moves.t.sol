// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity 0.8.37;

import { IInferenceOracle, Observation } from "../../../src/consumers/oracle/IInferenceOracle.sol";
import { IInferenceVerifier } from "../../../src/core/verifier/interfaces/IInferenceVerifier.sol";
import { Features } from "../../../src/features/IFeatureSource.sol";
import { OracleTest } from "./OracleTest.sol";

/// @dev Moves beyond the cap. The last round's answer is 100.00; a tenth of it is the cap.
contract InferenceOracleMovesTest is OracleTest {
    uint256 private _parkedAt;

    function setUp() public override {
        super.setUp();
        _answer(10_000);
        skip(60);
        _parkedAt = vm.getBlockTimestamp();
    }

    function _parks(int256 hundredths) private {
        assertEq(_answer(hundredths), 0);
    }

    /// @dev Whatever waits, readers see the last round.
    function _unchanged() private view {
        (uint80 round, int256 answer,, uint256 updatedAt,) = oracle.latestRoundData();
        assertEq(round, 1);
        assertEq(answer, 100e8);
        assertEq(updatedAt, START);
    }

    function testFuzz_CapIsTheLargerOfTheTwo(int256 last, int256 next) public {
        oracle = _oracle(source, _config());
        last = bound(last, -10_000, 30_000);
        next = bound(next, -10_000, 30_000);
        _answer(last);
        skip(1);
        uint80 round = _answer(next);
        uint256 cap = uint256(last < 0 ? -last : last) * 1e6 / 10;
        if (cap < 1e8) cap = 1e8;
        uint256 move = uint256(next > last ? next - last : last - next) * 1e6;
        assertEq(round, move > cap ? 0 : 2);
        assertEq(_latestAnswer(), (move > cap ? last : next) * 1e6);
    }

    function test_AMoveOfTheCapIsARound() public {
        assertEq(_answer(11_000), 2);
        skip(1);
        // A tenth of 110.00 is more than 1.
        assertEq(_answer(9900), 3);
        skip(1);
        assertEq(_answer(8909), 0);
        assertEq(_latestAnswer(), 99e8);
    }

    function test_AMoveBeyondTheCapIsParked() public {
        Submission memory s = _submission(_parkedAt, 12_000, false);
        bytes32 inputs = source.digestOf(address(oracle), model.pin, SUBJECT, _dataAt(_parkedAt));
        vm.expectEmit();
        emit IInferenceOracle.MoveParked(2, address(this), inputs, 120e8, _parkedAt);
        assertEq(_submit(s), 0);
        _unchanged();
        Observation memory parked = oracle.parkedMove();
        assertEq(parked.answer, 120e8);
        assertEq(parked.integer, 12_000);
        assertEq(parked.inputs, inputs);
        assertEq(parked.submitter, address(this));
        assertEq(parked.startedAt, _parkedAt);
        assertEq(parked.parkedAt, _parkedAt);
    }

    function test_RevertWhen_MovePending() public {
        _parks(12_000);
        vm.expectRevert(abi.encodeWithSelector(IInferenceOracle.MovePending.selector, 120e8));
        oracle.settledRoundData();
        oracle.latestRoundDataStrict();
        // Nothing confirms it any more.
        skip(CONFIRM_DELAY + CONFIRM_WINDOW + MAX_AGE);
        assertEq(oracle.parkedMove().parkedAt, _parkedAt);
        skip(1);
        assertEq(oracle.parkedMove().parkedAt, 0);
        oracle.settledRoundData();
    }

    function test_ASecondLaterProofConfirms() public {
        _parks(12_000);
        skip(CONFIRM_DELAY);
        assertEq(_confirmation(12_500), 2);
        // What all evidence shows: that it moved at least so far.
        (uint80 round, int256 answer, uint256 startedAt, uint256 updatedAt,) = oracle.latestRoundData();
        assertEq(round, 2);
        assertEq(answer, 120e8);
        assertEq(startedAt, _parkedAt);
        assertEq(updatedAt, _parkedAt);
        assertEq(oracle.acceptedAt(2), _parkedAt + CONFIRM_DELAY);
        assertEq(oracle.parkedMove().parkedAt, 0);
        oracle.settledRoundData();
        (, answer, startedAt, updatedAt,) = oracle.getRoundData(2);
        assertEq(answer, 120e8);
        assertEq(startedAt, _parkedAt);
        assertEq(updatedAt, _parkedAt);
    }

    function test_TheNearerAnswerIsAcceptedWhicheverItIs() public {
        _parks(7000);
        skip(CONFIRM_DELAY);
        assertEq(_confirmation(8000), 2);
        assertEq(_latestAnswer(), 80e8);
        (,, uint256 startedAt,,) = oracle.latestRoundData();
        assertEq(startedAt, _parkedAt + CONFIRM_DELAY);
    }

    /// @dev Of all that was seen while it waited.
    function test_EvidenceMeanwhileOnlyBringsItNearer() public {
        _parks(13_000);
        skip(60);
        _parks(11_500);
        skip(60);
        _parks(14_000);
        Observation memory parked = oracle.parkedMove();
        assertEq(parked.answer, 115e8);
        // And doesn't prolong the wait.
        assertEq(parked.parkedAt, _parkedAt);
        skip(CONFIRM_DELAY - 120);
        assertEq(_confirmation(13_000), 2);
        assertEq(_latestAnswer(), 115e8);
    }

    function test_AnAnswerWithinTheCapEndsIt() public {
        _parks(12_000);
        skip(60);
        assertEq(_answer(10_500), 2);
        assertEq(oracle.parkedMove().parkedAt, 0);
        assertEq(_latestAnswer(), 105e8);
        vm.expectRevert(IInferenceOracle.NothingParked.selector);
        oracle.confirm("", new uint256[](0), "");
    }

    /// @dev What ended leaves nothing behind: the next move to the same side waits from its own
    /// beginning, for its own answer.
    function test_AMoveThatEndedIsForgotten() public {
        _parks(12_000);
        skip(60);
        assertEq(_answer(10_500), 2);
        skip(60);
        _parks(13_000);
        Observation memory parked = oracle.parkedMove();
        assertEq(parked.answer, 130e8);
        assertEq(parked.parkedAt, _parkedAt + 120);
        skip(CONFIRM_DELAY - 60);
        Submission memory s = _submission(vm.getBlockTimestamp(), 13_000, true);
        vm.expectPartialRevert(IInferenceOracle.ConfirmationTooEarly.selector);
        _confirm(s);
    }

    /// @dev As a confirmation, too, and at any time.
    function test_AConfirmationWithinTheCapIsARound() public {
        _parks(12_000);
        skip(60);
        assertEq(_confirmation(10_500), 2);
        assertEq(_latestAnswer(), 105e8);
        assertEq(oracle.parkedMove().parkedAt, 0);
    }

    function test_AMoveToTheOtherSideTakesItsPlace() public {
        _parks(12_000);
        skip(60);
        _parks(8000);
        Observation memory parked = oracle.parkedMove();
        assertEq(parked.answer, 80e8);
        assertEq(parked.parkedAt, _parkedAt + 60);
        // Its proof was for the other side's; so it does not confirm.
        skip(CONFIRM_DELAY);
        Submission memory s = _submission(vm.getBlockTimestamp(), 12_000, true);
        assertEq(_confirm(s), 0);
        parked = oracle.parkedMove();
        assertEq(parked.answer, 120e8);
        assertEq(parked.parkedAt, vm.getBlockTimestamp());
        _unchanged();
    }

    function test_AfterTheWindowItBeginsAnew() public {
        _parks(12_000);
        skip(CONFIRM_DELAY + CONFIRM_WINDOW);
        Submission memory inTime = _submission(vm.getBlockTimestamp(), 12_000, true);
        skip(1);
        uint256 snapshot = vm.snapshotState();
        // Of the window's last second: confirms even a little later.
        assertEq(_confirm(inTime), 2);
        vm.revertToState(snapshot);
        assertEq(_confirmation(12_000), 0);
        assertEq(oracle.parkedMove().parkedAt, vm.getBlockTimestamp());
        _unchanged();
    }

    /// @dev A large true move arrives in steps that each are confirmed, at worst.
    function test_MovesAreFollowed() public {
        _parks(20_000);
        skip(CONFIRM_DELAY);
        assertEq(_confirmation(20_000), 2);
        assertEq(_latestAnswer(), 200e8);
        // Of two as near it is the first.
        (,, uint256 startedAt,,) = oracle.latestRoundData();
        assertEq(startedAt, _parkedAt);
        skip(1);
        assertEq(_answer(21_999), 3);
    }

    function test_ConfirmedRoundNamesItsOwnEvidence() public {
        address first = makeAddr("first");
        Submission memory s = _submission(_parkedAt, 12_000, false);
        vm.prank(first);
        _submit(s);
        bytes32 inputs = source.digestOf(address(oracle), model.pin, SUBJECT, _dataAt(_parkedAt));
        skip(CONFIRM_DELAY);
        s = _submission(vm.getBlockTimestamp(), 13_000, true);
        vm.expectEmit();
        emit IInferenceOracle.RoundAccepted(2, first, inputs, 120e8, _parkedAt, 1);
        _confirm(s);
    }

    function test_RevertWhen_NothingParked() public {
        vm.expectRevert(IInferenceOracle.NothingParked.selector);
        oracle.confirm("", new uint256[](0), "");
        vm.expectRevert(IInferenceOracle.NothingParked.selector);
        oracle.nextContext(START, true);
    }

    function test_RevertWhen_ConfirmationTooEarly() public {
        _parks(12_000);
        uint256 from = _parkedAt + CONFIRM_DELAY;
        skip(CONFIRM_DELAY - 1);
        Submission memory s = _submission(vm.getBlockTimestamp(), 12_000, true);
        vm.expectRevert(abi.encodeWithSelector(IInferenceOracle.ConfirmationTooEarly.selector, from));
        _confirm(s);
        // It is the inputs' time that counts: to wait doesn't help.
        skip(60);
        vm.expectRevert(abi.encodeWithSelector(IInferenceOracle.ConfirmationTooEarly.selector, from));
        _confirm(s);
    }

    // ------------------------------------------------------------------------------------- attacks

    /// @dev Neither the first proof nor another of the same kind is a second one.
    function test_Attack_OneProofAsBothSteps() public {
        Submission memory s = _submission(_parkedAt, 12_000, false);
        _submit(s);
        vm.expectRevert(abi.encodeWithSelector(IInferenceOracle.InputsNotNewer.selector, _parkedAt, _parkedAt));
        _submit(s);
        skip(CONFIRM_DELAY);
        // New evidence, and the proof of the first step's kind.
        s = _submission(vm.getBlockTimestamp(), 12_000, false);
        vm.expectRevert(IInferenceVerifier.ProofRejected.selector);
        _confirm(s);
        // As a submission it is one more that only parks.
        assertEq(_submit(s), 0);
        _unchanged();
    }

    /// @dev In the second in which a move was parked, a proof under the context of its confirmation
    /// parks a move to the other side, which then has that same context: so it would be that move's
    /// first proof and its second.
    function test_Attack_ConfirmationOfOneMoveAsBothStepsOfAnother() public {
        _submit(_submission(_parkedAt, 12_000, false));
        Submission memory s = _submission(_parkedAt + 1, 8000, true);
        bytes memory tooEarly =
            abi.encodeWithSelector(IInferenceOracle.ConfirmationTooEarly.selector, _parkedAt + CONFIRM_DELAY);
        vm.expectRevert(tooEarly);
        _confirm(s);
        // Later it is still the first of its move.
        skip(CONFIRM_DELAY);
        assertEq(_confirm(s), 0);
        _unchanged();
        Observation memory parked = oracle.parkedMove();
        assertEq(parked.answer, 80e8);
        assertEq(parked.parkedAt, vm.getBlockTimestamp());
        // And of no other: its inputs were taken, and signed once more they are not those of the proof.
        skip(CONFIRM_DELAY);
        vm.expectPartialRevert(IInferenceOracle.InputsNotNewer.selector);
        _confirm(s);
        Features memory data = _dataAt(_parkedAt + 1);
        data.timestamp = uint64(vm.getBlockTimestamp());
        s.evidence = _evidence(source, address(oracle), model.pin, SUBJECT, data, MASK);
        vm.expectRevert(IInferenceVerifier.ProofRejected.selector);
        _confirm(s);
    }

    /// @dev An outlier that lasts a moment, however often, never becomes a round if anybody shows
    /// what is true in between.
    function test_Attack_RepeatedOutliers() public {
        for (uint256 i = 0; i < 5; ++i) {
            _parks(20_000);
            skip(CONFIRM_DELAY - 1);
            assertGt(_answer(10_000 + int256(i)), 0);
            skip(1);
        }
        assertEq(_latestAnswer(), 100.04e8);
    }

    /// @dev Parking doesn't spoil a proof of newer inputs that somebody is working on.
    function test_Attack_ParkingToSpoilAProof() public {
        Submission memory honest = _submission(_parkedAt + 10, 10_200, false);
        _parks(20_000);
        skip(10);
        assertEq(_submit(honest), 2);
    }

    /// @dev One outlier confirms no other: what counts is the nearest.
    function test_Attack_SmallMoveConfirmsNoLargeOne() public {
        _parks(11_001);
        skip(CONFIRM_DELAY);
        assertEq(_confirmation(29_000), 2);
        assertEq(_latestAnswer(), 110.01e8);
    }

    /// @dev Signers' clocks can't shorten the wait by more than the skew.
    function test_Attack_FutureDatedConfirmation() public {
        _parks(12_000);
        skip(CONFIRM_DELAY - MAX_SKEW - 1);
        Submission memory s = _submission(vm.getBlockTimestamp() + MAX_SKEW, 12_000, true);
        vm.expectPartialRevert(IInferenceOracle.ConfirmationTooEarly.selector);
        _confirm(s);
    }
}
