// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity ^0.8.24;

import { ModelPin } from "../types/ModelPin.sol";

/// @notice A model's inputs, as a proof's public values need them, and how fresh they are.
/// @param words The packed public inputs, in the verifier's order; empty if the model has none.
/// @param commitments The words that commit to private inputs; empty if the model has none.
/// @param timestamp When the inputs were true, as far as the source knows.
/// @param blockNumber In which block they were; zero if they are not about a block.
/// @param sequence Grows from one piece of data to the next: the block's number, the signers'
/// counter, the commitment's.
/// @param provenance What vouches for them: a digest that differs between any two pieces of data,
/// even of the same words.
struct Features {
    uint256[] words;
    uint256[] commitments;
    uint64 timestamp;
    uint64 blockNumber;
    uint64 sequence;
    bytes32 provenance;
}

/// @title Where a consumer takes a model's inputs from
/// @notice Read on chain (`OnChainFeatures`), signed by a quorum (`SignedFeatures`), or committed
/// to beforehand (`CommittedFeatures`): never the word of whoever submits a proof. A consumer
/// written against this interface works with all.
/// @dev What a consumer must do with an answer:
///
/// - compare `words.length` and `commitments.length` with its model's layout. Otherwise words that
///   the submitter passes off as outputs can take the place of inputs;
/// - judge `timestamp`: a source vouches for data, not for their age;
/// - take each piece of data once: only if `timestamp` (or `sequence`) grows, or if `provenance` is
///   new;
/// - ask `covers` before it uses a model version: of an input that is `Private` no source can say
///   anything.
///
/// Sources are asked by static calls and keep nothing, so they can't re-enter a consumer, and
/// asking costs the submitter nothing but gas. They bind the caller: ask from the contract that
/// verifies.
interface IFeatureSource {
    /// @notice The data are about another subject.
    error WrongSubject(bytes32 expected, bytes32 actual);

    /// @notice Whether this source can have all inputs of a model version. To be asked before a
    /// consumer switches to it.
    function covers(ModelPin pin) external view returns (bool);

    /// @notice The caller's inputs for a model version. Reverts if the source doesn't vouch for
    /// any.
    /// @param pin The version, as the registry resolves it.
    /// @param subject What they are about: a market, an account; zero if there is nothing to tell
    /// apart.
    /// @param evidence What the source asks for: see there. If it is empty, the inputs are those of
    /// this very call; a source that can't tell them reverts.
    function features(ModelPin pin, bytes32 subject, bytes calldata evidence) external view returns (Features memory);
}
