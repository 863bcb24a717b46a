// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity 0.8.37;

import { InputSchema, ModelSpec, OutputSchema, Packing, Visibility } from "../../src/types/Schemas.sol";
import { VerdictScript } from "./VerdictScript.sol";
import { SafeCast } from "@openzeppelin/contracts/utils/math/SafeCast.sol";

/// @title A `ModelSpec` from JSON
/// @notice
///
/// ```
/// {
///   "inputItems": 1, "outputItems": 1, "commitments": 0,
///   "inputs": [{ "count": 30, "packing": "signed", "visibility": "public",
///                "minima": [0], "maxima": [1023],
///                "scalesE36": ["19089930917510538000…", …], "zeroPoints": [403, …] }],
///   "outputs": [{ "count": 1, "packing": "signed", "scaleE36": "…" }],
///   "keyProof": "0x…",
///   "breakpoints": "0x…"
/// }
/// ```
///
/// `packing` is "bytes", "signed" or "wide", `visibility` "public", "private" or "committed";
/// scales are decimal strings. `keyProof` is the digest of the key proof of a model with private
/// weights; those with public weights have none. `breakpoints` is the whole table of a model with
/// ranks, whose scales are "0" (see `Ranks`); others have none. script/model-spec.py makes one of a
/// compiled model's manifest.
abstract contract SpecJson is VerdictScript {
    /// @notice There is no such packing, or visibility.
    error UnknownWord(string path, string word);

    function _specOf(string memory json) internal view returns (ModelSpec memory spec) {
        spec.inputItems = SafeCast.toUint24(_uint(json, ".inputItems"));
        spec.outputItems = SafeCast.toUint24(_uint(json, ".outputItems"));
        spec.commitments = SafeCast.toUint16(_uint(json, ".commitments"));
        spec.inputs = new InputSchema[](_length(json, ".inputs"));
        for (uint256 i = 0; i < spec.inputs.length; ++i) {
            spec.inputs[i] = _input(json, _at(".inputs", i));
        }
        spec.outputs = new OutputSchema[](_length(json, ".outputs"));
        for (uint256 i = 0; i < spec.outputs.length; ++i) {
            string memory path = _at(".outputs", i);
            spec.outputs[i] = OutputSchema(
                SafeCast.toUint32(_uint(json, string.concat(path, ".count"))),
                _packing(json, path),
                SafeCast.toUint192(_uint(json, string.concat(path, ".scaleE36")))
            );
        }
        spec.keyProof = _bytes32Or(json, ".keyProof", 0);
    }

    /// @dev The table of breakpoints; empty if there is none.
    function _breakpoints(string memory json) internal view returns (bytes memory) {
        return vm.keyExistsJson(json, ".breakpoints") ? vm.parseJsonBytes(json, ".breakpoints") : bytes("");
    }

    /// @dev Its digest, as the registry takes it; zero if there is none.
    function _breakpointsDigest(string memory json) internal view returns (bytes32) {
        return vm.keyExistsJson(json, ".breakpoints") ? keccak256(_breakpoints(json)) : bytes32(0);
    }

    function _input(string memory json, string memory path) private view returns (InputSchema memory input) {
        input.count = SafeCast.toUint32(_uint(json, string.concat(path, ".count")));
        input.packing = _packing(json, path);
        input.visibility = _visibility(json, path);
        input.minima = _int32s(json, string.concat(path, ".minima"));
        input.maxima = _int32s(json, string.concat(path, ".maxima"));
        _require(json, string.concat(path, ".scalesE36"));
        _require(json, string.concat(path, ".zeroPoints"));
        uint256[] memory scales = vm.parseJsonUintArray(json, string.concat(path, ".scalesE36"));
        int256[] memory zeroPoints = vm.parseJsonIntArray(json, string.concat(path, ".zeroPoints"));
        input.scalesE36 = new uint192[](scales.length);
        for (uint256 i = 0; i < scales.length; ++i) {
            input.scalesE36[i] = SafeCast.toUint192(scales[i]);
        }
        input.zeroPoints = new int64[](zeroPoints.length);
        for (uint256 i = 0; i < zeroPoints.length; ++i) {
            input.zeroPoints[i] = SafeCast.toInt64(zeroPoints[i]);
        }
    }

    function _int32s(string memory json, string memory path) private view returns (int32[] memory numbers) {
        _require(json, path);
        int256[] memory values = vm.parseJsonIntArray(json, path);
        numbers = new int32[](values.length);
        for (uint256 i = 0; i < values.length; ++i) {
            numbers[i] = SafeCast.toInt32(values[i]);
        }
    }

    function _packing(string memory json, string memory path) private view returns (Packing) {
        path = string.concat(path, ".packing");
        string memory word = _text(json, path);
        if (_same(word, "bytes")) return Packing.Bytes;
        if (_same(word, "signed")) return Packing.Signed;
        if (_same(word, "wide")) return Packing.Wide;
        revert UnknownWord(path, word);
    }

    function _visibility(string memory json, string memory path) private view returns (Visibility) {
        path = string.concat(path, ".visibility");
        string memory word = _text(json, path);
        if (_same(word, "public")) return Visibility.Public;
        if (_same(word, "private")) return Visibility.Private;
        if (_same(word, "committed")) return Visibility.Committed;
        revert UnknownWord(path, word);
    }

    function _same(string memory a, string memory b) internal pure returns (bool) {
        return keccak256(bytes(a)) == keccak256(bytes(b));
    }
}
