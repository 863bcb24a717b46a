// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity ^0.8.24;

import { IModelRegistry } from "../core/registry/IModelRegistry.sol";
import { ModelPin } from "../types/ModelPin.sol";
import { ModelSpec, Visibility } from "../types/Schemas.sol";

/// @title Which versions a source can speak for
library Coverage {
    /// @notice Whether words and commitments, together, determine every input: none is `Private`.
    /// Of a private input nobody but the prover knows anything, so the output would be the prover's
    /// to choose.
    function isBound(IModelRegistry registry, ModelPin pin) internal view returns (bool) {
        ModelPin known = registry.pinOf(pin.modelId(), pin.version());
        if (ModelPin.unwrap(known) != ModelPin.unwrap(pin)) return false;
        ModelSpec memory spec = registry.specOf(pin.modelId(), pin.version());
        for (uint256 i = 0; i < spec.inputs.length; ++i) {
            if (spec.inputs[i].visibility == Visibility.Private) return false;
        }
        return true;
    }
}
