// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity ^0.8.24;

/// @notice A model version, resolved: everything about it that can't change, in one word. A
/// consumer stores it (or makes it immutable) when it chooses a version, so that verification need
/// not ask the registry.
/// @dev From the top: verifying key's account (160 bits) ‖ route selector (32) ‖ modelId (32) ‖
/// version (32).
type ModelPin is bytes32;

using ModelPins for ModelPin global;

/// @title Parts of a `ModelPin`
library ModelPins {
    /// @notice Puts a pin together. Only a registry should: a pin is as good as where it comes
    /// from.
    function make(address key_, bytes4 selector_, uint32 modelId_, uint32 version_) internal pure returns (ModelPin) {
        return ModelPin.wrap(
            bytes32(
                (uint256(uint160(key_)) << 96) | (uint256(uint32(selector_)) << 64) | (uint256(modelId_) << 32)
                    | version_
            )
        );
    }

    /// @notice The account whose code is the verifying key.
    function key(ModelPin pin) internal pure returns (address) {
        return address(bytes20(ModelPin.unwrap(pin)));
    }

    /// @notice The gateway's route to the verifier; ERC-7992's `proofSystemId`.
    function selector(ModelPin pin) internal pure returns (bytes4) {
        return bytes4(ModelPin.unwrap(pin) << 160);
    }

    /// @notice The model in the registry.
    function modelId(ModelPin pin) internal pure returns (uint256) {
        return uint32(uint256(ModelPin.unwrap(pin)) >> 32);
    }

    /// @notice The model's version, from 1.
    function version(ModelPin pin) internal pure returns (uint32) {
        // forge-lint: disable-next-line(unsafe-typecast)
        return uint32(uint256(ModelPin.unwrap(pin)));
    }

    /// @notice Whether nothing is pinned.
    function isZero(ModelPin pin) internal pure returns (bool) {
        return ModelPin.unwrap(pin) == 0;
    }
}
