// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity 0.8.37;

import { IVerdictGateway } from "../../src/core/gateway/IVerdictGateway.sol";
import { IModelRegistry } from "../../src/core/registry/IModelRegistry.sol";
import { FixedPoint } from "../../src/libraries/FixedPoint.sol";
import { InferenceContext } from "../../src/libraries/InferenceContext.sol";
import { PublicValues } from "../../src/libraries/PublicValues.sol";
import { ModelPin } from "../../src/types/ModelPin.sol";
import { OutputSchema, PublicLayout } from "../../src/types/Schemas.sol";

/// @dev Keeps the latest score of a model with public inputs and one output, to 18 decimals.
contract ExampleConsumer {
    bytes32 public constant ROUND_TYPEHASH = keccak256("ExampleRound(uint256 round)");

    IVerdictGateway private immutable _GATEWAY;
    ModelPin private immutable _PIN;
    PublicLayout private _layout;
    OutputSchema private _schema;

    uint256 public round;
    int256 public score;

    constructor(IVerdictGateway gateway, uint256 modelId, uint32 version) {
        IModelRegistry registry = IModelRegistry(gateway.registry());
        // Reverts if it is deprecated. Everything below can't change for this version, so it is
        // read once.
        (_GATEWAY, _PIN) = (gateway, registry.activePin(modelId, version));
        _layout = registry.layoutOf(modelId, version);
        _schema = registry.outputSchemaOf(modelId, version, 0);
    }

    function submit(uint256[] calldata inputs, uint256[] calldata outputs, bytes calldata proof) external {
        uint256[] memory none;
        uint256 context = InferenceContext.digest(_PIN, keccak256(abi.encode(ROUND_TYPEHASH, round)));
        uint256[] memory publicValues = PublicValues.assemble(context, inputs, outputs, none);
        _GATEWAY.verify(_PIN, publicValues, proof);

        OutputSchema memory schema = _schema;
        int256 integer = PublicValues.valueAt(publicValues, 1 + _layout.inputWords, schema, 0);
        score = FixedPoint.toDecimals(integer, schema.scaleE36, 18);
        ++round;
    }
}
