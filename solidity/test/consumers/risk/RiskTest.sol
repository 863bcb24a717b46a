// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity 0.8.37;

import { IRiskAdapter } from "../../../src/consumers/risk/IRiskAdapter.sol";
import { RiskBinding } from "../../../src/consumers/risk/IRiskSource.sol";
import { ModelRiskSource } from "../../../src/consumers/risk/ModelRiskSource.sol";
import { RiskParameterUpdater } from "../../../src/consumers/risk/RiskParameterUpdater.sol";
import { MarketState, RiskLimit, RiskParameter } from "../../../src/consumers/risk/RiskTypes.sol";
import { PublicValues } from "../../../src/libraries/PublicValues.sol";
import { ModelSpec, OutputSchema, Packing } from "../../../src/types/Schemas.sol";
import { LendingMarket, LendingMarketAdapter } from "../../../testing/mocks/LendingMarket.sol";
import { MockFeatures } from "../../../testing/mocks/MockFeatures.sol";
import { MockToken } from "../../../testing/mocks/MockToken.sol";
import { CoreTest } from "../../utils/CoreTest.sol";
import { MockRiskAdapter } from "./MockRiskAdapter.sol";

/// @dev A lending market whose parameters a model moves. The model has three inputs and two
/// outputs: three ratios in basis points (loan-to-value, threshold, bonus) and two caps in
/// thousands of tokens.
abstract contract RiskTest is CoreTest {
    uint32 internal constant VETO = 1 hours;
    uint32 internal constant EXECUTION = 1 days;
    uint32 internal constant MINIMUM_DELAY = 6 hours;
    uint256 internal constant MAXIMUM_AGE = 30 minutes;
    uint128 internal constant STEP = 0.02e18;

    address internal riskGuardian = makeAddr("risk guardian");
    address internal keeper = makeAddr("keeper");

    TestModel internal model;
    MockFeatures internal features;
    MockToken internal collateral;
    MockToken internal debt;
    LendingMarket internal market;
    LendingMarketAdapter internal adapter;
    RiskParameterUpdater internal updater;
    ModelRiskSource internal ratios;
    ModelRiskSource internal caps;

    function setUp() public virtual override {
        super.setUp();
        vm.warp(1000 days);
        vm.roll(1_000_000);
        (features, collateral, debt) = (new MockFeatures(), new MockToken(), new MockToken());
        market = new LendingMarket(
            collateral, debt, LendingMarket.Parameters(7500, 8000, 10_500, 1_000_000e18, 500_000e18)
        );
        adapter = new LendingMarketAdapter();
        market.setRiskManager(address(adapter));
        updater = _newUpdater(adapter);
        adapter.setUpdater(address(updater));

        model = _register(_riskSpec());
        ratios = _newSource(_ratioBindings());
        caps = _newSource(_capBindings());
        vm.startPrank(admin);
        updater.addSource(ratios, VETO, EXECUTION, 0);
        updater.addSource(caps, VETO, EXECUTION, 0);
        for (uint256 i = 1; i < 4; ++i) {
            updater.setLimit(address(market), RiskParameter(i), _ratioLimit());
        }
        for (uint256 i = 4; i < 6; ++i) {
            updater.setLimit(address(market), RiskParameter(i), _capLimit());
        }
        vm.stopPrank();
    }

    function _newUpdater(IRiskAdapter target) internal returns (RiskParameterUpdater made) {
        made = new RiskParameterUpdater(target, admin, 1 days, riskGuardian);
        vm.startPrank(admin);
        // For everybody.
        made.grantRole(made.PROPOSER_ROLE(), address(0));
        made.grantRole(made.EXECUTOR_ROLE(), address(0));
        vm.stopPrank();
    }

    /// @dev An updater of a protocol in this state, which takes the ratios.
    function _withMock(MarketState memory state) internal returns (MockRiskAdapter mock) {
        mock = new MockRiskAdapter();
        mock.set(state);
        updater = _newUpdater(mock);
        vm.startPrank(admin);
        updater.addSource(ratios, VETO, EXECUTION, 0);
        for (uint256 i = 0; i < 4; ++i) {
            updater.setLimit(address(market), RiskParameter(i), _ratioLimit());
        }
        vm.stopPrank();
    }

    function _newSource(RiskBinding[] memory bindings) internal returns (ModelRiskSource) {
        return new ModelRiskSource(gateway, model.id, model.version, address(market), features, MAXIMUM_AGE, bindings);
    }

    function _riskSpec() internal pure returns (ModelSpec memory spec) {
        spec = _spec(3, 3);
        spec.outputs = new OutputSchema[](2);
        spec.outputs[0] = OutputSchema(3, Packing.Signed, 1e32);
        spec.outputs[1] = OutputSchema(2, Packing.Wide, 1e39);
    }

    function _ratioBindings() internal pure returns (RiskBinding[] memory bindings) {
        bindings = new RiskBinding[](3);
        bindings[0] = RiskBinding(RiskParameter.LoanToValue, 0, 0, 18);
        bindings[1] = RiskBinding(RiskParameter.LiquidationThreshold, 0, 1, 18);
        bindings[2] = RiskBinding(RiskParameter.LiquidationBonus, 0, 2, 18);
    }

    function _capBindings() internal pure returns (RiskBinding[] memory bindings) {
        bindings = new RiskBinding[](2);
        bindings[0] = RiskBinding(RiskParameter.SupplyCap, 1, 0, 18);
        bindings[1] = RiskBinding(RiskParameter.BorrowCap, 1, 1, 18);
    }

    /// @dev Two percentage points at a time, never out of 30 % to 120 %.
    function _ratioLimit() internal pure returns (RiskLimit memory) {
        return RiskLimit(STEP, MINIMUM_DELAY, false, false, false, 0.3e18, 1.2e18, 1e14);
    }

    /// @dev A fifth at a time, a thousand tokens to ten million.
    function _capLimit() internal pure returns (RiskLimit memory) {
        return RiskLimit(0.2e18, MINIMUM_DELAY, true, false, false, 1000e18, 10_000_000e18, 1e18);
    }

    // ----------------------------------------------------------------------------------- proposing

    /// @dev The model's words for ratios in basis points and caps in thousands.
    function _outputs(int256 ltv, int256 threshold, int256 bonus, int256 supplyCap, int256 borrowCap)
        internal
        view
        returns (uint256[] memory)
    {
        int256[] memory values = new int256[](5);
        (values[0], values[1], values[2], values[3], values[4]) = (ltv, threshold, bonus, supplyCap, borrowCap);
        return _outputWords(model, values);
    }

    function _ratios(int256 ltv, int256 threshold, int256 bonus) internal view returns (uint256[] memory) {
        return _outputs(ltv, threshold, bonus, 1000, 500);
    }

    function _caps(int256 supplyCap, int256 borrowCap) internal view returns (uint256[] memory) {
        return _outputs(7500, 8000, 10_500, supplyCap, borrowCap);
    }

    function _inputs() internal pure returns (uint256[] memory) {
        return _inputWords(new int256[](3));
    }

    /// @dev Evidence from now.
    function _setEvidence() internal {
        features.set(_inputs(), uint64(block.timestamp), uint64(block.number));
    }

    function _proofOf(ModelRiskSource source, uint256 deadline, uint256[] memory outputs)
        internal
        view
        returns (bytes memory)
    {
        uint256 context = _context(model, address(source), source.payloadOf(deadline));
        return _prove(model, PublicValues.assemble(context, _inputs(), outputs, new uint256[](0)));
    }

    function _propose(ModelRiskSource source, uint256[] memory outputs) internal returns (uint256 proposal) {
        _setEvidence();
        bytes memory proof = _proofOf(source, block.timestamp, outputs);
        vm.prank(keeper);
        return updater.propose(source, block.timestamp, "", outputs, proof);
    }

    function _proposeFails(ModelRiskSource source, uint256[] memory outputs, bytes memory reason) internal {
        _setEvidence();
        bytes memory proof = _proofOf(source, block.timestamp, outputs);
        vm.prank(keeper);
        vm.expectRevert(reason);
        updater.propose(source, block.timestamp, "", outputs, proof);
    }

    /// @dev Proposes, waits, executes.
    function _update(ModelRiskSource source, uint256[] memory outputs) internal returns (uint8 mask) {
        uint256 proposal = _propose(source, outputs);
        skip(VETO);
        return updater.execute(proposal);
    }

    function _live() internal view returns (LendingMarket.Parameters memory live) {
        (live.loanToValue, live.threshold, live.bonus, live.supplyCap, live.borrowCap) = market.parameters();
    }
}
