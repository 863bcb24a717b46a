// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity ^0.8.24;

import { IInferenceVerifier } from "../interfaces/IInferenceVerifier.sol";
import { BN254_P, BN254_R, BN254_R_MINUS_1 } from "./Bn254.sol";
import {
    MEM_D,
    MEM_D_AT,
    MEM_D_PREVIOUS,
    MEM_FIRST_IN,
    MEM_FIXED,
    MEM_GAMMA,
    MEM_GAP_INVERSE,
    MEM_HIDDEN,
    MEM_H_AT,
    MEM_H_PREVIOUS,
    MEM_ID_AT,
    MEM_KEY_AT,
    MEM_L_AT,
    MEM_L_PREVIOUS,
    MEM_M_AT,
    MEM_OPENING_IN,
    MEM_PACK,
    MEM_PAIR,
    MEM_PUBLIC_SIZE,
    MEM_QUOTIENT_IN,
    MEM_Q_AT,
    MEM_REBLINDED_IN,
    MEM_REGION_AT,
    MEM_SECOND_IN,
    MEM_SPLIT,
    MEM_SQUARE_AT,
    MEM_SUM,
    MEM_S_AT,
    MEM_S_PREVIOUS,
    MEM_U_AT,
    MEM_VALUE_AT,
    MEM_VANISHING_INVERSE,
    MEM_V_AT,
    MEM_WEIGHTS_AT,
    MEM_WEIGHTS_SIZE,
    MEM_WIDTH,
    MEM_W_AT,
    MEM_X,
    MEM_X_AT,
    MEM_X_TO_N,
    MEM_Y,
    MEM_Y_AT,
    MEM_Y_PREVIOUS,
    MEM_Z,
    MEM_Z_TO_T
} from "./ProofMemory.sol";
import { ProofPoints } from "./ProofPoints.sol";

/// @title The opening
/// @notice What is left of a proof when the gates are folded: one point, and one value that it is
/// said to have. See "Opening". Powers of γ are Horner's rule, so from the last pack to the first.
library ProofOpening {
    // ------------------------------------------------------------------------------------- values

    /// @dev ρ. Reverts unless all evaluations are canonical.
    ///
    /// Column number i of a kind has the factor γ^⌊i/t⌋·z^(i mod t). As t is a power of two, that is
    /// the product of the factors of the powers of two that add up to i, which are `z`, `two` and
    /// `four` here: what they are depends on t, what is done with them does not.
    /// @param folded E, the gates' values
    function value(uint256 folded) internal pure returns (uint256 rho) {
        bool canonical = _areFixedCanonical();
        uint256 z;
        uint256 two;
        uint256 four;
        uint256 gamma;
        assembly ("memory-safe") {
            z := mload(MEM_Z)
            gamma := mload(MEM_GAMMA)
            two := gamma
            four := gamma
            let pack := mload(MEM_PACK)
            if gt(pack, 2) { two := mulmod(z, z, BN254_R) }
            if iszero(eq(pack, 4)) { four := mulmod(two, two, BN254_R) }

            // The packs of h S y d L. With ℓ the line through (x, a) and (ω⁻¹x, b),
            // D·ℓ(Z) = (a − b·(Z−x)·D)/(x − ω⁻¹x), as Z − ω⁻¹x = 1/D.
            rho := add(mload(MEM_Y_AT), mulmod(mload(MEM_D_AT), z, BN254_R))
            rho := add(mload(MEM_H_AT), mulmod(rho, two, BN254_R))
            rho := add(rho, mulmod(mload(MEM_S_AT), z, BN254_R))
            rho := add(rho, mulmod(mload(MEM_L_AT), four, BN254_R))
            let previous := add(mload(MEM_Y_PREVIOUS), mulmod(mload(MEM_D_PREVIOUS), z, BN254_R))
            previous := add(mload(MEM_H_PREVIOUS), mulmod(previous, two, BN254_R))
            previous := add(previous, mulmod(mload(MEM_S_PREVIOUS), z, BN254_R))
            previous := add(previous, mulmod(mload(MEM_L_PREVIOUS), four, BN254_R))
            let scaled := mulmod(add(mload(MEM_Z_TO_T), sub(BN254_R, mload(MEM_X))), mload(MEM_D), BN254_R)
            rho := add(rho, sub(BN254_R, mulmod(scaled, previous, BN254_R)))
            rho := mulmod(rho, mload(MEM_GAP_INVERSE), BN254_R)

            // The link, whose value is zero, then the quotient: H_0 + z·H_1, with
            // H_0 = E/(x^n − 1) − x^(n−2)·H_1.
            if mload(MEM_HIDDEN) { rho := mulmod(rho, gamma, BN254_R) }
            let last := mload(add(MEM_WEIGHTS_AT, shl(5, mload(MEM_WIDTH))))
            canonical := and(canonical, lt(last, BN254_R))
            rho := add(mulmod(rho, gamma, BN254_R), mulmod(folded, mload(MEM_VANISHING_INVERSE), BN254_R))
            rho := add(rho, mulmod(add(z, sub(BN254_R, mload(MEM_SPLIT))), last, BN254_R))
        }
        (rho, canonical) = _weights(rho, canonical);
        assembly ("memory-safe") {
            // The packs of u v w B P T_id T_key T_val.
            let sum := add(mload(MEM_KEY_AT), mulmod(mload(MEM_VALUE_AT), z, BN254_R))
            sum := add(mload(MEM_SQUARE_AT), mulmod(sum, two, BN254_R))
            sum := add(sum, mulmod(mload(MEM_ID_AT), z, BN254_R))
            let upper := sum
            sum := add(mload(MEM_W_AT), mulmod(mload(MEM_REGION_AT), z, BN254_R))
            sum := add(mload(MEM_U_AT), mulmod(sum, two, BN254_R))
            sum := add(sum, mulmod(mload(MEM_V_AT), z, BN254_R))
            sum := add(sum, mulmod(upper, four, BN254_R))
            // γ^(8/t)
            let eight := gamma
            if lt(mload(MEM_PACK), 8) { eight := mulmod(four, four, BN254_R) }
            rho := add(mulmod(rho, eight, BN254_R), sum)

            // Those of q x m, two of them if t = 2.
            sum := add(mload(MEM_Q_AT), mulmod(mload(MEM_X_AT), z, BN254_R))
            sum := add(sum, mulmod(mload(MEM_M_AT), two, BN254_R))
            if eq(mload(MEM_PACK), 2) { gamma := mulmod(gamma, gamma, BN254_R) }
            rho := addmod(mulmod(rho, gamma, BN254_R), sum, BN254_R)
        }
        if (!canonical) _revertWithScalar();
    }

    /// @dev Whether all evaluations but the weights' and H_1's are.
    function _areFixedCanonical() private pure returns (bool canonical) {
        assembly ("memory-safe") {
            canonical := and(lt(mload(MEM_Q_AT), BN254_R), lt(mload(MEM_X_AT), BN254_R))
            canonical := and(canonical, and(lt(mload(MEM_M_AT), BN254_R), lt(mload(MEM_H_AT), BN254_R)))
            canonical := and(canonical, and(lt(mload(MEM_S_AT), BN254_R), lt(mload(MEM_Y_AT), BN254_R)))
            canonical := and(canonical, and(lt(mload(MEM_D_AT), BN254_R), lt(mload(MEM_L_AT), BN254_R)))
            canonical := and(canonical, and(lt(mload(MEM_H_PREVIOUS), BN254_R), lt(mload(MEM_S_PREVIOUS), BN254_R)))
            canonical := and(canonical, and(lt(mload(MEM_Y_PREVIOUS), BN254_R), lt(mload(MEM_D_PREVIOUS), BN254_R)))
            canonical := and(canonical, and(lt(mload(MEM_L_PREVIOUS), BN254_R), lt(mload(MEM_U_AT), BN254_R)))
            canonical := and(canonical, and(lt(mload(MEM_V_AT), BN254_R), lt(mload(MEM_W_AT), BN254_R)))
            canonical := and(canonical, and(lt(mload(MEM_REGION_AT), BN254_R), lt(mload(MEM_SQUARE_AT), BN254_R)))
            canonical := and(canonical, and(lt(mload(MEM_ID_AT), BN254_R), lt(mload(MEM_KEY_AT), BN254_R)))
            canonical := and(canonical, lt(mload(MEM_VALUE_AT), BN254_R))
        }
    }

    /// @dev `rho`·γ^m + Σ_i γ^i·V_i over the m packs of weights, where V = Σ_j z^j·f_j, by Horner's
    /// rule twice. Takes and returns sums of three values at most.
    /// @return Whether the values are canonical, and `canonical`
    function _weights(uint256 rho, bool canonical) private pure returns (uint256, bool) {
        assembly ("memory-safe") {
            let z := mload(MEM_Z)
            let pack := shl(5, mload(MEM_PACK))
            let size := shl(5, mload(MEM_WIDTH))
            let next := add(MEM_WEIGHTS_AT, size)
            // The last pack, which may have fewer, begins a multiple of t columns after the first.
            let first := add(MEM_WEIGHTS_AT, and(sub(size, 1), not(sub(pack, 1))))
            for { } gt(next, MEM_WEIGHTS_AT) { first := sub(first, pack) } {
                let sum := 0
                for { } gt(next, first) { } {
                    next := sub(next, 0x20)
                    let evaluation := mload(next)
                    sum := add(mulmod(sum, z, BN254_R), evaluation)
                    canonical := and(canonical, lt(evaluation, BN254_R))
                }
                rho := add(mulmod(rho, mload(MEM_GAMMA), BN254_R), sum)
            }
        }
        return (rho, canonical);
    }

    /// @dev Names the first evaluation that isn't canonical.
    function _revertWithScalar() private pure {
        for (uint256 i = 0;; ++i) {
            uint256 evaluation;
            assembly ("memory-safe") {
                evaluation := mload(add(MEM_Q_AT, shl(5, i)))
            }
            if (evaluation >= BN254_R) revert IInferenceVerifier.ScalarNotCanonical(i);
        }
    }

    // -------------------------------------------------------------------------------- commitments

    /// @dev Sum := F − (Z−x)·[Q] + z·[Q'], to which −ρ·[1] is to be added. The key's commitments must
    /// be at `MEM_FIXED`.
    /// @return ok Whether no precompile failed
    function commitment() internal view returns (bool ok) {
        bool hidden;
        uint256 first;
        uint256 quotient;
        uint256 second;
        uint256 last;
        uint256 gamma;
        uint256 factor;
        ok = true;
        assembly ("memory-safe") {
            hidden := mload(MEM_HIDDEN)
            quotient := add(MEM_FIXED, add(mload(MEM_PUBLIC_SIZE), mload(MEM_WEIGHTS_SIZE)))
        }
        if (hidden) ok = _link(quotient);
        assembly ("memory-safe") {
            let firstIn := mload(MEM_FIRST_IN)
            let secondIn := mload(MEM_SECOND_IN)
            let quotientIn := mload(MEM_QUOTIENT_IN)
            let size := sub(mload(MEM_REBLINDED_IN), firstIn)
            first := sub(MEM_FIXED, size)
            calldatacopy(first, firstIn, size)
            calldatacopy(quotient, quotientIn, 0x40)
            // After the quotient, and after the link if there is one.
            second := add(quotient, shl(6, add(1, hidden)))
            size := sub(quotientIn, secondIn)
            calldatacopy(second, secondIn, size)
            last := sub(add(second, size), 0x40)
            mcopy(MEM_SUM, last, 0x40)
            gamma := mload(MEM_GAMMA)
            factor := mulmod(gamma, mload(MEM_D), BN254_R)
        }
        ok = ProofPoints.descend(last, second, gamma) && ok;
        if (hidden) {
            // The link has the other sign. So has the sum, for one step.
            ok = ProofPoints.descend(second, second - 0x40, BN254_R - factor) && ok;
            (second, factor) = (quotient + 0x40, BN254_R - gamma);
        }
        ok = ProofPoints.descend(second, quotient, factor) && ok;
        ok = ProofPoints.descend(quotient, first, gamma) && ok;

        uint256 z;
        uint256 opening;
        assembly ("memory-safe") {
            opening := mload(MEM_OPENING_IN)
            factor := add(mload(MEM_X), sub(BN254_R, mload(MEM_Z_TO_T)))
            z := mload(MEM_Z)
        }
        ok = ProofPoints.addFrom(opening, factor) && ok;
        ok = ProofPoints.addFrom(opening + 0x40, z) && ok;
    }

    /// @dev Puts Σ_i Y^i·([P_i] − [P̂_i]) + (x^n − 1)·[b], the link with the other sign, after the
    /// place of the quotient, and [P̂_i] in the place of [P_i]. It is the [P̂_i] that have an opposite
    /// for certain: a point of a key may be the identity.
    function _link(uint256 quotient) private view returns (bool ok) {
        uint256 weights;
        uint256 blind;
        uint256 y;
        uint256 vanishing;
        assembly ("memory-safe") {
            ok := 1
            weights := sub(quotient, mload(MEM_WEIGHTS_SIZE))
            let reblinded := mload(MEM_REBLINDED_IN)
            for { let at := weights } lt(at, quotient) { at := add(at, 0x40) } {
                mcopy(MEM_PAIR, at, 0x40)
                mstore(add(MEM_PAIR, 0x40), calldataload(reblinded))
                mstore(add(MEM_PAIR, 0x60), sub(BN254_P, calldataload(add(reblinded, 0x20))))
                ok := and(staticcall(gas(), 6, MEM_PAIR, 0x80, at, 0x40), ok)
                reblinded := add(reblinded, 0x40)
            }
            mcopy(MEM_SUM, sub(quotient, 0x40), 0x40)
            blind := add(mload(MEM_QUOTIENT_IN), 0x40)
            y := mload(MEM_Y)
            vanishing := add(mload(MEM_X_TO_N), BN254_R_MINUS_1)
        }
        ok = ProofPoints.descend(quotient - 0x40, weights, y) && ok;
        ok = ProofPoints.addFrom(blind, vanishing) && ok;
        assembly ("memory-safe") {
            mcopy(add(quotient, 0x40), MEM_SUM, 0x40)
            calldatacopy(weights, mload(MEM_REBLINDED_IN), sub(quotient, weights))
        }
    }
}
