//! The crate's one error type.

use alloy_primitives::{Address, B256};
use std::path::PathBuf;
use verdict_chain::ChainError;
use verdict_wire::WireError;

/// What can go wrong between a proof and the consumer that acts on it.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ConsumerError {
    /// The chain, or a contract's refusal.
    #[error(transparent)]
    Chain(#[from] ChainError),
    /// Keys, words, files.
    #[error(transparent)]
    Wire(#[from] WireError),
    /// What an occasion is told that makes none.
    #[error("{0}")]
    Argument(String),
    /// A feature source of another kind.
    #[error(
        "{contract} is no {expected}; `verdict evidence --help` says what other sources ask for"
    )]
    OtherSource {
        /// The contract.
        contract: Address,
        /// What it must be.
        expected: &'static str,
    },
    /// Evidence that a feature source would refuse.
    #[error("{0}")]
    Evidence(String),
    /// Signatures over different data.
    #[error(
        "{one} and {other} are signatures over different data: {detail}; have both sign the same \
         with `verdict sign … --with {one}`"
    )]
    OtherData {
        /// A file.
        one: String,
        /// Another.
        other: String,
        /// What differs.
        detail: String,
    },
    /// A file of an airdrop's entries that does not parse.
    #[error(
        "{path} is no list of entries: {detail}; expected lines of `account,identity`, or a JSON \
         list of {{\"account\", \"identity\"}}",
        path = path.display()
    )]
    Entries {
        /// The file.
        path: PathBuf,
        /// What is wrong.
        detail: String,
    },
    /// A proof of another model than the consumer's.
    #[error(
        "the proof has {found} public values, the consumer's model has {expected}: it is of \
         another model, or another batch size"
    )]
    OtherModel {
        /// In the proof.
        found: usize,
        /// In the model's layout.
        expected: usize,
    },
    /// A proof for another occasion.
    #[error(
        "the proof is bound to the context {found}, the consumer computes {expected}: prove again \
         with `--context {expected}`"
    )]
    OtherContext {
        /// The proof's.
        found: B256,
        /// The consumer's.
        expected: B256,
    },
}
