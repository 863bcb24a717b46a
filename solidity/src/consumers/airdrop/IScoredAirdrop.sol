// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity ^0.8.24;

import { IERC20 } from "@openzeppelin/contracts/token/ERC20/IERC20.sol";

import { IVerdictGateway } from "../../core/gateway/IVerdictGateway.sol";
import { IFeatureSource } from "../../features/IFeatureSource.sol";
import { ModelPin } from "../../types/ModelPin.sol";
import { CurvePoint } from "./AllocationCurve.sol";

/// @title An airdrop by a model's scores
/// @notice One contract is one campaign: what accounts get is a function, fixed when it is
/// deployed, of scores that a model gave them, and one proof covers a batch of them. There is no
/// owner: nobody can change, speed up or redirect anything.
///
/// What was promised when funds came in is kept: batches are accepted with the versions that the
/// campaign was deployed with, whatever their owner says of them afterwards. Deprecating one stops
/// further funds alone; otherwise a model's owner could have the treasury take all of them. Two
/// parties can still stop batches, and neither can redirect a token: the feature source, by vouching
/// for none; and the gateway's guardians, by freezing the route of a verifier that was found broken.
/// What isn't allocated then goes to the treasury at the end. Claims of accepted batches nobody can
/// stop.
///
/// A batch is a list of entries (account, identity). The campaign's feature source (a quorum of
/// data signers, or a hash that an operator put down before) vouches for its Merkle root together
/// with the model's inputs: it answers for who is on the list and for their features, the proof
/// answers for the scores. Anyone submits a batch, anyone claims for an account, and the account is
/// paid.
///
/// @dev **Entries.** A leaf is
/// `keccak256(keccak256(abi.encode(uint256 index, address account, uint256 identity)))`, where
/// `index` is the item in the model's batch, from 0; the tree is that of OpenZeppelin's
/// `MerkleProof` (siblings are hashed in ascending order), of whatever shape. For a single entry
/// the root is the leaf. An identity is whatever number the source gives a person; it is paid once
/// in the campaign, and so is an account. If one is listed twice, the first claim counts, whoever
/// makes it. Numbers in a row (0, 1, 2, …) share storage: 17,000 gas less for most claims than
/// hashes.
///
/// **What is vouched for and proved.** The feature source's subject, and the payload of the proof's
/// context, is
///
/// ```
/// keccak256(abi.encode(
///     BATCH_TYPEHASH         32 bytes
///     batch                  32 bytes, big-endian: its number, unique in the campaign
///     entriesRoot            32 bytes
///     count                  32 bytes, big-endian: entries, at most the items of the model's batch
/// ))
/// ```
///
/// of 128 bytes. The source is asked by this contract, for the model version, so what it vouches
/// for is bound to both, and to the chain; so is the context: see `InferenceContext`. Public values
/// are the context, the source's words, the outputs, and the source's commitments.
interface IScoredAirdrop {
    /// @notice When what can be done, in seconds since 1970. Each period ends before the second
    /// that is named.
    /// @param batchesUntil Batches, and funds, are accepted before.
    /// @param claimsFrom Claims are possible from then …
    /// @param claimsUntil … until then.
    /// @param sweepFrom From then on the treasury gets what is left.
    struct Windows {
        uint40 batchesUntil;
        uint40 claimsFrom;
        uint40 claimsUntil;
        uint40 sweepFrom;
    }

    /// @notice A model version in the gateway's registry.
    struct ModelReference {
        uint256 modelId;
        uint32 version;
    }

    /// @notice A campaign; nothing of it ever changes.
    /// @param gateway The way to the verifiers, and to the registry.
    /// @param token What is distributed. A token that takes a fee when it is transferred is refused
    /// when it is deposited; if it starts doing so later, the account bears it. If balances shrink
    /// by themselves, claims are served until there is nothing left; anyone can make that good by a
    /// plain transfer. What they grow is the treasury's.
    /// @param treasury Gets what is left.
    /// @param windows The periods.
    /// @param models Versions that score batches: those of different sizes, of one model.
    /// @param curve The table from scores to amounts; see `AllocationCurve`.
    /// @param source Vouches for entries and inputs. The campaign trusts it, and whoever can change
    /// it, for the accounts and their features: see `SignedFeatures`, `CommittedFeatures`.
    /// @param maximumAge How old the source's data can be when a batch is accepted, in seconds.
    struct Campaign {
        IVerdictGateway gateway;
        IERC20 token;
        address treasury;
        Windows windows;
        ModelReference[] models;
        CurvePoint[] curve;
        IFeatureSource source;
        uint256 maximumAge;
    }

    /// @notice A list of entries and how it was scored.
    /// @param number Of the batch, unique in the campaign; not necessarily in a row.
    /// @param model The place in `models()` of the version that scored it.
    /// @param entriesRoot The root of its entries.
    /// @param count Its entries: items 0 … count − 1. Scores of further items, if any, are padding.
    struct Batch {
        uint256 number;
        uint256 model;
        bytes32 entriesRoot;
        uint32 count;
    }

    /// @notice A batch with all that it takes to accept it: the arguments of `acceptBatch`.
    struct Submission {
        Batch batch;
        bytes evidence;
        uint256[] outputs;
        bytes proof;
    }

    /// @notice An entry of an accepted batch.
    /// @param batch The batch's number.
    /// @param index The item.
    /// @param account Who is paid.
    /// @param identity Who that is.
    /// @param path The siblings on the way to the root.
    struct Entry {
        uint256 batch;
        uint256 index;
        address account;
        uint256 identity;
        bytes32[] path;
    }

    /// @notice A signed delegation of votes, for the token's `delegateBySig` (ERC-5805).
    struct Delegation {
        address delegatee;
        uint256 nonce;
        uint256 expiry;
        uint8 v;
        bytes32 r;
        bytes32 s;
    }

    /// @notice An accepted batch.
    /// @param data The account whose code is its root and scores.
    /// @param count Its entries.
    /// @param acceptedAt When.
    struct AcceptedBatch {
        address data;
        uint32 count;
        uint40 acceptedAt;
    }

    /// @notice Someone deposited funds.
    event Funded(address indexed from, uint256 amount);

    /// @notice A batch was accepted: its accounts can claim.
    /// @param allocated What they can claim together.
    event BatchAccepted(
        uint256 indexed batch,
        bytes32 indexed entriesRoot,
        uint256 count,
        uint256 allocated,
        address data,
        address indexed submitter
    );

    /// @notice An account was paid.
    event Claimed(
        uint256 indexed batch, uint256 index, address indexed account, uint256 indexed identity, uint256 amount
    );

    /// @notice What became of the delegation that came with a claim.
    event DelegationTried(address indexed account, address indexed delegatee, bool done);

    /// @notice The treasury got what was left of a token.
    event Swept(IERC20 indexed token, uint256 amount);

    // ------------------------------------------------------------------------- when it is deployed

    /// @notice The token or the source has no code, or the treasury is nothing to pay to.
    error InvalidAddress(address account);

    /// @notice There must be at least `MINIMUM_CLAIM_TIME` to claim, for the last batch too;
    /// sweeping comes after claiming, and not later than `MAXIMUM_DURATION` from now.
    error InvalidWindows(Windows windows);

    /// @notice There must be at least one model, and at most `maximum`.
    error WrongModelCount(uint256 maximum, uint256 actual);

    /// @notice The version doesn't give each item of its batch one score, all in one output tensor.
    error NotAScoringModel(uint256 modelId, uint256 version);

    /// @notice Data of no age would be taken, or of any.
    error InvalidMaximumAge(uint256 maximumAge);

    /// @notice The source can't vouch for the version's inputs.
    error NotCovered(uint256 modelId, uint256 version);

    /// @notice Input number `index` of the version is private and not committed to: no one could
    /// answer for it.
    error UnboundInput(uint256 modelId, uint256 version, uint256 index);

    /// @notice The version's scores aren't packed, or scaled, like those of the first one.
    error SchemaMismatch(uint256 modelId, uint256 version);

    // --------------------------------------------------------------------------- when it is funded

    /// @notice `expected` was sent and `actual` arrived.
    error TransferMismatch(uint256 expected, uint256 actual);

    // ----------------------------------------------------------------------- when a batch is given

    /// @notice Batches, and funds, were accepted until then.
    error BatchesClosed(uint256 until);

    /// @notice There is a batch with this number.
    error BatchExists(uint256 batch);

    /// @notice The campaign has no such model.
    error UnknownModel(uint256 model);

    /// @notice The version is deprecated: its owner says not to use it, and no more funds are taken.
    error ModelNotActive(uint256 modelId, uint256 version);

    /// @notice A batch has 1 to `maximum` entries.
    error WrongEntryCount(uint256 maximum, uint256 actual);

    /// @notice The source's data are older than `oldest`, or from the future.
    error DataOutOfTime(uint256 oldest, uint256 timestamp);

    /// @notice The model has `inputs` public input words and `commitments` commitment words; the
    /// source's data have others.
    error WrongWordCount(uint256 inputs, uint256 commitments);

    /// @notice The batch is worth `needed`, and of the funds `available` are not yet allocated.
    error Underfunded(uint256 needed, uint256 available);

    // ------------------------------------------------------------------------------- when claiming

    /// @notice Claims are possible from `from` until `until`.
    error ClaimsClosed(uint256 from, uint256 until);

    /// @notice No such batch was accepted.
    error UnknownBatch(uint256 batch);

    /// @notice The batch has `count` entries.
    error EntryOutOfRange(uint256 index, uint256 count);

    /// @notice The batch has no such entry, or the path to it is another.
    error NotInBatch(uint256 batch, uint256 index);

    /// @notice The entry was paid.
    error EntryPaid(uint256 batch, uint256 index);

    /// @notice The identity was paid.
    error IdentityPaid(uint256 identity);

    /// @notice The account was paid.
    error AccountPaid(address account);

    /// @notice The score is worth nothing.
    error NothingToClaim(uint256 batch, uint256 index);

    // ------------------------------------------------------------------------------- when sweeping

    /// @notice Nothing can be swept before `from`.
    error SweepClosed(uint256 from);

    // ----------------------------------------------------------------------------------- functions

    /// @notice Deposits `amount` of the token, from the caller. For anyone; nobody gets it back but
    /// the treasury, at the end. Not while a model is deprecated or has no open route.
    function fund(uint256 amount) external;

    /// @notice Accepts a batch. For anyone who has the source's evidence and the proof.
    /// @param batch The batch.
    /// @param evidence What the source asks for.
    /// @param outputs The model's output words: the packed scores.
    /// @param proof That the model gives the source's inputs these scores.
    /// @return sum What the batch's accounts can claim together.
    function acceptBatch(
        Batch calldata batch,
        bytes calldata evidence,
        uint256[] calldata outputs,
        bytes calldata proof
    ) external returns (uint256 sum);

    /// @notice Accepts several batches, in the order of the list, each exactly as `acceptBatch` would,
    /// but with their proofs checked together: see `IVerdictGateway.verifyMany`. All or nothing. An
    /// empty list is refused with the gateway's `NoProofs`.
    /// @return sum What the accounts of all of them can claim together.
    function acceptBatches(Submission[] calldata submissions) external returns (uint256 sum);

    /// @notice Pays an entry's account. For anyone.
    function claim(Entry calldata entry) external returns (uint256 amount);

    /// @notice The same, and then passes a signed delegation of votes on to the token. If that
    /// fails, nothing happens: the account is paid, and the signature remains good for the token.
    function claimAndDelegate(Entry calldata entry, Delegation calldata delegation) external returns (uint256 amount);

    /// @notice Sends all there is of a token to the treasury, after the campaign. For anyone.
    function sweep(IERC20 token_) external returns (uint256 amount);

    /// @notice What the source is asked about, and the payload of the proof's context.
    function payloadOf(Batch calldata batch) external pure returns (bytes32);

    /// @notice What a score gets.
    function allocationOf(int32 score) external view returns (uint256);

    /// @notice The score of an entry of an accepted batch.
    function scoreOf(uint256 batch, uint256 index) external view returns (int256);

    /// @notice What an entry of an accepted batch gets.
    function amountOf(uint256 batch, uint256 index) external view returns (uint256);

    /// @notice An accepted batch; zeros if there is none.
    function batchOf(uint256 batch) external view returns (AcceptedBatch memory);

    /// @notice Whether an entry was paid.
    function isPaid(uint256 batch, uint256 index) external view returns (bool);

    /// @notice Whether an identity was paid.
    function isIdentityPaid(uint256 identity) external view returns (bool);

    /// @notice Whether an account was paid.
    function isAccountPaid(address account) external view returns (bool);

    /// @notice All that was ever deposited.
    function funded() external view returns (uint256);

    /// @notice What the accounts of all batches can claim, or have claimed.
    function allocated() external view returns (uint256);

    /// @notice All that was ever claimed.
    function claimed() external view returns (uint256);

    /// @notice `funded − claimed`: what the contract holds until it is swept.
    function remaining() external view returns (uint256);

    /// @notice The gateway.
    function gateway() external view returns (IVerdictGateway);

    /// @notice The token.
    function token() external view returns (IERC20);

    /// @notice Who vouches for entries and inputs.
    function source() external view returns (IFeatureSource);

    /// @notice How old the source's data can be, in seconds.
    function maximumAge() external view returns (uint256);

    /// @notice Who gets what is left.
    function treasury() external view returns (address);

    /// @notice The periods.
    function windows() external view returns (Windows memory);

    /// @notice The pins of the model versions.
    function models() external view returns (ModelPin[] memory);

    /// @notice The table from scores to amounts.
    function curve() external view returns (CurvePoint[] memory);
}
