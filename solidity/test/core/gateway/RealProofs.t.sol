// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity 0.8.37;

import { IInferenceVerifier } from "../../../src/core/verifier/interfaces/IInferenceVerifier.sol";
import { PublicValues } from "../../../src/libraries/PublicValues.sol";
import { PublicLayout } from "../../../src/types/Schemas.sol";
import { RealProofTest } from "../../utils/RealProofTest.sol";

/// @dev Proofs of the compiler's models through registry and gateway, decoded by the registered
/// schema.
contract RealProofsTest is RealProofTest {
    function test_VerifiesAndDecodesRealInferences() public {
        string[2] memory names = ["logreg-breast-cancer", "mlp-digits"];
        for (uint256 i = 0; i < names.length; ++i) {
            RealProof memory real = _loadReal(names[i]);
            (uint256 id, uint256[] memory words) = (real.model.id, real.statement.publicValues);
            gateway.verify(real.model.pin, words, real.statement.proof);
            vm.snapshotGasLastCall("VerdictGateway", string.concat(names[i], ": verify"));
            gateway.verifyActive(id, 1, words, real.statement.proof);

            PublicLayout memory shape = registry.layoutOf(id, 1);
            int256[] memory outputs =
                PublicValues.decode(words, 1 + shape.inputWords, registry.outputSchemaOf(id, 1, 0));
            assertEq(outputs, real.outputs, names[i]);
            if (real.inputs.length != 0) {
                int256[] memory inputs =
                    PublicValues.unpack(words, 1, registry.specOf(id, 1).inputs[0].packing, real.inputs.length);
                assertEq(inputs, real.inputs, names[i]);
            }
        }
    }

    function test_RevertWhen_ARealProofIsOfOtherPublicValues() public {
        RealProof memory real = _loadReal("logreg-breast-cancer");
        uint256[] memory words = real.statement.publicValues;
        for (uint256 i = 0; i < words.length; ++i) {
            words[i] ^= 1;
            vm.expectRevert(IInferenceVerifier.ProofRejected.selector);
            gateway.verify(real.model.pin, words, real.statement.proof);
            words[i] ^= 1;
        }
    }
}
