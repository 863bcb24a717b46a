// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity 0.8.37;

import { IVerifyingKeys } from "./interfaces/IVerifyingKeys.sol";
import { VerifyingKeyCheck } from "./libraries/VerifyingKeyCheck.sol";
import { KEY_MAX_LENGTH } from "./libraries/VerifyingKeyFormat.sol";

/// @title The publisher of verifying keys
contract VerifyingKeys is IVerifyingKeys {
    /// @dev Returns what follows it: PUSH2 length, DUP1, PUSH1 10, PUSH0, CODECOPY, PUSH0, RETURN.
    uint256 private constant _INIT_CODE_LENGTH = 10;

    /// @inheritdoc IVerifyingKeys
    function publish(bytes calldata key) external returns (address account) {
        bytes memory initCode = _initCode(key);
        account = _create2Address(initCode);
        if (account.code.length != 0) return account;

        (uint256 height, uint256 width) = VerifyingKeyCheck.check(key);
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
        // Greater keys are too long for any header.
        if (key.length > KEY_MAX_LENGTH) revert WrongKeyLength(KEY_MAX_LENGTH, key.length);
        // forge-lint: disable-next-line(unsafe-typecast)
        uint16 length = uint16(key.length + 1);
        return abi.encodePacked(hex"61", length, hex"8060", uint8(_INIT_CODE_LENGTH), hex"5f395ff3", hex"00", key);
    }

    function _create2Address(bytes memory initCode) private view returns (address) {
        bytes32 hash = keccak256(abi.encodePacked(hex"ff", address(this), bytes32(0), keccak256(initCode)));
        return address(uint160(uint256(hash)));
    }
}
