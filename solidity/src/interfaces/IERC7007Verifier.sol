// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity ^0.8.24;

/// @title The part of ERC-7007 that verifies
/// @notice An ERC-7007 collection answers its own `verify` by asking such a contract; minting and
/// tokens are the collection's.
interface IERC7007Verifier {
    /// @notice Whether `proof` proves that the model made `aigcData` of `prompt`.
    function verify(bytes calldata prompt, bytes calldata aigcData, bytes calldata proof)
        external
        view
        returns (bool success);
}
