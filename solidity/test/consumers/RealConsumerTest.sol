// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity 0.8.37;

import { SpecJson } from "../../script/base/SpecJson.sol";
import { Features } from "../../src/features/IFeatureSource.sol";
import { SignedFeatures } from "../../src/features/SignedFeatures.sol";
import { IERC7992Registry } from "../../src/interfaces/IERC7992.sol";
import { ModelSpec } from "../../src/types/Schemas.sol";
import { InferenceVerifier } from "../../src/verifier/InferenceVerifier.sol";
import { DevelopmentSetup } from "../../src/verifier/libraries/DevelopmentSetup.sol";
import { ConsumerTest } from "../utils/ConsumerTest.sol";

contract SpecReader is SpecJson {
    function read(string calldata json) external view returns (ModelSpec memory) {
        return _specOf(json);
    }
}

/// @dev Proofs that crates/prover made for consumers at these addresses, of a model with the scales it was compiled with.
/// ../scripts/regenerate-consumer-proofs.sh makes them; the context of each is the contract's.
abstract contract RealConsumerTest is ConsumerTest {
    /// @dev A proof file.
    struct Real {
        bytes32 modelHash;
        bytes key;
        uint256 context;
        uint256[] words;
        uint256[] outputs;
        bytes proof;
    }

    string internal constant REAL_PROOF_SYSTEM = "verdict-kzg-bn254-v1-dev";
    bytes4 internal constant REAL_ROUTE = bytes4(keccak256("verdict-kzg-bn254-v1-dev"));
    uint256 internal constant NOW = 1_800_000_000;
    uint256 internal constant BLOCK = 1_000_000;

    TestModel internal real;
    TestModel internal batch;
    SignedFeatures internal source;
    uint256[2] private _signerKeys;

    function setUp() public virtual override {
        super.setUp();
        vm.chainId(31_337);
        vm.warp(NOW);
        vm.roll(BLOCK);
        address development = address(new InferenceVerifier(DevelopmentSetup.tauG2()));
        vm.prank(admin);
        gateway.addRoute(REAL_PROOF_SYSTEM, development);

        ModelSpec memory spec = new SpecReader().read(vm.readFile("script/config/models/logreg-breast-cancer.json"));
        real = _registerReal(_real("oracle"), spec);
        (spec.inputItems, spec.outputs[0].count) = (8, 8);
        batch = _registerReal(_real("airdrop"), spec);
        source = _signedSource();
    }

    function _real(string memory name) internal view returns (Real memory file) {
        string memory directory = vm.envOr("VERDICT_TEST_VECTORS", string("../test-vectors"));
        string memory json = vm.readFile(string.concat(directory, "/consumers/", name, ".json"));
        file.modelHash = vm.parseJsonBytes32(json, ".model");
        file.key = vm.parseJsonBytes(json, ".verifying_key");
        file.proof = vm.parseJsonBytes(json, ".proof");
        uint256[] memory values = vm.parseJsonUintArray(json, ".public_values");
        // One word of outputs at the end, one score or eight.
        (file.context, file.words, file.outputs) = (values[0], new uint256[](values.length - 2), new uint256[](1));
        for (uint256 i = 0; i < file.words.length; ++i) {
            file.words[i] = values[1 + i];
        }
        file.outputs[0] = values[values.length - 1];
    }

    function _registerReal(Real memory file, ModelSpec memory spec) private returns (TestModel memory model) {
        bytes32 vkHash = registry.indexKey(keys.publish(file.key));
        bytes32 circuitHash = registry.publishSpec(spec);
        vm.prank(modelOwner);
        model.id = registry.registerModel(
            IERC7992Registry.ModelCommitment(file.modelHash, circuitHash, vkHash, REAL_ROUTE, "")
        );
        model.version = 1;
        model.pin = registry.pinOf(model.id, 1);
    }

    /// @dev The integer of a single output.
    function _integerOf(Real memory file) internal pure returns (int256) {
        return int256(file.outputs[0] & 0xffff) - 32_768;
    }

    function _signedSource() private returns (SignedFeatures) {
        _signerKeys = [uint256(0xda1a), 0xda1b];
        if (vm.addr(_signerKeys[0]) > vm.addr(_signerKeys[1])) {
            (_signerKeys[0], _signerKeys[1]) = (_signerKeys[1], _signerKeys[0]);
        }
        address[] memory signers = new address[](2);
        (signers[0], signers[1]) = (vm.addr(_signerKeys[0]), vm.addr(_signerKeys[1]));
        return new SignedFeatures(registry, admin, signers, 2, 30 days);
    }

    /// @dev Both signers' evidence that these are the inputs now.
    function _evidenceFor(address consumer, TestModel memory model, bytes32 subject, uint256[] memory words)
        internal
        view
        returns (bytes memory)
    {
        Features memory data;
        data.words = words;
        (data.timestamp, data.blockNumber) = (uint64(block.timestamp), uint64(block.number));
        bytes32 digest = source.digestOf(consumer, model.pin, subject, data);
        bytes[] memory signatures = new bytes[](2);
        for (uint256 i = 0; i < 2; ++i) {
            (uint8 v, bytes32 r, bytes32 s) = vm.sign(_signerKeys[i], digest);
            signatures[i] = abi.encodePacked(r, s, v);
        }
        return abi.encode(data.timestamp, data.blockNumber, uint64(0), words, new uint256[](0), uint256(3), signatures);
    }
}
