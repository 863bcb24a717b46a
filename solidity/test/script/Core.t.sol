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
import { IModelBreakpoints } from "../../src/core/registry/IModelBreakpoints.sol";
import { IModelRegistry } from "../../src/core/registry/IModelRegistry.sol";
import { InferenceVerifier } from "../../src/core/verifier/InferenceVerifier.sol";
import { VerifyingKeys } from "../../src/core/verifier/VerifyingKeys.sol";
import { DevelopmentSetup } from "../../src/core/verifier/libraries/DevelopmentSetup.sol";
import { CommittedFeatures } from "../../src/features/CommittedFeatures.sol";
import { OnChainFeatures } from "../../src/features/OnChainFeatures.sol";
import { SignedFeatures } from "../../src/features/SignedFeatures.sol";
import { Bundles } from "../../src/libraries/Bundles.sol";
import { Ranks } from "../../src/libraries/Ranks.sol";
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

    // --------------------------------------------------------------------------------------- specs

    function test_SpecsKnowAllPackingsAndVisibilitiesAndKeyProofs() public {
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
        assertEq(reader.read(json).keyProof, 0);
        bytes32 keyProof = keccak256("key proof");
        json = _replace(json, '"commitments": 0,', _pair("keyProof", keyProof, '"commitments": 0,'));
        assertEq(reader.read(json).keyProof, keyProof);
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
        OnChainFeatures source = OnChainFeatures(new DeploySource().deploy(_onChain(""), results));
        assertEq(source.feeds().length, 30);
        assertEq(source.feeds()[0].substitute, 7);
        assertTrue(source.feeds()[0].optional && source.feeds()[0].isSigned);
        assertFalse(source.feeds()[1].optional);
        assertTrue(source.covers(IModelRegistry(core.registry).latestPin(id)));
        _check();
    }

    /// @dev The script puts the breakpoints on chain, from the file that the model was registered
    /// with. Feed i says i.
    function test_DeploysAnOnChainSourceOfRanks() public {
        (string memory path, ModelPin pin) = _registerRanks("ranks");
        string memory settings = _onChain(string.concat('"spec": "', path, '", '));
        OnChainFeatures source = OnChainFeatures(new DeploySource().deploy(settings, results));
        int256[] memory integers = source.integers(pin);
        assertEq(integers[1], 0);
        assertEq(integers[2], 1);
        assertEq(integers[29], 1);
        _check();
    }

    function test_RevertWhen_TheBreakpointsAreNotInTheSettings() public {
        _registerRanks("no-ranks");
        DeploySource script = new DeploySource();
        string memory settings = _onChain("");
        vm.expectRevert(abi.encodeWithSelector(Ranks.WrongAccountCount.selector, 1, 0));
        script.deploy(settings, results);
    }

    /// @dev A model whose value i is a rank among 1.5 and i + 2, and the file of its spec.
    function _registerRanks(string memory name) private returns (string memory path, ModelPin pin) {
        _deployCore(name);
        string memory spec = "";
        bytes memory table = "";
        for (uint256 i = 0; i < 30; ++i) {
            spec = string.concat(spec, i == 0 ? '"0"' : ', "0"');
            for (uint256 j = 0; j < 2; ++j) {
                int256 breakpoint = j == 0 ? int256(15) : int256(20 + 10 * i);
                table = bytes.concat(table, bytes8(uint64(uint256(Ranks.place(breakpoint, 1)))));
            }
        }
        spec = string.concat(
            '{"inputItems": 1, "outputItems": 1, "commitments": 0, "inputs": [{"count": 30, "packing": "signed", ',
            '"visibility": "public", "minima": [0], "maxima": [2], "scalesE36": [',
            spec,
            '], "zeroPoints": [',
            _replace(spec, '"0"', "0"),
            ']}], "outputs": [{"count": 1, "packing": "signed", "scaleE36": "1"}], "breakpoints": "',
            vm.toString(table),
            '"}'
        );
        path = string.concat("deployments/test/", name, ".spec.json");
        vm.writeFile(path, spec);
        string memory proof = vm.readFile(string.concat("../test-vectors/", MODEL, "/proof.json"));
        uint256 id;
        (id, pin) = new RegisterModel().register(MODEL, spec, proof, results);
        assertEq(IModelBreakpoints(core.registry).breakpointsOf(id, 1), keccak256(table));
        _check();
    }

    /// @dev Settings of a source with thirty feeds.
    function _onChain(string memory more) private view returns (string memory) {
        string memory feeds = "";
        for (uint256 i = 0; i < 30; ++i) {
            string memory first = i == 0
                ? string.concat(
                    _pair("substitute", 7), _pair("gasLimit", 50_000), _pair("isSigned", 1), _pair("maxAge", 9)
                )
                : "";
            string memory data = string.concat('"data": "', vm.toString(abi.encodeCall(this.feed, (i))), '"}');
            feeds = string.concat(
                feeds, i == 0 ? "{" : ", {", _pair("target", address(this)), _pair("decimals", 18), first, data
            );
        }
        return string.concat(
            '{"name": "chain", "kind": "on-chain", ', more, '"model": "', MODEL, '", "feeds": [', feeds, "]}"
        );
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
