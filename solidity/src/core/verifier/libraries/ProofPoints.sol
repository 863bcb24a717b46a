// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity ^0.8.24;

import { IInferenceVerifier } from "../interfaces/IInferenceVerifier.sol";
import { BN254_P } from "./Bn254.sol";
import { MEM_EVALUATIONS_IN, MEM_FACTOR, MEM_FIRST_IN, MEM_OPENING_IN, MEM_PAIR, MEM_SUM } from "./ProofMemory.sol";

/// @title Points of the curve
/// @notice Whether a proof's are what they must be, and sums of them.
library ProofPoints {
    /// @dev Reverts unless the proof's points are canonical, on the curve and not the identity,
    /// (0, 0), which satisfies no equation with a constant term. Precompiles would find out too,
    /// and burn all the gas they are given.
    function check() internal pure {
        (uint256 from, uint256 to, uint256 opening) = _parts();
        if (!_areValid(from, to) || !_areValid(opening, opening + 0x80)) {
            uint256 index = _revertIfInvalid(from, to, 0);
            _revertIfInvalid(opening, opening + 0x80, index);
        }
    }

    /// @dev Where in calldata points are: up to the evaluations, and after them.
    function _parts() private pure returns (uint256 from, uint256 to, uint256 opening) {
        assembly ("memory-safe") {
            from := mload(MEM_FIRST_IN)
            to := mload(MEM_EVALUATIONS_IN)
            opening := mload(MEM_OPENING_IN)
        }
    }

    function _areValid(uint256 from, uint256 to) private pure returns (bool valid) {
        assembly ("memory-safe") {
            let p := BN254_P
            valid := 1
            for { } lt(from, to) { from := add(from, 0x40) } {
                let x := calldataload(from)
                let y := calldataload(add(from, 0x20))
                let sides := eq(mulmod(y, y, p), addmod(mulmod(mulmod(x, x, p), x, p), 3, p))
                valid := and(and(and(lt(x, p), lt(y, p)), sides), valid)
            }
        }
    }

    /// @dev Says what is wrong with the first wrong point, the first of all being number `index`.
    /// @return The number of the point at `to`
    function _revertIfInvalid(uint256 from, uint256 to, uint256 index) private pure returns (uint256) {
        for (; from < to; from += 0x40) {
            uint256 x;
            uint256 y;
            assembly ("memory-safe") {
                x := calldataload(from)
                y := calldataload(add(from, 0x20))
            }
            if (x >= BN254_P || y >= BN254_P) revert IInferenceVerifier.CoordinateNotCanonical(index);
            if (x == 0 && y == 0) revert IInferenceVerifier.PointAtInfinity(index);
            uint256 cube = mulmod(mulmod(x, x, BN254_P), x, BN254_P);
            if (mulmod(y, y, BN254_P) != addmod(cube, 3, BN254_P)) revert IInferenceVerifier.PointNotOnCurve(index);
            ++index;
        }
        return index;
    }

    /// @dev Sum := Σ_i factor^i·C_i, with C_0 at `until`, C_1 after it, and the sum so far as the last
    /// one, whose place is `place`. By Horner's rule.
    ///
    /// With the sum before the factor, their product goes to the place after C_i, which isn't
    /// needed any more, and (C_i, product) is what the addition reads: no C_i need be moved. All
    /// but C_0 are lost.
    /// @return ok Whether no precompile failed
    function descend(uint256 place, uint256 until, uint256 factor) internal view returns (bool ok) {
        assembly ("memory-safe") {
            ok := 1
            mstore(MEM_FACTOR, factor)
            for { } gt(place, until) { } {
                ok := and(staticcall(gas(), 7, MEM_SUM, 0x60, place, 0x40), ok)
                place := sub(place, 0x40)
                ok := and(staticcall(gas(), 6, place, 0x80, MEM_SUM, 0x40), ok)
            }
        }
    }

    /// @dev Sum := sum + factor·(x, y).
    /// @return Whether no precompile failed
    function add(uint256 x, uint256 y, uint256 factor) internal view returns (bool) {
        assembly ("memory-safe") {
            mcopy(MEM_PAIR, MEM_SUM, 0x40)
            mstore(MEM_SUM, x)
            mstore(add(MEM_SUM, 0x20), y)
        }
        return descend(MEM_PAIR + 0x40, MEM_PAIR, factor);
    }

    /// @dev `add` of a point in calldata.
    function addFrom(uint256 pointIn, uint256 factor) internal view returns (bool) {
        uint256 x;
        uint256 y;
        assembly ("memory-safe") {
            x := calldataload(pointIn)
            y := calldataload(add(pointIn, 0x20))
        }
        return add(x, y, factor);
    }
}
