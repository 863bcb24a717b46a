// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity 0.8.37;

import { Test } from "forge-std/Test.sol";

import { AaveConfiguration } from "../../../src/adapters/aave/AaveConfiguration.sol";
import { AaveRiskAdapter } from "../../../src/adapters/aave/AaveRiskAdapter.sol";
import { RiskParameterUpdater } from "../../../src/consumers/risk/RiskParameterUpdater.sol";
import { MarketState, RISK_PARAMETERS, RiskParameter } from "../../../src/consumers/risk/RiskTypes.sol";
import { AaveUpdater } from "./AaveUpdater.sol";
import { IAaveConfiguratorFull } from "./IAave.sol";
import { ScriptedSource } from "./ScriptedSource.sol";

/// @dev The worst model, which says anything; keepers who execute and publish anything; and Aave's
/// governance, which freezes and thaws.
contract WorstModel is Test {
    RiskParameterUpdater private immutable _UPDATER;
    ScriptedSource private immutable _SOURCE;
    AaveRiskAdapter private immutable _ADAPTER;
    IAaveConfiguratorFull private immutable _CONFIGURATOR;
    address private immutable _GOVERNANCE = msg.sender;

    uint256 public executions;
    /// @dev By parameter: when it moved last, and whether it ever moved too soon or too far.
    uint256[RISK_PARAMETERS] public movedAt;
    bool public tooSoon;
    bool public tooFar;
    bool public whileFrozen;
    bool private _frozen;

    constructor(
        RiskParameterUpdater updater,
        ScriptedSource source,
        AaveRiskAdapter adapter,
        IAaveConfiguratorFull configurator
    ) {
        (_UPDATER, _SOURCE, _ADAPTER, _CONFIGURATOR) = (updater, source, adapter, configurator);
    }

    function propose(int256[5] calldata said, uint8 plausible, uint256 time) external {
        skip(_time(time));
        int256[RISK_PARAMETERS] memory values;
        for (uint256 i = 0; i < 5; ++i) {
            // Some of it is what could be true, or nothing would ever pass.
            // A fuzzer's own numbers are too often the ends of a range.
            uint256 draw = 0.6e18 + uint256(keccak256(abi.encode(said[i], time))) % 0.5e18;
            if (i == 2) draw += 0.4e18;
            bool near = (plausible >> i) & 1 == 0;
            values[i + 1] = near ? int256(i < 3 ? draw : draw * 1_200_000) : said[i];
        }
        try _UPDATER.propose(_SOURCE, block.timestamp, "", new uint256[](0), abi.encode(values)) { } catch { }
    }

    function execute(uint256 which, uint256 time) external {
        uint256 proposals = _UPDATER.proposalCount();
        if (proposals == 0) return;
        skip(_time(time));
        address market = _SOURCE.market();
        uint256[RISK_PARAMETERS] memory before;
        if (!_frozen) before = _ADAPTER.stateOf(market).values;
        try _UPDATER.execute(bound(which, proposals > 2 ? proposals - 2 : 1, proposals)) returns (uint8 mask) {
            ++executions;
            if (_frozen) whileFrozen = true;
            _look(mask, before, _ADAPTER.stateOf(market).values);
        } catch { }
    }

    function govern(bool frozen) external {
        address market = _SOURCE.market();
        vm.prank(_GOVERNANCE);
        _CONFIGURATOR.setReserveFreeze(market, frozen);
        _frozen = frozen;
    }

    function thaw() external {
        this.govern(false);
    }

    /// @dev From a second to a day and a half.
    function _time(uint256 seed) private pure returns (uint256) {
        return 1 + uint256(keccak256(abi.encode(seed))) % 1.5 days;
    }

    function _look(uint8 mask, uint256[RISK_PARAMETERS] memory before, uint256[RISK_PARAMETERS] memory live) private {
        for (uint256 i = 1; i < RISK_PARAMETERS; ++i) {
            uint256 change = live[i] > before[i] ? live[i] - before[i] : before[i] - live[i];
            if (change == 0) continue;
            if ((mask >> i) & 1 == 0 || change > (i < 4 ? 0.02e18 : before[i] / 5)) tooFar = true;
            if (movedAt[i] != 0 && block.timestamp < movedAt[i] + 1 days) tooSoon = true;
            movedAt[i] = block.timestamp;
        }
    }
}

/// @dev What the worst model can do to a real market of Aave through the adapter: nothing but steps
/// within the limits, to parameters that Aave's rules allow.
contract AaveRiskAdapterInvariants is AaveUpdater {
    using AaveConfiguration for uint256;

    WorstModel private _worst;
    AaveRiskAdapter private _adapter;
    uint256 private _first;

    function setUp() public {
        vm.warp(1000 days);
        _deployAave();
        _adapter = new AaveRiskAdapter(provider, address(this));
        acl.addRiskAdmin(address(_adapter));
        _deployUpdater(_adapter);
        _supply(lender, weth, 900_000e18);
        _first = pool.getConfiguration(address(weth));
        _worst = new WorstModel(updater, source, _adapter, configurator);
        targetContract(address(_worst));
    }

    /// @dev No parameter moves farther than its limit, nor sooner than its delay, nor while
    /// governance has frozen the reserve. Loan-to-value, threshold and bonus make sense together, and
    /// caps are caps that hold what is in use. Nothing else of the reserve is touched: flags, factor,
    /// fee, category, ceiling.
    function invariant_StepsWithinLimitsAndNothingElse() public view {
        assertFalse(_worst.tooFar(), "too far");
        assertFalse(_worst.tooSoon(), "too soon");
        assertFalse(_worst.whileFrozen(), "frozen");
        uint256 data = pool.getConfiguration(address(weth));
        assertGt(data.ltv(), 0);
        assertLe(data.ltv(), data.threshold());
        assertGt(data.bonus(), 10_000);
        assertLe((data.threshold() * data.bonus() + 5000) / 10_000, 10_000);
        assertGe(data.supplyCap(), 900_000);
        assertGt(data.borrowCap(), 0);
        uint256 ours = (uint256(type(uint72).max) << 80) | type(uint48).max | (1 << 57);
        assertEq(pool.getConfiguration(address(weth)) & ~ours, _first & ~ours);
    }

    /// @dev The invariant isn't about nothing.
    function test_TheWorstModelActs() public {
        _worst.propose([int256(0.7e18), 0.79e18, 1.04e18, 950_000e18, -1], 0xff, 1);
        skip(1 hours);
        _worst.execute(1, 1);
        assertEq(_worst.executions(), 1);
        // Each a step at most, whatever was said.
        MarketState memory state = _adapter.stateOf(address(weth));
        assertEq(state.values[uint256(RiskParameter.LoanToValue)], 0.73e18);
        assertEq(state.values[uint256(RiskParameter.LiquidationBonus)], 1.04e18);
        assertEq(state.values[uint256(RiskParameter.SupplyCap)], 950_000e18);
        assertEq(state.values[uint256(RiskParameter.BorrowCap)], 400_000e18);
    }
}
