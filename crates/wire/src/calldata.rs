//! Calldata of a verification.

use crate::bindings::IInferenceVerifier;
use alloy_primitives::{Address, B256, Bytes, U256};
use alloy_sol_types::SolCall;

/// Bytes of an ABI word.
const WORD: usize = 32;
/// Bytes before the public values: the selector, then the key's address, two offsets and two
/// lengths.
const HEAD: usize = 4 + 5 * WORD;

/// Encodes `verify(verifyingKey, publicValues, proof)`.
pub fn verify_calldata(key: Address, public_values: &[B256], proof: &[u8]) -> Bytes {
    IInferenceVerifier::verifyCall {
        verifyingKey: key,
        publicValues: public_values
            .iter()
            .map(|word| U256::from_be_bytes(word.0))
            .collect(),
        proof: proof.to_vec().into(),
    }
    .abi_encode()
    .into()
}

/// Size of what [`verify_calldata`] encodes: so many public values, the context included, and a
/// proof of so many bytes.
pub const fn verify_calldata_len(public_values: usize, proof_bytes: usize) -> usize {
    HEAD + WORD * public_values + proof_bytes.next_multiple_of(WORD)
}
