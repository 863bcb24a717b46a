//! Contracts that act on proofs, and how a proof reaches them.
//!
//! * [`context`] says what a proof is bound to; a [`Target`] is a consumer and an occasion, a [`Question`] what it asks its feature source.
//! * [`SignedData`] is what data signers sign, an [`Attestation`] one signature, [`combine`] makes a quorum's evidence; [`snapshot_evidence`]
//!   and [`committed_evidence`] are for the other sources.
//! * [`Entries`] are an airdrop's.

mod attestation;
pub mod context;
mod entries;
mod error;
mod evidence;
mod question;
mod submit;

pub use attestation::{Attestation, Quorum, SignerSet, combine};
pub use entries::{Entries, Tree};
pub use error::ConsumerError;
pub use evidence::{DataSigners, SignedData, committed_evidence, snapshot_evidence};
pub use question::Question;
pub use submit::{Submitted, Target};
