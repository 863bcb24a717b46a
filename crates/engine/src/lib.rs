//! From a compiled model to a proof that is safe to hand out.

mod error;
mod session;

pub use error::EngineError;
pub use session::{Inference, OnStage, Session, Stage};
