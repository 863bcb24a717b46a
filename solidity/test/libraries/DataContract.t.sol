// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity 0.8.37;

import { Test } from "forge-std/Test.sol";

import { DataContract } from "../../src/libraries/DataContract.sol";

contract DataContractHarness {
    function write(bytes memory data) external returns (address) {
        return DataContract.write(data);
    }

    function read(address account) external view returns (bytes memory) {
        return DataContract.read(account);
    }
}

contract DataContractTest is Test {
    DataContractHarness private _library = new DataContractHarness();

    function testFuzz_ReadsWhatWasWritten(bytes memory data) public {
        address account = _library.write(data);
        assertEq(account.code, bytes.concat(hex"00", data));
        assertEq(_library.read(account), data);
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
