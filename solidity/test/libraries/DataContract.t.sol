// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity 0.8.37;

import { Test } from "forge-std/Test.sol";

import { DataContract } from "../../src/libraries/DataContract.sol";

contract DataContractHarness {
    function write(bytes memory data) external returns (address) {
        return DataContract.write(data);
    }

    function addressOf(bytes memory data) external view returns (address) {
        return DataContract.addressOf(data);
    }

    function read(address account) external view returns (bytes memory) {
        return DataContract.read(account);
    }

    /// @dev Into the middle of bytes that are 0xee.
    function copy(address account, uint256 length, uint256 offset) external view returns (bytes memory data, uint256) {
        data = new bytes(offset + length + 9);
        for (uint256 i = 0; i < data.length; ++i) {
            data[i] = 0xee;
        }
        return (data, DataContract.copy(account, data, offset, length));
    }
}

contract DataContractTest is Test {
    DataContractHarness private _library = new DataContractHarness();

    /// @dev A part is there as it was written, what surrounds it stays, what is missing is zero.
    function testFuzz_CopiesWhatWasWritten(bytes memory data, uint256 length, uint256 offset) public {
        address account = _library.write(data);
        (length, offset) = (bound(length, 0, 2 * data.length), bound(offset, 0, 100));
        (bytes memory copied, uint256 available) = _library.copy(account, length, offset);
        assertEq(available, data.length);
        for (uint256 i = 0; i < copied.length; ++i) {
            bytes1 expected = 0xee;
            if (i >= offset && i < offset + length) expected = i - offset < data.length ? data[i - offset] : bytes1(0);
            assertEq(copied[i], expected);
        }
    }

    function test_RevertWhen_WhatIsCopiedIsNotData() public {
        address account = makeAddr("account");
        bytes memory reason = abi.encodeWithSelector(DataContract.NotADataContract.selector, account);
        vm.expectRevert(reason);
        _library.copy(account, 0, 0);
        vm.etch(account, hex"ef00");
        vm.expectRevert(reason);
        _library.copy(account, 1, 0);
    }

    function testFuzz_ReadsWhatWasWritten(bytes memory data) public {
        address account = _library.write(data);
        assertEq(account.code, bytes.concat(hex"00", data));
        assertEq(_library.read(account), data);
    }

    function testFuzz_AddressIsKnownBefore(bytes memory data) public {
        address expected = _library.addressOf(data);
        assertEq(_library.write(data), expected);
        assertEq(_library.addressOf(data), expected);
    }

    function test_OneAccountForTheSameData() public {
        address account = _library.write("data");
        assertEq(_library.write("data"), account);
        assertNotEq(_library.write("date"), account);
        assertNotEq(new DataContractHarness().write("data"), account);
    }

    function test_NoData() public {
        assertEq(_library.read(_library.write("")), "");
    }

    function test_AsMuchAsAnAccountHolds() public {
        bytes memory data = new bytes(24_575);
        data[24_574] = 0x01;
        assertEq(_library.read(_library.write(data)), data);
    }

    function test_RevertWhen_DataIsTooLong() public {
        vm.expectRevert(abi.encodeWithSelector(DataContract.DataTooLong.selector, 24_576));
        _library.write(new bytes(24_576));
    }

    function test_RevertWhen_TheAccountCannotBeCreated() public {
        uint256 snapshot = vm.snapshotState();
        address account = _library.write("data");
        vm.revertToState(snapshot);
        // Only a hash collision could bring that about.
        vm.setNonce(account, 1);
        vm.expectRevert(DataContract.DataNotWritten.selector);
        _library.write("data");
    }

    function test_RevertWhen_ThereIsNoCode() public {
        _refused(address(0xdead));
    }

    function test_RevertWhen_CodeCanRun() public {
        _refused(address(this));
        address account = makeAddr("account");
        vm.etch(account, hex"5b00");
        _refused(account);
    }

    /// @dev An account's owner can point it elsewhere (EIP-7702), whatever the code is now.
    function test_RevertWhen_CodeIsADelegation() public {
        address account = makeAddr("account");
        vm.etch(account, abi.encodePacked(hex"ef0100", _library.write("data")));
        _refused(account);
    }

    function _refused(address account) private {
        vm.expectRevert(abi.encodeWithSelector(DataContract.NotADataContract.selector, account));
        _library.read(account);
    }
}
