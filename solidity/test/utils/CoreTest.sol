// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity 0.8.37;

import { VerdictGateway } from "../../src/core/gateway/VerdictGateway.sol";
import { ModelRegistry } from "../../src/core/registry/ModelRegistry.sol";
import { InferenceVerifier } from "../../src/core/verifier/InferenceVerifier.sol";
import { VerifyingKeys } from "../../src/core/verifier/VerifyingKeys.sol";
import { Features } from "../../src/features/IFeatureSource.sol";
import { OnChainFeatures } from "../../src/features/OnChainFeatures.sol";
import { IERC7992Registry, IERC7992Verifier } from "../../src/interfaces/IERC7992.sol";
import { ModelPin } from "../../src/types/ModelPin.sol";
import { ModelSpec } from "../../src/types/Schemas.sol";
import { ConsumerTest } from "../../testing/ConsumerTest.sol";
import { CoreCode } from "../../testing/CoreDeployer.sol";

/// @dev `ConsumerTest` with the core as it is compiled here and now, not as it was committed.
abstract contract CoreTest is ConsumerTest {
    bytes4 internal constant NO_ROUTE = 0xdeadbeef;

    /// @dev What is said of a version whose proofs nobody verifies yet.
    function _noRoute() internal pure returns (bytes memory) {
        return abi.encodeWithSelector(IERC7992Verifier.UnsupportedProofSystem.selector, NO_ROUTE);
    }

    /// @dev The next call is a transaction of an account without code.
    function _asTransaction() internal {
        address account = makeAddr("account without code");
        vm.prank(account, account);
    }

    function _snapshotOf(OnChainFeatures from, ModelPin pin) internal returns (Features memory) {
        _asTransaction();
        return from.snapshot(pin);
    }

    /// @dev Registers a model of a spec that names a route which the gateway doesn't have.
    function _registerWithoutRoute(ModelSpec memory spec) internal returns (TestModel memory model) {
        model.seed = _newSeed();
        IERC7992Registry.ModelCommitment memory commitment = _commitment(model.seed, spec);
        commitment.proofSystemId = NO_ROUTE;
        vm.prank(modelOwner);
        model.id = registry.registerModel(commitment);
        (model.version, model.pin) = (1, registry.pinOf(model.id, 1));
    }

    function _coreCode() internal pure virtual override returns (CoreCode memory) {
        return CoreCode(
            type(VerifyingKeys).creationCode,
            type(InferenceVerifier).creationCode,
            type(ModelRegistry).creationCode,
            type(VerdictGateway).creationCode
        );
    }
}
