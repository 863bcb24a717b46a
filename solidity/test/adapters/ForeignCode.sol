// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity 0.8.37;

import { Test } from "forge-std/Test.sol";

/// @dev Deploys protocols' own code, which ../scripts/foreign-contracts.js wrote to foreign/.
abstract contract ForeignCode is Test {
    function _foreign(string memory name) internal returns (address) {
        return _foreign(name, "");
    }

    function _foreign(string memory name, bytes memory arguments) internal returns (address) {
        return deployCode(_path(name), arguments);
    }

    /// @dev A library, where the script linked it to.
    function _foreignLibrary(string memory name) internal {
        deployCodeTo(_path(name), address(bytes20(sha256(bytes(name)))));
    }

    function _path(string memory name) private pure returns (string memory) {
        return string.concat("foreign/", name, ".json");
    }
}
