// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity ^0.8.24;

import { Ownable } from "@openzeppelin/contracts/access/Ownable.sol";
import { Ownable2Step } from "@openzeppelin/contracts/access/Ownable2Step.sol";
import { ECDSA } from "@openzeppelin/contracts/utils/cryptography/ECDSA.sol";
import { SignatureChecker } from "@openzeppelin/contracts/utils/cryptography/SignatureChecker.sol";

import { DataContract } from "../libraries/DataContract.sol";

/// @title k of n signers
/// @notice A set of accounts, with or without code (ERC-1271), of which a quorum must sign the same
/// digest.
/// @dev The owner (handed over in two steps) replaces the whole set, which takes a delay everyone
/// can see, and revokes single signers, which takes effect at once. So an owner can stop data but
/// not forge any without notice: to revoke never lowers the quorum.
///
/// A set is the code of an account, strictly ascending: one read for all signers, and no signer is
/// in it twice. Signatures come with a bit mask of who signed, so nobody can be counted twice. Sets
/// are numbered; what is signed names the number, so nothing signed under an earlier set is left
/// over.
abstract contract SignerSet is Ownable2Step {
    /// @dev One slot. Bit i of `revoked` stands for signer i.
    struct Current {
        address data;
        uint32 number;
        uint8 count;
        uint8 quorum;
        uint32 revoked;
    }

    /// @notice A set that will replace the current one.
    /// @param data The signers' account; zero if there is none.
    /// @param eta From when on it can.
    /// @param count Signers.
    /// @param quorum How many must sign.
    struct Rotation {
        address data;
        uint40 eta;
        uint8 count;
        uint8 quorum;
    }

    /// @notice A set has a bit for every signer.
    uint256 public constant MAXIMUM_SIGNERS = 32;

    /// @notice How long a due rotation can be executed: a forgotten one must not strike years
    /// later.
    uint256 public constant ROTATION_WINDOW = 14 days;

    uint256 private constant _MAXIMUM_DELAY = 365 days;

    uint40 private immutable _ROTATION_DELAY;

    Current private _current;
    Rotation private _rotation;

    /// @notice A set is in force.
    event SignersSet(uint256 indexed number, address[] signers, uint256 quorum);

    /// @notice The owner wants another set.
    event RotationProposed(address[] signers, uint256 quorum, uint256 eta);

    /// @notice That will not happen.
    event RotationCancelled();

    /// @notice A signer no longer counts.
    event SignerRevoked(uint256 indexed number, address indexed signer);

    /// @notice There are none, or more than `MAXIMUM_SIGNERS`.
    error WrongSignerCount(uint256 count);

    /// @notice A quorum is at least one and at most all signers that count.
    error QuorumOutOfRange(uint256 quorum, uint256 signers);

    /// @notice Signer `index` isn't greater than the one before, or is zero.
    error SignersNotAscending(uint256 index);

    /// @notice A set is replaced after at most a year.
    error DelayTooLong(uint256 maximum, uint256 actual);

    /// @notice A rotation is pending: cancel it first.
    error RotationAlreadyPending();

    /// @notice No rotation is pending.
    error NoRotationPending();

    /// @notice The rotation can't be executed before `eta`.
    error RotationNotReady(uint256 eta);

    /// @notice The rotation could be executed until `expiry`: propose it again.
    error RotationExpired(uint256 expiry);

    /// @notice There is no signer `index` in the set, or not any more.
    error NotASigner(uint256 index);

    /// @notice Too few signed.
    error QuorumNotMet(uint256 quorum, uint256 actual);

    /// @notice A signature for every signer named, no more and no less.
    error WrongSignatureCount(uint256 expected, uint256 actual);

    /// @notice This signer didn't sign that.
    error InvalidSignature(address signer);

    /// @param owner_ Rotates and revokes.
    /// @param signers_ Strictly ascending.
    /// @param quorum_ How many must sign.
    /// @param rotationDelay_ How long before its execution a rotation is announced, in seconds.
    constructor(address owner_, address[] memory signers_, uint256 quorum_, uint256 rotationDelay_) Ownable(owner_) {
        if (rotationDelay_ > _MAXIMUM_DELAY) revert DelayTooLong(_MAXIMUM_DELAY, rotationDelay_);
        // forge-lint: disable-next-line(unsafe-typecast)
        _ROTATION_DELAY = uint40(rotationDelay_);
        _install(_store(signers_, quorum_));
    }

    // ----------------------------------------------------------------------------------- the owner

    /// @notice Announces another set. For the owner.
    function proposeRotation(address[] calldata signers_, uint256 quorum_) external onlyOwner {
        if (_rotation.data != address(0)) revert RotationAlreadyPending();
        Rotation memory rotation = _store(signers_, quorum_);
        rotation.eta = uint40(block.timestamp) + _ROTATION_DELAY;
        _rotation = rotation;
        emit RotationProposed(signers_, quorum_, rotation.eta);
    }

    /// @notice Withdraws the announced set. For the owner.
    function cancelRotation() external onlyOwner {
        if (_rotation.data == address(0)) revert NoRotationPending();
        delete _rotation;
        emit RotationCancelled();
    }

    /// @notice Puts the announced set in force, once it is due. For anyone.
    function executeRotation() external {
        Rotation memory rotation = _rotation;
        if (rotation.data == address(0)) revert NoRotationPending();
        if (block.timestamp < rotation.eta) revert RotationNotReady(rotation.eta);
        uint256 expiry = rotation.eta + ROTATION_WINDOW;
        if (block.timestamp >= expiry) revert RotationExpired(expiry);
        delete _rotation;
        _install(rotation);
    }

    /// @notice Signer `index` counts no more, at once. For the owner. There must be a quorum left.
    function revokeSigner(uint256 index) external onlyOwner {
        Current memory set = _current;
        if (index >= set.count || (set.revoked >> index) & 1 != 0) revert NotASigner(index);
        // forge-lint: disable-next-line(unsafe-typecast)
        set.revoked |= uint32(1 << index);
        uint256 left = set.count - _bits(set.revoked);
        if (left < set.quorum) revert QuorumOutOfRange(set.quorum, left);
        _current = set;
        emit SignerRevoked(set.number, _signerAt(DataContract.read(set.data), index));
    }

    // --------------------------------------------------------------------------------------- views

    /// @notice The set in force; revoked signers are zero.
    function signers() external view returns (address[] memory set) {
        Current memory current = _current;
        set = abi.decode(DataContract.read(current.data), (address[]));
        for (uint256 i = 0; i < set.length; ++i) {
            if ((current.revoked >> i) & 1 != 0) set[i] = address(0);
        }
    }

    /// @notice How many must sign.
    function quorum() external view returns (uint256) {
        return _current.quorum;
    }

    /// @notice The number of the set in force, from 1; what is signed names it.
    function signerSet() public view returns (uint256) {
        return _current.number;
    }

    /// @notice The announced set; `eta` is zero if there is none.
    function pendingRotation() external view returns (address[] memory set, uint256 quorum_, uint256 eta) {
        Rotation memory rotation = _rotation;
        if (rotation.data != address(0)) set = abi.decode(DataContract.read(rotation.data), (address[]));
        return (set, rotation.quorum, rotation.eta);
    }

    /// @notice How long before its execution a rotation is announced, in seconds.
    function rotationDelay() external view returns (uint256) {
        return _ROTATION_DELAY;
    }

    // ----------------------------------------------------------------------------------- internals

    /// @dev Reverts unless the signers in `mask` are a quorum and all signed `digest`; signatures
    /// are in the set's order.
    function _checkQuorum(bytes32 digest, uint256 mask, bytes[] calldata signatures) internal view {
        Current memory set = _current;
        if (mask >> set.count != 0) revert NotASigner(_lowest(mask >> set.count << set.count));
        if (mask & set.revoked != 0) revert NotASigner(_lowest(mask & set.revoked));
        uint256 named = _bits(mask);
        if (named < set.quorum) revert QuorumNotMet(set.quorum, named);
        if (named != signatures.length) revert WrongSignatureCount(named, signatures.length);

        bytes memory data = DataContract.read(set.data);
        for (uint256 i = 0; i < signatures.length; ++i) {
            address signer = _signerAt(data, _lowest(mask));
            if (!_isSigned(signer, digest, signatures[i])) revert InvalidSignature(signer);
            mask &= mask - 1;
        }
    }

    /// @dev By the signer's key, or else by its code. The key first: that spares a look at the
    /// account, and an account that has both (EIP-7702) has not lost its key.
    function _isSigned(address signer, bytes32 digest, bytes calldata signature) private view returns (bool) {
        (address recovered, ECDSA.RecoverError failure,) = ECDSA.tryRecoverCalldata(digest, signature);
        if (failure == ECDSA.RecoverError.NoError && recovered == signer) return true;
        return SignatureChecker.isValidERC1271SignatureNowCalldata(signer, digest, signature);
    }

    /// @dev Checks a set and makes an account of it.
    function _store(address[] memory signers_, uint256 quorum_) private returns (Rotation memory) {
        uint256 length = signers_.length;
        if (length == 0 || length > MAXIMUM_SIGNERS) revert WrongSignerCount(length);
        if (quorum_ == 0 || quorum_ > length) revert QuorumOutOfRange(quorum_, length);
        address previous = address(0);
        for (uint256 i = 0; i < length; ++i) {
            if (signers_[i] <= previous) revert SignersNotAscending(i);
            previous = signers_[i];
        }
        address data = DataContract.write(abi.encode(signers_));
        // forge-lint: disable-next-line(unsafe-typecast)
        return Rotation(data, 0, uint8(length), uint8(quorum_));
    }

    function _install(Rotation memory set) private {
        uint32 number = _current.number + 1;
        _current = Current(set.data, number, set.count, set.quorum, 0);
        emit SignersSet(number, abi.decode(DataContract.read(set.data), (address[])), set.quorum);
    }

    /// @dev Of `abi.encode(address[])`: an offset, the length, the signers.
    function _signerAt(bytes memory data, uint256 index) private pure returns (address signer) {
        assembly ("memory-safe") {
            signer := mload(add(add(data, 0x60), shl(5, index)))
        }
    }

    /// @dev How many bits are set; there are 32 at most.
    function _bits(uint256 mask) private pure returns (uint256 count) {
        for (; mask != 0; ++count) {
            mask &= mask - 1;
        }
    }

    /// @dev The lowest bit that is set; there is one.
    function _lowest(uint256 mask) private pure returns (uint256 index) {
        while ((mask >> index) & 1 == 0) ++index;
    }
}
