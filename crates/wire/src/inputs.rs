//! A model's inputs as the public values of a proof have them: what a feature source vouches for.

use crate::{WireError, unpack_batch, words};
use alloy_primitives::{B256, U256};
use halo2curves_axiom::bn256::Fr;
use verdict_circuit::{Batch, Salt, commit};
use verdict_model::{IntegerGraph, Packing, Row, TensorId, Visibility};

/// Packed words of the public inputs, and a commitment for every committed input of every item.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct InputWords {
    /// The words of the public inputs, in the order of a proof's public values.
    pub words: Vec<U256>,
    /// The commitments to the committed inputs: those of all items of the first input, then of the
    /// next.
    pub commitments: Vec<U256>,
}

/// The inputs of a visibility.
fn inputs(
    graph: &IntegerGraph,
    visibility: Visibility,
) -> impl Iterator<Item = (usize, TensorId)> + '_ {
    let all = graph.inputs.iter().copied().enumerate();
    all.filter(move |(_, id)| graph.tensors[*id].visibility == visibility)
}

impl InputWords {
    /// Packs integers, `items[item][input][position]`; `salts` holds, item by item, one for every
    /// committed input.
    pub fn pack(
        graph: &IntegerGraph,
        items: &[Row<i32>],
        salts: &[Salt],
    ) -> Result<Self, WireError> {
        let committed = inputs(graph, Visibility::Committed).count();
        if salts.len() != committed * items.len() {
            return Err(WireError::Inputs(format!(
                "{} salts were given for {} commitments",
                salts.len(),
                committed * items.len()
            )));
        }
        let packed = |input: usize, id: TensorId| -> Result<Vec<Vec<[u64; 4]>>, WireError> {
            let packing = Packing::of(&graph.tensors[id]);
            let of = |item: &Row<i32>| {
                let values = item
                    .get(input)
                    .filter(|it| it.len() == graph.tensors[id].len);
                values.map(|values| packing.pack(values)).ok_or_else(|| {
                    WireError::Inputs(format!(
                        "input `{}` has another number of values",
                        graph.tensors[id].name
                    ))
                })
            };
            items.iter().map(of).collect()
        };
        let mut made = Self::default();
        for (input, id) in inputs(graph, Visibility::Public) {
            let items = packed(input, id)?;
            // Words come one by one, each of all items.
            for word in 0..Packing::of(&graph.tensors[id]).words(graph.tensors[id].len) {
                let words = items.iter().filter_map(|item| item.get(word));
                made.words
                    .extend(words.map(|limbs| U256::from_limbs(*limbs)));
            }
        }
        for (number, (input, id)) in inputs(graph, Visibility::Committed).enumerate() {
            for (item, limbs) in packed(input, id)?.into_iter().enumerate() {
                let elements: Vec<Fr> = limbs.into_iter().map(Fr::from_raw).collect();
                let salt = salts.get(item * committed + number).copied();
                let commitment = commit(&elements, salt.unwrap_or_default().value());
                made.commitments
                    .push(U256::from_be_bytes(words::word(&commitment).0));
            }
        }
        Ok(made)
    }

    /// What a proof's public values, the context first, say of the inputs.
    pub fn of_proof(
        graph: &IntegerGraph,
        batch: &Batch,
        public_values: &[B256],
    ) -> Result<Self, WireError> {
        // What does not decode is of another model.
        unpack_batch(graph, batch, public_values)?;
        let words = inputs(graph, Visibility::Public).map(|(_, id)| batch.words(graph, id));
        let commitments = inputs(graph, Visibility::Committed).count() * batch.items;
        let numbers = |values: &[B256]| -> Vec<U256> {
            values
                .iter()
                .map(|word| U256::from_be_bytes(word.0))
                .collect()
        };
        let end = public_values.len() - commitments;
        Ok(Self {
            words: numbers(
                public_values
                    .get(1..1 + words.sum::<usize>())
                    .unwrap_or_default(),
            ),
            commitments: numbers(public_values.get(end..).unwrap_or_default()),
        })
    }

    /// The integers of the public inputs of a single inference, `[input][position]`; empty for
    /// other inputs. `None` if the words are no packing of any.
    pub fn unpack(&self, graph: &IntegerGraph) -> Option<Row<i32>> {
        let mut all = vec![Vec::new(); graph.inputs.len()];
        let mut next = 0;
        for (input, id) in inputs(graph, Visibility::Public) {
            let (packing, len) = (Packing::of(&graph.tensors[id]), graph.tensors[id].len);
            let words = self.words.get(next..next + packing.words(len))?;
            let limbs: Vec<[u64; 4]> = words.iter().map(|word| word.into_limbs()).collect();
            *all.get_mut(input)? = packing.unpack(&limbs, len)?;
            next += limbs.len();
        }
        (next == self.words.len()).then_some(all)
    }
}
