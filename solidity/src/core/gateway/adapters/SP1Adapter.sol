// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity 0.8.37;

import { ISP1Verifier } from "../../../interfaces/ISP1Verifier.sol";
import { ForeignVerifier } from "./ForeignVerifier.sol";

/// @title SP1 as a route
/// @notice `program` is SP1's program verifying key; the guest commits to the public values.
contract SP1Adapter is ForeignVerifier {
    /// @notice SP1's verifier. Its gateway would do, but its owner can add what accepts anything: a
    /// version of the verifier itself can't change.
    ISP1Verifier public immutable VERIFIER;

    /// @param verifier SP1's. `SP1MockVerifier` accepts an empty proof, which makes this a
    /// development set-up.
    constructor(ISP1Verifier verifier)
        ForeignVerifier(address(verifier), abi.encodeCall(ISP1Verifier.verifyProof, (0, "", "")))
    {
        VERIFIER = verifier;
    }

    /// @inheritdoc ForeignVerifier
    function _verify(bytes32 program, bytes memory journal, bytes calldata proof) internal view override {
        VERIFIER.verifyProof(program, journal, proof);
    }
}
