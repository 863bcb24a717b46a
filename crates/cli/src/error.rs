//! Everything that can go wrong, and the exit code that says so.

use std::{
    io,
    path::{Path, PathBuf},
};
use verdict_circuit::CircuitError;
use verdict_chain::EvmError;
use verdict_model::ModelError;
use verdict_prover::ProverError;
use verdict_stories::StoryError;

/// Why a command failed.
#[derive(Debug, thiserror::Error)]
pub(crate) enum CliError {
    #[error(transparent)]
    Model(#[from] ModelError),
    #[error(transparent)]
    Circuit(#[from] CircuitError),
    #[error(transparent)]
    Prover(#[from] ProverError),
    #[error(transparent)]
    Evm(#[from] EvmError),
    #[error(transparent)]
    Story(#[from] StoryError),
    /// The command line is wrong in a way that clap cannot see.
    #[error("{0}")]
    Usage(String),
    /// An input is unusable.
    #[error("{0}")]
    Input(String),
    /// Two artefacts do not belong together.
    #[error(transparent)]
    Mismatch(Box<Mismatch>),
    /// A verifier said no.
    #[error("the proof was rejected: {0}")]
    Rejected(String),
    /// A verifying key is not what it should be.
    #[error("the verifying key does not pass the audit: {0}")]
    Audit(String),
    /// Private weights would not stay private.
    #[error("{0}")]
    Budget(String),
    /// No usable set-up.
    #[error("{0}")]
    Setup(String),
    /// A file could not be read or written.
    #[error("cannot {what} {path}: {source}", path = path.display())]
    Io {
        what: &'static str,
        path: PathBuf,
        source: io::Error,
    },
    /// The result could not be written.
    #[error("cannot write to standard output: {0}")]
    Output(io::Error),
    #[error("cannot write JSON: {0}")]
    Json(#[from] serde_json::Error),
    /// A measuring process failed; its own message is already on stderr.
    #[error("measuring {name} failed with exit code {code}")]
    Child { name: String, code: u8 },
}

/// Two artefacts of different digests.
#[derive(Debug, thiserror::Error)]
#[error("{what}: {left_of} has {left}, {right_of} has {right}; {hint}")]
pub(crate) struct Mismatch {
    pub(crate) what: &'static str,
    pub(crate) left_of: String,
    pub(crate) left: String,
    pub(crate) right_of: String,
    pub(crate) right: String,
    pub(crate) hint: &'static str,
}

impl CliError {
    /// For `map_err`: what could not be done to which file.
    pub(crate) fn io(what: &'static str, path: &Path) -> impl Fn(io::Error) -> Self {
        let path = path.to_owned();
        move |source| Self::Io {
            what,
            path: path.clone(),
            source,
        }
    }

    /// As `verdict --help` lists them.
    pub(crate) fn exit_code(&self) -> u8 {
        match self {
            Self::Model(error) => model(error),
            Self::Circuit(error) => circuit(error),
            Self::Prover(error) => prover(error),
            Self::Evm(error) => evm(error),
            Self::Story(error) => story(error),
            Self::Usage(_) => 2,
            Self::Input(_) => 3,
            Self::Mismatch(_) | Self::Rejected(_) | Self::Budget(_) | Self::Audit(_) => 4,
            Self::Setup(_) => 5,
            Self::Io { .. } | Self::Output(_) => 6,
            Self::Json(_) => 1,
            Self::Child { code, .. } => *code,
        }
    }

    /// What to do, where the message itself cannot know.
    pub(crate) fn hint(&self) -> Option<&'static str> {
        match self {
            Self::Model(ModelError::OutOfDomain { .. }) => Some(
                "`verdict prove --saturate` uses the nearest value of the domain, `verdict compile --domain` widens it",
            ),
            Self::Evm(EvmError::Refused(revert)) => revert.advice(),
            Self::Evm(EvmError::Io { source, .. })
            | Self::Io { source, .. }
            | Self::Output(source) => hint_of(source),
            _ => None,
        }
    }
}

fn hint_of(error: &io::Error) -> Option<&'static str> {
    match error.kind() {
        io::ErrorKind::NotFound => Some("check the path"),
        io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded | io::ErrorKind::FileTooLarge => {
            Some("free some space and run again; no half-written file was left behind")
        }
        io::ErrorKind::PermissionDenied | io::ErrorKind::ReadOnlyFilesystem => {
            Some("check the permissions")
        }
        _ => None,
    }
}

fn model(error: &ModelError) -> u8 {
    match error {
        ModelError::Read { .. } | ModelError::Write { .. } => 6,
        ModelError::Option { .. } => 2,
        _ => 3,
    }
}

fn circuit(error: &CircuitError) -> u8 {
    match error {
        CircuitError::Graph(_)
        | CircuitError::Trace(_)
        | CircuitError::Batch(_)
        | CircuitError::Path { .. } => 3,
        CircuitError::NoPlan(_) | CircuitError::TooTall { .. } => 5,
        _ => 1,
    }
}

fn prover(error: &ProverError) -> u8 {
    match error {
        ProverError::Circuit(error) => circuit(error),
        ProverError::Model(error) => model(error),
        ProverError::Io { .. } => 6,
        ProverError::BadSrs { .. }
        | ProverError::SrsTooSmall { .. }
        | ProverError::CorruptCache { .. } => 5,
        ProverError::Rejected(_) | ProverError::Mismatch { .. } => 4,
        ProverError::Architecture { .. } => 3,
        _ => 1,
    }
}

fn evm(error: &EvmError) -> u8 {
    match error {
        EvmError::Abi { .. }
        | EvmError::UnknownContract { .. }
        | EvmError::NoSigner
        | EvmError::DevelopmentSetup => 2,
        EvmError::Key(_)
        | EvmError::ProofFile { .. }
        | EvmError::NotCanonical(_)
        | EvmError::Spec(_)
        | EvmError::ChainFile { .. }
        | EvmError::Deployment { .. }
        | EvmError::Signer(_)
        | EvmError::Evidence(_)
        | EvmError::Entries { .. }
        | EvmError::Answer { .. } => 3,
        EvmError::Reverted { .. }
        | EvmError::Refused(_)
        | EvmError::OtherModel { .. }
        | EvmError::OtherContext { .. }
        | EvmError::OtherData { .. }
        | EvmError::Mismatch { .. }
        | EvmError::Packing { .. } => 4,
        EvmError::Io { .. }
        | EvmError::Rpc { .. }
        | EvmError::NoSuchBlock(_)
        | EvmError::NoReceipt { .. }
        | EvmError::Locked(_)
        | EvmError::NoDeterministicDeployer(_) => 6,
        _ => 1,
    }
}

fn story(error: &StoryError) -> u8 {
    match error {
        StoryError::Model(error) => model(error),
        StoryError::Circuit(error) => circuit(error),
        StoryError::Prover(error) => prover(error),
        StoryError::Evm(error) => evm(error),
        StoryError::Io(_) => 6,
        _ => 1,
    }
}
