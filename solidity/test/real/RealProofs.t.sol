// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity 0.8.37;

import { IERC20 } from "@openzeppelin/contracts/token/ERC20/IERC20.sol";
import { Hashes } from "@openzeppelin/contracts/utils/cryptography/Hashes.sol";

import { CurvePoint } from "../../src/consumers/airdrop/AllocationCurve.sol";
import { IScoredAirdrop } from "../../src/consumers/airdrop/IScoredAirdrop.sol";
import { ScoredAirdrop } from "../../src/consumers/airdrop/ScoredAirdrop.sol";
import { FraudPauseGuard } from "../../src/consumers/guard/FraudPauseGuard.sol";
import { GuardConfig, IFraudPauseGuard } from "../../src/consumers/guard/IFraudPauseGuard.sol";
import { PauseForAdapter } from "../../src/consumers/guard/PauseForAdapter.sol";
import { IInferenceOracle, OracleConfig } from "../../src/consumers/oracle/IInferenceOracle.sol";
import { InferenceOracle } from "../../src/consumers/oracle/InferenceOracle.sol";
import { IRiskParameterUpdater } from "../../src/consumers/risk/IRiskParameterUpdater.sol";
import { ModelRiskSource } from "../../src/consumers/risk/ModelRiskSource.sol";
import { RiskParameterUpdater } from "../../src/consumers/risk/RiskParameterUpdater.sol";
import { IInferenceVerifier } from "../../src/core/verifier/interfaces/IInferenceVerifier.sol";
import { FixedPoint } from "../../src/libraries/FixedPoint.sol";
import { EntryVault } from "../../testing/mocks/EntryVault.sol";
import { LendingMarket, LendingMarketAdapter } from "../../testing/mocks/LendingMarket.sol";
import { MockToken } from "../../testing/mocks/MockToken.sol";
import { RealConsumerTest } from "./RealConsumerTest.sol";

/// @dev Every consumer's story with a proof of a real model, and what the same proof is not good
/// for.
contract RealProofsTest is RealConsumerTest {
    bytes private constant REJECTED = abi.encodeWithSelector(IInferenceVerifier.ProofRejected.selector);

    // Part of the proofs' contexts.
    address private constant ORACLE = address(0xa0001);
    address private constant RISK = address(0xa0002);
    address private constant GUARD = address(0xa0003);
    address private constant AIRDROP = address(0xa0004);
    address private constant MARKET = address(0xa0005);
    uint256 private constant DEADLINE = NOW + 1 days;
    uint256 private constant ANCHOR = BLOCK + 1;
    uint256 private constant SCALE = 130_644_202_967_736_072_773_519_140_355_347_190;

    MockToken private _token = new MockToken();
    InferenceOracle private _oracle = InferenceOracle(ORACLE);
    ModelRiskSource private _risk = ModelRiskSource(RISK);
    FraudPauseGuard private _guard = FraudPauseGuard(GUARD);
    ScoredAirdrop private _airdrop = ScoredAirdrop(AIRDROP);
    RiskParameterUpdater private _updater;
    EntryVault private _vault;

    function setUp() public override {
        super.setUp();
        _deployOracle(ORACLE);
        _deployRisk();
        _deployGuard();
        _deployAirdrop();
        vm.roll(BLOCK + 2);
        vm.setBlockhash(ANCHOR, keccak256("anchor"));
    }

    function _deployOracle(address where) private {
        OracleConfig memory config;
        (config.description, config.decimals) = ("tumour logit", 8);
        (config.minAnswer, config.maxAnswer, config.maxMove, config.maxMoveBps) = (-1000e8, 1000e8, 1e8, 1000);
        (config.maxAge, config.maxSkew, config.heartbeat, config.moveWindow) = (1 hours, 1 minutes, 2 hours, 1 hours);
        (config.confirmDelay, config.confirmWindow) = (10 minutes, 1 hours);
        (config.history, config.switchDelay) = (16, 2 days);
        deployCodeTo(
            "InferenceOracle.sol:InferenceOracle",
            abi.encode(gateway, real.id, real.version, source, config, admin, guardian),
            where
        );
    }

    function _deployRisk() private {
        LendingMarket.Parameters memory initial = LendingMarket.Parameters(7500, 8000, 10_500, 1_000_000e18, 500_000e18);
        deployCodeTo("LendingMarket.sol:LendingMarket", abi.encode(_token, _token, initial), MARKET);
        LendingMarketAdapter adapter = new LendingMarketAdapter();
        vm.prank(LendingMarket(MARKET).owner());
        LendingMarket(MARKET).setRiskManager(address(adapter));
        _updater = _newUpdater(adapter, MARKET, _risk);
        adapter.setUpdater(address(_updater));
    }

    function _deployGuard() private {
        _vault = new EntryVault(_token, 6 hours);
        PauseForAdapter adapter = new PauseForAdapter(address(_vault), admin);
        _vault.setPauser(address(adapter));
        GuardConfig memory config;
        (config.gateway, config.modelId, config.version) = (gateway, real.id, real.version);
        (config.threshold, config.margin) = (5e18, 0.5e18);
        (config.features, config.anchoredSubject, config.evidenceBlocks) = (source, true, 100);
        (config.target, config.pauseDuration, config.cooldown, config.freshCooldown) =
        (adapter, 6 hours, 1 hours, 10 minutes);
        (config.period, config.budget, config.bondToken, config.bond) = (2 days, 18 hours, _token, 100e18);
        (config.treasury, config.reviewWindow, config.resumeDelay) = (makeAddr("treasury"), 1 days, 30 minutes);
        deployCodeTo("FraudPauseGuard.sol:FraudPauseGuard", abi.encode(config, admin, 1 days, admin, guardian), GUARD);
        vm.prank(admin);
        adapter.setGuard(GUARD);
        _token.mint(address(this), 1000e18);
        _token.approve(GUARD, 100e18);
        _guard.deposit(address(this), 100e18);
    }

    function _deployAirdrop() private {
        IScoredAirdrop.Campaign memory campaign;
        (campaign.gateway, campaign.token, campaign.treasury) = (gateway, _token, makeAddr("treasury"));
        campaign.windows = IScoredAirdrop.Windows(
            uint40(NOW + 2 days), uint40(NOW + 2 days), uint40(NOW + 9 days), uint40(NOW + 10 days)
        );
        campaign.models = new IScoredAirdrop.ModelReference[](1);
        campaign.models[0] = IScoredAirdrop.ModelReference(batch.id, batch.version);
        campaign.curve = new CurvePoint[](2);
        (campaign.curve[0], campaign.curve[1]) = (CurvePoint(0, 10e18), CurvePoint(100, 100e18));
        (campaign.source, campaign.maximumAge) = (source, 1 hours);
        deployCodeTo("ScoredAirdrop.sol:ScoredAirdrop", abi.encode(campaign), AIRDROP);
        _token.approve(AIRDROP, 800e18);
        _airdrop.fund(800e18);
    }

    // ------------------------------------------------------------------------------------ contexts

    /// @dev What each consumer computes is what its proof was made for. With
    /// $VERDICT_WRITE_CONTEXTS, written down for the prover.
    function test_ContextsAreTheProofs() public {
        string[4] memory names = ["oracle", "risk", "guard", "airdrop"];
        uint256[4] memory contexts;
        (, contexts[0]) = _oracle.nextContext(NOW, false);
        contexts[1] = _context(real, RISK, _risk.payloadOf(DEADLINE));
        contexts[2] = _context(real, GUARD, _guard.payloadOf(ANCHOR));
        contexts[3] = _context(batch, AIRDROP, _airdrop.payloadOf(_batch()));
        string memory json = "";
        for (uint256 i = 0; i < 4; ++i) {
            json = vm.serializeBytes32("contexts", names[i], bytes32(contexts[i]));
        }
        if (vm.envOr("VERDICT_WRITE_CONTEXTS", false)) {
            vm.createDir("deployments/test", true);
            vm.writeJson(json, "deployments/test/contexts.json");
            return;
        }
        for (uint256 i = 0; i < 4; ++i) {
            assertEq(_real(names[i]).context, contexts[i], names[i]);
        }
    }

    // -------------------------------------------------------------------------------------- oracle

    function test_Oracle() public {
        Real memory r = _real("oracle");
        bytes memory evidence = _evidenceFor(ORACLE, real, 0, r.words);
        assertEq(_oracle.submit(evidence, r.outputs, r.proof), 1);
        (, int256 answer,,,) = _oracle.latestRoundDataStrict();
        assertEq(answer, FixedPoint.toDecimals(_integerOf(r), SCALE, 8));
        assertEq(answer, 6.79349855e8);

        vm.expectRevert(abi.encodeWithSelector(IInferenceOracle.InputsNotNewer.selector, NOW, NOW));
        _oracle.submit(evidence, r.outputs, r.proof);
        // The same inputs, vouched for anew: it is another round.
        skip(1);
        evidence = _evidenceFor(ORACLE, real, 0, r.words);
        vm.expectRevert(REJECTED);
        _oracle.submit(evidence, r.outputs, r.proof);
    }

    function test_Attack_OracleProofElsewhereOrOfAnotherAnswer() public {
        Real memory r = _real("oracle");
        address twin = address(0xa0006);
        _deployOracle(twin);
        bytes memory evidence = _evidenceFor(twin, real, 0, r.words);
        vm.expectRevert(REJECTED);
        InferenceOracle(twin).submit(evidence, r.outputs, r.proof);
        evidence = _evidenceFor(ORACLE, real, 0, r.words);
        r.outputs[0] += 1;
        vm.expectRevert(REJECTED);
        _oracle.submit(evidence, r.outputs, r.proof);
    }

    // ---------------------------------------------------------------------------------------- risk

    function test_Risk() public {
        Real memory r = _real("risk");
        bytes memory evidence = _evidenceFor(RISK, real, bytes32(uint256(uint160(MARKET))), r.words);
        vm.expectRevert(REJECTED);
        _updater.propose(_risk, DEADLINE + 1, evidence, r.outputs, r.proof);
        uint256 proposal = _updater.propose(_risk, DEADLINE, evidence, r.outputs, r.proof);
        vm.expectRevert(abi.encodeWithSelector(IRiskParameterUpdater.EvidenceNotNewer.selector, NOW, NOW));
        _updater.propose(_risk, DEADLINE, evidence, r.outputs, r.proof);
        skip(1 hours);
        _updater.execute(proposal);
        (, uint16 threshold,,,) = LendingMarket(MARKET).parameters();
        assertEq(threshold, 8200);
        assertEq(
            _updater.getLatestUpdateByParameterAndMarket("liquidationThreshold", MARKET).newValue,
            abi.encode(uint256(0.82e18))
        );
    }

    // --------------------------------------------------------------------------------------- guard

    function test_Guard() public {
        Real memory r = _real("guard");
        bytes memory evidence = _evidenceFor(GUARD, real, _guard.subjectOf(ANCHOR), r.words);
        _guard.trigger(evidence, ANCHOR, r.outputs, r.proof);
        assertTrue(_vault.isPaused());
        skip(8 hours);
        assertFalse(_vault.isPaused());
        evidence = _evidenceFor(GUARD, real, _guard.subjectOf(ANCHOR), r.words);
        vm.expectRevert(abi.encodeWithSelector(IFraudPauseGuard.EvidenceUsed.selector, BLOCK + 2, ANCHOR));
        _guard.trigger(evidence, ANCHOR, r.outputs, r.proof);
    }

    function test_Attack_GuardProofOnAFork() public {
        Real memory r = _real("guard");
        vm.setBlockhash(ANCHOR, keccak256("another block"));
        bytes memory evidence = _evidenceFor(GUARD, real, _guard.subjectOf(ANCHOR), r.words);
        vm.expectRevert(REJECTED);
        _guard.trigger(evidence, ANCHOR, r.outputs, r.proof);
    }

    // ------------------------------------------------------------------------------------- airdrop

    /// @dev Eight accounts, one proof.
    function test_Airdrop() public {
        Real memory r = _real("airdrop");
        IScoredAirdrop.Batch memory list = _batch();
        bytes memory evidence = _evidenceFor(AIRDROP, batch, _airdrop.payloadOf(list), r.words);
        uint256 sum = _airdrop.acceptBatch(list, evidence, r.outputs, r.proof);
        vm.expectRevert(abi.encodeWithSelector(IScoredAirdrop.BatchExists.selector, 1));
        _airdrop.acceptBatch(list, evidence, r.outputs, r.proof);

        vm.warp(NOW + 2 days);
        uint256 paid = 0;
        for (uint256 i = 0; i < 8; ++i) {
            int256 score = int256((r.outputs[0] >> (16 * i)) & 0xffff) - 32_768;
            assertEq(_airdrop.scoreOf(1, i), score);
            IScoredAirdrop.Entry memory entry = IScoredAirdrop.Entry(1, i, _account(i), i, _path(i));
            if (score < 0) {
                vm.expectRevert(abi.encodeWithSelector(IScoredAirdrop.NothingToClaim.selector, 1, i));
                _airdrop.claim(entry);
                continue;
            }
            uint256 amount = 10e18 + uint256(score) * 90e18 / 100;
            assertEq(_airdrop.claim(entry), amount);
            assertEq(_token.balanceOf(_account(i)), amount);
            paid += amount;
        }
        assertEq(paid, sum);
        assertGt(paid, 0);
    }

    function test_Attack_AirdropProofForAnotherList() public {
        Real memory r = _real("airdrop");
        IScoredAirdrop.Batch memory list = _batch();
        list.number = 2;
        bytes memory evidence = _evidenceFor(AIRDROP, batch, _airdrop.payloadOf(list), r.words);
        vm.expectRevert(REJECTED);
        _airdrop.acceptBatch(list, evidence, r.outputs, r.proof);
    }

    function _account(uint256 i) private pure returns (address) {
        return address(uint160(0xacc0 + i));
    }

    function _batch() private pure returns (IScoredAirdrop.Batch memory) {
        return IScoredAirdrop.Batch(1, 0, _node(0, 3), 8);
    }

    /// @dev The tree's node `index` of a height, over leaves 0 … 7.
    function _node(uint256 index, uint256 height) private pure returns (bytes32) {
        if (height == 0) return keccak256(bytes.concat(keccak256(abi.encode(index, _account(index), index))));
        return Hashes.commutativeKeccak256(_node(2 * index, height - 1), _node(2 * index + 1, height - 1));
    }

    function _path(uint256 index) private pure returns (bytes32[] memory path) {
        path = new bytes32[](3);
        for (uint256 height = 0; height < 3; ++height) {
            path[height] = _node((index >> height) ^ 1, height);
        }
    }
}
