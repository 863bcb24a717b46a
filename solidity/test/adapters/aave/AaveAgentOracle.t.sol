// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity 0.8.37;

import { AaveAgentOracle } from "../../../src/adapters/aave/AaveAgentOracle.sol";
import { AaveConfiguration } from "../../../src/adapters/aave/AaveConfiguration.sol";
import { AaveRiskAdapter } from "../../../src/adapters/aave/AaveRiskAdapter.sol";
import { IRiskOracle } from "../../../src/consumers/risk/IRiskOracle.sol";
import { ProposalStatus } from "../../../src/consumers/risk/IRiskParameterUpdater.sol";
import { AaveUpdater } from "./AaveUpdater.sol";
import { AgentHubModel, IHubOracle } from "./AgentHubModel.sol";

/// @dev A hub fetches what a model proposed and moves a real market. The adapter only reads here: it
/// has no role on Aave.
contract AaveAgentOracleTest is AaveUpdater {
    using AaveConfiguration for uint256;

    AaveAgentOracle private _oracle;
    AgentHubModel private _hub;
    AgentHubModel private _borrowHub;

    function setUp() public {
        vm.warp(1000 days);
        _deployAave();
        _deployUpdater(new AaveRiskAdapter(provider, address(this)));
        _oracle = new AaveAgentOracle(updater);
        _hub = new AgentHubModel(provider, IHubOracle(address(_oracle)), "SupplyCapUpdate");
        _borrowHub = new AgentHubModel(provider, IHubOracle(address(_oracle)), "BorrowCapUpdate");
        acl.addRiskAdmin(address(_hub));
        acl.addRiskAdmin(address(_borrowHub));
    }

    function _publish(int256 supplyCap, int256 borrowCap) private returns (uint256 proposal) {
        proposal = _proposeCaps(supplyCap, borrowCap);
        skip(VETO);
        updater.publish(proposal);
    }

    function _supplyCap() private view returns (uint256) {
        return pool.getConfiguration(address(weth)).supplyCap();
    }

    function _refuses() private {
        vm.expectRevert(AgentHubModel.NoActionCanBePerformed.selector);
        _hub.execute(address(weth));
    }

    function test_HubInjectsWhatWasPublished() public {
        _refuses();
        _publish(1_100_000e18, 450_000e18);
        _hub.execute(address(weth));
        _borrowHub.execute(address(weth));
        assertEq(_supplyCap(), 1_100_000);
        assertEq(pool.getConfiguration(address(weth)).borrowCap(), 450_000);
        // Once.
        _refuses();
    }

    function test_SaysItInAavesWords() public {
        _publish(1_100_000e18, 450_000e18);
        IRiskOracle.RiskParameterUpdate memory update =
            _oracle.getLatestUpdateByParameterAndMarket("SupplyCapUpdate", address(weth));
        vm.snapshotGasLastCall("AaveAgentOracle", "read");
        assertEq(update.updateType, "SupplyCapUpdate");
        assertEq(update.newValue, abi.encode(1_100_000));
        assertEq(update.previousValue, abi.encode(1_000_000));
        assertEq(update.timestamp, block.timestamp);
        assertEq(update.market, address(weth));
        string[] memory types = _oracle.getAllUpdateTypes();
        assertEq(types.length, 3);
        assertEq(types[0], "SupplyCapUpdate");
        assertEq(types[1], "BorrowCapUpdate");
        assertEq(types[2], "EModeCategoryUpdate");
        assertEq(address(_oracle.UPDATER()), address(updater));
    }

    /// @dev Delays add up: the veto window, and then the hub's own since its last injection; what
    /// comes to late for its expiry is lost.
    function test_DelaysAddUp() public {
        _publish(1_100_000e18, 500_000e18);
        _hub.execute(address(weth));
        skip(DELAY);
        _publish(1_200_000e18, 500_000e18);
        _refuses();
        skip(2 days);
        // The hub's three days are over, and so are its twelve hours.
        _refuses();
        _publish(1_200_000e18, 500_000e18);
        _hub.execute(address(weth));
        assertEq(_supplyCap(), 1_200_000);
    }

    // -------------------------------------------------------------------- what guardians have stopped

    /// @dev The log keeps what was published; guardians stop it all the same.
    function test_Attack_FetchingWhatWasVetoed() public {
        uint256 proposal = _publish(1_100_000e18, 500_000e18);
        updater.veto(proposal);
        assertEq(
            abi.decode(updater.getLatestUpdateByParameterAndMarket("supplyCap", address(weth)).newValue, (uint256)),
            1_100_000e18
        );
        _servesNot(1, ProposalStatus.Vetoed);
    }

    function _servesNot(uint256 id, ProposalStatus status) private {
        _refuses();
        vm.expectRevert(abi.encodeWithSelector(AaveAgentOracle.Withdrawn.selector, id, status));
        _oracle.getLatestUpdateByParameterAndMarket("SupplyCapUpdate", address(weth));
        assertEq(_supplyCap(), 1_000_000);
    }

    function test_RevertWhen_Withdrawn() public {
        _publish(1_100_000e18, 500_000e18);
        updater.setRestricted(address(weth), true);
        _servesNot(1, ProposalStatus.Pending);
        updater.setRestricted(address(weth), false);
        updater.pause();
        _servesNot(1, ProposalStatus.Pending);
        updater.unpause();
        updater.vetoAll(source);
        _servesNot(1, ProposalStatus.Vetoed);
    }

    function test_RevertWhen_SourceIsRemovedOrProposalExpired() public {
        _publish(1_100_000e18, 500_000e18);
        uint256 before = vm.snapshotState();
        updater.removeSource(source);
        _servesNot(1, ProposalStatus.Superseded);
        vm.revertToState(before);
        skip(EXECUTION);
        _servesNot(1, ProposalStatus.Expired);
    }

    /// @dev A hostile model says anything; what is published is within the updater's limits, and what
    /// is injected within the hub's as well.
    function testFuzz_Attack_HostileModel(int256 supplyCap, int256 borrowCap) public {
        uint256 proposal = _proposeCaps(supplyCap, borrowCap);
        skip(VETO);
        try updater.publish(proposal) { }
        catch {
            return;
        }
        try _hub.execute(address(weth)) { } catch { }
        assertGe(_supplyCap(), 800_000);
        assertLe(_supplyCap(), 1_200_000);
    }

    // ------------------------------------------------------------------------------------ refusals

    function test_RevertWhen_UnknownUpdateType() public {
        string[4] memory types = ["supplyCap", "ltv", "RateStrategyUpdate", ""];
        for (uint256 i = 0; i < 4; ++i) {
            vm.expectRevert(abi.encodeWithSelector(IRiskOracle.UnknownUpdateType.selector, types[i]));
            _oracle.getLatestUpdateByParameterAndMarket(types[i], address(weth));
        }
    }

    /// @dev A reserve's ratios are published under the same names as a category's; no agent gets them for
    /// one.
    function test_Attack_ReserveAsCategory() public {
        uint256 proposal = _propose([int256(0.74e18), 0.79e18, 1.05e18, 1_000_000e18, 500_000e18]);
        skip(VETO);
        assertEq(updater.publish(proposal), 0x06);
        vm.expectRevert(IRiskOracle.UpdateNotFound.selector);
        _oracle.getLatestUpdateByParameterAndMarket("EModeCategoryUpdate", address(weth));
    }

    function test_RevertWhen_UpdateNotFound() public {
        vm.expectRevert(IRiskOracle.UpdateNotFound.selector);
        _oracle.getLatestUpdateByParameterAndMarket("SupplyCapUpdate", address(weth));
    }

    /// @dev Fractions, none and zero: an agent would read the last two as no cap.
    function test_RevertWhen_NotRepresentable() public {
        _publish(1_100_000e18, 500_000e18);
        IRiskOracle.RiskParameterUpdate memory update =
            updater.getLatestUpdateByParameterAndMarket("supplyCap", address(weth));
        uint256[4] memory values = [uint256(0), type(uint128).max, 1e18 - 1, 5e18 + 1];
        for (uint256 i = 0; i < 4; ++i) {
            update.newValue = abi.encode(values[i]);
            vm.mockCall(
                address(updater),
                abi.encodeCall(updater.getLatestUpdateByParameterAndMarket, ("supplyCap", address(weth))),
                abi.encode(update)
            );
            vm.expectRevert(abi.encodeWithSelector(AaveAgentOracle.NotRepresentable.selector, 1, values[i]));
            _oracle.getLatestUpdateByParameterAndMarket("SupplyCapUpdate", address(weth));
        }
        // Of a token without decimals every number is whole, and none is still none.
        update.newValue = abi.encode(type(uint128).max);
        vm.mockCall(
            address(updater),
            abi.encodeCall(updater.getLatestUpdateByParameterAndMarket, ("supplyCap", address(weth))),
            abi.encode(update)
        );
        vm.mockCall(address(weth), abi.encodeCall(weth.decimals, ()), abi.encode(0));
        vm.expectRevert(abi.encodeWithSelector(AaveAgentOracle.NotRepresentable.selector, 1, type(uint128).max));
        _oracle.getLatestUpdateByParameterAndMarket("SupplyCapUpdate", address(weth));
        vm.mockCall(address(weth), abi.encodeCall(weth.decimals, ()), abi.encode(18));
        // What was before may have been none.
        (update.newValue, update.previousValue) = (abi.encode(5e18), abi.encode(type(uint128).max));
        vm.mockCall(
            address(updater),
            abi.encodeCall(updater.getLatestUpdateByParameterAndMarket, ("supplyCap", address(weth))),
            abi.encode(update)
        );
        assertEq(
            _oracle.getLatestUpdateByParameterAndMarket("SupplyCapUpdate", address(weth)).previousValue, abi.encode(0)
        );
    }
}
