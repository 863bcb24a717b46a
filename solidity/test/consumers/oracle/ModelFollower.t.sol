// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity 0.8.37;

import { Ownable } from "@openzeppelin/contracts/access/Ownable.sol";

import { IInferenceOracle, OracleConfig } from "../../../src/consumers/oracle/IInferenceOracle.sol";
import { IModelFollower } from "../../../src/consumers/oracle/IModelFollower.sol";
import { IVerdictRoutes } from "../../../src/core/gateway/IVerdictRoutes.sol";
import { IModelRegistry } from "../../../src/core/registry/IModelRegistry.sol";
import { IInferenceVerifier } from "../../../src/core/verifier/interfaces/IInferenceVerifier.sol";
import { IERC7992Registry, IERC7992RegistryErrors, IERC7992Verifier } from "../../../src/interfaces/IERC7992.sol";
import { ModelPin } from "../../../src/types/ModelPin.sol";
import { ModelSpec, Visibility } from "../../../src/types/Schemas.sol";
import { OracleTest } from "./OracleTest.sol";

/// @dev How an oracle moves from version to version. Anyone can announce the latest; `_closed`
/// makes one where only the owner can.
contract ModelFollowerTest is OracleTest {
    TestModel private _next;
    address private _anyone = makeAddr("anyone");

    function setUp() public override {
        super.setUp();
        _answer(1000);
        // Steps of a thousandth, and more inputs.
        ModelSpec memory spec = _spec(30, 1);
        spec.outputs[0].scaleE36 = 1e33;
        _next = _upgrade(model, spec);
    }

    function _announce(uint32 version) private {
        vm.prank(_anyone);
        oracle.announceVersion(version);
    }

    function _closed() private {
        OracleConfig memory config = _config();
        config.followsLatest = false;
        oracle = _oracle(source, config);
    }

    function _switch() private {
        _announce(2);
        skip(SWITCH_DELAY);
        vm.prank(_anyone);
        oracle.executeSwitch();
        model = _next;
    }

    /// @dev An answer of the second version, which has 30 inputs.
    function _answerOfSecond(int256 thousandths) private returns (uint80) {
        uint256 now_ = vm.getBlockTimestamp();
        Submission memory s;
        s.evidence = _evidence(source, address(oracle), model.pin, SUBJECT, _dataAt(now_), MASK);
        s.outputs = _outputWord(model, thousandths);
        s.proof = _proofFor(now_, 0, _wordsAt(now_), s.outputs);
        return _submit(s);
    }

    function test_Views() public view {
        assertEq(oracle.modelId(), model.id);
        assertEq(oracle.modelVersion(), 1);
        assertEq(ModelPin.unwrap(oracle.pin()), ModelPin.unwrap(model.pin));
        assertTrue(oracle.isOpen());
        assertEq(oracle.switchDelay(), SWITCH_DELAY);
        assertTrue(oracle.isGuardian(guardian));
        assertFalse(oracle.isGuardian(owner));
        assertFalse(oracle.isHalted());
        (uint32 version, uint256 eta, uint256 expiry) = oracle.pendingSwitch();
        assertEq(version + eta + expiry, 0);
    }

    function test_AnyoneMovesItToTheLatestVersionInTwoSteps() public {
        uint256 now_ = vm.getBlockTimestamp();
        uint256 eta = now_ + SWITCH_DELAY;
        vm.expectEmit();
        emit IModelFollower.SwitchAnnounced(2, eta, eta + 14 days, _anyone);
        _announce(2);
        (uint32 version, uint256 eta_, uint256 expiry) = oracle.pendingSwitch();
        assertEq(version, 2);
        assertEq(eta_, eta);
        assertEq(expiry, eta + 14 days);
        assertEq(oracle.modelVersion(), 1);

        vm.warp(eta);
        vm.expectEmit();
        emit IModelFollower.Switched(2, _next.pin);
        vm.prank(_anyone);
        oracle.executeSwitch();
        assertEq(oracle.modelVersion(), 2);
        (version,,) = oracle.pendingSwitch();
        assertEq(version, 0);
    }

    /// @dev Rounds mean what they meant: each is read with the scale of the version that made it.
    function test_RoundsKeepTheirVersionsScale() public {
        uint256 first = vm.getBlockTimestamp();
        _switch();
        (, int256 answer,,,) = oracle.getRoundData(1);
        assertEq(answer, 10e8);
        assertEq(_answerOfSecond(10_500), 2);
        assertEq(_latestAnswer(), 10.5e8);
        (, answer,,,) = oracle.getRoundData(2);
        assertEq(answer, 10.5e8);
        (, answer,,,) = oracle.getRoundData(1);
        assertEq(answer, 10e8);
        assertEq(oracle.versionOfRound(1), 1);
        assertEq(oracle.versionOfRound(2), 2);
        assertLt(first, vm.getBlockTimestamp());
    }

    function test_TheCapHoldsAcrossASwitch() public {
        _switch();
        assertEq(_answerOfSecond(11_001), 0);
        assertEq(_latestAnswer(), 10e8);
    }

    function test_ASwitchForgetsAParkedMove() public {
        // The first version is still in use.
        assertEq(_answer(2000), 0);
        _announce(2);
        skip(SWITCH_DELAY);
        model = _next;
        uint256 parkedAt = vm.getBlockTimestamp();
        vm.prank(_anyone);
        oracle.executeSwitch();
        assertEq(oracle.parkedMove().parkedAt, 0);
        vm.expectRevert(IInferenceOracle.NothingParked.selector);
        oracle.nextContext(START, true);
        assertEq(_answerOfSecond(20_000), 0);
        assertEq(oracle.parkedMove().parkedAt, parkedAt);
    }

    function test_OwnerGoesBackToAnyActiveVersion() public {
        _switch();
        vm.prank(owner);
        oracle.announceVersion(1);
        skip(SWITCH_DELAY);
        oracle.executeSwitch();
        assertEq(oracle.modelVersion(), 1);
    }

    function test_SwitchesWithoutARoundBetween() public {
        _switch();
        vm.prank(owner);
        oracle.announceVersion(1);
        skip(SWITCH_DELAY);
        oracle.executeSwitch();
        (model.version, model.pin) = (1, registry.pinOf(model.id, 1));
        assertEq(oracle.versionOfRound(1), 1);
    }

    function test_GuardianVetoes() public {
        _announce(2);
        vm.expectEmit();
        emit IModelFollower.SwitchVetoed(2, guardian);
        vm.prank(guardian);
        oracle.vetoSwitch();
        assertTrue(oracle.isVetoed(2));
        // The owner may insist, and the guardian may, too.
        vm.prank(owner);
        oracle.announceVersion(2);
        vm.prank(guardian);
        oracle.vetoSwitch();
    }

    function test_OwnerAppointsGuardians() public {
        vm.expectEmit();
        emit IModelFollower.GuardianSet(_anyone, true);
        vm.startPrank(owner);
        oracle.setGuardian(_anyone, true);
        oracle.setGuardian(guardian, false);
        vm.stopPrank();
        vm.prank(_anyone);
        oracle.pause();
        vm.prank(guardian);
        vm.expectRevert(abi.encodeWithSelector(IModelFollower.NotAGuardian.selector, guardian));
        oracle.vetoSwitch();
    }

    /// @dev An announced version that became useless doesn't stand in the way of the next.
    function test_DeprecatedAnnouncementIsReplaced() public {
        _announce(2);
        vm.prank(modelOwner);
        registry.deprecateVersion(model.id, 2);
        _upgrade(model, _spec(20, 1));
        _announce(3);
        (uint32 version,,) = oracle.pendingSwitch();
        assertEq(version, 3);
    }

    /// @dev So doesn't one whose route was frozen.
    function test_AnnouncementWithAFrozenRouteIsReplaced() public {
        uint32 version = _versionOnRoute("other-route-v1", address(verifier));
        _announce(version);
        _freeze("other-route-v1");
        vm.prank(owner);
        oracle.announceVersion(2);
        (uint32 pending,,) = oracle.pendingSwitch();
        assertEq(pending, 2);
    }

    /// @dev A version in use whose route is frozen can be halted, as one that is deprecated.
    function test_HaltsWhenTheRouteIsFrozen() public {
        vm.prank(guardian);
        gateway.freezeRoute(ROUTE);
        assertTrue(registry.isActive(model.id, 1));
        vm.expectEmit();
        emit IModelFollower.Halted(1);
        oracle.halt();
        assertTrue(oracle.isHalted());
    }

    /// @dev A version on a route of its own, which `verifier_` serves; none if that is zero.
    function _versionOnRoute(string memory name, address verifier_) private returns (uint32) {
        if (verifier_ != address(0)) {
            vm.prank(admin);
            gateway.addRoute(name, verifier_);
        }
        IERC7992Registry.ModelCommitment memory commitment = _commitment(_newSeed(), _spec(20, 1));
        commitment.proofSystemId = bytes4(keccak256(bytes(name)));
        vm.prank(modelOwner);
        registry.updateModel(model.id, commitment);
        skip(registry.delayOf(model.id));
        return registry.executeUpdate(model.id);
    }

    function _freeze(string memory name) private {
        vm.prank(guardian);
        gateway.freezeRoute(bytes4(keccak256(bytes(name))));
    }

    // ------------------------------------------------------------------------------------ refusals

    /// @dev Whoever adds the route afterwards would pick what counts as a proof.
    function test_RevertWhen_VersionHasNoRoute() public {
        uint32 version = _versionOnRoute("future-v1", address(0));
        bytes4 route = bytes4(keccak256("future-v1"));
        bytes memory error_ = abi.encodeWithSelector(IERC7992Verifier.UnsupportedProofSystem.selector, route);
        vm.expectRevert(error_);
        _announce(version);
        vm.prank(owner);
        vm.expectRevert(error_);
        oracle.announceVersion(version);
        // Nor can an oracle begin with it.
        model.version = version;
        vm.expectRevert(error_);
        _oracle(source, _config());
    }

    function test_RevertWhen_RouteIsFrozen() public {
        uint32 version = _versionOnRoute("other-route-v1", address(verifier));
        _announce(version);
        _freeze("other-route-v1");
        skip(SWITCH_DELAY);
        bytes4 route = bytes4(keccak256("other-route-v1"));
        vm.expectRevert(abi.encodeWithSelector(IVerdictRoutes.RouteIsFrozen.selector, route));
        oracle.executeSwitch();
        assertEq(oracle.modelVersion(), 1);
    }

    function test_RevertWhen_SwitchDelayOutOfRange() public {
        OracleConfig memory config = _config();
        uint32[2] memory wrong = [uint32(1 hours - 1), 365 days + 1];
        for (uint256 i = 0; i < 2; ++i) {
            config.switchDelay = wrong[i];
            vm.expectRevert(
                abi.encodeWithSelector(IModelFollower.SwitchDelayOutOfRange.selector, 1 hours, 365 days, wrong[i])
            );
            _oracle(source, config);
        }
    }

    function test_LeastAndGreatestSwitchDelay() public {
        OracleConfig memory config = _config();
        uint32[2] memory right = [uint32(1 hours), 365 days];
        for (uint256 i = 0; i < 2; ++i) {
            config.switchDelay = right[i];
            assertEq(_oracle(source, config).switchDelay(), right[i]);
        }
    }

    function test_RevertWhen_SwitchAlreadyPending() public {
        _announce(2);
        vm.expectRevert(abi.encodeWithSelector(IModelFollower.SwitchAlreadyPending.selector, 2));
        _announce(2);
        // Once expired, it can be announced again.
        skip(SWITCH_DELAY + 14 days);
        _announce(2);
    }

    function test_RevertWhen_NoSwitchPending() public {
        vm.expectRevert(IModelFollower.NoSwitchPending.selector);
        oracle.executeSwitch();
        vm.prank(guardian);
        vm.expectRevert(IModelFollower.NoSwitchPending.selector);
        oracle.vetoSwitch();
    }

    function test_RevertWhen_SwitchNotReady() public {
        _announce(2);
        uint256 eta = vm.getBlockTimestamp() + SWITCH_DELAY;
        skip(SWITCH_DELAY - 1);
        vm.expectRevert(abi.encodeWithSelector(IModelFollower.SwitchNotReady.selector, eta));
        oracle.executeSwitch();
    }

    function test_RevertWhen_SwitchExpired() public {
        _announce(2);
        uint256 expiry = vm.getBlockTimestamp() + SWITCH_DELAY + 14 days;
        vm.warp(expiry);
        vm.expectRevert(abi.encodeWithSelector(IModelFollower.SwitchExpired.selector, expiry));
        oracle.executeSwitch();
    }

    function test_RevertWhen_AlreadyInUse() public {
        vm.prank(owner);
        vm.expectRevert(abi.encodeWithSelector(IModelFollower.AlreadyInUse.selector, 1));
        oracle.announceVersion(1);
        _switch();
        vm.expectRevert(abi.encodeWithSelector(IModelFollower.AlreadyInUse.selector, 2));
        _announce(2);
    }

    function test_RevertWhen_NotTheLatestVersion() public {
        vm.expectRevert(abi.encodeWithSelector(IModelFollower.NotTheLatestVersion.selector, 3));
        _announce(3);
        _switch();
        vm.expectRevert(abi.encodeWithSelector(IModelFollower.NotTheLatestVersion.selector, 1));
        _announce(1);
        vm.prank(owner);
        vm.expectRevert(abi.encodeWithSelector(IModelRegistry.VersionNotFound.selector, model.id, 3));
        oracle.announceVersion(3);
    }

    function test_RevertWhen_VersionVetoed() public {
        _announce(2);
        vm.prank(guardian);
        oracle.vetoSwitch();
        vm.expectRevert(abi.encodeWithSelector(IModelFollower.VersionVetoed.selector, 2));
        _announce(2);
    }

    function test_RevertWhen_NotAGuardian() public {
        _announce(2);
        vm.prank(_anyone);
        vm.expectRevert(abi.encodeWithSelector(IModelFollower.NotAGuardian.selector, _anyone));
        oracle.vetoSwitch();
    }

    function test_RevertWhen_CallerIsNotTheOwner() public {
        bytes memory error_ = abi.encodeWithSelector(Ownable.OwnableUnauthorizedAccount.selector, _anyone);
        vm.prank(_anyone);
        vm.expectRevert(error_);
        oracle.setGuardian(_anyone, true);
        _closed();
        vm.expectRevert(error_);
        _announce(2);
        vm.prank(owner);
        oracle.announceVersion(2);
    }

    function test_RevertWhen_AnnouncedVersionCannotBeUsed() public {
        ModelSpec memory spec = _spec(20, 1);
        spec.inputs[0] = _input(20, Visibility.Private);
        _upgrade(model, spec);
        vm.expectRevert(abi.encodeWithSelector(IInferenceOracle.SourceDoesNotCover.selector, 3));
        _announce(3);
        vm.prank(modelOwner);
        registry.deprecateVersion(model.id, 2);
        vm.prank(owner);
        vm.expectRevert(abi.encodeWithSelector(IModelRegistry.VersionIsDeprecated.selector, model.id, 2));
        oracle.announceVersion(2);
    }

    function test_RevertWhen_VersionHalted() public {
        Submission memory s = _submission(vm.getBlockTimestamp(), 1000, false);
        vm.prank(modelOwner);
        registry.deprecateVersion(model.id, 1);
        vm.expectEmit();
        emit IModelFollower.Halted(1);
        vm.prank(_anyone);
        oracle.halt();
        assertTrue(oracle.isHalted());
        bytes memory error_ = abi.encodeWithSelector(IModelFollower.VersionHalted.selector, 1);
        vm.expectRevert(error_);
        _submit(s);
        vm.expectRevert(error_);
        oracle.latestRoundDataStrict();
        vm.expectRevert(error_);
        oracle.halt();
        oracle.latestRoundData();
        // Another version ends it.
        _switch();
        assertFalse(oracle.isHalted());
        assertEq(_answerOfSecond(10_000), 2);
        oracle.latestRoundDataStrict();
    }

    function test_RevertWhen_VersionStillActive() public {
        vm.expectRevert(abi.encodeWithSelector(IModelFollower.VersionStillActive.selector, 1));
        oracle.halt();
    }

    // ------------------------------------------------------------------------------------- attacks

    /// @dev Whoever owns the model can't exchange what is verified: versions are fixed, and the
    /// oracle stays where it is.
    function test_Attack_ModelOwnerSwapsVersions() public {
        Submission memory s = _submission(vm.getBlockTimestamp(), 1000, false);
        // A proof under the new version's key, of the same inputs.
        TestModel memory old = model;
        model = _next;
        bytes memory swapped = _proofFor(vm.getBlockTimestamp(), 0, _wordsAt(vm.getBlockTimestamp()), s.outputs);
        vm.expectRevert(IInferenceVerifier.ProofRejected.selector);
        oracle.submit(s.evidence, s.outputs, swapped);
        model = old;
        assertEq(_submit(s), 2);
        // Between announcement and switch, a further version changes nothing about the announced
        // one.
        _announce(2);
        _upgrade(model, _spec(20, 1));
        oracle.executeSwitch();
        assertEq(ModelPin.unwrap(oracle.pin()), ModelPin.unwrap(_next.pin));
    }

    /// @dev What was proved of the old version is worthless after the switch.
    function test_Attack_ReplayOnAnotherVersion() public {
        uint256 later = vm.getBlockTimestamp() + SWITCH_DELAY;
        Submission memory s = _submission(later, 1000, false);
        _switch();
        vm.expectPartialRevert(bytes4(keccak256("InvalidSignature(address)")));
        _submit(s);
        // With signatures for the new version, still not.
        s.evidence = _evidence(source, address(oracle), _next.pin, SUBJECT, _dataAt(later), MASK);
        vm.expectRevert(IInferenceVerifier.ProofRejected.selector);
        _submit(s);
    }

    /// @dev The model as a whole is deprecated between announcement and switch.
    function test_Attack_DeprecatedBeforeTheSwitch() public {
        _announce(2);
        vm.prank(modelOwner);
        registry.deprecateModel(model.id);
        skip(SWITCH_DELAY);
        vm.expectRevert(abi.encodeWithSelector(IERC7992RegistryErrors.ModelDeprecated.selector, model.id));
        oracle.executeSwitch();
        assertEq(oracle.modelVersion(), 1);
    }
}
