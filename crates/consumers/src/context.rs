//! What one proof is good for: the context that a consumer contract computes.

use alloy_primitives::{Address, B256, U256, keccak256};
use alloy_sol_types::SolValue;

/// keccak256 of the context's type; see `InferenceContext.sol`.
const CONTEXT_TYPE: &str = "VerdictContext(uint256 chainId,address consumer,uint256 modelId,\
     uint256 version,bytes32 payload)";

/// Whom a proof is for, without the consumer's own payload.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Audience {
    /// The chain.
    pub chain_id: u64,
    /// The contract that will act on the proof.
    pub consumer: Address,
    /// The model in the registry.
    pub model_id: U256,
    /// The model's version.
    pub version: u32,
}

impl Audience {
    /// The context for a payload: `publicValues[0]`, below 2^253 and so below the field's modulus.
    pub fn context(&self, payload: B256) -> B256 {
        let encoded = (
            keccak256(CONTEXT_TYPE),
            U256::from(self.chain_id),
            self.consumer,
            self.model_id,
            U256::from(self.version),
            payload,
        )
            .abi_encode();
        (U256::from_be_bytes(keccak256(encoded).0) >> 3usize).into()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use alloy_primitives::{address, b256};

    /// The same as in solidity/test/libraries/InferenceContext.t.sol.
    #[test]
    fn context_of_the_known_answer() {
        let audience = Audience {
            chain_id: 1,
            consumer: address!("00112233445566778899aabbccddeeff00112233"),
            model_id: U256::from(7),
            version: 3,
        };
        let payload = b256!("000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f");
        assert_eq!(
            keccak256(CONTEXT_TYPE),
            b256!("11338a376d07a6dad8d925b59db9dd1bd1c58330f55564631d950512b85b2586")
        );
        assert_eq!(
            audience.context(payload),
            b256!("125f568748ab528902f122959840e240e75572a989a184dcba24fbd4ed8d73c7")
        );
    }
}
