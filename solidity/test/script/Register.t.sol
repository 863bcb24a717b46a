// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity 0.8.37;

import { DeployCore } from "../../script/DeployCore.s.sol";
import { RegisterModel } from "../../script/RegisterModel.s.sol";
import { VerdictScript } from "../../script/base/VerdictScript.sol";
import { IVerdictGateway } from "../../src/core/gateway/IVerdictGateway.sol";
import { IModelRegistry } from "../../src/core/registry/IModelRegistry.sol";
import { IInferenceVerifier } from "../../src/core/verifier/interfaces/IInferenceVerifier.sol";
import { IVerifyingKeys } from "../../src/core/verifier/interfaces/IVerifyingKeys.sol";
import { DevelopmentSetup } from "../../src/core/verifier/libraries/DevelopmentSetup.sol";
import { Bundles } from "../../src/libraries/Bundles.sol";
import { ModelPin } from "../../src/types/ModelPin.sol";
import { ModelSpec } from "../../src/types/Schemas.sol";
import { ScriptTest } from "./ScriptTest.sol";

/// @dev The script that registers models.
contract RegisterScriptTest is ScriptTest {
    function test_RegistersAModel() public {
        _deployCore("model");
        (uint256 id, ModelPin pin) = new RegisterModel().register(MODEL, _spec(), _proof(), results);
        assertEq(id, 1);
        IModelRegistry registry = IModelRegistry(core.registry);
        assertEq(ModelPin.unwrap(registry.latestPin(id)), ModelPin.unwrap(pin));
        (,, address owner) = registry.getModel(id);
        assertEq(owner, sender);
        IModelRegistry.ModelVersion memory version = registry.versionOf(id, 1);
        assertEq(version.commitment.modelHash, vm.parseJsonBytes32(_proof(), ".model"));
        assertEq(_result(string.concat(".models.", MODEL, ".key")), version.key);
        ModelSpec memory spec = registry.specOf(id, 1);
        assertEq(spec.inputs[0].count, 30);
        assertEq(spec.inputs[0].scalesE36.length, 30);
        assertEq(spec.inputs[0].zeroPoints[0], 403);
        _check();
    }

    /// @dev The proof in the same file is one under the registered key.
    function test_TheRegisteredModelsProofIsTaken() public {
        _deployCore("proof");
        uint256 id = _register();
        ModelPin pin = IModelRegistry(core.registry).latestPin(id);
        string memory json = _proof();
        uint256[] memory publicValues = vm.parseJsonUintArray(json, ".publicValues");
        IVerdictGateway(core.gateway).verify(pin, publicValues, vm.parseJsonBytes(json, ".proof"));
    }

    function test_RegisteringAgainChangesNothing() public {
        _deployCore("model-again");
        uint256 id = _register();
        string memory before = vm.readFile(results);
        assertEq(_register(), id);
        assertEq(IModelRegistry(core.registry).modelCount(), 1);
        assertEq(vm.readFile(results), before);
    }

    function test_RevertWhen_TheModelsNameIsTaken() public {
        _deployCore("name-taken");
        uint256 id = _register();
        RegisterModel script = new RegisterModel();
        string memory spec = _replace(_spec(), '"count": 30', '"count": 29');
        vm.expectRevert(abi.encodeWithSelector(RegisterModel.NameTaken.selector, MODEL, id));
        script.register(MODEL, spec, _proof(), results);
    }

    /// @dev What `verdict prove` writes has other names than the vectors.
    function test_TakesAProofFileOfTheCommandLine() public {
        _deployCore("proof-file");
        bytes32 digest = keccak256(vm.parseJsonBytes(_proof(), ".verifyingKey"));
        string memory file = _replace(_proof(), '"verifyingKey"', '"verifying_key"');
        file = _replace(_replace(file, '"publicValues"', '"public_values"'), '"k": ', _pair("key", digest, '"k": '));
        (uint256 id,) = new RegisterModel().register(MODEL, _spec(), file, results);
        assertEq(IModelRegistry(core.registry).versionOf(id, 1).commitment.vkHash, digest);
    }

    function test_RevertWhen_TheProofFileStatesAnotherKey() public {
        bytes32 actual = keccak256(vm.parseJsonBytes(_proof(), ".verifyingKey"));
        bytes32 stated = keccak256("another");
        string memory file = _replace(_proof(), '"k": ', _pair("key", stated, '"k": '));
        _refuses(
            "key-digest", _spec(), file, abi.encodeWithSelector(RegisterModel.WrongKeyDigest.selector, stated, actual)
        );
    }

    /// @dev The key is one, and the proof is not under it.
    function test_RevertWhen_TheProofIsWrong() public {
        string memory file = _replace(_proof(), "7e57", "7e58");
        _refuses("wrong-proof", _spec(), file, abi.encodeWithSelector(IInferenceVerifier.ProofRejected.selector));
        // The same key, but for one commitment: that of the first pack is the identity now.
        bytes memory key = vm.parseJsonBytes(_proof(), ".verifyingKey");
        string memory was = vm.toString(key);
        for (uint256 i = 32; i < 96; ++i) {
            key[i] = 0;
        }
        file = _replace(_proof(), was, vm.toString(key));
        _refuses("wrong-key", _spec(), file, abi.encodeWithSelector(IInferenceVerifier.ProofRejected.selector));
        key[32] = 0x01;
        file = _replace(_proof(), was, vm.toString(key));
        _refuses("no-key", _spec(), file, abi.encodeWithSelector(IVerifyingKeys.CommitmentNotOnCurve.selector, 0));
    }

    /// @dev A proof under the development set-up, for a verifier of another.
    function test_RevertWhen_TheProofIsOfAnotherSetUp() public {
        _use("other-setup");
        string memory settings = _replace(_withTau(_unknownTau()), '"route"', '"allowUnknownSetup": true, "route"');
        core = new DeployCore().deploy(settings, results);
        RegisterModel script = new RegisterModel();
        (string memory spec, string memory file) = (_spec(), _proof());
        vm.expectRevert(IInferenceVerifier.ProofRejected.selector);
        script.register(MODEL, spec, file, results);
    }

    function test_RevertWhen_PrivateWeightsHaveNoKeyProof() public {
        bytes memory reason = abi.encodeWithSelector(RegisterModel.KeyProofMissing.selector);
        _refuses("no-key-proof", _spec(), _privateProof(), reason);
    }

    function test_RevertWhen_PublicWeightsHaveAKeyProof() public {
        bytes32 keyProof = keccak256("key proof");
        bytes memory reason = abi.encodeWithSelector(RegisterModel.KeyProofOfPublicWeights.selector, keyProof);
        _refuses("needless-key-proof", _privateSpec(keyProof), _proof(), reason);
    }

    function test_RegistersPrivateWeightsWithTheirKeyProof() public {
        _deployCore("private");
        bytes32 keyProof = keccak256("key proof");
        (uint256 id,) = new RegisterModel().register(MODEL, _privateSpec(keyProof), _privateProof(), results);
        IModelRegistry registry = IModelRegistry(core.registry);
        assertEq(registry.specOf(id, 1).keyProof, keyProof);
        assertEq(
            vm.parseJsonBytes32(vm.readFile(results), string.concat(".models.", MODEL, ".bundle")),
            Bundles.digestOf(registry, id, 1, DevelopmentSetup.tauG2())
        );
        _check();
    }

    function _privateProof() private view returns (string memory) {
        return _replace(_proof(), '"k": ', '"private_weights": true, "k": ');
    }

    function _privateSpec(bytes32 keyProof) private view returns (string memory) {
        return _replace(_spec(), '"commitments": 0,', _pair("keyProof", keyProof, '"commitments": 0,'));
    }

    /// @dev The script refuses, and nothing was sent.
    function _refuses(string memory name, string memory spec, string memory file, bytes memory reason) private {
        _deployCore(name);
        RegisterModel script = new RegisterModel();
        vm.expectRevert(reason);
        script.register(MODEL, spec, file, results);
        assertEq(IModelRegistry(core.registry).modelCount(), 0);
        assertEq(vm.getNonce(core.verifyingKeys), 1);
    }

    function test_RevertWhen_TheModelsNameIsNone() public {
        _deployCore("bad-name");
        RegisterModel script = new RegisterModel();
        vm.expectRevert(abi.encodeWithSelector(VerdictScript.InvalidName.selector, "a.b"));
        script.register("a.b", _spec(), _proof(), results);
    }

    function test_RevertWhen_TheProofFileNamesNoModel() public {
        string memory file = _replace(_proof(), '"model"', '"modell"');
        bytes memory reason = abi.encodeWithSelector(VerdictScript.SettingMissing.selector, ".model");
        _refuses("no-model-named", _spec(), file, reason);
    }
}
