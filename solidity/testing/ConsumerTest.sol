// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity ^0.8.24;

import { Test } from "forge-std/Test.sol";

import { IVerdictGateway } from "../src/core/gateway/IVerdictGateway.sol";
import { IModelBreakpoints } from "../src/core/registry/IModelBreakpoints.sol";
import { IModelRegistry } from "../src/core/registry/IModelRegistry.sol";
import { IInferenceVerifier } from "../src/core/verifier/interfaces/IInferenceVerifier.sol";
import { IVerifyingKeys } from "../src/core/verifier/interfaces/IVerifyingKeys.sol";
import { DevelopmentSetup } from "../src/core/verifier/libraries/DevelopmentSetup.sol";
import { IERC7992Registry } from "../src/interfaces/IERC7992.sol";
import { InferenceContext } from "../src/libraries/InferenceContext.sol";
import { ModelSpecs } from "../src/libraries/ModelSpecs.sol";
import { PublicValues } from "../src/libraries/PublicValues.sol";
import { ModelPin } from "../src/types/ModelPin.sol";
import { InputSchema, ModelSpec, OutputSchema, Packing, Visibility } from "../src/types/Schemas.sol";
import { Core, CoreDeployer } from "./CoreDeployer.sol";
import { TrapdoorProver } from "./TrapdoorProver.sol";

/// @title What tests compute of a spec
/// @dev External functions, so that this code is compiled once and not into every test, where via-IR
/// would run out of stack.
library Specs {
    /// @notice The output words of the integers `values`; see `ModelSpecs.packOutputs`.
    function packOutputs(ModelSpec memory spec, int256[] memory values) external pure returns (uint256[] memory) {
        return ModelSpecs.packOutputs(spec, values);
    }

    /// @notice How many public values a spec has.
    /// @param breakpoints The digest of its breakpoints; zero if no input has ranks.
    function publicValueCount(ModelSpec memory spec, bytes32 breakpoints) external pure returns (uint256) {
        return ModelSpecs.publicValueCount(ModelSpecs.layoutOf(spec, breakpoints));
    }
}

/// @title The base of a consumer's test
/// @notice Deploys the core, registers models, and proves whatever it is told to: the verifier's
/// set-up has a τ that `TrapdoorProver` knows, so the real verifier accepts its proofs of any
/// public values, under a key that is published and registered once. What a consumer must refuse,
/// it must refuse although the proof is right.
/// @dev A test in full:
///
/// ```
/// contract MyTest is ConsumerTest {
///     function test_TakesTheModelsWord() public {
///         TestModel memory model = _register(_spec(3, 1));      // three public inputs, one output
///         MyConsumer consumer = new MyConsumer(gateway, model.id, model.version);
///         uint256[] memory inputs = _inputWords(new int256[](3));
///         uint256[] memory outputs = _outputWord(model, 7);
///         uint256[] memory others = _outputWord(model, 8);
///         bytes memory proof = _proveFor(model, address(consumer), payload, inputs, outputs);
///         consumer.submit(inputs, outputs, proof);              // accepted
///         vm.expectRevert(IInferenceVerifier.ProofRejected.selector);
///         consumer.submit(inputs, others, proof);
///     }
/// }
/// ```
abstract contract ConsumerTest is Test, CoreDeployer, TrapdoorProver {
    /// @notice A registered model version.
    /// @param id Its number in the registry.
    /// @param version The version.
    /// @param pin Both, with key and route, as consumers keep them.
    /// @param seed What its key was made of; zero if it was not made here.
    struct TestModel {
        uint256 id;
        uint32 version;
        ModelPin pin;
        uint256 seed;
    }

    uint256 private constant HEIGHT = 20;
    uint256 private constant WIDTH = 1;

    /// @dev The name of the route to `verifier`.
    string internal constant PROOF_SYSTEM = "verdict-kzg-bn254-v1";
    /// @dev The route to `verifier`.
    bytes4 internal constant ROUTE = bytes4(keccak256("verdict-kzg-bn254-v1"));
    /// @dev The name of the route that `_addDevelopmentRoute` adds.
    string internal constant DEVELOPMENT_PROOF_SYSTEM = "verdict-kzg-bn254-v1-dev";
    /// @dev The route that `_addDevelopmentRoute` adds.
    bytes4 internal constant DEVELOPMENT_ROUTE = bytes4(keccak256("verdict-kzg-bn254-v1-dev"));

    address internal admin = makeAddr("admin");
    address internal guardian = makeAddr("guardian");
    address internal modelOwner = makeAddr("model owner");

    IVerifyingKeys internal keys;
    IInferenceVerifier internal verifier;
    IModelRegistry internal registry;
    IVerdictGateway internal gateway;

    uint256 private _seed;

    /// @dev Overrides must call it.
    function setUp() public virtual {
        Core memory core = _deployCore(_tauG2(), admin, guardian);
        (keys, verifier, registry, gateway) = (core.keys, core.verifier, core.registry, core.gateway);
        vm.prank(admin);
        gateway.addRoute(PROOF_SYSTEM, address(verifier));
    }

    /// @dev Adds a route to a verifier under the development set-up, for models and proofs of the
    /// command line's: `verdict prove` names that set-up in what it writes.
    function _addDevelopmentRoute() internal returns (IInferenceVerifier development) {
        development = _deployVerifier(DevelopmentSetup.tauG2());
        vm.prank(admin);
        gateway.addRoute(DEVELOPMENT_PROOF_SYSTEM, address(development));
    }

    // -------------------------------------------------------------------------------------- models

    /// @dev A model of one item: `inputs` public and `outputs` values of 16 bits, scales of one
    /// hundredth.
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

    /// @dev A batch: `items` times `outputs` values of 16 bits, packed across items if it is one
    /// value each; one commitment hides the `inputs` values.
    function _batchSpec(uint24 items, uint32 inputs, uint32 outputs) internal pure returns (ModelSpec memory spec) {
        spec = _spec(inputs, outputs);
        spec.inputItems = items;
        if (outputs == 1) spec.outputs[0].count = items;
        else spec.outputItems = items;
        spec.inputs[0] = _input(inputs, Visibility.Committed);
        spec.commitments = 1;
    }

    /// @dev An input of `count` 16-bit integers, with a scale of one hundredth.
    function _input(uint32 count, Visibility visibility) internal pure returns (InputSchema memory) {
        uint192[] memory scales = new uint192[](1);
        scales[0] = 1e34;
        (int32[] memory minima, int32[] memory maxima) = (new int32[](1), new int32[](1));
        (minima[0], maxima[0]) = (-32_768, 32_767);
        return InputSchema(count, Packing.Signed, visibility, minima, maxima, scales, new int64[](1));
    }

    /// @dev Registers a model of `modelOwner` with a key of its own.
    function _register(ModelSpec memory spec) internal returns (TestModel memory model) {
        return _register(spec, 0);
    }

    /// @dev The same, of a model whose inputs have ranks among the breakpoints of a table with this
    /// keccak256: see `Ranks`.
    function _register(ModelSpec memory spec, bytes32 breakpoints) internal returns (TestModel memory model) {
        model.seed = _newSeed();
        (model.id, model.version, model.pin) = _registerCommitment(_commitment(model.seed, spec, breakpoints));
    }

    /// @dev Registers a compiled model by its digest, verifying key and spec, on the route that
    /// `_addDevelopmentRoute` adds. Its proofs come from the command line: `_prove` can't make
    /// them.
    function _registerCompiled(bytes32 modelHash, bytes memory key, ModelSpec memory spec)
        internal
        returns (TestModel memory model)
    {
        return _registerCompiled(modelHash, key, spec, 0);
    }

    /// @dev The same, of a model whose inputs have ranks among the breakpoints of a table with this
    /// keccak256.
    function _registerCompiled(bytes32 modelHash, bytes memory key, ModelSpec memory spec, bytes32 breakpoints)
        internal
        returns (TestModel memory model)
    {
        bytes32 vkHash = registry.indexKey(keys.publish(key));
        bytes32 circuitHash = _publishSpec(spec, breakpoints);
        (model.id, model.version, model.pin) = _registerCommitment(
            IERC7992Registry.ModelCommitment(modelHash, circuitHash, vkHash, DEVELOPMENT_ROUTE, "")
        );
    }

    function _registerCommitment(IERC7992Registry.ModelCommitment memory commitment)
        private
        returns (uint256 id, uint32 version, ModelPin pin)
    {
        vm.prank(modelOwner);
        id = registry.registerModel(commitment);
        (version, pin) = (1, registry.pinOf(id, 1));
    }

    /// @dev Moves a model to its next version, with another key: proposed, waited for, executed.
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

    /// @dev Publishes a key and a spec without ranks; what a registration of both names.
    function _commitment(uint256 seed, ModelSpec memory spec)
        internal
        returns (IERC7992Registry.ModelCommitment memory)
    {
        return _commitment(seed, spec, 0);
    }

    function _commitment(uint256 seed, ModelSpec memory spec, bytes32 breakpoints)
        private
        returns (IERC7992Registry.ModelCommitment memory)
    {
        bytes memory key = _keyOf(seed, spec, breakpoints);
        registry.indexKey(keys.publish(key));
        bytes32 circuitHash = _publishSpec(spec, breakpoints);
        bytes32 modelHash = keccak256(abi.encode("model", seed));
        return IERC7992Registry.ModelCommitment(modelHash, circuitHash, keccak256(key), ROUTE, "ipfs://model");
    }

    /// @dev A seed that no other model of this test has.
    function _newSeed() internal returns (uint256) {
        return uint256(keccak256(abi.encode("key", ++_seed)));
    }

    function _publishSpec(ModelSpec memory spec, bytes32 breakpoints) private returns (bytes32) {
        if (breakpoints == 0) return registry.publishSpec(spec);
        return IModelBreakpoints(address(registry)).publishSpec(spec, breakpoints);
    }

    /// @dev The verifying key of a seed, for as many public values as a spec without ranks has.
    function _keyOf(uint256 seed, ModelSpec memory spec) internal view returns (bytes memory) {
        return _keyOf(seed, spec, 0);
    }

    function _keyOf(uint256 seed, ModelSpec memory spec, bytes32 breakpoints) private view returns (bytes memory) {
        uint256 count = Specs.publicValueCount(spec, breakpoints);
        return _forgeOf(seed, HEIGHT, WIDTH, new uint256[](count), 0).key;
    }

    // -------------------------------------------------------------------------------------- proofs

    /// @dev A proof that the consumer takes, if it computes `payload` and the words in this way:
    /// the context is made for it here.
    /// @param consumer The contract that verifies.
    /// @param payload What the consumer hashes into the context: round, nonce, expiry, account.
    function _proveFor(
        TestModel memory model,
        address consumer,
        bytes32 payload,
        uint256[] memory inputs,
        uint256[] memory outputs
    ) internal view returns (bytes memory) {
        uint256[] memory publicValues = PublicValues.assemble(
            _context(model, consumer, payload), inputs, outputs, new uint256[](0)
        );
        return _prove(model, publicValues);
    }

    /// @dev A proof of any public values that the verifier accepts for the model; `publicValues[0]`
    /// is the context.
    function _prove(TestModel memory model, uint256[] memory publicValues) internal view returns (bytes memory) {
        return _prove(model, publicValues, 0);
    }

    /// @dev The same, with another proof for each salt.
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

    /// @dev The output words of the integers `values`: all outputs of item 0, of item 1, …
    function _outputWords(TestModel memory model, int256[] memory values) internal view returns (uint256[] memory) {
        return Specs.packOutputs(registry.specOf(model.id, model.version), values);
    }

    /// @dev The output word of a model with one output of one value.
    function _outputWord(TestModel memory model, int256 value) internal view returns (uint256[] memory) {
        int256[] memory values = new int256[](1);
        values[0] = value;
        return _outputWords(model, values);
    }

    /// @dev The words of the integers `values` as a public input of 16 bits.
    function _inputWords(int256[] memory values) internal pure returns (uint256[] memory) {
        return PublicValues.pack(values, Packing.Signed);
    }
}
