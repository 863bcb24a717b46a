// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity 0.8.37;

import { Test } from "forge-std/Test.sol";

import { InferenceVerifier } from "../../../src/core/verifier/InferenceVerifier.sol";
import { VerifyingKeys } from "../../../src/core/verifier/VerifyingKeys.sol";
import { Statement } from "../../../testing/TrapdoorProver.sol";

/// @dev Reads `<directory>/<name>/proof.json`, where the directory is ../test-vectors or
/// $VERDICT_TEST_VECTORS.
abstract contract TestVectors is Test {
    function _directory() private view returns (string memory) {
        return vm.envOr("VERDICT_TEST_VECTORS", string("../test-vectors"));
    }

    /// @dev The names in index.json.
    function _names() internal view returns (string[] memory) {
        return vm.parseJsonStringArray(vm.readFile(string.concat(_directory(), "/index.json")), ".");
    }

    function _json(string memory name) internal view returns (string memory) {
        return vm.readFile(string.concat(_directory(), "/", name, "/proof.json"));
    }

    function _statement(string memory json) internal pure returns (Statement memory) {
        return Statement(
            vm.parseJsonBytes(json, ".verifyingKey"),
            vm.parseJsonUintArray(json, ".publicValues"),
            vm.parseJsonBytes(json, ".proof")
        );
    }

    /// @dev The tampered statement number `i`: what it leaves out is as in `honest`. False past the
    /// last one.
    function _tampered(string memory json, Statement memory honest, uint256 i)
        internal
        view
        returns (bool exists, Statement memory statement, string memory what, bytes4 selector)
    {
        string memory path = string.concat(".tampered[", vm.toString(i), "]");
        exists = vm.keyExistsJson(json, path);
        if (exists) {
            statement = Statement(honest.key, honest.publicValues, honest.proof);
            what = vm.parseJsonString(json, string.concat(path, ".what"));
            selector = _selector(vm.parseJsonString(json, string.concat(path, ".error")));
            string memory field = string.concat(path, ".verifyingKey");
            if (vm.keyExistsJson(json, field)) statement.key = vm.parseJsonBytes(json, field);
            field = string.concat(path, ".publicValues");
            if (vm.keyExistsJson(json, field)) statement.publicValues = vm.parseJsonUintArray(json, field);
            field = string.concat(path, ".proof");
            if (vm.keyExistsJson(json, field)) statement.proof = vm.parseJsonBytes(json, field);
        }
    }

    /// @dev A verifier under the set-up of the vector.
    function _verifier(string memory json) internal returns (InferenceVerifier) {
        string memory field = vm.keyExistsJson(json, ".tauG2") ? ".tauG2" : ".srs.tauG2";
        uint256[] memory words = vm.parseJsonUintArray(json, field);
        return new InferenceVerifier([words[0], words[1], words[2], words[3]]);
    }

    /// @dev An account with the key, published or, if no publisher would take it, etched.
    function _place(VerifyingKeys keys, bytes memory key) internal returns (address account) {
        try keys.publish(key) returns (address published) {
            account = published;
        } catch {
            account = address(uint160(uint256(keccak256(key))));
            vm.etch(account, bytes.concat(hex"00", key));
        }
    }

    /// @dev An error's selector by its name alone.
    function _selector(string memory name) private pure returns (bytes4) {
        string[12] memory signatures = [
            "NotAVerifyingKey(address)",
            "WrongPublicValueCount(uint256,uint256)",
            "WrongProofLength(uint256,uint256)",
            "NonCanonicalCalldata()",
            "PublicValueNotCanonical(uint256)",
            "ScalarNotCanonical(uint256)",
            "CoordinateNotCanonical(uint256)",
            "PointAtInfinity(uint256)",
            "PointNotOnCurve(uint256)",
            "EvaluationPointInDomain()",
            "PrecompileFailed()",
            "ProofRejected()"
        ];
        for (uint256 i = 0; i < signatures.length; ++i) {
            if (vm.indexOf(signatures[i], string.concat(name, "(")) == 0) {
                return bytes4(keccak256(bytes(signatures[i])));
            }
        }
        revert(string.concat("unknown error ", name));
    }
}
