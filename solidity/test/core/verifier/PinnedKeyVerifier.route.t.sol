// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity 0.8.37;

import { IVerdictRoutes } from "../../../src/core/gateway/IVerdictRoutes.sol";
import { IModelRegistry } from "../../../src/core/registry/IModelRegistry.sol";
import { PinnedKeyVerifier } from "../../../src/core/verifier/PinnedKeyVerifier.sol";
import { IInferenceVerifier } from "../../../src/core/verifier/interfaces/IInferenceVerifier.sol";
import { IPinnedKeyVerifier } from "../../../src/core/verifier/interfaces/IPinnedKeyVerifier.sol";
import { IERC7992Registry } from "../../../src/interfaces/IERC7992.sol";
import { ModelPin } from "../../../src/types/ModelPin.sol";
import { ModelSpec } from "../../../src/types/Schemas.sol";
import { CoreTest } from "../../utils/CoreTest.sol";
import { ExampleConsumer } from "../../utils/ExampleConsumer.sol";

/// @dev A model whose proofs carry the key, from its registration to a consumer that knows nothing of
/// it: the registry, the gateway and the consumer are those of every other model.
contract PinnedKeyRouteTest is CoreTest {
    string private constant NAME = "verdict-kzg-bn254-v1-pinned";
    bytes4 private constant PINNED = bytes4(keccak256("verdict-kzg-bn254-v1-pinned"));

    PinnedKeyVerifier private _pinned;
    TestModel private _model;
    bytes private _key;

    function setUp() public override {
        super.setUp();
        _pinned = new PinnedKeyVerifier(_tauG2());
        vm.prank(admin);
        gateway.addRoute(NAME, address(_pinned));
        _model = _registerPinned(_spec(3, 1));
        _key = _keyOf(_model.seed, _spec(3, 1));
    }

    function _registerPinned(ModelSpec memory spec) private returns (TestModel memory model) {
        model.seed = _newSeed();
        IERC7992Registry.ModelCommitment memory commitment = _commitment(model.seed, spec);
        commitment.vkHash = registry.indexKey(_pinned.pin(_keyOf(model.seed, spec)));
        commitment.proofSystemId = PINNED;
        vm.prank(modelOwner);
        model.id = registry.registerModel(commitment);
        (model.version, model.pin) = (1, registry.pinOf(model.id, 1));
    }

    function _carriedProof(uint256[] memory values) private view returns (bytes memory) {
        return bytes.concat(_key, _prove(_model, values));
    }

    function test_AConsumerNoticesNothing() public {
        ExampleConsumer consumer = new ExampleConsumer(gateway, _model.id, 1);
        uint256[] memory inputs = _inputWords(new int256[](3));
        uint256[] memory outputs = _outputWord(_model, 42);
        bytes32 payload = keccak256(abi.encode(consumer.ROUND_TYPEHASH(), 0));
        bytes memory proof = _proveFor(_model, address(consumer), payload, inputs, outputs);
        vm.expectRevert(abi.encodeWithSelector(IPinnedKeyVerifier.WrongVerifyingKey.selector, _model.pin.key()));
        consumer.submit(inputs, outputs, proof);
        consumer.submit(inputs, outputs, bytes.concat(_key, proof));
        assertEq(consumer.score(), 42e16);
        vm.expectRevert(IInferenceVerifier.ProofRejected.selector);
        consumer.submit(inputs, outputs, bytes.concat(_key, proof));
    }

    /// @dev Every way through the gateway, in lists with proofs of published keys too.
    function test_EveryWayThroughTheGateway() public {
        TestModel memory other = _register(_spec(3, 1));
        uint256[] memory values = new uint256[](3);
        gateway.verify(_model.pin, values, _carriedProof(values));
        gateway.verifyActive(_model.id, 1, values, _carriedProof(values));
        (ModelPin[] memory pins, uint256[][] memory lists, bytes[] memory proofs) =
            (new ModelPin[](2), new uint256[][](2), new bytes[](2));
        (pins[0], pins[1], lists[0], lists[1]) = (_model.pin, _model.pin, values, values);
        (proofs[0], proofs[1]) = (_carriedProof(values), _carriedProof(values));
        gateway.verifyMany(pins, lists, proofs);
        (pins[1], proofs[1]) = (other.pin, _prove(other, values));
        gateway.verifyMany(pins, lists, proofs);
        (proofs[0], proofs[1]) = (proofs[1], proofs[0]);
        vm.expectRevert(abi.encodeWithSelector(IPinnedKeyVerifier.WrongVerifyingKey.selector, _model.pin.key()));
        gateway.verifyMany(pins, lists, proofs);
    }

    /// @dev Its route is frozen by itself: published keys go on.
    function test_RevertWhen_TheRouteIsFrozen() public {
        uint256[] memory values = new uint256[](3);
        bytes memory proof = _carriedProof(values);
        vm.prank(guardian);
        gateway.freezeRoute(PINNED);
        vm.expectRevert(abi.encodeWithSelector(IVerdictRoutes.RouteIsFrozen.selector, PINNED));
        gateway.verify(_model.pin, values, proof);
        TestModel memory other = _register(_spec(3, 1));
        gateway.verify(other.pin, values, _prove(other, values));
    }

    /// @dev The registry compares the number of public values, which is where every key has it.
    function test_RevertWhen_TheSpecHasAnotherNumberOfPublicValues() public {
        IERC7992Registry.ModelCommitment memory commitment = _commitment(_newSeed(), _spec(30, 1));
        commitment.vkHash = registry.indexKey(_model.pin.key());
        commitment.proofSystemId = PINNED;
        vm.expectRevert(abi.encodeWithSelector(IModelRegistry.WrongPublicValueCount.selector, 4, 3));
        registry.registerModel(commitment);
    }

    /// @dev A version that names the pin with the other route, or the published key with this one, has
    /// no proofs at all.
    function test_RevertWhen_AVersionMixesThemUp() public {
        IERC7992Registry.ModelCommitment memory commitment = _commitment(_model.seed, _spec(3, 1));
        uint256[] memory values = new uint256[](3);
        commitment.proofSystemId = PINNED;
        _refuseMixed(commitment, values);
        commitment.vkHash = registry.indexKey(_model.pin.key());
        commitment.proofSystemId = ROUTE;
        _refuseMixed(commitment, values);
    }

    function _refuseMixed(IERC7992Registry.ModelCommitment memory commitment, uint256[] memory values) private {
        ModelPin pin = registry.pinOf(registry.registerModel(commitment), 1);
        bytes[2] memory proofs = [_prove(_model, values), _carriedProof(values)];
        for (uint256 i = 0; i < 2; ++i) {
            vm.expectRevert(abi.encodeWithSelector(IInferenceVerifier.NotAVerifyingKey.selector, pin.key()));
            gateway.verify(pin, values, proofs[i]);
        }
    }
}
