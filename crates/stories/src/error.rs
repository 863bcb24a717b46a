//! The crate's one error type.

use verdict_chain::ChainError;
use verdict_compiler::CompileError;
use verdict_consumers::ConsumerError;
use verdict_engine::EngineError;
use verdict_model::ModelError;
use verdict_wire::WireError;

/// Why a story could not be told to its end.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum StoryError {
    /// A model or its data are unusable.
    #[error(transparent)]
    Model(#[from] ModelError),
    /// A model did not compile.
    #[error(transparent)]
    Compile(#[from] CompileError),
    /// It could not be proved.
    #[error(transparent)]
    Engine(#[from] EngineError),
    /// Its words do not fit.
    #[error(transparent)]
    Wire(#[from] WireError),
    /// A contract refused what it must take, or the chain failed.
    #[error(transparent)]
    Chain(#[from] ChainError),
    /// No evidence could be made.
    #[error(transparent)]
    Consumer(#[from] ConsumerError),
    /// The committed models could not be unpacked.
    #[error("cannot write a temporary file: {0}")]
    Io(#[from] std::io::Error),
    /// A contract's state is not what the model says.
    #[error("{what}: {found}, expected {expected}")]
    Unexpected {
        /// What was read.
        what: &'static str,
        /// What it was.
        found: String,
        /// What it must be.
        expected: String,
    },
}

impl StoryError {
    /// Compares what was read with what must be there.
    pub(crate) fn check<T: PartialEq + std::fmt::Debug>(
        what: &'static str,
        found: T,
        expected: T,
    ) -> Result<(), Self> {
        if found == expected {
            return Ok(());
        }
        Err(Self::Unexpected {
            what,
            found: format!("{found:?}"),
            expected: format!("{expected:?}"),
        })
    }
}
