// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity 0.8.37;

import { EIP712 } from "@openzeppelin/contracts/utils/cryptography/EIP712.sol";

import { IModelRegistry } from "../core/registry/IModelRegistry.sol";
import { ModelPin } from "../types/ModelPin.sol";
import { Coverage } from "./Coverage.sol";
import { Features, IFeatureSource } from "./IFeatureSource.sol";
import { SignerSet } from "./SignerSet.sol";
import { Words } from "./Words.sol";

/// @title Inputs that a quorum of data signers vouches for
/// @notice The signers sign, by EIP-712, the packed public words, the commitments to private
/// inputs, or both: where they sign a commitment, nobody but they and the prover sees the input.
/// See `SignerSet` for who they are.
/// @dev The domain is
/// `EIP712Domain(string name,string version,uint256 chainId,address verifyingContract)` with
/// "VerdictFeatures", "1", the chain, and this contract. The struct is `FEATURES_TYPE`; its hash is
///
/// ```
/// keccak256(abi.encode(
///     FEATURES_TYPEHASH, consumer, modelId, version, subject, signerSet, timestamp, blockNumber,
///     sequence, keccak256(abi.encodePacked(words)), keccak256(abi.encodePacked(commitments))
/// ))
/// ```
///
/// `consumer` is whoever calls `features`. Evidence is
///
/// ```
/// abi.encode(
///     uint64 timestamp, uint64 blockNumber, uint64 sequence, uint256[] words,
///     uint256[] commitments, uint256 mask, bytes[] signatures
/// )
/// ```
///
/// with bit i of `mask` for signer i of the set, and a signature for each bit, lowest first. More
/// than a quorum may sign.
contract SignedFeatures is IFeatureSource, SignerSet, EIP712 {
    /// @notice The EIP-712 type of what is signed.
    string public constant FEATURES_TYPE =
        "Features(address consumer,uint256 modelId,uint256 version,bytes32 subject,uint256 signerSet,uint256 timestamp,uint256 blockNumber,uint256 sequence,uint256[] words,uint256[] commitments)";

    /// @notice keccak256(`FEATURES_TYPE`)
    bytes32 public constant FEATURES_TYPEHASH = keccak256(bytes(FEATURES_TYPE));

    /// @dev Evidence, as `abi.encode` lays its members out.
    struct SignedEvidence {
        uint64 timestamp;
        uint64 blockNumber;
        uint64 sequence;
        uint256[] words;
        uint256[] commitments;
        uint256 mask;
        bytes[] signatures;
    }

    // Bytes of its seven members' places.
    uint256 private constant _HEAD = 224;

    IModelRegistry private immutable _REGISTRY;

    /// @notice There are fewer bytes than evidence has members.
    error EvidenceTooShort();

    /// @param registry_ The registry of the models.
    /// @param owner_ Rotates the signers after a delay, revokes single ones at once.
    /// @param signers_ Strictly ascending.
    /// @param quorum_ How many must sign.
    /// @param rotationDelay_ How long before its execution a rotation is announced, in seconds.
    constructor(
        IModelRegistry registry_,
        address owner_,
        address[] memory signers_,
        uint256 quorum_,
        uint256 rotationDelay_
    ) SignerSet(owner_, signers_, quorum_, rotationDelay_) EIP712("VerdictFeatures", "1") {
        _REGISTRY = registry_;
    }

    /// @inheritdoc IFeatureSource
    /// @dev Provenance is the digest that was signed. Age, sequence, and the numbers of words are
    /// the caller's to check.
    function features(ModelPin pin, bytes32 subject, bytes calldata evidence)
        external
        view
        returns (Features memory signed)
    {
        SignedEvidence calldata given = _decode(evidence);
        signed.words = given.words;
        signed.commitments = given.commitments;
        (signed.timestamp, signed.blockNumber, signed.sequence) = (given.timestamp, given.blockNumber, given.sequence);
        signed.provenance = digestOf(msg.sender, pin, subject, signed);
        _checkQuorum(signed.provenance, given.mask, given.signatures);
    }

    /// @inheritdoc IFeatureSource
    /// @dev Signers can sign anything: every version whose inputs are bound.
    function covers(ModelPin pin) external view returns (bool) {
        return Coverage.isBound(_REGISTRY, pin);
    }

    /// @notice The registry of the models.
    function registry() external view returns (IModelRegistry) {
        return _REGISTRY;
    }

    /// @dev `abi.decode` without a copy. Solidity checks every offset and length where it is used,
    /// against the end of calldata: what lies between the evidence's end and that is the caller's
    /// choice as well.
    function _decode(bytes calldata evidence) private pure returns (SignedEvidence calldata given) {
        if (evidence.length < _HEAD) revert EvidenceTooShort();
        assembly ("memory-safe") {
            given := evidence.offset
        }
    }

    /// @notice What signers sign, under the set in force. The provenance in `data` is not looked
    /// at.
    function digestOf(address consumer, ModelPin pin, bytes32 subject, Features memory data)
        public
        view
        returns (bytes32)
    {
        return _hashTypedDataV4(
            keccak256(
                abi.encode(
                    FEATURES_TYPEHASH,
                    consumer,
                    pin.modelId(),
                    pin.version(),
                    subject,
                    signerSet(),
                    data.timestamp,
                    data.blockNumber,
                    data.sequence,
                    Words.hash(data.words),
                    Words.hash(data.commitments)
                )
            )
        );
    }
}
