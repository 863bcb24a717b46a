//! Everything between a proof and a chain.
//!
//! * [`key_bytes`] writes a verifying key as `VerifyingKeys` publishes it and `InferenceVerifier` reads it; [`key_digest`] names it.
//! * [`public_values`], [`unpack`] and [`unpack_batch`] go between the words of a proof and the integers of the model's public tensors.
//! * [`verify_calldata`] encodes a verification; [`bindings`] has the contracts' functions, errors and events.
//! * [`Harness`] deploys the contracts in an embedded EVM (revm, Osaka rules) and calls them as real transactions.
//! * [`estimate`] predicts gas and sizes before anything is proved, within 2% (tests hold it to that on every vector).
//! * [`chain`] acts on chains: the embedded EVM and any node behind an RPC, with errors by name; [`context`] says what a proof is bound to.
//! * [`model_spec`] says what a model's public values mean, as the registry stores it.
//! * [`InputWords`] are a model's inputs as a feature source vouches for them, [`Question`] says what a consumer asks its source;
//!   [`Attestation`] is one data signer's signature, [`combine`] makes a quorum's evidence, [`Entries`] are an airdrop's.
//! * [`ProofFile`] is a proof with its key and public values, as a file.

mod abi;
mod artifact;
mod attestation;
pub mod bindings;
mod calldata;
pub mod chain;
pub mod context;
mod deploy;
mod deployment;
mod entries;
mod error;
mod evidence;
mod file;
mod gas;
mod harness;
mod inputs;
mod key;
mod proof_file;
mod question;
mod spec;
mod submit;
pub mod words;

pub use abi::{Answer, Invocation, creation_code};
pub use artifact::Artifact;
pub use attestation::{Attestation, Quorum, SignerSet, combine};
pub use calldata::{
    PublicTensor, Unpacked, instance, public_values, unpack, unpack_batch, verify_calldata,
};
pub use deploy::{
    CoreSettings, Proposed, Registration, Step, deploy_core, propose_update, record,
    register_model, route_name,
};
pub use deployment::{ContractRecord, Core, Deployment, ModelRecord};
pub use entries::{Entries, Tree};
pub use error::EvmError;
pub use evidence::{DataSigners, SignedData, committed_evidence, snapshot_evidence};
pub use gas::{GasEstimate, estimate};
pub use harness::{Gas, Harness, Verdict, calldata_gas};
pub use inputs::InputWords;
pub use key::{key_bytes, key_digest, parse_key};
pub use proof_file::{BatchFile, PROOF_FILE_VERSION, ProofFile, TensorWords};
pub use question::Question;
pub use spec::{ModelSpec, model_spec, spec_digest};
pub use submit::{Submitted, Target};
pub use verdict_circuit::proof_bytes;
