// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity ^0.8.24;

import { IInferenceVerifier } from "./IInferenceVerifier.sol";

/// @title The verifier of models whose proofs carry the key
/// @notice `IInferenceVerifier`, but what is given as a proof is the key's bytes and then the proof's,
/// and what is on chain of a key is a pin: an account whose code is
///
/// ```
/// STOP       1 byte
/// header    32 bytes   the key's, with "VDCP" in place of "VDCT"
/// digest    32 bytes   keccak256 of the key's bytes
/// ```
///
/// A pin is cheaper to publish than a key, and each proof costs the calldata of the key more.
/// Registries take a pin as they take keys of foreign verifiers, and a model's version names its
/// account, with this verifier's route: consumers pass proofs on and notice nothing.
/// @dev **Why a pin binds.** The digest in the code has all its 256 bits, and code that begins with
/// STOP never changes. That the pin's address is a hash of 160 bits doesn't matter: two keys with one
/// address can be found with about 2^80 hashes, but only one of them is ever written there, and it is
/// the code that proofs are compared with.
interface IPinnedKeyVerifier is IInferenceVerifier {
    /// @notice The bytes do not begin with the key that the account is the pin of.
    error WrongVerifyingKey(address account);

    /// @notice A key was pinned for the first time.
    /// @param pin The account whose code has the digest.
    /// @param digest The keccak-256 of the key's bytes.
    /// @param height k: the circuit has 2^k rows.
    /// @param width The number of weight columns.
    event VerifyingKeyPinned(address indexed pin, bytes32 indexed digest, uint8 height, uint8 width);

    /// @notice Pins a verifying key, if it isn't yet. For anyone.
    /// @dev Checks the encoding, once and for all, with the errors of `IVerifyingKeys`. It can't check
    /// which model the commitments are of: compare with a key compiled from the model. Nobody but this
    /// verifier makes pins that it takes.
    /// @param key Its bytes: header, commitments.
    /// @return account The pin.
    function pin(bytes calldata key) external returns (address account);

    /// @notice Where a key's pin is, or would be if it were pinned.
    /// @param key Its bytes.
    /// @return The account.
    function pinOf(bytes calldata key) external view returns (address);
}
