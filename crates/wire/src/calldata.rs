//! Calldata of a verification.

use crate::{WireError, bindings::IInferenceVerifier, words};
use alloy_primitives::{Address, B256, Bytes, U256};
use alloy_sol_types::SolCall;
use halo2curves_axiom::bn256::Fr;
use verdict_circuit::{Batch, WordLayout};
use verdict_model::{IntegerGraph, TensorId, Visibility};

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
pub fn instance(public_values: &[B256]) -> Result<Vec<Fr>, WireError> {
    public_values.iter().map(words::scalar).collect()
}

/// What the public words of a proof say about one tensor.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PublicTensor {
    /// The tensor.
    pub tensor: TensorId,
    /// How its items are packed.
    pub layout: WordLayout,
    /// The values of every item, or the one sum over all items.
    pub items: Vec<Vec<i32>>,
}

/// Everything the public words of a proof say.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Unpacked {
    /// In the order of [`IntegerGraph::public_tensors`].
    pub tensors: Vec<PublicTensor>,
    /// The committed inputs, each with the commitment of every item.
    pub commitments: Vec<(TensorId, Vec<B256>)>,
}

/// Reads the public words of a batch. `public_values[0]` is the context.
pub fn unpack_batch(
    graph: &IntegerGraph,
    batch: &Batch,
    public_values: &[B256],
) -> Result<Unpacked, WireError> {
    let mut next = 1;
    let mut unpacked = Unpacked::default();
    for id in graph.public_tensors() {
        let tensor = &graph.tensors[id];
        let fail = || WireError::Packing {
            tensor: tensor.name.clone(),
            index: next,
        };
        let (layout, packing) = (batch.layout(graph, id), batch.packing(graph, id));
        let words: Vec<[u64; 4]> = public_values
            .get(next..next + batch.words(graph, id))
            .ok_or_else(fail)?
            .iter()
            .map(words::limbs)
            .collect();
        let items: Option<Vec<Vec<i32>>> = match layout {
            WordLayout::PerItem => (0..batch.items)
                .map(|item| {
                    // Word by word, each of all items.
                    let own: Vec<[u64; 4]> = words
                        .iter()
                        .skip(item)
                        .step_by(batch.items)
                        .copied()
                        .collect();
                    packing.unpack(&own, tensor.len)
                })
                .collect(),
            WordLayout::Across => packing
                .unpack(&words, batch.items)
                .map(|values| values.into_iter().map(|value| vec![value]).collect()),
            WordLayout::Sum => packing.unpack(&words, tensor.len).map(|sums| vec![sums]),
        };
        // Items that nobody proved are zeros in a word's unused places, which most tensors cannot be.
        let range = tensor.min..=tensor.max;
        let within = |items: &Vec<Vec<i32>>| {
            layout == WordLayout::Sum || items.iter().flatten().all(|v| range.contains(v))
        };
        let items = items.filter(|items| batch.items == 1 || within(items));
        unpacked.tensors.push(PublicTensor {
            tensor: id,
            layout,
            items: items.ok_or_else(fail)?,
        });
        next += words.len();
    }
    let committed = graph
        .inputs
        .iter()
        .filter(|&&id| graph.tensors[id].visibility == Visibility::Committed);
    for &id in committed {
        let words =
            public_values
                .get(next..next + batch.items)
                .ok_or_else(|| WireError::Packing {
                    tensor: graph.tensors[id].name.clone(),
                    index: next,
                })?;
        unpacked.commitments.push((id, words.to_vec()));
        next += batch.items;
    }
    if next != public_values.len() {
        return Err(WireError::Packing {
            tensor: "(end)".into(),
            index: next,
        });
    }
    Ok(unpacked)
}

/// The integers that the public words of one inference's proof carry, tensor by tensor, in the order of
/// [`IntegerGraph::public_tensors`]. `public_values[0]` is the context.
pub fn unpack(
    graph: &IntegerGraph,
    public_values: &[B256],
) -> Result<Vec<(TensorId, Vec<i32>)>, WireError> {
    let unpacked = unpack_batch(graph, &Batch::single(), public_values)?;
    Ok(unpacked
        .tensors
        .into_iter()
        .map(|it| (it.tensor, it.items.into_iter().flatten().collect()))
        .collect())
}
