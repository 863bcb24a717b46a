// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity ^0.8.24;

import { IInferenceVerifier } from "../interfaces/IInferenceVerifier.sol";
import { BN254_R } from "./Bn254.sol";
import {
    MEM_CODE,
    MEM_COUNT,
    MEM_EVALUATIONS_IN,
    MEM_FIRST_IN,
    MEM_FREE,
    MEM_HEADER,
    MEM_HEIGHT,
    MEM_HIDDEN,
    MEM_KEY,
    MEM_OPENING_IN,
    MEM_PACK,
    MEM_PUBLIC_SIZE,
    MEM_QUOTIENT_IN,
    MEM_REBLINDED_IN,
    MEM_SECOND_IN,
    MEM_SIZE,
    MEM_STATEMENT,
    MEM_VALUES_IN,
    MEM_WEIGHTS_SIZE,
    MEM_WIDTH
} from "./ProofMemory.sol";
import {
    KEY_COUNT_SHIFT,
    KEY_HEIGHT_BYTE,
    KEY_HIDDEN_BYTE,
    KEY_MAGIC,
    KEY_MAGIC_MASK,
    KEY_MAX_HEIGHT,
    KEY_MAX_WIDTH,
    KEY_PACKS,
    KEY_PACK_BYTE,
    KEY_WIDTH_BYTE
} from "./VerifyingKeyFormat.sol";

/// @title What a key says about its proofs
/// @notice How many packs there are, and so where the parts of a proof are. See "Shape" and "The
/// key".
library ProofShape {
    /// @dev Takes the memory of `ProofMemory` and what `size` says beyond it, before anything else.
    /// @return ours Whether it is free: see `MEM_FREE`
    /// @return free Where what is beyond it begins
    function allocate(uint256 size) internal pure returns (bool ours, uint256 free) {
        assembly ("memory-safe") {
            ours := eq(mload(0x40), MEM_FREE)
            free := add(calldatasize(), MEM_SIZE)
            // A multiple of words.
            free := and(add(free, 0x1f), not(0x1f))
            mstore(0x40, add(free, size))
        }
    }

    /// @dev Reads the verifying key from the code of an account, and leaves its representation where
    /// the transcript begins.
    function read(address key) internal view {
        uint256 size;
        uint256 wrong;
        assembly ("memory-safe") {
            // The code's first byte goes to the end of a word that is zero otherwise.
            size := extcodesize(key)
            mstore(MEM_STATEMENT, 0)
            extcodecopy(key, MEM_CODE, 0, size)
            wrong := mload(MEM_STATEMENT)
            mstore(MEM_KEY, key)
        }
        (uint256 length, uint256 none) = parse();
        assembly ("memory-safe") {
            wrong := or(or(wrong, none), xor(size, add(length, 1)))
        }
        if (wrong != 0) revert IInferenceVerifier.NotAVerifyingKey(key);
    }

    /// @dev Reads the key that begins where the header is in memory, and leaves its representation
    /// before it.
    /// @return length How many bytes a key of such a header has
    /// @return wrong Zero if it is a header
    function parse() internal pure returns (uint256 length, uint256 wrong) {
        assembly ("memory-safe") {
            let header := mload(MEM_HEADER)
            let height := byte(KEY_HEIGHT_BYTE, header)
            let width := byte(KEY_WIDTH_BYTE, header)
            let pack := byte(KEY_PACK_BYTE, header)
            let hidden := byte(KEY_HIDDEN_BYTE, header)
            // N, less than 2^k: further words would be added to those at the start.
            let count := and(shr(KEY_COUNT_SHIFT, header), 0xffff)
            wrong := xor(and(header, KEY_MAGIC_MASK), KEY_MAGIC)
            wrong := or(wrong, or(gt(height, KEY_MAX_HEIGHT), gt(sub(width, 1), sub(KEY_MAX_WIDTH, 1))))
            wrong := or(wrong, or(iszero(and(shr(pack, KEY_PACKS), 1)), gt(hidden, 1)))
            wrong := or(wrong, or(iszero(count), shr(height, count)))

            // Packs of m columns: ⌈m/t⌉, by a shift, for t = 2, 4, 8 is 2^1, 2^2, 2^3. Each has 64
            // bytes.
            let shift := add(shr(2, pack), 1)
            let publicSize := shl(6, shr(shift, 8))
            let weightsSize := shl(6, shr(shift, add(width, sub(pack, 1))))
            length := add(0x20, add(publicSize, weightsSize))
            mstore(MEM_STATEMENT, mod(keccak256(MEM_HEADER, length), BN254_R))

            mstore(MEM_HEIGHT, height)
            mstore(MEM_WIDTH, width)
            mstore(MEM_PACK, pack)
            mstore(MEM_HIDDEN, hidden)
            mstore(MEM_COUNT, count)
            mstore(MEM_PUBLIC_SIZE, publicSize)
            mstore(MEM_WEIGHTS_SIZE, weightsSize)
        }
    }

    /// @dev Says where the parts of a proof are.
    /// @param valuesIn Where in calldata the context is
    /// @param proofIn Where in calldata the proof begins
    /// @return end Where it ends
    function locate(uint256 valuesIn, uint256 proofIn) internal pure returns (uint256 end) {
        assembly ("memory-safe") {
            let pack := mload(MEM_PACK)
            let shift := add(shr(2, pack), 1)
            let hidden := mload(MEM_HIDDEN)
            mstore(MEM_VALUES_IN, valuesIn)
            mstore(MEM_FIRST_IN, proofIn)
            // ⌈3/t⌉
            end := add(proofIn, shl(6, shr(shift, add(pack, 2))))
            mstore(MEM_REBLINDED_IN, end)
            end := add(end, mul(hidden, mload(MEM_WEIGHTS_SIZE)))
            mstore(MEM_SECOND_IN, end)
            // ⌈5/t⌉
            end := add(end, shl(6, shr(shift, add(pack, 4))))
            mstore(MEM_QUOTIENT_IN, end)
            end := add(end, shl(6, add(1, hidden)))
            mstore(MEM_EVALUATIONS_IN, end)
            // 13 of advice columns, 8 of fixed ones, the weights', H_1's.
            end := add(end, shl(5, add(22, mload(MEM_WIDTH))))
            mstore(MEM_OPENING_IN, end)
            end := add(end, 0x80)
        }
    }
}
