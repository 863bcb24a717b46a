// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity 0.8.37;

import { IAccessControl } from "@openzeppelin/contracts/access/IAccessControl.sol";
import {
    IAccessControlDefaultAdminRules
} from "@openzeppelin/contracts/access/extensions/IAccessControlDefaultAdminRules.sol";
import { IERC165 } from "@openzeppelin/contracts/utils/introspection/IERC165.sol";

import { IVerdictGateway } from "../../../src/core/gateway/IVerdictGateway.sol";
import { IVerdictRoutes } from "../../../src/core/gateway/IVerdictRoutes.sol";
import { VerdictGateway } from "../../../src/core/gateway/VerdictGateway.sol";
import { IModelRegistry } from "../../../src/core/registry/IModelRegistry.sol";
import { InferenceVerifier } from "../../../src/core/verifier/InferenceVerifier.sol";
import { IInferenceVerifier } from "../../../src/core/verifier/interfaces/IInferenceVerifier.sol";
import { DevelopmentSetup } from "../../../src/core/verifier/libraries/DevelopmentSetup.sol";
import { IERC7992Registry, IERC7992RegistryErrors, IERC7992Verifier } from "../../../src/interfaces/IERC7992.sol";
import { ModelPin, ModelPins } from "../../../src/types/ModelPin.sol";
import { CoreTest } from "../../utils/CoreTest.sol";
import { Answers, AnyProofVerifier, Refuses } from "./Mocks.sol";

/// @dev Routes, roles, and the two ways to verify that don't emit.
contract VerdictGatewayTest is CoreTest {
    string private constant OTHER = "other-bn254-v2";
    bytes4 private constant OTHER_ROUTE = bytes4(keccak256("other-bn254-v2"));

    TestModel private _model;
    uint256[] private _publicValues;
    bytes private _proof;
    address private _other;

    function setUp() public override {
        super.setUp();
        _model = _register(_spec(3, 1));
        _publicValues = new uint256[](3);
        _publicValues[0] = _context(_model, address(this), "");
        _proof = _prove(_model, _publicValues);
        _other = address(new AnyProofVerifier(false));
    }

    // ------------------------------------------------------------------------------------ verifies

    function test_VerifiesAPinnedVersion() public view {
        gateway.verify(_model.pin, _publicValues, _proof);
    }

    function test_VerifiesAnActiveVersion() public view {
        gateway.verifyActive(_model.id, 1, _publicValues, _proof);
    }

    /// @dev Pinned versions outlive their successors and their deprecation; that is the consumer's
    /// to judge.
    function test_VerifiesAPinnedVersionThatIsDeprecated() public {
        _upgrade(_model, _spec(3, 1));
        vm.prank(modelOwner);
        registry.deprecateModel(_model.id);
        gateway.verify(_model.pin, _publicValues, _proof);
    }

    function test_RoutesToTheVerifierThatTheVersionNames() public {
        _addOther();
        TestModel memory other = _registerFor(OTHER_ROUTE);
        // The other verifier takes anything, this one doesn't.
        gateway.verify(other.pin, _publicValues, "");
        gateway.verifyActive(other.id, 1, _publicValues, "");
        vm.expectRevert(abi.encodeWithSelector(IInferenceVerifier.WrongProofLength.selector, _proof.length, 0));
        gateway.verify(_model.pin, _publicValues, "");
    }

    function test_PassesTheVerifiersErrorsOn() public {
        _publicValues[1] = 1;
        vm.expectRevert(IInferenceVerifier.ProofRejected.selector);
        gateway.verify(_model.pin, _publicValues, _proof);
        vm.expectRevert(IInferenceVerifier.ProofRejected.selector);
        gateway.verifyActive(_model.id, 1, _publicValues, _proof);

        bytes memory reason = abi.encodeWithSelector(IInferenceVerifier.WrongPublicValueCount.selector, 3, 4);
        vm.expectRevert(reason);
        gateway.verify(_model.pin, new uint256[](4), _proof);
        vm.expectRevert(reason);
        gateway.verifyActive(_model.id, 1, new uint256[](4), _proof);
    }

    /// @dev What is accepted is exactly what the verifier accepts.
    function testFuzz_AgreesWithTheVerifier(uint256 bit) public view {
        bytes memory proof = _proof;
        bit %= proof.length * 8 + 1;
        if (bit != proof.length * 8) proof[bit / 8] ^= bytes1(uint8(1 << (bit % 8)));
        (bool ok, bytes memory reason) = address(verifier).staticcall{ gas: 3_000_000 }(
            abi.encodeCall(verifier.verify, (_model.pin.key(), _publicValues, proof))
        );
        (bool routed, bytes memory routedReason) = address(gateway).staticcall{ gas: 3_000_000 }(
            abi.encodeCall(gateway.verify, (_model.pin, _publicValues, proof))
        );
        assertEq(routed, ok);
        assertEq(routedReason, reason);
        assertEq(ok, bit == proof.length * 8);
    }

    // -------------------------------------------------------------------------------------- routes

    function test_AddsARoute() public {
        vm.expectEmit(address(gateway));
        emit IVerdictRoutes.RouteAdded(OTHER_ROUTE, _other, OTHER, false);
        assertEq(_addOther(), OTHER_ROUTE);
        (address found, bool frozen) = gateway.routeOf(OTHER_ROUTE);
        assertEq(found, _other);
        assertFalse(frozen);
    }

    function test_FreezesARoute() public {
        vm.expectEmit(address(gateway));
        emit IVerdictRoutes.RouteFrozen(ROUTE, guardian);
        vm.prank(guardian);
        gateway.freezeRoute(ROUTE);
        (address found, bool frozen) = gateway.routeOf(ROUTE);
        assertEq(found, address(verifier));
        assertTrue(frozen);
    }

    function test_PinsARoute() public {
        vm.expectEmit(address(gateway));
        emit IVerdictRoutes.RoutePinned(address(this), ROUTE);
        gateway.pinRoute(ROUTE);
        assertEq(gateway.pinnedRouteOf(address(this)), ROUTE);
        gateway.verifyActive(_model.id, 1, _publicValues, _proof);
        // For itself alone.
        assertEq(gateway.pinnedRouteOf(address(1)), bytes4(0));
        gateway.pinRoute(0);
        assertEq(gateway.pinnedRouteOf(address(this)), bytes4(0));
    }

    function testFuzz_NamesOfProofSystems(bytes memory name) public {
        vm.assume(bytes4(keccak256(name)) != ROUTE);
        bool expected = name.length != 0;
        for (uint256 i = 0; i < name.length; ++i) {
            bool hyphen = name[i] == "-";
            bool last = i == name.length - 1;
            bool word = (name[i] >= "a" && name[i] <= "z") || (name[i] >= "0" && name[i] <= "9");
            if (!word && (!hyphen || i == 0 || last || name[i - 1] == "-")) expected = false;
        }
        _tryName(string(name), expected);
    }

    function test_NamesOfProofSystems() public {
        string[8] memory good = ["a", "0", "a-0", "groth16-bn254-v1", "z9", "stark-airfoo-v1", "a-b-c-d", "1-1"];
        string[9] memory bad = ["", "-", "-a", "a-", "a--b", "A", "a b", "a_b", unicode"ä"];
        for (uint256 i = 0; i < good.length; ++i) {
            _tryName(good[i], true);
        }
        for (uint256 i = 0; i < bad.length; ++i) {
            _tryName(bad[i], false);
        }
    }

    function _tryName(string memory name, bool expected) private {
        if (!expected) vm.expectRevert(abi.encodeWithSelector(IVerdictRoutes.InvalidProofSystemName.selector, name));
        vm.prank(admin);
        bytes4 selector = gateway.addRoute(name, _other);
        if (expected) assertEq(selector, bytes4(keccak256(bytes(name))));
    }

    // --------------------------------------------------------------------------- interfaces, roles

    function test_SupportsInterfaces() public view {
        IERC165 supporter = IERC165(address(gateway));
        assertTrue(supporter.supportsInterface(type(IERC165).interfaceId));
        assertTrue(supporter.supportsInterface(type(IERC7992Verifier).interfaceId));
        assertTrue(supporter.supportsInterface(type(IVerdictRoutes).interfaceId));
        assertTrue(supporter.supportsInterface(type(IVerdictGateway).interfaceId));
        assertTrue(supporter.supportsInterface(type(IAccessControl).interfaceId));
        assertTrue(supporter.supportsInterface(type(IAccessControlDefaultAdminRules).interfaceId));
        assertFalse(supporter.supportsInterface(0xffffffff));
    }

    function test_AdministratorAppointsGuardians() public {
        VerdictGateway roles = VerdictGateway(address(gateway));
        bytes32 role = roles.GUARDIAN_ROLE();
        vm.startPrank(admin);
        roles.grantRole(role, address(this));
        roles.revokeRole(role, guardian);
        vm.stopPrank();
        gateway.freezeRoute(ROUTE);
    }

    function test_TellsRegistryAndWhetherItIsForTests() public {
        assertEq(gateway.registry(), address(registry));
        assertTrue(gateway.allowsDevelopmentSetup());
        assertFalse(_production().allowsDevelopmentSetup());
        assertEq(gateway.proofSystemOf(_model.id), ROUTE);
    }

    // ------------------------------------------------------------------------------------- refuses

    function test_RevertWhen_TheRegistryHasNoCode() public {
        vm.expectRevert(abi.encodeWithSelector(IVerdictRoutes.NotARegistry.selector, address(1)));
        new VerdictGateway(IModelRegistry(address(1)), admin, 1 days, guardian, true);
    }

    function test_RevertWhen_TheCallerIsNotTheAdministrator() public {
        vm.expectRevert(
            abi.encodeWithSelector(IAccessControl.AccessControlUnauthorizedAccount.selector, guardian, bytes32(0))
        );
        vm.prank(guardian);
        gateway.addRoute(OTHER, _other);
    }

    function test_RevertWhen_TheCallerIsNotAGuardian() public {
        bytes32 role = VerdictGateway(address(gateway)).GUARDIAN_ROLE();
        vm.expectRevert(abi.encodeWithSelector(IAccessControl.AccessControlUnauthorizedAccount.selector, admin, role));
        vm.prank(admin);
        gateway.freezeRoute(ROUTE);
    }

    function test_RevertWhen_TheVerifierIsOfADevelopmentSetup() public {
        address development = address(new InferenceVerifier(DevelopmentSetup.tauG2()));
        IVerdictGateway production = _production();
        vm.expectRevert(abi.encodeWithSelector(IVerdictRoutes.DevelopmentSetupRefused.selector, development));
        vm.prank(admin);
        production.addRoute(OTHER, development);
    }

    function test_RevertWhen_TheVerifierDoesNotAnswer() public {
        _refuseVerifier(makeAddr("nobody"));
        _refuseVerifier(address(registry));
        _refuseVerifier(address(new Answers(hex"")));
        _refuseVerifier(address(new Answers(abi.encode(2))));
        _refuseVerifier(address(new Answers(abi.encode(0, 0))));
        _refuseVerifier(address(new Refuses()));
    }

    function _refuseVerifier(address account) private {
        vm.expectRevert(abi.encodeWithSelector(IVerdictRoutes.NotAVerifier.selector, account));
        vm.prank(admin);
        gateway.addRoute(OTHER, account);
    }

    /// @dev A verifier that destroys itself in the transaction in which it was made and added.
    function test_Attack_VerifierVanishes() public {
        _addOther();
        TestModel memory other = _registerFor(OTHER_ROUTE);
        vm.etch(_other, "");
        vm.expectRevert(abi.encodeWithSelector(IVerdictRoutes.NotAVerifier.selector, _other));
        gateway.verify(other.pin, _publicValues, "");
        vm.expectRevert();
        gateway.verifyActive(other.id, 1, _publicValues, "");
    }

    function test_RevertWhen_ARouteExists() public {
        bytes memory reason = abi.encodeWithSelector(IVerdictRoutes.RouteExists.selector, ROUTE);
        vm.expectRevert(reason);
        vm.prank(admin);
        gateway.addRoute(PROOF_SYSTEM, _other);
        vm.prank(guardian);
        gateway.freezeRoute(ROUTE);
        // Not even then.
        vm.expectRevert(reason);
        vm.prank(admin);
        gateway.addRoute(PROOF_SYSTEM, _other);
    }

    function test_RevertWhen_ThereIsNoRoute() public {
        bytes memory reason = abi.encodeWithSelector(IERC7992Verifier.UnsupportedProofSystem.selector, OTHER_ROUTE);
        TestModel memory other = _registerFor(OTHER_ROUTE);
        vm.expectRevert(reason);
        gateway.verify(other.pin, _publicValues, _proof);
        vm.expectRevert(reason);
        gateway.verifyActive(other.id, 1, _publicValues, _proof);
        vm.expectRevert(reason);
        gateway.pinRoute(OTHER_ROUTE);
        vm.expectRevert(reason);
        vm.prank(guardian);
        gateway.freezeRoute(OTHER_ROUTE);
        // A pin of nothing.
        vm.expectRevert(abi.encodeWithSelector(IERC7992Verifier.UnsupportedProofSystem.selector, bytes4(0)));
        gateway.verify(ModelPin.wrap(0), _publicValues, _proof);
    }

    function test_RevertWhen_TheAppPinnedAnotherRoute() public {
        _addOther();
        gateway.pinRoute(OTHER_ROUTE);
        vm.expectRevert(
            abi.encodeWithSelector(IVerdictRoutes.RouteNotPinned.selector, address(this), OTHER_ROUTE, ROUTE)
        );
        gateway.verifyActive(_model.id, 1, _publicValues, _proof);
        // Others aren't bound.
        vm.prank(address(1));
        gateway.verifyActive(_model.id, 1, _publicValues, _proof);
    }

    function testFuzz_RevertWhen_TheFunctionIsUnknown(bytes memory data) public {
        (bool ok, bytes memory reason) = address(gateway).call(abi.encodePacked(bytes4(0xdeadbeef), data));
        assertFalse(ok);
        assertEq(reason, abi.encodeWithSelector(IVerdictRoutes.UnknownFunction.selector, bytes4(0xdeadbeef)));
        (ok, reason) = address(gateway).call("");
        assertFalse(ok);
        assertEq(reason, abi.encodeWithSelector(IVerdictRoutes.UnknownFunction.selector, bytes4(0)));
    }

    function test_RevertWhen_EtherIsSent() public {
        vm.deal(address(this), 1);
        (bool ok,) =
            address(gateway).call{ value: 1 }(abi.encodeCall(gateway.verify, (_model.pin, _publicValues, _proof)));
        assertFalse(ok);
    }

    // ------------------------------------------------------------------------------------- attacks

    /// @dev A guardian found a flaw: every way through the route is closed, for good, whoever
    /// pinned what.
    function test_Attack_ProofThroughAFrozenRoute() public {
        gateway.pinRoute(ROUTE);
        vm.prank(guardian);
        gateway.freezeRoute(ROUTE);
        bytes memory reason = abi.encodeWithSelector(IVerdictRoutes.RouteIsFrozen.selector, ROUTE);
        vm.expectRevert(reason);
        gateway.verify(_model.pin, _publicValues, _proof);
        vm.expectRevert(reason);
        gateway.verifyActive(_model.id, 1, _publicValues, _proof);
        vm.expectRevert(reason);
        gateway.pinRoute(ROUTE);
        // Freezing again is no way back.
        vm.expectRevert(reason);
        vm.prank(guardian);
        gateway.freezeRoute(ROUTE);
    }

    function test_Attack_ProofOfADeprecatedModel() public {
        vm.prank(modelOwner);
        registry.deprecateModel(_model.id);
        vm.expectRevert(abi.encodeWithSelector(IERC7992RegistryErrors.ModelDeprecated.selector, _model.id));
        gateway.verifyActive(_model.id, 1, _publicValues, _proof);
    }

    function test_Attack_ProofOfADeprecatedVersion() public {
        vm.prank(modelOwner);
        registry.deprecateVersion(_model.id, 1);
        vm.expectRevert(abi.encodeWithSelector(IModelRegistry.VersionIsDeprecated.selector, _model.id, 1));
        gateway.verifyActive(_model.id, 1, _publicValues, _proof);
    }

    /// @dev The set-up's secret is public: whoever routes to it accepts forgeries.
    function test_Attack_VerifierWithTheDevelopmentSetup() public {
        address development = address(new InferenceVerifier(DevelopmentSetup.tauG2()));
        IVerdictGateway production = _production();
        vm.expectRevert(abi.encodeWithSelector(IVerdictRoutes.DevelopmentSetupRefused.selector, development));
        vm.prank(admin);
        production.addRoute(OTHER, development);
        // This gateway says that it is for tests.
        vm.expectEmit(address(gateway));
        emit IVerdictRoutes.RouteAdded(OTHER_ROUTE, development, OTHER, true);
        vm.prank(admin);
        gateway.addRoute(OTHER, development);
    }

    /// @dev A new version brings a proof system that accepts anything: not into an app that pinned
    /// its route.
    function test_Attack_UpdateBringsAnotherProofSystemAlong() public {
        _addOther();
        gateway.pinRoute(ROUTE);
        IERC7992Registry.ModelCommitment memory commitment = registry.versionOf(_model.id, 1).commitment;
        commitment.proofSystemId = OTHER_ROUTE;
        vm.prank(modelOwner);
        registry.updateModel(_model.id, commitment);
        skip(DELAY);
        registry.executeUpdate(_model.id);
        vm.expectRevert(
            abi.encodeWithSelector(IVerdictRoutes.RouteNotPinned.selector, address(this), ROUTE, OTHER_ROUTE)
        );
        gateway.verifyActive(_model.id, 2, _publicValues, "forged");
    }

    /// @dev A pin that names a key nobody registered is as good as who made it: a consumer takes
    /// its pin from the registry.
    function test_Attack_PinWithTheKeyOfAnotherModel() public {
        TestModel memory other = _register(_spec(3, 1));
        ModelPin forged = ModelPins.make(other.pin.key(), ROUTE, uint32(_model.id), 1);
        vm.expectRevert(IInferenceVerifier.ProofRejected.selector);
        gateway.verify(forged, _publicValues, _proof);
    }

    /// @dev Offsets and lengths that point elsewhere, overlap, wrap around or claim too much:
    /// nothing but the standard encoding is accepted by the verifier, whichever way it comes.
    function testFuzz_Attack_MalformedAbiOffsetsInPublicValues(uint256 word, uint256 value) public view {
        bytes memory data = abi.encodeCall(gateway.verify, (_model.pin, _publicValues, _proof));
        // The offsets of both arrays, and their lengths.
        uint256[4] memory places = [uint256(36), 68, 100, 100 + 32 * (1 + _publicValues.length)];
        uint256 place = places[word % 4];
        uint256 old = _replace(data, place, value);
        (bool ok,) = address(gateway).staticcall{ gas: 5_000_000 }(data);
        assertEq(ok, old == value);
    }

    function testFuzz_Attack_MalformedAbiOffsetsByModel(uint256 word, uint256 value) public view {
        bytes memory data = abi.encodeCall(gateway.verifyActive, (_model.id, 1, _publicValues, _proof));
        uint256[4] memory places = [uint256(68), 100, 132, 132 + 32 * (1 + _publicValues.length)];
        uint256 place = places[word % 4];
        uint256 old = _replace(data, place, value);
        (bool ok,) = address(gateway).staticcall{ gas: 5_000_000 }(data);
        assertEq(ok, old == value);
    }

    function test_Attack_SuspiciousAbiOffsets() public view {
        uint256[9] memory values = [uint256(0), 1, 32, 64, 128, 1 << 63, (1 << 64) - 1, 1 << 255, type(uint256).max];
        for (uint256 i = 0; i < values.length; ++i) {
            for (uint256 j = 0; j < 4; ++j) {
                testFuzz_Attack_MalformedAbiOffsetsInPublicValues(j, values[i]);
                testFuzz_Attack_MalformedAbiOffsetsByModel(j, values[i] == 128 && j == 0 ? 129 : values[i]);
            }
        }
    }

    function testFuzz_Attack_CalldataIsCutOrExtended(uint256 length) public view {
        bytes memory data = abi.encodeCall(gateway.verify, (_model.pin, _publicValues, _proof));
        length = bound(length, 4, data.length + 64);
        bytes memory changed = new bytes(length);
        for (uint256 i = 0; i < length && i < data.length; ++i) {
            changed[i] = data[i];
        }
        (bool ok,) = address(gateway).staticcall{ gas: 5_000_000 }(changed);
        assertEq(ok, length == data.length);
    }

    // ------------------------------------------------------------------------------------- helpers

    function _addOther() private returns (bytes4) {
        vm.prank(admin);
        return gateway.addRoute(OTHER, _other);
    }

    function _production() private returns (IVerdictGateway) {
        return IVerdictGateway(address(new VerdictGateway(registry, admin, 1 days, guardian, false)));
    }

    /// @dev The same model, by another proof system.
    function _registerFor(bytes4 route) private returns (TestModel memory other) {
        IERC7992Registry.ModelCommitment memory commitment = registry.versionOf(_model.id, 1).commitment;
        commitment.proofSystemId = route;
        vm.prank(modelOwner);
        other.id = registry.registerModel(commitment);
        other.pin = registry.pinOf(other.id, 1);
    }

    function _replace(bytes memory data, uint256 place, uint256 value) private pure returns (uint256 old) {
        assembly ("memory-safe") {
            let slot := add(add(data, 0x20), place)
            old := mload(slot)
            mstore(slot, value)
        }
    }
}
