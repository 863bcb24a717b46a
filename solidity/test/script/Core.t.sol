// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity 0.8.37;

import { CheckDeployment } from "../../script/CheckDeployment.s.sol";
import { DeployCore } from "../../script/DeployCore.s.sol";
import { DeploySource } from "../../script/DeploySource.s.sol";
import { RegisterModel } from "../../script/RegisterModel.s.sol";
import { Ceremonies } from "../../script/base/Ceremonies.sol";
import { SpecJson } from "../../script/base/SpecJson.sol";
import { VerdictScript } from "../../script/base/VerdictScript.sol";
import { IVerdictGateway } from "../../src/core/gateway/IVerdictGateway.sol";
import { IVerdictRoutes } from "../../src/core/gateway/IVerdictRoutes.sol";
import { VerdictGateway } from "../../src/core/gateway/VerdictGateway.sol";
import { IModelRegistry } from "../../src/core/registry/IModelRegistry.sol";
import { InferenceVerifier } from "../../src/core/verifier/InferenceVerifier.sol";
import { VerifyingKeys } from "../../src/core/verifier/VerifyingKeys.sol";
import { IInferenceVerifier } from "../../src/core/verifier/interfaces/IInferenceVerifier.sol";
import { IVerifyingKeys } from "../../src/core/verifier/interfaces/IVerifyingKeys.sol";
import { DevelopmentSetup } from "../../src/core/verifier/libraries/DevelopmentSetup.sol";
import { CommittedFeatures } from "../../src/features/CommittedFeatures.sol";
import { OnChainFeatures } from "../../src/features/OnChainFeatures.sol";
import { SignedFeatures } from "../../src/features/SignedFeatures.sol";
import { Bundles } from "../../src/libraries/Bundles.sol";
import { ModelPin } from "../../src/types/ModelPin.sol";
import { ModelSpec, Packing, Visibility } from "../../src/types/Schemas.sol";
import { ScriptTest } from "./ScriptTest.sol";

/// @dev Specs from JSON, for reverts.
contract SpecReader is SpecJson {
    function read(string memory json) external view returns (ModelSpec memory) {
        return _specOf(json);
    }
}

/// @dev The scripts that deploy the core, models and sources, and the one that checks results.
contract CoreScriptsTest is ScriptTest {
    bytes32 private constant _ROUTE = keccak256("verdict-kzg-bn254-v1-dev");

    // ---------------------------------------------------------------------------------------- core

    function test_DeploysTheCore() public {
        _deployCore("core");
        IVerdictGateway gateway = IVerdictGateway(core.gateway);
        (address route, bool frozen) = gateway.routeOf(bytes4(_ROUTE));
        assertEq(core.selector, bytes4(_ROUTE));
        assertEq(route, core.verifier);
        assertFalse(frozen);
        assertTrue(core.routeAdded);
        assertEq(gateway.registry(), core.registry);
        assertEq(IModelRegistry(core.registry).minimumDelay(), 2 days);
        assertEq(VerdictGateway(core.gateway).defaultAdmin(), sender);

        assertEq(_result(".core.verifyingKeys"), core.verifyingKeys);
        assertEq(_result(".core.verifier"), core.verifier);
        assertEq(_result(".core.registry"), core.registry);
        assertEq(_result(".core.gateway"), core.gateway);
        string memory json = vm.readFile(results);
        assertEq(vm.parseJsonUint(json, ".schema"), 1);
        assertEq(vm.parseJsonUint(json, ".chainId"), block.chainid);
        assertEq(vm.parseJsonUint(json, ".core.block"), block.number);
        assertTrue(vm.parseJsonBool(json, ".core.developmentSetup"));
        _check();
    }

    function test_AddressesDependOnNothingButCode() public {
        _deployCore("deterministic");
        bytes32 hash = keccak256(type(VerifyingKeys).creationCode);
        assertEq(core.verifyingKeys, vm.computeCreate2Address(0, hash));
        hash = keccak256(abi.encodePacked(type(InferenceVerifier).creationCode, abi.encode(DevelopmentSetup.tauG2())));
        assertEq(core.verifier, vm.computeCreate2Address(0, hash));
    }

    function test_DeployingAgainChangesNothing() public {
        _deployCore("again");
        _register();
        string memory before = vm.readFile(results);
        DeployCore.Core memory again = new DeployCore().deploy(_coreConfig(), results);
        assertEq(abi.encode(again), abi.encode(core));
        assertEq(vm.readFile(results), before);
    }

    /// @dev Who broadcasts need not be the administrator, who then adds the route.
    function test_TheRouteIsLeftToTheAdministrator() public {
        _use("route");
        address admin = makeAddr("admin");
        string memory settings = vm.replace(_coreConfig(), vm.toString(sender), vm.toString(admin));
        core = new DeployCore().deploy(settings, results);
        assertFalse(core.routeAdded);
        _check();
        vm.prank(admin);
        IVerdictGateway(core.gateway).addRoute("verdict-kzg-bn254-v1-dev", core.verifier);
        CheckDeployment checker = new CheckDeployment();
        vm.expectRevert(abi.encodeWithSelector(CheckDeployment.Differs.selector, ".core.routeAdded"));
        checker.check(results);
        core = new DeployCore().deploy(settings, results);
        assertTrue(core.routeAdded);
        _check();
    }

    function test_RevertWhen_TheSetUpIsForDevelopmentAndThatIsNotAllowed() public {
        _use("development");
        DeployCore script = new DeployCore();
        string memory settings = _replace(_coreConfig(), "true", "false");
        vm.expectRevert(DeployCore.DevelopmentSetup.selector);
        script.deploy(settings, results);
        assertFalse(vm.exists(results));
    }

    /// @dev Somebody who made a set-up alone knows its τ.
    function test_RevertWhen_TheSetUpIsOfNoKnownCeremony() public {
        _use("unknown");
        DeployCore script = new DeployCore();
        string memory settings = _withTau(_unknownTau());
        bytes32 digest = Ceremonies.digestOf(_unknownTau());
        vm.expectRevert(abi.encodeWithSelector(DeployCore.UnknownSetup.selector, digest));
        script.deploy(settings, results);
        settings = _replace(settings, '"route"', '"allowUnknownSetup": false, "route"');
        vm.expectRevert(abi.encodeWithSelector(DeployCore.UnknownSetup.selector, digest));
        script.deploy(settings, results);
        assertFalse(vm.exists(results));
    }

    function test_AnUnknownSetUpCanBeAllowed() public {
        _use("unknown-allowed");
        string memory settings = _replace(_withTau(_unknownTau()), '"route"', '"allowUnknownSetup": true, "route"');
        core = new DeployCore().deploy(settings, results);
        assertEq(InferenceVerifier(core.verifier).tauG2()[0], _unknownTau()[0]);
        assertFalse(vm.parseJsonBool(vm.readFile(results), ".core.developmentSetup"));
        _check();
    }

    /// @dev The leave to deploy unknown set-ups is none to deploy the development set-up.
    function test_RevertWhen_OnlyUnknownSetUpsAreAllowed() public {
        _use("development-unknown");
        DeployCore script = new DeployCore();
        string memory settings = _replace(_coreConfig(), "true", "false");
        settings = _replace(settings, '"route"', '"allowUnknownSetup": true, "route"');
        vm.expectRevert(DeployCore.DevelopmentSetup.selector);
        script.deploy(settings, results);
    }

    function test_AKnownCeremonyNeedsNoLeave() public {
        _use("ceremony");
        uint256[4] memory tau = [
            0x26186a2d65ee4d2f9c9a5b91f86597d35f192cd120caf7e935d8443d1938e23d,
            0x30441fd1b5d3370482c42152a8899027716989a6996c2535bc9f7fee8aaef79e,
            0x1970ea81dd6992adfbc571effb03503adbbb6a857f578403c6c40e22d65b3c02,
            0x054793348f12c0cf5622c340573cb277586319de359ab9389778f689786b1e48
        ];
        assertEq(Ceremonies.nameOf(tau), "hermez");
        core = new DeployCore().deploy(_replace(_withTau(tau), "true", "false"), results);
        assertFalse(InferenceVerifier(core.verifier).isDevelopmentSetup());
        _check();
    }

    /// @dev [2]_2.
    function _unknownTau() private pure returns (uint256[4] memory) {
        return [
            14_583_779_054_894_525_174_450_323_658_765_874_724_019_480_979_794_335_525_732_096_752_006_891_875_705,
            18_029_695_676_650_738_226_693_292_988_307_914_797_657_423_701_064_905_010_927_197_838_374_790_804_409,
            11_474_861_747_383_700_316_476_719_153_975_578_001_603_231_366_361_248_090_558_603_872_215_261_634_898,
            2_140_229_616_977_736_810_657_479_771_656_733_941_598_412_651_537_078_903_776_637_920_509_952_744_750
        ];
    }

    /// @dev The development settings with another `[τ]_2`.
    function _withTau(uint256[4] memory tau) private view returns (string memory settings) {
        settings = _coreConfig();
        uint256[4] memory development = DevelopmentSetup.tauG2();
        for (uint256 i = 0; i < 4; ++i) {
            settings = _replace(settings, vm.toString(bytes32(development[i])), vm.toString(bytes32(tau[i])));
        }
    }

    function test_RevertWhen_TauHasOtherThanFourCoordinates() public {
        _use("tau");
        DeployCore script = new DeployCore();
        string memory settings = _replace(_coreConfig(), '"tauG2": [', '"tauG2": ["0x01",');
        vm.expectRevert(abi.encodeWithSelector(DeployCore.WrongTauLength.selector, 5));
        script.deploy(settings, results);
    }

    function test_RevertWhen_TheFileIsOfAnotherDeployment() public {
        _deployCore("other");
        DeployCore script = new DeployCore();
        string memory settings = _replace(_coreConfig(), "86400", "86401");
        vm.expectRevert(abi.encodeWithSelector(DeployCore.OtherDeployment.selector, results, core.gateway));
        script.deploy(settings, results);
    }

    function test_RevertWhen_ASettingIsMissing() public {
        _use("missing");
        DeployCore script = new DeployCore();
        string memory settings = _replace(_coreConfig(), "adminDelay", "adminDelays");
        vm.expectRevert(abi.encodeWithSelector(VerdictScript.SettingMissing.selector, ".gateway.adminDelay"));
        script.deploy(settings, results);
    }

    function test_RevertWhen_TheChainHasNoDeterministicDeployer() public {
        _use("no-factory");
        DeployCore script = new DeployCore();
        vm.etch(CREATE2_FACTORY, "");
        vm.expectRevert(VerdictScript.NoDeterministicDeployer.selector);
        script.deploy(_coreConfig(), results);
    }

    function test_RevertWhen_AConstructorReverts() public {
        _use("constructor");
        DeployCore script = new DeployCore();
        // A year is the registry's limit.
        string memory settings = _replace(_coreConfig(), "172800", "31536001");
        vm.expectRevert(abi.encodeWithSelector(VerdictScript.DeploymentFailed.selector, "ModelRegistry"));
        script.deploy(settings, results);
    }

    /// @dev What a call that is made at once answers comes back.
    function test_RevertWhen_TheRoutesNameIsNone() public {
        _use("route-name");
        DeployCore script = new DeployCore();
        string memory settings = _replace(_coreConfig(), "verdict-kzg-bn254-v1-dev", "Not-A-Name");
        vm.expectRevert(abi.encodeWithSelector(IVerdictRoutes.InvalidProofSystemName.selector, "Not-A-Name"));
        script.deploy(settings, results);
    }

    // -------------------------------------------------------------------------------------- models

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
        // The same key, but for one commitment: that of column u is the identity now.
        bytes memory key = vm.parseJsonBytes(_proof(), ".verifyingKey");
        string memory was = vm.toString(key);
        for (uint256 i = 64; i < 128; ++i) {
            key[i] = 0;
        }
        file = _replace(_proof(), was, vm.toString(key));
        _refuses("wrong-key", _spec(), file, abi.encodeWithSelector(IInferenceVerifier.ProofRejected.selector));
        key[64] = 0x01;
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

    function test_SpecsKnowAllPackingsAndVisibilities() public {
        SpecReader reader = new SpecReader();
        string memory json = _spec();
        assertTrue(reader.read(json).inputs[0].packing == Packing.Signed);
        json = _replace(json, '"signed"', '"wide"');
        assertTrue(reader.read(json).outputs[0].packing == Packing.Wide);
        json = _replace(json, '"wide"', '"bytes"');
        assertTrue(reader.read(json).outputs[0].packing == Packing.Bytes);
        json = _replace(json, '"public"', '"private"');
        assertTrue(reader.read(json).inputs[0].visibility == Visibility.Private);
        json = _replace(json, '"private"', '"committed"');
        assertTrue(reader.read(json).inputs[0].visibility == Visibility.Committed);
    }

    function test_RevertWhen_ASpecHasAnUnknownWord() public {
        SpecReader reader = new SpecReader();
        string memory json = _replace(_spec(), '"public"', '"secret"');
        vm.expectRevert(abi.encodeWithSelector(SpecJson.UnknownWord.selector, ".inputs[0].visibility", "secret"));
        reader.read(json);
        json = _replace(_spec(), '"signed"', '"nibbles"');
        vm.expectRevert(abi.encodeWithSelector(SpecJson.UnknownWord.selector, ".inputs[0].packing", "nibbles"));
        reader.read(json);
    }

    // ------------------------------------------------------------------------------------- sources

    function test_DeploysASignedSource() public {
        SignedFeatures source = SignedFeatures(_deployAll("signed"));
        assertEq(address(source.registry()), core.registry);
        assertEq(source.signers().length, 3);
        assertEq(source.quorum(), 2);
        assertEq(source.rotationDelay(), 60 days);
        assertEq(_result(".sources.data-signers.address"), address(source));
        _check();
    }

    function test_DeploysACommittedSource() public {
        _deployCore("committed");
        string memory settings = string.concat(
            "{",
            _pair("admin", sender),
            _pair("adminDelay", 1 days),
            _pair("committer", sender),
            _pair("minimumAge", 60),
            _pair("maximumAge", 600),
            '"name": "operator", "kind": "committed"}'
        );
        CommittedFeatures source = CommittedFeatures(new DeploySource().deploy(settings, results));
        assertEq(source.maximumAge(), 600);
        assertTrue(source.hasRole(source.COMMITTER_ROLE(), sender));
        _check();
    }

    function test_DeploysAnOnChainSource() public {
        _deployCore("on-chain");
        uint256 id = _register();
        string memory feeds = "";
        for (uint256 i = 0; i < 30; ++i) {
            string memory more = i == 0
                ? string.concat(
                    _pair("substitute", 7), _pair("gasLimit", 50_000), _pair("isSigned", 1), _pair("maxAge", 9)
                )
                : "";
            string memory data = string.concat('"data": "', vm.toString(abi.encodeCall(this.feed, (i))), '"}');
            feeds = string.concat(
                feeds, i == 0 ? "{" : ", {", _pair("target", address(this)), _pair("decimals", 18), more, data
            );
        }
        string memory settings =
            string.concat('{"name": "chain", "kind": "on-chain", "model": "', MODEL, '", "feeds": [', feeds, "]}");
        OnChainFeatures source = OnChainFeatures(new DeploySource().deploy(settings, results));
        assertEq(source.feeds().length, 30);
        assertEq(source.feeds()[0].substitute, 7);
        assertTrue(source.feeds()[0].optional && source.feeds()[0].isSigned);
        assertFalse(source.feeds()[1].optional);
        assertTrue(source.covers(IModelRegistry(core.registry).latestPin(id)));
        _check();
    }

    function feed(uint256 i) external pure returns (uint256) {
        return i * 1e18;
    }

    function test_RevertWhen_TheKindOfSourceIsUnknown() public {
        _deployCore("kind");
        DeploySource script = new DeploySource();
        string memory settings = _replace(vm.readFile("script/config/source.development.json"), '"signed"', '"guessed"');
        vm.expectRevert(abi.encodeWithSelector(DeploySource.UnknownKind.selector, "guessed"));
        script.deploy(settings, results);
    }

    function test_RevertWhen_AModelIsNotInTheDeployment() public {
        _deployCore("no-model");
        DeploySource script = new DeploySource();
        string memory settings = string.concat('{"name": "x", "kind": "on-chain", "model": "none", "feeds": []}');
        vm.expectRevert(abi.encodeWithSelector(VerdictScript.NotInDeployment.selector, ".models.none.modelId"));
        script.deploy(settings, results);
    }

    // ------------------------------------------------------------------------------------ checking

    function _differs(string memory what, string memory with, bytes memory errorData) private {
        string memory json = vm.readFile(results);
        vm.writeFile(results, _replace(json, what, with));
        CheckDeployment checker = new CheckDeployment();
        vm.expectRevert(errorData);
        checker.check(results);
        vm.writeFile(results, json);
    }

    function test_RevertWhen_TheChainSaysSomethingElse() public {
        address source = _deployAll("differs");
        _check();
        bytes4 selector = CheckDeployment.Differs.selector;
        _differs('"modelId": 1', '"modelId": 2', abi.encodeWithSelector(selector, string.concat(".models.", MODEL)));
        string memory hash = vm.toString(vm.parseJsonBytes32(_proof(), ".model"));
        _differs(hash, vm.toString(bytes32(0)), abi.encodeWithSelector(selector, string.concat(".models.", MODEL)));
        _differs(
            '"developmentSetup": true',
            '"developmentSetup": false',
            abi.encodeWithSelector(selector, ".core.developmentSetup")
        );
        _differs('"routeAdded": true', '"routeAdded": false', abi.encodeWithSelector(selector, ".core.routeAdded"));
        string memory tau = vm.toString(bytes32(DevelopmentSetup.tauG2()[2]));
        _differs(tau, vm.toString(bytes32(0)), abi.encodeWithSelector(selector, ".core.tauG2"));
        string memory bundle =
            vm.toString(Bundles.digestOf(IModelRegistry(core.registry), 1, 1, DevelopmentSetup.tauG2()));
        _differs(
            bundle,
            vm.toString(bytes32(0)),
            abi.encodeWithSelector(selector, string.concat(".models.", MODEL, ".bundle"))
        );
        string memory registry = vm.toString(core.registry);
        _differs(registry, vm.toString(core.verifyingKeys), abi.encodeWithSelector(selector, ".core.registry"));

        vm.etch(source, "");
        CheckDeployment checker = new CheckDeployment();
        vm.expectRevert(
            abi.encodeWithSelector(CheckDeployment.NoCode.selector, ".sources.data-signers.address", source)
        );
        checker.check(results);
    }

    function test_RevertWhen_TheResultsAreOfAnotherChain() public {
        _deployCore("chain");
        CheckDeployment checker = new CheckDeployment();
        vm.chainId(5);
        vm.expectRevert(abi.encodeWithSelector(CheckDeployment.OtherChain.selector, 31_337, 5));
        checker.check(results);
    }
}
