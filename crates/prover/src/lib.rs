#![doc = include_str!("../README.md")]

mod architecture;
mod audit;
mod cache;
mod error;
mod key_proof;
mod keyed_model;
mod keys;
mod proof;
mod srs;

pub use architecture::{ARCHITECTURE_MAGIC, Architecture};
pub use audit::{Audit, AuditRow, Auditor, Finding, Subject, audit, audit_with};
pub use cache::Cache;
pub use error::ProverError;
pub use key_proof::KeyProof;
pub use keyed_model::{Inference, KeyedModel, OnStage, Stage};
pub use keys::Keys;
pub use proof::verify_under;
pub use srs::{CEREMONIES, Ceremony, MAX_POINTS, Srs, StoredSrs};
