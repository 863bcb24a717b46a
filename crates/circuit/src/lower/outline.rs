//! What the layout of a model with private weights may depend on.

use serde::{Deserialize, Serialize};
use verdict_model::{IntegerGraph, Kernel, TensorId};

/// All that a layout takes from the weights when they are private. Everything else in it follows
/// from the graph without its weights.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Outline {
    /// Tensors, in planes, whose biases are the same at all places of a channel.
    pub uniform: Vec<TensorId>,
    /// Bits of the largest sum that a tensor's kernels can spill around its planes; 0 for flat
    /// tensors.
    pub spill_bits: Vec<u32>,
}

impl Outline {
    /// The outline of a graph with its weights.
    pub fn of(graph: &IntegerGraph) -> Self {
        let mut outline = Self::default();
        for (id, tensor) in graph.tensors.iter().enumerate() {
            let Some(layer) = &tensor.layer else {
                outline.spill_bits.push(0);
                continue;
            };
            let conv = layer.terms.iter().find_map(|term| match &term.kernel {
                Kernel::Conv(conv) => Some(conv),
                _ => None,
            });
            let plane = conv.map_or(1, |conv| conv.output[0] * conv.output[1]);
            let mut channels = layer.bias.chunks(plane.max(1));
            if conv.is_some() && channels.all(|c| c.iter().all(|bias| *bias == c[0])) {
                outline.uniform.push(id);
            }
            outline
                .spill_bits
                .push(64 - spill(graph, id).leading_zeros());
        }
        outline
    }
}

/// No sum at a position where a kernel spills exceeds this.
fn spill(graph: &IntegerGraph, id: TensorId) -> u64 {
    let Some(layer) = &graph.tensors[id].layer else {
        return 0;
    };
    let mut spilt = false;
    let biases = layer.bias.iter().map(|bias| bias.unsigned_abs());
    let mut bound = biases.max().unwrap_or(0);
    for term in &layer.terms {
        if let Kernel::Conv(conv) = &term.kernel {
            spilt = true;
            let source = &graph.tensors[term.source];
            let largest = u64::from(source.min.unsigned_abs().max(source.max.unsigned_abs()));
            let per_output = (conv.weights.len() / conv.channels[1].max(1)).max(1);
            let heaviest = conv
                .weights
                .chunks(per_output)
                .map(|row| row.iter().map(|w| u64::from(w.unsigned_abs())).sum::<u64>())
                .max();
            bound = bound.saturating_add(heaviest.unwrap_or(0).saturating_mul(largest));
        }
    }
    if spilt { bound } else { 0 }
}
