// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity 0.8.37;

import { IVerdictRoutes } from "../../../src/core/gateway/IVerdictRoutes.sol";
import { IERC7992Registry, IERC7992Verifier } from "../../../src/interfaces/IERC7992.sol";
import { PublicValues } from "../../../src/libraries/PublicValues.sol";
import { ModelSpec, Packing } from "../../../src/types/Schemas.sol";
import { CoreTest } from "../../utils/CoreTest.sol";

/// @dev ERC-7992's `verifyInference`.
contract VerdictGatewayErc7992Test is CoreTest {
    bytes32 private constant SALT = keccak256("salt");

    TestModel private _model;
    uint256[] private _inputs;
    int256[] private _outputs;
    uint256[] private _none;

    function setUp() public override {
        super.setUp();
        _model = _register(_spec(20, 3));
        _inputs = _inputWords(new int256[](20));
        _outputs = [int256(-1), 0, 32_767];
    }

    function _commit() private view returns (bytes32) {
        return gateway.inputCommitmentOf(SALT, _inputs, _none);
    }

    function _output() private view returns (bytes memory) {
        return abi.encode(_outputs);
    }

    /// @dev Of a model without commitments.
    function _proofOf(TestModel memory model) private view returns (bytes memory) {
        uint256[] memory publicValues = PublicValues.assemble(
            _context(model, address(gateway), _commit()), _inputs, _outputWords(model, _outputs), _none
        );
        return abi.encodePacked(model.version, SALT, _inputs, _prove(model, publicValues));
    }

    function _expectAccepted() private {
        vm.expectEmit(address(gateway));
        emit IERC7992Verifier.InferenceVerified(_model.id, _commit(), _output(), address(this));
    }

    // ------------------------------------------------------------------------------------- accepts

    function test_VerifiesAnInference() public {
        bytes memory proof = _proofOf(_model);
        _expectAccepted();
        gateway.verifyInference(_model.id, _commit(), _output(), proof);
        vm.snapshotGasLastCall("VerdictGateway", "verifyInference, 20 inputs, 3 outputs");
    }

    function testFuzz_VerifiesEveryOutput(int16 a, int16 b, int16 c) public {
        _outputs = [int256(a), b, c];
        bytes memory proof = _proofOf(_model);
        _expectAccepted();
        gateway.verifyInference(_model.id, _commit(), _output(), proof);
    }

    function test_VerifiesABatchWithCommittedInputs() public {
        ModelSpec memory spec = _batchSpec(3, 9, 17);
        // One for each item.
        spec.commitments = 3;
        TestModel memory model = _register(spec);
        _inputs = _none;
        uint256[] memory commitments = new uint256[](3);
        (commitments[0], commitments[1], commitments[2]) = (123, 456, 789);
        bytes32 inputCommitment = gateway.inputCommitmentOf(SALT, _inputs, commitments);
        // The items' first words, then their second; the output has the values item by item.
        uint256[] memory words = new uint256[](6);
        _outputs = new int256[](51);
        for (uint256 k = 0; k < 3; ++k) {
            int256[] memory values = new int256[](17);
            for (uint256 i = 0; i < 17; ++i) {
                values[i] = int256(100 * k + i);
                _outputs[17 * k + i] = values[i];
            }
            uint256[] memory item = PublicValues.pack(values, Packing.Signed);
            (words[k], words[3 + k]) = (item[0], item[1]);
        }
        uint256[] memory publicValues =
            PublicValues.assemble(_context(model, address(gateway), inputCommitment), _inputs, words, commitments);
        bytes memory proof = abi.encodePacked(model.version, SALT, commitments, _prove(model, publicValues));
        gateway.verifyInference(model.id, inputCommitment, _output(), proof);
    }

    function test_VerifiesAnOlderVersionAndTheLatest() public {
        TestModel memory next = _upgrade(_model, _spec(20, 3));
        gateway.verifyInference(_model.id, _commit(), _output(), _proofOf(_model));
        gateway.verifyInference(_model.id, _commit(), _output(), _proofOf(next));
    }

    function test_InputCommitmentIsAnEip712Struct() public view {
        bytes32 typehash = keccak256("VerdictInputs(bytes32 salt,bytes inputs,bytes commitments)");
        bytes32 expected = keccak256(abi.encode(typehash, SALT, keccak256(abi.encodePacked(_inputs)), keccak256("")));
        assertEq(_commit(), expected);
    }

    function test_HasTheAbiOfErc7992() public pure {
        bytes4 id = bytes4(keccak256("verifyInference(uint256,bytes32,bytes,bytes)"))
            ^ bytes4(keccak256("proofSystemOf(uint256)")) ^ bytes4(keccak256("registry()"));
        assertEq(type(IERC7992Verifier).interfaceId, id);
        assertEq(
            IERC7992Verifier.InferenceVerified.selector, keccak256("InferenceVerified(uint256,bytes32,bytes,address)")
        );
    }

    // ------------------------------------------------------------------------------------- refuses

    function test_RevertWhen_TheProofIsWrong() public {
        bytes memory proof = _proofOf(_model);
        proof[proof.length - 1] ^= 0x01;
        _refuse(_commit(), _output(), proof, IERC7992Verifier.InvalidProof.selector);
        _outputs[0] = 1;
        _refuse(_commit(), _output(), _proofOf(_model), 0);
        bytes memory other = _output();
        _outputs[0] = 2;
        _refuse(_commit(), other, _proofOf(_model), IERC7992Verifier.InvalidProof.selector);
    }

    function test_RevertWhen_TheProofIsShort() public {
        bytes memory proof = _proofOf(_model);
        uint256[6] memory lengths = [uint256(0), 4, 35, 36, 36 + 63, 36 + 64];
        for (uint256 i = 0; i < lengths.length; ++i) {
            bytes memory cut = new bytes(lengths[i]);
            for (uint256 j = 0; j < cut.length; ++j) {
                cut[j] = proof[j];
            }
            _refuse(_commit(), _output(), cut, IERC7992Verifier.InvalidProof.selector);
        }
    }

    function test_RevertWhen_TheVersionIsNotTheModels() public {
        bytes memory proof = _proofOf(_model);
        proof[3] = 0x00;
        _refuse(_commit(), _output(), proof, IERC7992Verifier.ModelMismatch.selector);
        proof[3] = 0x02;
        _refuse(_commit(), _output(), proof, IERC7992Verifier.ModelMismatch.selector);
    }

    function test_RevertWhen_TheModelIsNotThere() public {
        bytes memory proof = _proofOf(_model);
        vm.expectRevert(abi.encodeWithSelector(IERC7992Registry.ModelNotFound.selector, 99));
        gateway.verifyInference(99, bytes32(0), "", proof);
    }

    function test_RevertWhen_TheInputCommitmentIsAnother() public {
        bytes memory proof = _proofOf(_model);
        bytes4 selector = IERC7992Verifier.InputCommitmentMismatch.selector;
        _refuse(bytes32(0), _output(), proof, selector);
        // Another salt, or another input.
        bytes32 commitment = _commit();
        proof[4] ^= 0x01;
        _refuse(commitment, _output(), proof, selector);
        proof[4] ^= 0x01;
        proof[36 + 63] ^= 0x01;
        _refuse(commitment, _output(), proof, selector);
    }

    function test_RevertWhen_TheOutputIsNotTheSchemas() public {
        bytes memory proof = _proofOf(_model);
        bytes4 selector = IERC7992Verifier.OutputMismatch.selector;
        _refuse(_commit(), "", proof, selector);
        _refuse(_commit(), new bytes(63), proof, selector);
        _refuse(_commit(), new bytes(160), proof, selector);
        _refuse(_commit(), abi.encode(new int256[](2)), proof, selector);
        _refuse(_commit(), abi.encode(new int256[](4)), proof, selector);
        _refuse(_commit(), bytes.concat(_output(), hex"00"), proof, selector);
        // The same values at an unusual offset, with an unusual length, cut off.
        _refuse(_commit(), abi.encodePacked(uint256(64), uint256(0), uint256(3), _outputs), proof, selector);
        _refuse(_commit(), abi.encodePacked(uint256(0), uint256(3), _outputs), proof, selector);
        _refuse(_commit(), abi.encodePacked(uint256(32), type(uint256).max, _outputs), proof, selector);
        _refuse(_commit(), abi.encodePacked(uint256(32), uint256(3), _outputs[0], _outputs[1]), proof, selector);
    }

    function test_RevertWhen_AnOutputIsOutOfRange() public {
        bytes memory proof = _proofOf(_model);
        bytes32 commitment = _commit();
        _outputs[1] = 32_768;
        vm.expectRevert(abi.encodeWithSelector(PublicValues.ValueOutOfRange.selector, 1, 32_768));
        gateway.verifyInference(_model.id, commitment, _output(), proof);
    }

    /// @dev Where `getModel` says deprecated, nothing is verified, of an older version either; and
    /// where something is verified, it doesn't.
    function test_GetModelAndVerificationAgree() public {
        bytes memory first = _proofOf(_model);
        TestModel memory next = _upgrade(_model, _spec(20, 3));
        bytes memory second = _proofOf(next);
        (bytes32 commitment, bytes memory output) = (_commit(), _output());
        (, bool deprecated,) = registry.getModel(_model.id);
        assertFalse(deprecated);
        gateway.verifyInference(_model.id, commitment, output, first);
        gateway.verifyInference(_model.id, commitment, output, second);
        vm.prank(modelOwner);
        registry.deprecateVersion(_model.id, 2);
        (, deprecated,) = registry.getModel(_model.id);
        assertTrue(deprecated);
        bytes memory reason =
            abi.encodeWithSelector(IERC7992Verifier.VerificationRefused_ModelDeprecated.selector, _model.id);
        vm.expectRevert(reason);
        gateway.verifyInference(_model.id, commitment, output, first);
        vm.expectRevert(reason);
        gateway.verifyInference(_model.id, commitment, output, second);
        // Those who pinned the first version go on.
        assertTrue(registry.isActive(_model.id, 1));
        // Another version ends it.
        _upgrade(_model, _spec(20, 3));
        gateway.verifyInference(_model.id, commitment, output, first);
    }

    function test_RevertWhen_TheModelOrVersionIsDeprecated() public {
        TestModel memory next = _upgrade(_model, _spec(20, 3));
        vm.prank(modelOwner);
        registry.deprecateVersion(_model.id, 1);
        bytes memory reason =
            abi.encodeWithSelector(IERC7992Verifier.VerificationRefused_ModelDeprecated.selector, _model.id);
        bytes memory proof = _proofOf(_model);
        bytes32 commitment = _commit();
        vm.expectRevert(reason);
        gateway.verifyInference(_model.id, commitment, _output(), proof);
        proof = _proofOf(next);
        gateway.verifyInference(_model.id, commitment, _output(), proof);
        vm.prank(modelOwner);
        registry.deprecateModel(_model.id);
        vm.expectRevert(reason);
        gateway.verifyInference(_model.id, commitment, _output(), proof);
    }

    function test_RevertWhen_TheRouteIsFrozenOrNotPinned() public {
        bytes memory proof = _proofOf(_model);
        bytes32 commitment = _commit();
        vm.prank(admin);
        bytes4 other = gateway.addRoute("other-v1", address(verifier));
        gateway.pinRoute(other);
        vm.expectRevert(abi.encodeWithSelector(IVerdictRoutes.RouteNotPinned.selector, address(this), other, ROUTE));
        gateway.verifyInference(_model.id, commitment, _output(), proof);
        gateway.pinRoute(0);
        vm.prank(guardian);
        gateway.freezeRoute(ROUTE);
        vm.expectRevert(abi.encodeWithSelector(IVerdictRoutes.RouteIsFrozen.selector, ROUTE));
        gateway.verifyInference(_model.id, commitment, _output(), proof);
    }

    /// @dev A consumer's proof isn't good here, nor one from here at a consumer: the context is the
    /// gateway's own.
    function test_Attack_ProofOfAConsumerIsReplayedHere() public {
        uint256[] memory publicValues = PublicValues.assemble(
            _context(_model, address(this), _commit()), _inputs, _outputWords(_model, _outputs), _none
        );
        bytes memory proof = abi.encodePacked(_model.version, SALT, _inputs, _prove(_model, publicValues));
        _refuse(_commit(), _output(), proof, IERC7992Verifier.InvalidProof.selector);
    }

    function test_Attack_ProofIsReplayedOnAnotherChain() public {
        bytes memory proof = _proofOf(_model);
        vm.chainId(5);
        _refuse(_commit(), _output(), proof, IERC7992Verifier.InvalidProof.selector);
    }

    /// @dev Accepted for selector zero.
    function _refuse(bytes32 inputCommitment, bytes memory output, bytes memory proof, bytes4 selector) private {
        if (selector != 0) vm.expectRevert(selector);
        gateway.verifyInference(_model.id, inputCommitment, output, proof);
    }
}
