#![doc = include_str!("../README.md")]

mod bundle;
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
pub use engine::{Engine, OpenOptions, plan};
pub use error::{EngineError, Mismatch};
pub use hiding::{HidingFile, HidingStatus};
pub use salts::{SaltFile, Salts};
pub use secret_file::{beside, save_secret};
pub use session::Session;
pub use setup::Setup;
pub use stage::{OnStage, Stage, silent};
pub use subject::{Subject, SubjectKind};
pub use verified::{Saved, Verified};
