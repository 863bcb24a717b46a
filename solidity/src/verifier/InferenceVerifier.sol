// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity 0.8.37;

import { IInferenceVerifier } from "./interfaces/IInferenceVerifier.sol";
import {
    BN254_HALF,
    BN254_INVERSE_ROOT_13,
    BN254_INVERSE_ROOT_16,
    BN254_INVERSE_ROOT_20,
    BN254_INVERSE_ROOT_28,
    BN254_NEG_G2_X_IM,
    BN254_NEG_G2_X_RE,
    BN254_NEG_G2_Y_IM,
    BN254_NEG_G2_Y_RE,
    BN254_P,
    BN254_R,
    BN254_R_MINUS_1,
    BN254_R_MINUS_2
} from "./libraries/Bn254.sol";
import { DevelopmentSetup } from "./libraries/DevelopmentSetup.sol";
import {
    KEY_BASE_LENGTH,
    KEY_COUNT_SHIFT,
    KEY_HEIGHT_SHIFT,
    KEY_MAGIC,
    KEY_MAX_HEIGHT,
    KEY_MAX_WIDTH,
    KEY_WIDTH_SHIFT
} from "./libraries/VerifyingKeyFormat.sol";

/// @title The verifier of every model, height and width
/// @notice Checks what docs/protocol.md says, in its order and with its names; the step numbers below are those of its
/// "Transcript" section.
/// @dev Everything is computed in memory at the fixed addresses below. Four rules keep the arithmetic short: a value is
/// reduced unless a comment says otherwise; `R` is less than 2^256/5, so a sum of up to five reduced values needs no
/// reduction before it is an operand of `mulmod`; −a is `R − a`; and a − 1 is `a + (R − 1)`.
///
/// Nothing here writes storage, and what is wrong with a proof is only ever an error: checks may come after the arithmetic
/// that uses what they check, as long as they come before the precompiles.
///
/// Loops of fixed length are written out where that saves gas worth having.
contract InferenceVerifier is IInferenceVerifier {
    // ---------------------------------------------------------------------------------------------- memory

    // The free memory pointer when `verify` starts; were it greater, as with `via_ir`, the compiler would use memory here.
    uint256 private constant _FREE_MEMORY = 0x80;

    // Challenges, then x^n.
    uint256 private constant _R = 0x80;
    uint256 private constant _S = 0xa0;
    uint256 private constant _G = 0xc0;
    uint256 private constant _THETA = 0xe0;
    uint256 private constant _ALPHA = 0x100;
    uint256 private constant _Y = 0x120;
    uint256 private constant _X = 0x140;
    uint256 private constant _MU = 0x160;
    uint256 private constant _NU = 0x180;
    uint256 private constant _T = 0x1a0;
    uint256 private constant _X_TO_N = 0x1c0;

    // Running hash ‖ [h] [S] [y] [d] [L], then a word for a factor.
    uint256 private constant _SECOND = 0x1e0;
    uint256 private constant _SECOND_POINTS = 0x200;

    // Running hash ‖ up to two points; later six words for the inversion; later what it yields.
    uint256 private constant _SCRATCH = 0x360;
    uint256 private constant _INSTANCE = 0x360;
    uint256 private constant _VANISHING_INVERSE = 0x380;
    uint256 private constant _GAP_INVERSE = 0x3a0;
    uint256 private constant _D = 0x3c0;

    // First: header of the verifying key ‖ vkRepresentation ‖ public values ‖ [q] [x] [m].
    uint256 private constant _HEADER = 0x400;
    uint256 private constant _FIRST = 0x420;

    // Then: running hash ‖ evaluations, the random polynomial's after the weights'.
    uint256 private constant _EVALUATIONS = 0x420;
    uint256 private constant _Q_AT = 0x440;
    uint256 private constant _X_AT = 0x460;
    uint256 private constant _M_AT = 0x480;
    uint256 private constant _H_AT = 0x4a0;
    uint256 private constant _S_AT = 0x4c0;
    uint256 private constant _Y_AT = 0x4e0;
    uint256 private constant _D_AT = 0x500;
    uint256 private constant _L_AT = 0x520;
    uint256 private constant _H_PREVIOUS = 0x540;
    uint256 private constant _S_PREVIOUS = 0x560;
    uint256 private constant _Y_PREVIOUS = 0x580;
    uint256 private constant _D_PREVIOUS = 0x5a0;
    uint256 private constant _L_PREVIOUS = 0x5c0;
    uint256 private constant _U_AT = 0x5e0;
    uint256 private constant _V_AT = 0x600;
    uint256 private constant _W_AT = 0x620;
    uint256 private constant _REGION_AT = 0x640;
    uint256 private constant _ID_AT = 0x660;
    uint256 private constant _KEY_AT = 0x680;
    uint256 private constant _VALUE_AT = 0x6a0;
    uint256 private constant _WEIGHTS_AT = 0x6c0;

    // At last: [q] [x] [m] [u] [v] [w] [B] [T_id] [T_key] [T_val] [W_0] … [W_{c−1}], then five words.
    uint256 private constant _COMMITMENTS = 0x420;
    // Once the sum is in the place of [q]: a term, its factor.
    uint256 private constant _TERM = 0x460;
    uint256 private constant _FACTOR = 0x4a0;
    uint256 private constant _FIXED = 0x4e0;
    uint256 private constant _WEIGHTS = 0x6a0;

    // ------------------------------------------------------------------------------------------- the proof

    // Offsets of its parts.
    uint256 private constant _PROOF_SECOND = 0xc0;
    uint256 private constant _PROOF_RANDOM = 0x200;
    uint256 private constant _PROOF_QUOTIENT_0 = 0x240;
    uint256 private constant _PROOF_QUOTIENT_1 = 0x280;
    uint256 private constant _PROOF_EVALUATIONS = 0x2c0;
    uint256 private constant _PROOF_BASE_LENGTH = 1504;
    // Evaluations of a proof of width zero, and points.
    uint256 private constant _EVALUATION_COUNT = 21;
    uint256 private constant _POINT_COUNT = 13;
    // Where canonical calldata has the public values: after the selector, three words and their number.
    uint256 private constant _PUBLIC_VALUES = 0x84;

    // ---------------------------------------------------------------------------------------------- set-up

    /// @notice The set-up's `[τ]_2` isn't in the group, or is its identity.
    error InvalidSetup();

    uint256 private immutable _TAU_X_IM;
    uint256 private immutable _TAU_X_RE;
    uint256 private immutable _TAU_Y_IM;
    uint256 private immutable _TAU_Y_RE;

    /// @param tau `[τ]_2` of the set-up, imaginary parts first.
    constructor(uint256[4] memory tau) {
        // e([1]_1, [τ]_2) = 1 for the identity alone; the precompile fails for what isn't in the group.
        (bool ok, bytes memory one) = address(8).staticcall(abi.encode(1, 2, tau));
        if (!ok || one.length != 32 || abi.decode(one, (uint256)) != 0) revert InvalidSetup();
        (_TAU_X_IM, _TAU_X_RE, _TAU_Y_IM, _TAU_Y_RE) = (tau[0], tau[1], tau[2], tau[3]);
    }

    /// @inheritdoc IInferenceVerifier
    function isDevelopmentSetup() external view returns (bool) {
        return DevelopmentSetup.matches(_TAU_X_IM, _TAU_X_RE, _TAU_Y_IM, _TAU_Y_RE);
    }

    /// @inheritdoc IInferenceVerifier
    function tauG2() external view returns (uint256[4] memory) {
        return [_TAU_X_IM, _TAU_X_RE, _TAU_Y_IM, _TAU_Y_RE];
    }

    // ---------------------------------------------------------------------------------------------- verify

    /// @inheritdoc IInferenceVerifier
    function verify(address verifyingKey, uint256[] calldata publicValues, bytes calldata proof) external view {
        (uint256 height, uint256 width) = _readKey(verifyingKey, publicValues.length);
        uint256 proofAt;
        uint256 proofEnd;
        unchecked {
            uint256 expected = _PROOF_BASE_LENGTH + 32 * width;
            if (proof.length != expected) revert WrongProofLength(expected, proof.length);
            proofAt = _PUBLIC_VALUES + 32 * publicValues.length + 32;
            proofEnd = proofAt + expected;
            uint256 valuesOffset;
            uint256 proofOffset;
            assembly ("memory-safe") {
                valuesOffset := publicValues.offset
                proofOffset := proof.offset
            }
            if (valuesOffset != _PUBLIC_VALUES || proofOffset != proofAt || msg.data.length != proofEnd) {
                revert NonCanonicalCalldata();
            }
        }

        if (!_arePointsValid(proofAt, proofAt + _PROOF_EVALUATIONS) || !_arePointsValid(proofEnd - 0x80, proofEnd)) {
            _revertWithPoint(proofAt, proofEnd);
        }
        _runTranscript(publicValues.length, proofAt, width);
        if (!_interpolateInstance(height, publicValues.length)) _revertWithPublicValue(publicValues);
        (uint256 rho, bool canonical) = _combineEvaluations(_quotient(width), width);
        if (!canonical) _revertWithScalar(width);
        bool ok = _combineCommitments(verifyingKey, width, proofAt, proofEnd, rho);
        _checkPairing(proofEnd, ok);
    }

    /// @dev Allocates the memory and reads the verifying key's header and vkRepresentation.
    /// @return height k, at most 28
    /// @return width c, from 1 to 64
    function _readKey(address key, uint256 count) private view returns (uint256 height, uint256 width) {
        unchecked {
            uint256 size = key.code.length;
            width = (size - (KEY_BASE_LENGTH + 1)) / 64;
            // Also when the code is too short, which wraps.
            if (width - 1 >= KEY_MAX_WIDTH || size != KEY_BASE_LENGTH + 1 + 64 * width) revert NotAVerifyingKey(key);

            uint256 header;
            uint256 wrong;
            assembly ("memory-safe") {
                wrong := xor(mload(0x40), _FREE_MEMORY)
                mstore(0x40, add(add(_WEIGHTS, 0x100), add(shl(6, width), shl(5, count))))
                // The code's first byte goes to the end of the word before the header, where memory is zero.
                extcodecopy(key, sub(_HEADER, 1), 0, 65)
                header := mload(_HEADER)
                wrong := or(wrong, mload(sub(_HEADER, 0x20)))
            }
            height = (header >> KEY_HEIGHT_SHIFT) & 0xff;
            uint256 expected = (header >> KEY_COUNT_SHIFT) & 0xffff;
            uint256 canonical =
                KEY_MAGIC | (height << KEY_HEIGHT_SHIFT) | (width << KEY_WIDTH_SHIFT) | (expected << KEY_COUNT_SHIFT);
            // Public values beyond row n − 1 would be added to those at its start.
            if (
                (header ^ canonical) | wrong != 0 || height > KEY_MAX_HEIGHT || expected == 0 || expected >= 1 << height
            ) revert NotAVerifyingKey(key);
            if (count != expected) revert WrongPublicValueCount(expected, count);
        }
    }

    // -------------------------------------------------------------------------------------------- encoding

    /// @dev Whether the proof's points are canonical, on the curve and not the identity, (0, 0), which satisfies no
    /// equation with a constant term. Precompiles would find out too, and burn all the gas they are given.
    function _arePointsValid(uint256 from, uint256 end) private pure returns (bool valid) {
        assembly ("memory-safe") {
            valid := 1
            for { } lt(from, end) { from := add(from, 0x40) } {
                let x := calldataload(from)
                let y := calldataload(add(from, 0x20))
                let cube := mulmod(mulmod(x, x, BN254_P), x, BN254_P)
                let onCurve := eq(mulmod(y, y, BN254_P), addmod(cube, 3, BN254_P))
                valid := and(valid, and(onCurve, and(lt(x, BN254_P), lt(y, BN254_P))))
            }
        }
    }

    /// @dev Says what is wrong with the first wrong point.
    function _revertWithPoint(uint256 from, uint256 end) private pure {
        unchecked {
            for (uint256 i = 0; i < _POINT_COUNT; ++i) {
                uint256 point = i < _POINT_COUNT - 2 ? from + 64 * i : end - 64 * (_POINT_COUNT - i);
                uint256 x;
                uint256 y;
                assembly ("memory-safe") {
                    x := calldataload(point)
                    y := calldataload(add(point, 0x20))
                }
                if (x >= BN254_P || y >= BN254_P) revert CoordinateNotCanonical(i);
                if (x == 0 && y == 0) revert PointAtInfinity(i);
                uint256 cube = mulmod(mulmod(x, x, BN254_P), x, BN254_P);
                if (mulmod(y, y, BN254_P) != addmod(cube, 3, BN254_P)) revert PointNotOnCurve(i);
            }
        }
    }

    /// @dev Names the first public value that isn't canonical.
    function _revertWithPublicValue(uint256[] calldata publicValues) private pure {
        for (uint256 i = 0; i < publicValues.length; ++i) {
            if (publicValues[i] >= BN254_R) revert PublicValueNotCanonical(i);
        }
    }

    /// @dev Names the first evaluation that isn't canonical.
    function _revertWithScalar(uint256 width) private pure {
        for (uint256 i = 0; i < _EVALUATION_COUNT + width; ++i) {
            uint256 value;
            assembly ("memory-safe") {
                value := mload(add(_Q_AT, shl(5, i)))
            }
            if (value >= BN254_R) revert ScalarNotCanonical(i);
        }
    }

    // ------------------------------------------------------------------------------------------ transcript

    /// @dev Draws the challenges. Each hash goes to the word before what is absorbed next, so nothing is copied twice.
    /// Fills [h] … [L] and the evaluations.
    function _runTranscript(uint256 count, uint256 proofAt, uint256 width) private pure {
        assembly ("memory-safe") {
            // Steps 1 to 3. The byte after the hash is for squeezes without anything absorbed in between.
            {
                let size := shl(5, count)
                calldatacopy(add(_FIRST, 0x20), _PUBLIC_VALUES, size)
                calldatacopy(add(add(_FIRST, 0x20), size), proofAt, 0xc0)
                mstore(0, keccak256(_FIRST, add(size, 0xe0)))
            }
            mstore8(0x20, 1)
            mstore(_R, mod(mload(0), BN254_R))
            mstore(0, keccak256(0, 0x21))
            mstore(_S, mod(mload(0), BN254_R))
            mstore(0, keccak256(0, 0x21))
            mstore(_G, mod(mload(0), BN254_R))
            mstore(0, keccak256(0, 0x21))
            mstore(_THETA, mod(mload(0), BN254_R))
            let hash := keccak256(0, 0x21)
            mstore(_ALPHA, mod(hash, BN254_R))

            // Step 4, three squeezes that nothing uses.
            mstore(_SECOND, hash)
            calldatacopy(add(_SECOND, 0x20), add(proofAt, _PROOF_SECOND), 0x140)
            mstore(0, keccak256(_SECOND, 0x160))
            mstore(0, keccak256(0, 0x21))

            // Step 5.
            mstore(_SCRATCH, keccak256(0, 0x21))
            calldatacopy(add(_SCRATCH, 0x20), add(proofAt, _PROOF_RANDOM), 0x40)
            hash := keccak256(_SCRATCH, 0x60)
            mstore(_Y, mod(hash, BN254_R))

            // Step 6.
            mstore(_SCRATCH, hash)
            calldatacopy(add(_SCRATCH, 0x20), add(proofAt, _PROOF_QUOTIENT_0), 0x80)
            hash := keccak256(_SCRATCH, 0xa0)
            mstore(_X, mod(hash, BN254_R))

            // Step 7.
            {
                let size := shl(5, add(width, _EVALUATION_COUNT))
                let from := add(proofAt, _PROOF_EVALUATIONS)
                mstore(_EVALUATIONS, hash)
                calldatacopy(add(_EVALUATIONS, 0x20), from, size)
                mstore(0, keccak256(_EVALUATIONS, add(size, 0x20)))
                mstore(_MU, mod(mload(0), BN254_R))
                hash := keccak256(0, 0x21)
                mstore(_NU, mod(hash, BN254_R))

                // Step 8.
                mstore(_SCRATCH, hash)
                calldatacopy(add(_SCRATCH, 0x20), add(from, size), 0x40)
                mstore(_T, mod(keccak256(_SCRATCH, 0x60), BN254_R))
            }
        }
    }

    // --------------------------------------------------------------------------------- scalars of the proof

    /// @dev Computes the powers of x, the instance polynomial at x, and every inverse that is needed, with one inversion.
    /// @return canonical Whether all public values are
    function _interpolateInstance(uint256 height, uint256 count) private view returns (bool canonical) {
        uint256 product;
        bool ok;
        assembly ("memory-safe") {
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

            // I = (x^n − 1)/n · Σ_i words_i/(ω^{−i}x − 1). The sum is kept as a fraction, numerator/denominator, which
            // needs neither memory nor an inversion per word. `z` is ω^{−i}x; the numerator is less than 2R. If z were
            // 0, `z − 1` would be wrong, but then x = 0 and the product below is 0.
            let numerator := 0
            let denominator := 1
            let z := mload(_X)
            canonical := 1
            for {
                let at := _PUBLIC_VALUES
                let end := add(_PUBLIC_VALUES, shl(5, count))
            } lt(at, end) { at := add(at, 0x20) } {
                let word := calldataload(at)
                let factor := sub(z, 1)
                numerator := add(mulmod(numerator, factor, BN254_R), mulmod(word, denominator, BN254_R))
                denominator := mulmod(denominator, factor, BN254_R)
                z := mulmod(z, root, BN254_R)
                canonical := and(canonical, lt(word, BN254_R))
            }

            denominator := mulmod(denominator, shl(height, 1), BN254_R)

            // x^n, and x^n − 1, not reduced
            let x := mload(_X)
            let vanishing := x
            for { } gt(height, 3) { height := sub(height, 4) } {
                vanishing := mulmod(vanishing, vanishing, BN254_R)
                vanishing := mulmod(vanishing, vanishing, BN254_R)
                vanishing := mulmod(vanishing, vanishing, BN254_R)
                vanishing := mulmod(vanishing, vanishing, BN254_R)
            }
            for { } height { height := sub(height, 1) } { vanishing := mulmod(vanishing, vanishing, BN254_R) }
            mstore(_X_TO_N, vanishing)
            vanishing := add(vanishing, BN254_R_MINUS_1)

            // x − ω⁻¹x and t − ω⁻¹x, not reduced
            let previous := mulmod(x, root, BN254_R)
            let gap := add(x, sub(BN254_R, previous))
            let distance := add(mload(_T), sub(BN254_R, previous))

            // The product of all that is to be inverted, and its inverse by Fermat's little theorem.
            let two := mulmod(distance, gap, BN254_R)
            let three := mulmod(two, vanishing, BN254_R)
            product := mulmod(three, denominator, BN254_R)
            mstore(_SCRATCH, 0x20)
            mstore(add(_SCRATCH, 0x20), 0x20)
            mstore(add(_SCRATCH, 0x40), 0x20)
            mstore(add(_SCRATCH, 0x60), product)
            mstore(add(_SCRATCH, 0x80), BN254_R_MINUS_2)
            mstore(add(_SCRATCH, 0xa0), BN254_R)
            ok := staticcall(gas(), 5, _SCRATCH, 0xc0, 0, 0x20)

            // Unwound: 1/denominator, 1/(x^n − 1), 1/(x − ω⁻¹x), D = 1/(t − ω⁻¹x).
            let inverse := mload(0)
            mstore(_INSTANCE, mulmod(mulmod(numerator, vanishing, BN254_R), mulmod(inverse, three, BN254_R), BN254_R))
            inverse := mulmod(inverse, denominator, BN254_R)
            mstore(_VANISHING_INVERSE, mulmod(inverse, two, BN254_R))
            inverse := mulmod(inverse, vanishing, BN254_R)
            mstore(_GAP_INVERSE, mulmod(inverse, distance, BN254_R))
            mstore(_D, mulmod(inverse, gap, BN254_R))
        }
        if (!ok) revert PrecompileFailed();
        if (product == 0) revert EvaluationPointInDomain();
    }

    /// @dev The quotient polynomial at x: the gates, folded, over x^n − 1. See "Gates".
    function _quotient(uint256 width) private pure returns (uint256 value) {
        assembly ("memory-safe") {
            let sigma := addmod(add(mload(_U_AT), mload(_V_AT)), mload(_W_AT), BN254_R)
            let shift := mulmod(mload(_U_AT), mload(_V_AT), BN254_R)
            let edge := mulmod(mload(_V_AT), mload(_W_AT), BN254_R)
            // 2·on(Level) = w(w−1)
            let level2 := mulmod(mload(_W_AT), add(mload(_W_AT), BN254_R_MINUS_1), BN254_R)
            let active
            let channel
            // y is what the protocol calls Y
            let y := mload(_Y)

            // 1  (active + on(Back)(r^c−1))·(h − stream)
            //      − (active − on(Restart) + on(Next)(r^c−1) + on(Shift)(s−1) + on(Skip)(g−1))·h'
            {
                // 2 − σ, not reduced
                let rest := add(sub(BN254_R, sigma), 2)
                active := mulmod(mulmod(sigma, add(rest, 1), BN254_R), BN254_HALF, BN254_R)
                channel := mulmod(mload(_W_AT), rest, BN254_R)

                // Σ_j W_j·r^j, less than 2R, and r^c − 1
                let stream := 0
                let power := 1
                {
                    let r := mload(_R)
                    for { let at := add(sub(_WEIGHTS_AT, 0x20), shl(5, width)) } gt(at, _VALUE_AT) {
                        at := sub(at, 0x20)
                    } {
                        stream := add(mulmod(stream, r, BN254_R), mload(at))
                        power := mulmod(power, r, BN254_R)
                    }
                    power := add(power, BN254_R_MINUS_1)
                }
                let v := mload(_V_AT)
                let back := mulmod(mulmod(v, add(v, BN254_R_MINUS_1), BN254_R), BN254_HALF, BN254_R)
                value := mulmod(
                    add(active, mulmod(back, power, BN254_R)),
                    add(mload(_H_AT), sub(add(BN254_R, BN254_R), stream)),
                    BN254_R
                )

                let u := mload(_U_AT)
                let restart := mulmod(mulmod(u, add(u, BN254_R_MINUS_1), BN254_R), BN254_HALF, BN254_R)
                let factor := add(active, sub(BN254_R, restart))
                factor := add(factor, mulmod(mulmod(v, rest, BN254_R), power, BN254_R))
                factor := add(factor, mulmod(shift, add(mload(_S), BN254_R_MINUS_1), BN254_R))
                factor := add(
                    factor,
                    mulmod(mulmod(u, mload(_W_AT), BN254_R), add(mload(_G), BN254_R_MINUS_1), BN254_R)
                )
                value := add(value, sub(BN254_R, mulmod(factor, mload(_H_PREVIOUS), BN254_R)))
            }

            // 2  active·S − (active − opens + on(Shift)(s−1))·S' − opens
            {
                let minusOpens := sub(BN254_R, addmod(add(channel, edge), mulmod(level2, BN254_HALF, BN254_R), BN254_R))
                let factor := add(add(active, minusOpens), mulmod(shift, add(mload(_S), BN254_R_MINUS_1), BN254_R))
                value := add(mulmod(value, y, BN254_R), minusOpens)
                value := add(value, mulmod(active, mload(_S_AT), BN254_R))
                value := add(value, sub(BN254_R, mulmod(factor, mload(_S_PREVIOUS), BN254_R)))
            }

            // 3  σ·(y − S·(q + I)) − (σ + on(Channel)(r−1) − 2·on(Level) − 2·on(Edge))·y'
            {
                let factor := mulmod(channel, add(mload(_R), BN254_R_MINUS_1), BN254_R)
                let minusEdge := sub(BN254_R, edge)
                factor := add(add(add(factor, sigma), sub(BN254_R, level2)), add(minusEdge, minusEdge))
                value := add(mulmod(value, y, BN254_R), sub(BN254_R, mulmod(factor, mload(_Y_PREVIOUS), BN254_R)))
                let product := mulmod(mload(_S_AT), add(mload(_Q_AT), mload(_INSTANCE)), BN254_R)
                value := add(value, mulmod(sigma, add(mload(_Y_AT), sub(BN254_R, product)), BN254_R))
            }

            // 4  σ·(d − d' + x·h) − 2·on(Level)·((g−1)·d' + y')
            {
                let previous := mload(_D_PREVIOUS)
                let factor := add(mload(_D_AT), sub(BN254_R, previous))
                factor := add(factor, mulmod(mload(_X_AT), mload(_H_AT), BN254_R))
                value := add(mulmod(value, y, BN254_R), mulmod(sigma, factor, BN254_R))
                factor := add(mulmod(add(mload(_G), BN254_R_MINUS_1), previous, BN254_R), mload(_Y_PREVIOUS))
                value := add(value, sub(BN254_R, mulmod(level2, factor, BN254_R)))

                // 5  on(Edge)·d'
                value := add(mulmod(value, y, BN254_R), mulmod(edge, previous, BN254_R))
            }

            // 6  on(Edge)·L'
            value := add(mulmod(value, y, BN254_R), mulmod(edge, mload(_L_PREVIOUS), BN254_R))

            // 7  (L − L')·entry·lookedUp − entry + m·σ·lookedUp = ((L − L')·entry + m·σ)·lookedUp − entry
            //    entry = α·σ + θ·(θ·T_id + T_val) + T_key, lookedUp = α + θ·(θ·B + x) + q
            {
                let theta := mload(_THETA)
                let alpha := mload(_ALPHA)
                let entry := mulmod(theta, add(mulmod(theta, mload(_ID_AT), BN254_R), mload(_VALUE_AT)), BN254_R)
                entry := addmod(add(entry, mload(_KEY_AT)), mulmod(alpha, sigma, BN254_R), BN254_R)
                let lookedUp := mulmod(theta, add(mulmod(theta, mload(_REGION_AT), BN254_R), mload(_X_AT)), BN254_R)
                lookedUp := add(add(lookedUp, mload(_Q_AT)), alpha)
                let factor := mulmod(add(mload(_L_AT), sub(BN254_R, mload(_L_PREVIOUS))), entry, BN254_R)
                factor := add(factor, mulmod(mload(_M_AT), sigma, BN254_R))
                value := add(mulmod(value, y, BN254_R), sub(BN254_R, entry))
                value := add(value, mulmod(factor, lookedUp, BN254_R))
            }
            value := mulmod(value, mload(_VANISHING_INVERSE), BN254_R)
        }
    }

    /// @dev The claimed evaluation of F: ρ = Σ_i μ^i·C_i(x) over set 0 + ν·D·Σ_i μ^i·R_i(t) over set 1. By Horner's rule,
    /// so from the last commitment to the first.
    /// @return rho ρ
    /// @return canonical Whether all evaluations of the proof are
    function _combineEvaluations(uint256 quotient, uint256 width) private pure returns (uint256 rho, bool canonical) {
        assembly ("memory-safe") {
            // The random polynomial's evaluation.
            let last := add(_WEIGHTS_AT, shl(5, width))
            canonical := 1
            for { let at := last } gt(at, _VALUE_AT) { at := sub(at, 0x20) } {
                canonical := and(canonical, lt(mload(at), BN254_R))
            }

            canonical := and(canonical, and(lt(mload(_Q_AT), BN254_R), lt(mload(_X_AT), BN254_R)))
            canonical := and(canonical, and(lt(mload(_M_AT), BN254_R), lt(mload(_H_AT), BN254_R)))
            canonical := and(canonical, and(lt(mload(_S_AT), BN254_R), lt(mload(_Y_AT), BN254_R)))
            canonical := and(canonical, and(lt(mload(_D_AT), BN254_R), lt(mload(_L_AT), BN254_R)))
            canonical := and(canonical, and(lt(mload(_H_PREVIOUS), BN254_R), lt(mload(_S_PREVIOUS), BN254_R)))
            canonical := and(canonical, and(lt(mload(_Y_PREVIOUS), BN254_R), lt(mload(_D_PREVIOUS), BN254_R)))
            canonical := and(canonical, and(lt(mload(_L_PREVIOUS), BN254_R), lt(mload(_U_AT), BN254_R)))
            canonical := and(canonical, and(lt(mload(_V_AT), BN254_R), lt(mload(_W_AT), BN254_R)))
            canonical := and(canonical, and(lt(mload(_REGION_AT), BN254_R), lt(mload(_ID_AT), BN254_R)))
            canonical := and(canonical, and(lt(mload(_KEY_AT), BN254_R), lt(mload(_VALUE_AT), BN254_R)))

            // Set 0: Z, H, fixed columns, m x q. The sums here are less than 2R.
            let mu := mload(_MU)
            rho := add(mulmod(mload(last), mu, BN254_R), quotient)
            for { let at := sub(last, 0x20) } gt(at, _VALUE_AT) { at := sub(at, 0x20) } {
                rho := add(mulmod(rho, mu, BN254_R), mload(at))
            }
            rho := add(mulmod(rho, mu, BN254_R), mload(_VALUE_AT))
            rho := add(mulmod(rho, mu, BN254_R), mload(_KEY_AT))
            rho := add(mulmod(rho, mu, BN254_R), mload(_ID_AT))
            rho := add(mulmod(rho, mu, BN254_R), mload(_REGION_AT))
            rho := add(mulmod(rho, mu, BN254_R), mload(_W_AT))
            rho := add(mulmod(rho, mu, BN254_R), mload(_V_AT))
            rho := add(mulmod(rho, mu, BN254_R), mload(_U_AT))
            rho := add(mulmod(rho, mu, BN254_R), mload(_M_AT))
            rho := add(mulmod(rho, mu, BN254_R), mload(_X_AT))
            rho := add(mulmod(rho, mu, BN254_R), mload(_Q_AT))

            // Set 1: R_i is the line through (x, a) and (ω⁻¹x, b), so
            // D·R_i(t) = (a − b·(t−x)·D)/(x − ω⁻¹x), as t − ω⁻¹x = 1/D.
            {
                let current := mload(_L_AT)
                current := add(mulmod(current, mu, BN254_R), mload(_D_AT))
                current := add(mulmod(current, mu, BN254_R), mload(_Y_AT))
                current := add(mulmod(current, mu, BN254_R), mload(_S_AT))
                current := add(mulmod(current, mu, BN254_R), mload(_H_AT))
                let previous := mload(_L_PREVIOUS)
                previous := add(mulmod(previous, mu, BN254_R), mload(_D_PREVIOUS))
                previous := add(mulmod(previous, mu, BN254_R), mload(_Y_PREVIOUS))
                previous := add(mulmod(previous, mu, BN254_R), mload(_S_PREVIOUS))
                previous := add(mulmod(previous, mu, BN254_R), mload(_H_PREVIOUS))
                let scaled := mulmod(add(mload(_T), sub(BN254_R, mload(_X))), mload(_D), BN254_R)
                current := add(current, sub(BN254_R, mulmod(scaled, previous, BN254_R)))
                current := mulmod(current, mulmod(mload(_NU), mload(_GAP_INVERSE), BN254_R), BN254_R)
                rho := addmod(rho, current, BN254_R)
            }
        }
    }

    // ----------------------------------------------------------------------------------------- commitments

    /// @dev A = F − ρ·[1]_1 − (t−x)·[Q] + t·[Q'], left in the place of [q], with
    /// F = Σ_i μ^i·[C_i] over set 0 + ν·D·Σ_i μ^i·[C_i] over set 1.
    ///
    /// Both sums by Horner's rule, from the last commitment to the first: all factors are μ, and the commitments needn't be
    /// moved. With the sum so far in the place of commitment i + 1, its product with μ goes to the same place, and
    /// (commitment i, product) is the addition's input, whose output goes to the place of commitment i.
    /// @return ok Whether no precompile failed
    function _combineCommitments(address key, uint256 width, uint256 proofAt, uint256 proofEnd, uint256 rho)
        private
        view
        returns (bool ok)
    {
        assembly ("memory-safe") {
            let mu := mload(_MU)
            let bytesOfWeights := shl(6, width)
            calldatacopy(_COMMITMENTS, proofAt, 0xc0)
            extcodecopy(key, _FIXED, 65, add(bytesOfWeights, sub(_WEIGHTS, _FIXED)))

            // Set 0: μ·[Z] + [H], where [H] = [H_0] + x^n·[H_1], after the fixed columns.
            let last := add(_WEIGHTS, bytesOfWeights)
            {
                let term := add(last, 0x40)
                calldatacopy(last, add(proofAt, _PROOF_RANDOM), 0x40)
                mstore(term, mu)
                ok := staticcall(gas(), 7, last, 0x60, last, 0x40)
                calldatacopy(term, add(proofAt, _PROOF_QUOTIENT_1), 0x40)
                mstore(add(last, 0x80), mload(_X_TO_N))
                ok := and(ok, staticcall(gas(), 7, term, 0x60, term, 0x40))
                ok := and(ok, staticcall(gas(), 6, last, 0x80, last, 0x40))
                calldatacopy(term, add(proofAt, _PROOF_QUOTIENT_0), 0x40)
                ok := and(ok, staticcall(gas(), 6, last, 0x80, last, 0x40))
            }
            // [W_{c−1}] … [W_0]
            for { } gt(last, _WEIGHTS) { } {
                mstore(add(last, 0x40), mu)
                ok := and(ok, staticcall(gas(), 7, last, 0x60, last, 0x40))
                last := sub(last, 0x40)
                ok := and(ok, staticcall(gas(), 6, last, 0x80, last, 0x40))
            }
            // [T_val]
            mstore(add(_COMMITMENTS, 0x2c0), mu)
            ok := and(ok, staticcall(gas(), 7, add(_COMMITMENTS, 0x280), 0x60, add(_COMMITMENTS, 0x280), 0x40))
            ok := and(ok, staticcall(gas(), 6, add(_COMMITMENTS, 0x240), 0x80, add(_COMMITMENTS, 0x240), 0x40))
            // [T_key]
            mstore(add(_COMMITMENTS, 0x280), mu)
            ok := and(ok, staticcall(gas(), 7, add(_COMMITMENTS, 0x240), 0x60, add(_COMMITMENTS, 0x240), 0x40))
            ok := and(ok, staticcall(gas(), 6, add(_COMMITMENTS, 0x200), 0x80, add(_COMMITMENTS, 0x200), 0x40))
            // [T_id]
            mstore(add(_COMMITMENTS, 0x240), mu)
            ok := and(ok, staticcall(gas(), 7, add(_COMMITMENTS, 0x200), 0x60, add(_COMMITMENTS, 0x200), 0x40))
            ok := and(ok, staticcall(gas(), 6, add(_COMMITMENTS, 0x1c0), 0x80, add(_COMMITMENTS, 0x1c0), 0x40))
            // [B]
            mstore(add(_COMMITMENTS, 0x200), mu)
            ok := and(ok, staticcall(gas(), 7, add(_COMMITMENTS, 0x1c0), 0x60, add(_COMMITMENTS, 0x1c0), 0x40))
            ok := and(ok, staticcall(gas(), 6, add(_COMMITMENTS, 0x180), 0x80, add(_COMMITMENTS, 0x180), 0x40))
            // [w]
            mstore(add(_COMMITMENTS, 0x1c0), mu)
            ok := and(ok, staticcall(gas(), 7, add(_COMMITMENTS, 0x180), 0x60, add(_COMMITMENTS, 0x180), 0x40))
            ok := and(ok, staticcall(gas(), 6, add(_COMMITMENTS, 0x140), 0x80, add(_COMMITMENTS, 0x140), 0x40))
            // [v]
            mstore(add(_COMMITMENTS, 0x180), mu)
            ok := and(ok, staticcall(gas(), 7, add(_COMMITMENTS, 0x140), 0x60, add(_COMMITMENTS, 0x140), 0x40))
            ok := and(ok, staticcall(gas(), 6, add(_COMMITMENTS, 0x100), 0x80, add(_COMMITMENTS, 0x100), 0x40))
            // [u]
            mstore(add(_COMMITMENTS, 0x140), mu)
            ok := and(ok, staticcall(gas(), 7, add(_COMMITMENTS, 0x100), 0x60, add(_COMMITMENTS, 0x100), 0x40))
            ok := and(ok, staticcall(gas(), 6, add(_COMMITMENTS, 0xc0), 0x80, add(_COMMITMENTS, 0xc0), 0x40))
            // [m]
            mstore(add(_COMMITMENTS, 0x100), mu)
            ok := and(ok, staticcall(gas(), 7, add(_COMMITMENTS, 0xc0), 0x60, add(_COMMITMENTS, 0xc0), 0x40))
            ok := and(ok, staticcall(gas(), 6, add(_COMMITMENTS, 0x80), 0x80, add(_COMMITMENTS, 0x80), 0x40))
            // [x]
            mstore(add(_COMMITMENTS, 0xc0), mu)
            ok := and(ok, staticcall(gas(), 7, add(_COMMITMENTS, 0x80), 0x60, add(_COMMITMENTS, 0x80), 0x40))
            ok := and(ok, staticcall(gas(), 6, add(_COMMITMENTS, 0x40), 0x80, add(_COMMITMENTS, 0x40), 0x40))
            // [q]
            mstore(add(_COMMITMENTS, 0x80), mu)
            ok := and(ok, staticcall(gas(), 7, add(_COMMITMENTS, 0x40), 0x60, add(_COMMITMENTS, 0x40), 0x40))
            ok := and(ok, staticcall(gas(), 6, _COMMITMENTS, 0x80, _COMMITMENTS, 0x40))

            // Set 1: [L] [d] [y] [S] [h]
            // [d]
            mstore(add(_SECOND_POINTS, 0x140), mu)
            ok := and(ok, staticcall(gas(), 7, add(_SECOND_POINTS, 0x100), 0x60, add(_SECOND_POINTS, 0x100), 0x40))
            ok := and(ok, staticcall(gas(), 6, add(_SECOND_POINTS, 0xc0), 0x80, add(_SECOND_POINTS, 0xc0), 0x40))
            // [y]
            mstore(add(_SECOND_POINTS, 0x100), mu)
            ok := and(ok, staticcall(gas(), 7, add(_SECOND_POINTS, 0xc0), 0x60, add(_SECOND_POINTS, 0xc0), 0x40))
            ok := and(ok, staticcall(gas(), 6, add(_SECOND_POINTS, 0x80), 0x80, add(_SECOND_POINTS, 0x80), 0x40))
            // [S]
            mstore(add(_SECOND_POINTS, 0xc0), mu)
            ok := and(ok, staticcall(gas(), 7, add(_SECOND_POINTS, 0x80), 0x60, add(_SECOND_POINTS, 0x80), 0x40))
            ok := and(ok, staticcall(gas(), 6, add(_SECOND_POINTS, 0x40), 0x80, add(_SECOND_POINTS, 0x40), 0x40))
            // [h]
            mstore(add(_SECOND_POINTS, 0x80), mu)
            ok := and(ok, staticcall(gas(), 7, add(_SECOND_POINTS, 0x40), 0x60, add(_SECOND_POINTS, 0x40), 0x40))
            ok := and(ok, staticcall(gas(), 6, _SECOND_POINTS, 0x80, _SECOND_POINTS, 0x40))

            // The rest of A: a term and its factor after the sum.
            // Set 1, times ν·D
            mcopy(_TERM, _SECOND_POINTS, 0x40)
            mstore(_FACTOR, mulmod(mload(_NU), mload(_D), BN254_R))
            ok := and(ok, staticcall(gas(), 7, _TERM, 0x60, _TERM, 0x40))
            ok := and(ok, staticcall(gas(), 6, _COMMITMENTS, 0x80, _COMMITMENTS, 0x40))
            // −ρ·[1]_1
            mstore(_TERM, 1)
            mstore(add(_TERM, 0x20), 2)
            mstore(_FACTOR, sub(BN254_R, rho))
            ok := and(ok, staticcall(gas(), 7, _TERM, 0x60, _TERM, 0x40))
            ok := and(ok, staticcall(gas(), 6, _COMMITMENTS, 0x80, _COMMITMENTS, 0x40))
            // (x−t)·[Q]
            calldatacopy(_TERM, sub(proofEnd, 0x80), 0x40)
            mstore(_FACTOR, add(mload(_X), sub(BN254_R, mload(_T))))
            ok := and(ok, staticcall(gas(), 7, _TERM, 0x60, _TERM, 0x40))
            ok := and(ok, staticcall(gas(), 6, _COMMITMENTS, 0x80, _COMMITMENTS, 0x40))
            // t·[Q']
            calldatacopy(_TERM, sub(proofEnd, 0x40), 0x40)
            mstore(_FACTOR, mload(_T))
            ok := and(ok, staticcall(gas(), 7, _TERM, 0x60, _TERM, 0x40))
            ok := and(ok, staticcall(gas(), 6, _COMMITMENTS, 0x80, _COMMITMENTS, 0x40))
        }
    }

    /// @dev e(A, −[1]_2)·e([Q'], [τ]_2) = 1, with A in the place of [q].
    function _checkPairing(uint256 proofEnd, bool ok) private view {
        (uint256 xIm, uint256 xRe, uint256 yIm, uint256 yRe) = (_TAU_X_IM, _TAU_X_RE, _TAU_Y_IM, _TAU_Y_RE);
        bool accepted;
        assembly ("memory-safe") {
            mstore(add(_COMMITMENTS, 0x40), BN254_NEG_G2_X_IM)
            mstore(add(_COMMITMENTS, 0x60), BN254_NEG_G2_X_RE)
            mstore(add(_COMMITMENTS, 0x80), BN254_NEG_G2_Y_IM)
            mstore(add(_COMMITMENTS, 0xa0), BN254_NEG_G2_Y_RE)
            calldatacopy(add(_COMMITMENTS, 0xc0), sub(proofEnd, 0x40), 0x40)
            mstore(add(_COMMITMENTS, 0x100), xIm)
            mstore(add(_COMMITMENTS, 0x120), xRe)
            mstore(add(_COMMITMENTS, 0x140), yIm)
            mstore(add(_COMMITMENTS, 0x160), yRe)
            if ok {
                ok := staticcall(gas(), 8, _COMMITMENTS, 0x180, 0, 0x20)
                accepted := mload(0)
            }
        }
        if (!ok) revert PrecompileFailed();
        if (!accepted) revert ProofRejected();
    }
}
