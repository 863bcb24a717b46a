// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity 0.8.37;

import { ReentrancyGuardTransient } from "@openzeppelin/contracts/utils/ReentrancyGuardTransient.sol";

import { IRiskParameterUpdater, ProposalStatus } from "../../../src/consumers/risk/IRiskParameterUpdater.sol";
import { IRiskSource } from "../../../src/consumers/risk/IRiskSource.sol";
import { ModelRiskSource } from "../../../src/consumers/risk/ModelRiskSource.sol";
import { RiskParameterUpdater } from "../../../src/consumers/risk/RiskParameterUpdater.sol";
import { MarketState, RISK_PARAMETERS, RiskLimit, RiskParameter } from "../../../src/consumers/risk/RiskTypes.sol";
import { IInferenceVerifier } from "../../../src/core/verifier/interfaces/IInferenceVerifier.sol";
import { Features } from "../../../src/features/IFeatureSource.sol";
import { SignedFeatures } from "../../../src/features/SignedFeatures.sol";
import { SignerSet } from "../../../src/features/SignerSet.sol";
import { PublicValues } from "../../../src/libraries/PublicValues.sol";
import { MockRiskAdapter } from "./MockRiskAdapter.sol";
import { RiskTest } from "./RiskTest.sol";

/// @dev A source that proves nothing and says what it likes.
contract MaliciousSource {
    address public immutable market;
    uint8 public constant mask = 0x3e;

    constructor(address market_) {
        market = market_;
    }

    function infer(uint256, bytes calldata, uint256[] calldata, bytes calldata)
        external
        view
        returns (uint256, int256[RISK_PARAMETERS] memory values)
    {
        for (uint256 i = 1; i < RISK_PARAMETERS; ++i) {
            values[i] = type(int256).min;
        }
        return (block.timestamp, values);
    }

    function pin() external pure returns (uint256) {
        return 0;
    }

    function checkUsable() external pure { }
}

/// @dev What must not work although every proof here is accepted by the verifier.
contract RiskParameterUpdaterAttacksTest is RiskTest {
    bytes private constant REJECTED = abi.encodeWithSelector(IInferenceVerifier.ProofRejected.selector);

    // -------------------------------------------------------------------------------------- replay

    /// @dev The same proof of the same evidence, in the next round.
    function test_Attack_ReplayInAnotherRound() public {
        _setEvidence();
        uint256[] memory outputs = _ratios(7500, 8100, 10_500);
        uint256 deadline = block.timestamp + 1 days;
        bytes memory proof = _proofOf(ratios, deadline, outputs);
        uint256 time = block.timestamp;
        updater.propose(ratios, deadline, "", outputs, proof);
        skip(10 minutes);
        vm.expectRevert(abi.encodeWithSelector(IRiskParameterUpdater.EvidenceNotNewer.selector, time, time));
        updater.propose(ratios, deadline, "", outputs, proof);
        skip(1 hours);
        vm.expectRevert(
            abi.encodeWithSelector(IRiskSource.EvidenceOutOfRange.selector, block.timestamp - MAXIMUM_AGE, time)
        );
        updater.propose(ratios, deadline, "", outputs, proof);
    }

    function test_Attack_ReplayOnAnotherChain() public {
        _setEvidence();
        uint256[] memory outputs = _ratios(7500, 8100, 10_500);
        bytes memory proof = _proofOf(ratios, block.timestamp, outputs);
        vm.chainId(5);
        vm.expectRevert(REJECTED);
        updater.propose(ratios, block.timestamp, "", outputs, proof);
    }

    function test_Attack_ReplayOnAnotherConsumer() public {
        ModelRiskSource twin = _newSource(_ratioBindings());
        vm.prank(admin);
        updater.addSource(twin, VETO, EXECUTION, 0);
        _setEvidence();
        uint256[] memory outputs = _ratios(7500, 8100, 10_500);
        bytes memory proof = _proofOf(twin, block.timestamp, outputs);
        vm.expectRevert(REJECTED);
        updater.propose(ratios, block.timestamp, "", outputs, proof);
    }

    function test_Attack_SwappedOutputs() public {
        _setEvidence();
        bytes memory proof = _proofOf(ratios, block.timestamp, _ratios(7500, 8100, 10_500));
        uint256[] memory outputs = _ratios(7500, 7800, 10_500);
        vm.expectRevert(REJECTED);
        updater.propose(ratios, block.timestamp, "", outputs, proof);
    }

    function test_Attack_SwappedInputs() public {
        _setEvidence();
        uint256[] memory outputs = _ratios(7500, 8100, 10_500);
        bytes memory proof = _proofOf(ratios, block.timestamp, outputs);
        int256[] memory others = new int256[](3);
        others[0] = 1;
        features.set(_inputWords(others), uint64(block.timestamp), uint64(block.number));
        vm.expectRevert(REJECTED);
        updater.propose(ratios, block.timestamp, "", outputs, proof);
    }

    /// @dev A second too old, a second ahead.
    function test_Attack_StaleOrFutureEvidence() public {
        uint256[] memory outputs = _ratios(7500, 8100, 10_500);
        bytes memory proof = _proofOf(ratios, block.timestamp, outputs);
        uint256 oldest = block.timestamp - MAXIMUM_AGE;
        uint256[2] memory times = [oldest - 1, block.timestamp + 1];
        for (uint256 i = 0; i < 2; ++i) {
            features.set(_inputs(), uint64(times[i]), uint64(block.number));
            vm.expectRevert(abi.encodeWithSelector(IRiskSource.EvidenceOutOfRange.selector, oldest, times[i]));
            updater.propose(ratios, block.timestamp, "", outputs, proof);
        }
    }

    /// @dev Offsets of evidence, outputs and proof that point past the end, and a length that does.
    function test_Attack_MalformedOffsets() public {
        _setEvidence();
        uint256[] memory outputs = _ratios(7500, 8100, 10_500);
        bytes memory proof = _proofOf(ratios, block.timestamp, outputs);
        bytes memory honest = abi.encodeCall(updater.propose, (ratios, block.timestamp, "", outputs, proof));
        uint256[4] memory places = [uint256(4 + 64 + 29), 4 + 96 + 29, 4 + 128 + 29, 4 + 192 + 29];
        for (uint256 i = 0; i < places.length; ++i) {
            bytes memory broken = bytes.concat(honest);
            broken[places[i]] = 0xff;
            (bool ok, bytes memory reason) = address(updater).call(broken);
            assertFalse(ok);
            assertEq(reason, "");
        }
        (bool accepted,) = address(updater).call(honest);
        assertTrue(accepted);
    }

    /// @dev Bits that no value owns, in a word that the proof is about.
    function test_Attack_StrayBits() public {
        uint256[] memory outputs = _ratios(7500, 8100, 10_500);
        outputs[0] |= 1 << 48;
        _proposeFails(ratios, outputs, abi.encodeWithSelector(PublicValues.StrayBits.selector, 2));
    }

    // ---------------------------------------------------------------------------- model and routes

    /// @dev A new version, which says what its owner likes, proposes nothing: the source's version
    /// is pinned.
    function test_Attack_ModelOwnerSwapsVersionsBeforeProposing() public {
        model = _upgrade(model, _riskSpec());
        _proposeFails(ratios, _ratios(7500, 8100, 10_500), REJECTED);
    }

    /// @dev Nor does it change what was proposed.
    function test_Attack_ModelOwnerSwapsVersionsBetweenProposalAndExecution() public {
        vm.prank(admin);
        updater.removeSource(ratios);
        vm.prank(admin);
        updater.addSource(ratios, VETO, 30 days, 0);
        uint256 proposal = _propose(ratios, _ratios(7500, 8100, 10_500));
        _upgrade(model, _riskSpec());
        updater.execute(proposal);
        assertEq(_live().threshold, 8100);
        (, uint256 id, uint256 version,) = abi.decode(
            updater.getLatestUpdateByType("liquidationThreshold").additionalData, (uint256, uint256, uint32, uint40)
        );
        assertEq(id, model.id);
        assertEq(version, 1);
    }

    /// @dev A model that was withdrawn while its proposal waited.
    function test_Attack_DeprecatedModelBetweenProposalAndExecution() public {
        uint256 proposal = _propose(ratios, _ratios(7500, 8100, 10_500));
        skip(VETO);
        vm.prank(modelOwner);
        registry.deprecateVersion(model.id, model.version);
        vm.expectRevert(abi.encodeWithSelector(IRiskSource.ModelNotActive.selector, model.id, model.version));
        updater.execute(proposal);
    }

    /// @dev A verifier that was found broken while what it had accepted waited.
    function test_Attack_FrozenRouteBetweenProposalAndExecution() public {
        uint256 proposal = _propose(ratios, _ratios(7500, 8100, 10_500));
        skip(VETO);
        vm.prank(guardian);
        gateway.freezeRoute(ROUTE);
        vm.expectRevert(abi.encodeWithSelector(IRiskSource.RouteIsFrozen.selector, ROUTE));
        updater.execute(proposal);
    }

    // ------------------------------------------------------------------------------- front-running

    /// @dev Who copies a submission proposes the same.
    function test_Attack_FrontRunningIsHarmless() public {
        _setEvidence();
        uint256[] memory outputs = _ratios(7500, 8100, 10_500);
        bytes memory proof = _proofOf(ratios, block.timestamp, outputs);
        vm.prank(makeAddr("thief"));
        uint256 proposal = updater.propose(ratios, block.timestamp, "", outputs, proof);
        assertEq(updater.proposalOf(proposal).targets[2], 0.81e18);
        skip(VETO);
        updater.execute(proposal);
        assertEq(_live().threshold, 8100);
    }

    // ------------------------------------------------------------------------------------ flooding

    /// @dev However many proposals there are, one call stops them, and they don't stop newer ones.
    function test_Attack_FloodOfProposals() public {
        for (uint256 i = 0; i < 20; ++i) {
            skip(1);
            _propose(ratios, _ratios(7500, 7800, 10_500));
        }
        vm.expectEmit(address(updater));
        emit IRiskParameterUpdater.SourceVetoed(ratios, 20, riskGuardian);
        vm.prank(riskGuardian);
        updater.vetoAll(ratios);
        skip(VETO);
        for (uint256 i = 1; i <= 20; ++i) {
            vm.expectRevert(abi.encodeWithSelector(IRiskParameterUpdater.NotPending.selector, i, ProposalStatus.Vetoed));
            updater.execute(i);
        }
        _update(ratios, _ratios(7500, 8100, 10_500));
        assertEq(_live().threshold, 8100);
    }

    /// @dev Newer proposals don't put an older one off: nobody can keep parameters where they are.
    function test_Attack_ProposalsDoNotDelayEachOther() public {
        uint256 first = _propose(ratios, _ratios(7500, 8100, 10_500));
        uint256 eta = block.timestamp + VETO;
        while (block.timestamp < eta) {
            skip(10 minutes);
            _propose(ratios, _ratios(7500, 8000, 10_500));
        }
        updater.execute(first);
        assertEq(_live().threshold, 8100);
    }

    // ---------------------------------------------------------------------------------- reentrancy

    function test_Attack_ReentrancyThroughTheProtocol() public {
        MarketState memory state;
        state.supported = 0x0e;
        (state.values[1], state.values[2], state.values[3]) = (0.75e18, 0.8e18, 1.05e18);
        MockRiskAdapter mock = _withMock(state);
        uint256 proposal = _propose(ratios, _ratios(7500, 8100, 10_500));
        skip(VETO);
        bytes[2] memory calls = [
            abi.encodeCall(updater.execute, (proposal)),
            abi.encodeCall(updater.propose, (ratios, block.timestamp, "", new uint256[](0), ""))
        ];
        for (uint256 i = 0; i < 2; ++i) {
            uint256 snapshot = vm.snapshotState();
            mock.arm(address(updater), calls[i]);
            updater.execute(proposal);
            assertFalse(mock.succeeded());
            assertEq(
                mock.reason(), abi.encodeWithSelector(ReentrancyGuardTransient.ReentrancyGuardReentrantCall.selector)
            );
            assertEq(updater.updateCounter(), 1);
            vm.revertToState(snapshot);
        }
    }

    // ------------------------------------------------------------------------------------- signers

    /// @dev Evidence from now that one signer, of this place in the set, signs.
    function _signOnce(SignedFeatures signed, address consumer, uint256 key, uint256 place)
        private
        view
        returns (bytes memory)
    {
        Features memory data;
        (data.words, data.timestamp) = (_inputs(), uint64(block.timestamp));
        bytes32 digest = signed.digestOf(consumer, model.pin, bytes32(uint256(uint160(address(market)))), data);
        (uint8 v, bytes32 r, bytes32 s) = vm.sign(key, digest);
        bytes[] memory signatures = new bytes[](1);
        signatures[0] = abi.encodePacked(r, s, v);
        return abi.encode(
            data.timestamp, data.blockNumber, data.sequence, data.words, data.commitments, 1 << place, signatures
        );
    }

    /// @dev One signature where two are needed vouches for nothing.
    function test_Attack_SignerSetBelowQuorum() public {
        (address signer, uint256 key) = makeAddrAndKey("signer");
        address second = makeAddr("second");
        uint256 place = signer < second ? 0 : 1;
        address[] memory signers = new address[](2);
        (signers[place], signers[1 - place]) = (signer, second);
        SignedFeatures signed = new SignedFeatures(registry, admin, signers, 2, 1 days);
        ModelRiskSource source = new ModelRiskSource(
            gateway, model.id, model.version, address(market), signed, MAXIMUM_AGE, _ratioBindings()
        );
        vm.prank(admin);
        updater.addSource(source, VETO, EXECUTION, 0);
        bytes memory evidence = _signOnce(signed, address(source), key, place);
        uint256[] memory outputs = _ratios(7500, 8100, 10_500);
        bytes memory proof = _proofOf(source, block.timestamp, outputs);
        vm.expectRevert(abi.encodeWithSelector(SignerSet.QuorumNotMet.selector, 2, 1));
        updater.propose(source, block.timestamp, evidence, outputs, proof);
    }

    // ------------------------------------------------------------------------------- wrong sources

    /// @dev What was published stays readable, and as it was, whatever its source says afterwards.
    function test_Attack_ASourceThatBreaksOrLiesLater() public {
        _update(ratios, _ratios(7500, 8100, 10_500));
        bytes memory published = abi.encode(updater.getLatestUpdateByType("liquidationThreshold"));
        vm.mockCall(address(ratios), abi.encodeCall(ratios.pin, ()), abi.encode(uint256(77)));
        assertEq(abi.encode(updater.getUpdateById(1)), published);
        vm.mockCallRevert(address(ratios), abi.encodeCall(ratios.pin, ()), "gone");
        vm.prank(admin);
        updater.removeSource(ratios);
        assertEq(
            abi.encode(updater.getLatestUpdateByParameterAndMarket("liquidationThreshold", address(market))), published
        );
    }

    /// @dev A source that governance should not have added: it moves nothing farther or sooner than
    /// the limits say.
    function test_Attack_MaliciousSourceIsHeldToTheLimits() public {
        IRiskSource source = IRiskSource(address(new MaliciousSource(address(market))));
        vm.startPrank(admin);
        updater.addSource(source, VETO, EXECUTION, 0);
        for (uint256 i = 1; i < 6; ++i) {
            RiskLimit memory limit = i < 4 ? _ratioLimit() : _capLimit();
            limit.clamped = true;
            updater.setLimit(address(market), RiskParameter(i), limit);
        }
        vm.stopPrank();
        uint256 first = updater.propose(source, 0, "", new uint256[](0), "");
        skip(1);
        uint256 second = updater.propose(source, 0, "", new uint256[](0), "");
        skip(VETO);
        updater.execute(first);
        assertEq(_live().loanToValue, 7300);
        assertEq(_live().threshold, 7800);
        assertEq(_live().bonus, 10_300);
        assertEq(_live().supplyCap, 800_000e18);
        assertEq(_live().borrowCap, 400_000e18);
        vm.expectRevert(
            abi.encodeWithSelector(
                IRiskParameterUpdater.TooEarly.selector, RiskParameter.LoanToValue, block.timestamp + MINIMUM_DELAY
            )
        );
        updater.execute(second);
    }
}
