//! The compiled contracts, committed so that the main job needs no Solidity compiler. `tests/artifacts.rs` compiles them again.

use crate::EvmError;
use alloy_primitives::{Bytes, U256, hex};
use serde::{Deserialize, Serialize};

/// A compiled contract.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Artifact {
    /// The contract's name.
    pub contract: String,
    /// The compiler's version.
    pub solc: String,
    /// Creation code, without constructor arguments.
    pub bytecode: Bytes,
    /// Size of the deployed code in bytes.
    pub runtime_size: usize,
}

impl Artifact {
    /// The universal verifier.
    pub fn inference_verifier() -> Result<Self, EvmError> {
        Self::parse(
            "InferenceVerifier",
            include_str!("../artifacts/InferenceVerifier.json"),
        )
    }

    /// The publisher of verifying keys.
    pub fn verifying_keys() -> Result<Self, EvmError> {
        Self::parse(
            "VerifyingKeys",
            include_str!("../artifacts/VerifyingKeys.json"),
        )
    }

    fn parse(name: &'static str, json: &str) -> Result<Self, EvmError> {
        serde_json::from_str(json).map_err(|error| EvmError::Artifact {
            name,
            detail: error.to_string(),
        })
    }

    /// Creation code followed by `[τ]_2` as the constructor takes it.
    pub fn with_setup(&self, tau_g2: [U256; 4]) -> Bytes {
        let mut code = self.bytecode.to_vec();
        for part in tau_g2 {
            code.extend_from_slice(&part.to_be_bytes::<32>());
        }
        code.into()
    }

    /// The creation code in hexadecimal.
    pub fn hex(&self) -> String {
        hex::encode_prefixed(&self.bytecode)
    }
}
