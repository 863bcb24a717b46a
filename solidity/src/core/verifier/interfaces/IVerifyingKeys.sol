// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity ^0.8.24;

/// @title The publisher of verifying keys
/// @notice Turns a verifying key into an account whose code is the key and whose address only
/// depends on the key. Anyone may publish; nobody can change or remove what is published.
interface IVerifyingKeys {
    /// @notice Magic, version, height, width, columns to a pack, whether the weights are hidden,
    /// number of public values or padding is not what it may be.
    error InvalidHeader();

    /// @notice The key is not as long as its width and the columns to a pack demand.
    error WrongKeyLength(uint256 expected, uint256 actual);

    /// @notice A coordinate of commitment number `index` is not less than the modulus of the base
    /// field.
    error CommitmentNotCanonical(uint256 index);

    /// @notice Commitment number `index` is neither on the curve nor the identity.
    error CommitmentNotOnCurve(uint256 index);

    /// @notice The account could not be created.
    error PublicationFailed();

    /// @notice A key was published for the first time. What else its header says is in the code of
    /// the account.
    /// @param key The account whose code is the key.
    /// @param digest The keccak-256 of the key's bytes.
    /// @param height k: the circuit has 2^k rows.
    /// @param width The number of weight columns.
    event VerifyingKeyPublished(address indexed key, bytes32 indexed digest, uint8 height, uint8 width);

    /// @notice Publishes a verifying key, if it isn't yet.
    /// @dev Checks the encoding, once and for all, so that verifiers needn't. It can't check which
    /// model the commitments are of: compare with a key compiled from the model.
    /// @param key Its bytes: header, commitments.
    /// @return account The account whose code is the key, after a STOP.
    function publish(bytes calldata key) external returns (address account);

    /// @notice Where a key is, or would be if it were published.
    /// @param key Its bytes.
    /// @return The account.
    function addressOf(bytes calldata key) external view returns (address);
}
