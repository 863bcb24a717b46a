#![doc = include_str!("../README.md")]

mod bundle;
mod data_set;
mod engine;
mod error;
mod hiding;
mod key_audit;
mod salts;
mod secret_file;
mod session;
mod setup;
mod stage;
mod subject;
mod verified;
mod verify;

pub use bundle::{BatchOf, Bundle, Line, Outcome, Report, batch_of_spec};
pub use data_set::{CommittedData, DataSetSecret, RowsProved};
pub use engine::{Engine, OpenOptions, candidate_of, memory_of, plan};
pub use error::{EngineError, Mismatch};
pub use hiding::HidingFile;
pub use salts::{SaltFile, SaltSource, Salts};
pub use secret_file::{SECRET_SUFFIX, beside, named_secret, save_secret};
pub use session::Session;
pub use setup::Setup;
pub use stage::{OnStage, Stage, silent};
pub use subject::{Subject, SubjectKind};
pub use verified::{Saved, Verified};
