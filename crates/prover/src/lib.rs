//! Set-ups, keys and proofs.
//!
//! * [`Srs`]: the structured reference string, from a snarkjs `.ptau` file or halo2's own format (checked with pairings when
//!   imported), or the insecure development set-up, whose secret is in the source and which says so wherever it is used.
//! * [`Keys`]: proving and verifying key of a tape. The verifying key, whose commitments cost the time, is cached by digest;
//!   the proving key is made from it and the tape.
//! * [`KeyedModel`]: a compiled model under a plan and a set-up, with its keys: [proves](KeyedModel::prove) and
//!   [verifies](KeyedModel::verify). What makes a proof safe to hand out is verdict-engine's.
//! * [`Architecture`]: what is public of a model with private weights; [`audit`] recomputes everything that a verifying key owes it.
//! * [`Cache`]: files checked by a digest when read and written whole or not at all.
//!
//! The transcript is snark-verifier's keccak `EvmTranscript`, so a proof that [`verify`] accepts is the one that the contract
//! accepts.

mod architecture;
mod audit;
mod cache;
mod development;
mod error;
mod inventory;
mod keyed_model;
mod keys;
mod proof;
mod ptau;
mod srs;
mod srs_check;

pub use architecture::{ARCHITECTURE_MAGIC, Architecture};
pub use audit::{Audit, AuditRow, Finding, Subject, audit};
pub use cache::Cache;
pub use error::ProverError;
pub use inventory::StoredSrs;
pub use keyed_model::{Inference, KeyedModel, OnStage, Stage};
pub use keys::{Keys, halo2_key, verify_under};
pub use proof::{prove, verify};
pub use srs::Srs;
