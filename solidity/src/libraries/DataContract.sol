// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity ^0.8.24;

/// @title Data as code
/// @notice Bytes kept as the code of an account, after a STOP. Nothing can run there, so nothing
/// can change them.
/// @dev The same form as `VerifyingKeys` gives to keys. Every other first byte is refused: 0xef
/// marks a delegated account (EIP-7702), which its owner can change, and anything else could be a
/// contract that destroys itself.
library DataContract {
    /// @notice The code at `account` doesn't begin with STOP, or there is none.
    error NotADataContract(address account);

    /// @notice An account holds 24,575 bytes and the STOP.
    error DataTooLong(uint256 length);

    /// @notice The account could not be created.
    error DataNotWritten();

    /// @dev Of an account's code, by EIP-170.
    uint256 private constant _CODE_LIMIT = 24_576;

    /// @notice Makes an account of `data`, by CREATE2 without a salt: there is one for the same
    /// data.
    function write(bytes memory data) internal returns (address account) {
        bytes memory initCode = _initCode(data);
        account = _create2Address(initCode);
        if (account.code.length != 0) return account;

        address created;
        assembly ("memory-safe") {
            created := create2(0, add(initCode, 0x20), mload(initCode), 0)
        }
        if (created != account) revert DataNotWritten();
    }

    /// @notice The account that `write` makes of `data` here.
    function addressOf(bytes memory data) internal view returns (address) {
        return _create2Address(_initCode(data));
    }

    /// @notice The data of an account.
    function read(address account) internal view returns (bytes memory data) {
        bytes memory code = account.code;
        if (code.length == 0 || code[0] != 0) revert NotADataContract(account);
        assembly ("memory-safe") {
            // The length takes the place of the STOP and what is before it.
            let length := sub(mload(code), 1)
            data := add(code, 1)
            mstore(data, length)
        }
    }

    /// @notice Copies the data of an account into `data` from `offset` on: `length` bytes, for which
    /// there must be room. Returns how many there are; what is missing is zero.
    function copy(address account, bytes memory data, uint256 offset, uint256 length)
        internal
        view
        returns (uint256 available)
    {
        uint256 size = account.code.length;
        bool isData = false;
        assembly ("memory-safe") {
            mstore(0, not(0))
            extcodecopy(account, 0, 0, 1)
            isData := iszero(byte(0, mload(0)))
        }
        if (size == 0 || !isData) revert NotADataContract(account);
        assembly ("memory-safe") {
            extcodecopy(account, add(add(data, 0x20), offset), 1, length)
        }
        return size - 1;
    }

    /// @dev PUSH2 length, DUP1, PUSH1 10, PUSH0, CODECOPY, PUSH0, RETURN: returns what follows it.
    function _initCode(bytes memory data) private pure returns (bytes memory) {
        if (data.length >= _CODE_LIMIT) revert DataTooLong(data.length);
        // forge-lint: disable-next-line(unsafe-typecast)
        return abi.encodePacked(hex"61", uint16(data.length + 1), hex"80600a5f395ff300", data);
    }

    function _create2Address(bytes memory initCode) private view returns (address) {
        bytes32 hash = keccak256(abi.encodePacked(hex"ff", address(this), bytes32(0), keccak256(initCode)));
        return address(uint160(uint256(hash)));
    }
}
