// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity 0.8.37;

import { SpecJson } from "../../script/base/SpecJson.sol";
import { IRiskAdapter } from "../../src/consumers/risk/IRiskAdapter.sol";
import { RiskBinding } from "../../src/consumers/risk/IRiskSource.sol";
import { ModelRiskSource } from "../../src/consumers/risk/ModelRiskSource.sol";
import { RiskParameterUpdater } from "../../src/consumers/risk/RiskParameterUpdater.sol";
import { RiskLimit, RiskParameter } from "../../src/consumers/risk/RiskTypes.sol";
import { Features } from "../../src/features/IFeatureSource.sol";
import { SignedFeatures } from "../../src/features/SignedFeatures.sol";
import { ModelSpec } from "../../src/types/Schemas.sol";
import { ProofFiles } from "../../testing/ProofFiles.sol";
import { CoreTest } from "../utils/CoreTest.sol";

contract SpecReader is SpecJson {
    function read(string calldata json) external view returns (ModelSpec memory) {
        return _specOf(json);
    }
}

/// @dev Proofs that crates/prover made for consumers at these addresses, of a model with the scales
/// it was compiled with. ../scripts/regenerate-consumer-proofs.sh makes them; the context of each
/// is the contract's.
abstract contract RealConsumerTest is CoreTest, ProofFiles {
    /// @dev A proof file, its public values taken apart.
    struct Real {
        bytes32 modelHash;
        bytes key;
        uint256 context;
        uint256[] words;
        uint256[] outputs;
        bytes proof;
    }

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
        _addDevelopmentRoute();

        ModelSpec memory spec = new SpecReader().read(vm.readFile("script/config/models/logreg-breast-cancer.json"));
        Real memory file = _real("oracle");
        real = _registerCompiled(file.modelHash, file.key, spec);
        (spec.inputItems, spec.outputs[0].count) = (8, 8);
        file = _real("airdrop");
        batch = _registerCompiled(file.modelHash, file.key, spec);
        source = _signedSource();
    }

    function _real(string memory name) internal view returns (Real memory file) {
        string memory directory = vm.envOr("VERDICT_TEST_VECTORS", string("../test-vectors"));
        ProofFile memory proof = _readProof(string.concat(directory, "/consumers/", name, ".json"));
        (file.modelHash, file.key, file.proof) = (proof.modelHash, proof.key, proof.proof);
        // One word of outputs at the end, one score or eight.
        uint256 last = proof.publicValues.length - 1;
        (file.context, file.words) = (proof.publicValues[0], _wordsOf(proof, 1, last));
        file.outputs = _wordsOf(proof, last, last + 1);
    }

    /// @dev An updater of a market's liquidation threshold, which the model's source at that address
    /// moves; the adapter must still be told of it.
    function _newUpdater(IRiskAdapter adapter, address market, ModelRiskSource risk)
        internal
        returns (RiskParameterUpdater updater)
    {
        updater = new RiskParameterUpdater(adapter, admin, 1 days, guardian);
        RiskBinding[] memory bindings = new RiskBinding[](1);
        bindings[0] = RiskBinding(RiskParameter.LiquidationThreshold, 0, 0, 18);
        deployCodeTo(
            "ModelRiskSource.sol:ModelRiskSource",
            abi.encode(gateway, real.id, real.version, market, source, 30 minutes, bindings),
            address(risk)
        );
        vm.startPrank(admin);
        // The model's number is no ratio: as far as it is beyond the limits, it moves the threshold a
        // step.
        updater.setLimit(
            market,
            RiskParameter.LiquidationThreshold,
            RiskLimit(0.02e18, 6 hours, false, true, false, 0.5e18, 0.95e18, 1e14)
        );
        updater.addSource(risk, 1 hours, 1 days, 0);
        updater.grantRole(updater.PROPOSER_ROLE(), address(0));
        updater.grantRole(updater.EXECUTOR_ROLE(), address(0));
        vm.stopPrank();
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
