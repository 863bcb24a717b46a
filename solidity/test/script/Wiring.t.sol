// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity 0.8.37;

import { DeployOracle } from "../../script/DeployOracle.s.sol";
import { DeployRisk } from "../../script/DeployRisk.s.sol";
import { DeployWiring } from "../../script/DeployWiring.s.sol";
import { AaveAgentOracle } from "../../src/adapters/aave/AaveAgentOracle.sol";
import { AaveEModeAdapter } from "../../src/adapters/aave/AaveEModeAdapter.sol";
import { AaveFreezeAdapter } from "../../src/adapters/aave/AaveFreezeAdapter.sol";
import { AaveRiskAdapter } from "../../src/adapters/aave/AaveRiskAdapter.sol";
import { AaveStewardAdapter } from "../../src/adapters/aave/AaveStewardAdapter.sol";
import { CometPauseAdapter } from "../../src/adapters/compound/CometPauseAdapter.sol";
import { MorphoFeedOracle } from "../../src/adapters/morpho/MorphoFeedOracle.sol";
import { MorphoVaultGate } from "../../src/adapters/morpho/MorphoVaultGate.sol";
import { Fallback } from "../../src/consumers/oracle/strict/IStrictFeed.sol";
import { StrictFeed } from "../../src/consumers/oracle/strict/StrictFeed.sol";
import { SequencedExecutor } from "../../src/consumers/risk/SequencedExecutor.sol";
import { IAaveAddressesProvider, IAavePool } from "../../src/interfaces/external/IAaveV3.sol";
import { Fixtures } from "./Fixtures.s.sol";
import { ScriptTest } from "./ScriptTest.sol";

/// @dev The script that deploys what stands between a consumer and a protocol: every kind, wired to what
/// its settings name.
contract WiringScriptTest is ScriptTest {
    Fixtures.Made private _made;
    address private _protocol;

    function _prepare(string memory name) private {
        _deployAll(name);
        _made = new Fixtures().make();
        // Anything with code.
        _protocol = _made.token;
    }

    function _example(string memory name) private view returns (string memory json) {
        json = vm.readFile(string.concat("script/config/", name, ".example.json"));
        json = vm.replace(json, "@admin", vm.toString(sender));
        json = vm.replace(json, "@guardian", vm.toString(address(0x6d)));
        json = vm.replace(json, "@market", vm.toString(_made.market));
        json = vm.replace(json, "@riskAdapter", vm.toString(_made.riskAdapter));
    }

    /// @dev Settings of a kind: the members are `"name": value` pairs.
    function _settings(string memory kind, string memory members) private view returns (string memory) {
        string memory owner = string.concat('"owner": "', vm.toString(sender), '"');
        return string.concat('{ "name": "wired", "kind": "', kind, '", ', owner, ", ", members, " }");
    }

    function _member(string memory name, address value) private pure returns (string memory) {
        return string.concat('"', name, '": "', vm.toString(value), '"');
    }

    function _deployed(string memory kind, string memory members) private returns (address account) {
        account = new DeployWiring().deploy(_settings(kind, members), results);
        assertEq(_result(".consumers.wired.address"), account);
    }

    function test_DeploysAStrictFeed() public {
        _prepare("strict");
        address oracle = new DeployOracle().deploy(_example("oracle"), results);
        string memory settings = _example("wiring");
        StrictFeed feed = StrictFeed(new DeployWiring().deploy(settings, results));
        assertEq(address(feed.oracle()), oracle);
        assertEq(feed.decimals(), 8);
        assertEq(uint8(feed.whenUnfit()), uint8(Fallback.Reverts));
        assertTrue(feed.refusesPending());
        assertEq(_result(".consumers.score-feed-strict.address"), address(feed));
        _check();
        assertEq(new DeployWiring().deploy(settings, results), address(feed));

        settings = _replace(_replace(settings, "reverts", "zero"), '"decimals": 8', '"decimals": 18');
        feed = StrictFeed(new DeployWiring().deploy(settings, results));
        assertEq(uint8(feed.whenUnfit()), uint8(Fallback.Zero));
        assertEq(feed.decimals(), 18);
        settings = _replace(settings, '"zero"', '"last"');
        feed = StrictFeed(new DeployWiring().deploy(settings, results));
        assertEq(uint8(feed.whenUnfit()), uint8(Fallback.Last));
        DeployWiring script = new DeployWiring();
        settings = _replace(settings, '"last"', '"luck"');
        vm.expectRevert(abi.encodeWithSelector(DeployWiring.UnknownFallback.selector, "luck"));
        script.deploy(settings, results);
    }

    function test_DeploysWhatReadsAnUpdater() public {
        _prepare("executor");
        (address updater,) = new DeployRisk().deploy(_example("risk"), results);
        string memory named = '"updater": "market-risk"';
        address account = _deployed("sequenced-executor", string.concat(named, ", ", _member("sequencer", _protocol)));
        assertEq(address(SequencedExecutor(account).UPDATER()), updater);
        assertEq(address(SequencedExecutor(account).SEQUENCER()), _protocol);
        account = _deployed("aave-agent-oracle", named);
        assertEq(address(AaveAgentOracle(account).UPDATER()), updater);
        _check();
    }

    function test_DeploysAMorphoOracle() public {
        _prepare("morpho");
        new DeployOracle().deploy(_example("oracle"), results);
        address feed = new DeployWiring().deploy(_example("wiring"), results);
        string memory members = string.concat(
            '"feed": "score-feed-strict", ',
            _member("collateralToken", _made.token),
            ", ",
            _member("loanToken", _made.token)
        );
        assertEq(address(MorphoFeedOracle(_deployed("morpho-feed", members)).FEED()), feed);
    }

    function test_DeploysWhatHoldsARole() public {
        _prepare("roles");
        string memory provider = _member("provider", _protocol);
        AaveRiskAdapter risk = AaveRiskAdapter(_deployed("aave-risk", provider));
        assertEq(address(risk.PROVIDER()), _protocol);
        assertEq(risk.owner(), sender);
        AaveEModeAdapter category =
            AaveEModeAdapter(_deployed("aave-emode", string.concat(provider, ', "liquid": true')));
        assertTrue(category.LIQUID());
        address steward = makeAddr("steward");
        string memory members = string.concat(provider, ", ", _member("steward", steward));
        assertEq(address(AaveStewardAdapter(_deployed("aave-steward", members)).STEWARD()), steward);
        MorphoVaultGate gate = MorphoVaultGate(_deployed("morpho-gate", '"maximumPause": 3600'));
        assertEq(gate.owner(), sender);
        members = string.concat(_member("comet", _protocol), ", ", _member("formerGuardian", steward));
        assertEq(CometPauseAdapter(_deployed("comet-pause", members)).FORMER_GUARDIAN(), steward);
        _check();
    }

    function test_DeploysAFreezeAdapter() public {
        _prepare("freeze");
        vm.mockCall(_protocol, abi.encodeCall(IAaveAddressesProvider.getPool, ()), abi.encode(_made.vault));
        bytes memory active = abi.encode(uint256(1) << 56);
        vm.mockCall(_made.vault, abi.encodeCall(IAavePool.getConfiguration, (_made.market)), active);
        string memory members = string.concat(_member("provider", _protocol), ", ", _member("asset", _made.market));
        AaveFreezeAdapter adapter = AaveFreezeAdapter(_deployed("aave-freeze", members));
        assertEq(adapter.target(), _made.market);
        assertEq(adapter.owner(), sender);
    }

    function test_RevertWhen_TheKindIsUnknown() public {
        _prepare("unknown");
        DeployWiring script = new DeployWiring();
        string memory settings = _settings("luck", _member("provider", _protocol));
        vm.expectRevert(abi.encodeWithSelector(DeployWiring.UnknownKind.selector, "luck"));
        script.deploy(settings, results);
    }
}
