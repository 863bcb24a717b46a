//! What the layout of a model with private weights may depend on.

use serde::{Deserialize, Serialize};
use verdict_model::{
    IntegerGraph, Kernel, TensorId,
    ranges::{Secrets, declared_range},
};

/// All that a layout takes from the weights when they are private. Everything else in it follows
/// from the graph without its weights.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Outline {
    /// Tensors, in planes, whose biases are the same at all places of a channel.
    pub uniform: Vec<TensorId>,
    /// Bits of the largest sum that a tensor's kernels can spill around its planes; 0 for flat
    /// tensors.
    pub spill_bits: Vec<u32>,
    /// Which weights are private, and how many bits they have at most.
    pub secrets: Secrets,
}

impl Outline {
    /// The outline of a graph with its weights, of which those of `structure` stay public.
    pub fn of(graph: &IntegerGraph, structure: &[TensorId]) -> Self {
        Self::with(graph, Secrets::of(graph, structure))
    }

    /// The outline of a graph without private weights.
    pub(crate) fn public(graph: &IntegerGraph) -> Self {
        let tensors: Vec<TensorId> = (0..graph.tensors.len()).collect();
        Self::with(graph, Secrets::of(graph, &tensors))
    }

    /// The outline that a graph's public parts and declared bits have: private weights do not
    /// matter, but for whether a tensor's biases are uniform, which `uniform` says.
    #[must_use]
    pub fn again(graph: &IntegerGraph, secrets: Secrets, uniform: Vec<TensorId>) -> Self {
        Self {
            uniform,
            ..Self::with(graph, secrets)
        }
    }

    fn with(graph: &IntegerGraph, secrets: Secrets) -> Self {
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
                .push(64 - spill(graph, &secrets, id).leading_zeros());
        }
        outline.secrets = secrets;
        outline
    }
}

/// No sum at a position where a kernel spills exceeds this. Private weights count with their
/// declared bits.
fn spill(graph: &IntegerGraph, secrets: &Secrets, id: TensorId) -> u64 {
    let Some(layer) = &graph.tensors[id].layer else {
        return 0;
    };
    let mut spilt = false;
    let bias = layer.bias.iter().map(|bias| bias.unsigned_abs()).max();
    let mut bound = most(secrets.bias(id)).unwrap_or(bias.unwrap_or(0));
    for (number, term) in layer.terms.iter().enumerate() {
        if let Kernel::Conv(conv) = &term.kernel {
            spilt = true;
            let source = &graph.tensors[term.source];
            let largest = u64::from(source.min.unsigned_abs().max(source.max.unsigned_abs()));
            let per_output = (conv.weights.len() / conv.channels[1].max(1)).max(1);
            let heaviest = match most(secrets.term(id, number)) {
                Some(most) => most.saturating_mul(per_output as u64),
                None => {
                    let rows = conv.weights.chunks(per_output);
                    let sums =
                        rows.map(|row| row.iter().map(|w| u64::from(w.unsigned_abs())).sum());
                    sums.max().unwrap_or(0)
                }
            };
            bound = bound.saturating_add(heaviest.saturating_mul(largest));
        }
    }
    if spilt { bound } else { 0 }
}

/// The largest magnitude of a private weight; `None` for public ones.
fn most(bits: u32) -> Option<u64> {
    (bits > 0).then(|| declared_range(bits).0.unsigned_abs())
}
