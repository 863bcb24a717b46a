// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity 0.8.37;

import { VerdictGateway } from "../../src/core/gateway/VerdictGateway.sol";
import { ModelRegistry } from "../../src/core/registry/ModelRegistry.sol";
import { InferenceVerifier } from "../../src/core/verifier/InferenceVerifier.sol";
import { VerifyingKeys } from "../../src/core/verifier/VerifyingKeys.sol";
import { ConsumerTest } from "../../testing/ConsumerTest.sol";
import { CoreCode } from "../../testing/CoreDeployer.sol";

/// @dev `ConsumerTest` with the core as it is compiled here and now, not as it was committed.
abstract contract CoreTest is ConsumerTest {
    function _coreCode() internal pure virtual override returns (CoreCode memory) {
        return CoreCode(
            type(VerifyingKeys).creationCode,
            type(InferenceVerifier).creationCode,
            type(ModelRegistry).creationCode,
            type(VerdictGateway).creationCode
        );
    }
}
