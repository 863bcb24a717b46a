//! Everything between a proof and a chain.
//!
//! * [`key_bytes`] writes a verifying key as `VerifyingKeys` publishes it and `InferenceVerifier` reads it; [`key_digest`] names it.
//! * [`public_values`], [`unpack`] and [`unpack_batch`] go between the words of a proof and the integers of the model's public tensors.
//! * [`verify_calldata`] encodes a verification; [`bindings`] has the contracts' functions, errors and events.
//! * [`Harness`] deploys the contracts in an embedded EVM (revm, Osaka rules) and calls them as real transactions.
//! * [`estimate`] predicts gas and sizes before anything is proved, within 2% (tests hold it to that on every vector).
//! * [`ProofFile`] is a proof with its key and public values, as a file.

mod artifact;
pub mod bindings;
mod calldata;
mod error;
mod gas;
mod harness;
mod key;
mod proof_file;
pub mod words;

pub use artifact::Artifact;
pub use calldata::{
    PublicTensor, Unpacked, instance, public_values, unpack, unpack_batch, verify_calldata,
};
pub use error::EvmError;
pub use gas::{GasEstimate, estimate};
pub use harness::{Gas, Harness, Verdict, calldata_gas};
pub use key::{key_bytes, key_digest, parse_key};
pub use proof_file::{BatchFile, PROOF_FILE_VERSION, ProofFile, TensorWords};
pub use verdict_circuit::proof_bytes;
