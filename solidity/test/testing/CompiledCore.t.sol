// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity 0.8.37;

import { Test } from "forge-std/Test.sol";

import { VerdictGateway } from "../../src/core/gateway/VerdictGateway.sol";
import { ModelRegistry } from "../../src/core/registry/ModelRegistry.sol";
import { InferenceVerifier } from "../../src/core/verifier/InferenceVerifier.sol";
import { VerifyingKeys } from "../../src/core/verifier/VerifyingKeys.sol";
import {
    CompiledInferenceVerifier,
    CompiledModelRegistry,
    CompiledVerdictGateway,
    CompiledVerifyingKeys
} from "../../testing/CompiledCore.sol";
import { CompilerCheck } from "../../testing/CompilerCheck.sol";

/// @dev The checks as external functions, for reverts.
contract Checks {
    function check(uint256 which, bytes calldata code) external pure {
        if (which == 0) CompilerCheck.verifyingKeys(code);
        else if (which == 1) CompilerCheck.inferenceVerifier(code);
        else if (which == 2) CompilerCheck.modelRegistry(code);
        else CompilerCheck.verdictGateway(code);
    }
}

/// @dev The committed code of the core is what the sources compile to: after a change, run
/// scripts/build-contracts.sh.
contract CompiledCoreTest is Test {
    string[4] private _names = ["VerifyingKeys", "InferenceVerifier", "ModelRegistry", "VerdictGateway"];

    function _fresh() private pure returns (bytes[4] memory) {
        return [
            type(VerifyingKeys).creationCode,
            type(InferenceVerifier).creationCode,
            type(ModelRegistry).creationCode,
            type(VerdictGateway).creationCode
        ];
    }

    function test_TheCommittedCodeIsWhatTheSourcesCompileTo() public pure {
        bytes[4] memory fresh = _fresh();
        assertEq(keccak256(CompiledVerifyingKeys.creationCode()), keccak256(fresh[0]));
        assertEq(keccak256(CompiledInferenceVerifier.creationCode()), keccak256(fresh[1]));
        assertEq(keccak256(CompiledModelRegistry.creationCode()), keccak256(fresh[2]));
        assertEq(keccak256(CompiledVerdictGateway.creationCode()), keccak256(fresh[3]));
    }

    function test_CodeThatWasCompiledAsItMustBePasses() public {
        Checks checks = new Checks();
        bytes[4] memory fresh = _fresh();
        for (uint256 i = 0; i < 4; ++i) {
            checks.check(i, fresh[i]);
        }
    }

    function test_RevertWhen_CodeWasCompiledOtherwise() public {
        Checks checks = new Checks();
        bytes[4] memory fresh = _fresh();
        for (uint256 i = 0; i < 4; ++i) {
            bytes32 expected = keccak256(fresh[i]);
            bytes memory other = bytes.concat(fresh[i], hex"00");
            vm.expectRevert(
                abi.encodeWithSelector(CompilerCheck.CompiledOtherwise.selector, _names[i], expected, keccak256(other))
            );
            checks.check(i, other);
        }
    }
}
