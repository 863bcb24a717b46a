// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity 0.8.37;

import { InferenceVerifier } from "../../../src/core/verifier/InferenceVerifier.sol";
import { IInferenceVerifier } from "../../../src/core/verifier/interfaces/IInferenceVerifier.sol";
import { Statement, TrapdoorProver } from "../../../testing/TrapdoorProver.sol";
import { peek, poke } from "../../utils/Memory.sol";
import { PackedVectors } from "./PackedVectors.sol";

/// @dev Several proofs, one pairing.
contract InferenceVerifierManyTest is PackedVectors, TrapdoorProver {
    /// @dev What `verifyMany` takes.
    struct Lists {
        address[] keys;
        uint256[][] publicValues;
        bytes[] proofs;
    }

    uint256 private _wrongBy;

    // ------------------------------------------------------------------------------------- accepts

    function test_AcceptsAMixOfEverything() public {
        _accept(_all());
        vm.snapshotValue(
            "InferenceVerifier.many", "every form: execution, each", vm.lastCallGas().gasTotalUsed / _vectors.length
        );
    }

    function test_AcceptsOneProof() public {
        for (uint256 i = 0; i < _vectors.length; ++i) {
            _accept(_repeated(i, 1));
        }
    }

    function test_AcceptsTheSameProofTwice() public {
        for (uint256 i = 0; i < _vectors.length; ++i) {
            _accept(_repeated(i, 2));
        }
    }

    function test_GasEach() public {
        uint256[4] memory counts = [uint256(1), 2, 10, 50];
        for (uint256 i = 0; i < counts.length; ++i) {
            Lists memory lists = _repeated(0, counts[i]);
            _accept(lists);
            uint256 execution = vm.lastCallGas().gasTotalUsed / counts[i];
            bytes memory data = _encoded(lists);
            uint256 transaction = execution + (21_000 + _calldataGas(data)) / counts[i];
            string memory name = string.concat(vm.toString(counts[i]), " of eight: ");
            vm.snapshotValue("InferenceVerifier.many", string.concat(name, "execution, each"), execution);
            vm.snapshotValue("InferenceVerifier.many", string.concat(name, "transaction, each"), transaction);
            if (counts[i] == 10) assertLt(transaction, 150_000);
        }
    }

    /// forge-config: default.fuzz.runs = 64
    function testFuzz_AcceptsAnyMix(uint256 count, uint256 choice) public {
        Lists memory lists = _lists(bound(count, 1, 12));
        for (uint256 i = 0; i < lists.keys.length; ++i) {
            _put(lists, i, _vectors[(choice >> 16 * i) % _vectors.length]);
        }
        _accept(lists);
    }

    // ------------------------------------------------------------------------------------- rejects

    function test_RevertWhen_OneIsWrong() public {
        Lists memory lists = _all();
        for (uint256 i = 0; i < lists.keys.length; ++i) {
            for (uint256 word = 0; word < lists.publicValues[i].length; ++word) {
                lists.publicValues[i][word] ^= 1;
                _refuse(lists, abi.encodeWithSelector(IInferenceVerifier.ProofRejected.selector));
                lists.publicValues[i][word] ^= 1;
            }
            bytes memory proof = lists.proofs[i];
            // H_1's value, and the opposite of [Q'].
            uint256 position = proof.length - 160;
            uint256 value = peek(proof, position);
            poke(proof, position, addmod(value, 1, R));
            _refuse(lists, abi.encodeWithSelector(IInferenceVerifier.ProofRejected.selector));
            poke(proof, position, value);

            position = proof.length - 32;
            value = peek(proof, position);
            uint256 p = 0x30644e72e131a029b85045b68181585d97816a916871ca8d3c208c16d87cfd47;
            poke(proof, position, p - value);
            _refuse(lists, abi.encodeWithSelector(IInferenceVerifier.ProofRejected.selector));
            poke(proof, position, value);
            _accept(lists);
        }
    }

    function test_RevertWhen_OneIsMalformed() public {
        Lists memory lists = _all();
        for (uint256 i = 0; i < lists.keys.length; ++i) {
            bytes memory proof = lists.proofs[i];
            poke(proof, 0, peek(proof, 0) ^ 1);
            _refuse(lists, abi.encodeWithSelector(IInferenceVerifier.PointNotOnCurve.selector, 0));
            poke(proof, 0, peek(proof, 0) ^ 1);

            uint256 position = proof.length - 160;
            uint256 value = peek(proof, position);
            poke(proof, position, value + R);
            uint256 index = 21 + uint8(_vectors[i].statement.key[6]);
            _refuse(lists, abi.encodeWithSelector(IInferenceVerifier.ScalarNotCanonical.selector, index));
            poke(proof, position, value);

            lists.publicValues[i][1] += R;
            _refuse(lists, abi.encodeWithSelector(IInferenceVerifier.PublicValueNotCanonical.selector, 1));
            lists.publicValues[i][1] -= R;

            uint256[] memory values = lists.publicValues[i];
            uint256 more = values.length + 1;
            lists.publicValues[i] = new uint256[](more);
            _refuse(lists, abi.encodeWithSelector(IInferenceVerifier.WrongPublicValueCount.selector, more - 1, more));
            lists.publicValues[i] = values;

            lists.proofs[i] = bytes.concat(proof, bytes32(0));
            _refuse(
                lists,
                abi.encodeWithSelector(IInferenceVerifier.WrongProofLength.selector, proof.length, proof.length + 32)
            );
            lists.proofs[i] = proof;

            address key = lists.keys[i];
            // What the proof before left in memory is not to be taken for a key.
            bytes[3] memory codes = [bytes(""), hex"00", bytes.concat(hex"01", _vectors[i].statement.key)];
            for (uint256 j = 0; j < codes.length; ++j) {
                lists.keys[i] = address(0xdead);
                vm.etch(address(0xdead), codes[j]);
                _refuse(lists, abi.encodeWithSelector(IInferenceVerifier.NotAVerifyingKey.selector, address(0xdead)));
            }
            lists.keys[i] = key;
            _accept(lists);
        }
    }

    /// @dev Of an account that no publisher and no registry has seen.
    function test_RevertWhen_AKeyHasAPointOffTheCurve() public {
        Lists memory lists = _repeated(0, 3);
        address account = makeAddr("unpublished key");
        for (uint256 position = 32; position < 160; position += 64) {
            vm.etch(account, bytes.concat(hex"00", poke(bytes.concat(_vectors[0].statement.key), position, 1)));
            for (uint256 i = 0; i < 3; ++i) {
                lists.keys[i] = account;
                (bool ok, bytes memory reason) = address(_verifier).staticcall{ gas: 100_000_000 }(_encoded(lists));
                assertFalse(ok);
                assertEq(reason, abi.encodeWithSelector(IInferenceVerifier.PrecompileFailed.selector));
                lists.keys[i] = _vectors[0].key;
            }
        }
    }

    function test_RevertWhen_ProofsAreExchanged() public {
        Lists memory lists = _repeated(0, 3);
        // Another proof of the same key: of other words it can't be.
        for (uint256 i = 0; i < 3; ++i) {
            lists.publicValues[i] = new uint256[](_vectors[0].statement.publicValues.length);
            _refuse(lists, abi.encodeWithSelector(IInferenceVerifier.ProofRejected.selector));
            lists.publicValues[i] = _vectors[0].statement.publicValues;
        }
        lists = _all();
        for (uint256 i = 1; i < lists.keys.length; ++i) {
            (lists.proofs[0], lists.proofs[i]) = (lists.proofs[i], lists.proofs[0]);
            (bool ok,) = _try(lists);
            assertFalse(ok);
            (lists.proofs[0], lists.proofs[i]) = (lists.proofs[i], lists.proofs[0]);
        }
    }

    function test_RevertWhen_ThereAreNone() public {
        _refuse(_lists(0), abi.encodeWithSelector(IInferenceVerifier.NoProofs.selector));
        Lists memory lists = _lists(0);
        lists.proofs = new bytes[](1);
        _refuse(lists, abi.encodeWithSelector(IInferenceVerifier.NoProofs.selector));
    }

    function test_RevertWhen_ListsDiffer() public {
        for (uint256 keys = 1; keys < 3; ++keys) {
            for (uint256 values = 0; values < 3; ++values) {
                for (uint256 proofs = 0; proofs < 3; ++proofs) {
                    if (keys == values && values == proofs) continue;
                    Lists memory lists =
                        Lists(_repeated(0, keys).keys, _repeated(0, values).publicValues, _repeated(0, proofs).proofs);
                    _refuse(
                        lists,
                        abi.encodeWithSelector(IInferenceVerifier.ListLengthsDiffer.selector, keys, values, proofs)
                    );
                }
            }
        }
    }

    // ------------------------------------------------------------------------------------- attacks

    /// @dev Two proofs, wrong by as much in opposite directions: what a sum without random factors
    /// would accept.
    function test_Attack_ErrorsThatCancel() public {
        InferenceVerifier verifier = new InferenceVerifier(_tauG2());
        for (uint256 seed = 0; seed < 4; ++seed) {
            uint256 wrong = uint256(keccak256(abi.encode(seed))) % R;
            Lists memory lists = _lists(2);
            _wrongBy = wrong;
            _forgeInto(lists, 0, seed);
            _wrongBy = R - wrong;
            _forgeInto(lists, 1, seed + 1);
            _refuseBy(verifier, lists);
            (lists.keys[0], lists.keys[1]) = (lists.keys[1], lists.keys[0]);
            (lists.publicValues[0], lists.publicValues[1]) = (lists.publicValues[1], lists.publicValues[0]);
            (lists.proofs[0], lists.proofs[1]) = (lists.proofs[1], lists.proofs[0]);
            _refuseBy(verifier, lists);
            _wrongBy = 0;
            _forgeInto(lists, 0, seed + 1);
            _forgeInto(lists, 1, seed);
            verifier.verifyMany(lists.keys, lists.publicValues, lists.proofs);
        }
    }

    /// @dev Errors that cancel if the random factor isn't drawn from all of the proofs to their ends:
    /// [Q'] is the last that a prover chooses, after all that the hashes before bind.
    function test_Attack_ErrorsThatCancelForAChallengeWithoutTheLastPoints() public {
        InferenceVerifier verifier = new InferenceVerifier(_tauG2());
        Lists memory lists = _lists(2);
        _forgeInto(lists, 0, 1);
        _forgeInto(lists, 1, 2);
        bytes32[2] memory open = [_hashOfZ(1, lists.proofs[0]), _hashOfZ(2, lists.proofs[1])];
        bytes32[2] memory hashed = [keccak256(abi.encode(open[0])), keccak256(abi.encode(open[1]))];
        bytes32[5] memory challenges =
            [keccak256(abi.encode(open)), keccak256(abi.encode(hashed)), open[0], open[1], bytes32(R + 1)];
        for (uint256 i = 0; i < challenges.length; ++i) {
            uint256 delta = uint256(challenges[i]) % R;
            for (uint256 first = 0; first < 2; ++first) {
                _wrongBy = 5;
                _forgeInto(lists, first, 1 + first);
                _cancel(lists, first, delta);
                _refuseBy(verifier, lists);
            }
        }
    }

    /// @dev The same if only one of the proofs is bound: the other is made after the factor is known.
    function test_Attack_ErrorsThatCancelForAChallengeOfOneProof() public {
        InferenceVerifier verifier = new InferenceVerifier(_tauG2());
        Lists memory lists = _lists(2);
        for (uint256 first = 0; first < 2; ++first) {
            _wrongBy = 5;
            _forgeInto(lists, first, 1 + first);
            bytes memory proof = lists.proofs[first];
            bytes32 hash = _hashOfZ(1 + first, proof);
            bytes32 digest = keccak256(abi.encode(hash, peek(proof, proof.length - 64), peek(proof, proof.length - 32)));
            bytes32[4] memory challenges = [keccak256(abi.encode(digest)), digest, keccak256(abi.encode(hash)), hash];
            for (uint256 i = 0; i < challenges.length; ++i) {
                _cancel(lists, first, uint256(challenges[i]) % R);
                _refuseBy(verifier, lists);
            }
        }
    }

    /// @dev One wrong proof many times: a factor that doesn't change would multiply its error.
    function test_RevertWhen_AWrongProofIsRepeated() public {
        InferenceVerifier verifier = new InferenceVerifier(_tauG2());
        for (uint256 count = 1; count < 6; ++count) {
            Lists memory lists = _lists(count);
            _wrongBy = 1;
            for (uint256 i = 0; i < count; ++i) {
                _forgeInto(lists, i, 3);
            }
            _refuseBy(verifier, lists);
        }
    }

    // ------------------------------------------------------------------------------------ encoding

    function test_RevertWhen_CalldataHasTrailingBytes() public {
        bytes memory data = _encoded(_all());
        bytes memory reason = abi.encodeWithSelector(IInferenceVerifier.NonCanonicalCalldata.selector);
        _expectRaw(data, "");
        _expectRaw(bytes.concat(data, hex"00"), reason);
        _expectRaw(bytes.concat(data, bytes32(0)), reason);
    }

    /// @dev One word more between any two parts, with offsets that skip it; and elements in another
    /// order.
    function test_RevertWhen_OffsetsAreUnusual() public {
        Lists memory lists = _repeated(0, 2);
        bytes memory data = _encoded(lists);
        uint256 list = 4 + 3 * 32;
        uint256 values = list + 3 * 32;
        uint256 proofs = values + 3 * 32 + 2 * (1 + lists.publicValues[0].length) * 32;
        uint256 proofLength = lists.proofs[0].length;
        assertEq(peek(data, values), 2);
        assertEq(peek(data, proofs), 2);
        assertEq(peek(data, proofs + 32), 64);
        bytes memory reason = abi.encodeWithSelector(IInferenceVerifier.NonCanonicalCalldata.selector);

        // Both elements are the first one, or the second is the first.
        _expectRaw(poke(bytes.concat(data), proofs + 64, 64), reason);
        _expectRaw(poke(bytes.concat(data), values + 64, 64), reason);
        bytes memory swapped = poke(bytes.concat(data), proofs + 32, peek(data, proofs + 64));
        _expectRaw(poke(swapped, proofs + 64, 64), reason);
        swapped = poke(bytes.concat(data), values + 32, peek(data, values + 64));
        _expectRaw(poke(swapped, values + 64, 64), reason);

        // Gaps: before the keys, the values, the proofs, an element of each.
        bytes memory gap = _insert(data, list);
        _add(gap, 4, 32);
        _add(gap, 36, 32);
        _expectRaw(_add(gap, 68, 32), reason);
        gap = _insert(data, values);
        _add(gap, 36, 32);
        _expectRaw(_add(gap, 68, 32), reason);
        gap = _insert(data, proofs);
        _expectRaw(_add(gap, 68, 32), reason);
        gap = _insert(data, values + 3 * 32);
        _add(gap, values + 32, 32);
        _add(gap, values + 64, 32);
        _expectRaw(_add(gap, 68, 32), reason);
        gap = _insert(data, proofs + 4 * 32 + proofLength);
        _expectRaw(_add(gap, proofs + 64, 32), reason);
    }

    /// @dev A list of keys within the public values, where everything else is where it must be: what is
    /// in its own place would mean nothing.
    function test_RevertWhen_KeysAreElsewhere() public {
        InferenceVerifier verifier = new InferenceVerifier(_tauG2());
        Lists memory lists = _lists(1);
        uint256[] memory words = new uint256[](2);
        address key = _keys.publish(_forgeOf(1, 12, 3, words, 0).key);
        (words[0], words[1]) = (1, uint160(key));
        Statement memory forged = _forgeOf(1, 12, 3, words, 0);
        (lists.keys[0], lists.publicValues[0], lists.proofs[0]) = (key, forged.publicValues, forged.proof);
        verifier.verifyMany(lists.keys, lists.publicValues, lists.proofs);

        uint256 wordsAt = 4 + 3 * 32 + 2 * 32 + 2 * 32 + 32;
        bytes memory data = _encoded(lists);
        assertEq(peek(data, wordsAt + 32), uint160(key));
        poke(data, 4, wordsAt - 4);
        (bool ok, bytes memory reason) = address(verifier).staticcall(data);
        assertFalse(ok);
        assertEq(reason, abi.encodeWithSelector(IInferenceVerifier.NonCanonicalCalldata.selector));
    }

    function test_RevertWhen_CalldataIsTruncated() public view {
        bytes memory data = _encoded(_repeated(0, 2));
        for (uint256 length = data.length; length > 0;) {
            length -= length < 61 ? 1 : 61;
            assembly ("memory-safe") {
                mstore(data, length)
            }
            (bool ok,) = address(_verifier).staticcall{ gas: 1_000_000 }(data);
            assertFalse(ok);
        }
    }

    function test_RevertWhen_KeyAddressHasDirtyBits() public view {
        for (uint256 i = 0; i < 2; ++i) {
            bytes memory data = _encoded(_repeated(0, 2));
            data[4 + 4 * 32 + 32 * i] = 0x01;
            (bool ok,) = address(_verifier).staticcall{ gas: 1_000_000 }(data);
            assertFalse(ok);
        }
    }

    /// forge-config: default.fuzz.runs = 1024
    function testFuzz_RevertWhen_AnyBitIsFlipped(uint256 bit) public view {
        Lists memory lists = _lists(3);
        _put(lists, 0, _vectors[0]);
        _put(lists, 1, _vectors[1]);
        _put(lists, 2, _vectors[3]);
        bytes memory data = _encoded(lists);
        bit = bound(bit, 0, 8 * data.length - 1);
        data[bit / 8] ^= bytes1(uint8(1 << (bit % 8)));
        (bool ok,) = address(_verifier).staticcall{ gas: 2_000_000 }(data);
        assertFalse(ok);
    }

    function testFuzz_RevertWhen_GasRunsOut(uint256 gas) public {
        Lists memory lists = _repeated(0, 3);
        _accept(lists);
        gas = bound(gas, 0, vm.lastCallGas().gasTotalUsed - 2500);
        bytes memory data = _encoded(lists);
        (bool ok,) = address(_verifier).staticcall{ gas: gas }(data);
        assertFalse(ok);
    }

    function test_BadPointsDoNotBurnGas() public view {
        Lists memory lists = _repeated(0, 3);
        poke(lists.proofs[2], 0, 1);
        uint256 before = gasleft();
        (bool ok,) = _try(lists);
        assertFalse(ok);
        assertLt(before - gasleft(), 300_000);
    }

    // ------------------------------------------------------------------------------------- helpers

    function _residue() internal view override returns (uint256) {
        return _wrongBy;
    }

    /// @dev Makes the other proof than number `first`, which is wrong by 5, wrong by so much that
    /// `delta` cancels it: d_0 + δ·d_1 = 0.
    function _cancel(Lists memory lists, uint256 first, uint256 delta) private {
        uint256 factor = first == 0 ? _pow(delta, R - 2) : delta;
        _wrongBy = R - mulmod(5, factor, R);
        _forgeInto(lists, 1 - first, 2 - first);
    }

    function _forgeInto(Lists memory lists, uint256 i, uint256 seed) private {
        Statement memory forged = _forge(seed, 12, 3, 2);
        (lists.keys[i], lists.publicValues[i], lists.proofs[i]) =
        (_keys.publish(forged.key), forged.publicValues, forged.proof);
    }

    /// @dev The hash that z comes from, of a proof of `_forgeInto`.
    function _hashOfZ(uint256 seed, bytes memory proof) private view returns (bytes32 hash) {
        Statement memory forged = _forge(seed, 12, 3, 2);
        uint256 representation = uint256(keccak256(forged.key)) % R;
        hash = keccak256(abi.encodePacked(representation, forged.publicValues, peek(proof, 0), peek(proof, 32)));
        for (uint256 i = 0; i < 4; ++i) {
            hash = keccak256(abi.encodePacked(hash, hex"01"));
        }
        hash = keccak256(abi.encode(hash, peek(proof, 64), peek(proof, 96)));
        hash = keccak256(abi.encode(hash, peek(proof, 128), peek(proof, 160)));
        bytes memory evaluations = abi.encode(hash);
        for (uint256 i = 0; i < 25; ++i) {
            evaluations = abi.encodePacked(evaluations, peek(proof, 192 + 32 * i));
        }
        hash = keccak256(evaluations);
        hash = keccak256(abi.encode(hash, peek(proof, 992), peek(proof, 1024)));
    }

    function _lists(uint256 count) private pure returns (Lists memory) {
        return Lists(new address[](count), new uint256[][](count), new bytes[](count));
    }

    function _put(Lists memory lists, uint256 i, Vector memory v) private pure {
        (lists.keys[i], lists.publicValues[i], lists.proofs[i]) = (v.key, v.statement.publicValues, v.statement.proof);
    }

    function _all() private view returns (Lists memory lists) {
        lists = _lists(_vectors.length);
        for (uint256 i = 0; i < _vectors.length; ++i) {
            _put(lists, i, _vectors[i]);
        }
    }

    function _repeated(uint256 vector, uint256 count) private view returns (Lists memory lists) {
        lists = _lists(count);
        for (uint256 i = 0; i < count; ++i) {
            _put(lists, i, _vectors[vector]);
        }
    }

    function _encoded(Lists memory lists) private view returns (bytes memory) {
        return abi.encodeCall(_verifier.verifyMany, (lists.keys, lists.publicValues, lists.proofs));
    }

    function _accept(Lists memory lists) private view {
        _verifier.verifyMany(lists.keys, lists.publicValues, lists.proofs);
    }

    function _refuse(Lists memory lists, bytes memory reason) private {
        vm.expectRevert(reason);
        _verifier.verifyMany(lists.keys, lists.publicValues, lists.proofs);
    }

    function _refuseBy(InferenceVerifier verifier, Lists memory lists) private {
        vm.expectRevert(IInferenceVerifier.ProofRejected.selector);
        verifier.verifyMany(lists.keys, lists.publicValues, lists.proofs);
    }

    function _try(Lists memory lists) private view returns (bool, bytes memory) {
        return address(_verifier).staticcall{ gas: 3_000_000 }(_encoded(lists));
    }

    /// @dev Success if `expected` is empty.
    function _expectRaw(bytes memory data, bytes memory expected) private view {
        (bool ok, bytes memory reason) = address(_verifier).staticcall(data);
        assertEq(ok, expected.length == 0);
        assertEq(reason, expected);
    }

    function _insert(bytes memory data, uint256 position) private pure returns (bytes memory longer) {
        longer = new bytes(data.length + 32);
        for (uint256 i = 0; i < data.length; ++i) {
            longer[i < position ? i : i + 32] = data[i];
        }
    }

    function _add(bytes memory data, uint256 position, uint256 value) private pure returns (bytes memory) {
        return poke(data, position, peek(data, position) + value);
    }
}
