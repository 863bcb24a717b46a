// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity ^0.8.24;

/// @title Names of proof systems
/// @notice "plonk-bn254-v2": lower-case letters and digits in parts that single hyphens separate,
/// as ERC-7992 asks.
library ProofSystemName {
    /// @notice A name's `proofSystemId`.
    function selectorOf(string memory name) internal pure returns (bytes4) {
        return bytes4(keccak256(bytes(name)));
    }

    /// @notice Whether a name may be used.
    function isCanonical(string memory name) internal pure returns (bool) {
        bytes memory letters = bytes(name);
        // As if a hyphen came before, and required not to end with one: no part is empty.
        bool hyphen = true;
        for (uint256 i = 0; i < letters.length; ++i) {
            bytes1 letter = letters[i];
            bool wasHyphen = hyphen;
            hyphen = letter == "-";
            bool word = (letter >= "a" && letter <= "z") || (letter >= "0" && letter <= "9");
            if (!word && (!hyphen || wasHyphen)) return false;
        }
        return !hyphen;
    }
}
