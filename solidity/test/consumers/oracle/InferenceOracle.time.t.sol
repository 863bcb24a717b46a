// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity 0.8.37;

import { Ownable } from "@openzeppelin/contracts/access/Ownable.sol";
import { Pausable } from "@openzeppelin/contracts/utils/Pausable.sol";

import { IInferenceOracle, OracleStatus } from "../../../src/consumers/oracle/IInferenceOracle.sol";
import { IInferenceVerifier } from "../../../src/core/verifier/interfaces/IInferenceVerifier.sol";
import { Features } from "../../../src/features/IFeatureSource.sol";
import { FreeSource } from "./Mocks.sol";
import { OracleTest } from "./OracleTest.sol";

/// @dev What depends on time: how far answers move, whose proof counts, how old an answer is. The
/// cap is a tenth in an hour.
contract InferenceOracleTimeTest is OracleTest {
    // ------------------------------------------------------------------------------- the cap of time

    /// @dev Rounds don't add up: one block has one cap, however many rounds are in it.
    function test_Attack_ManyRoundsInOneBlock() public {
        _answer(1000);
        skip(599);
        int256 last = 1000;
        uint256 parked = 0;
        for (uint256 i = 1; i <= 25; ++i) {
            int256 next = last * 110 / 100;
            if (_submit(_submission(START + i, next, false)) == 0) ++parked;
            else last = next;
        }
        assertEq(parked, 24);
        assertEq(_latestAnswer(), 11e8);
        // The same downwards, and from the top of the band.
        assertEq(_submit(_submission(START + 100, 990, false)), 3);
        assertEq(_submit(_submission(START + 101, 980, false)), 0);
    }

    /// @dev Nor do steps far below the cap.
    function test_Attack_SmallStepsInOneBlock() public {
        _answer(10_000);
        skip(599);
        int256 answer = 10_000;
        for (uint256 i = 1; i <= 20; ++i) {
            answer += 100;
            assertEq(_submit(_submission(START + i, answer, false)) == 0, answer > 11_000);
        }
        assertEq(_latestAnswer(), 110e8);
    }

    /// @dev Inputs' claims about the time make no cap: blocks do.
    function test_Attack_InputsFromAcrossAnHour() public {
        _answer(10_000);
        skip(MAX_AGE);
        assertEq(_submit(_submission(START + 1, 11_000, false)), 2);
        assertEq(_submit(_submission(START + MAX_AGE + MAX_SKEW, 11_100, false)), 0);
    }

    /// @dev In an hour the reference has come after, and there is one more cap.
    function test_AMoveByTheCapInEveryWindow() public {
        _answer(10_000);
        skip(1);
        assertEq(_answer(11_000), 2);
        (, int256 greatest) = oracle.unconfirmedRange();
        assertEq(greatest, 110e8);
        skip(MOVE_WINDOW / 2);
        // The reference is 105.00.
        (, greatest) = oracle.unconfirmedRange();
        assertEq(greatest, 115.5e8);
        assertEq(_answer(11_551), 0);
        skip(1);
        assertEq(_answer(11_550), 3);
        skip(MOVE_WINDOW);
        (int256 least, int256 most) = oracle.unconfirmedRange();
        assertEq(most, 127.05e8);
        assertEq(least, 103.95e8);
    }

    /// @dev Waiting makes no more room than one cap around the latest answer.
    function test_AnOldAnswerHasOneCap() public {
        _answer(10_000);
        skip(30 days);
        (int256 least, int256 greatest) = oracle.unconfirmedRange();
        assertEq(least, 90e8);
        assertEq(greatest, 110e8);
        assertEq(_answer(11_001), 0);
        skip(1);
        assertEq(_answer(11_000), 2);
    }

    /// @dev What goes to and fro within one cap is never parked.
    function testFuzz_NoiseCostsNothing(uint256 seed) public {
        _answer(10_000);
        for (uint256 i = 0; i < 12; ++i) {
            seed = uint256(keccak256(abi.encode(seed)));
            skip(1 + seed % 400);
            assertGt(_answer(10_000 + int256((seed >> 128) % 1001)), 0);
        }
    }

    /// @dev A confirmed move begins anew: from there on it is one cap to either side.
    function test_AConfirmedMoveBeginsAnew() public {
        _answer(10_000);
        skip(1);
        assertEq(_answer(11_000), 2);
        skip(1);
        assertEq(_answer(15_000), 0);
        skip(CONFIRM_DELAY);
        assertEq(_confirmation(15_000), 3);
        (int256 least, int256 greatest) = oracle.unconfirmedRange();
        assertEq(least, 135e8);
        assertEq(greatest, 165e8);
    }

    /// @dev An ordinary round under a confirmation's context doesn't.
    function test_Attack_ConfirmationsWithinTheCapDontBeginAnew() public {
        _answer(10_000);
        skip(1);
        assertEq(_answer(11_000), 2);
        skip(1);
        assertEq(_answer(12_000), 0);
        skip(1);
        assertEq(_confirmation(11_000), 3);
        (, int256 greatest) = oracle.unconfirmedRange();
        assertLt(greatest, 110.01e8);
    }

    function test_BeforeTheFirstRoundThereIsNoCap() public view {
        (int256 least, int256 greatest) = oracle.unconfirmedRange();
        assertEq(least, type(int96).min);
        assertEq(greatest, type(int96).max);
    }

    // ------------------------------------------------------------------------------ whose proof counts

    /// @dev Somebody's older inputs, however many and timely, void no proof of newer ones.
    function test_Attack_OlderInputsVoidNoNewerProof() public {
        _answer(1000);
        skip(300);
        for (uint256 i = 0; i < 25; ++i) {
            Submission memory honest = _submission(vm.getBlockTimestamp(), 920 - int256(i % 2), false);
            Submission memory older = _submission(vm.getBlockTimestamp() - 1, 1000, false);
            if (i > 0) skip(2);
            uint256 snapshot = vm.snapshotState();
            assertGt(_submit(older), 0);
            assertGt(_submit(honest), 0);
            assertEq(_latestAnswer(), (920 - int256(i % 2)) * 1e6);
            // And when they come second, they are late.
            vm.revertToState(snapshot);
            _submit(honest);
            vm.expectPartialRevert(IInferenceOracle.InputsNotNewer.selector);
            _submit(older);
            skip(10);
        }
    }

    /// @dev Two that prove at the same time: whoever has the newer inputs is never refused.
    function testFuzz_NewestInputsWin(uint256 first, uint256 second, bool swapped) public {
        first = START + bound(first, 1, 300);
        second = START + bound(second, 1, 300);
        vm.assume(first != second);
        _answer(1000);
        skip(300);
        Submission memory a = _submission(first, 1001, false);
        Submission memory b = _submission(second, 1002, false);
        bool bothLand = swapped ? second < first : first < second;
        _submit(swapped ? b : a);
        if (!bothLand) vm.expectPartialRevert(IInferenceOracle.InputsNotNewer.selector);
        _submit(swapped ? a : b);
        assertEq(_latestAnswer(), (first < second ? int256(10.02e8) : int256(10.01e8)));
    }

    /// @dev A proof is of inputs of one time: with a later signature it is none.
    function test_Attack_AProofWithAnotherTime() public {
        Submission memory s = _submission(START, 1000, false);
        skip(1);
        s.proof = _proofFor(START + 1, 0, _wordsAt(START), s.outputs);
        vm.expectRevert(IInferenceVerifier.ProofRejected.selector);
        _submit(s);
        // Zero is for inputs that are read live.
        s.proof = _proofFor(0, 0, _wordsAt(START), s.outputs);
        vm.expectRevert(IInferenceVerifier.ProofRejected.selector);
        _submit(s);
    }

    /// @dev What is read live is good in whichever block it is read, and only once a second.
    function test_LiveInputsNameNoTime() public {
        FreeSource free = new FreeSource();
        oracle = _oracle(free, _config());
        uint256[] memory outputs = _outputWord(model, 1000);
        bytes memory proof = _proofFor(0, 0, _wordsAt(START), outputs);
        for (uint80 i = 1; i <= 3; ++i) {
            skip(7);
            Features memory data = _dataAt(START);
            data.timestamp = uint64(vm.getBlockTimestamp());
            free.set(data);
            assertEq(oracle.timeOf(""), 0);
            assertEq(oracle.timeOf("x"), vm.getBlockTimestamp());
            assertEq(oracle.submit("", outputs, proof), i);
            vm.expectPartialRevert(IInferenceOracle.InputsNotNewer.selector);
            oracle.submit("", outputs, proof);
        }
        // Such a proof is still only the first of a move.
        outputs = _outputWord(model, 2000);
        proof = _proofFor(0, 0, _wordsAt(START), outputs);
        skip(7);
        Features memory later = _dataAt(START);
        later.timestamp = uint64(vm.getBlockTimestamp());
        free.set(later);
        assertEq(oracle.submit("", outputs, proof), 0);
        skip(CONFIRM_DELAY);
        later.timestamp = uint64(vm.getBlockTimestamp());
        free.set(later);
        vm.expectRevert(IInferenceVerifier.ProofRejected.selector);
        oracle.confirm("", outputs, proof);
    }

    // ------------------------------------------------------------------------------ how old an answer is

    /// @dev An old reading isn't stamped as new.
    function test_UpdatedAtIsTheInputsTime() public {
        skip(MAX_AGE);
        _submit(_submission(START, 1000, false));
        (,, uint256 startedAt, uint256 updatedAt,) = oracle.latestRoundData();
        assertEq(startedAt, START);
        assertEq(updatedAt, START);
        assertEq(oracle.acceptedAt(1), START + MAX_AGE);
        skip(HEARTBEAT - MAX_AGE);
        oracle.latestRoundDataStrict();
        skip(1);
        assertTrue(oracle.isStale());
        vm.expectRevert(abi.encodeWithSelector(IInferenceOracle.AnswerStale.selector, START));
        oracle.latestRoundDataStrict();
    }

    function test_RevertWhen_RoundToldTheTimeOfIsNotThere() public {
        vm.expectRevert(abi.encodeWithSelector(IInferenceOracle.RoundNotFound.selector, 1));
        oracle.acceptedAt(1);
    }

    function test_StatusSaysEverything() public {
        OracleStatus memory status = oracle.status();
        assertEq(abi.encode(status), abi.encode(OracleStatus(false, false, false, 0, 0, 0, 0)));
        skip(20);
        _submit(_submission(START, 1000, false));
        status = oracle.status();
        assertEq(abi.encode(status), abi.encode(OracleStatus(false, false, false, 1, 10e8, START, START + 20)));
        skip(1);
        _answer(2000);
        vm.prank(guardian);
        oracle.pause();
        vm.prank(modelOwner);
        registry.deprecateModel(model.id);
        oracle.halt();
        status = oracle.status();
        assertEq(abi.encode(status), abi.encode(OracleStatus(true, true, true, 1, 10e8, START, START + 20)));
        skip(CONFIRM_DELAY + CONFIRM_WINDOW + MAX_AGE + 1);
        assertFalse(oracle.status().pending);
    }

    // ------------------------------------------------------------------------------------ no owner left

    /// @dev A pause must not outlive those who can end it.
    function test_RevertWhen_NobodyCouldUnpause() public {
        vm.prank(owner);
        oracle.renounceOwnership();
        assertEq(oracle.owner(), address(0));
        vm.prank(guardian);
        vm.expectRevert(IInferenceOracle.NobodyCouldUnpause.selector);
        oracle.pause();
        assertEq(_answer(1000), 1);
    }

    function test_RevertWhen_RenouncedWhilePaused() public {
        vm.prank(guardian);
        oracle.pause();
        vm.prank(owner);
        vm.expectRevert(Pausable.EnforcedPause.selector);
        oracle.renounceOwnership();
        vm.prank(guardian);
        vm.expectRevert(abi.encodeWithSelector(Ownable.OwnableUnauthorizedAccount.selector, guardian));
        oracle.renounceOwnership();
    }
}
