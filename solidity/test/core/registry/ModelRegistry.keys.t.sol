// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity 0.8.37;

import { IInferenceVerifier } from "../../../src/core/verifier/interfaces/IInferenceVerifier.sol";
import { IVerifyingKeys } from "../../../src/core/verifier/interfaces/IVerifyingKeys.sol";
import { Statement } from "../../../testing/TrapdoorProver.sol";
import { CoreTest } from "../../utils/CoreTest.sol";
import { peek, poke } from "../../utils/Memory.sol";

/// @dev What `indexKey` takes of accounts that nobody published a key with.
contract ModelRegistryKeysTest is CoreTest {
    uint256 private constant _P = 0x30644e72e131a029b85045b68181585d97816a916871ca8d3c208c16d87cfd47;
    uint256 private constant _WIDTH = 3;
    uint256 private constant _PACKS = 6;

    address private _account = makeAddr("unpublished key");
    bytes private _key;

    function setUp() public override {
        super.setUp();
        // Two columns to a pack: four packs of public ones, two of weights.
        _key = _forge(_newSeed(), Form(14, _WIDTH, 2, false), 2).key;
    }

    // --------------------------------------------------------------------------------------- takes

    function test_TakesWhatThePublisherWouldHaveTaken() public {
        _takes(_key);
    }

    /// @dev A pack of zeros has the identity as its commitment.
    function test_TakesPacksOfZeros() public {
        bytes memory key = _key;
        for (uint256 i = 0; i < _PACKS; ++i) {
            poke(poke(key, 32 + 64 * i, 0), 64 + 64 * i, 0);
            _takes(key);
        }
    }

    function test_TakesNarrowestAndWidestKey() public {
        _takes(_forgeOf(_newSeed(), 1, 1, new uint256[](1), 0).key);
        for (uint256 pack = 2; pack <= 8; pack *= 2) {
            _takes(_forge(_newSeed(), Form(28, 64, pack, pack == 4), 60).key);
        }
    }

    /// @dev Of another magic or version, and so of another verifier, whatever the format:
    /// `InferenceVerifier` refuses them without a look at their points.
    function test_TakesKeysOfOtherVerifiers() public {
        for (uint256 i = 0; i < 5; ++i) {
            bytes memory key = poke(_key, 32, 1);
            key[i] ^= 0x01;
            _takes(key);
            vm.expectRevert(abi.encodeWithSelector(IInferenceVerifier.NotAVerifyingKey.selector, _account));
            verifier.verify{ gas: 100_000 }(_account, new uint256[](2), "");
        }
        _takes(new bytes(32));
    }

    // ------------------------------------------------------------------------------------- refuses

    function testFuzz_RevertWhen_PaddingIsNotZero(uint256 position, uint8 value) public {
        bytes memory key = _key;
        key[bound(position, 11, 31)] = bytes1(uint8(bound(value, 1, 255)));
        _refuses(key, abi.encodeWithSelector(IVerifyingKeys.InvalidHeader.selector));
    }

    function test_RevertWhen_AByteOfTheHeaderIsOutOfRange() public {
        uint8[2][15] memory wrong = [
            [5, 29],
            [5, 255],
            [6, 0],
            [6, 65],
            [6, 255],
            [7, 0],
            [7, 1],
            [7, 3],
            [7, 6],
            [7, 16],
            [8, 2],
            [8, 255],
            [10, 0],
            [5, 1],
            [5, 0]
        ];
        for (uint256 i = 0; i < wrong.length; ++i) {
            bytes memory key = _key;
            key[wrong[i][0]] = bytes1(wrong[i][1]);
            _refuses(key, abi.encodeWithSelector(IVerifyingKeys.InvalidHeader.selector));
        }
    }

    function testFuzz_RevertWhen_LengthIsNotTheHeaders(uint256 length) public {
        uint256 right = 32 + 64 * _PACKS;
        length = bound(length, 32, 2400);
        vm.assume(length != right);
        bytes memory key = new bytes(length);
        for (uint256 i = 0; i < length && i < right; ++i) {
            key[i] = _key[i];
        }
        uint256 expected = length < 160 ? 160 : right;
        _refuses(key, abi.encodeWithSelector(IVerifyingKeys.WrongKeyLength.selector, expected, length));
    }

    /// @dev The width is another, or the columns to a pack are, and the length isn't.
    function test_RevertWhen_TheHeadersShapeIsAnother() public {
        bytes memory key = _key;
        key[6] = bytes1(uint8(_WIDTH + 2));
        uint256 length = 32 + 64 * _PACKS;
        _refuses(key, abi.encodeWithSelector(IVerifyingKeys.WrongKeyLength.selector, length + 64, length));
        key[6] = bytes1(uint8(_WIDTH));
        key[7] = 0x04;
        _refuses(key, abi.encodeWithSelector(IVerifyingKeys.WrongKeyLength.selector, 32 + 64 * 3, length));
        key[7] = 0x08;
        _refuses(key, abi.encodeWithSelector(IVerifyingKeys.WrongKeyLength.selector, 32 + 64 * 2, length));
    }

    function test_RevertWhen_ACommitmentIsNotCanonical() public {
        for (uint256 i = 0; i < _PACKS; ++i) {
            bytes memory reason = abi.encodeWithSelector(IVerifyingKeys.CommitmentNotCanonical.selector, i);
            for (uint256 position = 32 + 64 * i; position < 96 + 64 * i; position += 32) {
                _refuses(poke(_key, position, _P), reason);
                _refuses(poke(_key, position, peek(_key, position) + _P), reason);
            }
            // The identity's only encoding is (0, 0).
            _refuses(poke(poke(_key, 32 + 64 * i, 0), 64 + 64 * i, _P), reason);
        }
    }

    function test_RevertWhen_ACommitmentIsNotOnTheCurve() public {
        for (uint256 i = 0; i < _PACKS; ++i) {
            bytes memory reason = abi.encodeWithSelector(IVerifyingKeys.CommitmentNotOnCurve.selector, i);
            uint256 position = 32 + 64 * i;
            _refuses(poke(_key, position, peek(_key, position) ^ 1), reason);
            _refuses(poke(_key, position + 32, peek(_key, position + 32) ^ 1), reason);
            // Half of the identity.
            _refuses(poke(poke(_key, position, 0), position + 32, 1), reason);
            _refuses(poke(poke(_key, position, 1), position + 32, 0), reason);
        }
    }

    /// @dev Any point in any pack: taken if the precompile for additions takes it, which decides
    /// what burns gas.
    function testFuzz_TakesPointsThatThePrecompileTakes(uint256 pack, uint256 x, uint256 y, uint8 kind) public {
        pack = bound(pack, 0, _PACKS - 1);
        if (kind % 4 == 0) (x, y) = _multiple(x % R);
        if (kind % 4 == 1) (x, y) = (x % 4, y % 4);
        if (kind % 4 == 2) (x, y) = (x % _P, y % _P);
        (bool ok, bytes memory sum) = address(6).staticcall{ gas: 10_000 }(abi.encode(x, y, 0, 0));
        bytes memory key = poke(poke(_key, 32 + 64 * pack, x), 64 + 64 * pack, y);
        vm.etch(_account, bytes.concat(hex"00", key));
        (bool taken,) = address(registry).call(abi.encodeCall(registry.indexKey, (_account)));
        assertEq(taken, ok && sum.length == 64);
    }

    /// @dev What it is for: verifying under such a key burns what gas there is, 63 of 64 parts of
    /// it, whoever pays. No version of a model can have it now.
    function test_Attack_KeyBurnsTheGasOfThoseWhoVerify() public {
        uint256[] memory publicValues = new uint256[](2);
        Statement memory forged = _forgeOf(_newSeed(), 14, _WIDTH, publicValues, 0);
        vm.etch(_account, bytes.concat(hex"00", forged.key));
        uint256 gas = gasleft();
        verifier.verify{ gas: 30_000_000 }(_account, publicValues, forged.proof);
        assertLt(gas - gasleft(), 600_000);

        vm.etch(_account, bytes.concat(hex"00", poke(forged.key, 32, peek(forged.key, 32) ^ 1)));
        gas = gasleft();
        (bool ok,) = address(verifier).call{ gas: 30_000_000 }(
            abi.encodeCall(verifier.verify, (_account, publicValues, forged.proof))
        );
        assertFalse(ok);
        assertGt(gas - gasleft(), 29_000_000);
        vm.expectRevert(abi.encodeWithSelector(IVerifyingKeys.CommitmentNotOnCurve.selector, 0));
        registry.indexKey(_account);
    }

    // ------------------------------------------------------------------------------------- helpers

    function _takes(bytes memory key) private {
        vm.etch(_account, bytes.concat(hex"00", key));
        assertEq(registry.indexKey(_account), keccak256(key));
        assertEq(registry.keyOf(keccak256(key)), _account);
    }

    function _refuses(bytes memory key, bytes memory reason) private {
        vm.etch(_account, bytes.concat(hex"00", key));
        vm.expectRevert(reason);
        registry.indexKey(_account);
        assertEq(registry.keyOf(keccak256(key)), address(0));
    }

    function _multiple(uint256 scalar) private view returns (uint256, uint256) {
        (bool ok, bytes memory point) = address(7).staticcall(abi.encode(1, 2, scalar));
        assertTrue(ok);
        return abi.decode(point, (uint256, uint256));
    }
}
