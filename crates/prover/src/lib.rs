//! Set-ups, keys and proofs.

mod cache;
mod development;
mod error;
mod inventory;
mod keys;
mod memory;
mod proof;
mod ptau;
mod session;
mod srs;
mod srs_check;

pub use cache::Cache;
pub use error::ProverError;
pub use inventory::StoredSrs;
pub use keys::{Keys, VerifyingKeyParts};
pub use memory::{peak_rss, reset_peak};
pub use proof::{prove, verify};
pub use session::{Inference, OnStage, Session, Stage};
pub use srs::Srs;
