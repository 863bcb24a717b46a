//! Where everything is on a chain: the file that solidity/script writes and reads too.

use crate::ChainError;
use alloy_primitives::{Address, B256, FixedBytes, aliases::U64};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};
use std::{collections::BTreeMap, path::Path};
use verdict_wire::{read_text, write_json};

/// The layout's version.
const SCHEMA: u32 = 1;

/// What is deployed on one chain.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Deployment {
    /// The layout's version.
    pub schema: u32,
    /// The chain.
    pub chain_id: u64,
    /// What every consumer stands on.
    pub core: Core,
    /// Registered models, by name.
    #[serde(default)]
    pub models: BTreeMap<String, ModelRecord>,
    /// Feature sources, by name.
    #[serde(default)]
    pub sources: BTreeMap<String, ContractRecord>,
    /// Consumers, by name.
    #[serde(default)]
    pub consumers: BTreeMap<String, ContractRecord>,
}

/// Verifier, keys, registry, gateway.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Core {
    /// The publisher of keys.
    pub verifying_keys: Address,
    /// The verifier of a set-up.
    pub verifier: Address,
    /// The registry.
    pub registry: Address,
    /// The gateway.
    pub gateway: Address,
    /// The name of the route to the verifier.
    pub route: String,
    /// Its selector.
    pub selector: FixedBytes<4>,
    /// Whether the route exists; if not, the gateway's administrator has to add it.
    pub route_added: bool,
    /// Whether anyone can forge proofs that this verifier accepts.
    pub development_setup: bool,
    /// The block it was deployed in, or looked at.
    pub block: U64,
    /// The set-up's `[τ]_2`.
    #[serde(rename = "tauG2")]
    pub tau_g2: [B256; 4],
}

/// A registered model.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct ModelRecord {
    /// Its id in the registry.
    pub model_id: u64,
    /// Its version.
    pub version: u32,
    /// Both, the key and the route, in one word.
    pub pin: B256,
    /// The account whose code is the verifying key.
    pub key: Address,
    /// Digest of the compiled model.
    pub model_hash: B256,
    /// Digest of its spec.
    pub circuit_hash: B256,
    /// Digest of its verifying key.
    pub vk_hash: B256,
}

/// Any other contract.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct ContractRecord {
    /// What it is.
    pub kind: String,
    /// Where it is.
    pub address: Address,
    /// What else is said of it.
    #[serde(flatten)]
    pub more: Map<String, Value>,
}

impl Deployment {
    /// Nothing but the core.
    pub const fn new(chain_id: u64, core: Core) -> Self {
        Self {
            schema: SCHEMA,
            chain_id,
            core,
            models: BTreeMap::new(),
            sources: BTreeMap::new(),
            consumers: BTreeMap::new(),
        }
    }

    /// Where a contract of the core, a source or a consumer is, by its name.
    pub fn address(&self, name: &str) -> Option<Address> {
        match name {
            "verifying-keys" => Some(self.core.verifying_keys),
            "verifier" => Some(self.core.verifier),
            "registry" => Some(self.core.registry),
            "gateway" => Some(self.core.gateway),
            _ => {
                let record = self.consumers.get(name);
                let record = record.or_else(|| self.sources.get(name));
                record.map(|record| record.address)
            }
        }
    }

    /// Reads a file.
    pub fn load(path: &Path) -> Result<Self, ChainError> {
        let text = read_text(path)?;
        let fail = |detail: String| ChainError::Deployment {
            path: path.to_owned(),
            detail,
        };
        let read: Self = serde_json::from_str(&text).map_err(|error| fail(error.to_string()))?;
        if read.schema != SCHEMA {
            return Err(fail(format!("schema {}, expected {SCHEMA}", read.schema)));
        }
        Ok(read)
    }

    /// Writes a file, whole or not at all.
    pub fn save(&self, path: &Path) -> Result<(), ChainError> {
        Ok(write_json(path, self)?)
    }
}
