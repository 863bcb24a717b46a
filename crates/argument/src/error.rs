//! What goes wrong.

/// An error of the prover or the verifier.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum ArgumentError {
    /// The set-up has too few powers.
    #[error("the set-up has {have} points, {need} are needed")]
    SetUp {
        /// Points there are.
        have: usize,
        /// Points needed.
        need: usize,
    },
    /// What was handed over does not fit the shape.
    #[error("{0}")]
    Shape(String),
    /// The witness does not satisfy the gates.
    #[error("the witness does not satisfy the gates")]
    Unsatisfied,
    /// The proof is refused.
    #[error("{0}")]
    Rejected(String),
}
