//! Set-ups, keys and proofs.

mod cache;
mod development;
mod error;
mod keys;
mod memory;
mod proof;
mod ptau;
mod srs;
mod srs_check;

pub use cache::Cache;
pub use error::ProverError;
pub use keys::{Keys, VerifyingKeyParts};
pub use memory::{peak_rss, reset_peak};
pub use proof::{prove, verify};
pub use srs::Srs;
