// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity 0.8.37;

import { IRiskSource, RiskBinding } from "../../../src/consumers/risk/IRiskSource.sol";
import { ModelRiskSource } from "../../../src/consumers/risk/ModelRiskSource.sol";
import { RISK_PARAMETERS, RiskParameter } from "../../../src/consumers/risk/RiskTypes.sol";
import { IVerdictRoutes } from "../../../src/core/gateway/IVerdictRoutes.sol";
import { IModelRegistry } from "../../../src/core/registry/IModelRegistry.sol";
import { IInferenceVerifier } from "../../../src/core/verifier/interfaces/IInferenceVerifier.sol";
import { PublicValues } from "../../../src/libraries/PublicValues.sol";
import { ModelPin } from "../../../src/types/ModelPin.sol";
import { ModelSpec, Visibility } from "../../../src/types/Schemas.sol";
import { RiskTest } from "./RiskTest.sol";

/// @dev What a source proves, and what it refuses.
contract ModelRiskSourceTest is RiskTest {
    bytes private constant REJECTED = abi.encodeWithSelector(IInferenceVerifier.ProofRejected.selector);

    function test_Infer() public {
        _setEvidence();
        uint256[] memory outputs = _outputs(7123, 8001, 10_499, 123_456, -7);
        (uint256 time, int256[RISK_PARAMETERS] memory values) =
            ratios.infer(block.timestamp, "", outputs, _proofOf(ratios, block.timestamp, outputs));
        assertEq(time, block.timestamp);
        assertEq(values[0], 0);
        assertEq(values[1], 0.7123e18);
        assertEq(values[2], 0.8001e18);
        assertEq(values[3], 1.0499e18);
        assertEq(values[4], 0);

        (, values) = caps.infer(block.timestamp, "", outputs, _proofOf(caps, block.timestamp, outputs));
        assertEq(values[1], 0);
        assertEq(values[4], 123_456_000e18);
        assertEq(values[5], -7000e18);
    }

    function testFuzz_Infer(int16 a, int16 b, int16 c, int32 d, int32 e) public {
        _setEvidence();
        uint256[] memory outputs = _outputs(a, b, c, d, e);
        ModelRiskSource source = a % 2 == 0 ? ratios : caps;
        (, int256[RISK_PARAMETERS] memory values) =
            source.infer(block.timestamp, "", outputs, _proofOf(source, block.timestamp, outputs));
        assertEq(values[1], source == ratios ? int256(a) * 1e14 : int256(0));
        assertEq(values[3], source == ratios ? int256(c) * 1e14 : int256(0));
        assertEq(values[4], source == caps ? int256(d) * 1000e18 : int256(0));
        assertEq(values[5], source == caps ? int256(e) * 1000e18 : int256(0));
    }

    /// @dev The feature source is asked about the market.
    function test_TheSubjectIsTheMarket() public {
        _setEvidence();
        features.setSubject(bytes32(uint256(uint160(address(market)))));
        uint256[] memory outputs = _ratios(1, 2, 3);
        ratios.infer(block.timestamp, "", outputs, _proofOf(ratios, block.timestamp, outputs));
    }

    function test_Views() public view {
        assertEq(ratios.market(), address(market));
        assertEq(ratios.mask(), 0x0e);
        assertEq(caps.mask(), 0x30);
        assertEq(abi.encode(caps.bindings()), abi.encode(_capBindings()));
        assertEq(ModelPin.unwrap(ratios.pin()), ModelPin.unwrap(model.pin));
        assertEq(address(ratios.featureSource()), address(features));
        assertEq(ratios.maximumAge(), MAXIMUM_AGE);
        assertEq(ratios.payloadOf(77), keccak256(abi.encode(ratios.INFERENCE_TYPEHASH(), address(market), uint256(77))));
        ratios.checkUsable();
    }

    // -------------------------------------------------------------------------------------- errors

    function _fails(uint256 deadline, uint256[] memory outputs, bytes memory proof, bytes memory reason) private {
        vm.expectRevert(reason);
        ratios.infer(deadline, "", outputs, proof);
    }

    function test_RevertWhen_DeadlineOver() public {
        _setEvidence();
        uint256[] memory outputs = _ratios(1, 2, 3);
        bytes memory proof = _proofOf(ratios, block.timestamp - 1, outputs);
        uint256 deadline = block.timestamp - 1;
        _fails(deadline, outputs, proof, abi.encodeWithSelector(IRiskSource.DeadlineOver.selector, deadline));
    }

    function test_RevertWhen_EvidenceOutOfRange() public {
        uint256[] memory outputs = _ratios(1, 2, 3);
        uint256 oldest = block.timestamp - MAXIMUM_AGE;
        uint256[2] memory times = [oldest - 1, block.timestamp + 1];
        for (uint256 i = 0; i < 2; ++i) {
            features.set(_inputs(), uint64(times[i]), 0);
            bytes memory proof = _proofOf(ratios, block.timestamp, outputs);
            bytes memory reason = abi.encodeWithSelector(IRiskSource.EvidenceOutOfRange.selector, oldest, times[i]);
            _fails(block.timestamp, outputs, proof, reason);
        }
    }

    /// @dev Of a chain younger than the maximum age.
    function test_EvidenceNearGenesis() public {
        vm.warp(5 minutes);
        features.set(_inputs(), 0, 0);
        uint256[] memory outputs = _ratios(1, 2, 3);
        ratios.infer(block.timestamp, "", outputs, _proofOf(ratios, block.timestamp, outputs));
    }

    /// @dev A source that gives no words would let `outputs` supply the model's inputs.
    function test_RevertWhen_WrongEvidenceLength() public {
        features.set(new uint256[](0), uint64(block.timestamp), 0);
        uint256[] memory outputs = new uint256[](3);
        uint256 context = _context(model, address(ratios), ratios.payloadOf(block.timestamp));
        bytes memory proof = _prove(model, PublicValues.assemble(context, new uint256[](0), outputs, new uint256[](0)));
        bytes memory reason = abi.encodeWithSelector(IRiskSource.WrongEvidenceLength.selector, 1, 0);
        _fails(block.timestamp, outputs, proof, reason);
        _setEvidence();
        features.setCommitments(new uint256[](1));
        reason = abi.encodeWithSelector(IRiskSource.WrongEvidenceLength.selector, 1, 2);
        _fails(block.timestamp, outputs, proof, reason);
        // A commitment doesn't stand in for a word.
        features.set(new uint256[](0), uint64(block.timestamp), 0);
        reason = abi.encodeWithSelector(IRiskSource.WrongEvidenceLength.selector, 1, 1);
        _fails(block.timestamp, outputs, proof, reason);
    }

    function test_RevertWhen_ModelIsDeprecated() public {
        vm.prank(modelOwner);
        registry.deprecateModel(model.id);
        bytes memory reason = abi.encodeWithSelector(IRiskSource.ModelNotActive.selector, model.id, model.version);
        _setEvidence();
        uint256[] memory outputs = _ratios(1, 2, 3);
        _fails(block.timestamp, outputs, _proofOf(ratios, block.timestamp, outputs), reason);
        vm.expectRevert(reason);
        ratios.checkUsable();
    }

    function test_RevertWhen_RouteIsFrozen() public {
        vm.prank(guardian);
        gateway.freezeRoute(ROUTE);
        _setEvidence();
        uint256[] memory outputs = _ratios(1, 2, 3);
        bytes memory reason = abi.encodeWithSelector(IVerdictRoutes.RouteIsFrozen.selector, ROUTE);
        _fails(block.timestamp, outputs, _proofOf(ratios, block.timestamp, outputs), reason);
        vm.expectRevert(abi.encodeWithSelector(IRiskSource.RouteIsFrozen.selector, ROUTE));
        ratios.checkUsable();
    }

    // ------------------------------------------------------------------------------- what is bound

    function test_RevertWhen_ProofIsOfAnotherSource() public {
        _setEvidence();
        uint256[] memory outputs = _ratios(1, 2, 3);
        _fails(block.timestamp, outputs, _proofOf(caps, block.timestamp, outputs), REJECTED);
    }

    function test_RevertWhen_ProofIsOfAnotherChain() public {
        _setEvidence();
        uint256[] memory outputs = _ratios(1, 2, 3);
        bytes memory proof = _proofOf(ratios, block.timestamp, outputs);
        vm.chainId(5);
        _fails(block.timestamp, outputs, proof, REJECTED);
    }

    function test_RevertWhen_ProofIsOfAnotherVersion() public {
        model = _upgrade(model, _riskSpec());
        _setEvidence();
        uint256[] memory outputs = _ratios(1, 2, 3);
        _fails(block.timestamp, outputs, _proofOf(ratios, block.timestamp, outputs), REJECTED);
    }

    function test_RevertWhen_DeadlineIsMoved() public {
        _setEvidence();
        uint256[] memory outputs = _ratios(1, 2, 3);
        bytes memory proof = _proofOf(ratios, block.timestamp, outputs);
        _fails(block.timestamp + 1, outputs, proof, REJECTED);
    }

    function test_RevertWhen_InputsOrOutputsAreSwapped() public {
        _setEvidence();
        uint256[] memory outputs = _ratios(1, 2, 3);
        bytes memory proof = _proofOf(ratios, block.timestamp, outputs);
        _fails(block.timestamp, _ratios(1, 2, 4), proof, REJECTED);
        int256[] memory others = new int256[](3);
        others[0] = 1;
        features.set(_inputWords(others), uint64(block.timestamp), uint64(block.number));
        _fails(block.timestamp, outputs, proof, REJECTED);
    }

    // ------------------------------------------------------------------------------- configuration

    function _refused(RiskBinding[] memory bindings, bytes32 field) private {
        vm.expectRevert(abi.encodeWithSelector(IRiskSource.InvalidSource.selector, field));
        _newSource(bindings);
    }

    function test_RevertWhen_InvalidSource_Bindings() public {
        _refused(new RiskBinding[](0), "bindings");
        RiskBinding[] memory bindings = _ratioBindings();
        bindings[1].parameter = RiskParameter.LoanToValue;
        _refused(bindings, "bindings.parameter");
        bindings = _ratioBindings();
        bindings[2].output = 2;
        _refused(bindings, "bindings.output");
        bindings = _ratioBindings();
        bindings[2].index = 3;
        _refused(bindings, "bindings.index");
        bindings = _ratioBindings();
        bindings[2].decimals = 37;
        _refused(bindings, "bindings.decimals");
    }

    function test_RevertWhen_TheVersionIsDeprecatedAlready() public {
        RiskBinding[] memory bindings = _ratioBindings();
        vm.prank(modelOwner);
        registry.deprecateVersion(model.id, model.version);
        vm.expectRevert(abi.encodeWithSelector(IModelRegistry.VersionIsDeprecated.selector, model.id, model.version));
        new ModelRiskSource(gateway, model.id, 1, address(market), features, 1, bindings);
    }

    /// @dev Whoever adds the route afterwards would pick what counts as a proof.
    function test_RevertWhen_TheVersionHasNoRoute() public {
        RiskBinding[] memory bindings = _ratioBindings();
        uint256 id = _registerWithoutRoute(_riskSpec()).id;
        vm.expectRevert(_noRoute());
        new ModelRiskSource(gateway, id, 1, address(market), features, 1, bindings);
        vm.prank(guardian);
        gateway.freezeRoute(ROUTE);
        vm.expectRevert(abi.encodeWithSelector(IRiskSource.RouteIsFrozen.selector, ROUTE));
        new ModelRiskSource(gateway, model.id, 1, address(market), features, 1, bindings);
    }

    function _refusedModel(uint256 id, address market_, uint256 age, bytes32 field) private {
        RiskBinding[] memory bindings = _ratioBindings();
        vm.expectRevert(abi.encodeWithSelector(IRiskSource.InvalidSource.selector, field));
        new ModelRiskSource(gateway, id, 1, market_, features, age, bindings);
    }

    function test_RevertWhen_InvalidSource_Model() public {
        _refusedModel(model.id, address(0), 1, "market");
        _refusedModel(model.id, address(market), 0, "maximumAge");
        _refusedModel(_register(_batchSpec(2, 1, 1)).id, address(market), 1, "modelId");
        ModelSpec memory spec = _riskSpec();
        spec.inputs[0].visibility = Visibility.Private;
        _refusedModel(_register(spec).id, address(market), 1, "modelId");
        features.refuse();
        _refusedModel(model.id, address(market), 1, "features");
    }
}
