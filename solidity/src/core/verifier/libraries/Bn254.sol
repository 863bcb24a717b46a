// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity ^0.8.24;

// Constants of the curve y² = x³ + 3 that the precompiles 0x06, 0x07 and 0x08 compute on.
// File-level literals, because assembly can't read anything else.

/// @dev The base field's modulus, `p` in docs/protocol.md.
uint256 constant BN254_P = 0x30644e72e131a029b85045b68181585d97816a916871ca8d3c208c16d87cfd47;

/// @dev The order of the groups, modulus of the scalar field, `R` in docs/protocol.md.
uint256 constant BN254_R = 0x30644e72e131a029b85045b68181585d2833e84879b9709143e1f593f0000001;

/// @dev `R − 1`, which is −1.
uint256 constant BN254_R_MINUS_1 = 0x30644e72e131a029b85045b68181585d2833e84879b9709143e1f593f0000000;

/// @dev `R − 2`, the exponent that inverts.
uint256 constant BN254_R_MINUS_2 = 0x30644e72e131a029b85045b68181585d2833e84879b9709143e1f593efffffff;

/// @dev 1/2 mod `R`.
uint256 constant BN254_HALF = 0x183227397098d014dc2822db40c0ac2e9419f4243cdcb848a1f0fac9f8000001;

// −[1]_2 in the order of EIP-197: the imaginary part of each coordinate first.
uint256 constant BN254_NEG_G2_X_IM = 0x198e9393920d483a7260bfb731fb5d25f1aa493335a9e71297e485b7aef312c2;
uint256 constant BN254_NEG_G2_X_RE = 0x1800deef121f1e76426a00665e5c4479674322d4f75edadd46debd5cd992f6ed;
uint256 constant BN254_NEG_G2_Y_IM = 0x275dc4a288d1afb3cbb1ac09187524c7db36395df7be3b99e673b13a075a65ec;
uint256 constant BN254_NEG_G2_Y_RE = 0x1d9befcd05a5323e6da4d435f3b617cdb3af83285c2df711ef39c01571827f9d;

// Inverses of primitive 2^k-th roots of unity, powers of halo2's `ROOT_OF_UNITY` (k = 28). Those of
// other heights are a few squarings away from the next greater k here.
uint256 constant BN254_INVERSE_ROOT_28 = 0x048127174daabc261bbe587180f34361b22625f59115aba70ed3e50a414e6dba;
uint256 constant BN254_INVERSE_ROOT_20 = 0x220db0d8bf832baf9eecbf4fa49947e0b2a3d31df0a733ea5ae8abbdab442d5f;
uint256 constant BN254_INVERSE_ROOT_16 = 0x0cf312e84f2456134e812826473d3dfb577b2bfdba762aba88b47b740472c1f0;
uint256 constant BN254_INVERSE_ROOT_13 = 0x09ff38534bd08f2b08b6010aaee9ac485d3afb3a9ae4280907537b08fc6e53e5;
