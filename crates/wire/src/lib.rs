//! Bytes that cross a border: verifying keys, proofs, public values, calldata, proof files.
//!
//! * [`ProofLayout`] says where everything stands in a proof; nothing else counts a proof's bytes.
//! * [`key_bytes`] writes a verifying key as `VerifyingKeys` publishes it and `InferenceVerifier`
//!   reads it; [`key_digest`] names it.
//! * [`public_values`], [`unpack`] and [`unpack_batch`] go between the words of a proof and the
//!   integers of the model's public tensors; [`InputWords`] are a model's inputs as a feature
//!   source vouches for them.
//! * [`verify_calldata`] encodes a verification.
//! * [`ProofFile`] is a proof with its key and public values, as a file.

pub mod bindings;
mod calldata;
mod error;
mod file;
mod inputs;
mod key;
mod proof_file;
mod proof_layout;
mod public_words;
pub mod words;

pub use calldata::{verify_calldata, verify_calldata_len};
pub use error::WireError;
pub use file::{read_text, write_json};
pub use inputs::InputWords;
pub use key::{VerifyingKeyParts, key_bytes, key_digest, key_len, parse_key};
pub use proof_file::{BatchFile, PROOF_FILE_VERSION, ProofFile, TensorWords};
pub use proof_layout::{COMMITMENTS, OPENINGS, POINT_BYTES, ProofLayout, SCALAR_BYTES};
pub use public_words::{PublicTensor, Unpacked, instance, public_values, unpack, unpack_batch};
