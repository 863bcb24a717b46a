//! The compiled contracts, committed so that the main job needs no Solidity compiler.
//! `tests/artifacts.rs` compiles them again.

use crate::ChainError;
use alloy_json_abi::{JsonAbi, Param};
use alloy_primitives::{Bytes, U256, hex};
use alloy_sol_types::SolConstructor;
use serde::{Deserialize, Serialize};
use std::path::Path;
use verdict_wire::read_text;

/// What forge writes to `out/FILE.sol/CONTRACT.json`, of which nothing else is read.
#[derive(Deserialize)]
struct Forge {
    abi: JsonAbi,
    bytecode: ForgeCode,
}

#[derive(Deserialize)]
struct ForgeCode {
    object: Bytes,
}

/// A compiled contract.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Artifact {
    /// The contract's name.
    pub contract: String,
    /// The compiler's version.
    pub solc: String,
    /// Creation code, without constructor arguments; empty for an interface.
    pub bytecode: Bytes,
    /// Size of the deployed code in bytes.
    pub runtime_size: usize,
    /// What the contract understands, answers and says when it refuses.
    pub abi: JsonAbi,
}

macro_rules! contracts {
    ($($name:literal),+ $(,)?) => {
        /// Every committed contract, with its file.
        const CONTRACTS: &[(&str, &str)] = &[
            $(($name, include_str!(concat!("../artifacts/", $name, ".json")))),+
        ];
    };
}

// The same list as in scripts/build-contracts.sh.
contracts![
    "InferenceVerifier",
    "PinnedKeyVerifier",
    "VerifyingKeys",
    "ModelRegistry",
    "IModelRegistry",
    "IModelBreakpoints",
    "VerdictGateway",
    "IVerdictGateway",
    "ERC7007Adapter",
    "ERC8004Validator",
    "SP1Adapter",
    "RiscZeroAdapter",
    "OnChainFeatures",
    "SignedFeatures",
    "CommittedFeatures",
    "InferenceOracle",
    "StrictFeed",
    "RiskParameterUpdater",
    "SequencedExecutor",
    "ModelRiskSource",
    "LendingMarket",
    "LendingMarketAdapter",
    "FraudPauseGuard",
    "PauseForAdapter",
    "EntryVault",
    "MockToken",
    "ScoredAirdrop",
];

impl Artifact {
    /// A contract by its name.
    pub fn load(name: &str) -> Result<Self, ChainError> {
        let (name, json) = CONTRACTS
            .iter()
            .find(|(known, _)| *known == name)
            .ok_or_else(|| ChainError::UnknownContract {
                name: name.into(),
                known: Self::names().collect::<Vec<_>>().join(", "),
            })?;
        serde_json::from_str(json).map_err(|error| ChainError::Artifact {
            name,
            detail: error.to_string(),
        })
    }

    /// A contract of somebody else's, as forge writes it.
    pub fn of_forge(contract: &str, path: &Path) -> Result<Self, ChainError> {
        let forge: Forge = serde_json::from_str(&read_text(path)?).map_err(|error| {
            ChainError::ForeignArtifact {
                path: path.to_owned(),
                detail: error.to_string(),
            }
        })?;
        Ok(Self {
            contract: contract.into(),
            solc: String::new(),
            runtime_size: 0,
            bytecode: forge.bytecode.object,
            abi: forge.abi,
        })
    }

    /// What its constructor takes.
    pub fn constructor(&self) -> &[Param] {
        let constructor = self.abi.constructor.as_ref();
        constructor.map_or(&[], |constructor| &constructor.inputs)
    }

    /// The names of all contracts.
    pub fn names() -> impl Iterator<Item = &'static str> {
        CONTRACTS.iter().map(|(name, _)| *name)
    }

    /// The universal verifier.
    pub fn inference_verifier() -> Result<Self, ChainError> {
        Self::load("InferenceVerifier")
    }

    /// The publisher of verifying keys.
    pub fn verifying_keys() -> Result<Self, ChainError> {
        Self::load("VerifyingKeys")
    }

    /// Creation code followed by `[τ]_2` as the constructor takes it.
    pub fn with_setup(&self, tau_g2: [U256; 4]) -> Bytes {
        let mut code = self.bytecode.to_vec();
        for part in tau_g2 {
            code.extend_from_slice(&part.to_be_bytes::<32>());
        }
        code.into()
    }

    /// Creation code followed by the constructor's arguments.
    pub fn with_arguments(&self, arguments: &impl SolConstructor) -> Bytes {
        [self.bytecode.as_ref(), &arguments.abi_encode()]
            .concat()
            .into()
    }

    /// The creation code in hexadecimal.
    pub fn hex(&self) -> String {
        hex::encode_prefixed(&self.bytecode)
    }
}
