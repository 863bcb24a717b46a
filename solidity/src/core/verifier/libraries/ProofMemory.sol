// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity ^0.8.24;

// Where the verifier keeps what it knows about the proof at hand: fixed addresses, one map for all
// libraries that share them. File-level literals, because assembly can't read anything else.
//
// Four rules keep the arithmetic short: a value is reduced unless a comment says otherwise; `R` is
// less than 2^256/5, so a sum of up to five reduced values needs no reduction before it is an
// operand of `mulmod`; −a is `R − a`; and a − 1 is `a + (R − 1)`.
//
// Nothing here writes storage, and what is wrong with a proof is only ever an error: checks may
// come after the arithmetic that uses what they check, as long as they come before the
// precompiles.

/// @dev The free memory pointer when the verifier starts; were it greater, as with `via_ir`, the
/// compiler would use memory here.
uint256 constant MEM_FREE = 0x80;

// ------------------------------------------------------------------------------------ the key says

/// @dev The account that holds the key; or, if proofs carry it, where in calldata its commitments
/// begin.
uint256 constant MEM_KEY = 0x80;
/// @dev k, c and t, 1 if the weights are hidden, and N.
uint256 constant MEM_HEIGHT = 0xa0;
uint256 constant MEM_WIDTH = 0xc0;
uint256 constant MEM_PACK = 0xe0;
uint256 constant MEM_HIDDEN = 0x100;
uint256 constant MEM_COUNT = 0x120;
/// @dev Bytes of the key's public packs, and of those of its weights.
uint256 constant MEM_PUBLIC_SIZE = 0x140;
uint256 constant MEM_WEIGHTS_SIZE = 0x160;

// ----------------------------------------------------------------------------- places in calldata

/// @dev The context.
uint256 constant MEM_VALUES_IN = 0x180;
/// @dev The packs of `q x m`, which begin the proof.
uint256 constant MEM_FIRST_IN = 0x1a0;
/// @dev The re-blinded packs, if there are any.
uint256 constant MEM_REBLINDED_IN = 0x1c0;
/// @dev The packs of `h S y d L`.
uint256 constant MEM_SECOND_IN = 0x1e0;
/// @dev The quotient's pack; then, if the weights are hidden, [b].
uint256 constant MEM_QUOTIENT_IN = 0x200;
/// @dev The evaluations, which end the points but [Q] and [Q'].
uint256 constant MEM_EVALUATIONS_IN = 0x220;
/// @dev [Q] [Q'].
uint256 constant MEM_OPENING_IN = 0x240;

// -------------------------------------------------------------------------------------- challenges

uint256 constant MEM_R = 0x260;
uint256 constant MEM_S = 0x280;
uint256 constant MEM_G = 0x2a0;
uint256 constant MEM_THETA = 0x2c0;
uint256 constant MEM_ALPHA = 0x2e0;
uint256 constant MEM_Y = 0x300;
uint256 constant MEM_X = 0x320;
uint256 constant MEM_GAMMA = 0x340;
uint256 constant MEM_Z = 0x360;
/// @dev The hash that z is the remainder of.
uint256 constant MEM_Z_HASH = 0x380;

// --------------------------------------------------------------------------- what follows from them

/// @dev x^n and x^(n−2).
uint256 constant MEM_X_TO_N = 0x3a0;
uint256 constant MEM_SPLIT = 0x3c0;
/// @dev Z = z^t.
uint256 constant MEM_Z_TO_T = 0x3e0;
/// @dev I, the instance polynomial at x.
uint256 constant MEM_INSTANCE = 0x400;
/// @dev 1/(x^n − 1), 1/(x − ω⁻¹x), D = 1/(Z − ω⁻¹x).
uint256 constant MEM_VANISHING_INVERSE = 0x420;
uint256 constant MEM_GAP_INVERSE = 0x440;
uint256 constant MEM_D = 0x460;

// ---------------------------------------------------------------------------------------- scratch

/// @dev Running hash ‖ up to three points; later six words for the inversion.
uint256 constant MEM_SCRATCH = 0x480;
/// @dev At last: a sum of commitments ‖ a factor, what multiplications read.
uint256 constant MEM_SUM = 0x480;
uint256 constant MEM_FACTOR = 0x4c0;
/// @dev Two points to add up.
uint256 constant MEM_PAIR = 0x4e0;

// -------------------------------------------------------------- one after the other, in one place

/// @dev First: a zero word that ends with the STOP ‖ the key. Then: the key's representation ‖
/// public values ‖ packs of the first phase.
uint256 constant MEM_CODE = 0x57f;
uint256 constant MEM_HEADER = 0x580;
uint256 constant MEM_STATEMENT = 0x560;
/// @dev Then: running hash ‖ evaluations, that of H_1 after the weights'.
uint256 constant MEM_EVALUATIONS = 0x560;
uint256 constant MEM_Q_AT = 0x580;
uint256 constant MEM_X_AT = 0x5a0;
uint256 constant MEM_M_AT = 0x5c0;
uint256 constant MEM_H_AT = 0x5e0;
uint256 constant MEM_S_AT = 0x600;
uint256 constant MEM_Y_AT = 0x620;
uint256 constant MEM_D_AT = 0x640;
uint256 constant MEM_L_AT = 0x660;
uint256 constant MEM_H_PREVIOUS = 0x680;
uint256 constant MEM_S_PREVIOUS = 0x6a0;
uint256 constant MEM_Y_PREVIOUS = 0x6c0;
uint256 constant MEM_D_PREVIOUS = 0x6e0;
uint256 constant MEM_L_PREVIOUS = 0x700;
uint256 constant MEM_U_AT = 0x720;
uint256 constant MEM_V_AT = 0x740;
uint256 constant MEM_W_AT = 0x760;
uint256 constant MEM_REGION_AT = 0x780;
uint256 constant MEM_SQUARE_AT = 0x7a0;
uint256 constant MEM_ID_AT = 0x7c0;
uint256 constant MEM_KEY_AT = 0x7e0;
uint256 constant MEM_VALUE_AT = 0x800;
uint256 constant MEM_WEIGHTS_AT = 0x820;
/// @dev At last, the commitments: the packs of `q x m`, which end here, then the key's, then the
/// quotient's and those that follow it.
uint256 constant MEM_FIXED = 0x5e0;

/// @dev What is enough for all of it, besides the calldata that is copied: a key of the greatest
/// width has 36 commitments, its proof 86 evaluations.
uint256 constant MEM_SIZE = 0x1100;
