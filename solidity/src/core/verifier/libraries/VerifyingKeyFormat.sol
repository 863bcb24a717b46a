// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity ^0.8.24;

// A verifying key is the code of an account: STOP, so that nobody can call it, then
//
//   header             32 bytes   "VDCT" ‖ version ‖ k ‖ c ‖ number of public values (2 bytes) ‖
//                                 23 zero bytes
//   vkRepresentation   32 bytes   a scalar
//   commitments        (c + 8)·64 bytes   u v w B P T_id T_key T_val W_0 … W_{c−1}; (0, 0) is
//                                         the identity
//
// File-level literals, because assembly can't read anything else.

/// @dev "VDCT" and version 2 at the top of the header.
uint256 constant KEY_MAGIC = 0x5644435402000000000000000000000000000000000000000000000000000000;

/// @dev Magic and version are above this bit.
uint256 constant KEY_MAGIC_SHIFT = 216;

/// @dev The bits of the header that are not k, c or the number of public values.
uint256 constant KEY_MAGIC_MASK = 0xffffffffff00000000ffffffffffffffffffffffffffffffffffffffffffffff;

/// @dev Which bytes k and c are, and where the number of public values is: how far to the left.
uint256 constant KEY_HEIGHT_BYTE = 5;
uint256 constant KEY_WIDTH_BYTE = 6;
uint256 constant KEY_COUNT_SHIFT = 184;

/// @dev The greatest height: the scalar field has no larger domain.
uint256 constant KEY_MAX_HEIGHT = 28;

/// @dev The greatest width.
uint256 constant KEY_MAX_WIDTH = 64;

/// @dev Bytes of a key of width zero; each weight column adds 64.
uint256 constant KEY_BASE_LENGTH = 576;
