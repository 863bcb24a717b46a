// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity ^0.8.24;

import { Ownable } from "@openzeppelin/contracts/access/Ownable.sol";
import { Pausable } from "@openzeppelin/contracts/utils/Pausable.sol";

import { IVerdictRoutes } from "verdict/src/core/gateway/IVerdictRoutes.sol";
import { IModelRegistry } from "verdict/src/core/registry/IModelRegistry.sol";
import { IInferenceVerifier } from "verdict/src/core/verifier/interfaces/IInferenceVerifier.sol";
import { IFeatureSource } from "verdict/src/features/IFeatureSource.sol";
import { ModelPin } from "verdict/src/types/ModelPin.sol";
import { ConsumerTest } from "verdict/testing/ConsumerTest.sol";
import { MockFeatures } from "verdict/testing/mocks/MockFeatures.sol";

import { ScoreGate } from "../src/ScoreGate.sol";

/// @dev The model has three inputs and one score of hundredths; the gate opens at 0.70.
contract ScoreGateTest is ConsumerTest {
    uint256 private constant PASS = 30 days;
    uint256 private constant MAXIMUM_AGE = 1 hours;
    int256 private constant THRESHOLD = 0.7e18;
    uint256 private constant START = 1_800_000_000;

    TestModel private _model;
    MockFeatures private _source;
    ScoreGate private _gate;
    address private _owner = makeAddr("owner");
    address private _alice = makeAddr("alice");
    address private _bob = makeAddr("bob");

    /// @dev What `admit` takes.
    struct Admission {
        address account;
        uint256 deadline;
        uint256[] outputs;
        bytes proof;
    }

    function setUp() public override {
        super.setUp();
        vm.warp(START);
        _model = _register(_spec(3, 1));
        _source = new MockFeatures();
        _gate = _newGate(PASS, MAXIMUM_AGE);
        _vouch(_alice, 1, START);
    }

    function _newGate(uint256 passDuration, uint256 maximumAge) private returns (ScoreGate) {
        return new ScoreGate(gateway, _model.id, _model.version, _source, passDuration, maximumAge, THRESHOLD, _owner);
    }

    /// @dev The source vouches for these inputs of an account.
    function _vouch(address account, int256 tag, uint256 time) private {
        _source.setSubject(bytes32(uint256(uint160(account))));
        _source.set(_words(tag), uint64(time), 0);
    }

    function _words(int256 tag) private pure returns (uint256[] memory) {
        int256[] memory values = new int256[](3);
        values[0] = tag;
        return _inputWords(values);
    }

    /// @dev A right proof, for the account's next admission, that its score is `score` hundredths.
    function _admission(address account, int256 score) private view returns (Admission memory made) {
        (made.account, made.deadline) = (account, block.timestamp + 10 minutes);
        made.outputs = _outputWord(_model, score);
        bytes32 payload = _gate.payloadOf(account, made.deadline);
        made.proof = _proveFor(_model, address(_gate), payload, _words(1), made.outputs);
    }

    function _admit(Admission memory a) private {
        _gate.admit(a.account, a.deadline, "", a.outputs, a.proof);
    }

    function _refuse(Admission memory a, bytes memory reason) private {
        vm.expectRevert(reason);
        _admit(a);
    }

    function _refuse(Admission memory a, bytes4 selector) private {
        _refuse(a, abi.encodeWithSelector(selector));
    }

    // ------------------------------------------------------------------------------------ accepted

    function test_AdmitsWhomTheModelScoresHighly() public {
        Admission memory a = _admission(_alice, 85);
        vm.expectEmit(address(_gate));
        emit ScoreGate.Admitted(_alice, 0.85e18, START + PASS, 0);
        vm.prank(_bob);
        _admit(a);
        assertTrue(_gate.passes(_alice));
        assertFalse(_gate.passes(_bob));
        assertEq(_gate.accountOf(_alice).until, START + PASS);
        assertEq(_gate.accountOf(_alice).dataTime, START);
        assertEq(_gate.accountOf(_alice).nonce, 1);
    }

    function test_APassEnds() public {
        _admit(_admission(_alice, 85));
        skip(PASS - 1);
        assertTrue(_gate.passes(_alice));
        skip(1);
        assertFalse(_gate.passes(_alice));
    }

    function test_NewerInputsRenewAPass() public {
        _admit(_admission(_alice, 85));
        skip(1 days);
        _vouch(_alice, 1, block.timestamp);
        _admit(_admission(_alice, 70));
        assertEq(_gate.accountOf(_alice).until, block.timestamp + PASS);
        assertEq(_gate.accountOf(_alice).nonce, 2);
    }

    function testFuzz_AdmitsExactlyAtOrAboveTheThreshold(int16 score, int256 threshold) public {
        threshold = bound(threshold, -400e18, 400e18);
        vm.prank(_owner);
        _gate.setThreshold(threshold);
        Admission memory a = _admission(_alice, score);
        int256 real = int256(score) * 1e16;
        if (real < threshold) {
            _refuse(a, abi.encodeWithSelector(ScoreGate.ScoreTooLow.selector, threshold, real));
        } else {
            _admit(a);
        }
        assertEq(_gate.passes(_alice), real >= threshold);
    }

    function test_TellsWhatItIs() public view {
        assertEq(ModelPin.unwrap(_gate.pin()), ModelPin.unwrap(_model.pin));
        assertEq(address(_gate.source()), address(_source));
        assertEq(_gate.PASS_DURATION(), PASS);
        assertEq(_gate.MAXIMUM_AGE(), MAXIMUM_AGE);
        assertEq(_gate.threshold(), THRESHOLD);
        assertEq(_gate.owner(), _owner);
    }

    // -------------------------------------------------------------- right proofs of something else

    function test_RevertWhen_TheProofIsOfAnotherScore() public {
        Admission memory a = _admission(_alice, 85);
        a.outputs = _outputWord(_model, 86);
        _refuse(a, IInferenceVerifier.ProofRejected.selector);
    }

    function testFuzz_RevertWhen_TheProofIsOfOtherInputs(int16 tag) public {
        vm.assume(tag != 1);
        Admission memory a = _admission(_alice, 85);
        _vouch(_alice, tag, START);
        _refuse(a, IInferenceVerifier.ProofRejected.selector);
    }

    function test_RevertWhen_TheProofIsForAnotherAccountDeadlineGateOrChain() public {
        Admission memory a = _admission(_alice, 85);
        _source.setSubject(bytes32(uint256(uint160(_bob))));
        a.account = _bob;
        _refuse(a, IInferenceVerifier.ProofRejected.selector);
        (a.account, a.deadline) = (_alice, a.deadline + 1);
        _refuse(a, IInferenceVerifier.ProofRejected.selector);
        --a.deadline;
        ScoreGate other = _newGate(PASS, MAXIMUM_AGE);
        vm.expectRevert(IInferenceVerifier.ProofRejected.selector);
        other.admit(a.account, a.deadline, "", a.outputs, a.proof);
        vm.chainId(5);
        _refuse(a, IInferenceVerifier.ProofRejected.selector);
        vm.chainId(31_337);
        _admit(a);
    }

    /// @dev Even of newer inputs that are the same: the nonce has changed.
    function test_RevertWhen_AProofComesBack() public {
        Admission memory a = _admission(_alice, 85);
        _admit(a);
        skip(1 minutes);
        _vouch(_alice, 1, block.timestamp);
        _refuse(a, IInferenceVerifier.ProofRejected.selector);
    }

    /// @dev Words that are passed off as outputs can't take the place of inputs.
    function test_RevertWhen_TheSourceGivesTooFewWords() public {
        Admission memory a = _admission(_alice, 85);
        uint256[] memory outputs = new uint256[](2);
        (outputs[0], outputs[1]) = (_words(1)[0], a.outputs[0]);
        a.outputs = outputs;
        _source.set(new uint256[](0), uint64(START), 0);
        _refuse(a, abi.encodeWithSelector(ScoreGate.WrongFeatureCount.selector, 1, 0));
    }

    function test_RevertWhen_TheSourceGivesCommitmentsThatTheModelHasNot() public {
        Admission memory a = _admission(_alice, 85);
        _source.setCommitments(new uint256[](1));
        _refuse(a, abi.encodeWithSelector(ScoreGate.WrongFeatureCount.selector, 1, 2));
    }

    // -------------------------------------------------------------------------------- other errors

    function test_RevertWhen_TheSourceKnowsNothingOfTheAccount() public {
        Admission memory a = _admission(_bob, 85);
        bytes32 subject = bytes32(uint256(uint160(_bob)));
        _refuse(a, abi.encodeWithSelector(IFeatureSource.WrongSubject.selector, 0, subject));
    }

    function test_RevertWhen_TheDeadlineIsOver() public {
        Admission memory a = _admission(_alice, 85);
        vm.warp(a.deadline + 1);
        _refuse(a, abi.encodeWithSelector(ScoreGate.DeadlineOver.selector, a.deadline));
    }

    function test_RevertWhen_TheScoreIsTooLow() public {
        _refuse(_admission(_alice, 69), abi.encodeWithSelector(ScoreGate.ScoreTooLow.selector, THRESHOLD, 0.69e18));
    }

    function test_RevertWhen_TheInputsAreTooOldOrFromTheFuture() public {
        bytes4 selector = ScoreGate.InputsOutOfTime.selector;
        _vouch(_alice, 1, START - MAXIMUM_AGE - 1);
        _refuse(_admission(_alice, 85), abi.encodeWithSelector(selector, START - MAXIMUM_AGE, START - MAXIMUM_AGE - 1));
        _vouch(_alice, 1, START + 1);
        _refuse(_admission(_alice, 85), abi.encodeWithSelector(selector, START - MAXIMUM_AGE, START + 1));
        // A chain that is younger than the maximum age.
        vm.warp(1);
        _refuse(_admission(_alice, 85), abi.encodeWithSelector(selector, 0, START + 1));
    }

    function test_RevertWhen_TheInputsAreNotNewer() public {
        _admit(_admission(_alice, 85));
        _refuse(_admission(_alice, 85), abi.encodeWithSelector(ScoreGate.InputsNotNewer.selector, START, START));
    }

    function test_RevertWhen_TheVersionIsDeprecated() public {
        Admission memory a = _admission(_alice, 85);
        vm.prank(modelOwner);
        registry.deprecateVersion(_model.id, _model.version);
        _refuse(a, abi.encodeWithSelector(ScoreGate.ModelNotActive.selector, _model.id, _model.version));
    }

    function test_RevertWhen_TheRouteIsFrozen() public {
        Admission memory a = _admission(_alice, 85);
        vm.prank(guardian);
        gateway.freezeRoute(ROUTE);
        _refuse(a, abi.encodeWithSelector(IVerdictRoutes.RouteIsFrozen.selector, ROUTE));
    }

    function test_RevertWhen_TheGateIsPaused() public {
        _admit(_admission(_alice, 85));
        vm.prank(_owner);
        _gate.pause();
        assertFalse(_gate.passes(_alice));
        _refuse(_admission(_alice, 85), Pausable.EnforcedPause.selector);
        vm.prank(_owner);
        _gate.unpause();
        assertTrue(_gate.passes(_alice));
    }

    // -------------------------------------------------------------------------------- construction

    function test_RevertWhen_ADurationIsZero() public {
        vm.expectRevert(ScoreGate.NoDuration.selector);
        _newGate(0, MAXIMUM_AGE);
        vm.expectRevert(ScoreGate.NoDuration.selector);
        _newGate(PASS, 0);
    }

    function test_RevertWhen_TheSourceDoesNotCoverTheVersion() public {
        _source.refuse();
        vm.expectRevert(abi.encodeWithSelector(ScoreGate.SourceDoesNotCover.selector, _model.id, 1));
        _newGate(PASS, MAXIMUM_AGE);
    }

    function test_RevertWhen_TheModelGivesNoSingleScore() public {
        _model = _register(_spec(3, 2));
        vm.expectRevert(ScoreGate.NotASingleScore.selector);
        _newGate(PASS, MAXIMUM_AGE);
        _model = _register(_batchSpec(4, 3, 1));
        vm.expectRevert(ScoreGate.NotASingleScore.selector);
        _newGate(PASS, MAXIMUM_AGE);
    }

    function test_RevertWhen_TheVersionIsDeprecatedAtConstruction() public {
        vm.prank(modelOwner);
        registry.deprecateVersion(_model.id, 1);
        vm.expectRevert(abi.encodeWithSelector(IModelRegistry.VersionIsDeprecated.selector, _model.id, 1));
        _newGate(PASS, MAXIMUM_AGE);
    }

    // --------------------------------------------------------------------------------------- owner

    function test_TheOwnerEndsAPass() public {
        _admit(_admission(_alice, 85));
        vm.expectEmit(address(_gate));
        emit ScoreGate.Revoked(_alice);
        vm.prank(_owner);
        _gate.revoke(_alice);
        assertFalse(_gate.passes(_alice));
    }

    function test_TheOwnerChoosesTheThreshold() public {
        vm.expectEmit(address(_gate));
        emit ScoreGate.ThresholdChanged(0.9e18);
        vm.prank(_owner);
        _gate.setThreshold(0.9e18);
        _refuse(_admission(_alice, 85), abi.encodeWithSelector(ScoreGate.ScoreTooLow.selector, 0.9e18, 0.85e18));
    }

    function testFuzz_RevertWhen_SomebodyElseActsAsTheOwner(address other) public {
        vm.assume(other != _owner);
        bytes memory reason = abi.encodeWithSelector(Ownable.OwnableUnauthorizedAccount.selector, other);
        vm.startPrank(other);
        vm.expectRevert(reason);
        _gate.setThreshold(0);
        vm.expectRevert(reason);
        _gate.revoke(_alice);
        vm.expectRevert(reason);
        _gate.pause();
        vm.expectRevert(reason);
        _gate.unpause();
    }

    /// @dev The proof itself is checked by the real verifier: without a proof nobody passes.
    function testFuzz_RevertWhen_ABitOfTheProofIsFlipped(uint256 bit) public {
        Admission memory a = _admission(_alice, 85);
        bit %= a.proof.length * 8;
        a.proof[bit / 8] ^= bytes1(uint8(1 << (bit % 8)));
        vm.expectRevert();
        _admit(a);
        assertFalse(_gate.passes(_alice));
    }
}
