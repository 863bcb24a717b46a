// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity 0.8.37;

import { SafeCast } from "@openzeppelin/contracts/utils/math/SafeCast.sol";

import { DeployAirdrop } from "../../script/DeployAirdrop.s.sol";
import { DeployGuard } from "../../script/DeployGuard.s.sol";
import { DeployOracle } from "../../script/DeployOracle.s.sol";
import { DeployRisk } from "../../script/DeployRisk.s.sol";
import { VerdictScript } from "../../script/base/VerdictScript.sol";
import { ScoredAirdrop } from "../../src/consumers/airdrop/ScoredAirdrop.sol";
import { FraudPauseGuard } from "../../src/consumers/guard/FraudPauseGuard.sol";
import { IPauseAdapter } from "../../src/consumers/guard/IPauseAdapter.sol";
import { InferenceOracle } from "../../src/consumers/oracle/InferenceOracle.sol";
import { IRiskSource } from "../../src/consumers/risk/IRiskSource.sol";
import { RiskParameterUpdater } from "../../src/consumers/risk/RiskParameterUpdater.sol";
import { RiskLimit, RiskParameter } from "../../src/consumers/risk/RiskTypes.sol";
import { Fixtures } from "./Fixtures.s.sol";
import { ScriptTest } from "./ScriptTest.sol";

/// @dev The scripts that deploy consumers, with the committed example settings.
contract ConsumerScriptsTest is ScriptTest {
    address private _source;
    Fixtures.Made private _made;
    address private _guardian = makeAddr("guardian");
    address private _treasury = makeAddr("treasury");

    function _prepare(string memory name) private {
        _source = _deployAll(name);
        _made = new Fixtures().make();
    }

    /// @dev An example with everything filled in.
    function _settings(string memory name) private view returns (string memory json) {
        json = vm.readFile(string.concat("script/config/", name, ".example.json"));
        json = vm.replace(json, "@admin", vm.toString(sender));
        json = vm.replace(json, "@guardian", vm.toString(_guardian));
        json = vm.replace(json, "@treasury", vm.toString(_treasury));
        json = vm.replace(json, "@token", vm.toString(_made.token));
        json = vm.replace(json, "@vault", vm.toString(_made.vault));
        json = vm.replace(json, "@market", vm.toString(_made.market));
        json = vm.replace(json, "@riskAdapter", vm.toString(_made.riskAdapter));
        json = vm.replace(json, "@batchesUntil", vm.toString(block.timestamp + 20 days));
        json = vm.replace(json, "@claimsFrom", vm.toString(block.timestamp + 10 days));
        json = vm.replace(json, "@claimsUntil", vm.toString(block.timestamp + 40 days));
        json = vm.replace(json, "@sweepFrom", vm.toString(block.timestamp + 50 days));
    }

    // -------------------------------------------------------------------------------------- oracle

    function test_DeploysAnOracle() public {
        _prepare("oracle");
        InferenceOracle oracle = InferenceOracle(new DeployOracle().deploy(_settings("oracle"), results));
        assertEq(oracle.description(), "tumour logit");
        assertEq(oracle.decimals(), 8);
        assertEq(oracle.owner(), sender);
        assertEq(address(oracle.source()), _source);
        assertEq(address(oracle.gateway()), core.gateway);
        assertEq(oracle.pin().modelId(), 1);
        assertEq(_result(".consumers.score-feed.address"), address(oracle));
        _check();
        // The same settings are the same contract; another name is another.
        assertEq(new DeployOracle().deploy(_settings("oracle"), results), address(oracle));
        string memory other = _replace(_settings("oracle"), "score-feed", "other-feed");
        assertNotEq(new DeployOracle().deploy(other, results), address(oracle));
        assertEq(_result(".consumers.score-feed.address"), address(oracle));
        _check();
    }

    function test_RevertWhen_TheSourceIsNotInTheDeployment() public {
        _prepare("no-source");
        DeployOracle script = new DeployOracle();
        string memory settings = _replace(_settings("oracle"), "data-signers", "nobody");
        vm.expectRevert(abi.encodeWithSelector(VerdictScript.NotInDeployment.selector, ".sources.nobody.address"));
        script.deploy(settings, results);
    }

    function test_RevertWhen_AConsumersNameIsNone() public {
        _prepare("consumer-name");
        DeployOracle script = new DeployOracle();
        string memory settings = _replace(_settings("oracle"), "score-feed", "Score.Feed");
        vm.expectRevert(abi.encodeWithSelector(VerdictScript.InvalidName.selector, "Score.Feed"));
        script.deploy(settings, results);
    }

    /// @dev Settings are never cut down to what fits.
    function test_RevertWhen_ASettingIsTooLarge() public {
        _prepare("too-large");
        DeployOracle script = new DeployOracle();
        string memory settings = _replace(_settings("oracle"), '"maxMoveBps": 1000', '"maxMoveBps": 66536');
        vm.expectRevert(abi.encodeWithSelector(SafeCast.SafeCastOverflowedUintDowncast.selector, 16, 66_536));
        script.deploy(settings, results);
    }

    // --------------------------------------------------------------------------------------- guard

    function test_DeploysAGuard() public {
        _prepare("guard");
        (address guard, address adapter) = new DeployGuard().deploy(_settings("guard"), results);
        assertEq(address(FraudPauseGuard(guard).adapter()), adapter);
        assertEq(IPauseAdapter(adapter).guard(), guard);
        assertEq(IPauseAdapter(adapter).target(), _made.vault);
        assertEq(FraudPauseGuard(guard).pin().modelId(), 1);
        assertTrue(FraudPauseGuard(guard).hasRole(FraudPauseGuard(guard).RESUMER_ROLE(), _guardian));
        assertEq(_result(".consumers.vault-guard.adapter"), adapter);
        _check();
    }

    /// @dev The adapter's owner need not be who broadcasts, and appoints the guard then.
    function test_TheGuardIsAppointedByTheAdaptersOwner() public {
        _prepare("appointed");
        string memory settings = _replace(_settings("guard"), "pause-for", "openzeppelin");
        string memory owner = string.concat('"adapterOwner": "', vm.toString(sender), '"');
        settings = _replace(settings, owner, string.concat('"adapterOwner": "', vm.toString(_guardian), '"'));
        (address guard, address adapter) = new DeployGuard().deploy(settings, results);
        assertEq(IPauseAdapter(adapter).guard(), address(0));
        vm.prank(_guardian);
        IPauseAdapter(adapter).setGuard(guard);
        // Nothing is left to do then.
        (address again,) = new DeployGuard().deploy(settings, results);
        assertEq(again, guard);
    }

    function test_DeploysAGuardOfAnERC4626Vault() public {
        _prepare("erc4626");
        string memory settings = _replace(_settings("guard"), "pause-for", "erc4626");
        (, address adapter) = new DeployGuard().deploy(settings, results);
        assertFalse(IPauseAdapter(adapter).expiresByItself());
    }

    function test_RevertWhen_TheKindOfAdapterIsUnknown() public {
        _prepare("adapter");
        DeployGuard script = new DeployGuard();
        string memory settings = _replace(_settings("guard"), "pause-for", "stop-it");
        vm.expectRevert(abi.encodeWithSelector(DeployGuard.UnknownAdapter.selector, "stop-it"));
        script.deploy(settings, results);
    }

    // ---------------------------------------------------------------------------------------- risk

    function test_DeploysARiskUpdater() public {
        _prepare("risk");
        (address account, address source) = new DeployRisk().deploy(_settings("risk"), results);
        RiskParameterUpdater updater = RiskParameterUpdater(account);
        assertEq(address(updater.adapter()), _made.riskAdapter);
        assertEq(updater.sourceOf(IRiskSource(source)).market, _made.market);
        assertEq(updater.sourceOf(IRiskSource(source)).vetoWindow, 1 hours);
        assertEq(address(IRiskSource(source).featureSource()), _source);
        RiskLimit memory limit = updater.limitOf(_made.market, RiskParameter.LiquidationThreshold);
        assertEq(limit.maximumChange, 0.02e18);
        assertTrue(limit.clamped);
        assertTrue(updater.hasRole(updater.PROPOSER_ROLE(), address(0)));
        assertTrue(updater.hasRole(updater.EXECUTOR_ROLE(), address(0)));
        assertEq(_result(".consumers.market-risk.riskSource"), source);
        _check();
        (address again,) = new DeployRisk().deploy(_settings("risk"), results);
        assertEq(again, account);
    }

    /// @dev A script that runs again doesn't undo what governance did meanwhile.
    function test_TheRiskScriptLeavesGovernanceAlone() public {
        _prepare("risk-again");
        (address account, address source) = new DeployRisk().deploy(_settings("risk"), results);
        RiskParameterUpdater updater = RiskParameterUpdater(account);
        RiskLimit memory limit = updater.limitOf(_made.market, RiskParameter.LiquidationThreshold);
        limit.maximumChange = 0;
        vm.startPrank(sender);
        updater.setLimit(_made.market, RiskParameter.LiquidationThreshold, limit);
        updater.removeSource(IRiskSource(source));
        vm.stopPrank();
        new DeployRisk().deploy(_settings("risk"), results);
        assertEq(updater.limitOf(_made.market, RiskParameter.LiquidationThreshold).maximumChange, 0);
        assertEq(updater.sourceOf(IRiskSource(source)).market, address(0));
    }

    function test_RiskRolesCanBeKept() public {
        _prepare("risk-roles");
        string memory settings = _replace(_settings("risk"), '"openToAll": true', '"openToAll": false');
        (address account,) = new DeployRisk().deploy(settings, results);
        RiskParameterUpdater updater = RiskParameterUpdater(account);
        assertFalse(updater.hasRole(updater.PROPOSER_ROLE(), address(0)));
    }

    function test_RevertWhen_ARiskParameterIsUnknown() public {
        _prepare("parameter");
        DeployRisk script = new DeployRisk();
        string memory settings = _replace(_settings("risk"), "liquidationThreshold", "luck");
        vm.expectRevert(abi.encodeWithSelector(DeployRisk.UnknownParameter.selector, "luck"));
        script.deploy(settings, results);
    }

    // ------------------------------------------------------------------------------------- airdrop

    function test_DeploysAnAirdrop() public {
        _prepare("airdrop");
        ScoredAirdrop airdrop = ScoredAirdrop(new DeployAirdrop().deploy(_settings("airdrop"), results));
        assertEq(address(airdrop.token()), _made.token);
        assertEq(address(airdrop.source()), _source);
        assertEq(airdrop.treasury(), _treasury);
        assertEq(airdrop.windows().sweepFrom, block.timestamp + 50 days);
        assertEq(airdrop.models()[0].modelId(), 1);
        assertEq(airdrop.allocationOf(50), 55e18);
        assertEq(_result(".consumers.campaign-1.token"), _made.token);
        _check();
    }
}
