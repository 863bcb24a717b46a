// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity 0.8.37;

import { DataContract } from "../../libraries/DataContract.sol";
import { InferenceVerifier } from "./InferenceVerifier.sol";
import { IPinnedKeyVerifier } from "./interfaces/IPinnedKeyVerifier.sol";
import { MEM_FIXED, MEM_HEADER, MEM_KEY, MEM_PUBLIC_SIZE, MEM_WEIGHTS_SIZE } from "./libraries/ProofMemory.sol";
import { ProofShape } from "./libraries/ProofShape.sol";
import { VerifyingKeyCheck } from "./libraries/VerifyingKeyCheck.sol";
import { KEY_HEADER_LENGTH, KEY_MAX_LENGTH, KEY_PIN_LENGTH } from "./libraries/VerifyingKeyFormat.sol";

/// @title The verifier of models whose proofs carry the key
/// @notice See `IPinnedKeyVerifier`. All that it does to a proof is `InferenceVerifier`'s.
contract PinnedKeyVerifier is IPinnedKeyVerifier, InferenceVerifier {
    /// @dev What makes "VDCP" of "VDCT", and the other way round.
    uint256 private constant _OTHER_MAGIC = 0x04 << 224;

    /// @param tau `[τ]_2` of the set-up, imaginary parts first.
    constructor(uint256[4] memory tau) InferenceVerifier(tau) { }

    /// @inheritdoc IPinnedKeyVerifier
    function pin(bytes calldata key) external returns (address account) {
        (uint256 height, uint256 width) = VerifyingKeyCheck.check(key);
        bytes32 digest = keccak256(key);
        bytes memory data = _dataOf(uint256(bytes32(key)), digest);
        account = DataContract.addressOf(data);
        if (account.code.length != 0) return account;
        // forge-lint: disable-next-line(unsafe-typecast)
        emit VerifyingKeyPinned(account, digest, uint8(height), uint8(width));
        DataContract.write(data);
    }

    /// @inheritdoc IPinnedKeyVerifier
    function pinOf(bytes calldata key) external view returns (address) {
        return DataContract.addressOf(_dataOf(uint256(bytes32(key)), keccak256(key)));
    }

    /// @dev The key is what `proofIn` begins with, if it has the pin's digest. The pin must be one that
    /// `pin` made, so that no point of the key is off the curve.
    function _readKey(address account, uint256 proofIn) internal view override returns (uint256) {
        (uint256 header, bytes32 digest) = _readPin(account);
        assembly ("memory-safe") {
            // What follows the key is of no use. If less than the key was given, what follows is not the
            // proof's: then either the digest is another, or the proof too short.
            calldatacopy(MEM_HEADER, proofIn, KEY_MAX_LENGTH)
            mstore(MEM_KEY, add(proofIn, KEY_HEADER_LENGTH))
        }
        (uint256 size, uint256 wrong) = ProofShape.parse();
        bool same = wrong == 0;
        if (same) {
            assembly ("memory-safe") {
                same := and(eq(mload(MEM_HEADER), header), eq(keccak256(MEM_HEADER, size), digest))
            }
        }
        if (!same) revert WrongVerifyingKey(account);
        return proofIn + size;
    }

    /// @inheritdoc InferenceVerifier
    function _copyKey() internal pure override {
        assembly ("memory-safe") {
            calldatacopy(MEM_FIXED, mload(MEM_KEY), add(mload(MEM_PUBLIC_SIZE), mload(MEM_WEIGHTS_SIZE)))
        }
    }

    /// @dev The header and the digest of the key that an account is the pin of.
    function _readPin(address account) private view returns (uint256 header, bytes32 digest) {
        bytes memory data = new bytes(KEY_PIN_LENGTH);
        bool ours = account.code.length == KEY_PIN_LENGTH + 1;
        assembly ("memory-safe") {
            // The STOP goes to the end of the word of the length, which is less than 256.
            extcodecopy(account, add(data, 0x1f), 0, add(KEY_PIN_LENGTH, 1))
            ours := and(ours, iszero(mload(data)))
            mstore(data, KEY_PIN_LENGTH)
            header := mload(add(data, 0x20))
            digest := mload(add(data, 0x40))
        }
        if (!ours || DataContract.addressOf(data) != account) revert NotAVerifyingKey(account);
        header ^= _OTHER_MAGIC;
    }

    /// @dev What a pin's code is after the STOP.
    function _dataOf(uint256 header, bytes32 digest) private pure returns (bytes memory) {
        return abi.encode(header ^ _OTHER_MAGIC, digest);
    }
}
