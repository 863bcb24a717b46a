// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity 0.8.37;

import { IModelBreakpoints } from "../core/registry/IModelBreakpoints.sol";
import { IModelRegistry } from "../core/registry/IModelRegistry.sol";
import { DataContract } from "../libraries/DataContract.sol";
import { FixedPoint } from "../libraries/FixedPoint.sol";
import { PublicValues } from "../libraries/PublicValues.sol";
import { Breakpoints, Ranks } from "../libraries/Ranks.sol";
import { ModelPin } from "../types/ModelPin.sol";
import { InputSchema, ModelSpec, Visibility } from "../types/Schemas.sol";
import { Feed, Feeds } from "./Feeds.sol";
import { Features, IFeatureSource } from "./IFeatureSource.sol";
import { Words } from "./Words.sol";

/// @title Inputs that the chain itself knows
/// @notice Calls a fixed list of view functions, brings each number to the model's integers as its
/// `InputSchema` says, and packs them. Nobody is trusted, and nobody owns this.
/// @dev A prover must know the inputs before the transaction with its proof is mined. So there are
/// two ways:
///
/// - a *snapshot*, which anyone takes for some version: it is remembered with block and time,
///   proved at leisure, and shown again as
///   `evidence = abi.encode(uint64 blockNumber, uint64 timestamp, uint256[] words)`;
/// - *live*, with empty evidence: the functions are read in that very call. For inputs that change
///   rarely, or must be those of this moment; a proof of other words is simply rejected.
///
/// Whoever takes a snapshot chooses the moment: between transactions, not within one. Only an account
/// without code that begins a transaction with it can take one, for what a view function says while
/// its contract calls out can be wrong (read-only reentrancy), and would be good forever. What is
/// read live has no such protection: a consumer can be called from within anything. In either case
/// what one transaction can move is no input: list time-weighted averages and oracles, not spot
/// prices and balances, and for live reads no function that lacks a lock of its own.
///
/// Where inputs are ranks, the breakpoints must be here as the code of accounts: anyone who has the
/// model makes them with `publishBreakpoints`, part by part, and hands them to
/// `prepareWithBreakpoints`. The version's spec says which table it is: there is no other to choose.
contract OnChainFeatures is IFeatureSource {
    using Feeds for Feed;

    /// @notice The type of a snapshot: the keccak-256 of the string below.
    /// @dev A snapshot's digest, which is its provenance too, is
    ///
    /// ```
    /// keccak256(abi.encode(
    ///     SNAPSHOT_TYPEHASH, chain id, this contract, pin, block number, timestamp,
    ///     keccak256(abi.encodePacked(words))
    /// ))
    /// ```
    bytes32 public constant SNAPSHOT_TYPEHASH = keccak256(
        "VerdictSnapshot(uint256 chainId,address source,bytes32 pin,uint256 blockNumber,uint256 timestamp,bytes32 words)"
    );

    IModelRegistry private immutable _REGISTRY;
    uint256 private immutable _MODEL_ID;
    bytes32 private immutable _SUBJECT;
    // abi.encode(Feed[])
    address private immutable _FEEDS;

    // abi.encode(InputSchema[]), or abi.encode(InputSchema[], address[]) with the accounts of the
    // breakpoints
    mapping(ModelPin pin => address) private _schemas;
    mapping(bytes32 digest => bool) private _snapshots;

    /// @notice A version's inputs can be read from now on.
    event VersionPrepared(ModelPin indexed pin);

    /// @notice Bytes of a table of breakpoints became the code of an account.
    event BreakpointsPublished(address indexed account, uint256 length);

    /// @notice A snapshot was taken.
    event SnapshotTaken(
        bytes32 indexed digest, ModelPin indexed pin, uint256 blockNumber, uint256 timestamp, uint256[] words
    );

    /// @notice The version has another number of inputs than there are feeds.
    error WrongFeedCount(uint256 feeds, uint256 inputs);

    /// @notice Input `index` of the version is not public: what is read on chain can't be hidden.
    error InputNotPublic(uint256 index);

    /// @notice The version is about many items at once.
    error BatchNotSupported(uint256 items);

    /// @notice Nobody has called `prepare` for this version.
    error VersionNotPrepared(ModelPin pin);

    /// @notice Snapshots are taken by a transaction of their own, of an account without code.
    error NotATransaction(address caller);

    /// @notice No such snapshot was taken here.
    error UnknownSnapshot(bytes32 digest);

    /// @param registry_ The registry of the model.
    /// @param modelId_ The model; versions are prepared one by one.
    /// @param subject_ What the feeds are about; zero if there is nothing to tell apart.
    /// @param feeds_ The model's inputs, in the manifest's order: a feed for every value. They fit
    /// in one data contract: about fifty.
    constructor(IModelRegistry registry_, uint256 modelId_, bytes32 subject_, Feed[] memory feeds_) {
        for (uint256 i = 0; i < feeds_.length; ++i) {
            feeds_[i].check(i);
        }
        (_REGISTRY, _MODEL_ID, _SUBJECT) = (registry_, modelId_, subject_);
        _FEEDS = DataContract.write(abi.encode(feeds_));
    }

    /// @notice Makes an account of a part of a table of breakpoints: see `Ranks`. For anyone; any
    /// account with the same code does as well.
    function publishBreakpoints(bytes calldata part) external returns (address account) {
        account = DataContract.write(part);
        emit BreakpointsPublished(account, part.length);
    }

    /// @notice Makes a version's inputs readable, if the feeds fit it and none is a rank. For anyone:
    /// what a version expects never changes.
    function prepare(uint32 version) external returns (ModelPin pin) {
        return _prepare(version, new address[](0));
    }

    /// @notice Makes the inputs of a version with ranks readable, if the feeds fit it and the
    /// accounts hold its breakpoints. For anyone: there is one table that a version expects.
    function prepareWithBreakpoints(uint32 version, address[] calldata breakpoints) external returns (ModelPin pin) {
        return _prepare(version, breakpoints);
    }

    /// @notice Reads the inputs of a prepared version and remembers that they were these, now. For
    /// anyone, as a transaction: see above.
    function snapshot(ModelPin pin) external returns (Features memory taken) {
        // An account without code calls nothing but as the beginning of its transaction. One that
        // delegates to code has code.
        // slither-disable-next-line tx-origin
        if (msg.sender != tx.origin || msg.sender.code.length != 0) revert NotATransaction(msg.sender);
        taken = _live(pin);
        _snapshots[taken.provenance] = true;
        emit SnapshotTaken(taken.provenance, pin, block.number, block.timestamp, taken.words);
    }

    /// @inheritdoc IFeatureSource
    /// @dev `evidence` is empty, or a snapshot: see above.
    function features(ModelPin pin, bytes32 subject_, bytes calldata evidence) external view returns (Features memory) {
        if (subject_ != _SUBJECT) revert WrongSubject(_SUBJECT, subject_);
        if (evidence.length == 0) return _live(pin);

        (uint64 blockNumber, uint64 timestamp, uint256[] memory words) =
            abi.decode(evidence, (uint64, uint64, uint256[]));
        Features memory taken = _features(pin, blockNumber, timestamp, words);
        if (!_snapshots[taken.provenance]) revert UnknownSnapshot(taken.provenance);
        return taken;
    }

    /// @inheritdoc IFeatureSource
    function covers(ModelPin pin) external view returns (bool) {
        return _schemas[pin] != address(0);
    }

    /// @notice Whether this snapshot was taken.
    function isSnapshot(bytes32 digest) external view returns (bool) {
        return _snapshots[digest];
    }

    /// @notice The feeds, in the order of the model's inputs.
    function feeds() public view returns (Feed[] memory) {
        return abi.decode(DataContract.read(_FEEDS), (Feed[]));
    }

    /// @notice The integers that the model would get now: what the packed words hold.
    function integers(ModelPin pin) external view returns (int256[] memory values) {
        (values,) = _read(pin);
    }

    /// @notice The registry of the model.
    function registry() external view returns (IModelRegistry) {
        return _REGISTRY;
    }

    /// @notice The model.
    function modelId() external view returns (uint256) {
        return _MODEL_ID;
    }

    /// @notice What the feeds are about.
    function subject() external view returns (bytes32) {
        return _SUBJECT;
    }

    // ----------------------------------------------------------------------------------- internals

    function _prepare(uint32 version, address[] memory breakpoints) private returns (ModelPin pin) {
        pin = _REGISTRY.pinOf(_MODEL_ID, version);
        if (_schemas[pin] != address(0)) return pin;
        ModelSpec memory spec = _REGISTRY.specOf(_MODEL_ID, version);
        if (spec.inputItems != 1) revert BatchNotSupported(spec.inputItems);
        uint256 count = 0;
        bool ranks = false;
        for (uint256 i = 0; i < spec.inputs.length; ++i) {
            if (spec.inputs[i].visibility != Visibility.Public) revert InputNotPublic(i);
            count += spec.inputs[i].count;
            ranks = ranks || _hasRanks(spec.inputs[i]);
        }
        uint256 available = feeds().length;
        if (count != available) revert WrongFeedCount(available, count);
        if (ranks) {
            bytes32 digest = IModelBreakpoints(address(_REGISTRY)).breakpointsOf(_MODEL_ID, version);
            Ranks.check(breakpoints, digest, spec.inputs);
        } else if (breakpoints.length != 0) {
            revert Ranks.WrongAccountCount(0, breakpoints.length);
        }
        _schemas[pin] = DataContract.write(ranks ? abi.encode(spec.inputs, breakpoints) : abi.encode(spec.inputs));
        emit VersionPrepared(pin);
    }

    function _hasRanks(InputSchema memory schema) private pure returns (bool) {
        for (uint256 i = 0; i < schema.scalesE36.length; ++i) {
            if (schema.scalesE36[i] == 0) return true;
        }
        return false;
    }

    /// @dev The inputs as they are now.
    function _live(ModelPin pin) private view returns (Features memory) {
        (int256[] memory values, InputSchema[] memory schemas) = _read(pin);
        uint256 count = 0;
        for (uint256 i = 0; i < schemas.length; ++i) {
            count += PublicValues.wordCount(schemas[i].packing, schemas[i].count);
        }
        uint256[] memory words = new uint256[](count);
        (uint256 word, uint256 value) = (0, 0);
        for (uint256 i = 0; i < schemas.length; ++i) {
            word = PublicValues.packInto(words, word, values, value, schemas[i].count, schemas[i].packing);
            value += schemas[i].count;
        }
        return _features(pin, uint64(block.number), uint64(block.timestamp), words);
    }

    /// @dev All inputs' integers, one after the other.
    function _read(ModelPin pin) private view returns (int256[] memory values, InputSchema[] memory schemas) {
        address data = _schemas[pin];
        if (data == address(0)) revert VersionNotPrepared(pin);
        bytes memory encoded = DataContract.read(data);
        Breakpoints memory breakpoints;
        bool ranks = _hasBreakpoints(encoded);
        if (ranks) (schemas, breakpoints.accounts) = abi.decode(encoded, (InputSchema[], address[]));
        else schemas = abi.decode(encoded, (InputSchema[]));
        Feed[] memory feeds_ = feeds();
        values = new int256[](feeds_.length);
        uint256 feed = 0;
        for (uint256 i = 0; i < schemas.length; ++i) {
            InputSchema memory schema = schemas[i];
            for (uint256 j = 0; j < schema.count; ++j) {
                values[feed] = ranks
                    ? _quantise(feeds_[feed], feed, schema, j, breakpoints)
                    : FixedPoint.quantise(feeds_[feed].read(feed), feeds_[feed].decimals, schema, j);
                ++feed;
            }
        }
    }

    /// @dev Whether accounts follow the schemas: then these begin a word later.
    function _hasBreakpoints(bytes memory encoded) private pure returns (bool) {
        return abi.decode(encoded, (uint256)) != 0x20;
    }

    /// @dev The integer of what feed number `feed` says: value number `index` of an input, where
    /// some are ranks.
    function _quantise(
        Feed memory feed_,
        uint256 feed,
        InputSchema memory schema,
        uint256 index,
        Breakpoints memory breakpoints
    ) private view returns (int256) {
        int256 number = feed_.read(feed);
        if (!Ranks.isRank(schema, index)) return FixedPoint.quantise(number, feed_.decimals, schema, index);
        return Ranks.quantise(number, feed_.decimals, schema, index, breakpoints);
    }

    function _features(ModelPin pin, uint64 blockNumber, uint64 timestamp, uint256[] memory words)
        private
        view
        returns (Features memory)
    {
        bytes32 digest = keccak256(
            abi.encode(SNAPSHOT_TYPEHASH, block.chainid, address(this), pin, blockNumber, timestamp, Words.hash(words))
        );
        return Features(words, new uint256[](0), timestamp, blockNumber, blockNumber, digest);
    }
}
