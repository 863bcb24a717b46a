//! The crate's one error type.

use std::{
    io,
    path::{Path, PathBuf},
};
use verdict_circuit::CircuitError;
use verdict_model::ModelError;
use verdict_prover::ProverError;
use verdict_wire::WireError;

/// Why there is no proof to hand out, or none to believe.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum EngineError {
    /// The model or its inputs.
    #[error(transparent)]
    Model(#[from] ModelError),
    /// The plan.
    #[error(transparent)]
    Circuit(#[from] CircuitError),
    /// Set-ups, keys, proofs.
    #[error(transparent)]
    Prover(#[from] ProverError),
    /// Keys, words and proof files.
    #[error(transparent)]
    Wire(#[from] WireError),
    /// The policy leaves no usable set-up.
    #[error("{0}")]
    Setup(String),
    /// A file of secrets, or what it is to be used for, is unusable.
    #[error("{0}")]
    Input(String),
    /// The salts are not one for every committed input of every item.
    #[error(
        "{found} salts are given, but {expected} are needed: one for every committed input of every item"
    )]
    SaltCount {
        /// How many are given.
        found: usize,
        /// How many are needed.
        expected: usize,
    },
    /// Two artefacts do not belong together.
    #[error(transparent)]
    Mismatch(Box<Mismatch>),
    /// A proof is not about rows of a data set, each of them once.
    #[error("{path}: {detail}", path = path.display())]
    DataSet {
        /// The data set's file.
        path: PathBuf,
        /// What is wrong.
        detail: String,
    },
    /// A key is not one of the architecture that a proof is said to be of.
    #[error("the verifying key does not pass the audit: {0}")]
    Audit(String),
    /// A file of secrets could not be read or written.
    #[error("cannot {what} {path}: {source}", path = path.display())]
    Io {
        /// What was tried: `read`, `write` or `lock`.
        what: &'static str,
        /// The file.
        path: PathBuf,
        /// The operating system's reason.
        source: io::Error,
    },
}

/// Two artefacts of different digests.
#[derive(Debug, thiserror::Error)]
#[error("{what}: {left_of} has {left}, {right_of} has {right}; {hint}")]
pub struct Mismatch {
    /// What was compared.
    pub what: &'static str,
    /// Where the first digest is from.
    pub left_of: String,
    /// The first digest.
    pub left: String,
    /// Where the second digest is from.
    pub right_of: String,
    /// The second digest.
    pub right: String,
    /// What to do.
    pub hint: &'static str,
}

impl EngineError {
    /// For `map_err`: what could not be done to which file.
    pub(crate) fn io(what: &'static str, path: &Path) -> impl Fn(io::Error) -> Self {
        let path = path.to_owned();
        move |source| Self::Io {
            what,
            path: path.clone(),
            source,
        }
    }
}
