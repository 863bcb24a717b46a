//! Calldata of a verification.

use crate::{EvmError, bindings::IInferenceVerifier, words};
use alloy_primitives::{Address, B256, Bytes, U256};
use alloy_sol_types::SolCall;
use halo2curves_axiom::bn256::Fr;
use verdict_model::{IntegerGraph, Packing, TensorId};

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

/// An instance (context first) as public values.
pub fn public_values(instance: &[Fr]) -> Vec<B256> {
    instance.iter().map(words::word).collect()
}

/// Public values as an instance.
pub fn instance(public_values: &[B256]) -> Result<Vec<Fr>, EvmError> {
    public_values.iter().map(words::scalar).collect()
}

/// The integers that the public words of a proof carry, tensor by tensor, in the order of
/// [`IntegerGraph::public_tensors`]. `public_values[0]` is the context.
pub fn unpack(
    graph: &IntegerGraph,
    public_values: &[B256],
) -> Result<Vec<(TensorId, Vec<i32>)>, EvmError> {
    let mut next = 1;
    let mut tensors = Vec::new();
    for id in graph.public_tensors() {
        let tensor = &graph.tensors[id];
        let packing = Packing::of(tensor);
        let words = packing.words(tensor.len);
        let values = public_values
            .get(next..next + words)
            .map(|words| words.iter().map(words::limbs).collect::<Vec<_>>())
            .and_then(|limbs| packing.unpack(&limbs, tensor.len))
            .ok_or_else(|| EvmError::Packing {
                tensor: tensor.name.clone(),
                index: next,
            })?;
        tensors.push((id, values));
        next += words;
    }
    if next != public_values.len() {
        return Err(EvmError::Packing {
            tensor: "(end)".into(),
            index: next,
        });
    }
    Ok(tensors)
}
