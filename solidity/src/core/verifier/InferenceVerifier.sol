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
    KEY_HEIGHT_BYTE,
    KEY_MAGIC,
    KEY_MAGIC_MASK,
    KEY_MAX_HEIGHT,
    KEY_MAX_WIDTH,
    KEY_WIDTH_BYTE
} from "./libraries/VerifyingKeyFormat.sol";

/// @title The verifier of every model, height and width
/// @notice Checks what docs/protocol.md says, in its order and with its names; the step numbers
/// below are those of its "Transcript" section.
/// @dev Everything is computed in memory at the fixed addresses below. Four rules keep the
/// arithmetic short: a value is reduced unless a comment says otherwise; `R` is less than 2^256/5,
/// so a sum of up to five reduced values needs no reduction before it is an operand of `mulmod`; −a
/// is `R − a`; and a − 1 is `a + (R − 1)`.
///
/// Nothing here writes storage, and what is wrong with a proof is only ever an error: checks may
/// come after the arithmetic that uses what they check, as long as they come before the
/// precompiles.
///
/// Loops of fixed length are written out where that saves gas worth having.
contract InferenceVerifier is IInferenceVerifier {
    // -------------------------------------------------------------------------------------- memory

    // The free memory pointer when `verify` starts; were it greater, as with `via_ir`, the compiler
    // would use memory here.
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

    // Running hash ‖ [h] [S] [y] [d] [L].
    uint256 private constant _SECOND = 0x1e0;
    uint256 private constant _SECOND_POINTS = 0x200;

    // Running hash ‖ up to two points; later six words for the inversion; later what it yields; at
    // last the sum of commitments so far ‖ μ.
    uint256 private constant _SCRATCH = 0x360;
    uint256 private constant _SUM = 0x360;
    uint256 private constant _SUM_FACTOR = 0x3a0;
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
    uint256 private constant _SQUARE_AT = 0x660;
    uint256 private constant _ID_AT = 0x680;
    uint256 private constant _KEY_AT = 0x6a0;
    uint256 private constant _VALUE_AT = 0x6c0;
    uint256 private constant _WEIGHTS_AT = 0x6e0;

    // At last: [q] [x] [m] [u] [v] [w] [B] [P] [T_id] [T_key] [T_val] [W_0] … [W_{c−1}], then five
    // words.
    uint256 private constant _COMMITMENTS = 0x420;
    // Once the sum is in the place of [q]: a term, its factor.
    uint256 private constant _TERM = 0x460;
    uint256 private constant _FACTOR = 0x4a0;
    uint256 private constant _FIXED = 0x4e0;
    uint256 private constant _WEIGHTS = 0x6e0;

    // ----------------------------------------------------------------------------------- the proof

    // Offsets of its parts.
    uint256 private constant _PROOF_SECOND = 0xc0;
    uint256 private constant _PROOF_RANDOM = 0x200;
    uint256 private constant _PROOF_QUOTIENT_0 = 0x240;
    uint256 private constant _PROOF_QUOTIENT_1 = 0x280;
    uint256 private constant _PROOF_EVALUATIONS = 0x2c0;
    uint256 private constant _PROOF_BASE_LENGTH = 1536;
    // Evaluations of a proof of width zero, and points.
    uint256 private constant _EVALUATION_COUNT = 22;
    uint256 private constant _POINT_COUNT = 13;
    // Where canonical calldata has the key, the number of public values, and these.
    uint256 private constant _VERIFYING_KEY = 0x04;
    uint256 private constant _PUBLIC_VALUE_COUNT = 0x64;
    uint256 private constant _PUBLIC_VALUES = 0x84;

    // -------------------------------------------------------------------------------------- set-up

    /// @notice The set-up's `[τ]_2` isn't in the group, or is its identity.
    error InvalidSetup();

    uint256 private immutable _TAU_X_IM;
    uint256 private immutable _TAU_X_RE;
    uint256 private immutable _TAU_Y_IM;
    uint256 private immutable _TAU_Y_RE;

    /// @param tau `[τ]_2` of the set-up, imaginary parts first.
    constructor(uint256[4] memory tau) {
        // e([1]_1, [τ]_2) = 1 for the identity alone; the precompile fails for what isn't in the
        // group.
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

    // -------------------------------------------------------------------------------------- verify

    /// @inheritdoc IInferenceVerifier
    function verify(address verifyingKey, uint256[] calldata publicValues, bytes calldata proof) external view {
        (uint256 height, uint256 width, uint256 count) = _readKey(verifyingKey);
        uint256 proofAt;
        bool canonical;
        assembly ("memory-safe") {
            proofAt := add(add(_PUBLIC_VALUES, 0x20), shl(5, count))
            let length := add(_PROOF_BASE_LENGTH, shl(5, width))
            canonical := and(eq(publicValues.length, count), eq(proof.length, length))
            canonical := and(canonical, eq(publicValues.offset, _PUBLIC_VALUES))
            canonical := and(canonical, and(eq(proof.offset, proofAt), eq(calldatasize(), add(proofAt, length))))
        }
        if (!canonical) _revertWithCalldata(publicValues.length, proof.length, count, width);
        // From here on, everything is where canonical calldata has it, and the proof ends with
        // calldata.

        if (!_arePointsValid(proofAt)) _revertWithPoint(proofAt);
        _runTranscript(proofAt, width);
        if (!_interpolateInstance(height)) _revertWithPublicValue(publicValues);
        (uint256 rho, bool valid) = _combineEvaluations(_quotient(width), width);
        if (!valid) _revertWithScalar(width);
        _checkPairing(_combineCommitments(proofAt, width, rho));
    }

    /// @dev Allocates the memory and reads the verifying key's header and vkRepresentation.
    /// @return height k, at most 28
    /// @return width c, from 1 to 64
    /// @return count The number of public values, less than 2^k: further ones would be added to
    /// those at the start.
    function _readKey(address key) private view returns (uint256 height, uint256 width, uint256 count) {
        bool wrong;
        assembly ("memory-safe") {
            let size := extcodesize(key)
            wrong := xor(mload(0x40), _FREE_MEMORY)
            // More than enough, as there are at most 64 weight columns.
            mstore(0x40, add(calldatasize(), 0x1000))
            // The code's first byte goes to the end of the word before the header, where memory is
            // zero.
            extcodecopy(key, sub(_HEADER, 1), 0, 65)
            wrong := or(wrong, mload(sub(_HEADER, 0x20)))

            let header := mload(_HEADER)
            height := byte(KEY_HEIGHT_BYTE, header)
            width := byte(KEY_WIDTH_BYTE, header)
            count := and(shr(KEY_COUNT_SHIFT, header), 0xffff)
            wrong := or(wrong, xor(and(header, KEY_MAGIC_MASK), KEY_MAGIC))
            wrong := or(wrong, xor(size, add(add(KEY_BASE_LENGTH, 1), shl(6, width))))
            wrong := or(wrong, or(gt(height, KEY_MAX_HEIGHT), gt(sub(width, 1), sub(KEY_MAX_WIDTH, 1))))
            wrong := iszero(iszero(or(wrong, or(iszero(count), shr(height, count)))))
        }
        if (wrong) revert NotAVerifyingKey(key);
    }

    // ------------------------------------------------------------------------------------ encoding

    /// @dev Whether the proof's points are canonical, on the curve and not the identity, (0, 0),
    /// which satisfies no equation with a constant term. Precompiles would find out too, and burn
    /// all the gas they are given. Written out, for a loop would cost a third more.
    function _arePointsValid(uint256 proofAt) private pure returns (bool valid) {
        assembly ("memory-safe") {
            let p := BN254_P
            valid := 1
            {
                let x := calldataload(proofAt)
                let y := calldataload(add(proofAt, 0x20))
                let sides := eq(mulmod(y, y, p), addmod(mulmod(mulmod(x, x, p), x, p), 3, p))
                valid := and(and(and(lt(x, p), lt(y, p)), sides), valid)
            }
            {
                let x := calldataload(add(proofAt, 0x40))
                let y := calldataload(add(proofAt, 0x60))
                let sides := eq(mulmod(y, y, p), addmod(mulmod(mulmod(x, x, p), x, p), 3, p))
                valid := and(and(and(lt(x, p), lt(y, p)), sides), valid)
            }
            {
                let x := calldataload(add(proofAt, 0x80))
                let y := calldataload(add(proofAt, 0xa0))
                let sides := eq(mulmod(y, y, p), addmod(mulmod(mulmod(x, x, p), x, p), 3, p))
                valid := and(and(and(lt(x, p), lt(y, p)), sides), valid)
            }
            {
                let x := calldataload(add(proofAt, 0xc0))
                let y := calldataload(add(proofAt, 0xe0))
                let sides := eq(mulmod(y, y, p), addmod(mulmod(mulmod(x, x, p), x, p), 3, p))
                valid := and(and(and(lt(x, p), lt(y, p)), sides), valid)
            }
            {
                let x := calldataload(add(proofAt, 0x100))
                let y := calldataload(add(proofAt, 0x120))
                let sides := eq(mulmod(y, y, p), addmod(mulmod(mulmod(x, x, p), x, p), 3, p))
                valid := and(and(and(lt(x, p), lt(y, p)), sides), valid)
            }
            {
                let x := calldataload(add(proofAt, 0x140))
                let y := calldataload(add(proofAt, 0x160))
                let sides := eq(mulmod(y, y, p), addmod(mulmod(mulmod(x, x, p), x, p), 3, p))
                valid := and(and(and(lt(x, p), lt(y, p)), sides), valid)
            }
            {
                let x := calldataload(add(proofAt, 0x180))
                let y := calldataload(add(proofAt, 0x1a0))
                let sides := eq(mulmod(y, y, p), addmod(mulmod(mulmod(x, x, p), x, p), 3, p))
                valid := and(and(and(lt(x, p), lt(y, p)), sides), valid)
            }
            {
                let x := calldataload(add(proofAt, 0x1c0))
                let y := calldataload(add(proofAt, 0x1e0))
                let sides := eq(mulmod(y, y, p), addmod(mulmod(mulmod(x, x, p), x, p), 3, p))
                valid := and(and(and(lt(x, p), lt(y, p)), sides), valid)
            }
            {
                let x := calldataload(add(proofAt, 0x200))
                let y := calldataload(add(proofAt, 0x220))
                let sides := eq(mulmod(y, y, p), addmod(mulmod(mulmod(x, x, p), x, p), 3, p))
                valid := and(and(and(lt(x, p), lt(y, p)), sides), valid)
            }
            {
                let x := calldataload(add(proofAt, 0x240))
                let y := calldataload(add(proofAt, 0x260))
                let sides := eq(mulmod(y, y, p), addmod(mulmod(mulmod(x, x, p), x, p), 3, p))
                valid := and(and(and(lt(x, p), lt(y, p)), sides), valid)
            }
            {
                let x := calldataload(add(proofAt, 0x280))
                let y := calldataload(add(proofAt, 0x2a0))
                let sides := eq(mulmod(y, y, p), addmod(mulmod(mulmod(x, x, p), x, p), 3, p))
                valid := and(and(and(lt(x, p), lt(y, p)), sides), valid)
            }
            {
                let x := calldataload(sub(calldatasize(), 0x80))
                let y := calldataload(sub(calldatasize(), 0x60))
                let sides := eq(mulmod(y, y, p), addmod(mulmod(mulmod(x, x, p), x, p), 3, p))
                valid := and(and(and(lt(x, p), lt(y, p)), sides), valid)
            }
            {
                let x := calldataload(sub(calldatasize(), 0x40))
                let y := calldataload(sub(calldatasize(), 0x20))
                let sides := eq(mulmod(y, y, p), addmod(mulmod(mulmod(x, x, p), x, p), 3, p))
                valid := and(and(and(lt(x, p), lt(y, p)), sides), valid)
            }
        }
    }

    /// @dev Says what is wrong with the first wrong point.
    function _revertWithPoint(uint256 proofAt) private pure {
        unchecked {
            for (uint256 i = 0; i < _POINT_COUNT; ++i) {
                uint256 point = i < _POINT_COUNT - 2 ? proofAt + 64 * i : msg.data.length - 64 * (_POINT_COUNT - i);
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

    /// @dev Says what is wrong with the encoding of the arguments.
    function _revertWithCalldata(uint256 count, uint256 length, uint256 expectedCount, uint256 width) private pure {
        if (count != expectedCount) revert WrongPublicValueCount(expectedCount, count);
        uint256 expectedLength = _PROOF_BASE_LENGTH + 32 * width;
        if (length != expectedLength) revert WrongProofLength(expectedLength, length);
        revert NonCanonicalCalldata();
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

    // ---------------------------------------------------------------------------------- transcript

    /// @dev Draws the challenges. Each hash goes to the word before what is absorbed next, so
    /// nothing is copied twice. Fills [h] … [L] and the evaluations.
    function _runTranscript(uint256 proofAt, uint256 width) private pure {
        assembly ("memory-safe") {
            // Steps 1 to 3. The byte after the hash is for squeezes without anything absorbed in
            // between.
            {
                let size := shl(5, calldataload(_PUBLIC_VALUE_COUNT))
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

    // ------------------------------------------------------------------------ scalars of the proof

    /// @dev Computes the powers of x, the instance polynomial at x, and every inverse that is
    /// needed, with one inversion.
    /// @return canonical Whether all public values are
    function _interpolateInstance(uint256 height) private view returns (bool canonical) {
        uint256 product;
        bool inverted;
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

            // I = (x^n − 1)/n · Σ_i words_i/(ω^{−i}x − 1). The sum is kept as a fraction,
            // numerator/denominator, which needs neither memory nor an inversion per word. `z` is
            // ω^{−i}x; the numerator is less than 2R. If z were 0, `z − 1` would be wrong, but then
            // x = 0 and the product below is 0.
            let numerator := 0
            let denominator := 1
            let z := mload(_X)
            canonical := 1
            for {
                let at := _PUBLIC_VALUES
                let end := add(_PUBLIC_VALUES, shl(5, calldataload(_PUBLIC_VALUE_COUNT)))
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
            let x := mload(_X)
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
            mstore(_X_TO_N, vanishing)
            vanishing := add(vanishing, BN254_R_MINUS_1)

            // x − ω⁻¹x and t − ω⁻¹x, not reduced
            let previous := mulmod(x, root, BN254_R)
            let gap := add(x, sub(BN254_R, previous))
            let distance := add(mload(_T), sub(BN254_R, previous))

            // The product of all that is to be inverted, and its inverse by Fermat's little
            // theorem.
            let two := mulmod(distance, gap, BN254_R)
            let three := mulmod(two, vanishing, BN254_R)
            product := mulmod(three, denominator, BN254_R)
            mstore(_SCRATCH, 0x20)
            mstore(add(_SCRATCH, 0x20), 0x20)
            mstore(add(_SCRATCH, 0x40), 0x20)
            mstore(add(_SCRATCH, 0x60), product)
            mstore(add(_SCRATCH, 0x80), BN254_R_MINUS_2)
            mstore(add(_SCRATCH, 0xa0), BN254_R)
            pop(staticcall(gas(), 5, _SCRATCH, 0xc0, 0, 0x20))
            let inverse := mload(0)
            inverted := eq(mulmod(inverse, product, BN254_R), 1)

            // Unwound: 1/denominator, 1/(x^n − 1), 1/(x − ω⁻¹x), D = 1/(t − ω⁻¹x).
            mstore(_INSTANCE, mulmod(mulmod(numerator, vanishing, BN254_R), mulmod(inverse, three, BN254_R), BN254_R))
            inverse := mulmod(inverse, denominator, BN254_R)
            mstore(_VANISHING_INVERSE, mulmod(inverse, two, BN254_R))
            inverse := mulmod(inverse, vanishing, BN254_R)
            mstore(_GAP_INVERSE, mulmod(inverse, distance, BN254_R))
            mstore(_D, mulmod(inverse, gap, BN254_R))
        }
        if (!inverted) {
            if (product == 0) revert EvaluationPointInDomain();
            revert PrecompileFailed();
        }
    }

    /// @dev The quotient polynomial at x: the gates, folded, over x^n − 1. See "Gates".
    function _quotient(uint256 width) private pure returns (uint256 value) {
        assembly ("memory-safe") {
            let sigma := addmod(add(mload(_U_AT), mload(_V_AT)), mload(_W_AT), BN254_R)
            let edge := mulmod(mload(_V_AT), mload(_W_AT), BN254_R)
            // 2·on(Level) = w(w−1)
            let level2 := mulmod(mload(_W_AT), add(mload(_W_AT), BN254_R_MINUS_1), BN254_R)
            let active
            let channel
            // on(Shift)·(s−1)
            let stretch
            // What the protocol calls Y
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
                stretch := mulmod(mulmod(u, v, BN254_R), add(mload(_S), BN254_R_MINUS_1), BN254_R)
                factor := add(factor, stretch)
                factor := add(
                    factor,
                    mulmod(mulmod(u, mload(_W_AT), BN254_R), add(mload(_G), BN254_R_MINUS_1), BN254_R)
                )
                value := add(value, sub(BN254_R, mulmod(factor, mload(_H_PREVIOUS), BN254_R)))
            }

            // 2  active·S − (active − opens + on(Shift)(s−1))·S' − opens
            {
                let minusOpens := sub(BN254_R, addmod(add(channel, edge), mulmod(level2, BN254_HALF, BN254_R), BN254_R))
                let factor := add(add(active, minusOpens), stretch)
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

            // 7  (L − L')·entry·lookedUp − (1 − P)·entry + m·σ·lookedUp
            //      = ((L − L')·entry + m·σ)·lookedUp + (P − 1)·entry, with
            //    entry = α·σ + θ·(θ·T_id + T_val) + T_key, lookedUp = α + θ·(θ·B + x) + q
            {
                let theta := mload(_THETA)
                let alpha := mload(_ALPHA)
                let entry := mulmod(theta, add(mulmod(theta, mload(_ID_AT), BN254_R), mload(_VALUE_AT)), BN254_R)
                entry := add(add(entry, mload(_KEY_AT)), mulmod(alpha, sigma, BN254_R))
                let lookedUp := mulmod(theta, add(mulmod(theta, mload(_REGION_AT), BN254_R), mload(_X_AT)), BN254_R)
                lookedUp := add(add(lookedUp, mload(_Q_AT)), alpha)
                let factor := mulmod(add(mload(_L_AT), sub(BN254_R, mload(_L_PREVIOUS))), entry, BN254_R)
                factor := add(factor, mulmod(mload(_M_AT), sigma, BN254_R))
                value := add(mulmod(value, y, BN254_R), mulmod(factor, lookedUp, BN254_R))
                value := add(value, mulmod(add(mload(_SQUARE_AT), BN254_R_MINUS_1), entry, BN254_R))
            }

            // 8  P·(x − q²)
            {
                let q := mload(_Q_AT)
                let factor := add(mload(_X_AT), sub(BN254_R, mulmod(q, q, BN254_R)))
                value := add(mulmod(value, y, BN254_R), mulmod(mload(_SQUARE_AT), factor, BN254_R))
            }
            value := mulmod(value, mload(_VANISHING_INVERSE), BN254_R)
        }
    }

    /// @dev The claimed evaluation of F: ρ = Σ_i μ^i·C_i(x) over set 0 + ν·D·Σ_i μ^i·R_i(t) over
    /// set 1. By Horner's rule, so from the last commitment to the first.
    /// @return rho ρ
    /// @return canonical Whether all evaluations of the proof are
    function _combineEvaluations(uint256 quotient, uint256 width) private pure returns (uint256 rho, bool canonical) {
        assembly ("memory-safe") {
            // The random polynomial's evaluation.
            let last := add(_WEIGHTS_AT, shl(5, width))
            canonical := and(lt(mload(last), BN254_R), lt(mload(_VALUE_AT), BN254_R))
            canonical := and(canonical, and(lt(mload(_Q_AT), BN254_R), lt(mload(_X_AT), BN254_R)))
            canonical := and(canonical, and(lt(mload(_M_AT), BN254_R), lt(mload(_H_AT), BN254_R)))
            canonical := and(canonical, and(lt(mload(_S_AT), BN254_R), lt(mload(_Y_AT), BN254_R)))
            canonical := and(canonical, and(lt(mload(_D_AT), BN254_R), lt(mload(_L_AT), BN254_R)))
            canonical := and(canonical, and(lt(mload(_H_PREVIOUS), BN254_R), lt(mload(_S_PREVIOUS), BN254_R)))
            canonical := and(canonical, and(lt(mload(_Y_PREVIOUS), BN254_R), lt(mload(_D_PREVIOUS), BN254_R)))
            canonical := and(canonical, and(lt(mload(_L_PREVIOUS), BN254_R), lt(mload(_U_AT), BN254_R)))
            canonical := and(canonical, and(lt(mload(_V_AT), BN254_R), lt(mload(_W_AT), BN254_R)))
            canonical := and(canonical, and(lt(mload(_REGION_AT), BN254_R), lt(mload(_SQUARE_AT), BN254_R)))
            canonical := and(canonical, and(lt(mload(_ID_AT), BN254_R), lt(mload(_KEY_AT), BN254_R)))

            // Set 0: Z, H, fixed columns, m x q. The sums here are less than 2R.
            let mu := mload(_MU)
            rho := add(mulmod(mload(last), mu, BN254_R), quotient)
            for { let at := sub(last, 0x20) } gt(at, _VALUE_AT) { at := sub(at, 0x20) } {
                rho := add(mulmod(rho, mu, BN254_R), mload(at))
                canonical := and(canonical, lt(mload(at), BN254_R))
            }
            rho := add(mulmod(rho, mu, BN254_R), mload(_VALUE_AT))
            rho := add(mulmod(rho, mu, BN254_R), mload(_KEY_AT))
            rho := add(mulmod(rho, mu, BN254_R), mload(_ID_AT))
            rho := add(mulmod(rho, mu, BN254_R), mload(_SQUARE_AT))
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

    // --------------------------------------------------------------------------------- commitments

    /// @dev A = F − ρ·[1]_1 − (t−x)·[Q] + t·[Q'], left in the place of [q], with
    /// F = Σ_i μ^i·[C_i] over set 0 + ν·D·Σ_i μ^i·[C_i] over set 1.
    ///
    /// Both sums by Horner's rule, from the last commitment to the first: all factors are μ, and
    /// the commitments needn't be moved. With the sum so far before μ, their product goes to the
    /// place after commitment i, which isn't needed any more, and (commitment i, product) is the
    /// addition's input, whose output is the new sum. Arguments are evaluated from the last to the
    /// first, so the inner call, the multiplication, comes first.
    /// @return ok Whether no precompile failed
    function _combineCommitments(uint256 proofAt, uint256 width, uint256 rho) private view returns (bool ok) {
        assembly ("memory-safe") {
            calldatacopy(_COMMITMENTS, proofAt, 0xc0)
            let last := shl(6, width)
            extcodecopy(calldataload(_VERIFYING_KEY), _FIXED, 65, add(last, sub(_WEIGHTS, _FIXED)))
            last := add(last, _WEIGHTS)

            // Set 0: μ·[Z] + [H], where [H] = [H_0] + x^n·[H_1], then the columns, from [W_{c−1}]
            // to [q].
            mstore(_SUM_FACTOR, mload(_MU))
            calldatacopy(_SUM, add(proofAt, _PROOF_RANDOM), 0x40)
            {
                let term := add(last, 0x40)
                calldatacopy(last, add(proofAt, _PROOF_QUOTIENT_0), 0x40)
                ok := staticcall(gas(), 7, _SUM, 0x60, term, 0x40)
                ok := and(staticcall(gas(), 6, last, 0x80, last, 0x40), ok)
                calldatacopy(term, add(proofAt, _PROOF_QUOTIENT_1), 0x40)
                mstore(add(last, 0x80), mload(_X_TO_N))
                ok := and(staticcall(gas(), 7, term, 0x60, term, 0x40), ok)
                ok := and(staticcall(gas(), 6, last, 0x80, _SUM, 0x40), ok)
            }
            for { } gt(last, _WEIGHTS) { } {
                ok := and(staticcall(gas(), 7, _SUM, 0x60, last, 0x40), ok)
                last := sub(last, 0x40)
                ok := and(staticcall(gas(), 6, last, 0x80, _SUM, 0x40), ok)
            }
            // [T_val]
            ok := and(
                staticcall(gas(), 6, add(_COMMITMENTS, 0x280), 0x80, _SUM, 0x40),
                and(staticcall(gas(), 7, _SUM, 0x60, add(_COMMITMENTS, 0x2c0), 0x40), ok)
            )
            // [T_key]
            ok := and(
                staticcall(gas(), 6, add(_COMMITMENTS, 0x240), 0x80, _SUM, 0x40),
                and(staticcall(gas(), 7, _SUM, 0x60, add(_COMMITMENTS, 0x280), 0x40), ok)
            )
            // [T_id]
            ok := and(
                staticcall(gas(), 6, add(_COMMITMENTS, 0x200), 0x80, _SUM, 0x40),
                and(staticcall(gas(), 7, _SUM, 0x60, add(_COMMITMENTS, 0x240), 0x40), ok)
            )
            // [P]
            ok := and(
                staticcall(gas(), 6, add(_COMMITMENTS, 0x1c0), 0x80, _SUM, 0x40),
                and(staticcall(gas(), 7, _SUM, 0x60, add(_COMMITMENTS, 0x200), 0x40), ok)
            )
            // [B]
            ok := and(
                staticcall(gas(), 6, add(_COMMITMENTS, 0x180), 0x80, _SUM, 0x40),
                and(staticcall(gas(), 7, _SUM, 0x60, add(_COMMITMENTS, 0x1c0), 0x40), ok)
            )
            // [w]
            ok := and(
                staticcall(gas(), 6, add(_COMMITMENTS, 0x140), 0x80, _SUM, 0x40),
                and(staticcall(gas(), 7, _SUM, 0x60, add(_COMMITMENTS, 0x180), 0x40), ok)
            )
            // [v]
            ok := and(
                staticcall(gas(), 6, add(_COMMITMENTS, 0x100), 0x80, _SUM, 0x40),
                and(staticcall(gas(), 7, _SUM, 0x60, add(_COMMITMENTS, 0x140), 0x40), ok)
            )
            // [u]
            ok := and(
                staticcall(gas(), 6, add(_COMMITMENTS, 0xc0), 0x80, _SUM, 0x40),
                and(staticcall(gas(), 7, _SUM, 0x60, add(_COMMITMENTS, 0x100), 0x40), ok)
            )
            // [m]
            ok := and(
                staticcall(gas(), 6, add(_COMMITMENTS, 0x80), 0x80, _SUM, 0x40),
                and(staticcall(gas(), 7, _SUM, 0x60, add(_COMMITMENTS, 0xc0), 0x40), ok)
            )
            // [x]
            ok := and(
                staticcall(gas(), 6, add(_COMMITMENTS, 0x40), 0x80, _SUM, 0x40),
                and(staticcall(gas(), 7, _SUM, 0x60, add(_COMMITMENTS, 0x80), 0x40), ok)
            )
            // [q]
            ok := and(
                staticcall(gas(), 6, _COMMITMENTS, 0x80, _COMMITMENTS, 0x40),
                and(staticcall(gas(), 7, _SUM, 0x60, add(_COMMITMENTS, 0x40), 0x40), ok)
            )

            // Set 1, from [L] to [h].
            mcopy(_SUM, add(_SECOND_POINTS, 0x100), 0x40)
            // [d]
            ok := and(
                staticcall(gas(), 6, add(_SECOND_POINTS, 0xc0), 0x80, _SUM, 0x40),
                and(staticcall(gas(), 7, _SUM, 0x60, add(_SECOND_POINTS, 0x100), 0x40), ok)
            )
            // [y]
            ok := and(
                staticcall(gas(), 6, add(_SECOND_POINTS, 0x80), 0x80, _SUM, 0x40),
                and(staticcall(gas(), 7, _SUM, 0x60, add(_SECOND_POINTS, 0xc0), 0x40), ok)
            )
            // [S]
            ok := and(
                staticcall(gas(), 6, add(_SECOND_POINTS, 0x40), 0x80, _SUM, 0x40),
                and(staticcall(gas(), 7, _SUM, 0x60, add(_SECOND_POINTS, 0x80), 0x40), ok)
            )
            // [h]
            ok := and(
                staticcall(gas(), 6, _SECOND_POINTS, 0x80, _TERM, 0x40),
                and(staticcall(gas(), 7, _SUM, 0x60, add(_SECOND_POINTS, 0x40), 0x40), ok)
            )

            // The rest of A: a term and its factor after the sum. Set 1 is there, times ν·D,
            mstore(_FACTOR, mulmod(mload(_NU), mload(_D), BN254_R))
            ok := and(
                staticcall(gas(), 6, _COMMITMENTS, 0x80, _COMMITMENTS, 0x40),
                and(staticcall(gas(), 7, _TERM, 0x60, _TERM, 0x40), ok)
            )
            // −ρ·[1]_1,
            mstore(_TERM, 1)
            mstore(add(_TERM, 0x20), 2)
            mstore(_FACTOR, sub(BN254_R, rho))
            ok := and(
                staticcall(gas(), 6, _COMMITMENTS, 0x80, _COMMITMENTS, 0x40),
                and(staticcall(gas(), 7, _TERM, 0x60, _TERM, 0x40), ok)
            )
            // (x−t)·[Q],
            calldatacopy(_TERM, sub(calldatasize(), 0x80), 0x40)
            mstore(_FACTOR, add(mload(_X), sub(BN254_R, mload(_T))))
            ok := and(
                staticcall(gas(), 6, _COMMITMENTS, 0x80, _COMMITMENTS, 0x40),
                and(staticcall(gas(), 7, _TERM, 0x60, _TERM, 0x40), ok)
            )
            // t·[Q'].
            calldatacopy(_TERM, sub(calldatasize(), 0x40), 0x40)
            mstore(_FACTOR, mload(_T))
            ok := and(
                staticcall(gas(), 6, _COMMITMENTS, 0x80, _COMMITMENTS, 0x40),
                and(staticcall(gas(), 7, _TERM, 0x60, _TERM, 0x40), ok)
            )
        }
    }

    /// @dev e(A, −[1]_2)·e([Q'], [τ]_2) = 1, with A in the place of [q].
    function _checkPairing(bool ok) private view {
        (uint256 xIm, uint256 xRe, uint256 yIm, uint256 yRe) = (_TAU_X_IM, _TAU_X_RE, _TAU_Y_IM, _TAU_Y_RE);
        bool accepted;
        assembly ("memory-safe") {
            mstore(add(_COMMITMENTS, 0x40), BN254_NEG_G2_X_IM)
            mstore(add(_COMMITMENTS, 0x60), BN254_NEG_G2_X_RE)
            mstore(add(_COMMITMENTS, 0x80), BN254_NEG_G2_Y_IM)
            mstore(add(_COMMITMENTS, 0xa0), BN254_NEG_G2_Y_RE)
            calldatacopy(add(_COMMITMENTS, 0xc0), sub(calldatasize(), 0x40), 0x40)
            mstore(add(_COMMITMENTS, 0x100), xIm)
            mstore(add(_COMMITMENTS, 0x120), xRe)
            mstore(add(_COMMITMENTS, 0x140), yIm)
            mstore(add(_COMMITMENTS, 0x160), yRe)
            // What is not written must not be taken for a yes.
            mstore(0, 0)
            ok := and(staticcall(gas(), 8, _COMMITMENTS, 0x180, 0, 0x20), ok)
            accepted := eq(mload(0), 1)
        }
        if (!ok) revert PrecompileFailed();
        if (!accepted) revert ProofRejected();
    }
}
