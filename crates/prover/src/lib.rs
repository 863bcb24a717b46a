#![doc = include_str!("../README.md")]

mod architecture;
mod audit;
mod cache;
mod error;
mod keyed_model;
mod keys;
mod proof;
mod srs;

pub use architecture::{ARCHITECTURE_MAGIC, Architecture};
pub use audit::{Audit, AuditRow, Finding, Subject, audit};
pub use cache::Cache;
pub use error::ProverError;
pub use keyed_model::{Inference, KeyedModel, OnStage, Stage};
pub use keys::{Keys, halo2_key};
pub use proof::{prove, verify, verify_under};
pub use srs::{CEREMONIES, Ceremony, Srs, StoredSrs};
