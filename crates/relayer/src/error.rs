//! The crate's one error type.

use std::path::PathBuf;
use verdict_chain::ChainError;
use verdict_consumers::ConsumerError;
use verdict_engine::EngineError;

/// What can go wrong in the service. No secret is in any of it.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum RelayError {
    /// A chain, or a contract.
    #[error(transparent)]
    Chain(#[from] ChainError),
    /// A consumer.
    #[error(transparent)]
    Consumer(#[from] ConsumerError),
    /// A model, or a proof.
    #[error(transparent)]
    Engine(#[from] EngineError),
    /// A model's integers.
    #[error(transparent)]
    Model(#[from] verdict_model::ModelError),
    /// Words and files.
    #[error(transparent)]
    Wire(#[from] verdict_wire::WireError),
    /// What somebody configured.
    #[error("{0}")]
    Config(String),
    /// A file of the configuration.
    #[error("{path}: {detail}", path = .path.display())]
    File {
        /// The file.
        path: PathBuf,
        /// What is wrong.
        detail: String,
    },
    /// The database did not do what it was asked to.
    #[error("cannot {what}: {reason}")]
    Database {
        /// The request.
        what: &'static str,
        /// Its reason.
        reason: String,
    },
    /// A row that nobody of us has written so.
    #[error("the database's row {key} of {table} is damaged: {detail}")]
    Row {
        /// The table.
        table: &'static str,
        /// The row, or its column.
        key: String,
        /// What is wrong.
        detail: String,
    },
    /// A step that no trigger takes.
    #[error("trigger {trigger} cannot go from {from} to {to}")]
    Transition {
        /// The trigger.
        trigger: String,
        /// Its state.
        from: &'static str,
        /// The next.
        to: &'static str,
    },
    /// Somebody else was faster.
    #[error("trigger {0} was moved on by somebody else")]
    Lost(String),
    /// A feature that cannot be had.
    #[error("feature `{name}`: {detail}")]
    Feature {
        /// The feature.
        name: String,
        /// What is wrong.
        detail: String,
    },
    /// A data signer that does not sign.
    #[error("{signer}: {detail}")]
    Signer {
        /// Its host.
        signer: String,
        /// What it said.
        detail: String,
    },
    /// The nodes do not do what they are asked to.
    #[error("{0}")]
    Rpc(String),
    /// What carries work to other machines does not, or nobody there takes it.
    #[error("{0}")]
    Workers(String),
    /// Something of this machine.
    #[error("cannot {what}: {reason}")]
    Machine {
        /// What was tried.
        what: String,
        /// Its reason.
        reason: String,
    },
}

impl RelayError {
    /// Whether something else than the trigger is to blame, which may be mended without it.
    pub(crate) fn is_elsewhere(&self) -> bool {
        let rpc = |error: &ChainError| {
            matches!(error, ChainError::Rpc { .. } | ChainError::NoSuchBlock(_))
        };
        match self {
            Self::Chain(error) | Self::Consumer(ConsumerError::Chain(error)) => rpc(error),
            Self::Feature { .. }
            | Self::Signer { .. }
            | Self::Rpc(_)
            | Self::Database { .. }
            | Self::Workers(_) => true,
            _ => false,
        }
    }

    pub(crate) fn database(what: &'static str, error: sqlx::Error) -> Self {
        // A URL with its password is in no message of ours; sqlx's name hosts at most.
        Self::Database {
            what,
            reason: error.to_string(),
        }
    }

    pub(crate) fn machine(what: impl Into<String>, error: impl ToString) -> Self {
        Self::Machine {
            what: what.into(),
            reason: error.to_string(),
        }
    }
}
