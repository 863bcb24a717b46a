// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity 0.8.37;

import { IVerdictGateway } from "../../core/gateway/IVerdictGateway.sol";
import { IModelRegistry } from "../../core/registry/IModelRegistry.sol";
import { Features, IFeatureSource } from "../../features/IFeatureSource.sol";
import { FixedPoint } from "../../libraries/FixedPoint.sol";
import { InferenceContext } from "../../libraries/InferenceContext.sol";
import { PublicValues } from "../../libraries/PublicValues.sol";
import { Routes } from "../../libraries/Routes.sol";
import { ModelPin } from "../../types/ModelPin.sol";
import { ModelSpec, OutputSchema, PublicLayout, Visibility } from "../../types/Schemas.sol";
import { IRiskSource, RiskBinding } from "./IRiskSource.sol";
import { RiskLimits } from "./RiskLimits.sol";
import { RISK_PARAMETERS } from "./RiskTypes.sol";

/// @title What a model says about the risk of a market
/// @notice See `IRiskSource`. No owner, and no state after its construction.
///
/// The context of a proof is `InferenceContext.digest(pin, payload)`, with this contract as
/// consumer, and
///
/// ```
/// payload = keccak256(
///     INFERENCE_TYPEHASH            32 bytes
///     market                        12 zero bytes ‖ 20 bytes
///     deadline                      32 bytes, big-endian
/// )
/// ```
///
/// No nonce is needed: the words come from the feature source, so a proof is no use but while they
/// are vouched for, and the updater takes each piece of evidence once.
contract ModelRiskSource is IRiskSource {
    /// @dev `start` is the output's first word, after the input words.
    struct Resolved {
        RiskBinding binding;
        uint16 start;
        OutputSchema schema;
    }

    /// @notice keccak256("RiskInference(address market,uint256 deadline)")
    bytes32 public constant INFERENCE_TYPEHASH = keccak256("RiskInference(address market,uint256 deadline)");

    IVerdictGateway private immutable _GATEWAY;
    IModelRegistry private immutable _REGISTRY;
    ModelPin private immutable _PIN;
    uint256 private immutable _INPUT_WORDS;
    uint256 private immutable _COMMITMENTS;
    address private immutable _MARKET;
    IFeatureSource private immutable _FEATURES;
    uint256 private immutable _MAXIMUM_AGE;
    uint8 private immutable _MASK;

    Resolved[] private _bindings;

    /// @param gateway The way to the verifier; its registry has the model.
    /// @param modelId The model; no batch, no input that is private without a commitment.
    /// @param version Its version, active now.
    /// @param market_ The market.
    /// @param features_ Where the model's inputs come from.
    /// @param maximumAge_ How old they can be, in seconds.
    /// @param bindings_ At least one, and none for the same parameter twice.
    constructor(
        IVerdictGateway gateway,
        uint256 modelId,
        uint32 version,
        address market_,
        IFeatureSource features_,
        uint256 maximumAge_,
        RiskBinding[] memory bindings_
    ) {
        if (market_ == address(0)) revert InvalidSource("market");
        if (maximumAge_ == 0) revert InvalidSource("maximumAge");
        (_GATEWAY, _REGISTRY) = (gateway, IModelRegistry(gateway.registry()));
        _PIN = _REGISTRY.activePin(modelId, version);
        Routes.check(_GATEWAY, _PIN);
        if (!features_.covers(_PIN)) revert InvalidSource("features");
        (_MARKET, _FEATURES, _MAXIMUM_AGE) = (market_, features_, maximumAge_);

        PublicLayout memory shape = _REGISTRY.layoutOf(modelId, version);
        (_INPUT_WORDS, _COMMITMENTS) = (shape.inputWords, shape.commitments);
        ModelSpec memory spec = _REGISTRY.specOf(modelId, version);
        if (spec.inputItems != 1) revert InvalidSource("modelId");
        for (uint256 i = 0; i < spec.inputs.length; ++i) {
            // Nobody could vouch for it.
            if (spec.inputs[i].visibility == Visibility.Private) revert InvalidSource("modelId");
        }
        _MASK = _bind(bindings_, spec);
    }

    /// @inheritdoc IRiskSource
    function infer(uint256 deadline, bytes calldata evidence, uint256[] calldata outputs, bytes calldata proof)
        external
        view
        returns (uint256 evidenceTime, int256[RISK_PARAMETERS] memory values)
    {
        if (block.timestamp > deadline) revert DeadlineOver(deadline);
        _checkActive();
        Features memory features = _featuresOf(evidence);
        evidenceTime = features.timestamp;
        uint256 context = InferenceContext.digest(_PIN, _payload(deadline));
        uint256[] memory publicValues = PublicValues.assemble(context, features.words, outputs, features.commitments);
        _GATEWAY.verify(_PIN, publicValues, proof);

        uint256 count = _bindings.length;
        for (uint256 i = 0; i < count; ++i) {
            Resolved memory resolved = _bindings[i];
            (RiskBinding memory binding, OutputSchema memory schema) = (resolved.binding, resolved.schema);
            int256 integer =
                PublicValues.valueAt(publicValues, 1 + _INPUT_WORDS + resolved.start, schema, binding.index);
            values[uint256(binding.parameter)] = FixedPoint.toDecimals(integer, schema.scaleE36, binding.decimals);
        }
    }

    /// @inheritdoc IRiskSource
    function checkUsable() external view {
        _checkActive();
        Routes.check(_GATEWAY, _PIN);
    }

    /// @inheritdoc IRiskSource
    function payloadOf(uint256 deadline) external view returns (bytes32) {
        return _payload(deadline);
    }

    /// @inheritdoc IRiskSource
    function market() external view returns (address) {
        return _MARKET;
    }

    /// @inheritdoc IRiskSource
    function mask() external view returns (uint8) {
        return _MASK;
    }

    /// @inheritdoc IRiskSource
    function bindings() external view returns (RiskBinding[] memory all) {
        all = new RiskBinding[](_bindings.length);
        for (uint256 i = 0; i < all.length; ++i) {
            all[i] = _bindings[i].binding;
        }
    }

    /// @inheritdoc IRiskSource
    function pin() external view returns (ModelPin) {
        return _PIN;
    }

    /// @inheritdoc IRiskSource
    function featureSource() external view returns (IFeatureSource) {
        return _FEATURES;
    }

    /// @inheritdoc IRiskSource
    function maximumAge() external view returns (uint256) {
        return _MAXIMUM_AGE;
    }

    /// @dev The inputs, if they are fresh and as many as the model has.
    function _featuresOf(bytes calldata evidence) private view returns (Features memory features) {
        features = _FEATURES.features(_PIN, bytes32(uint256(uint160(_MARKET))), evidence);
        uint256 oldest = block.timestamp < _MAXIMUM_AGE ? 0 : block.timestamp - _MAXIMUM_AGE;
        if (features.timestamp < oldest || features.timestamp > block.timestamp) {
            revert EvidenceOutOfRange(oldest, features.timestamp);
        }
        // The verifier counts all words together: where a source gave too few, `outputs` could
        // supply inputs.
        if (features.words.length != _INPUT_WORDS || features.commitments.length != _COMMITMENTS) {
            revert WrongEvidenceLength(_INPUT_WORDS + _COMMITMENTS, features.words.length + features.commitments.length);
        }
    }

    function _checkActive() private view {
        (uint256 id, uint32 version) = (_PIN.modelId(), _PIN.version());
        if (!_REGISTRY.isActive(id, version)) revert ModelNotActive(id, version);
    }

    function _payload(uint256 deadline) private view returns (bytes32) {
        return keccak256(abi.encode(INFERENCE_TYPEHASH, _MARKET, deadline));
    }

    /// @dev Checks and stores the bindings.
    function _bind(RiskBinding[] memory bindings_, ModelSpec memory spec) private returns (uint8 mask_) {
        if (bindings_.length == 0) revert InvalidSource("bindings");
        for (uint256 i = 0; i < bindings_.length; ++i) {
            RiskBinding memory binding = bindings_[i];
            uint8 bit = RiskLimits.bit(binding.parameter);
            if (mask_ & bit != 0) revert InvalidSource("bindings.parameter");
            mask_ |= bit;
            if (binding.output >= spec.outputs.length) revert InvalidSource("bindings.output");
            OutputSchema memory schema = spec.outputs[binding.output];
            if (binding.index >= schema.count) revert InvalidSource("bindings.index");
            if (binding.decimals > 36) revert InvalidSource("bindings.decimals");

            uint256 start = 0;
            for (uint256 j = 0; j < binding.output; ++j) {
                start += PublicValues.wordCount(spec.outputs[j].packing, spec.outputs[j].count);
            }
            // The registry counts public values in 16 bits.
            // forge-lint: disable-next-line(unsafe-typecast)
            _bindings.push(Resolved(binding, uint16(start), schema));
        }
    }
}
