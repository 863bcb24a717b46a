//! Chains: the embedded EVM and any node behind an RPC, and what is deployed there.
//!
//! * [`Chain`] and [`ChainExt`] act on a chain: [`EmbeddedChain`] (revm, Osaka rules) or [`RpcChain`], with errors by name ([`Revert`]).
//! * [`bindings`] has the contracts' functions, errors and events, [`Artifact`] their code, [`Invocation`] any function by its signature.
//! * [`deploy_core`] and [`register_model`] put there what every consumer stands on; a [`Deployment`] remembers where.
//! * [`model_spec`] says what a model's public values mean, as the registry stores it.
//! * [`Harness`] deploys the verifier in an embedded EVM and calls it as real transactions; [`estimate`] predicts gas and sizes before
//!   anything is proved, within 2% (tests hold it to that on every vector).
//! * [`SignerSource`] and [`DataSigner`] sign transactions and typed data.

mod abi;
mod artifact;
pub mod bindings;
mod chain;
mod deploy;
mod deployment;
mod embedded;
mod error;
mod gas;
mod harness;
mod keystore;
mod lock;
mod revert;
mod rpc;
mod signer;
mod spec;
mod state;

pub use abi::{Answer, Invocation, creation_code};
pub use artifact::Artifact;
pub use chain::{Block, CREATE2_DEPLOYER, Chain, ChainExt, Receipt};
pub use deploy::{
    CoreSettings, Proposed, Registration, Step, deploy_core, propose_update, record,
    register_model, route_name,
};
pub use deployment::{ContractRecord, Core, Deployment, ModelRecord};
pub use embedded::{Clock, EmbeddedChain};
pub use error::ChainError;
pub use gas::{GasEstimate, estimate};
pub use harness::{Gas, Harness, Verdict, calldata_gas};
pub use lock::ChainLock;
pub use revert::Revert;
pub use rpc::RpcChain;
pub use signer::{DataSigner, SignerSource};
pub use spec::{ModelSpec, model_spec, spec_digest};
