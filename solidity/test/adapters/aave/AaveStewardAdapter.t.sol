// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity 0.8.37;

import { AaveConfiguration } from "../../../src/adapters/aave/AaveConfiguration.sol";
import { AaveStewardAdapter } from "../../../src/adapters/aave/AaveStewardAdapter.sol";
import { IRiskParameterUpdater, ProposalStatus } from "../../../src/consumers/risk/IRiskParameterUpdater.sol";
import { RISK_PARAMETERS, RiskParameter } from "../../../src/consumers/risk/RiskTypes.sol";
import { IAaveRiskSteward } from "../../../src/interfaces/external/IAaveRiskSteward.sol";
import { AaveUpdater } from "./AaveUpdater.sol";
import { IAaveConfiguratorFull } from "./IAave.sol";
import { RiskStewardModel } from "./RiskStewardModel.sol";

/// @dev Sets the cap that it is told to, and another.
contract Meddler {
    IAaveConfiguratorFull private immutable _CONFIGURATOR;

    constructor(IAaveConfiguratorFull configurator) {
        _CONFIGURATOR = configurator;
    }

    function updateCaps(IAaveRiskSteward.CapsUpdate[] calldata updates) external {
        _CONFIGURATOR.setSupplyCap(updates[0].asset, updates[0].supplyCap);
        _CONFIGURATOR.setBorrowCap(updates[0].asset, 1);
    }
}

/// @dev A model moves a real market through a steward, whose council the adapter is.
contract AaveStewardAdapterTest is AaveUpdater {
    using AaveConfiguration for uint256;

    AaveStewardAdapter private _adapter;
    RiskStewardModel private _steward;

    function setUp() public {
        vm.warp(1000 days);
        _deployAave();
        // The steward names its council for ever, so its address is known before it is there.
        address steward = vm.computeCreateAddress(address(this), vm.getNonce(address(this)) + 1);
        _adapter = new AaveStewardAdapter(provider, RiskStewardModel(steward), address(this));
        _steward = new RiskStewardModel(provider, address(_adapter));
        assertEq(address(_adapter.STEWARD()), address(_steward));
        acl.addRiskAdmin(address(_steward));
        _deployUpdater(_adapter);
    }

    function _execute(uint256 proposal) private returns (uint8) {
        skip(VETO);
        return updater.execute(proposal);
    }

    /// @dev One at a time and all together; what doesn't move isn't named to the steward, so its delay
    /// doesn't begin.
    function test_MovesThroughTheSteward() public {
        assertEq(_execute(_propose([int256(0.748e18), 0.8e18, 1.05e18, 1_000_000e18, 500_000e18])), 0x02);
        assertEq(abi.encode(_ratiosOf(weth)), abi.encode([uint256(7480), 8000, 10_500]));
        assertEq(_execute(_propose([int256(0.748e18), 0.803e18, 1.053e18, 1_100_000e18, 450_000e18])), 0x3c);
        assertEq(abi.encode(_ratiosOf(weth)), abi.encode([uint256(7480), 8030, 10_530]));
        uint256 data = pool.getConfiguration(address(weth));
        assertEq(data.supplyCap(), 1_100_000);
        assertEq(data.borrowCap(), 450_000);
    }

    function test_MovesOneCapAlone() public {
        assertEq(_execute(_proposeCaps(1_000_000e18, 450_000e18)), 0x20);
        vm.snapshotGasLastCall("AaveStewardAdapter", "execute, one cap");
        assertEq(pool.getConfiguration(address(weth)).supplyCap(), 1_000_000);
    }

    /// @dev Delays add up: what the updater would let move after a day, the steward does after three.
    /// Until then the proposal waits, and then it can be executed.
    function test_DelaysAddUp() public {
        _execute(_proposeCaps(900_000e18, 500_000e18));
        skip(DELAY);
        uint256 proposal = _proposeCaps(850_000e18, 500_000e18);
        skip(VETO);
        vm.expectRevert(RiskStewardModel.DebounceNotRespected.selector);
        updater.execute(proposal);
        assertEq(uint256(updater.proposalOf(proposal).status), uint256(ProposalStatus.Pending));
        skip(2 days - VETO);
        updater.execute(proposal);
        assertEq(pool.getConfiguration(address(weth)).supplyCap(), 850_000);
    }

    /// @dev The narrower limit holds: the updater takes a step of 2 %, the steward half a one.
    function test_RevertWhen_StewardRefuses() public {
        uint256 proposal = _propose([int256(0.73e18), 0.8e18, 1.05e18, 1_000_000e18, 500_000e18]);
        skip(VETO);
        vm.expectRevert(RiskStewardModel.UpdateNotInRange.selector);
        updater.execute(proposal);
        assertEq(_ratiosOf(weth)[0], 7500);
        _steward.setRestricted(address(weth), true);
        vm.expectRevert(RiskStewardModel.AssetIsRestricted.selector);
        updater.execute(proposal);
    }

    /// @dev All or nothing: ratios that pass don't stay when the caps then don't.
    function test_AllOrNothing() public {
        _execute(_proposeCaps(900_000e18, 500_000e18));
        skip(DELAY);
        uint256 proposal = _propose([int256(0.748e18), 0.8e18, 1.05e18, 850_000e18, 500_000e18]);
        skip(VETO);
        vm.expectRevert(RiskStewardModel.DebounceNotRespected.selector);
        updater.execute(proposal);
        assertEq(_ratiosOf(weth)[0], 7500);
    }

    /// @dev A steward that does nothing, or something else than it is told to.
    function test_RevertWhen_StewardIsStrange() public {
        uint256 proposal = _proposeCaps(900_000e18, 500_000e18);
        skip(VETO);
        vm.mockCall(address(_steward), abi.encodeWithSelector(RiskStewardModel.updateCaps.selector), "");
        vm.expectRevert(
            abi.encodeWithSelector(
                IRiskParameterUpdater.PushMismatch.selector, RiskParameter.SupplyCap, 900_000e18, 1_000_000e18
            )
        );
        updater.execute(proposal);
        vm.clearMockedCalls();
        vm.mockFunction(
            address(_steward),
            address(new Meddler(configurator)),
            abi.encodeWithSelector(RiskStewardModel.updateCaps.selector)
        );
        vm.expectRevert(
            abi.encodeWithSelector(
                IRiskParameterUpdater.PushMismatch.selector, RiskParameter.BorrowCap, 500_000e18, 1e18
            )
        );
        updater.execute(proposal);
    }

    function test_RevertWhen_NotTheCouncil() public {
        AaveStewardAdapter other = new AaveStewardAdapter(provider, _steward, address(this));
        other.setUpdater(address(this));
        uint256[RISK_PARAMETERS] memory values;
        values[4] = 900_000e18;
        vm.expectRevert(RiskStewardModel.InvalidCaller.selector);
        other.push(address(weth), 0x10, values);
    }

    /// @dev A bonus of the whole or less has no word at the steward's; a cap's end is refused there.
    function test_RevertWhen_ZeroAtTheSteward() public {
        _adapter.setUpdater(address(this));
        uint256[RISK_PARAMETERS] memory values;
        uint256[2] memory bonuses = [uint256(1e18), 0.9e18];
        for (uint256 i = 0; i < 2; ++i) {
            values[3] = bonuses[i];
            vm.expectRevert(RiskStewardModel.InvalidUpdateToZero.selector);
            _adapter.push(address(weth), 0x08, values);
        }
        values[4] = type(uint128).max;
        vm.expectRevert(RiskStewardModel.InvalidUpdateToZero.selector);
        _adapter.push(address(weth), 0x10, values);
    }
}
