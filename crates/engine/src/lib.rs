#![doc = include_str!("../README.md")]

mod engine;
mod error;
mod hiding;
mod salts;
mod secret_file;
mod session;
mod setup;
mod stage;
mod verified;
mod verify;

pub use engine::{Engine, OpenOptions, plan};
pub use error::{EngineError, Mismatch};
pub use hiding::{HidingFile, HidingStatus};
pub use salts::{SaltFile, Salts};
pub use secret_file::{beside, save_secret};
pub use session::Session;
pub use setup::Setup;
pub use stage::{OnStage, Stage, silent};
pub use verified::{Saved, Verified};
pub use verify::{Subject, SubjectKind};
