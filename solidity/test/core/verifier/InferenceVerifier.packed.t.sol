// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity 0.8.37;

import { InferenceVerifier } from "../../../src/core/verifier/InferenceVerifier.sol";
import { IInferenceVerifier } from "../../../src/core/verifier/interfaces/IInferenceVerifier.sol";
import { Statement } from "../../../testing/TrapdoorProver.sol";
import { PackedVectors } from "./PackedVectors.sol";

/// @dev Proofs of every form that crates/prover made, and what becomes of them if something about
/// them is changed.
contract InferenceVerifierPackedTest is PackedVectors {
    uint256 private constant R = 0x30644e72e131a029b85045b68181585d2833e84879b9709143e1f593f0000001;

    function test_AcceptsProofs() public {
        for (uint256 i = 0; i < _vectors.length; ++i) {
            Vector memory v = _vectors[i];
            _verifier.verify(v.key, v.statement.publicValues, v.statement.proof);
            uint256 execution = vm.lastCallGas().gasTotalUsed;
            bytes memory data = abi.encodeCall(_verifier.verify, (v.key, v.statement.publicValues, v.statement.proof));
            vm.snapshotValue("InferenceVerifier.packed", string.concat(v.name, ": execution"), execution);
            vm.snapshotValue(
                "InferenceVerifier.packed",
                string.concat(v.name, ": transaction"),
                21_000 + _calldataGas(data) + execution
            );
        }
    }

    /// @dev No word of a proof may be another one: the next, one that means the same, a neighbour.
    function test_RevertWhen_AWordOfTheProofIsAnother() public view {
        for (uint256 i = 0; i < _vectors.length; ++i) {
            Vector memory v = _vectors[i];
            bytes memory proof = v.statement.proof;
            for (uint256 place = 32; place <= proof.length; place += 32) {
                uint256 word;
                uint256 neighbour;
                assembly ("memory-safe") {
                    word := mload(add(proof, place))
                    neighbour := mload(add(proof, add(place, 0x20)))
                }
                uint256[5] memory words;
                unchecked {
                    words = [word + 1, word - 1, word + R, 0, place < proof.length ? neighbour : 1];
                }
                for (uint256 j = 0; j < words.length; ++j) {
                    uint256 other = words[j];
                    // Two columns may be the same.
                    if (other == word) continue;
                    assembly ("memory-safe") {
                        mstore(add(proof, place), other)
                    }
                    assertFalse(_accepts(v.key, v.statement));
                }
                assembly ("memory-safe") {
                    mstore(add(proof, place), word)
                }
            }
            assertTrue(_accepts(v.key, v.statement));
        }
    }

    function test_RevertWhen_ProofIsOfAnotherVector() public view {
        for (uint256 i = 0; i < _vectors.length; ++i) {
            for (uint256 j = 0; j < _vectors.length; ++j) {
                Statement memory mixed = Statement("", _vectors[i].statement.publicValues, _vectors[j].statement.proof);
                assertEq(_accepts(_vectors[i].key, mixed), i == j);
            }
        }
    }

    function test_RevertWhen_PublicValueIsTheSameModuloTheOrder() public {
        for (uint256 i = 0; i < _vectors.length; ++i) {
            Vector memory v = _vectors[i];
            for (uint256 j = 0; j < v.statement.publicValues.length; ++j) {
                v.statement.publicValues[j] += R;
                vm.expectRevert(abi.encodeWithSelector(IInferenceVerifier.PublicValueNotCanonical.selector, j));
                _verifier.verify(v.key, v.statement.publicValues, v.statement.proof);
                v.statement.publicValues[j] -= R;
            }
        }
    }

    function test_RevertWhen_SetupIsAnother() public {
        // [1]_2: τ = 1.
        InferenceVerifier other = new InferenceVerifier(
            [
                0x198e9393920d483a7260bfb731fb5d25f1aa493335a9e71297e485b7aef312c2,
                0x1800deef121f1e76426a00665e5c4479674322d4f75edadd46debd5cd992f6ed,
                0x090689d0585ff075ec9e99ad690c3395bc4b313370b38ef355acdadcd122975b,
                0x12c85ea5db8c6deb4aab71808dcb408fe3d1e7690c43d37b4ce6cc0166fa7daa
            ]
        );
        for (uint256 i = 0; i < _vectors.length; ++i) {
            Vector memory v = _vectors[i];
            vm.expectRevert(IInferenceVerifier.ProofRejected.selector);
            other.verify(v.key, v.statement.publicValues, v.statement.proof);
        }
    }

    /// forge-config: default.fuzz.runs = 1024
    function testFuzz_RevertWhen_AnyBitOfTheProofIsFlipped(uint256 vector, uint256 bit) public view {
        Vector memory v = _vectors[vector % _vectors.length];
        _flip(v.statement.proof, bit);
        assertFalse(_accepts(v.key, v.statement));
    }

    function testFuzz_RevertWhen_AnyBitOfAPublicValueIsFlipped(uint256 vector, uint256 bit) public view {
        Vector memory v = _vectors[vector % _vectors.length];
        bit %= v.statement.publicValues.length * 256;
        v.statement.publicValues[bit / 256] ^= 1 << (bit % 256);
        assertFalse(_accepts(v.key, v.statement));
    }

    /// @dev As no publisher would take it, too.
    ///
    /// forge-config: default.fuzz.runs = 1024
    function testFuzz_RevertWhen_AnyBitOfTheKeyIsFlipped(uint256 vector, uint256 bit) public {
        Vector memory v = _vectors[vector % _vectors.length];
        _flip(v.statement.key, bit);
        assertFalse(_accepts(_place(v.statement.key), v.statement));
    }

    /// @dev Every bit of every header.
    function test_RevertWhen_AnyBitOfTheHeaderIsFlipped() public {
        for (uint256 i = 0; i < _vectors.length; ++i) {
            for (uint256 bit = 0; bit < 256; ++bit) {
                Vector memory v = _vectors[i];
                _flip(v.statement.key, bit);
                address account = _place(v.statement.key);
                assertFalse(_accepts(account, v.statement));
                // k and N are all that can be changed to something that has a meaning and proofs of the
                // same length, c what can be changed at all.
                bool plausible = bit / 8 == 5 || bit / 8 == 6 || bit / 8 == 9 || bit / 8 == 10 || bit == 64;
                if (plausible) continue;
                vm.expectRevert(abi.encodeWithSelector(IInferenceVerifier.NotAVerifyingKey.selector, account));
                _verifier.verify(account, v.statement.publicValues, v.statement.proof);
            }
        }
    }

    function _flip(bytes memory data, uint256 bit) private pure {
        bit %= data.length * 8;
        data[bit / 8] ^= bytes1(uint8(1 << (bit % 8)));
    }

    function _place(bytes memory key) private returns (address account) {
        account = address(uint160(uint256(keccak256(key))));
        vm.etch(account, bytes.concat(hex"00", key));
    }

    function _accepts(address key, Statement memory statement) private view returns (bool accepted) {
        // Enough for every valid proof; what burns gas burns no more.
        (accepted,) = address(_verifier).staticcall{ gas: 1_000_000 }(
            abi.encodeCall(_verifier.verify, (key, statement.publicValues, statement.proof))
        );
    }
}
