//! Public values, and the integers that their words carry.

use crate::{WireError, words};
use alloy_primitives::B256;
use halo2curves_axiom::bn256::Fr;
use verdict_circuit::{Batch, WordLayout};
use verdict_model::{IntegerGraph, TensorId, Visibility};

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
    /// The public tensors, in the order of [`IntegerGraph::public_tensors`].
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
    let fail = |tensor: TensorId, index: usize| WireError::Packing {
        tensor: graph.tensors[tensor].name.clone(),
        index,
    };
    let mut take = |tensor: TensorId, count: usize| {
        let words = public_values.get(next..next + count);
        let taken = words.map(|words| (next, words));
        let taken = taken.ok_or_else(|| fail(tensor, next));
        next += count;
        taken
    };
    for id in graph.public_tensors() {
        let (first, words) = take(id, batch.words(graph, id))?;
        let words: Vec<[u64; 4]> = words.iter().map(words::limbs).collect();
        let tensor = unpack_tensor(graph, batch, id, &words);
        unpacked
            .tensors
            .push(tensor.ok_or_else(|| fail(id, first))?);
    }
    let committed = graph
        .inputs
        .iter()
        .filter(|&&id| graph.tensors[id].visibility == Visibility::Committed);
    for &id in committed {
        let (_, words) = take(id, batch.items)?;
        unpacked.commitments.push((id, words.to_vec()));
    }
    if next != public_values.len() {
        return Err(WireError::Packing {
            tensor: "(end)".into(),
            index: next,
        });
    }
    Ok(unpacked)
}

/// Reads the words of one tensor; `None` if they are no packing of values that it can have.
fn unpack_tensor(
    graph: &IntegerGraph,
    batch: &Batch,
    id: TensorId,
    words: &[[u64; 4]],
) -> Option<PublicTensor> {
    let tensor = &graph.tensors[id];
    let (layout, packing) = (batch.layout(graph, id), batch.packing(graph, id));
    let items: Vec<Vec<i32>> = match layout {
        WordLayout::PerItem => {
            // Words come one by one, each of all items.
            let of_item = |item| {
                let own = words.iter().skip(item).step_by(batch.items).copied();
                packing.unpack(&own.collect::<Vec<_>>(), tensor.len)
            };
            (0..batch.items).map(of_item).collect::<Option<_>>()?
        }
        WordLayout::Across => {
            let values = packing.unpack(words, batch.items)?;
            values.into_iter().map(|value| vec![value]).collect()
        }
        WordLayout::Sum => vec![packing.unpack(words, tensor.len)?],
    };
    // Items that nobody proved are zeros in a word's unused places, which most tensors cannot be.
    let range = tensor.min..=tensor.max;
    let bounded = batch.items > 1 && layout != WordLayout::Sum;
    if bounded && !items.iter().flatten().all(|value| range.contains(value)) {
        return None;
    }
    Some(PublicTensor {
        tensor: id,
        layout,
        items,
    })
}

/// The integers that the public words of one inference's proof carry, tensor by tensor, in the
/// order of [`IntegerGraph::public_tensors`]. `public_values[0]` is the context.
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
