//! Public words: which values they hold, and in which order.

use crate::{
    CircuitError,
    field::{int, power_of_two},
};
use halo2curves_axiom::bn256::Fr;
use verdict_model::{IntegerGraph, Packing, TensorId, Trace};

/// How many inferences one proof covers, and which outputs it adds up.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Batch {
    /// The number of inferences.
    pub items: usize,
    /// Public outputs of which only the sum over all items becomes public.
    pub sums: Vec<TensorId>,
}

impl Default for Batch {
    fn default() -> Self {
        Self {
            items: 1,
            sums: Vec::new(),
        }
    }
}

/// How a public tensor's values of all items are packed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum WordLayout {
    /// Each item's values in words of their own; word `w` of item `i` is number `w·items + i`.
    PerItem,
    /// Tensors of one value: the items' values one after the other, as if they were one tensor.
    Across,
    /// The items' values added up, as if they were one item's.
    Sum,
}

impl Batch {
    /// One inference.
    pub fn single() -> Self {
        Self::default()
    }

    /// How the values of public tensor `id` are packed.
    pub fn layout(&self, graph: &IntegerGraph, id: TensorId) -> WordLayout {
        let tensor = &graph.tensors[id];
        if self.items == 1 {
            WordLayout::PerItem
        } else if self.sums.contains(&id) {
            WordLayout::Sum
        } else if tensor.len == 1 && tensor.layer.is_some() {
            WordLayout::Across
        } else {
            WordLayout::PerItem
        }
    }

    /// The packing of a public tensor's words.
    pub fn packing(&self, graph: &IntegerGraph, id: TensorId) -> Packing {
        let tensor = &graph.tensors[id];
        match self.layout(graph, id) {
            WordLayout::Sum => {
                let (min, max) = self.sum_range(graph, id);
                Packing::for_range(min, max)
            }
            _ => Packing::of(tensor),
        }
    }

    fn sum_range(&self, graph: &IntegerGraph, id: TensorId) -> (i64, i64) {
        let tensor = &graph.tensors[id];
        let items = self.items as i64;
        (
            items.saturating_mul(tensor.min.into()),
            items.saturating_mul(tensor.max.into()),
        )
    }

    /// Words of a public tensor, over all items.
    pub fn words(&self, graph: &IntegerGraph, id: TensorId) -> usize {
        let (packing, len) = (self.packing(graph, id), graph.tensors[id].len);
        match self.layout(graph, id) {
            WordLayout::PerItem => self.items * packing.words(len),
            WordLayout::Across => packing.words(self.items),
            WordLayout::Sum => packing.words(len),
        }
    }

    pub(super) fn check(&self, graph: &IntegerGraph) -> Result<(), CircuitError> {
        let invalid = |detail: String| Err(CircuitError::Batch(detail));
        if self.items == 0 {
            return invalid("it has no items".into());
        }
        for &id in &self.sums {
            let public = graph.outputs.contains(&id) && graph.public_tensors().any(|p| p == id);
            if !public {
                return invalid("only public outputs can be added up over it".into());
            }
            let (min, max) = self.sum_range(graph, id);
            if min < i32::MIN.into() || max > i32::MAX.into() {
                return invalid(format!(
                    "sums of `{}` over {} items can reach from {min} to {max}, beyond 32 bits; use fewer items or output bits",
                    graph.tensors[id].name, self.items
                ));
            }
        }
        Ok(())
    }
}

/// A public tensor's words.
#[derive(Clone, Copy, Debug)]
pub(super) struct Words {
    pub(super) tensor: TensorId,
    /// The channel of the first word on level 0.
    pub(super) first: usize,
    pub(super) layout: WordLayout,
    pub(super) packing: Packing,
}

impl Words {
    pub(super) fn new(graph: &IntegerGraph, batch: &Batch, tensor: TensorId, first: usize) -> Self {
        Self {
            tensor,
            first,
            layout: batch.layout(graph, tensor),
            packing: batch.packing(graph, tensor),
        }
    }

    /// Channels on level 0.
    pub(super) fn channels(&self, graph: &IntegerGraph, batch: &Batch) -> usize {
        match self.layout {
            WordLayout::PerItem => self.packing.words(graph.tensors[self.tensor].len),
            _ => batch.words(graph, self.tensor),
        }
    }

    /// The number of positions of each of the channels.
    pub(super) fn positions(&self, batch: &Batch) -> usize {
        match self.layout {
            WordLayout::PerItem => batch.items,
            _ => 1,
        }
    }

    /// Channel and weight of cell `cell` of item `item`.
    pub(super) fn place(&self, cell: usize, item: usize) -> (usize, Fr) {
        let index = match self.layout {
            WordLayout::Across => item,
            _ => cell,
        };
        let bit = self.packing.bits as usize * (index % self.packing.per_word);
        (
            self.first + index / self.packing.per_word,
            power_of_two(bit),
        )
    }

    /// The offsets of every channel.
    pub(super) fn offsets(&self, graph: &IntegerGraph, batch: &Batch) -> Vec<(usize, Fr)> {
        if self.packing.offset == 0 {
            return Vec::new();
        }
        let len = match self.layout {
            WordLayout::Across => batch.items,
            _ => graph.tensors[self.tensor].len,
        };
        let offset = int(self.packing.offset);
        (0..self.packing.words(len))
            .map(|word| {
                let values = self
                    .packing
                    .per_word
                    .min(len - word * self.packing.per_word);
                let ones: Fr = (0..values)
                    .map(|i| power_of_two(self.packing.bits as usize * i))
                    .sum();
                (self.first + word, ones * offset)
            })
            .collect()
    }

    /// The words of the items' traces, in the order of the tape.
    pub(super) fn pack(&self, graph: &IntegerGraph, traces: &[Trace], into: &mut Vec<Fr>) {
        let values = |trace: &Trace| trace.values[self.tensor].clone();
        let words = match self.layout {
            WordLayout::PerItem => {
                let items: Vec<Vec<[u64; 4]>> = traces
                    .iter()
                    .map(|trace| self.packing.pack(&trace.values[self.tensor]))
                    .collect();
                let count = self.packing.words(graph.tensors[self.tensor].len);
                (0..count)
                    .flat_map(|word| items.iter().map(move |item| item[word]))
                    .collect()
            }
            WordLayout::Across => self
                .packing
                .pack(&traces.iter().flat_map(values).collect::<Vec<_>>()),
            WordLayout::Sum => {
                let mut sums = vec![0i32; graph.tensors[self.tensor].len];
                for trace in traces {
                    for (sum, value) in sums.iter_mut().zip(&trace.values[self.tensor]) {
                        *sum += value;
                    }
                }
                self.packing.pack(&sums)
            }
        };
        into.extend(words.into_iter().map(Fr::from_raw));
    }
}
