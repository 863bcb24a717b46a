use std::path::PathBuf;
use verdict_argument::ArgumentError;
use verdict_circuit::CircuitError;

/// What can go wrong between a compiled model and a checked proof.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ProverError {
    /// The tape could not be built or filled.
    #[error(transparent)]
    Circuit(#[from] CircuitError),
    /// The executor refused the inputs.
    #[error(transparent)]
    Model(#[from] verdict_model::ModelError),
    /// A file could not be read or written.
    #[error("{what} {path}: {source}{hint}", path = path.display())]
    Io {
        /// `cannot read`, `cannot write`, ….
        what: &'static str,
        /// The file.
        path: PathBuf,
        /// The operating system's reason.
        source: std::io::Error,
        /// What to do, where that is clear.
        hint: &'static str,
    },
    /// A set-up file is not what it says it is.
    #[error("{path} is not a usable set-up: {detail}", path = path.display())]
    BadSrs {
        /// The file.
        path: PathBuf,
        /// What is wrong.
        detail: String,
    },
    /// The set-up holds too few points.
    #[error(
        "the set-up holds {have} points, {need} are needed; import a larger file, or plan fewer rows or columns to a pack"
    )]
    SrsTooSmall {
        /// Points of the set-up.
        have: usize,
        /// Points needed.
        need: usize,
    },
    /// A cached file was altered or cut short.
    #[error("the cache file {path} is corrupt ({detail}); delete it and run again", path = path.display())]
    CorruptCache {
        /// The file.
        path: PathBuf,
        /// What is wrong.
        detail: String,
    },
    /// There is nowhere to keep set-ups and keys.
    #[error(
        "there is no folder for set-ups and keys: none of VERDICT_CACHE, XDG_CACHE_HOME and HOME is set; set VERDICT_CACHE to a folder that \
         only you can write to"
    )]
    NoCache,
    /// An architecture file does not parse.
    #[error("{path} is not a redacted architecture: {detail}; make it again with `verdict redact`", path = path.display())]
    Architecture {
        /// The file.
        path: PathBuf,
        /// What is wrong.
        detail: String,
    },
    /// A model's tables cover its own weights only.
    #[error(
        "the model was not compiled for private weights ({0}); compile it again with `verdict compile --private-weights`"
    )]
    NotForPrivateWeights(verdict_model::ModelError),
    /// A key or a proof could not be made.
    #[error("proving failed: {0}")]
    Argument(ArgumentError),
    /// The proof does not verify.
    #[error("the proof is not valid for this verifying key and these public values: {0}")]
    Rejected(String),
    /// Two artefacts belong to different models, keys or set-ups.
    #[error(
        "{what} belongs to {found}, expected {expected}; prove again with the model, key and set-up that the verifier uses"
    )]
    Mismatch {
        /// What was compared.
        what: &'static str,
        /// The digest found.
        found: String,
        /// The digest expected.
        expected: String,
    },
}

impl ProverError {
    pub(crate) fn io(
        what: &'static str,
        path: &std::path::Path,
    ) -> impl FnOnce(std::io::Error) -> Self {
        let path = path.to_owned();
        move |source| {
            let hint = match source.kind() {
                std::io::ErrorKind::StorageFull => {
                    "; free some space (caches can be moved with VERDICT_CACHE) and run again"
                }
                std::io::ErrorKind::NotFound => "; check the path",
                std::io::ErrorKind::PermissionDenied => {
                    "; check the permissions, or set VERDICT_CACHE to a writable folder"
                }
                _ => "",
            };
            Self::Io {
                what,
                path,
                source,
                hint,
            }
        }
    }
}

impl From<ArgumentError> for ProverError {
    fn from(error: ArgumentError) -> Self {
        match error {
            ArgumentError::SetUp { have, need } => Self::SrsTooSmall { have, need },
            ArgumentError::Rejected(reason) => Self::Rejected(reason),
            error => Self::Argument(error),
        }
    }
}
