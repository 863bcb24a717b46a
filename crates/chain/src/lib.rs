#![doc = include_str!("../README.md")]

mod abi;
mod advice;
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
mod refusal;
mod registered;
mod revert;
mod rpc;
mod signer;
mod spec;
mod state;
mod text;

pub use abi::{
    Answer, ConfigField, ConfigFile, ConfigRules, Expand, FieldDefault, Invocation,
    config_template, creation_code, creation_code_of,
};
pub use artifact::Artifact;
pub use chain::{Block, CREATE2_DEPLOYER, Chain, ChainExt, Receipt};
pub use deploy::{
    CoreSettings, Proposed, Registration, Step, deploy_core, propose_update, record,
    register_model, route_name,
};
pub use deployment::{ContractRecord, Core, Deployment, ModelRecord};
pub use embedded::{Clock, EmbeddedChain, Fork};
pub use error::ChainError;
pub use gas::{AmsterdamGas, GasEstimate, estimate};
pub use harness::{Gas, Harness, Verdict, calldata_gas};
pub use lock::ChainLock;
pub use registered::{CodeOf, RegisteredVersion, SetupOf, core_code, registered_spec};
pub use revert::Revert;
pub use rpc::{RpcChain, host};
pub use signer::{DataSigner, SignerSource};
