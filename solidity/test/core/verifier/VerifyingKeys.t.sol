// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity 0.8.37;

import { Test } from "forge-std/Test.sol";

import { VerifyingKeys } from "../../../src/core/verifier/VerifyingKeys.sol";
import { IVerifyingKeys } from "../../../src/core/verifier/interfaces/IVerifyingKeys.sol";
import { TrapdoorProver } from "../../../testing/TrapdoorProver.sol";
import { peek, poke } from "../../utils/Memory.sol";

contract VerifyingKeysTest is Test, TrapdoorProver {
    uint256 private constant P = 0x30644e72e131a029b85045b68181585d97816a916871ca8d3c208c16d87cfd47;
    uint256 private constant WIDTH = 7;
    // Of four columns: two of public ones, two of weights.
    uint256 private constant PACKS = 4;

    VerifyingKeys private _keys;
    bytes private _key;

    function setUp() public {
        _keys = new VerifyingKeys();
        _key = _forge(7, Form(14, WIDTH, 4, false), 2).key;
    }

    // ----------------------------------------------------------------------------------- publishes

    function test_PublishesTheKeyAfterAStop() public {
        address account = _keys.publish(_key);
        assertEq(account.code, bytes.concat(hex"00", _key));
    }

    function test_AddressIsAFunctionOfTheContent() public {
        address expected = _keys.addressOf(_key);
        assertEq(expected.code.length, 0);
        assertEq(_keys.publish(_key), expected);
        assertEq(_keys.addressOf(_key), expected);
        assertNotEq(_keys.addressOf(_forge(8, 14, WIDTH, 2).key), expected);
    }

    function test_EmitsVerifyingKeyPublished() public {
        vm.expectEmit(address(_keys));
        emit IVerifyingKeys.VerifyingKeyPublished(_keys.addressOf(_key), keccak256(_key), 14, uint8(WIDTH));
        _keys.publish(_key);
    }

    function test_PublishingAgainChangesNothing() public {
        address account = _keys.publish(_key);
        vm.recordLogs();
        vm.prank(address(0xbeef));
        assertEq(_keys.publish(_key), account);
        assertEq(vm.getRecordedLogs().length, 0);
        assertEq(account.code, bytes.concat(hex"00", _key));
    }

    function test_PublishedKeyCannotBeCalled() public {
        address account = _keys.publish(_key);
        (bool ok, bytes memory result) = account.call{ gas: 100_000 }(_key);
        // It stops at once.
        assertTrue(ok);
        assertEq(result.length, 0);
        assertEq(account.code.length, _key.length + 1);
    }

    function test_EtherSentBeforehandDoesNotPreventPublication() public {
        vm.deal(_keys.addressOf(_key), 1 ether);
        assertEq(_keys.publish(_key).code.length, _key.length + 1);
    }

    function test_PublishesColumnsOfZeros() public {
        bytes memory key = _key;
        for (uint256 position = 32; position < key.length; position += 32) {
            poke(key, position, 0);
        }
        _keys.publish(key);
    }

    function test_PublishesNarrowestAndWidestKey() public {
        _keys.publish(_forge(1, 1, 1, 1).key);
        for (uint256 pack = 2; pack <= 8; pack *= 2) {
            _keys.publish(_forge(1, Form(28, 64, pack, false), 60).key);
            _keys.publish(_forge(1, Form(28, 64, pack, true), 60).key);
        }
    }

    function test_GasToPublish() public {
        bytes memory key = _forge(7, 14, WIDTH, 2).key;
        _keys.publish(key);
        bytes memory data = abi.encodeCall(_keys.publish, (key));
        uint256 gas = 21_000 + vm.lastCallGas().gasTotalUsed;
        for (uint256 i = 0; i < data.length; ++i) {
            gas += data[i] == 0 ? 4 : 16;
        }
        vm.snapshotValue("VerifyingKeys", "publish, 7 weight columns in a pack: transaction", gas);
        assertLe(gas, 150_000);
    }

    // ------------------------------------------------------------------------------------- refuses

    function testFuzz_RevertWhen_MagicVersionOrPaddingIsWrong(uint256 position, uint8 value) public {
        position = bound(position, 0, 25);
        if (position > 4) position += 6;
        vm.assume(uint8(_key[position]) != value);
        _expectInvalidHeader(position, value);
    }

    function test_RevertWhen_KeyIsOfAFormerVersion() public {
        _expectInvalidHeader(4, 1);
        _expectInvalidHeader(4, 2);
    }

    function test_RevertWhen_PackIsNotTwoFourOrEight() public {
        for (uint256 pack = 0; pack < 256; ++pack) {
            if (pack != 2 && pack != 4 && pack != 8) _expectInvalidHeader(7, uint8(pack));
        }
    }

    function test_RevertWhen_HiddenIsNeitherYesNorNo() public {
        for (uint256 hidden = 2; hidden < 256; ++hidden) {
            _expectInvalidHeader(8, uint8(hidden));
        }
    }

    function test_RevertWhen_HeightIsOutOfRange() public {
        _expectInvalidHeader(5, 29);
        _expectInvalidHeader(5, 255);
    }

    function test_RevertWhen_WidthIsOutOfRange() public {
        _expectInvalidHeader(6, 0);
        _expectInvalidHeader(6, 65);
    }

    function test_RevertWhen_NoPublicValues() public {
        _expectInvalidHeader(10, 0);
    }

    function test_RevertWhen_AsManyPublicValuesAsRows() public {
        // Two rows, two public values.
        _expectInvalidHeader(5, 1);
        _expectInvalidHeader(5, 0);
    }

    function testFuzz_RevertWhen_LengthIsWrong(uint256 length) public {
        length = bound(length, 160, 2336);
        vm.assume(length != _key.length);
        bytes memory key = new bytes(length);
        for (uint256 i = 0; i < length && i < _key.length; ++i) {
            key[i] = _key[i];
        }
        _expect(key, abi.encodeWithSelector(IVerifyingKeys.WrongKeyLength.selector, _key.length, length));
    }

    /// @dev Of every width and pack, one length is right.
    function test_RevertWhen_LengthIsOfAnotherPack() public {
        for (uint256 width = 1; width <= 64; ++width) {
            for (uint256 pack = 2; pack <= 8; pack *= 2) {
                uint256 right = 32 + 64 * (8 / pack + (width + pack - 1) / pack);
                for (uint256 length = right - 64; length <= right + 64; length += 64) {
                    if (length < 160 || length > 2336) continue;
                    bytes memory key = new bytes(length);
                    for (uint256 i = 0; i < 32; ++i) {
                        key[i] = _key[i];
                    }
                    (key[6], key[7]) = (bytes1(uint8(width)), bytes1(uint8(pack)));
                    if (length == right) {
                        _keys.publish(key);
                    } else {
                        _expect(key, abi.encodeWithSelector(IVerifyingKeys.WrongKeyLength.selector, right, length));
                    }
                }
            }
        }
    }

    function test_RevertWhen_KeyIsTooShort() public {
        _expect("", abi.encodeWithSelector(IVerifyingKeys.WrongKeyLength.selector, 160, 0));
        _expect(new bytes(159), abi.encodeWithSelector(IVerifyingKeys.WrongKeyLength.selector, 160, 159));
    }

    function test_RevertWhen_KeyIsTooLong() public {
        _expect(new bytes(2337), abi.encodeWithSelector(IVerifyingKeys.WrongKeyLength.selector, 2336, 2337));
        _expect(new bytes(70_000), abi.encodeWithSelector(IVerifyingKeys.WrongKeyLength.selector, 2336, 70_000));
    }

    function test_RevertWhen_CommitmentIsNotCanonical() public {
        for (uint256 i = 0; i < PACKS; ++i) {
            bytes memory reason = abi.encodeWithSelector(IVerifyingKeys.CommitmentNotCanonical.selector, i);
            for (uint256 position = 32 + 64 * i; position < 96 + 64 * i; position += 32) {
                _expect(poke(_key, position, P), reason);
                _expect(poke(_key, position, peek(_key, position) + P), reason);
            }
        }
    }

    function test_RevertWhen_CommitmentIsNotOnTheCurve() public {
        for (uint256 i = 0; i < PACKS; ++i) {
            bytes memory reason = abi.encodeWithSelector(IVerifyingKeys.CommitmentNotOnCurve.selector, i);
            uint256 position = 32 + 64 * i;
            _expect(poke(_key, position, peek(_key, position) ^ 1), reason);
            _expect(poke(_key, position + 32, peek(_key, position + 32) ^ 1), reason);
        }
    }

    /// @dev An account that has made as many as it can: it takes that, or too little gas.
    function test_RevertWhen_PublicationFails() public {
        vm.setNonceUnsafe(address(_keys), type(uint64).max);
        _expect(_key, abi.encodeWithSelector(IVerifyingKeys.PublicationFailed.selector));
    }

    // ------------------------------------------------------------------------------------- helpers

    function _expect(bytes memory key, bytes memory reason) private {
        vm.expectRevert(reason);
        _keys.publish(key);
    }

    function _expectInvalidHeader(uint256 position, uint8 value) private {
        bytes memory key = _key;
        key[position] = bytes1(value);
        _expect(key, abi.encodeWithSelector(IVerifyingKeys.InvalidHeader.selector));
    }
}
