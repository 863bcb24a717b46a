// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity ^0.8.24;

/// @title Hashing words
library Words {
    /// @notice keccak256(abi.encodePacked(words)), as EIP-712 hashes a `uint256[]`, without a copy.
    function hash(uint256[] memory words) internal pure returns (bytes32 digest) {
        assembly ("memory-safe") {
            digest := keccak256(add(words, 0x20), shl(5, mload(words)))
        }
    }
}
