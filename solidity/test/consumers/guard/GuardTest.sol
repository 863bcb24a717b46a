// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity 0.8.37;

import { FraudPauseGuard } from "../../../src/consumers/guard/FraudPauseGuard.sol";
import { GuardConfig } from "../../../src/consumers/guard/IFraudPauseGuard.sol";
import { IPauseAdapter } from "../../../src/consumers/guard/IPauseAdapter.sol";
import { PauseForAdapter } from "../../../src/consumers/guard/PauseForAdapter.sol";
import { PublicValues } from "../../../src/libraries/PublicValues.sol";
import { EntryVault } from "../../../testing/mocks/EntryVault.sol";
import { MockFeatures } from "../../../testing/mocks/MockFeatures.sol";
import { MockToken } from "../../../testing/mocks/MockToken.sol";
import { CoreTest } from "../../utils/CoreTest.sol";

/// @dev A guard over a vault. Its model has three inputs and one score of hundredths; from 0.80 +
/// 0.05 on it pauses.
abstract contract GuardTest is CoreTest {
    uint256 internal constant BOND = 100e18;
    uint256 internal constant PAUSE = 6 hours;
    uint256 internal constant COOLDOWN = 1 hours;
    uint256 internal constant PERIOD = 2 days;
    uint256 internal constant BUDGET = 18 hours;
    uint256 internal constant REVIEW = 1 days;
    uint256 internal constant RESUME_DELAY = 30 minutes;
    int256 internal constant MINIMUM = 85;

    address internal governor = makeAddr("governor");
    address internal resumer = makeAddr("resumer");
    address internal treasury = makeAddr("treasury");
    address internal reporter = makeAddr("reporter");
    address internal user = makeAddr("user");

    TestModel internal model;
    MockFeatures internal features;
    MockToken internal token;
    EntryVault internal vault;
    PauseForAdapter internal adapter;
    FraudPauseGuard internal guard;

    function setUp() public virtual override {
        super.setUp();
        vm.warp(1000 days + 5 hours);
        vm.roll(1_000_000);
        model = _register(_spec(3, 1));
        (features, token) = (new MockFeatures(), new MockToken());
        vault = new EntryVault(token, PAUSE);
        adapter = new PauseForAdapter(address(vault), admin);
        vault.setPauser(address(adapter));
        guard = _newGuard(_config(adapter));
        _fund(reporter);
        vm.roll(block.number + 10);
    }

    function _config(IPauseAdapter target) internal view returns (GuardConfig memory) {
        return GuardConfig({
            gateway: gateway,
            modelId: model.id,
            version: model.version,
            scoreIndex: 0,
            threshold: 0.8e18,
            margin: 0.05e18,
            features: features,
            anchoredSubject: false,
            evidenceBlocks: 100,
            target: target,
            pauseDuration: PAUSE,
            cooldown: COOLDOWN,
            freshCooldown: COOLDOWN,
            period: PERIOD,
            budget: BUDGET,
            bondToken: token,
            bond: BOND,
            bounty: 0,
            treasury: treasury,
            reviewWindow: REVIEW,
            resumeDelay: RESUME_DELAY
        });
    }

    /// @dev Makes a guard and gives it to its adapter.
    function _newGuard(GuardConfig memory config) internal returns (FraudPauseGuard made) {
        made = new FraudPauseGuard(config, admin, 1 days, governor, resumer);
        vm.prank(admin);
        config.target.setGuard(address(made));
    }

    /// @dev Ten bonds' worth, paid in.
    function _fund(address account) internal {
        _fund(account, guard);
    }

    function _fund(address account, FraudPauseGuard target) internal {
        token.mint(account, 10 * BOND);
        vm.startPrank(account);
        token.approve(address(target), type(uint256).max);
        target.deposit(account, 10 * BOND);
        vm.stopPrank();
    }

    // ---------------------------------------------------------------------------------- triggering

    /// @dev The words of an evidence that says `tag`.
    function _words(int256 tag) internal pure returns (uint256[] memory) {
        int256[] memory values = new int256[](3);
        values[0] = tag;
        return _inputWords(values);
    }

    /// @dev Evidence from this block.
    function _setEvidence(int256 tag) internal {
        features.set(_words(tag), uint64(block.timestamp), uint64(block.number));
    }

    /// @dev A proof for the guard that the model scores `words` so.
    function _proofOf(FraudPauseGuard target, uint256 anchor, uint256[] memory words, int256 score)
        internal
        view
        returns (uint256[] memory outputs, bytes memory proof)
    {
        outputs = _outputWord(model, score);
        uint256 context = _context(model, address(target), target.payloadOf(anchor));
        proof = _prove(model, PublicValues.assemble(context, words, outputs, new uint256[](0)));
    }

    /// @dev What `trigger` needs, for evidence that says 7, from this block.
    function _evidence(FraudPauseGuard target, int256 score)
        internal
        returns (uint256 anchor, uint256[] memory outputs, bytes memory proof)
    {
        _setEvidence(7);
        anchor = block.number - 1;
        (outputs, proof) = _proofOf(target, anchor, _words(7), score);
    }

    /// @dev The reporter triggers.
    function _trigger(FraudPauseGuard target, int256 score) internal returns (uint256 incident) {
        (uint256 anchor, uint256[] memory outputs, bytes memory proof) = _evidence(target, score);
        vm.prank(reporter);
        return target.trigger("", anchor, outputs, proof);
    }

    /// @dev The reporter tries to.
    function _triggerFails(FraudPauseGuard target, int256 score, bytes memory reason) internal {
        (uint256 anchor, uint256[] memory outputs, bytes memory proof) = _evidence(target, score);
        vm.prank(reporter);
        vm.expectRevert(reason);
        target.trigger("", anchor, outputs, proof);
    }

    /// @dev Time passes, and blocks with it.
    function _pass(uint256 time) internal {
        skip(time);
        vm.roll(block.number + time / 12 + 1);
    }
}
