//! The crate's one error type.

use crate::Revert;
use alloy_primitives::{Address, B256};
use std::path::PathBuf;
use verdict_wire::WireError;

/// What can go wrong between a proof and a contract.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ChainError {
    /// Keys, words, files.
    #[error(transparent)]
    Wire(#[from] WireError),
    /// A contract reverted where it must not.
    #[error("{what} reverted with {reason}")]
    Reverted {
        /// The call.
        what: &'static str,
        /// The error's name, or the raw bytes.
        reason: String,
    },
    /// The embedded EVM itself failed.
    #[error("the embedded EVM failed in {what}: {reason}")]
    Evm {
        /// The call.
        what: &'static str,
        /// revm's reason.
        reason: String,
    },
    /// A committed artefact that does not parse.
    #[error(
        "the committed contract artefact `{name}` is damaged: {detail}; run scripts/build-contracts.sh"
    )]
    Artifact {
        /// The contract.
        name: &'static str,
        /// What is wrong.
        detail: String,
    },
    /// No contract of this name is embedded.
    #[error("no contract `{name}` comes with this program; there are {known}")]
    UnknownContract {
        /// What was asked for.
        name: String,
        /// What there is.
        known: String,
    },
    /// A contract refused a call or a transaction.
    #[error("the contract refused: {0}")]
    Refused(Box<Revert>),
    /// What came back is not what the function returns.
    #[error("{contract} does not answer as `{function}` does: {detail}")]
    Answer {
        /// Who was asked.
        contract: Address,
        /// The function.
        function: String,
        /// What is wrong.
        detail: String,
    },
    /// A node did not do what it was asked to.
    #[error("{host}: cannot {what}: {reason}")]
    Rpc {
        /// Host and port.
        host: String,
        /// The request.
        what: String,
        /// Its reason.
        reason: String,
    },
    /// A signer that cannot be used.
    #[error("cannot sign: {0}")]
    Signer(String),
    /// Something is to be sent, and nobody signs.
    #[error(
        "this needs a signer: give --private-key-file, --keystore with --password-file, --ledger, or $VERDICT_PRIVATE_KEY"
    )]
    NoSigner,
    /// The chain does not have this block, or not any more.
    #[error("the chain has no block {0}, or has forgotten it")]
    NoSuchBlock(u64),
    /// A transaction that is not there to be looked up.
    #[error("{chain} has no receipt of {transaction}: {detail}")]
    NoReceipt {
        /// The chain.
        chain: String,
        /// The transaction's hash.
        transaction: B256,
        /// What to do.
        detail: &'static str,
    },
    /// Another command acts on the chain's file.
    #[error(
        "another command is acting on {path}; wait until it has ended and run this again, or work on another file", path = .0.display()
    )]
    Locked(PathBuf),
    /// The chain lacks what deterministic addresses need.
    #[error(
        "{0} lacks the deterministic deployment proxy at 0x4e59b44847b379578588920cA78FbF26c0B4956C; deploy it first"
    )]
    NoDeterministicDeployer(String),
    /// A file of the embedded chain that is not there.
    #[error("there is no chain in {path}", path = .0.display())]
    NoChainFile(PathBuf),
    /// A file of the embedded chain that does not parse.
    #[error("{path} is not a chain of `--local`: {detail}", path = path.display())]
    ChainFile {
        /// The file.
        path: PathBuf,
        /// What is wrong.
        detail: String,
    },
    /// A file of named fields that is no configuration of the contract.
    #[error("{path}: {}{detail}", prefix(field), path = path.display())]
    Config {
        /// The file.
        path: PathBuf,
        /// Which field, from the file's top; empty for the file itself.
        field: String,
        /// What is wrong.
        detail: String,
    },
    /// A file that is no contract as forge writes it.
    #[error(
        "{path} is no contract that forge compiled (out/FILE.sol/CONTRACT.json): {detail}",
        path = path.display()
    )]
    ForeignArtifact {
        /// The file.
        path: PathBuf,
        /// What is wrong.
        detail: String,
    },
    /// A file of addresses that does not parse.
    #[error("{path} is not a deployment: {detail}", path = path.display())]
    Deployment {
        /// The file.
        path: PathBuf,
        /// What is wrong.
        detail: String,
    },
    /// The set-up lets anyone forge proofs, and that was not allowed.
    #[error("the set-up is the INSECURE development set-up, and the gateway is not to let it in")]
    DevelopmentSetup,
    /// A function, or its arguments, that cannot be used.
    #[error("`{what}`: {detail}")]
    Abi {
        /// As it was given.
        what: String,
        /// What is wrong.
        detail: String,
    },
}

fn prefix(field: &str) -> String {
    match field {
        "" => String::new(),
        field => format!("{field}: "),
    }
}
