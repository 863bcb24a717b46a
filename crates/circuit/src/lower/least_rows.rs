//! How many rows a graph takes at the least, found before anything is laid out.
//!
//! An architecture or a batch that a stranger wrote can claim any size in a few bytes. What it takes
//! memory for is compared first with what there is room for.

use super::{plane_layout::plane_layouts, words::Batch};
use crate::CircuitError;
use verdict_model::{IntegerGraph, TensorId, Visibility};

/// A lower bound on the rows that a valid graph takes for a batch: one for every position of every
/// tensor that anything reads.
pub fn least_rows(graph: &IntegerGraph, batch: &Batch) -> Result<usize, CircuitError> {
    let planes = plane_layouts(graph)?;
    let positions = |id: TensorId| match &planes[id] {
        Some(layout) => layout.tape_channels().saturating_mul(layout.extent()),
        None => graph.tensors[id].len,
    };
    let live = live(graph);
    let cells = (0..graph.tensors.len()).filter(|id| live[*id]);
    let cells = cells.map(positions).fold(0usize, usize::saturating_add);
    Ok(cells.saturating_mul(batch.items))
}

/// The tensors that the tape has: ends that something is said about, and what they are computed
/// from.
fn live(graph: &IntegerGraph) -> Vec<bool> {
    let mut live: Vec<bool> = graph
        .tensors
        .iter()
        .map(|tensor| tensor.visibility != Visibility::Private)
        .collect();
    for &id in &graph.outputs {
        live[id] = true;
    }
    for id in (0..graph.tensors.len()).rev() {
        if !live[id] {
            continue;
        }
        let terms = graph.tensors[id].layer.iter().flat_map(|it| &it.terms);
        for term in terms {
            live[term.source] = true;
        }
    }
    live
}
