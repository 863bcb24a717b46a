// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity 0.8.37;

import { IInferenceOracle } from "../../../src/consumers/oracle/IInferenceOracle.sol";
import { InferenceOracle } from "../../../src/consumers/oracle/InferenceOracle.sol";
import { IVerdictRoutes } from "../../../src/core/gateway/IVerdictRoutes.sol";
import { IInferenceVerifier } from "../../../src/core/verifier/interfaces/IInferenceVerifier.sol";
import { Features } from "../../../src/features/IFeatureSource.sol";
import { SignerSet } from "../../../src/features/SignerSet.sol";
import { PublicValues } from "../../../src/libraries/PublicValues.sol";
import { FreeSource, FrontRunner } from "./Mocks.sol";
import { OracleTest } from "./OracleTest.sol";

/// @dev What must fail although every proof here is right, of some statement. See also
/// `InferenceOracle.moves.t.sol` and `ModelFollower.t.sol`.
contract InferenceOracleAttackTest is OracleTest {
    function _rejected(Submission memory s) private {
        vm.expectRevert(IInferenceVerifier.ProofRejected.selector);
        _submit(s);
    }

    function test_Attack_ReplayWithNewerEvidence() public {
        Submission memory first = _submission(START, 1000, false);
        _submit(first);
        vm.expectRevert(abi.encodeWithSelector(IInferenceOracle.InputsNotNewer.selector, START, START));
        _submit(first);
        // With newer evidence, of the same words even.
        skip(1);
        Features memory data = _dataAt(START);
        data.timestamp = uint64(vm.getBlockTimestamp());
        first.evidence = _evidence(source, address(oracle), model.pin, SUBJECT, data, MASK);
        _rejected(first);
    }

    /// @dev There are many proofs of one statement; they count once.
    function test_Attack_AnotherProofOfTheSame() public {
        Submission memory s = _submission(START, 1000, false);
        uint256 context = _context(model, address(oracle), _payload(START, 0));
        uint256[] memory publicValues = PublicValues.assemble(context, _wordsAt(START), s.outputs, new uint256[](0));
        bytes memory another = _prove(model, publicValues, 99);
        _submit(s);
        s.proof = another;
        vm.expectRevert(abi.encodeWithSelector(IInferenceOracle.InputsNotNewer.selector, START, START));
        _submit(s);
    }

    function test_Attack_ReplayOnAnotherConsumer() public {
        Submission memory s = _submission(START, 1000, false);
        InferenceOracle other = _oracle(source, _config());
        vm.expectRevert(abi.encodeWithSelector(SignerSet.InvalidSignature.selector, signerSet[0]));
        other.submit(s.evidence, s.outputs, s.proof);
        s.evidence = _evidence(source, address(other), model.pin, SUBJECT, _dataAt(START), MASK);
        vm.expectRevert(IInferenceVerifier.ProofRejected.selector);
        other.submit(s.evidence, s.outputs, s.proof);
    }

    function test_Attack_ReplayOnAnotherChain() public {
        Submission memory s = _submission(START, 1000, false);
        vm.chainId(5);
        vm.expectRevert(abi.encodeWithSelector(SignerSet.InvalidSignature.selector, signerSet[0]));
        _submit(s);
        s.evidence = _signedAt(START);
        _rejected(s);
    }

    function test_Attack_ProofOfAnotherModel() public {
        Submission memory s = _submission(START, 1000, false);
        TestModel memory registered = model;
        model = _register(_spec(20, 1));
        s.proof = _proofFor(START, 0, _wordsAt(START), s.outputs);
        model = registered;
        vm.expectRevert(IInferenceVerifier.ProofRejected.selector);
        _submit(s);
    }

    function test_Attack_SwappedInputs() public {
        Submission memory s = _submission(START, 1000, false);
        s.proof = _proofFor(START, 0, _wordsAt(START + 1), s.outputs);
        _rejected(s);
    }

    function test_Attack_SwappedOutputs() public {
        Submission memory s = _submission(START, 1000, false);
        s.outputs = _outputWord(model, 1001);
        _rejected(s);
    }

    /// @dev What the submitter says is an output must not be read as an input, nor an input as the
    /// answer.
    function test_Attack_WordsInTheWrongPlace() public {
        Submission memory s = _submission(START, 1000, false);
        uint256[] memory moved = new uint256[](2);
        (moved[0], moved[1]) = (_wordsAt(START)[1], s.outputs[0]);
        Features memory data = _dataAt(START);
        data.words = new uint256[](1);
        data.words[0] = _wordsAt(START)[0];
        bytes memory shifted = _evidence(source, address(oracle), model.pin, SUBJECT, data, MASK);
        vm.expectRevert(abi.encodeWithSelector(IInferenceOracle.WrongFeatureCount.selector, 1, 0));
        oracle.submit(shifted, moved, s.proof);
        vm.expectRevert(abi.encodeWithSelector(IInferenceVerifier.WrongPublicValueCount.selector, 4, 5));
        oracle.submit(s.evidence, moved, s.proof);
        vm.expectRevert(abi.encodeWithSelector(IInferenceVerifier.WrongPublicValueCount.selector, 4, 3));
        oracle.submit(s.evidence, new uint256[](0), s.proof);
    }

    /// @dev A word with a bit that no value owns: no circuit yields one, and it would be another
    /// way to write an answer.
    function test_Attack_StrayBits() public {
        Submission memory s = _submission(START, 1000, false);
        s.outputs[0] |= 1 << 16;
        s.proof = _proofFor(START, 0, _wordsAt(START), s.outputs);
        vm.expectRevert(abi.encodeWithSelector(PublicValues.StrayBits.selector, 3));
        _submit(s);
    }

    function test_Attack_FrontRunningIsHarmless() public {
        Submission memory s = _submission(START, 1000, false);
        FrontRunner runner = new FrontRunner();
        assertEq(runner.run(oracle, s.evidence, s.outputs, s.proof), 1);
        // The round is there, as if its maker had submitted it, and the maker loses gas alone.
        (, int256 answer, uint256 startedAt,,) = oracle.latestRoundData();
        assertEq(answer, 10e8);
        assertEq(startedAt, START);
        vm.expectRevert(abi.encodeWithSelector(IInferenceOracle.InputsNotNewer.selector, START, START));
        _submit(s);
    }

    function test_Attack_BelowQuorum() public {
        Submission memory s = _submission(START, 1000, false);
        s.evidence = _evidence(source, address(oracle), model.pin, SUBJECT, _dataAt(START), 1);
        vm.expectRevert(abi.encodeWithSelector(SignerSet.QuorumNotMet.selector, 2, 1));
        _submit(s);
    }

    /// @dev Old inputs can't undo new ones, however fresh they are.
    function test_Attack_OlderInputsAfterNewer() public {
        Submission memory older = _submission(START, 1000, false);
        skip(30);
        _answer(1010);
        vm.expectRevert(abi.encodeWithSelector(IInferenceOracle.InputsNotNewer.selector, START, START + 30));
        _submit(older);
    }

    function test_Attack_FrozenRoute() public {
        Submission memory s = _submission(START, 1000, false);
        vm.prank(guardian);
        gateway.freezeRoute(ROUTE);
        vm.expectRevert(abi.encodeWithSelector(IVerdictRoutes.RouteIsFrozen.selector, ROUTE));
        _submit(s);
    }

    /// @dev Until someone calls `halt`, a pinned version goes on: deprecation reaches the oracle
    /// when somebody says so.
    function test_Attack_DeprecatedModel() public {
        vm.prank(modelOwner);
        registry.deprecateModel(model.id);
        assertEq(_answer(1000), 1);
        oracle.halt();
        skip(1);
        Submission memory s = _submission(START + 1, 1000, false);
        vm.expectRevert(abi.encodeWithSignature("VersionHalted(uint32)", 1));
        _submit(s);
    }

    /// @dev A source is called statically: it can't submit while a submission runs.
    function test_Attack_ReentrancyThroughTheSource() public {
        FreeSource free = new FreeSource();
        oracle = _oracle(free, _config());
        Features memory data = _dataAt(START);
        free.set(data);
        uint256[] memory outputs = _outputWord(model, 1000);
        bytes memory proof = _proofFor(0, 0, data.words, outputs);
        free.setCall(abi.encodeCall(oracle.halt, ()));
        vm.expectPartialRevert(FreeSource.Reentered.selector);
        oracle.submit("", outputs, proof);
        uint256 snapshot = vm.snapshotState();
        vm.prank(modelOwner);
        registry.deprecateModel(model.id);
        // It would succeed, were it not static.
        oracle.halt();
        vm.revertToState(snapshot);
        vm.prank(modelOwner);
        registry.deprecateModel(model.id);
        vm.expectRevert(abi.encodeWithSelector(FreeSource.Reentered.selector, bytes("")));
        oracle.submit("", outputs, proof);
        free.setCall("");
        assertEq(oracle.submit("", outputs, proof), 1);
    }

    /// @dev A source that gives too many words, or a time from far away, harms nobody but those who
    /// chose it.
    function test_Attack_LyingSource() public {
        FreeSource free = new FreeSource();
        oracle = _oracle(free, _config());
        Features memory data = _dataAt(type(uint64).max);
        free.set(data);
        vm.expectRevert(abi.encodeWithSelector(IInferenceOracle.InputsFromTheFuture.selector, type(uint64).max));
        oracle.submit("", new uint256[](1), "");
        data = _dataAt(START);
        data.words = new uint256[](3);
        free.set(data);
        vm.expectRevert(abi.encodeWithSelector(IInferenceOracle.WrongFeatureCount.selector, 3, 0));
        oracle.submit("", new uint256[](0), "");
    }

    /// @dev Offsets and lengths that point elsewhere don't get past Solidity's decoder.
    function test_Attack_MalformedOffsets() public {
        Submission memory s = _submission(START, 1000, false);
        bytes memory honest = abi.encodeCall(oracle.submit, (s.evidence, s.outputs, s.proof));
        // The three offsets, and the length of `outputs`.
        uint256[3] memory places = [uint256(4 + 30), 4 + 32 + 29, 4 + 64 + 29];
        for (uint256 i = 0; i < 3; ++i) {
            bytes memory broken = bytes.concat(honest);
            broken[places[i]] = 0xff;
            (bool ok, bytes memory reason) = address(oracle).call(broken);
            assertFalse(ok);
            assertEq(reason, "");
        }
        (bool accepted,) = address(oracle).call(honest);
        assertTrue(accepted);
    }
}
