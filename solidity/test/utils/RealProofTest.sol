// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity 0.8.37;

import { PublicValues } from "../../src/libraries/PublicValues.sol";
import { InputSchema, ModelSpec, Packing, Visibility } from "../../src/types/Schemas.sol";
import { Statement } from "../../testing/TrapdoorProver.sol";
import { TestVectors } from "../core/verifier/TestVectors.sol";
import { CoreTest } from "./CoreTest.sol";

/// @dev Proofs that crates/prover made, under the development set-up, of models that are registered
/// here. Their context is the file's: a consumer that computes its own takes such a proof only if
/// the file was made for that consumer.
abstract contract RealProofTest is CoreTest, TestVectors {
    /// @dev A proof, its model, and what it is about.
    struct RealProof {
        TestModel model;
        Statement statement;
        // Empty if the input is private.
        int256[] inputs;
        int256[] outputs;
    }

    /// @dev Reads a vector, adds the route to the verifier of such proofs if there is none,
    /// publishes its key and registers its model. All scales are 1.
    function _loadReal(string memory name) internal returns (RealProof memory real) {
        string memory json = _json(name);
        real.statement = _statement(json);
        (address route,) = gateway.routeOf(DEVELOPMENT_ROUTE);
        if (route == address(0)) _addDevelopmentRoute();

        real.inputs = vm.parseJsonIntArray(json, ".inputs[0][0]");
        real.outputs = vm.parseJsonIntArray(json, ".outputs[0][0]");
        (ModelSpec memory spec, bool publicInputs) = _specOf(real);
        if (!publicInputs) real.inputs = new int256[](0);

        real.model = _registerCompiled(vm.parseJsonBytes32(json, ".model"), real.statement.key, spec);
    }

    /// @dev The file doesn't say whether its input is public or how that is packed: the number of
    /// words does. Its output has 16 bits.
    function _specOf(RealProof memory real) private pure returns (ModelSpec memory spec, bool publicInputs) {
        // forge-lint: disable-next-line(unsafe-typecast)
        (uint32 inputs, uint32 outputs) = (uint32(real.inputs.length), uint32(real.outputs.length));
        spec = _spec(inputs, outputs);
        spec.outputs[0].scaleE36 = 1e36;
        InputSchema memory input = spec.inputs[0];
        input.scalesE36[0] = 1e36;

        uint256 words = real.statement.publicValues.length - 1 - PublicValues.wordCount(Packing.Signed, outputs);
        publicInputs = words != 0;
        if (!publicInputs) {
            input.visibility = Visibility.Private;
        } else if (words != PublicValues.wordCount(Packing.Signed, inputs)) {
            input.packing = Packing.Bytes;
            (input.minima[0], input.maxima[0]) = (0, 255);
        }
    }
}
