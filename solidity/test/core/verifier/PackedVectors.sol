// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity 0.8.37;

import { Test } from "forge-std/Test.sol";

import { InferenceVerifier } from "../../../src/core/verifier/InferenceVerifier.sol";
import { VerifyingKeys } from "../../../src/core/verifier/VerifyingKeys.sol";
import { Statement } from "../../../testing/TrapdoorProver.sol";

/// @dev Reads those of ../test-vectors that are of every form, under the development set-up.
abstract contract PackedVectors is Test {
    /// @dev A proof that crates/prover made.
    struct Vector {
        string name;
        Statement statement;
        address key;
    }

    Vector[] internal _vectors;
    VerifyingKeys internal _keys;
    InferenceVerifier internal _verifier;

    function setUp() public virtual {
        _keys = new VerifyingKeys();
        string[6] memory names = [
            "packs-of-eight", "hidden-in-eights", "packs-of-four", "hidden-in-fours", "packs-of-two", "hidden-in-twos"
        ];
        for (uint256 i = 0; i < names.length; ++i) {
            string memory json = vm.readFile(string.concat("../test-vectors/", names[i], "/proof.json"));
            Statement memory statement = Statement(
                vm.parseJsonBytes(json, ".verifyingKey"),
                vm.parseJsonUintArray(json, ".publicValues"),
                vm.parseJsonBytes(json, ".proof")
            );
            _vectors.push(Vector(names[i], statement, _keys.publish(statement.key)));
            uint256[] memory tau = vm.parseJsonUintArray(json, ".tauG2");
            uint256[4] memory tauG2 = [tau[0], tau[1], tau[2], tau[3]];
            if (i == 0) _verifier = new InferenceVerifier(tauG2);
            assertEq(abi.encode(tauG2), abi.encode(_verifier.tauG2()));
        }
    }

    /// @dev What a transaction that calls a contract directly pays for its calldata.
    function _calldataGas(bytes memory data) internal pure returns (uint256 gas) {
        for (uint256 i = 0; i < data.length; ++i) {
            gas += data[i] == 0 ? 4 : 16;
        }
    }
}
