// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity 0.8.37;

import {
    AccessControlDefaultAdminRules
} from "@openzeppelin/contracts/access/extensions/AccessControlDefaultAdminRules.sol";

import { IModelRegistry } from "../core/registry/IModelRegistry.sol";
import { ModelPin } from "../types/ModelPin.sol";
import { Coverage } from "./Coverage.sol";
import { Features, IFeatureSource } from "./IFeatureSource.sol";
import { Words } from "./Words.sol";

/// @title Inputs that were fixed before they could be chosen
/// @notice A committer puts a hash on chain now; the proof comes later, together with what the hash
/// is of. That is the packed public words, or only the (Poseidon) commitment words that the proof
/// carries: then the inputs are never shown at all.
/// @dev The data are from when the hash was put down, and are good from `minimumAge` to
/// `maximumAge` seconds later: not at once, so that nobody commits with a view of what will be
/// decided in the same moment; not forever, so that nobody waits for the moment that suits. A
/// committer has one commitment for each consumer and subject. The next one replaces it, so there
/// are never two to choose from; what remains is not to prove at all, and everybody sees that.
///
/// The administrator (handed over in two steps, with a delay) says who may commit; one who may no
/// longer, has nothing that counts. The hash is
///
/// ```
/// keccak256(abi.encode(
///     COMMITMENT_TYPEHASH, chain id, this contract, committer, consumer, modelId, version,
///     subject, keccak256(abi.encodePacked(words)), keccak256(abi.encodePacked(commitments)), salt
/// ))
/// ```
///
/// and evidence is
/// `abi.encode(address committer, uint256[] words, uint256[] commitments, bytes32 salt)`. The salt
/// must be unguessable where the words are not. The hash names its committer: to copy it is of no
/// use.
contract CommittedFeatures is IFeatureSource, AccessControlDefaultAdminRules {
    /// @notice Two slots.
    /// @param hash What was put down; zero if nothing was.
    /// @param timestamp When.
    /// @param blockNumber In which block.
    /// @param sequence The how-manieth of this committer for this consumer and subject.
    struct Commitment {
        bytes32 hash;
        uint64 timestamp;
        uint64 blockNumber;
        uint64 sequence;
    }

    /// @notice May commit.
    bytes32 public constant COMMITTER_ROLE = keccak256("COMMITTER_ROLE");

    /// @notice Of the hash.
    bytes32 public constant COMMITMENT_TYPEHASH = keccak256(
        "VerdictCommitment(uint256 chainId,address source,address committer,address consumer,uint256 modelId,uint256 version,bytes32 subject,bytes32 words,bytes32 commitments,bytes32 salt)"
    );

    /// @notice Of the provenance:
    /// `keccak256(abi.encode(PROVENANCE_TYPEHASH, hash, timestamp, sequence))`.
    bytes32 public constant PROVENANCE_TYPEHASH =
        keccak256("VerdictCommitted(bytes32 hash,uint256 timestamp,uint256 sequence)");

    IModelRegistry private immutable _REGISTRY;
    uint256 private immutable _MINIMUM_AGE;
    uint256 private immutable _MAXIMUM_AGE;

    mapping(address committer => mapping(address consumer => mapping(bytes32 subject => Commitment))) private
        _commitments;

    /// @notice Inputs were fixed.
    event Committed(
        address indexed committer, address indexed consumer, bytes32 indexed subject, bytes32 hash, uint64 sequence
    );

    /// @notice Something must be left between the two, and the first must not be zero.
    error AgesOutOfOrder(uint256 minimum, uint256 maximum);

    /// @notice Zero is no hash.
    error EmptyCommitment();

    /// @notice What was put down last is not of this.
    error NotCommitted(bytes32 hash);

    /// @notice Good from `time` on.
    error TooEarly(uint256 time);

    /// @notice Was good until `time`.
    error TooLate(uint256 time);

    /// @param registry_ The registry of the models.
    /// @param admin Appoints committers.
    /// @param adminDelay How long a new administrator waits before accepting.
    /// @param committer The first committer.
    /// @param minimumAge_ Of what can be proved, in seconds.
    /// @param maximumAge_ Of what can be proved, in seconds.
    constructor(
        IModelRegistry registry_,
        address admin,
        uint48 adminDelay,
        address committer,
        uint256 minimumAge_,
        uint256 maximumAge_
    ) AccessControlDefaultAdminRules(adminDelay, admin) {
        if (minimumAge_ == 0 || minimumAge_ >= maximumAge_) {
            revert AgesOutOfOrder(minimumAge_, maximumAge_);
        }
        (_REGISTRY, _MINIMUM_AGE, _MAXIMUM_AGE) = (registry_, minimumAge_, maximumAge_);
        _grantRole(COMMITTER_ROLE, committer);
    }

    /// @notice Fixes inputs. For committers.
    /// @param consumer Who will ask for them.
    /// @param subject What they are about.
    /// @param hash As above.
    function commit(address consumer, bytes32 subject, bytes32 hash) external onlyRole(COMMITTER_ROLE) {
        if (hash == 0) revert EmptyCommitment();
        Commitment storage commitment = _commitments[msg.sender][consumer][subject];
        uint64 sequence = commitment.sequence + 1;
        _commitments[msg.sender][consumer][subject] =
            Commitment(hash, uint64(block.timestamp), uint64(block.number), sequence);
        emit Committed(msg.sender, consumer, subject, hash, sequence);
    }

    /// @inheritdoc IFeatureSource
    function features(ModelPin pin, bytes32 subject, bytes calldata evidence)
        external
        view
        returns (Features memory fixed_)
    {
        (address committer, uint256[] memory words, uint256[] memory commitments, bytes32 salt) =
            abi.decode(evidence, (address, uint256[], uint256[], bytes32));
        _checkRole(COMMITTER_ROLE, committer);
        Commitment memory commitment = _commitments[committer][msg.sender][subject];
        bytes32 hash = hashOf(committer, msg.sender, pin, subject, words, commitments, salt);
        if (hash != commitment.hash) revert NotCommitted(hash);

        (uint256 from, uint256 to) = (commitment.timestamp + _MINIMUM_AGE, commitment.timestamp + _MAXIMUM_AGE);
        if (block.timestamp < from) revert TooEarly(from);
        if (block.timestamp > to) revert TooLate(to);

        fixed_ = Features({
            words: words,
            commitments: commitments,
            timestamp: commitment.timestamp,
            blockNumber: commitment.blockNumber,
            sequence: commitment.sequence,
            provenance: keccak256(abi.encode(PROVENANCE_TYPEHASH, hash, commitment.timestamp, commitment.sequence))
        });
    }

    /// @inheritdoc IFeatureSource
    /// @dev Anything can be committed to: every version whose inputs are bound.
    function covers(ModelPin pin) external view returns (bool) {
        return Coverage.isBound(_REGISTRY, pin);
    }

    /// @notice What a committer puts down.
    function hashOf(
        address committer,
        address consumer,
        ModelPin pin,
        bytes32 subject,
        uint256[] memory words,
        uint256[] memory commitments,
        bytes32 salt
    ) public view returns (bytes32) {
        return keccak256(
            abi.encode(
                COMMITMENT_TYPEHASH,
                block.chainid,
                address(this),
                committer,
                consumer,
                pin.modelId(),
                pin.version(),
                subject,
                Words.hash(words),
                Words.hash(commitments),
                salt
            )
        );
    }

    /// @notice What a committer put down last for a consumer and subject.
    function commitmentOf(address committer, address consumer, bytes32 subject)
        external
        view
        returns (Commitment memory)
    {
        return _commitments[committer][consumer][subject];
    }

    /// @notice The registry of the models.
    function registry() external view returns (IModelRegistry) {
        return _REGISTRY;
    }

    /// @notice Of what can be proved, in seconds.
    function minimumAge() external view returns (uint256) {
        return _MINIMUM_AGE;
    }

    /// @notice Of what can be proved, in seconds.
    function maximumAge() external view returns (uint256) {
        return _MAXIMUM_AGE;
    }
}
