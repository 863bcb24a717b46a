// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity ^0.8.24;

import { IVerifyingKeys } from "../interfaces/IVerifyingKeys.sol";
import { BN254_P } from "./Bn254.sol";
import {
    KEY_COUNT_SHIFT,
    KEY_HEADER_LENGTH,
    KEY_HEIGHT_BYTE,
    KEY_HIDDEN_BYTE,
    KEY_MAGIC,
    KEY_MAGIC_MASK,
    KEY_MAGIC_SHIFT,
    KEY_MAX_HEIGHT,
    KEY_MAX_WIDTH,
    KEY_MIN_LENGTH,
    KEY_PACKS,
    KEY_PACK_BYTE,
    KEY_PUBLIC_COLUMNS,
    KEY_WIDTH_BYTE
} from "./VerifyingKeyFormat.sol";

/// @title What every verifying key must be
/// @notice The publisher asks this of what it publishes, and the registry of what it indexes, for
/// anyone can make an account without the publisher. The verifier reads points of the key without a
/// look at them, and a precompile that is given one off the curve burns all the gas it was given:
/// 63 of 64 parts of the transaction's.
library VerifyingKeyCheck {
    /// @notice Whether the bytes begin like a key of `InferenceVerifier`: with its magic and its
    /// version. It refuses all others, at once.
    function isOwn(bytes memory key) internal pure returns (bool) {
        return key.length >= 32 && _word(key, 0) >> KEY_MAGIC_SHIFT == KEY_MAGIC >> KEY_MAGIC_SHIFT;
    }

    /// @notice Reverts unless `key` is encoded as `VerifyingKeyFormat` says: the header is one, the
    /// length the header's, and every commitment on the curve, or the identity, as that of a pack of
    /// columns of zeros is.
    /// @return height k: the circuit has 2^k rows.
    /// @return width The number of weight columns.
    function check(bytes memory key) internal pure returns (uint256 height, uint256 width) {
        if (key.length < KEY_MIN_LENGTH) revert IVerifyingKeys.WrongKeyLength(KEY_MIN_LENGTH, key.length);
        uint256 header = _word(key, 0);
        (height, width) = (uint8(key[KEY_HEIGHT_BYTE]), uint8(key[KEY_WIDTH_BYTE]));
        uint256 pack = uint8(key[KEY_PACK_BYTE]);
        uint256 count = (header >> KEY_COUNT_SHIFT) & 0xffff;
        if (
            header & KEY_MAGIC_MASK != KEY_MAGIC || height > KEY_MAX_HEIGHT || width == 0 || width > KEY_MAX_WIDTH
                || (KEY_PACKS >> pack) & 1 == 0 || uint8(key[KEY_HIDDEN_BYTE]) > 1 || count == 0 || count >= 1 << height
        ) revert IVerifyingKeys.InvalidHeader();
        uint256 packs = KEY_PUBLIC_COLUMNS / pack + (width + pack - 1) / pack;
        uint256 length = KEY_HEADER_LENGTH + 64 * packs;
        if (key.length != length) revert IVerifyingKeys.WrongKeyLength(length, key.length);

        for (uint256 i = 0; i < packs; ++i) {
            uint256 offset = KEY_HEADER_LENGTH + 64 * i;
            (uint256 x, uint256 y) = (_word(key, offset), _word(key, offset + 32));
            if (x >= BN254_P || y >= BN254_P) revert IVerifyingKeys.CommitmentNotCanonical(i);
            uint256 cube = mulmod(mulmod(x, x, BN254_P), x, BN254_P);
            if (mulmod(y, y, BN254_P) != addmod(cube, 3, BN254_P) && (x | y) != 0) {
                revert IVerifyingKeys.CommitmentNotOnCurve(i);
            }
        }
    }

    /// @dev The word at an offset that is within the key.
    function _word(bytes memory key, uint256 offset) private pure returns (uint256 word) {
        assembly ("memory-safe") {
            word := mload(add(add(key, 0x20), offset))
        }
    }
}
