// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity ^0.8.24;

import { BN254_R } from "./Bn254.sol";
import {
    MEM_ALPHA,
    MEM_COUNT,
    MEM_EVALUATIONS,
    MEM_EVALUATIONS_IN,
    MEM_FIRST_IN,
    MEM_G,
    MEM_GAMMA,
    MEM_OPENING_IN,
    MEM_QUOTIENT_IN,
    MEM_R,
    MEM_S,
    MEM_SCRATCH,
    MEM_SECOND_IN,
    MEM_STATEMENT,
    MEM_THETA,
    MEM_VALUES_IN,
    MEM_X,
    MEM_Y,
    MEM_Z,
    MEM_Z_HASH
} from "./ProofMemory.sol";

/// @title The transcript
/// @notice Draws the challenges. The step numbers are those of the section "Transcript".
library ProofTranscript {
    /// @dev Each hash goes to the word before what is absorbed next. Leaves the evaluations in
    /// memory.
    function run() internal pure {
        assembly ("memory-safe") {
            // Steps 1 and 2, after the representation. The byte after the hash is for squeezes
            // without anything absorbed in between.
            {
                let size := shl(5, mload(MEM_COUNT))
                let from := mload(MEM_FIRST_IN)
                let pointsSize := sub(mload(MEM_SECOND_IN), from)
                let points := add(MEM_STATEMENT, add(0x20, size))
                calldatacopy(add(MEM_STATEMENT, 0x20), mload(MEM_VALUES_IN), size)
                calldatacopy(points, from, pointsSize)
                mstore(0, keccak256(MEM_STATEMENT, add(0x20, add(size, pointsSize))))
            }
            mstore8(0x20, 1)
            mstore(MEM_R, mod(mload(0), BN254_R))
            mstore(0, keccak256(0, 0x21))
            mstore(MEM_S, mod(mload(0), BN254_R))
            mstore(0, keccak256(0, 0x21))
            mstore(MEM_G, mod(mload(0), BN254_R))
            mstore(0, keccak256(0, 0x21))
            mstore(MEM_THETA, mod(mload(0), BN254_R))
            let hash := keccak256(0, 0x21)
            mstore(MEM_ALPHA, mod(hash, BN254_R))

            // Steps 3 and 4.
            let from := mload(MEM_SECOND_IN)
            let to := mload(MEM_QUOTIENT_IN)
            mstore(MEM_SCRATCH, hash)
            calldatacopy(add(MEM_SCRATCH, 0x20), from, sub(to, from))
            hash := keccak256(MEM_SCRATCH, add(0x20, sub(to, from)))
            mstore(MEM_Y, mod(hash, BN254_R))

            from := to
            to := mload(MEM_EVALUATIONS_IN)
            mstore(MEM_SCRATCH, hash)
            calldatacopy(add(MEM_SCRATCH, 0x20), from, sub(to, from))
            hash := keccak256(MEM_SCRATCH, add(0x20, sub(to, from)))
            mstore(MEM_X, mod(hash, BN254_R))

            // Step 5.
            from := to
            to := mload(MEM_OPENING_IN)
            mstore(MEM_EVALUATIONS, hash)
            calldatacopy(add(MEM_EVALUATIONS, 0x20), from, sub(to, from))
            hash := keccak256(MEM_EVALUATIONS, add(0x20, sub(to, from)))
            mstore(MEM_GAMMA, mod(hash, BN254_R))

            // Step 6.
            mstore(MEM_SCRATCH, hash)
            calldatacopy(add(MEM_SCRATCH, 0x20), to, 0x40)
            hash := keccak256(MEM_SCRATCH, 0x60)
            mstore(MEM_Z_HASH, hash)
            mstore(MEM_Z, mod(hash, BN254_R))
        }
    }

    /// @dev What a squeeze after step 7 would yield: a digest of the statement and of every byte of
    /// the proof.
    function digest() internal pure returns (bytes32 hash) {
        assembly ("memory-safe") {
            mstore(MEM_SCRATCH, mload(MEM_Z_HASH))
            calldatacopy(add(MEM_SCRATCH, 0x20), add(mload(MEM_OPENING_IN), 0x40), 0x40)
            hash := keccak256(MEM_SCRATCH, 0x60)
        }
    }
}
