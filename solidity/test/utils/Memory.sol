// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity ^0.8.24;

/// @dev The word of `data` at a position.
function peek(bytes memory data, uint256 position) pure returns (uint256 value) {
    assembly ("memory-safe") {
        value := mload(add(add(data, 0x20), position))
    }
}

/// @dev Writes a word into `data` itself, and returns it.
function poke(bytes memory data, uint256 position, uint256 value) pure returns (bytes memory) {
    assembly ("memory-safe") {
        mstore(add(add(data, 0x20), position), value)
    }
    return data;
}
