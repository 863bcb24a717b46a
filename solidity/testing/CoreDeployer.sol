// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity ^0.8.24;

import { IVerdictGateway } from "../src/core/gateway/IVerdictGateway.sol";
import { IModelRegistry } from "../src/core/registry/IModelRegistry.sol";
import { IInferenceVerifier } from "../src/core/verifier/interfaces/IInferenceVerifier.sol";
import { IVerifyingKeys } from "../src/core/verifier/interfaces/IVerifyingKeys.sol";
import {
    CompiledInferenceVerifier,
    CompiledModelRegistry,
    CompiledVerdictGateway,
    CompiledVerifyingKeys
} from "./CompiledCore.sol";

/// @notice The contracts that every consumer stands on.
/// @param keys The publisher of verifying keys.
/// @param verifier The verifier under one set-up.
/// @param registry The registry of models.
/// @param gateway The gateway; a new one has no routes yet.
struct Core {
    IVerifyingKeys keys;
    IInferenceVerifier verifier;
    IModelRegistry registry;
    IVerdictGateway gateway;
}

/// @notice The creation code of these contracts, without constructor arguments.
struct CoreCode {
    bytes verifyingKeys;
    bytes inferenceVerifier;
    bytes modelRegistry;
    bytes verdictGateway;
}

/// @title Deploys the core
/// @notice The contracts come from committed creation code, not from this project's compiler: the
/// verifier works with the legacy code generator and its optimizer alone, and deployed contracts
/// have an exact pragma. So the settings of the project that imports this don't matter.
abstract contract CoreDeployer {
    /// @dev How long an update of a model is announced, at least.
    uint32 internal constant DELAY = 2 days;
    /// @dev How long a due update can be executed.
    uint32 internal constant WINDOW = 14 days;
    /// @dev How long a new administrator of the gateway is announced.
    uint48 internal constant ADMIN_DELAY = 1 days;

    /// @dev Deploys the core, with a verifier under the set-up whose `[τ]_2` is `tau`, imaginary
    /// parts first. The route to it is `admin`'s to add:
    /// `gateway.addRoute(name, address(verifier))`.
    ///
    /// With `DevelopmentSetup.tauG2()` it takes the proofs that `verdict prove` makes under the
    /// development set-up, and everybody else's forgeries: for tests and local chains alone.
    function _deployCore(uint256[4] memory tau, address admin, address guardian) internal returns (Core memory core) {
        CoreCode memory code = _coreCode();
        core.keys = IVerifyingKeys(_create(code.verifyingKeys));
        core.verifier = _deployVerifier(tau);
        core.registry = IModelRegistry(_create(bytes.concat(code.modelRegistry, abi.encode(DELAY, WINDOW))));
        bytes memory arguments = abi.encode(core.registry, admin, ADMIN_DELAY, guardian, true);
        core.gateway = IVerdictGateway(_create(bytes.concat(code.verdictGateway, arguments)));
    }

    /// @dev Deploys a verifier under the set-up whose `[τ]_2` is `tau`, imaginary parts first.
    function _deployVerifier(uint256[4] memory tau) internal returns (IInferenceVerifier) {
        return IInferenceVerifier(_create(bytes.concat(_coreCode().inferenceVerifier, abi.encode(tau))));
    }

    /// @dev What is deployed. A test of these very contracts overrides it.
    function _coreCode() internal pure virtual returns (CoreCode memory) {
        return CoreCode(
            CompiledVerifyingKeys.creationCode(),
            CompiledInferenceVerifier.creationCode(),
            CompiledModelRegistry.creationCode(),
            CompiledVerdictGateway.creationCode()
        );
    }

    /// @dev Makes a contract; its constructor's error is passed on.
    function _create(bytes memory initCode) private returns (address made) {
        assembly ("memory-safe") {
            made := create(0, add(initCode, 0x20), mload(initCode))
            if iszero(made) {
                let at := mload(0x40)
                returndatacopy(at, 0, returndatasize())
                revert(at, returndatasize())
            }
        }
    }
}
