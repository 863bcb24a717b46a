// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity 0.8.37;

import { IVerdictGateway } from "../../src/gateway/IVerdictGateway.sol";
import { VerdictGateway } from "../../src/gateway/VerdictGateway.sol";
import { IERC7992Registry } from "../../src/interfaces/IERC7992.sol";
import { InferenceContext } from "../../src/libraries/InferenceContext.sol";
import { ModelSpecs } from "../../src/libraries/ModelSpecs.sol";
import { PublicValues } from "../../src/libraries/PublicValues.sol";
import { ModelRegistry } from "../../src/registry/ModelRegistry.sol";
import { ModelPin } from "../../src/types/ModelPin.sol";
import { InputSchema, ModelSpec, OutputSchema, Packing, Visibility } from "../../src/types/Schemas.sol";
import { InferenceVerifier } from "../../src/verifier/InferenceVerifier.sol";
import { VerifyingKeys } from "../../src/verifier/VerifyingKeys.sol";
import { TestVectors } from "../verifier/TestVectors.sol";
import { TrapdoorProver } from "../verifier/TrapdoorProver.sol";

/// @dev The core, deployed, and a prover for which every statement is true: the verifier's set-up has a τ that
/// `TrapdoorProver` knows, so the real verifier accepts its proofs of any public values, under a key that is published and
/// registered once. What a consumer must refuse, it must refuse although the proof is right.
abstract contract ConsumerTest is TestVectors, TrapdoorProver {
    /// @dev A registered model version.
    struct TestModel {
        uint256 id;
        uint32 version;
        ModelPin pin;
        uint256 seed;
    }

    uint256 private constant HEIGHT = 20;
    uint256 private constant WIDTH = 1;

    /// @dev The route to `verifier`.
    string internal constant PROOF_SYSTEM = "verdict-kzg-bn254-v1";
    bytes4 internal constant ROUTE = bytes4(keccak256("verdict-kzg-bn254-v1"));
    uint32 internal constant DELAY = 2 days;
    uint32 internal constant WINDOW = 14 days;

    address internal admin = makeAddr("admin");
    address internal guardian = makeAddr("guardian");
    address internal modelOwner = makeAddr("model owner");

    InferenceVerifier internal verifier;
    ModelRegistry internal registry;
    IVerdictGateway internal gateway;

    uint256 private _seed;

    /// @dev Overrides must call it.
    function setUp() public virtual {
        keys = new VerifyingKeys();
        verifier = new InferenceVerifier(_tauG2());
        registry = new ModelRegistry(DELAY, WINDOW);
        gateway = IVerdictGateway(address(new VerdictGateway(registry, admin, 1 days, guardian, true)));
        vm.prank(admin);
        gateway.addRoute(PROOF_SYSTEM, address(verifier));
    }

    // ---------------------------------------------------------------------------------------------- models

    /// @dev `inputs` public and `outputs` values of 16 bits, scales of one hundredth; no batch.
    function _spec(uint32 inputs, uint32 outputs) internal pure returns (ModelSpec memory spec) {
        spec.inputItems = 1;
        spec.outputItems = 1;
        if (inputs != 0) {
            spec.inputs = new InputSchema[](1);
            spec.inputs[0] = _input(inputs, Visibility.Public);
        }
        spec.outputs = new OutputSchema[](1);
        spec.outputs[0] = OutputSchema(outputs, Packing.Signed, 1e34);
    }

    /// @dev `items` times `outputs` values of 16 bits, packed across items if it is one value each; `inputs` values that one
    /// commitment hides.
    function _batchSpec(uint24 items, uint32 inputs, uint32 outputs) internal pure returns (ModelSpec memory spec) {
        spec = _spec(inputs, outputs);
        spec.inputItems = items;
        if (outputs == 1) spec.outputs[0].count = items;
        else spec.outputItems = items;
        spec.inputs[0] = _input(inputs, Visibility.Committed);
        spec.commitments = 1;
    }

    /// @dev 16-bit integers, a scale of one hundredth.
    function _input(uint32 count, Visibility visibility) internal pure returns (InputSchema memory) {
        uint192[] memory scales = new uint192[](1);
        scales[0] = 1e34;
        (int32[] memory minima, int32[] memory maxima) = (new int32[](1), new int32[](1));
        (minima[0], maxima[0]) = (-32_768, 32_767);
        return InputSchema(count, Packing.Signed, visibility, minima, maxima, scales, new int64[](1));
    }

    /// @dev Registers a model of `modelOwner` with a key of its own.
    function _register(ModelSpec memory spec) internal returns (TestModel memory model) {
        model.seed = _newSeed();
        IERC7992Registry.ModelCommitment memory commitment = _commitment(model.seed, spec);
        vm.prank(modelOwner);
        model.id = registry.registerModel(commitment);
        model.version = 1;
        model.pin = registry.pinOf(model.id, 1);
    }

    /// @dev The next version of a model, with another key: proposed, waited for, executed.
    function _upgrade(TestModel memory model, ModelSpec memory spec) internal returns (TestModel memory next) {
        next.id = model.id;
        next.seed = _newSeed();
        IERC7992Registry.ModelCommitment memory commitment = _commitment(next.seed, spec);
        vm.prank(modelOwner);
        registry.updateModel(model.id, commitment);
        skip(registry.delayOf(model.id));
        next.version = registry.executeUpdate(model.id);
        next.pin = registry.pinOf(next.id, next.version);
    }

    /// @dev A commitment whose key and spec are published.
    function _commitment(uint256 seed, ModelSpec memory spec)
        internal
        returns (IERC7992Registry.ModelCommitment memory)
    {
        bytes memory key = _keyOf(seed, spec);
        registry.indexKey(keys.publish(key));
        bytes32 circuitHash = registry.publishSpec(spec);
        bytes32 modelHash = keccak256(abi.encode("model", seed));
        return IERC7992Registry.ModelCommitment(modelHash, circuitHash, keccak256(key), ROUTE, "ipfs://model");
    }

    function _newSeed() internal returns (uint256) {
        return uint256(keccak256(abi.encode("key", ++_seed)));
    }

    /// @dev The verifying key of a seed, for as many public values as a spec has.
    function _keyOf(uint256 seed, ModelSpec memory spec) internal view returns (bytes memory) {
        uint256 count = ModelSpecs.publicValueCount(ModelSpecs.layoutOf(spec));
        return _forgeOf(seed, HEIGHT, WIDTH, new uint256[](count), 0).key;
    }

    // ---------------------------------------------------------------------------------------------- proofs

    /// @dev A proof of any public values that the verifier accepts for the model; `publicValues[0]` is the context.
    function _prove(TestModel memory model, uint256[] memory publicValues) internal view returns (bytes memory) {
        return _prove(model, publicValues, 0);
    }

    /// @dev For each salt another proof of the same.
    function _prove(TestModel memory model, uint256[] memory publicValues, uint256 salt)
        internal
        view
        returns (bytes memory)
    {
        return _forgeOf(model.seed, HEIGHT, WIDTH, publicValues, salt).proof;
    }

    /// @dev The context that `consumer` computes on this chain.
    function _context(TestModel memory model, address consumer, bytes32 payload) internal view returns (uint256) {
        return InferenceContext.digest(consumer, model.id, model.version, payload);
    }

    /// @dev The output words of `values`, which are all outputs of item 0, of item 1, …
    function _outputWords(TestModel memory model, int256[] memory values) internal view returns (uint256[] memory) {
        return ModelSpecs.packOutputs(registry.specOf(model.id, model.version), values);
    }

    /// @dev The same for a model with one output of one value.
    function _outputWord(TestModel memory model, int256 value) internal view returns (uint256[] memory) {
        int256[] memory values = new int256[](1);
        values[0] = value;
        return _outputWords(model, values);
    }

    /// @dev The words of `values` as a public input of 16 bits.
    function _inputWords(int256[] memory values) internal pure returns (uint256[] memory) {
        return PublicValues.pack(values, Packing.Signed);
    }
}
