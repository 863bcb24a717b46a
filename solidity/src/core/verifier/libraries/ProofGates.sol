// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity ^0.8.24;

import { BN254_HALF, BN254_R, BN254_R_MINUS_1 } from "./Bn254.sol";
import {
    MEM_ALPHA,
    MEM_D_AT,
    MEM_D_PREVIOUS,
    MEM_G,
    MEM_H_AT,
    MEM_H_PREVIOUS,
    MEM_ID_AT,
    MEM_INSTANCE,
    MEM_KEY_AT,
    MEM_L_AT,
    MEM_L_PREVIOUS,
    MEM_M_AT,
    MEM_Q_AT,
    MEM_R,
    MEM_REGION_AT,
    MEM_S,
    MEM_SQUARE_AT,
    MEM_S_AT,
    MEM_S_PREVIOUS,
    MEM_THETA,
    MEM_U_AT,
    MEM_VALUE_AT,
    MEM_V_AT,
    MEM_WEIGHTS_AT,
    MEM_WIDTH,
    MEM_W_AT,
    MEM_X_AT,
    MEM_Y,
    MEM_Y_AT,
    MEM_Y_PREVIOUS
} from "./ProofMemory.sol";

/// @title The gates
/// @notice What a row must satisfy, at the evaluation point. See "Gates".
library ProofGates {
    /// @dev E: the gates' values, folded by powers of Y.
    function fold() internal pure returns (uint256 value) {
        assembly ("memory-safe") {
            let sigma := addmod(add(mload(MEM_U_AT), mload(MEM_V_AT)), mload(MEM_W_AT), BN254_R)
            let edge := mulmod(mload(MEM_V_AT), mload(MEM_W_AT), BN254_R)
            // 2·on(Level) = w(w−1)
            let level2 := mulmod(mload(MEM_W_AT), add(mload(MEM_W_AT), BN254_R_MINUS_1), BN254_R)
            let active
            let channel
            // on(Shift)·(s−1)
            let stretch
            // What the protocol calls Y
            let y := mload(MEM_Y)

            // 1  (active + on(Back)(r^c−1))·(h − stream)
            //      − (active − on(Restart) + on(Next)(r^c−1) + on(Shift)(s−1) + on(Skip)(g−1))·h'
            {
                // 2 − σ, not reduced
                let rest := add(sub(BN254_R, sigma), 2)
                active := mulmod(mulmod(sigma, add(rest, 1), BN254_R), BN254_HALF, BN254_R)
                channel := mulmod(mload(MEM_W_AT), rest, BN254_R)

                // Σ_j W_j·r^j, less than 2R, and r^c − 1
                let stream := 0
                let power := 1
                {
                    let r := mload(MEM_R)
                    for { let at := add(sub(MEM_WEIGHTS_AT, 0x20), shl(5, mload(MEM_WIDTH))) } gt(at, MEM_VALUE_AT) {
                        at := sub(at, 0x20)
                    } {
                        stream := add(mulmod(stream, r, BN254_R), mload(at))
                        power := mulmod(power, r, BN254_R)
                    }
                    power := add(power, BN254_R_MINUS_1)
                }
                let v := mload(MEM_V_AT)
                let back := mulmod(mulmod(v, add(v, BN254_R_MINUS_1), BN254_R), BN254_HALF, BN254_R)
                value := mulmod(
                    add(active, mulmod(back, power, BN254_R)),
                    add(mload(MEM_H_AT), sub(add(BN254_R, BN254_R), stream)),
                    BN254_R
                )

                let u := mload(MEM_U_AT)
                let restart := mulmod(mulmod(u, add(u, BN254_R_MINUS_1), BN254_R), BN254_HALF, BN254_R)
                let factor := add(active, sub(BN254_R, restart))
                factor := add(factor, mulmod(mulmod(v, rest, BN254_R), power, BN254_R))
                stretch := mulmod(mulmod(u, v, BN254_R), add(mload(MEM_S), BN254_R_MINUS_1), BN254_R)
                factor := add(factor, stretch)
                factor := add(
                    factor,
                    mulmod(mulmod(u, mload(MEM_W_AT), BN254_R), add(mload(MEM_G), BN254_R_MINUS_1), BN254_R)
                )
                value := add(value, sub(BN254_R, mulmod(factor, mload(MEM_H_PREVIOUS), BN254_R)))
            }

            // 2  active·S − (active − opens + on(Shift)(s−1))·S' − opens
            {
                let minusOpens := sub(BN254_R, addmod(add(channel, edge), mulmod(level2, BN254_HALF, BN254_R), BN254_R))
                let factor := add(add(active, minusOpens), stretch)
                value := add(mulmod(value, y, BN254_R), minusOpens)
                value := add(value, mulmod(active, mload(MEM_S_AT), BN254_R))
                value := add(value, sub(BN254_R, mulmod(factor, mload(MEM_S_PREVIOUS), BN254_R)))
            }

            // 3  σ·(y − S·(q + I)) − (σ + on(Channel)(r−1) − 2·on(Level) − 2·on(Edge))·y'
            {
                let factor := mulmod(channel, add(mload(MEM_R), BN254_R_MINUS_1), BN254_R)
                let minusEdge := sub(BN254_R, edge)
                factor := add(add(add(factor, sigma), sub(BN254_R, level2)), add(minusEdge, minusEdge))
                value := add(mulmod(value, y, BN254_R), sub(BN254_R, mulmod(factor, mload(MEM_Y_PREVIOUS), BN254_R)))
                let product := mulmod(mload(MEM_S_AT), add(mload(MEM_Q_AT), mload(MEM_INSTANCE)), BN254_R)
                value := add(value, mulmod(sigma, add(mload(MEM_Y_AT), sub(BN254_R, product)), BN254_R))
            }

            // 4  σ·(d − d' + x·h) − 2·on(Level)·((g−1)·d' + y')
            {
                let previous := mload(MEM_D_PREVIOUS)
                let factor := add(mload(MEM_D_AT), sub(BN254_R, previous))
                factor := add(factor, mulmod(mload(MEM_X_AT), mload(MEM_H_AT), BN254_R))
                value := add(mulmod(value, y, BN254_R), mulmod(sigma, factor, BN254_R))
                factor := add(mulmod(add(mload(MEM_G), BN254_R_MINUS_1), previous, BN254_R), mload(MEM_Y_PREVIOUS))
                value := add(value, sub(BN254_R, mulmod(level2, factor, BN254_R)))

                // 5  on(Edge)·d'
                value := add(mulmod(value, y, BN254_R), mulmod(edge, previous, BN254_R))
            }

            // 6  on(Edge)·L'
            value := add(mulmod(value, y, BN254_R), mulmod(edge, mload(MEM_L_PREVIOUS), BN254_R))

            // 7  (L − L')·entry·lookedUp − (1 − P)·entry + m·σ·lookedUp
            //      = ((L − L')·entry + m·σ)·lookedUp + (P − 1)·entry, with
            //    entry = α·σ + θ·(θ·T_id + T_val) + T_key, lookedUp = α + θ·(θ·B + x) + q
            {
                let theta := mload(MEM_THETA)
                let alpha := mload(MEM_ALPHA)
                let entry := mulmod(theta, add(mulmod(theta, mload(MEM_ID_AT), BN254_R), mload(MEM_VALUE_AT)), BN254_R)
                entry := add(add(entry, mload(MEM_KEY_AT)), mulmod(alpha, sigma, BN254_R))
                let lookedUp :=
                    mulmod(theta, add(mulmod(theta, mload(MEM_REGION_AT), BN254_R), mload(MEM_X_AT)), BN254_R)
                lookedUp := add(add(lookedUp, mload(MEM_Q_AT)), alpha)
                let factor := mulmod(add(mload(MEM_L_AT), sub(BN254_R, mload(MEM_L_PREVIOUS))), entry, BN254_R)
                factor := add(factor, mulmod(mload(MEM_M_AT), sigma, BN254_R))
                value := add(mulmod(value, y, BN254_R), mulmod(factor, lookedUp, BN254_R))
                value := add(value, mulmod(add(mload(MEM_SQUARE_AT), BN254_R_MINUS_1), entry, BN254_R))
            }

            // 8  P·(x − q²)
            {
                let q := mload(MEM_Q_AT)
                let factor := add(mload(MEM_X_AT), sub(BN254_R, mulmod(q, q, BN254_R)))
                value := add(mulmod(value, y, BN254_R), mulmod(mload(MEM_SQUARE_AT), factor, BN254_R))
            }
        }
    }
}
