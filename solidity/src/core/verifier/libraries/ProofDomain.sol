// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity ^0.8.24;

import { IInferenceVerifier } from "../interfaces/IInferenceVerifier.sol";
import {
    BN254_INVERSE_ROOT_13,
    BN254_INVERSE_ROOT_16,
    BN254_INVERSE_ROOT_20,
    BN254_INVERSE_ROOT_28,
    BN254_R,
    BN254_R_MINUS_1,
    BN254_R_MINUS_2
} from "./Bn254.sol";
import {
    MEM_COUNT,
    MEM_D,
    MEM_GAP_INVERSE,
    MEM_HEIGHT,
    MEM_INSTANCE,
    MEM_PACK,
    MEM_SCRATCH,
    MEM_SPLIT,
    MEM_VALUES_IN,
    MEM_VANISHING_INVERSE,
    MEM_X,
    MEM_X_TO_N,
    MEM_Z,
    MEM_Z_TO_T
} from "./ProofMemory.sol";

/// @title What depends on the points alone
/// @notice The instance polynomial, powers and inverses. See "Gates" and "Opening".
library ProofDomain {
    /// @dev Computes powers of x and of z, the instance polynomial at x, and every inverse that is
    /// needed, with one inversion. Reverts unless all public values are canonical.
    function evaluate() internal view {
        bool canonical;
        uint256 product;
        bool inverted;
        assembly ("memory-safe") {
            let height := mload(MEM_HEIGHT)
            // ω⁻¹
            let root := BN254_INVERSE_ROOT_28
            {
                let at := 28
                if lt(height, 21) {
                    root := BN254_INVERSE_ROOT_20
                    at := 20
                }
                if lt(height, 17) {
                    root := BN254_INVERSE_ROOT_16
                    at := 16
                }
                if lt(height, 14) {
                    root := BN254_INVERSE_ROOT_13
                    at := 13
                }
                for { } gt(at, height) { at := sub(at, 1) } { root := mulmod(root, root, BN254_R) }
            }

            // I = (x^n − 1)/n · Σ_i words_i/(ω^{−i}x − 1). The sum is kept as a fraction,
            // numerator/denominator, which needs neither memory nor an inversion per word. `z` is
            // ω^{−i}x; the numerator is less than 2R. If z were 0, `z − 1` would be wrong, but then
            // x = 0 and the product below is 0.
            let numerator := 0
            let denominator := 1
            let z := mload(MEM_X)
            canonical := 1
            for {
                let at := mload(MEM_VALUES_IN)
                let end := add(at, shl(5, mload(MEM_COUNT)))
            } lt(at, end) { at := add(at, 0x20) } {
                let word := calldataload(at)
                let factor := sub(z, 1)
                numerator := add(mulmod(numerator, factor, BN254_R), mulmod(word, denominator, BN254_R))
                denominator := mulmod(denominator, factor, BN254_R)
                z := mulmod(z, root, BN254_R)
                canonical := and(canonical, lt(word, BN254_R))
            }
            denominator := mulmod(denominator, shl(height, 1), BN254_R)

            // x^n, by as many squarings as the height says, and x^n − 1, not reduced
            let x := mload(MEM_X)
            let vanishing := x
            if and(height, 1) {
                vanishing := mulmod(vanishing, vanishing, BN254_R)
            }
            if and(height, 2) {
                vanishing := mulmod(vanishing, vanishing, BN254_R)
                vanishing := mulmod(vanishing, vanishing, BN254_R)
            }
            if and(height, 4) {
                vanishing := mulmod(vanishing, vanishing, BN254_R)
                vanishing := mulmod(vanishing, vanishing, BN254_R)
                vanishing := mulmod(vanishing, vanishing, BN254_R)
                vanishing := mulmod(vanishing, vanishing, BN254_R)
            }
            if and(height, 8) {
                vanishing := mulmod(vanishing, vanishing, BN254_R)
                vanishing := mulmod(vanishing, vanishing, BN254_R)
                vanishing := mulmod(vanishing, vanishing, BN254_R)
                vanishing := mulmod(vanishing, vanishing, BN254_R)
                vanishing := mulmod(vanishing, vanishing, BN254_R)
                vanishing := mulmod(vanishing, vanishing, BN254_R)
                vanishing := mulmod(vanishing, vanishing, BN254_R)
                vanishing := mulmod(vanishing, vanishing, BN254_R)
            }
            if and(height, 16) {
                vanishing := mulmod(vanishing, vanishing, BN254_R)
                vanishing := mulmod(vanishing, vanishing, BN254_R)
                vanishing := mulmod(vanishing, vanishing, BN254_R)
                vanishing := mulmod(vanishing, vanishing, BN254_R)
                vanishing := mulmod(vanishing, vanishing, BN254_R)
                vanishing := mulmod(vanishing, vanishing, BN254_R)
                vanishing := mulmod(vanishing, vanishing, BN254_R)
                vanishing := mulmod(vanishing, vanishing, BN254_R)
                vanishing := mulmod(vanishing, vanishing, BN254_R)
                vanishing := mulmod(vanishing, vanishing, BN254_R)
                vanishing := mulmod(vanishing, vanishing, BN254_R)
                vanishing := mulmod(vanishing, vanishing, BN254_R)
                vanishing := mulmod(vanishing, vanishing, BN254_R)
                vanishing := mulmod(vanishing, vanishing, BN254_R)
                vanishing := mulmod(vanishing, vanishing, BN254_R)
                vanishing := mulmod(vanishing, vanishing, BN254_R)
            }
            mstore(MEM_X_TO_N, vanishing)
            vanishing := add(vanishing, BN254_R_MINUS_1)

            // x − ω⁻¹x and Z − ω⁻¹x, not reduced
            let previous := mulmod(x, root, BN254_R)
            let gap := add(x, sub(BN254_R, previous))
            let distance := mload(MEM_Z)
            distance := mulmod(distance, distance, BN254_R)
            let pack := mload(MEM_PACK)
            if gt(pack, 2) { distance := mulmod(distance, distance, BN254_R) }
            if gt(pack, 4) { distance := mulmod(distance, distance, BN254_R) }
            mstore(MEM_Z_TO_T, distance)
            distance := add(distance, sub(BN254_R, previous))

            // The product of all that is to be inverted, and its inverse by Fermat's little
            // theorem.
            let two := mulmod(distance, gap, BN254_R)
            let three := mulmod(two, vanishing, BN254_R)
            product := mulmod(three, denominator, BN254_R)
            mstore(MEM_SCRATCH, 0x20)
            mstore(add(MEM_SCRATCH, 0x20), 0x20)
            mstore(add(MEM_SCRATCH, 0x40), 0x20)
            mstore(add(MEM_SCRATCH, 0x60), product)
            mstore(add(MEM_SCRATCH, 0x80), BN254_R_MINUS_2)
            mstore(add(MEM_SCRATCH, 0xa0), BN254_R)
            pop(staticcall(gas(), 5, MEM_SCRATCH, 0xc0, 0, 0x20))
            let inverse := mload(0)
            inverted := eq(mulmod(inverse, product, BN254_R), 1)

            // Unwound: 1/denominator, 1/(x^n − 1), 1/(x − ω⁻¹x), D = 1/(Z − ω⁻¹x).
            mstore(
                MEM_INSTANCE,
                mulmod(mulmod(numerator, vanishing, BN254_R), mulmod(inverse, three, BN254_R), BN254_R)
            )
            inverse := mulmod(inverse, denominator, BN254_R)
            mstore(MEM_VANISHING_INVERSE, mulmod(inverse, two, BN254_R))
            inverse := mulmod(inverse, vanishing, BN254_R)
            mstore(MEM_D, mulmod(inverse, gap, BN254_R))
            let gapInverse := mulmod(inverse, distance, BN254_R)
            mstore(MEM_GAP_INVERSE, gapInverse)

            // x^(n−2): 1/x is (1 − ω⁻¹)/(x − ω⁻¹x).
            let xInverse := mulmod(gapInverse, add(1, sub(BN254_R, root)), BN254_R)
            mstore(MEM_SPLIT, mulmod(mload(MEM_X_TO_N), mulmod(xInverse, xInverse, BN254_R), BN254_R))
        }
        if (!canonical) _revertWithPublicValue();
        if (!inverted) {
            if (product == 0) revert IInferenceVerifier.EvaluationPointInDomain();
            revert IInferenceVerifier.PrecompileFailed();
        }
    }

    /// @dev Names the first public value that isn't canonical.
    function _revertWithPublicValue() private pure {
        for (uint256 i = 0;; ++i) {
            uint256 value;
            assembly ("memory-safe") {
                value := calldataload(add(mload(MEM_VALUES_IN), shl(5, i)))
            }
            if (value >= BN254_R) revert IInferenceVerifier.PublicValueNotCanonical(i);
        }
    }
}
