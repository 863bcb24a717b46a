// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity 0.8.37;

import { IInferenceVerifier } from "./interfaces/IInferenceVerifier.sol";
import {
    BN254_NEG_G2_X_IM,
    BN254_NEG_G2_X_RE,
    BN254_NEG_G2_Y_IM,
    BN254_NEG_G2_Y_RE,
    BN254_R
} from "./libraries/Bn254.sol";
import { DevelopmentSetup } from "./libraries/DevelopmentSetup.sol";
import { ProofDomain } from "./libraries/ProofDomain.sol";
import { ProofGates } from "./libraries/ProofGates.sol";
import {
    MEM_COUNT,
    MEM_FIXED,
    MEM_KEY,
    MEM_OPENING_IN,
    MEM_PUBLIC_SIZE,
    MEM_SUM,
    MEM_WEIGHTS_SIZE
} from "./libraries/ProofMemory.sol";
import { ProofOpening } from "./libraries/ProofOpening.sol";
import { ProofPoints } from "./libraries/ProofPoints.sol";
import { ProofShape } from "./libraries/ProofShape.sol";
import { ProofTranscript } from "./libraries/ProofTranscript.sol";

/// @title The verifier of every model, height, width and size of packs
/// @notice Checks what docs/protocol.md says, with its names.
/// @dev Its parts are libraries, whose functions work on the memory that `ProofMemory` lays out:
/// where a proof's parts are (`ProofShape`), its points (`ProofPoints`), its challenges
/// (`ProofTranscript`), what follows from these alone (`ProofDomain`), the gates (`ProofGates`) and
/// what is left then (`ProofOpening`). Where a key's bytes come from is for two functions alone to
/// know, which `PinnedKeyVerifier` overrides.
contract InferenceVerifier is IInferenceVerifier {
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
        (bool ours,) = ProofShape.allocate(0);
        if (!ours) revert NotAVerifyingKey(verifyingKey);
        // Where canonical calldata has the context, and where it has the proof.
        uint256 valuesIn = 0x84;
        uint256 proofIn = valuesIn + 0x20 * publicValues.length + 0x20;
        uint256 end = _locate(verifyingKey, valuesIn, publicValues.length, proofIn, proof.length);
        bool canonical;
        assembly ("memory-safe") {
            canonical := and(eq(publicValues.offset, valuesIn), eq(proof.offset, proofIn))
            canonical := and(canonical, eq(calldatasize(), end))
        }
        if (!canonical) revert NonCanonicalCalldata();

        (uint256 rho, bool ok) = _reduce();
        uint256 x;
        uint256 y;
        assembly ("memory-safe") {
            x := calldataload(sub(end, 0x40))
            y := calldataload(sub(end, 0x20))
        }
        _checkPairing(ok, rho, x, y);
    }

    /// @inheritdoc IInferenceVerifier
    /// @dev A proof of number i leaves A_i and B_i = [Q'_i], and is right if
    /// d_i = log A_i − τ·log B_i is zero. What is checked is Σ_i δ^i·d_i = 0, where δ is a hash of
    /// digests of all proofs' transcripts, each to its end, so of all that the d_i follow from: keys,
    /// public values and every byte of every proof. If some d_i isn't zero, this is a polynomial in δ
    /// of a degree below the number m of proofs which isn't zero either, and δ is one of its roots
    /// with a probability below m/R.
    function verifyMany(address[] calldata verifyingKeys, uint256[][] calldata publicValues, bytes[] calldata proofs)
        external
        view
    {
        uint256 many = verifyingKeys.length;
        if (many == 0) revert NoProofs();
        if (publicValues.length != many || proofs.length != many) {
            revert ListLengthsDiffer(many, publicValues.length, proofs.length);
        }
        (bool ours, uint256 left) = ProofShape.allocate(0xc0 * many);
        if (!ours) revert NotAVerifyingKey(verifyingKeys[0]);
        uint256 valuesIn;
        uint256 proofsIn;
        bool canonical;
        assembly ("memory-safe") {
            valuesIn := publicValues.offset
            proofsIn := proofs.offset
            canonical := and(eq(verifyingKeys.offset, 0x84), eq(valuesIn, add(0xa4, shl(5, many))))
        }
        if (!canonical) revert NonCanonicalCalldata();
        bool ok = _reduceAll(verifyingKeys, valuesIn, proofsIn, left);
        _checkSum(ok, left, many);
    }

    // --------------------------------------------------------------------------------------- parts

    /// @dev Reads the key, says where the proof's parts are, and reverts unless the numbers of public
    /// values and of bytes are the key's.
    /// @param valuesIn Where in calldata the context is
    /// @param proofIn Where in calldata the proof begins
    /// @return end Where it ends
    function _locate(address key, uint256 valuesIn, uint256 count, uint256 proofIn, uint256 length)
        private
        view
        returns (uint256 end)
    {
        uint256 begin = _readKey(key, proofIn);
        uint256 expected;
        assembly ("memory-safe") {
            expected := mload(MEM_COUNT)
        }
        if (count != expected) revert WrongPublicValueCount(expected, count);
        end = ProofShape.locate(valuesIn, begin);
        unchecked {
            if (end - proofIn != length) revert WrongProofLength(end - proofIn, length);
        }
    }

    /// @dev Reads the key.
    /// @param proofIn Where in calldata the bytes begin that came as the proof
    /// @return Where the proof itself does
    function _readKey(address key, uint256 proofIn) internal view virtual returns (uint256) {
        ProofShape.read(key);
        return proofIn;
    }

    /// @dev Copies the commitments of the key that was read to their place.
    function _copyKey() internal view virtual {
        assembly ("memory-safe") {
            extcodecopy(mload(MEM_KEY), MEM_FIXED, 33, add(mload(MEM_PUBLIC_SIZE), mload(MEM_WEIGHTS_SIZE)))
        }
    }

    /// @dev What is left of a proof: A + ρ·[1]_1, which is the sum afterwards, and ρ. The proof is
    /// right if e(A, [1]_2) = e([Q'], [τ]_2).
    /// @return rho ρ
    /// @return ok Whether no precompile failed
    function _reduce() private view returns (uint256 rho, bool ok) {
        ProofPoints.check();
        ProofTranscript.run();
        ProofDomain.evaluate();
        rho = ProofOpening.value(ProofGates.fold());
        _copyKey();
        ok = ProofOpening.commitment();
    }

    /// @dev Leaves [A_0] … ‖ [B_0] … ‖ digests ‖ ρ_0 … at `left`. Of both lists, offsets are relative
    /// to where they begin, and the first element follows them.
    /// @param valuesIn Where in calldata the offsets of the public values begin
    /// @param proofsIn Where in calldata those of the proofs do
    /// @return ok Whether no precompile failed
    function _reduceAll(address[] calldata keys, uint256 valuesIn, uint256 proofsIn, uint256 left)
        private
        view
        returns (bool ok)
    {
        uint256 valuesAt = valuesIn + 0x20 * keys.length;
        uint256 proofAt = proofsIn + 0x20 * keys.length;
        ok = true;
        for (uint256 i = 0; i < keys.length; ++i) {
            uint256 count = _lengthAt(valuesIn, i, valuesAt);
            uint256 length = _lengthAt(proofsIn, i, proofAt);
            proofAt = _locate(keys[i], valuesAt + 0x20, count, proofAt + 0x20, length);
            valuesAt += 0x20 + 0x20 * count;
            ok = _keep(left, i, keys.length) && ok;
        }
        if (valuesAt + 0x20 != proofsIn || proofAt != msg.data.length) revert NonCanonicalCalldata();
    }

    /// @dev The length of a list's element, which must be at `position`.
    /// @param listIn Where in calldata the list's offsets begin
    function _lengthAt(uint256 listIn, uint256 index, uint256 position) private pure returns (uint256 length) {
        bool canonical;
        assembly ("memory-safe") {
            canonical := eq(add(listIn, calldataload(add(listIn, shl(5, index)))), position)
            length := calldataload(position)
        }
        if (!canonical) revert NonCanonicalCalldata();
    }

    /// @dev Keeps what is left of proof number `index`.
    function _keep(uint256 left, uint256 index, uint256 many) private view returns (bool) {
        (uint256 rho, bool ok) = _reduce();
        uint256 place;
        assembly ("memory-safe") {
            place := add(left, shl(6, index))
            mcopy(place, MEM_SUM, 0x40)
            place := add(place, shl(6, many))
            calldatacopy(place, add(mload(MEM_OPENING_IN), 0x40), 0x40)
        }
        // In the place of the sum.
        bytes32 digest = ProofTranscript.digest();
        assembly ("memory-safe") {
            place := add(add(left, shl(7, many)), shl(5, index))
            mstore(place, digest)
            mstore(add(place, shl(5, many)), rho)
        }
        return ok;
    }

    /// @dev The pairing for Σ_i δ^i·A_i and Σ_i δ^i·B_i.
    function _checkSum(bool ok, uint256 left, uint256 many) private view {
        uint256 rho = 0;
        uint256 delta;
        uint256 middle;
        uint256 last;
        assembly ("memory-safe") {
            middle := add(left, shl(6, many))
            last := sub(add(middle, shl(6, many)), 0x40)
            let digests := add(last, 0x40)
            let size := shl(5, many)
            delta := mod(keccak256(digests, size), BN254_R)
            for { let place := add(digests, shl(1, size)) } gt(place, add(digests, size)) { } {
                place := sub(place, 0x20)
                rho := addmod(mulmod(rho, delta, BN254_R), mload(place), BN254_R)
            }
            mcopy(MEM_SUM, last, 0x40)
        }
        ok = ProofPoints.descend(last, middle, delta) && ok;
        uint256 x;
        uint256 y;
        assembly ("memory-safe") {
            x := mload(MEM_SUM)
            y := mload(add(MEM_SUM, 0x20))
            last := sub(middle, 0x40)
            mcopy(MEM_SUM, last, 0x40)
        }
        ok = ProofPoints.descend(last, left, delta) && ok;
        _checkPairing(ok, rho, x, y);
    }

    /// @dev e(sum − ρ·[1]_1, −[1]_2)·e((x, y), [τ]_2) = 1.
    function _checkPairing(bool ok, uint256 rho, uint256 x, uint256 y) private view {
        ok = ProofPoints.add(1, 2, BN254_R - rho) && ok;
        (uint256 xIm, uint256 xRe, uint256 yIm, uint256 yRe) = (_TAU_X_IM, _TAU_X_RE, _TAU_Y_IM, _TAU_Y_RE);
        bool accepted;
        assembly ("memory-safe") {
            mstore(add(MEM_SUM, 0x40), BN254_NEG_G2_X_IM)
            mstore(add(MEM_SUM, 0x60), BN254_NEG_G2_X_RE)
            mstore(add(MEM_SUM, 0x80), BN254_NEG_G2_Y_IM)
            mstore(add(MEM_SUM, 0xa0), BN254_NEG_G2_Y_RE)
            mstore(add(MEM_SUM, 0xc0), x)
            mstore(add(MEM_SUM, 0xe0), y)
            mstore(add(MEM_SUM, 0x100), xIm)
            mstore(add(MEM_SUM, 0x120), xRe)
            mstore(add(MEM_SUM, 0x140), yIm)
            mstore(add(MEM_SUM, 0x160), yRe)
            // What is not written must not be taken for a yes.
            mstore(0, 0)
            ok := and(staticcall(gas(), 8, MEM_SUM, 0x180, 0, 0x20), ok)
            accepted := eq(mload(0), 1)
        }
        if (!ok) revert PrecompileFailed();
        if (!accepted) revert ProofRejected();
    }
}
