// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity 0.8.37;

import { SignedMath } from "@openzeppelin/contracts/utils/math/SignedMath.sol";

import { Observation, OracleConfig } from "../../../src/consumers/oracle/IInferenceOracle.sol";
import { InferenceOracle } from "../../../src/consumers/oracle/InferenceOracle.sol";
import { IERC7992Registry } from "../../../src/interfaces/IERC7992.sol";
import { PublicValues } from "../../../src/libraries/PublicValues.sol";
import { ModelSpec, OutputSchema, Packing } from "../../../src/types/Schemas.sol";
import { HashVerifier } from "./HashVerifier.sol";
import { OracleTest } from "./OracleTest.sol";

/// @dev Everything that can be done to an oracle, and a record of what came of it.
contract OracleHandler is OracleTest {
    /// @dev A round as it was when it was accepted, and how.
    struct Accepted {
        int256 answer;
        uint256 startedAt;
        uint256 acceptedAt;
        bytes20 provenance;
        uint32 version;
        bool confirmed;
    }

    string private constant HASH_PROOFS = "hash-test-v1";

    HashVerifier private _hasher;
    TestModel[] private _versions;
    Submission[] private _taken;
    uint256 private _newest;
    Accepted[] public accepted;

    bool public tookTwice;
    bool public tookBelowQuorum;
    bool public tookWhileStopped;
    bool public tookOldInputs;
    bool public confirmedTooMuch;
    bool public movedTooFast;
    bool public refusesTheLatest;
    // The round that began anew, and the greatest cap of an answer since, times 10,000.
    uint256 private _anew;
    uint256 private _greatestCap;
    bool public readWhenItShouldNot;

    function setUp() public override {
        super.setUp();
        _hasher = new HashVerifier();
        vm.prank(admin);
        gateway.addRoute(HASH_PROOFS, address(_hasher));
        IERC7992Registry.ModelCommitment memory commitment = _hashCommitment(1e34);
        vm.prank(modelOwner);
        model.id = registry.registerModel(commitment);
        (model.version, model.pin) = (1, registry.pinOf(model.id, 1));
        _versions.push(model);
        oracle = _oracle(source, _config());
    }

    function rounds() external view returns (uint256) {
        return accepted.length;
    }

    function theOracle() external view returns (InferenceOracle) {
        return oracle;
    }

    function theConfig() external pure returns (OracleConfig memory) {
        return _config();
    }

    function _hashCommitment(uint192 scaleE36) private returns (IERC7992Registry.ModelCommitment memory commitment) {
        ModelSpec memory spec = _spec(20, 1);
        spec.outputs[0] = OutputSchema(1, Packing.Wide, scaleE36);
        commitment = _commitment(_newSeed(), spec);
        commitment.proofSystemId = bytes4(keccak256(bytes(HASH_PROOFS)));
    }

    // ------------------------------------------------------------------------------------- actions

    function wait(uint256 time) external {
        skip(bound(time, 1, 10 minutes));
    }

    /// @dev An answer near the last one, or anywhere.
    function submit(uint256 age, int256 number, uint256 mask, bool near) external {
        _try(age, number, mask, near, false);
    }

    function confirm(uint256 age, int256 number, uint256 mask, bool near) external {
        if (oracle.parkedMove().parkedAt != 0) _try(age, number, mask, near, true);
    }

    /// @dev The usual way of a large move.
    function parkAndConfirm(int256 number) external {
        skip(1);
        _try(0, number, MASK, false, false);
        skip(CONFIRM_DELAY);
        if (oracle.parkedMove().parkedAt != 0) _try(0, number, MASK, false, true);
    }

    /// @dev Whatever was taken once.
    function replay(uint256 index, bool confirming) external {
        if (_taken.length == 0) return;
        Submission memory s = _taken[index % _taken.length];
        try this.send(s, confirming) {
            tookTwice = true;
        } catch { }
    }

    function pause() external {
        vm.prank(guardian);
        try oracle.pause() { } catch { }
    }

    function unpause() external {
        vm.prank(owner);
        try oracle.unpause() { } catch { }
    }

    /// @dev A new version, whose steps are finer or coarser.
    function upgrade(uint256 scale) external {
        if (_versions.length == 5) return;
        IERC7992Registry.ModelCommitment memory commitment = _hashCommitment(uint192(bound(scale, 1e33, 1e35)));
        vm.prank(modelOwner);
        registry.updateModel(model.id, commitment);
        skip(registry.delayOf(model.id));
        TestModel memory next = model;
        next.version = registry.executeUpdate(model.id);
        next.pin = registry.pinOf(model.id, next.version);
        _versions.push(next);
    }

    function announce(uint256 version, bool asOwner) external {
        vm.prank(asOwner ? owner : modelOwner);
        try oracle.announceVersion(uint32(bound(version, 1, _versions.length))) { } catch { }
    }

    function executeSwitch(bool inTime) external {
        if (inTime) skip(SWITCH_DELAY);
        try oracle.executeSwitch() {
            model = _versions[oracle.modelVersion() - 1];
        } catch { }
    }

    function veto() external {
        vm.prank(guardian);
        try oracle.vetoSwitch() { } catch { }
    }

    /// @dev Seldom, for there is no way back.
    function deprecate(uint256 version, uint256 seldom) external {
        if (seldom % 8 != 0) return;
        vm.prank(modelOwner);
        try registry.deprecateVersion(model.id, uint32(bound(version, 1, _versions.length))) { } catch { }
        try oracle.halt() { } catch { }
    }

    function prepare(uint256 first, uint256 count) external {
        oracle.prepareHistory(bound(first, 0, 10), bound(count, 0, 10));
    }

    /// @dev Strict reads say what the plain ones say, or nothing.
    function read() external {
        (int256 least, int256 greatest) = oracle.unconfirmedRange();
        if (accepted.length != 0 && (_latestAnswer() < least || _latestAnswer() > greatest)) refusesTheLatest = true;
        bool good = !oracle.paused() && !oracle.isHalted() && !oracle.isStale();
        bool settled = good && oracle.parkedMove().parkedAt == 0;
        try oracle.latestRoundDataStrict() returns (uint80, int256 answer, uint256, uint256, uint80) {
            if (!good || answer != _latestAnswer()) readWhenItShouldNot = true;
        } catch {
            if (good) readWhenItShouldNot = true;
        }
        try oracle.settledRoundData() returns (uint80, int256 answer, uint256, uint256, uint80) {
            if (!settled || answer != _latestAnswer()) readWhenItShouldNot = true;
        } catch {
            if (settled) readWhenItShouldNot = true;
        }
    }

    // ----------------------------------------------------------------------------------- internals

    function _try(uint256 age, int256 number, uint256 mask, bool near, bool confirming) private {
        uint256 timestamp = vm.getBlockTimestamp() + MAX_SKEW - bound(age, 0, MAX_AGE + MAX_SKEW);
        // Mostly a quorum.
        mask = mask % 4 == 0 ? bound(mask, 0, 7) : MASK;
        Submission memory s = _made(timestamp, _integer(number, near), mask, confirming);
        bool stopped = oracle.paused() || oracle.isHalted();
        Observation memory parked = oracle.parkedMove();
        (int256 least, int256 greatest) = oracle.unconfirmedRange();
        try this.send(s, confirming) returns (uint80 round) {
            _taken.push(s);
            if (stopped) tookWhileStopped = true;
            if (timestamp <= _newest) tookOldInputs = true;
            _newest = timestamp;
            if (mask != 3 && mask != 5 && mask != 6 && mask != 7) tookBelowQuorum = true;
            if (round != 0) {
                bool beyond = _record(round, confirming, least, greatest);
                if (beyond && !confirming) movedTooFast = true;
                _checkSpeed(beyond);
            }
            if (round > 1 && confirming) _checkConfirmed(timestamp, parked);
        } catch { }
    }

    /// @dev In the version's steps: near the last answer, or anywhere a little beyond the limits.
    function _integer(int256 number, bool near) private view returns (int256) {
        int256 answer = bound(number, -110e8, 310e8);
        if (near && accepted.length != 0) answer = accepted[accepted.length - 1].answer + number % 2e8;
        uint256 scaleE36 = registry.outputSchemaOf(model.id, model.version, 0).scaleE36;
        return answer * 1e28 / int256(scaleE36);
    }

    function _made(uint256 timestamp, int256 integer, uint256 mask, bool confirming)
        private
        view
        returns (Submission memory s)
    {
        s.evidence = _evidence(source, address(oracle), model.pin, SUBJECT, _dataAt(timestamp), mask);
        s.outputs = _outputWord(model, integer);
        (, uint256 context) = oracle.nextContext(timestamp, confirming);
        s.proof = _hasher.proofOf(
            model.pin.key(), PublicValues.assemble(context, _wordsAt(timestamp), s.outputs, new uint256[](0))
        );
    }

    /// @dev No two rounds without a confirmed move after the first are further from each other than
    /// the greatest cap of an answer since the move before allows for the time between them.
    function _checkSpeed(bool beyond) private {
        uint256 last = accepted.length - 1;
        if (beyond || last == 0) (_anew, _greatestCap) = (last, 0);
        Accepted memory round = accepted[last];
        uint256 cap = SignedMath.abs(round.answer) * 1000;
        if (cap < 1e12) cap = 1e12;
        if (cap > _greatestCap) _greatestCap = cap;
        for (uint256 i = _anew; i < last; ++i) {
            uint256 move = SignedMath.abs(round.answer - accepted[i].answer);
            uint256 time = MOVE_WINDOW + round.acceptedAt - accepted[i].acceptedAt;
            if (move * 10_000 * MOVE_WINDOW > _greatestCap * time) movedTooFast = true;
        }
    }

    /// @dev A confirmed move beyond the cap goes no further than what was parked, and waited long
    /// enough.
    function _checkConfirmed(uint256 timestamp, Observation memory parked) private {
        (int256 last, int256 answer) = (accepted[accepted.length - 2].answer, accepted[accepted.length - 1].answer);
        if (!accepted[accepted.length - 1].confirmed) return;
        bool sameSide = (answer > last) == (parked.answer > last);
        bool further = SignedMath.abs(answer - last) > SignedMath.abs(parked.answer - last);
        if (!sameSide || further || timestamp < parked.parkedAt + CONFIRM_DELAY) confirmedTooMuch = true;
    }

    function send(Submission calldata s, bool confirming) external returns (uint80) {
        return
            confirming ? oracle.confirm(s.evidence, s.outputs, s.proof) : oracle.submit(s.evidence, s.outputs, s.proof);
    }

    /// @dev Returns whether it was a move beyond the cap.
    function _record(uint80 round, bool confirming, int256 least, int256 greatest) private returns (bool beyond) {
        (, int256 answer, uint256 startedAt, uint256 updatedAt,) = oracle.getRoundData(round);
        assertEq(updatedAt, startedAt);
        uint256 acceptedAt = oracle.acceptedAt(round);
        assertEq(acceptedAt, vm.getBlockTimestamp());
        beyond = answer < least || answer > greatest;
        accepted.push(
            Accepted(
                answer,
                startedAt,
                acceptedAt,
                oracle.provenanceOf(round),
                oracle.versionOfRound(round),
                confirming && beyond
            )
        );
    }
}

contract InferenceOracleInvariantTest is OracleTest {
    OracleHandler private _handler;

    function setUp() public override {
        _handler = new OracleHandler();
        _handler.setUp();
        oracle = _handler.theOracle();
        targetContract(address(_handler));
        bytes4[] memory selectors = new bytes4[](14);
        selectors[0] = _handler.wait.selector;
        selectors[1] = _handler.submit.selector;
        selectors[2] = _handler.confirm.selector;
        selectors[3] = _handler.parkAndConfirm.selector;
        selectors[4] = _handler.replay.selector;
        selectors[5] = _handler.pause.selector;
        selectors[6] = _handler.unpause.selector;
        selectors[7] = _handler.upgrade.selector;
        selectors[8] = _handler.announce.selector;
        selectors[9] = _handler.executeSwitch.selector;
        selectors[10] = _handler.veto.selector;
        selectors[11] = _handler.deprecate.selector;
        selectors[12] = _handler.prepare.selector;
        selectors[13] = _handler.read.selector;
        targetSelector(FuzzSelector(address(_handler), selectors));
    }

    function _accepted(uint256 i) private view returns (OracleHandler.Accepted memory round) {
        (round.answer, round.startedAt, round.acceptedAt, round.provenance, round.version, round.confirmed) =
            _handler.accepted(i);
    }

    /// @dev Whatever is done to an oracle, all of these hold. Together, for one campaign.
    function invariant_WhateverHappens() public view {
        _roundsAreMonotonic();
        _answersAreInRange();
        _movesBeyondTheCapAreConfirmed();
        _nothingIsTakenThatShouldNotBe();
        _historyNeverChanges();
    }

    /// @dev Rounds never repeat or decrease: they are numbered 1, 2, 3, …, each newer in its inputs
    /// than the one before and no older in its acceptance; nothing is from the future, and no
    /// inputs were older than the limits allow.
    function _roundsAreMonotonic() private view {
        uint256 count = _handler.rounds();
        (uint256 started, uint256 taken) = (0, 0);
        for (uint256 i = 0; i < count; ++i) {
            OracleHandler.Accepted memory round = _accepted(i);
            // What is from the future counts as from now; two such can seem to be from the same
            // second.
            assertTrue(round.startedAt > started || round.startedAt == round.acceptedAt);
            assertGe(round.startedAt, started);
            assertGe(round.acceptedAt, taken);
            assertLe(round.startedAt, round.acceptedAt);
            uint256 oldest = round.confirmed ? 2 * MAX_AGE + CONFIRM_DELAY + CONFIRM_WINDOW : MAX_AGE;
            assertLe(round.acceptedAt - round.startedAt, oldest);
            (started, taken) = (round.startedAt, round.acceptedAt);
        }
        if (count == 0) return;
        (uint80 latest, int256 answer, uint256 startedAt, uint256 updatedAt,) = oracle.latestRoundData();
        assertEq(latest, count);
        assertEq(answer, _accepted(count - 1).answer);
        assertEq(startedAt, started);
        assertEq(updatedAt, started);
        assertEq(oracle.acceptedAt(latest), taken);
        assertLe(taken, vm.getBlockTimestamp());
    }

    /// @dev No accepted answer lies outside of [min, max].
    function _answersAreInRange() private view {
        OracleConfig memory config = _handler.theConfig();
        for (uint256 i = 0; i < _handler.rounds(); ++i) {
            int256 answer = _accepted(i).answer;
            assertTrue(answer >= config.minAnswer && answer <= config.maxAnswer);
        }
    }

    /// @dev Without confirmation answers never move by more than the cap allows for the time,
    /// however many rounds and versions lie between. And the latest answer could always be taken
    /// again.
    function _movesBeyondTheCapAreConfirmed() private view {
        assertFalse(_handler.movedTooFast());
        assertFalse(_handler.refusesTheLatest());
    }

    /// @dev All inputs that are taken are newer than all that were taken before. What is confirmed
    /// was parked: never further from the last round than that, nor before the delay is over. No
    /// proof counts twice: what was taken once, as a round or as a parked move, is never taken
    /// again, neither as a submission nor as a confirmation. Nothing is taken that a quorum didn't
    /// sign, nor while paused or halted. Strict reads answer exactly when they should.
    function _nothingIsTakenThatShouldNotBe() private view {
        assertFalse(_handler.tookTwice());
        assertFalse(_handler.tookOldInputs());
        assertFalse(_handler.confirmedTooMuch());
        assertFalse(_handler.tookBelowQuorum());
        assertFalse(_handler.tookWhileStopped());
        assertFalse(_handler.readWhenItShouldNot());
    }

    /// @dev A round that is kept is what it was when it was accepted: answer, times, provenance and
    /// version; and the last eight are kept.
    function _historyNeverChanges() private view {
        uint256 count = _handler.rounds();
        for (uint256 i = count < 8 ? 0 : count - 8; i < count; ++i) {
            OracleHandler.Accepted memory round = _accepted(i);
            (, int256 answer, uint256 startedAt, uint256 updatedAt,) = oracle.getRoundData(uint80(i + 1));
            assertEq(answer, round.answer);
            assertEq(startedAt, round.startedAt);
            assertEq(updatedAt, round.startedAt);
            assertEq(oracle.acceptedAt(uint80(i + 1)), round.acceptedAt);
            assertEq(oracle.provenanceOf(uint80(i + 1)), round.provenance);
            assertEq(oracle.versionOfRound(uint80(i + 1)), round.version);
        }
    }
}
