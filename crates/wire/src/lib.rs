#![doc = include_str!("../README.md")]

pub mod bindings;
mod breakpoints;
mod calldata;
mod error;
mod file;
mod inputs;
mod key;
mod proof_file;
mod proof_layout;
mod public_words;
mod spec;
pub mod words;

pub use breakpoints::{breakpoint_parts, breakpoint_table, breakpoints_digest};
pub use calldata::{verify_calldata, verify_calldata_len};
pub use error::WireError;
pub use file::{read_text, write_json};
pub use inputs::InputWords;
pub use key::{VerifyingKeyParts, key_bytes, key_digest, key_len, parse_key};
pub use proof_file::{BatchFile, PROOF_FILE_VERSION, ProofFile, TensorWords};
pub use proof_layout::{OPENINGS, POINT_BYTES, ProofLayout, SCALAR_BYTES};
pub use public_words::{PublicTensor, Unpacked, instance, public_values, unpack, unpack_batch};
pub use spec::{
    COMMITTED_INPUT, InputSchema, ModelSpec, OutputSchema, PRIVATE_INPUT, PUBLIC_INPUT,
    bundle_digest, model_spec, spec_digest, tau_digest,
};
