// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity 0.8.37;

import { IVerifyingKeys } from "./interfaces/IVerifyingKeys.sol";
import { BN254_P, BN254_R } from "./libraries/Bn254.sol";
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

/// @title The publisher of verifying keys
contract VerifyingKeys is IVerifyingKeys {
    /// @dev Returns what follows it: PUSH2 length, DUP1, PUSH1 10, PUSH0, CODECOPY, PUSH0, RETURN.
    uint256 private constant _INIT_CODE_LENGTH = 10;

    /// @inheritdoc IVerifyingKeys
    function publish(bytes calldata key) external returns (address account) {
        bytes memory initCode = _initCode(key);
        account = _create2Address(initCode);
        if (account.code.length != 0) return account;

        (uint256 height, uint256 width) = _check(key);
        address created;
        assembly ("memory-safe") {
            created := create2(0, add(initCode, 0x20), mload(initCode), 0)
        }
        if (created != account) revert PublicationFailed();
        // forge-lint: disable-next-line(unsafe-typecast)
        emit VerifyingKeyPublished(account, keccak256(key), uint8(height), uint8(width));
    }

    /// @inheritdoc IVerifyingKeys
    function addressOf(bytes calldata key) external view returns (address) {
        return _create2Address(_initCode(key));
    }

    /// @dev Code that puts STOP ‖ `key` at an account.
    function _initCode(bytes calldata key) private pure returns (bytes memory) {
        // Greater keys are too long for their header, and for an account.
        if (key.length > KEY_BASE_LENGTH + 64 * KEY_MAX_WIDTH) {
            revert WrongKeyLength(KEY_BASE_LENGTH + 64 * KEY_MAX_WIDTH, key.length);
        }
        // forge-lint: disable-next-line(unsafe-typecast)
        uint16 length = uint16(key.length + 1);
        return abi.encodePacked(hex"61", length, hex"8060", uint8(_INIT_CODE_LENGTH), hex"5f395ff3", hex"00", key);
    }

    function _create2Address(bytes memory initCode) private view returns (address) {
        bytes32 hash = keccak256(abi.encodePacked(hex"ff", address(this), bytes32(0), keccak256(initCode)));
        return address(uint160(uint256(hash)));
    }

    /// @dev Reverts unless `key` is encoded as `VerifyingKeyFormat` says.
    function _check(bytes calldata key) private pure returns (uint256 height, uint256 width) {
        if (key.length < KEY_BASE_LENGTH) revert WrongKeyLength(KEY_BASE_LENGTH + 64, key.length);
        uint256 header = uint256(bytes32(key[:32]));
        height = uint8(key[KEY_HEIGHT_BYTE]);
        width = uint8(key[KEY_WIDTH_BYTE]);
        uint256 count = (header >> KEY_COUNT_SHIFT) & 0xffff;
        if (
            header & KEY_MAGIC_MASK != KEY_MAGIC || height > KEY_MAX_HEIGHT || width == 0 || width > KEY_MAX_WIDTH
                || count == 0 || count >= 1 << height
        ) revert InvalidHeader();
        if (key.length != KEY_BASE_LENGTH + 64 * width) {
            revert WrongKeyLength(KEY_BASE_LENGTH + 64 * width, key.length);
        }
        if (uint256(bytes32(key[32:64])) >= BN254_R) revert RepresentationNotCanonical();

        for (uint256 i = 0; i < width + 8; ++i) {
            uint256 x = uint256(bytes32(key[64 + 64 * i:]));
            uint256 y = uint256(bytes32(key[96 + 64 * i:]));
            if (x >= BN254_P || y >= BN254_P) revert CommitmentNotCanonical(i);
            uint256 cube = mulmod(mulmod(x, x, BN254_P), x, BN254_P);
            if (mulmod(y, y, BN254_P) != addmod(cube, 3, BN254_P) && (x | y) != 0) revert CommitmentNotOnCurve(i);
        }
    }
}
