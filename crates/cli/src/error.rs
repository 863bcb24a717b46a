//! Everything that can go wrong, and the exit code that says so.

use std::{
    io,
    path::{Path, PathBuf},
};
use verdict_chain::{ChainError, Revert};
use verdict_circuit::CircuitError;
use verdict_compiler::CompileError;
use verdict_consumers::ConsumerError;
use verdict_engine::EngineError;
pub(crate) use verdict_engine::Mismatch;
use verdict_model::ModelError;
use verdict_prover::ProverError;
use verdict_relayer::RelayError;
use verdict_stories::StoryError;
use verdict_wire::WireError;

/// Why a command failed.
#[derive(Debug, thiserror::Error)]
pub(crate) enum CliError {
    #[error(transparent)]
    Model(#[from] ModelError),
    #[error(transparent)]
    Compile(#[from] CompileError),
    #[error(transparent)]
    Circuit(#[from] CircuitError),
    #[error(transparent)]
    Prover(#[from] ProverError),
    #[error(transparent)]
    Engine(#[from] EngineError),
    #[error(transparent)]
    Wire(#[from] WireError),
    #[error(transparent)]
    Chain(#[from] ChainError),
    #[error(transparent)]
    Consumer(#[from] ConsumerError),
    #[error(transparent)]
    Story(#[from] StoryError),
    #[error(transparent)]
    Relay(#[from] RelayError),
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
    /// What somebody states of a model is not what the model makes of it.
    #[error("{what} is not what was recomputed: {parts} differ; {hint}")]
    Differs {
        what: String,
        parts: String,
        hint: &'static str,
    },
    /// A proof that is right, under a key that nobody compared with anything.
    #[error(
        "the proof is right under the key that it brought along, which was compared with nothing: anybody can make such a key; give --model, or --key with the digest that the contract knows"
    )]
    Unpinned,
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
    /// Nothing says where contracts are.
    #[error("cannot read {path}: there is no such file", path = .0.display())]
    NoDeployment(PathBuf),
    /// A measuring process failed; its own message is already on stderr.
    #[error("measuring {name} failed with exit code {code}")]
    Child { name: String, code: u8 },
}

/// Wrong use that clap cannot see.
pub(crate) fn usage(message: impl Into<String>) -> CliError {
    CliError::Usage(message.into())
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
            Self::Compile(error) => compile(error),
            Self::Circuit(error) => circuit(error),
            Self::Prover(error) => prover(error),
            Self::Engine(error) => engine(error),
            Self::Wire(error) => wire(error),
            Self::Chain(error) => chain(error),
            Self::Consumer(error) => consumer(error),
            Self::Story(error) => story(error),
            Self::Relay(error) => relay(error),
            Self::Usage(_) => 2,
            Self::Input(_) => 3,
            Self::Mismatch(_) | Self::Rejected(_) | Self::Audit(_) | Self::Differs { .. } => 4,
            Self::Setup(_) => 5,
            Self::Io { source, .. } | Self::Output(source) => io(source),
            Self::Json(_) => 1,
            Self::NoDeployment(_) => 6,
            Self::Unpinned => 7,
            Self::Child { code, .. } => *code,
        }
    }

    /// What to do, where the message itself cannot know.
    pub(crate) fn hint(&self) -> Option<&'static str> {
        if let Some(ModelError::OutOfDomain { .. }) = self.model() {
            return Some(
                "--saturate uses the nearest value of the domain, `verdict compile --domain` widens it",
            );
        }
        if let Some(revert) = self.revert() {
            return verdict_consumers::advice(revert);
        }
        match self {
            Self::NoDeployment(_) => {
                return Some(
                    "`verdict deploy` puts the contracts on a chain and writes it; --deployment names another file",
                );
            }
            Self::Chain(ChainError::NoChainFile(_)) => {
                return Some(
                    "check the path; `verdict deploy --local FILE` without a contract begins a chain",
                );
            }
            _ => {}
        }
        self.source_io().and_then(hint_of)
    }

    /// The model's refusal, wherever it came from.
    fn model(&self) -> Option<&ModelError> {
        match self {
            Self::Model(error)
            | Self::Compile(CompileError::Model(error))
            | Self::Prover(ProverError::Model(error))
            | Self::Engine(
                EngineError::Model(error) | EngineError::Prover(ProverError::Model(error)),
            ) => Some(error),
            _ => None,
        }
    }

    /// A contract's refusal.
    fn revert(&self) -> Option<&Revert> {
        match self {
            Self::Chain(ChainError::Refused(revert))
            | Self::Consumer(ConsumerError::Chain(ChainError::Refused(revert))) => Some(revert),
            _ => None,
        }
    }

    /// The operating system's refusal, where the message does not say already what to do.
    fn source_io(&self) -> Option<&io::Error> {
        match self {
            Self::Wire(WireError::Io { source, .. })
            | Self::Engine(
                EngineError::Io { source, .. } | EngineError::Wire(WireError::Io { source, .. }),
            )
            | Self::Chain(ChainError::Wire(WireError::Io { source, .. }))
            | Self::Consumer(
                ConsumerError::Wire(WireError::Io { source, .. })
                | ConsumerError::Chain(ChainError::Wire(WireError::Io { source, .. })),
            )
            | Self::Io { source, .. }
            | Self::Output(source) => Some(source),
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

/// A file that is there and readable, but holds no text where text must be, is unusable input.
fn io(error: &io::Error) -> u8 {
    match error.kind() {
        io::ErrorKind::InvalidData => 3,
        _ => 6,
    }
}

fn relay(error: &RelayError) -> u8 {
    match error {
        RelayError::Chain(error) => chain(error),
        RelayError::Consumer(error) => consumer(error),
        RelayError::Engine(error) => engine(error),
        RelayError::Model(error) => model(error),
        RelayError::Wire(error) => wire(error),
        RelayError::Config(_)
        | RelayError::File { .. }
        | RelayError::Feature { .. }
        | RelayError::Row { .. } => 3,
        _ => 6,
    }
}

fn model(error: &ModelError) -> u8 {
    match error {
        ModelError::Read { source, .. } | ModelError::Write { source, .. } => io(source),
        ModelError::Option { .. } => 2,
        _ => 3,
    }
}

fn compile(error: &CompileError) -> u8 {
    match error {
        CompileError::Model(error) => model(error),
        CompileError::Option { .. } => 2,
        CompileError::Memory { .. } => 5,
        CompileError::Inaccurate { .. } => 8,
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
        ProverError::Io { source, .. } => io(source),
        ProverError::BadSrs { .. }
        | ProverError::SrsTooSmall { .. }
        | ProverError::CorruptCache { .. }
        | ProverError::NoCache => 5,
        ProverError::Rejected(_) | ProverError::Mismatch { .. } => 4,
        ProverError::Architecture { .. } | ProverError::NotForPrivateWeights(_) => 3,
        _ => 1,
    }
}

fn engine(error: &EngineError) -> u8 {
    match error {
        EngineError::Model(error) => model(error),
        EngineError::Circuit(error) => circuit(error),
        EngineError::Prover(error) => prover(error),
        EngineError::Wire(error) => wire(error),
        EngineError::SaltCount { .. } => 2,
        EngineError::Input(_) => 3,
        EngineError::Mismatch(_) | EngineError::Audit(_) | EngineError::DataSet { .. } => 4,
        EngineError::Setup(_) => 5,
        EngineError::Io { source, .. } => io(source),
        _ => 1,
    }
}

fn wire(error: &WireError) -> u8 {
    match error {
        WireError::Key(_)
        | WireError::ProofFile { .. }
        | WireError::NotCanonical(_)
        | WireError::Spec(_)
        | WireError::Inputs(_) => 3,
        WireError::Mismatch { .. } | WireError::Packing { .. } => 4,
        WireError::Io { source, .. } => io(source),
        _ => 1,
    }
}

fn chain(error: &ChainError) -> u8 {
    match error {
        ChainError::Wire(error) => wire(error),
        ChainError::Abi { .. }
        | ChainError::UnknownContract { .. }
        | ChainError::NoSigner
        | ChainError::DevelopmentSetup => 2,
        ChainError::ChainFile { .. }
        | ChainError::Config { .. }
        | ChainError::ForeignArtifact { .. }
        | ChainError::Deployment { .. }
        | ChainError::Signer(_)
        | ChainError::Answer { .. } => 3,
        ChainError::Reverted { .. } | ChainError::Refused(_) => 4,
        ChainError::Rpc { .. }
        | ChainError::NoSuchBlock(_)
        | ChainError::NoChainFile(_)
        | ChainError::NoReceipt { .. }
        | ChainError::Locked(_)
        | ChainError::NoDeterministicDeployer(_) => 6,
        _ => 1,
    }
}

fn consumer(error: &ConsumerError) -> u8 {
    match error {
        ConsumerError::Chain(error) => chain(error),
        ConsumerError::Wire(error) => wire(error),
        ConsumerError::Argument(_) => 2,
        ConsumerError::Evidence(_)
        | ConsumerError::OtherSource { .. }
        | ConsumerError::Entries { .. } => 3,
        ConsumerError::OtherModel { .. }
        | ConsumerError::OtherContext { .. }
        | ConsumerError::OtherData { .. } => 4,
        _ => 1,
    }
}

fn story(error: &StoryError) -> u8 {
    match error {
        StoryError::Model(error) => model(error),
        StoryError::Compile(error) => compile(error),
        StoryError::Engine(error) => engine(error),
        StoryError::Wire(error) => wire(error),
        StoryError::Chain(error) => chain(error),
        StoryError::Consumer(error) => consumer(error),
        StoryError::Io(source) => io(source),
        _ => 1,
    }
}
