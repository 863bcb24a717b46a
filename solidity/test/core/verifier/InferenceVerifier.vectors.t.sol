// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity 0.8.37;

import { InferenceVerifier } from "../../../src/core/verifier/InferenceVerifier.sol";
import { VerifyingKeys } from "../../../src/core/verifier/VerifyingKeys.sol";
import { Statement } from "../../../testing/TrapdoorProver.sol";
import { TestVectors } from "./TestVectors.sol";

/// @dev Proofs of real models, made by crates/prover.
contract InferenceVerifierVectorsTest is TestVectors {
    struct Vector {
        string name;
        InferenceVerifier verifier;
        Statement statement;
        address key;
    }

    Vector[] private _vectors;
    VerifyingKeys private _keys;

    function setUp() public {
        _keys = new VerifyingKeys();
        string[] memory names = _names();
        for (uint256 i = 0; i < names.length; ++i) {
            string memory json = _json(names[i]);
            Statement memory statement = _statement(json);
            _vectors.push(Vector(names[i], _verifier(json), statement, _keys.publish(statement.key)));
        }
        assertGt(_vectors.length, 0, "no test vectors");
    }

    function test_AcceptsProofs() public {
        for (uint256 i = 0; i < _vectors.length; ++i) {
            Vector memory v = _vectors[i];
            v.verifier.verify(v.key, v.statement.publicValues, v.statement.proof);
            // Execution, and what a transaction that calls the verifier directly costs.
            uint256 execution = vm.lastCallGas().gasTotalUsed;
            bytes memory data = abi.encodeCall(v.verifier.verify, (v.key, v.statement.publicValues, v.statement.proof));
            vm.snapshotValue("InferenceVerifier", string.concat(v.name, ": execution"), execution);
            vm.snapshotValue(
                "InferenceVerifier", string.concat(v.name, ": transaction"), 21_000 + _calldataGas(data) + execution
            );
        }
    }

    function test_RevertWhen_Tampered() public {
        for (uint256 i = 0; i < _vectors.length; ++i) {
            Vector memory v = _vectors[i];
            string memory json = _json(v.name);
            for (uint256 j = 0;; ++j) {
                (bool exists, Statement memory tampered, string memory what, bytes4 selector) =
                    _tampered(json, v.statement, j);
                if (!exists) break;
                what = string.concat(v.name, ": ", what);
                (bool accepted, bytes memory reason) = _try(v.verifier, _place(_keys, tampered.key), tampered);
                assertFalse(accepted, what);
                assertEq(bytes4(reason), selector, what);
            }
        }
    }

    /// forge-config: default.fuzz.runs = 512
    function testFuzz_RevertWhen_AnyBitOfTheProofIsFlipped(uint256 vector, uint256 bit) public view {
        Vector memory v = _vectors[vector % _vectors.length];
        bit %= v.statement.proof.length * 8;
        v.statement.proof[bit / 8] ^= bytes1(uint8(1 << (bit % 8)));
        (bool accepted,) = _try(v.verifier, v.key, v.statement);
        assertFalse(accepted);
    }

    function testFuzz_RevertWhen_AnyBitOfAPublicValueIsFlipped(uint256 vector, uint256 bit) public view {
        Vector memory v = _vectors[vector % _vectors.length];
        bit %= v.statement.publicValues.length * 256;
        v.statement.publicValues[bit / 256] ^= 1 << (bit % 256);
        (bool accepted,) = _try(v.verifier, v.key, v.statement);
        assertFalse(accepted);
    }

    function testFuzz_RevertWhen_AnyBitOfTheKeyIsFlipped(uint256 vector, uint256 bit) public {
        Vector memory v = _vectors[vector % _vectors.length];
        bit %= v.statement.key.length * 8;
        v.statement.key[bit / 8] ^= bytes1(uint8(1 << (bit % 8)));
        (bool accepted,) = _try(v.verifier, _place(_keys, v.statement.key), v.statement);
        assertFalse(accepted);
    }

    function testFuzz_RevertWhen_AWordOfTheProofIsReplaced(uint256 vector, uint256 word, uint256 value) public view {
        Vector memory v = _vectors[vector % _vectors.length];
        bytes memory proof = v.statement.proof;
        word = 32 + 32 * (word % (proof.length / 32));
        uint256 old;
        assembly ("memory-safe") {
            old := mload(add(proof, word))
            mstore(add(proof, word), value)
        }
        vm.assume(old != value);
        (bool accepted,) = _try(v.verifier, v.key, v.statement);
        assertFalse(accepted);
    }

    function test_RevertWhen_ProofIsOfAnotherVector() public view {
        for (uint256 i = 0; i < _vectors.length; ++i) {
            for (uint256 j = 0; j < _vectors.length; ++j) {
                Statement memory mixed = Statement("", _vectors[i].statement.publicValues, _vectors[j].statement.proof);
                (bool accepted,) = _try(_vectors[i].verifier, _vectors[i].key, mixed);
                assertEq(accepted, i == j);
            }
        }
    }

    function _try(InferenceVerifier verifier, address key, Statement memory statement)
        private
        view
        returns (bool accepted, bytes memory reason)
    {
        // Enough for every valid proof; what burns gas burns no more.
        (accepted, reason) = address(verifier).staticcall{ gas: 3_000_000 }(
            abi.encodeCall(verifier.verify, (key, statement.publicValues, statement.proof))
        );
    }

    function _calldataGas(bytes memory data) private pure returns (uint256 gas) {
        for (uint256 i = 0; i < data.length; ++i) {
            gas += data[i] == 0 ? 4 : 16;
        }
    }
}
