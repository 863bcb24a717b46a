// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity 0.8.37;

import { ReentrancyGuardTransient } from "@openzeppelin/contracts/utils/ReentrancyGuardTransient.sol";

import { ERC4626PauseAdapter } from "../../../src/consumers/guard/ERC4626PauseAdapter.sol";
import { FraudPauseGuard } from "../../../src/consumers/guard/FraudPauseGuard.sol";
import { IBondLedger } from "../../../src/consumers/guard/IBondLedger.sol";
import { GuardConfig, IFraudPauseGuard } from "../../../src/consumers/guard/IFraudPauseGuard.sol";
import { IPauseAdapter } from "../../../src/consumers/guard/IPauseAdapter.sol";
import { OpenZeppelinPauseAdapter } from "../../../src/consumers/guard/OpenZeppelinPauseAdapter.sol";
import { PauseForAdapter } from "../../../src/consumers/guard/PauseForAdapter.sol";
import { IVerdictRoutes } from "../../../src/core/gateway/IVerdictRoutes.sol";
import { IInferenceVerifier } from "../../../src/core/verifier/interfaces/IInferenceVerifier.sol";
import { Features } from "../../../src/features/IFeatureSource.sol";
import { SignedFeatures } from "../../../src/features/SignedFeatures.sol";
import { SignerSet } from "../../../src/features/SignerSet.sol";
import { PublicValues } from "../../../src/libraries/PublicValues.sol";
import { ITokenHook } from "../../../testing/mocks/MockToken.sol";
import { LyingTarget, ReentrantTarget } from "./GuardMocks.sol";
import { GuardTest } from "./GuardTest.sol";

/// @dev Takes its bond out again while the token is still moving it in, or pays in twice.
contract Callback is ITokenHook {
    FraudPauseGuard private immutable _GUARD;
    bytes private _data;
    bool public succeeded;
    bytes public reason;

    constructor(FraudPauseGuard guard) {
        _GUARD = guard;
    }

    function arm(bytes calldata data) external {
        _data = data;
    }

    function onTransfer(address, address, uint256) external {
        (succeeded, reason) = address(_GUARD).call(_data);
    }
}

/// @dev What must not work although every proof here is accepted by the verifier.
contract FraudPauseGuardAttacksTest is GuardTest {
    bytes private constant REJECTED = abi.encodeWithSelector(IInferenceVerifier.ProofRejected.selector);
    bytes private constant REENTRANT =
        abi.encodeWithSelector(ReentrancyGuardTransient.ReentrancyGuardReentrantCall.selector);

    function _submitFails(uint256 anchor, uint256[] memory outputs, bytes memory proof, bytes memory reason) private {
        vm.expectRevert(reason);
        vm.prank(reporter);
        guard.trigger("", anchor, outputs, proof);
    }

    // -------------------------------------------------------------------------------------- replay

    function test_Attack_ReplayOnAnotherChain() public {
        (uint256 anchor, uint256[] memory outputs, bytes memory proof) = _evidence(guard, 90);
        vm.chainId(5);
        _submitFails(anchor, outputs, proof, REJECTED);
    }

    function test_Attack_ReplayOnAFork() public {
        (uint256 anchor, uint256[] memory outputs, bytes memory proof) = _evidence(guard, 90);
        vm.setBlockhash(anchor, keccak256("another block"));
        _submitFails(anchor, outputs, proof, REJECTED);
    }

    function test_Attack_ReplayOnAnotherConsumer() public {
        FraudPauseGuard other = _newGuard(_config(adapter));
        (uint256 anchor, uint256[] memory outputs, bytes memory proof) = _evidence(other, 90);
        vm.prank(admin);
        adapter.setGuard(address(guard));
        _submitFails(anchor, outputs, proof, REJECTED);
    }

    function test_Attack_ReplayWithAnotherAnchor() public {
        (uint256 anchor, uint256[] memory outputs, bytes memory proof) = _evidence(guard, 90);
        _submitFails(anchor - 1, outputs, proof, REJECTED);
    }

    function test_Attack_ReplayUnderAnotherModelVersion() public {
        TestModel memory old = model;
        model = _upgrade(old, _spec(3, 1));
        vm.roll(block.number + 5);
        (uint256 anchor, uint256[] memory outputs, bytes memory proof) = _evidence(guard, 90);
        _submitFails(anchor, outputs, proof, REJECTED);
    }

    function test_RevertWhen_EvidenceIsUsedTwice() public {
        (uint256 anchor, uint256[] memory outputs, bytes memory proof) = _evidence(guard, 90);
        uint256 used = block.number;
        vm.prank(reporter);
        guard.trigger("", anchor, outputs, proof);
        // The source still vouches for it; another proof of it is no other evidence.
        skip(PAUSE + COOLDOWN);
        vm.roll(block.number + 50);
        bytes memory reason = abi.encodeWithSelector(IFraudPauseGuard.EvidenceUsed.selector, used, anchor);
        _submitFails(anchor, outputs, proof, reason);
        // A younger anchor: the evidence is from before it.
        uint256 later = block.number - 1;
        (outputs, proof) = _proofOf(guard, later, _words(7), 90);
        reason = abi.encodeWithSelector(IFraudPauseGuard.EvidenceOutOfRange.selector, later, used);
        _submitFails(later, outputs, proof, reason);
    }

    function test_RevertWhen_EvidenceIsFromBeforeTheGuard() public {
        uint256 anchor = block.number;
        guard = _newGuard(_config(adapter));
        _setEvidence(7);
        vm.roll(block.number + 1);
        (uint256[] memory outputs, bytes memory proof) = _proofOf(guard, anchor, _words(7), 90);
        _submitFails(
            anchor, outputs, proof, abi.encodeWithSelector(IFraudPauseGuard.EvidenceUsed.selector, anchor, anchor)
        );
    }

    // ------------------------------------------------------------------------------------- swapped

    function test_Attack_SwappedInputs() public {
        (uint256 anchor, uint256[] memory outputs, bytes memory proof) = _evidence(guard, 90);
        _setEvidence(8);
        _submitFails(anchor, outputs, proof, REJECTED);
    }

    function test_Attack_SwappedOutputs() public {
        (uint256 anchor,, bytes memory proof) = _evidence(guard, 20);
        _submitFails(anchor, _outputWord(model, 90), proof, REJECTED);
    }

    function test_Attack_StrayBits() public {
        (uint256 anchor,, bytes memory proof) = _evidence(guard, 90);
        uint256[] memory outputs = _outputWord(model, 90);
        outputs[0] |= 1 << 16;
        _submitFails(anchor, outputs, proof, abi.encodeWithSelector(PublicValues.StrayBits.selector, 2));
    }

    /// @dev A source that gives no words would let `outputs` supply the model's inputs.
    function test_RevertWhen_OutputsPoseAsInputs() public {
        uint256 anchor = block.number - 1;
        features.set(new uint256[](0), uint64(block.timestamp), uint64(block.number));
        uint256[] memory outputs = new uint256[](2);
        outputs[0] = _outputWord(model, 90)[0];
        outputs[1] = _outputWord(model, 90)[0];
        uint256 context = _context(model, address(guard), guard.payloadOf(anchor));
        bytes memory proof = _prove(model, PublicValues.assemble(context, new uint256[](0), outputs, new uint256[](0)));
        bytes memory reason = abi.encodeWithSelector(IFraudPauseGuard.WrongEvidenceLength.selector, 1, 0);
        _submitFails(anchor, outputs, proof, reason);

        // Nor must commitments shift what comes before them.
        features.set(_words(7), uint64(block.timestamp), uint64(block.number));
        features.setCommitments(new uint256[](1));
        reason = abi.encodeWithSelector(IFraudPauseGuard.WrongEvidenceLength.selector, 1, 2);
        _submitFails(anchor, new uint256[](0), proof, reason);

        // Nor a commitment stand in for a word: then outputs would be inputs, and the commitment
        // the score.
        features.set(new uint256[](0), uint64(block.timestamp), uint64(block.number));
        reason = abi.encodeWithSelector(IFraudPauseGuard.WrongEvidenceLength.selector, 1, 1);
        _submitFails(anchor, new uint256[](1), proof, reason);
    }

    // ---------------------------------------------------------------------------- model and routes

    /// @dev The owner's new version, which scores everything as he likes, is not the guard's.
    function test_Attack_ModelOwnerSwapsVersions() public {
        TestModel memory pinned = model;
        TestModel memory swapped = _upgrade(model, _spec(3, 1));
        vm.roll(block.number + 5);
        model = swapped;
        (uint256 anchor, uint256[] memory outputs, bytes memory proof) = _evidence(guard, 90);
        _submitFails(anchor, outputs, proof, REJECTED);
        model = pinned;
        _trigger(guard, 90);
        assertTrue(vault.isPaused());
    }

    function test_Attack_FrozenRoute() public {
        vm.prank(guardian);
        gateway.freezeRoute(ROUTE);
        _triggerFails(guard, 90, abi.encodeWithSelector(IVerdictRoutes.RouteIsFrozen.selector, ROUTE));
    }

    function test_Attack_DeprecatedModel() public {
        vm.prank(modelOwner);
        registry.deprecateVersion(model.id, model.version);
        bytes memory reason = abi.encodeWithSelector(IFraudPauseGuard.ModelNotActive.selector, model.id, model.version);
        _triggerFails(guard, 90, reason);
    }

    // ------------------------------------------------------------------------------------- offsets

    /// @dev Offsets of evidence, outputs and proof that point past the end, and a length that does.
    function test_Attack_MalformedOffsets() public {
        (uint256 anchor, uint256[] memory outputs, bytes memory proof) = _evidence(guard, 90);
        bytes memory honest = abi.encodeCall(guard.trigger, ("", anchor, outputs, proof));
        uint256[4] memory places = [uint256(4 + 29), 4 + 64 + 29, 4 + 96 + 29, 4 + 160 + 29];
        vm.startPrank(reporter);
        for (uint256 i = 0; i < places.length; ++i) {
            bytes memory broken = bytes.concat(honest);
            broken[places[i]] = 0xff;
            (bool ok, bytes memory reason) = address(guard).call(broken);
            assertFalse(ok);
            assertEq(reason, "");
        }
        (bool accepted,) = address(guard).call(honest);
        assertTrue(accepted);
    }

    // ------------------------------------------------------------------------------- front-running

    /// @dev Who copies a submission pauses the same contract, and answers for it with a bond of its
    /// own.
    function test_Attack_FrontRunningIsHarmless() public {
        address thief = makeAddr("thief");
        _fund(thief);
        (uint256 anchor, uint256[] memory outputs, bytes memory proof) = _evidence(guard, 90);
        vm.prank(thief);
        guard.trigger("", anchor, outputs, proof);
        _submitFails(
            anchor,
            outputs,
            proof,
            abi.encodeWithSelector(IFraudPauseGuard.AlreadyPaused.selector, block.timestamp + PAUSE)
        );
        assertTrue(vault.isPaused());
        assertEq(guard.freeBalanceOf(thief), 9 * BOND);
        assertEq(guard.freeBalanceOf(reporter), 10 * BOND);
    }

    // ------------------------------------------------------------------------------------ flooding

    function test_Attack_GriefingByDustBonds() public {
        address poor = makeAddr("poor");
        token.mint(poor, BOND - 1);
        vm.startPrank(poor);
        token.approve(address(guard), BOND);
        guard.deposit(poor, BOND - 1);
        (uint256 anchor, uint256[] memory outputs, bytes memory proof) = _evidence(guard, 90);
        vm.expectRevert(abi.encodeWithSelector(IBondLedger.InsufficientBalance.selector, poor, BOND - 1, BOND));
        guard.trigger("", anchor, outputs, proof);
    }

    /// @dev A model that is always wrong: as many pauses as anybody can buy stay within the budget,
    /// and all bonds are lost.
    function test_Attack_FalsePositiveFlood() public {
        uint256 end = block.timestamp + PERIOD;
        uint256 paused = 0;
        uint256 pauses = 0;
        while (block.timestamp < end) {
            (uint256 anchor, uint256[] memory outputs, bytes memory proof) = _evidence(guard, 100);
            vm.prank(reporter);
            try guard.trigger("", anchor, outputs, proof) returns (uint256 incident) {
                ++pauses;
                vm.prank(governor);
                guard.reject(incident);
            } catch { }
            if (vault.isPaused()) paused += 30 minutes;
            _pass(30 minutes);
        }
        assertEq(pauses, BUDGET / PAUSE);
        assertLe(paused, BUDGET);
        assertEq(guard.freeBalanceOf(treasury), pauses * BOND);
    }

    // ---------------------------------------------------------------------------------- reentrancy

    function test_Attack_ReentrancyThroughTheToken() public {
        Callback callback = new Callback(guard);
        token.mint(address(callback), BOND);
        vm.prank(address(callback));
        token.approve(address(guard), BOND);
        token.setHook(address(callback));
        // In the middle of a payment, the same tokens paid in again, or taken out.
        callback.arm(abi.encodeCall(guard.deposit, (address(callback), 0)));
        vm.prank(address(callback));
        guard.deposit(address(callback), BOND);
        assertFalse(callback.succeeded());
        assertEq(callback.reason(), REENTRANT);
        assertEq(guard.freeBalanceOf(address(callback)), BOND);

        callback.arm(abi.encodeCall(guard.withdraw, (address(callback), BOND)));
        vm.prank(address(callback));
        guard.withdraw(address(callback), BOND);
        assertFalse(callback.succeeded());
        assertEq(callback.reason(), REENTRANT);
        assertEq(guard.freeBalanceOf(address(callback)), 0);
        assertEq(token.balanceOf(address(guard)), 10 * BOND);
    }

    function test_Attack_ReentrancyThroughTheTarget() public {
        ReentrantTarget target = new ReentrantTarget();
        guard = _newGuard(_config(new PauseForAdapter(address(target), admin)));
        _fund(reporter);
        vm.roll(block.number + 2);
        (uint256 anchor, uint256[] memory outputs, bytes memory proof) = _evidence(guard, 90);
        target.arm(address(guard), abi.encodeCall(guard.trigger, ("", anchor, outputs, proof)));
        vm.prank(reporter);
        guard.trigger("", anchor, outputs, proof);
        assertFalse(target.succeeded());
        assertEq(target.reason(), REENTRANT);

        target.arm(address(guard), abi.encodeCall(guard.settle, (1)));
        vm.startPrank(resumer);
        guard.requestResume();
        skip(RESUME_DELAY);
        guard.resume();
        assertFalse(target.succeeded());
        assertEq(target.reason(), REENTRANT);
        (uint256 incident,,) = guard.currentPause();
        assertEq(incident, 1);
    }

    /// @dev A target that may do everything but trigger, and tries it in the middle of each of the
    /// guard's calls.
    function test_Attack_ReentrancyThroughATargetWithAllRoles() public {
        ReentrantTarget target = new ReentrantTarget();
        guard = _newGuard(_config(new OpenZeppelinPauseAdapter(address(target), admin)));
        _fund(reporter);
        bytes32[2] memory roles = [guard.GOVERNOR_ROLE(), guard.RESUMER_ROLE()];
        vm.startPrank(admin);
        for (uint256 i = 0; i < 2; ++i) {
            guard.grantRole(roles[i], address(target));
        }
        vm.stopPrank();
        vm.roll(block.number + 2);
        bytes[8] memory calls = [
            abi.encodeCall(guard.handOver, ()),
            abi.encodeCall(guard.uphold, (1)),
            abi.encodeCall(guard.reject, (1)),
            abi.encodeCall(guard.settle, (1)),
            abi.encodeCall(guard.expire, ()),
            abi.encodeCall(guard.resume, ()),
            abi.encodeCall(guard.deposit, (address(target), 0)),
            abi.encodeCall(guard.withdraw, (address(target), 0))
        ];
        for (uint256 i = 0; i < calls.length; ++i) {
            uint256 snapshot = vm.snapshotState();
            target.arm(address(guard), calls[i]);
            _trigger(guard, 90);
            assertFalse(target.succeeded());
            assertEq(target.reason(), REENTRANT);
            skip(PAUSE);
            target.arm(address(guard), calls[i]);
            guard.expire();
            assertFalse(target.succeeded());
            assertEq(target.reason(), REENTRANT);
            vm.revertToState(snapshot);
        }
    }

    // ------------------------------------------------------------------------------- lying targets

    function _liar() private returns (LyingTarget liar) {
        liar = new LyingTarget();
        guard = _newGuard(_config(new OpenZeppelinPauseAdapter(address(liar), admin)));
        _fund(reporter);
        vm.roll(block.number + 2);
    }

    /// @dev A pause that had no effect costs no bond and no evidence.
    function test_RevertWhen_PauseHadNoEffect() public {
        LyingTarget liar = _liar();
        liar.setDeaf(true);
        _triggerFails(guard, 90, abi.encodeWithSelector(IFraudPauseGuard.PauseHadNoEffect.selector, address(liar)));
        assertEq(guard.freeBalanceOf(reporter), 10 * BOND);
        liar.setDeaf(false);
        _trigger(guard, 90);
        assertTrue(liar.paused());
    }

    /// @dev Says it is paused, takes deposits.
    function test_RevertWhen_AVaultLiesAboutBeingPaused() public {
        LyingTarget liar = new LyingTarget();
        guard = _newGuard(_config(new ERC4626PauseAdapter(address(liar), admin)));
        _fund(reporter);
        vm.roll(block.number + 2);
        _triggerFails(guard, 90, abi.encodeWithSelector(IFraudPauseGuard.PauseHadNoEffect.selector, address(liar)));
    }

    /// @dev A pause of governance's is not taken over, so the guard will never end it.
    function test_RevertWhen_PausedByGovernance() public {
        LyingTarget liar = _liar();
        liar.setPaused(true);
        _triggerFails(guard, 90, abi.encodeWithSelector(IPauseAdapter.AlreadyPausedElsewhere.selector, address(liar)));
    }

    /// @dev Nor is one that governance began when the guard's was over.
    function test_Attack_ExpiryLeavesALaterPauseOfGovernanceAlone() public {
        _trigger(guard, 90);
        skip(PAUSE);
        vault.setPauser(address(this));
        vault.pauseFor(PAUSE);
        guard.expire();
        assertTrue(vault.isPaused());
    }

    /// @dev A target that governance resumed by itself doesn't stop the guard's bookkeeping.
    function test_Attack_ExpiryAfterGovernanceResumed() public {
        LyingTarget liar = _liar();
        _trigger(guard, 90);
        liar.setPaused(false);
        liar.setBroken(true);
        skip(PAUSE);
        guard.expire();
        (,, bool holding) = guard.currentPause();
        assertFalse(holding);
    }

    /// @dev A target that can't be resumed keeps no bond.
    function test_Attack_BondsComeBackFromABrokenTarget() public {
        LyingTarget liar = _liar();
        _trigger(guard, 90);
        liar.setBroken(true);
        skip(REVIEW);
        vm.expectRevert("broken");
        guard.expire();
        guard.settle(1);
        assertEq(guard.freeBalanceOf(reporter), 10 * BOND);
    }

    // ------------------------------------------------------------------------------------- signers

    function _signed(uint256 needed) private returns (SignedFeatures source, uint256 key) {
        address signer;
        (signer, key) = makeAddrAndKey("signer");
        (address second,) = makeAddrAndKey("second");
        address[] memory signers = new address[](2);
        (signers[0], signers[1]) = signer < second ? (signer, second) : (second, signer);
        source = new SignedFeatures(registry, admin, signers, needed, 1 days);
        GuardConfig memory config = _config(adapter);
        (config.features, config.anchoredSubject) = (source, true);
        guard = _newGuard(config);
        _fund(reporter);
        vm.roll(block.number + 2);
    }

    /// @dev Evidence that `key` signs, for the guard, from this block.
    function _sign(SignedFeatures source, uint256 key, uint256 anchor, uint64 blockNumber)
        private
        view
        returns (bytes memory)
    {
        uint256[] memory none = new uint256[](0);
        uint64 time = uint64(block.timestamp);
        bytes32 digest = source.digestOf(
            address(guard), model.pin, guard.subjectOf(anchor), Features(_words(7), none, time, blockNumber, 1, 0)
        );
        bytes[] memory signatures = new bytes[](1);
        (uint8 v, bytes32 r, bytes32 s) = vm.sign(key, digest);
        signatures[0] = abi.encodePacked(r, s, v);
        uint256 mask = source.signers()[0] == vm.addr(key) ? 1 : 2;
        return abi.encode(time, blockNumber, uint64(1), _words(7), none, mask, signatures);
    }

    function test_Attack_SignedEvidence() public {
        (SignedFeatures source, uint256 key) = _signed(1);
        uint256 anchor = block.number - 1;
        bytes memory evidence = _sign(source, key, anchor, uint64(block.number));
        (uint256[] memory outputs, bytes memory proof) = _proofOf(guard, anchor, _words(7), 90);
        vm.prank(reporter);
        guard.trigger(evidence, anchor, outputs, proof);
        assertTrue(vault.isPaused());
    }

    function test_Attack_SignerSetBelowQuorum() public {
        (SignedFeatures source, uint256 key) = _signed(2);
        uint256 anchor = block.number - 1;
        bytes memory evidence = _sign(source, key, anchor, uint64(block.number));
        (uint256[] memory outputs, bytes memory proof) = _proofOf(guard, anchor, _words(7), 90);
        vm.expectRevert(abi.encodeWithSelector(SignerSet.QuorumNotMet.selector, 2, 1));
        vm.prank(reporter);
        guard.trigger(evidence, anchor, outputs, proof);
    }

    /// @dev Signatures name the anchor's hash: on a fork they are worthless, even with a proof made
    /// there.
    function test_Attack_SignaturesOfAFork() public {
        (SignedFeatures source, uint256 key) = _signed(1);
        uint256 anchor = block.number - 1;
        bytes memory evidence = _sign(source, key, anchor, uint64(block.number));
        vm.setBlockhash(anchor, keccak256("another block"));
        (uint256[] memory outputs, bytes memory proof) = _proofOf(guard, anchor, _words(7), 90);
        vm.expectRevert(abi.encodeWithSelector(SignerSet.InvalidSignature.selector, vm.addr(key)));
        vm.prank(reporter);
        guard.trigger(evidence, anchor, outputs, proof);
    }

    /// @dev Signers who date their data ahead don't keep it fresh.
    function test_Attack_FutureEvidence() public {
        (SignedFeatures source, uint256 key) = _signed(1);
        uint256 anchor = block.number - 1;
        bytes memory evidence = _sign(source, key, anchor, uint64(block.number + 1));
        (uint256[] memory outputs, bytes memory proof) = _proofOf(guard, anchor, _words(7), 90);
        vm.expectRevert(abi.encodeWithSelector(IFraudPauseGuard.EvidenceOutOfRange.selector, anchor, block.number + 1));
        vm.prank(reporter);
        guard.trigger(evidence, anchor, outputs, proof);
    }

    function test_Attack_StaleEvidence() public {
        (uint256 anchor, uint256[] memory outputs, bytes memory proof) = _evidence(guard, 90);
        vm.roll(block.number + 100);
        _submitFails(
            anchor,
            outputs,
            proof,
            abi.encodeWithSelector(IFraudPauseGuard.AnchorOutOfRange.selector, block.number - 100, anchor)
        );
    }
}
