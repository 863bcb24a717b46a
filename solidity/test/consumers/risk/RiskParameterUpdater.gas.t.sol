// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity 0.8.37;

import { RiskBinding } from "../../../src/consumers/risk/IRiskSource.sol";
import { ModelRiskSource } from "../../../src/consumers/risk/ModelRiskSource.sol";
import { RiskParameter } from "../../../src/consumers/risk/RiskTypes.sol";
import { Feed } from "../../../src/features/Feeds.sol";
import { Features } from "../../../src/features/IFeatureSource.sol";
import { OnChainFeatures } from "../../../src/features/OnChainFeatures.sol";
import { PublicValues } from "../../../src/libraries/PublicValues.sol";
import { LendingMarket } from "../../../testing/mocks/LendingMarket.sol";
import { Caller, Indicators } from "../../utils/Mocks.sol";
import { RiskTest } from "./RiskTest.sol";

/// @dev What a proposal costs over the bare verification of its proof, its evidence included, and
/// what an execution costs. All accounts and slots cold.
contract RiskParameterUpdaterGasTest is RiskTest {
    OnChainFeatures private _chain;
    Caller private _caller;

    function setUp() public override {
        super.setUp();
        Indicators indicators = new Indicators();
        Feed[] memory feeds = new Feed[](3);
        for (uint256 i = 0; i < 3; ++i) {
            feeds[i].target = address(indicators);
            feeds[i].data = abi.encodeWithSignature("values(uint256)", i);
            feeds[i].decimals = 18;
        }
        _chain = new OnChainFeatures(registry, model.id, bytes32(uint256(uint160(address(market)))), feeds);
        _chain.prepare(model.version);
        _caller = new Caller();
    }

    function _source(RiskBinding[] memory bindings) private returns (ModelRiskSource source) {
        source = new ModelRiskSource(gateway, model.id, model.version, address(market), _chain, MAXIMUM_AGE, bindings);
        vm.prank(admin);
        updater.addSource(source, VETO, EXECUTION, 0);
    }

    function _measure(ModelRiskSource source, int256 threshold, string memory name) private {
        uint256[] memory outputs = _ratios(threshold - 500, threshold, 10_500);
        Features memory taken = _snapshotOf(_chain, model.pin);
        bytes memory evidence = abi.encode(taken.blockNumber, taken.timestamp, taken.words);
        uint256 context = _context(model, address(source), source.payloadOf(block.timestamp));
        uint256[] memory publicValues = PublicValues.assemble(context, taken.words, outputs, new uint256[](0));
        bytes memory proof = _prove(model, publicValues);

        address key = model.pin.key();
        _cool(source);
        _caller.forward(address(verifier), abi.encodeCall(verifier.verify, (key, publicValues, proof)));
        uint256 bare = vm.lastCallGas().gasTotalUsed;
        _cool(source);
        _caller.forward(
            address(updater), abi.encodeCall(updater.propose, (source, block.timestamp, evidence, outputs, proof))
        );
        uint256 all = vm.snapshotGasLastCall("RiskParameterUpdater", string.concat("propose, ", name));
        vm.snapshotValue(
            "RiskParameterUpdater", string.concat("propose, ", name, ": over the bare verifier"), all - bare
        );

        skip(MINIMUM_DELAY);
        uint256 proposal = updater.proposalCount();
        _cool(source);
        _caller.forward(address(updater), abi.encodeCall(updater.execute, (proposal)));
        vm.snapshotGasLastCall("RiskParameterUpdater", string.concat("execute, ", name));
    }

    /// @dev A proposal that is executed if it moves anything.
    function _quietly(ModelRiskSource source, int256 threshold) private {
        uint256[] memory outputs = _ratios(threshold - 500, threshold, 10_500);
        Features memory taken = _snapshotOf(_chain, model.pin);
        bytes memory evidence = abi.encode(taken.blockNumber, taken.timestamp, taken.words);
        uint256 context = _context(model, address(source), source.payloadOf(block.timestamp));
        bytes memory proof = _prove(model, PublicValues.assemble(context, taken.words, outputs, new uint256[](0)));
        updater.propose(source, block.timestamp, evidence, outputs, proof);
    }

    function _cool(ModelRiskSource source) private {
        address[10] memory accounts = [
            address(gateway),
            address(registry),
            address(verifier),
            model.pin.key(),
            address(updater),
            address(updater.log()),
            address(source),
            address(_chain),
            address(adapter),
            address(market)
        ];
        for (uint256 i = 0; i < accounts.length; ++i) {
            vm.cool(accounts[i]);
        }
    }

    function test_Gas_OneParameter() public {
        RiskBinding[] memory bindings = new RiskBinding[](1);
        bindings[0] = RiskBinding(RiskParameter.LiquidationThreshold, 0, 1, 18);
        ModelRiskSource source = _source(bindings);
        _measure(source, 8100, "one parameter");
        _measure(source, 8200, "one parameter, again");
    }

    function test_Gas_ThreeParameters() public {
        market.setParameters(LendingMarket.Parameters(7600, 8000, 10_400, 1_000_000e18, 500_000e18));
        ModelRiskSource source = _source(_ratioBindings());
        _measure(source, 8200, "three parameters");
        market.setParameters(LendingMarket.Parameters(7600, 8000, 10_400, 1_000_000e18, 500_000e18));
        for (uint256 i = 0; i < 64; ++i) {
            skip(EXECUTION);
            _quietly(source, 8200);
        }
        skip(EXECUTION);
        market.setParameters(LendingMarket.Parameters(7600, 8000, 10_400, 1_000_000e18, 500_000e18));
        _measure(source, 8200, "three parameters, as ever");
    }
}
