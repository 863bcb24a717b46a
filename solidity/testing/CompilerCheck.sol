// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity ^0.8.24;

import {
    CompiledInferenceVerifier,
    CompiledModelRegistry,
    CompiledVerdictGateway,
    CompiledVerifyingKeys
} from "./CompiledCore.sol";

/// @title Whether a contract of the core was compiled as it must be
/// @notice Compares freshly compiled creation code with the committed one, before it is deployed:
///
/// ```
/// CompilerCheck.inferenceVerifier(type(InferenceVerifier).creationCode);
/// ```
///
/// @dev A verifier that was compiled with `via_ir` refuses every key as `NotAVerifyingKey`, and has
/// no other way to say why: the compiler keeps variables in memory where the verifier keeps its own
/// words, so it does not start. solidity/README.md, "Compiler settings", has the settings and the
/// reason. Who does not compile these contracts (`CoreDeployer` deploys committed code) needs no
/// check.
library CompilerCheck {
    /// @notice The creation code of `name` is not the committed one: the compiler, its version or
    /// its settings are others than solidity/README.md demands under "Compiler settings".
    /// @param name The contract's name.
    /// @param expected The keccak-256 of the committed creation code.
    /// @param found The keccak-256 of the creation code that was given.
    error CompiledOtherwise(string name, bytes32 expected, bytes32 found);

    /// @notice Reverts unless this is the creation code of `VerifyingKeys`, without arguments.
    function verifyingKeys(bytes memory creationCode) internal pure {
        _check("VerifyingKeys", CompiledVerifyingKeys.HASH, creationCode);
    }

    /// @notice Reverts unless this is the creation code of `InferenceVerifier`, without arguments.
    function inferenceVerifier(bytes memory creationCode) internal pure {
        _check("InferenceVerifier", CompiledInferenceVerifier.HASH, creationCode);
    }

    /// @notice Reverts unless this is the creation code of `ModelRegistry`, without arguments.
    function modelRegistry(bytes memory creationCode) internal pure {
        _check("ModelRegistry", CompiledModelRegistry.HASH, creationCode);
    }

    /// @notice Reverts unless this is the creation code of `VerdictGateway`, without arguments.
    function verdictGateway(bytes memory creationCode) internal pure {
        _check("VerdictGateway", CompiledVerdictGateway.HASH, creationCode);
    }

    function _check(string memory name, bytes32 expected, bytes memory creationCode) private pure {
        bytes32 found = keccak256(creationCode);
        if (found != expected) revert CompiledOtherwise(name, expected, found);
    }
}
