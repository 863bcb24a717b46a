//! The crate's one error type.

use std::path::PathBuf;

/// What can be wrong with bytes that cross a border.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum WireError {
    /// Bytes that are not a verifying key.
    #[error("not a verifying key: {0}; export it again with `verdict compile`")]
    Key(String),
    /// A proof file that does not parse.
    #[error("{path} is not a proof file: {detail}", path = path.display())]
    ProofFile {
        /// The file.
        path: PathBuf,
        /// What is wrong.
        detail: String,
    },
    /// A proof file whose parts belong to different artefacts.
    #[error("{path}: its verifying key has the digest {found}, but it states {expected}; export the proof again", path = path.display())]
    Mismatch {
        /// The file.
        path: PathBuf,
        /// The digest of its verifying key.
        found: String,
        /// The digest it states.
        expected: String,
    },
    /// A file could not be read or written.
    #[error("cannot {what} {path}: {source}", path = path.display())]
    Io {
        /// `read` or `write`.
        what: &'static str,
        /// The file.
        path: PathBuf,
        /// The operating system's reason.
        source: std::io::Error,
    },
    /// Public words that do not decode.
    #[error(
        "public word {index} of `{tensor}` is not a packing of its values; the proof is not one of this model"
    )]
    Packing {
        /// The tensor.
        tensor: String,
        /// Its first word's index among the public values.
        index: usize,
    },
    /// A scalar that is not below the field's modulus.
    #[error("{0} is not a scalar of BN254: it must be below the field's modulus")]
    NotCanonical(String),

    /// A model that the registry has no words for.
    #[error("the model cannot be registered: {0}")]
    Spec(String),
    /// Inputs that are not those of the model.
    #[error("{0}")]
    Inputs(String),
}
