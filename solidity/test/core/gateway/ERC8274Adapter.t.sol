// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity 0.8.37;

import { ERC8274Adapter } from "../../../src/core/gateway/adapters/ERC8274Adapter.sol";
import { IModelRegistry } from "../../../src/core/registry/IModelRegistry.sol";
import { IERC8274ProofVerifier } from "../../../src/interfaces/IERC8274ProofVerifier.sol";
import { PublicValues } from "../../../src/libraries/PublicValues.sol";
import { CoreTest } from "../../utils/CoreTest.sol";

contract ERC8274AdapterTest is CoreTest {
    TestModel private _model;
    IERC8274ProofVerifier private _adapter;
    uint256[] private _inputs;
    uint256[] private _outputs;
    uint256[] private _none;
    bytes32 private _inputHash;
    bytes32 private _outputHash;
    bytes private _metadata;
    bytes private _proof;

    function setUp() public override {
        super.setUp();
        _model = _register(_spec(20, 16));
        _adapter = new ERC8274Adapter(gateway, _model.id, 1, true);
        _inputs = _inputWords(new int256[](20));
        _outputs = _outputWords(_model, new int256[](16));
        _inputHash = keccak256(abi.encodePacked(_inputs));
        _outputHash = keccak256(abi.encodePacked(_outputs));
        _metadata = abi.encode(_inputs, _none, _outputs);
        _proof = _proofFor(address(_adapter), _inputHash, _outputHash);
    }

    function _proofFor(address consumer, bytes32 inputHash, bytes32 outputHash) private view returns (bytes memory) {
        bytes32 payload = keccak256(
            abi.encode(keccak256("VerdictInference8274(bytes32 inputHash,bytes32 outputHash)"), inputHash, outputHash)
        );
        return _prove(
            _model, PublicValues.assemble(_context(_model, consumer, payload), _inputs, _outputs, new uint256[](0))
        );
    }

    function test_Verifies() public {
        assertTrue(_adapter.verify(_inputHash, _outputHash, _metadata, _proof));
        vm.snapshotGasLastCall("ERC8274Adapter", "verify, 20 inputs, 16 outputs");
        assertEq(_adapter.proofSystem(), "verdict-zkml");
    }

    /// @dev Model, gateway and chain are in the profile.
    function test_ProfileNamesTheModel() public {
        bytes32 profile = _adapter.proofProfile();
        TestModel memory other = _register(_spec(20, 16));
        assertNotEq(new ERC8274Adapter(gateway, other.id, 1, true).proofProfile(), profile);
        vm.chainId(5);
        assertNotEq(_adapter.proofProfile(), profile);
    }

    function testFuzz_DoesNotVerifyAnythingElse(uint256 which, uint256 bit) public view {
        bytes memory proof = _proof;
        (bytes32 inputHash, bytes32 outputHash) = (_inputHash, _outputHash);
        (uint256[] memory inputs, uint256[] memory outputs) = (_inputs, _outputs);
        which %= 5;
        if (which == 0) inputHash ^= bytes32(1 << (bit % 256));
        else if (which == 1) outputHash ^= bytes32(1 << (bit % 256));
        else if (which == 2) inputs[bit % inputs.length] ^= 1 << (bit % 250);
        else if (which == 3) outputs[bit % outputs.length] ^= 1 << (bit % 250);
        else proof[bit % proof.length] ^= bytes1(uint8(1 << (bit % 8)));
        bytes memory metadata = abi.encode(inputs, _none, outputs);
        assertFalse(_adapter.verify{ gas: 3_000_000 }(inputHash, outputHash, metadata, proof));
        // Not with hashes that fit, either.
        if (which != 2 && which != 3) return;
        (inputHash, outputHash) = (keccak256(abi.encodePacked(inputs)), keccak256(abi.encodePacked(outputs)));
        assertFalse(_adapter.verify{ gas: 3_000_000 }(inputHash, outputHash, metadata, proof));
    }

    /// @dev One row of words, its parts drawn elsewhere, and a right proof of the row that names just
    /// these parts: an input shown as an output.
    function test_Attack_OtherParts() public view {
        uint256 moved = _inputs.length - 1;
        uint256[] memory inputs = new uint256[](moved);
        for (uint256 i = 0; i < moved; ++i) {
            inputs[i] = _inputs[i];
        }
        uint256[] memory outputs = new uint256[](_outputs.length + 1);
        outputs[0] = _inputs[moved];
        for (uint256 i = 0; i < _outputs.length; ++i) {
            outputs[i + 1] = _outputs[i];
        }
        bytes32 inputHash = keccak256(abi.encodePacked(inputs));
        bytes32 outputHash = keccak256(abi.encodePacked(outputs));
        bytes memory proof = _proofFor(address(_adapter), inputHash, outputHash);
        assertFalse(_adapter.verify(inputHash, outputHash, abi.encode(inputs, _none, outputs), proof));
    }

    /// @dev A right proof under a context that names other hashes than those of its words.
    function test_Attack_OtherHashes() public view {
        bytes32 other = keccak256("what somebody would like to have been said");
        bytes memory proof = _proofFor(address(_adapter), _inputHash, other);
        assertFalse(_adapter.verify(_inputHash, other, _metadata, proof));
        proof = _proofFor(address(_adapter), other, _outputHash);
        assertFalse(_adapter.verify(other, _outputHash, _metadata, proof));
        // A commitment that there is none of.
        uint256[] memory commitments = new uint256[](1);
        bytes32 inputHash = keccak256(abi.encodePacked(_inputs, commitments));
        proof = _proofFor(address(_adapter), inputHash, _outputHash);
        assertFalse(_adapter.verify(inputHash, _outputHash, abi.encode(_inputs, commitments, _outputs), proof));
    }

    /// @dev A model of the attacker's, of the same shape, that proves anything.
    function test_Attack_OtherModel() public {
        TestModel memory own = _register(_spec(20, 16));
        IERC8274ProofVerifier theirs = new ERC8274Adapter(gateway, own.id, 1, true);
        (TestModel memory good, IERC8274ProofVerifier trusted) = (_model, _adapter);
        _model = own;
        bytes memory proof = _proofFor(address(theirs), _inputHash, _outputHash);
        assertTrue(theirs.verify(_inputHash, _outputHash, _metadata, proof));
        assertFalse(trusted.verify(_inputHash, _outputHash, _metadata, proof));
        proof = _proofFor(address(trusted), _inputHash, _outputHash);
        assertFalse(trusted.verify(_inputHash, _outputHash, _metadata, proof));
        _model = good;
    }

    function test_DoesNotVerifyThroughAFrozenRoute() public {
        vm.prank(guardian);
        gateway.freezeRoute(ROUTE);
        assertFalse(_adapter.verify(_inputHash, _outputHash, _metadata, _proof));
    }

    function test_RevertWhen_MetadataIsNone() public {
        vm.expectRevert();
        _adapter.verify(_inputHash, _outputHash, hex"01", _proof);
    }

    function test_RevertWhen_DraftNotAccepted() public {
        vm.expectRevert(ERC8274Adapter.DraftNotAccepted.selector);
        new ERC8274Adapter(gateway, _model.id, 1, false);
    }

    function test_RevertWhen_Deprecated() public {
        vm.prank(modelOwner);
        registry.deprecateVersion(_model.id, 1);
        vm.expectRevert(abi.encodeWithSelector(IModelRegistry.VersionIsDeprecated.selector, _model.id, 1));
        new ERC8274Adapter(gateway, _model.id, 1, true);
    }
}
