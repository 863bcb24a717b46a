// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity ^0.8.24;

// A verifying key is the code of an account: STOP, so that nobody can call it, then
//
//   header        32 bytes   "VDCT" ‖ version ‖ k ‖ c ‖ t ‖ 1 if the weights are hidden, else 0 ‖
//                            number of public values (2 bytes) ‖ 21 zero bytes
//   commitments   64 bytes each   the ⌈8/t⌉ packs of u v w B P T_id T_key T_val, then the ⌈c/t⌉
//                                 packs of W_0 … W_{c−1}; (0, 0) is the identity
//
// File-level literals, because assembly can't read anything else.

/// @dev "VDCT" and version 3 at the top of the header.
uint256 constant KEY_MAGIC = 0x5644435403000000000000000000000000000000000000000000000000000000;

/// @dev Magic and version are above this bit.
uint256 constant KEY_MAGIC_SHIFT = 216;

/// @dev The bits of the header that are not k, c, t, whether the weights are hidden, or the number
/// of public values.
uint256 constant KEY_MAGIC_MASK = 0xffffffffff000000000000ffffffffffffffffffffffffffffffffffffffffff;

/// @dev Which bytes k, c, t and the last of them are, and where the number of public values is: how
/// far to the left.
uint256 constant KEY_HEIGHT_BYTE = 5;
uint256 constant KEY_WIDTH_BYTE = 6;
uint256 constant KEY_PACK_BYTE = 7;
uint256 constant KEY_HIDDEN_BYTE = 8;
uint256 constant KEY_COUNT_SHIFT = 168;

/// @dev The greatest height: the scalar field has no larger domain.
uint256 constant KEY_MAX_HEIGHT = 28;

/// @dev The greatest width.
uint256 constant KEY_MAX_WIDTH = 64;

/// @dev Bit t is set if packs may have t columns.
uint256 constant KEY_PACKS = 0x114;

/// @dev Fixed columns that every key has, before the weights'.
uint256 constant KEY_PUBLIC_COLUMNS = 8;

/// @dev Bytes of the header, of the shortest key (two commitments), and of the longest: 64 weight
/// columns and 8 others in packs of two.
uint256 constant KEY_HEADER_LENGTH = 32;
uint256 constant KEY_MIN_LENGTH = 160;
uint256 constant KEY_MAX_LENGTH = 2336;

/// @dev Bytes of a pin, which is the code of an account after a STOP: header ‖ digest; see
/// `IPinnedKeyVerifier`.
uint256 constant KEY_PIN_LENGTH = 64;
