//! The crate's one error type.

use verdict_prover::ProverError;

/// Why there is no proof to hand out.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum EngineError {
    /// Set-ups, keys, proofs.
    #[error(transparent)]
    Prover(#[from] ProverError),
}
