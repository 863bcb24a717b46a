//! Everything between a proof and a chain.

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
pub use calldata::{instance, public_values, unpack, verify_calldata};
pub use error::EvmError;
pub use gas::{GasEstimate, estimate, proof_bytes};
pub use harness::{Gas, Harness, Verdict, calldata_gas};
pub use key::{key_bytes, key_digest, parse_key};
pub use proof_file::{PROOF_FILE_VERSION, ProofFile};
