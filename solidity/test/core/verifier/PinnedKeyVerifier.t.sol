// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity 0.8.37;

import { console } from "forge-std/console.sol";

import { PinnedKeyVerifier } from "../../../src/core/verifier/PinnedKeyVerifier.sol";
import { IInferenceVerifier } from "../../../src/core/verifier/interfaces/IInferenceVerifier.sol";
import { IPinnedKeyVerifier } from "../../../src/core/verifier/interfaces/IPinnedKeyVerifier.sol";
import { IVerifyingKeys } from "../../../src/core/verifier/interfaces/IVerifyingKeys.sol";
import { DataContract } from "../../../src/libraries/DataContract.sol";
import { Statement, TrapdoorProver } from "../../../testing/TrapdoorProver.sol";
import { peek, poke } from "../../utils/Memory.sol";
import { PackedVectors } from "./PackedVectors.sol";

/// @dev Makes accounts of data, as anyone can.
contract AnyPublisher {
    function write(bytes memory data) external returns (address) {
        return DataContract.write(data);
    }
}

/// @dev Proofs that carry their key: accepted is what `InferenceVerifier` accepts of the proof alone,
/// under the pinned key and no other.
contract PinnedKeyVerifierTest is PackedVectors, TrapdoorProver {
    bytes private constant REJECTED = abi.encodePacked(IInferenceVerifier.ProofRejected.selector);

    PinnedKeyVerifier private _pinned;
    address[] private _pins;

    function setUp() public override {
        super.setUp();
        _pinned = new PinnedKeyVerifier(_verifier.tauG2());
        for (uint256 i = 0; i < _vectors.length; ++i) {
            _pins.push(_pinned.pin(_vectors[i].statement.key));
        }
    }

    // --------------------------------------------------------------------------------------- pins

    function test_PinsHeaderAndDigestAfterAStop() public view {
        for (uint256 i = 0; i < _pins.length; ++i) {
            bytes memory key = _vectors[i].statement.key;
            bytes memory header = bytes.concat(bytes32(key));
            header[3] = "P";
            assertEq(_pins[i].code, bytes.concat(hex"00", header, keccak256(key)));
            assertEq(_pinned.pinOf(key), _pins[i]);
        }
    }

    function test_PinningEmitsOnceAndAgainChangesNothing() public {
        bytes memory key = _forge(7, Form(14, 9, 4, false), 2).key;
        address expected = _pinned.pinOf(key);
        assertEq(expected.code.length, 0);
        vm.expectEmit(address(_pinned));
        emit IPinnedKeyVerifier.VerifyingKeyPinned(expected, keccak256(key), 14, 9);
        assertEq(_pinned.pin(key), expected);
        vm.recordLogs();
        vm.prank(address(0xbeef));
        assertEq(_pinned.pin(key), expected);
        assertEq(vm.getRecordedLogs().length, 0);
    }

    /// @dev What the publisher of keys refuses.
    function test_RevertWhen_WhatIsPinnedIsNoKey() public {
        bytes memory key = _vectors[0].statement.key;
        vm.expectRevert(abi.encodeWithSelector(IVerifyingKeys.WrongKeyLength.selector, 160, 0));
        _pinned.pin("");
        vm.expectRevert(abi.encodeWithSelector(IVerifyingKeys.WrongKeyLength.selector, key.length, key.length + 1));
        _pinned.pin(bytes.concat(key, hex"00"));
        vm.expectRevert(IVerifyingKeys.InvalidHeader.selector);
        _pinned.pin(poke(bytes.concat(key), 0, 0));
        vm.expectRevert(abi.encodeWithSelector(IVerifyingKeys.CommitmentNotOnCurve.selector, 0));
        _pinned.pin(poke(bytes.concat(key), 32, 1));
        vm.expectRevert(abi.encodeWithSelector(IVerifyingKeys.CommitmentNotCanonical.selector, 0));
        _pinned.pin(poke(bytes.concat(key), 32, type(uint256).max));
    }

    // ------------------------------------------------------------------------------------- accepts

    function _carried(uint256 i) private view returns (bytes memory) {
        return bytes.concat(_vectors[i].statement.key, _vectors[i].statement.proof);
    }

    function _verify(uint256 i, bytes memory data) private view {
        _pinned.verify(_pins[i], _vectors[i].statement.publicValues, data);
    }

    function _refuse(uint256 i, bytes memory data, bytes memory reason) private {
        vm.expectRevert(reason);
        _pinned.verify(_pins[i], _vectors[i].statement.publicValues, data);
    }

    function test_AcceptsProofsOfEveryForm() public view {
        for (uint256 i = 0; i < _pins.length; ++i) {
            _verify(i, _carried(i));
        }
    }

    function test_AcceptsSeveralTogether() public view {
        uint256 many = 2 * _pins.length;
        (address[] memory pins, uint256[][] memory values, bytes[] memory proofs) =
            (new address[](many), new uint256[][](many), new bytes[](many));
        for (uint256 i = 0; i < many; ++i) {
            uint256 which = i % _pins.length;
            (pins[i], values[i], proofs[i]) = (_pins[which], _vectors[which].statement.publicValues, _carried(which));
        }
        _pinned.verifyMany(pins, values, proofs);
    }

    function testFuzz_AcceptsKeysOfAnyForm(uint256 seed, uint8 height, uint8 width, uint8 pack, bool hidden) public {
        Form memory form = Form(bound(height, 4, 28), bound(width, 1, 64), 2 << (pack % 3), hidden);
        Statement memory s = _forge(seed, form, 3);
        PinnedKeyVerifier verifier = new PinnedKeyVerifier(_tauG2());
        address account = verifier.pin(s.key);
        verifier.verify(account, s.publicValues, bytes.concat(s.key, s.proof));
        s.publicValues[1] ^= 1;
        vm.expectRevert(REJECTED);
        verifier.verify(account, s.publicValues, bytes.concat(s.key, s.proof));
    }

    function test_KnowsItsSetup() public {
        assertTrue(_pinned.isDevelopmentSetup());
        assertEq(abi.encode(_pinned.tauG2()), abi.encode(_verifier.tauG2()));
        assertFalse(new PinnedKeyVerifier(_tauG2()).isDevelopmentSetup());
    }

    // ------------------------------------------------------------------------------------- refuses

    /// @dev After the key, what is accepted and what it is refused with are `InferenceVerifier`'s.
    /// forge-config: default.fuzz.runs = 512
    function testFuzz_AgreesWithTheVerifier(uint256 which, uint256 bit, bool inValues) public view {
        Statement memory s = _vectors[which % _vectors.length].statement;
        uint256 i = which % _vectors.length;
        if (inValues) {
            bit %= 256 * s.publicValues.length;
            s.publicValues[bit / 256] ^= 1 << bit % 256;
        } else {
            bit %= 8 * s.proof.length;
            s.proof[bit / 8] ^= bytes1(uint8(1 << bit % 8));
        }
        (bool ok, bytes memory reason) = address(_verifier).staticcall{ gas: 3_000_000 }(
            abi.encodeCall(_verifier.verify, (_vectors[i].key, s.publicValues, s.proof))
        );
        (bool carried, bytes memory carriedReason) = address(_pinned).staticcall{ gas: 3_000_000 }(
            abi.encodeCall(_pinned.verify, (_pins[i], s.publicValues, bytes.concat(s.key, s.proof)))
        );
        assertFalse(ok);
        assertFalse(carried);
        if (bytes4(reason) == IInferenceVerifier.WrongProofLength.selector) return;
        assertEq(carriedReason, reason);
    }

    function test_RevertWhen_NumbersAreOthers() public {
        for (uint256 i = 0; i < _pins.length; ++i) {
            bytes memory data = _carried(i);
            uint256 count = _vectors[i].statement.publicValues.length;
            vm.expectRevert(abi.encodeWithSelector(IInferenceVerifier.WrongPublicValueCount.selector, count, count + 1));
            _pinned.verify(_pins[i], new uint256[](count + 1), data);
            _refuse(
                i,
                bytes.concat(data, bytes32(0)),
                abi.encodeWithSelector(IInferenceVerifier.WrongProofLength.selector, data.length, data.length + 32)
            );
            _refuse(
                i,
                _vectors[i].statement.key,
                abi.encodeWithSelector(
                    IInferenceVerifier.WrongProofLength.selector, data.length, _vectors[i].statement.key.length
                )
            );
        }
    }

    /// @dev A proof without its key, or with less than it.
    function test_RevertWhen_TheKeyIsMissing() public {
        for (uint256 i = 0; i < _pins.length; ++i) {
            bytes memory reason = abi.encodeWithSelector(IPinnedKeyVerifier.WrongVerifyingKey.selector, _pins[i]);
            _refuse(i, _vectors[i].statement.proof, reason);
            _refuse(i, "", reason);
            bytes memory part = bytes.concat(_vectors[i].statement.key);
            for (uint256 length = part.length; length > 0;) {
                length -= length < 61 ? 1 : 61;
                assembly ("memory-safe") {
                    mstore(part, length)
                }
                _refuse(i, part, reason);
            }
        }
    }

    /// @dev Any bit of the key, the header's too.
    /// forge-config: default.fuzz.runs = 1024
    function testFuzz_RevertWhen_AnyBitOfTheKeyIsFlipped(uint256 which, uint256 bit) public {
        which %= _vectors.length;
        bytes memory data = _carried(which);
        bit %= 8 * _vectors[which].statement.key.length;
        data[bit / 8] ^= bytes1(uint8(1 << (bit % 8)));
        _refuse(which, data, abi.encodeWithSelector(IPinnedKeyVerifier.WrongVerifyingKey.selector, _pins[which]));
    }

    /// @dev Two models' keys under one verifier: a proof of one is none of the other, whichever key it
    /// carries.
    function test_Attack_TheKeyOfAnotherModel() public {
        PinnedKeyVerifier verifier = new PinnedKeyVerifier(_tauG2());
        uint256[] memory words = new uint256[](3);
        (Statement memory mine, Statement memory other) = (_forgeOf(1, 14, 3, words, 0), _forgeOf(2, 14, 3, words, 0));
        (address myPin, address otherPin) = (verifier.pin(mine.key), verifier.pin(other.key));
        verifier.verify(myPin, words, bytes.concat(mine.key, mine.proof));
        vm.expectRevert(abi.encodeWithSelector(IPinnedKeyVerifier.WrongVerifyingKey.selector, otherPin));
        verifier.verify(otherPin, words, bytes.concat(mine.key, mine.proof));
        vm.expectRevert(REJECTED);
        verifier.verify(otherPin, words, bytes.concat(other.key, mine.proof));
        // In a list, each has its own.
        (address[] memory pins, uint256[][] memory values, bytes[] memory proofs) =
            (new address[](2), new uint256[][](2), new bytes[](2));
        (pins[0], pins[1], values[0], values[1]) = (myPin, otherPin, words, words);
        (proofs[0], proofs[1]) = (bytes.concat(mine.key, mine.proof), bytes.concat(other.key, other.proof));
        verifier.verifyMany(pins, values, proofs);
        (proofs[0], proofs[1]) = (proofs[1], proofs[0]);
        vm.expectRevert(abi.encodeWithSelector(IPinnedKeyVerifier.WrongVerifyingKey.selector, myPin));
        verifier.verifyMany(pins, values, proofs);
        (proofs[0], proofs[1]) = (bytes.concat(mine.key, other.proof), bytes.concat(other.key, mine.proof));
        vm.expectRevert(REJECTED);
        verifier.verifyMany(pins, values, proofs);
    }

    /// @dev Accounts with the right words that this verifier did not make, and code that is no pin.
    function test_Attack_PinsOfOthers() public {
        bytes memory data = _carried(0);
        bytes memory code = _pins[0].code;
        bytes memory content = new bytes(64);
        for (uint256 i = 0; i < 64; ++i) {
            content[i] = code[i + 1];
        }
        // Of another publisher, of another verifier, and a published key.
        _refusePin(new AnyPublisher().write(content), data);
        _refusePin(new PinnedKeyVerifier(_verifier.tauG2()).pin(_vectors[0].statement.key), data);
        _refusePin(_vectors[0].key, data);
        _refusePin(makeAddr("nobody"), data);
        _refusePin(address(0), data);
        _refusePin(address(_pinned), data);
        // At the very address, which can't be, other code.
        bytes[5] memory others = [
            bytes(""),
            bytes.concat(hex"01", content),
            bytes.concat(code, hex"00"),
            content,
            poke(bytes.concat(code), 33, peek(code, 33) ^ 1)
        ];
        for (uint256 i = 0; i < others.length; ++i) {
            vm.etch(_pins[0], others[i]);
            _refusePin(_pins[0], data);
        }
        vm.etch(_pins[0], code);
        _verify(0, data);
    }

    function _refusePin(address account, bytes memory data) private {
        vm.expectRevert(abi.encodeWithSelector(IInferenceVerifier.NotAVerifyingKey.selector, account));
        _pinned.verify(account, _vectors[0].statement.publicValues, data);
    }

    /// @dev The verifier of published keys takes no pin for a key.
    function test_RevertWhen_APinIsGivenForAKey() public {
        vm.expectRevert(abi.encodeWithSelector(IInferenceVerifier.NotAVerifyingKey.selector, _pins[0]));
        _verifier.verify(_pins[0], _vectors[0].statement.publicValues, _vectors[0].statement.proof);
    }

    /// @dev A key with a point off the curve can't be pinned, so nothing burns the gas that a precompile
    /// is given.
    function test_Attack_AKeyOffTheCurveBurnsNoGas() public {
        bytes memory key = poke(bytes.concat(_vectors[0].statement.key), 32, 1);
        bytes memory header = bytes.concat(bytes32(key));
        header[3] = "P";
        address account = new AnyPublisher().write(bytes.concat(header, keccak256(key)));
        bytes memory call = abi.encodeCall(
            _pinned.verify,
            (account, _vectors[0].statement.publicValues, bytes.concat(key, _vectors[0].statement.proof))
        );
        uint256 before = gasleft();
        (bool ok, bytes memory reason) = address(_pinned).staticcall{ gas: 50_000_000 }(call);
        assertFalse(ok);
        assertEq(reason, abi.encodeWithSelector(IInferenceVerifier.NotAVerifyingKey.selector, account));
        assertLt(before - gasleft(), 50_000);
    }

    function test_RevertWhen_CalldataIsNotCanonical() public view {
        bytes memory data = abi.encodeCall(_pinned.verify, (_pins[0], _vectors[0].statement.publicValues, _carried(0)));
        bytes memory reason = abi.encodeWithSelector(IInferenceVerifier.NonCanonicalCalldata.selector);
        bytes[3] memory wrong =
            [bytes.concat(data, hex"00"), poke(bytes.concat(data), 36, 128), poke(bytes.concat(data), 68, 0)];
        for (uint256 i = 0; i < wrong.length; ++i) {
            (bool ok, bytes memory found) = address(_pinned).staticcall{ gas: 3_000_000 }(wrong[i]);
            assertFalse(ok);
            if (i == 0) assertEq(found, reason);
        }
    }

    // ----------------------------------------------------------------------------------------- gas

    /// @dev What either costs, once and in every proof, in transactions that do nothing else; and after
    /// how many proofs a published key is the cheaper one.
    /// forge-config: default.isolate = true
    function test_GasAgainstPublishedKeys() public {
        for (uint256 i = 0; i < _vectors.length; ++i) {
            Statement memory s = _vectors[i].statement;
            // Another key of the same form, which is not there yet.
            bytes memory fresh = _freshOf(s.key);
            uint256 publish = _transaction(address(_keys), abi.encodeCall(_keys.publish, (fresh)));
            uint256 pin = _transaction(address(_pinned), abi.encodeCall(_pinned.pin, (fresh)));
            uint256 byCode = _transaction(
                address(_verifier), abi.encodeCall(_verifier.verify, (_vectors[i].key, s.publicValues, s.proof))
            );
            uint256 carried = _transaction(
                address(_pinned), abi.encodeCall(_pinned.verify, (_pins[i], s.publicValues, _carried(i)))
            );
            string memory name = string.concat(_vectors[i].name, ": ");
            _note(string.concat(name, "key, bytes"), s.key.length);
            _note(string.concat(name, "publish"), publish);
            _note(string.concat(name, "pin"), pin);
            _note(string.concat(name, "proof under a published key"), byCode);
            _note(string.concat(name, "proof that carries its key"), carried);
            _note(string.concat(name, "proofs until publishing is cheaper"), (publish - pin) / (carried - byCode) + 1);
            assertLt(pin, publish);
            // Its calldata, and little more.
            assertLt(carried - byCode, 2000 + 16 * s.key.length);
        }
    }

    function _transaction(address to, bytes memory data) private returns (uint256) {
        (bool ok,) = to.call(data);
        assertTrue(ok);
        return vm.lastCallGas().gasTotalUsed;
    }

    function _freshOf(bytes memory key) private view returns (bytes memory) {
        Form memory form = Form(uint8(key[5]), uint8(key[6]), uint8(key[7]), key[8] != 0);
        return _forge(99, form, uint16(bytes2(bytes.concat(key[9], key[10])))).key;
    }

    function _note(string memory what, uint256 value) private {
        vm.snapshotValue("PinnedKeyVerifier", what, value);
        console.log("%s: %s", what, value);
    }
}
