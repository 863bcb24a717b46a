//! Where convolutions put their planes, and what they spill around them.

use super::{
    nodes::{NodeId, NodeKind, Nodes, Use},
    plane_layout::{PlaneLayout, hops},
};
use verdict_model::{Function, IntegerGraph, Kernel, Layer, TensorId};

/// Chooses the position of place `(0, 0)` of every planar node that is produced.
///
/// Two conditions. A kernel must not reach a position below zero: `start ≥ −shift` for every hop.
/// And on its way from a far level to a nearer one, a stream's shift cannot grow: the far target
/// has to start late enough.
pub(super) fn choose_starts(
    graph: &IntegerGraph,
    planes: &[Option<PlaneLayout>],
    nodes: &mut Nodes,
) {
    // Targets near the sources come first, so that those farther away know what to exceed.
    let mut order: Vec<NodeId> = (0..nodes.nodes.len()).collect();
    order.sort_by_key(|&id| std::cmp::Reverse(nodes.nodes[id].level));
    // Every target's incoming `(source node, smallest and largest place shift)`.
    let mut incoming: Vec<Vec<(NodeId, i64, i64)>> = vec![Vec::new(); nodes.nodes.len()];
    for (source, node) in nodes.nodes.iter().enumerate() {
        let (NodeKind::Tensor(from) | NodeKind::Copy(from)) = node.kind else {
            continue;
        };
        for used in &node.uses {
            match *used {
                Use::Copy(copy) if planes[from].is_some() => incoming[copy].push((source, 0, 0)),
                Use::Term(target, number) => {
                    let Some(main) = nodes.main[target] else {
                        continue;
                    };
                    if let Some((low, high)) = reach(graph, planes, from, target, number) {
                        incoming[main].push((source, low, high));
                    }
                }
                _ => {}
            }
        }
    }
    // The largest shift that each source's stream needs for targets placed so far, and their level.
    let mut needed: Vec<Vec<(usize, i64)>> = vec![Vec::new(); nodes.nodes.len()];
    for id in order {
        let level = nodes.nodes[id].level;
        let mut start = 0;
        for &(source, low, _) in &incoming[id] {
            start = start.max(-low);
            for &(near, shift) in &needed[source] {
                if near > level {
                    start = start.max(shift - low);
                }
            }
        }
        nodes.nodes[id].start = start as usize;
        for &(source, _, high) in &incoming[id] {
            needed[source].push((level, start + high));
        }
    }
}

/// The smallest and largest place shift of a convolution.
fn reach(
    graph: &IntegerGraph,
    planes: &[Option<PlaneLayout>],
    source: TensorId,
    target: TensorId,
    number: usize,
) -> Option<(i64, i64)> {
    let layer = graph.tensors[target].layer.as_ref()?;
    let Kernel::Conv(conv) = &layer.terms.get(number)?.kernel else {
        return None;
    };
    let (from, to) = (planes[source].as_ref()?, planes[target].as_ref()?);
    let hops = hops(conv, from, to);
    let low = hops.iter().map(|hop| hop.shift).min()?;
    let high = hops.iter().map(|hop| hop.shift).max()?;
    Some((low, high))
}

/// What stands at the positions of a phase of a produced planar tensor.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Stands {
    Hole,
    Cell,
    Spill,
}

/// What stands where, for every phase of planar tensor `id`, whose place `(0, 0)` is position
/// `start`. `ones` tells whether ones at all places of the grid feed its biases. With a `channel`
/// only what convolutions spill around that one counts.
pub(super) fn standing(
    graph: &IntegerGraph,
    planes: &[Option<PlaneLayout>],
    id: TensorId,
    start: usize,
    ones: bool,
    channel: Option<usize>,
) -> Vec<Vec<Stands>> {
    let Some(target) = &planes[id] else {
        return Vec::new();
    };
    let phases: Vec<[usize; 2]> = target.all_phases().collect();
    let mut standing = vec![Vec::new(); phases.len()];
    let mut put = |phase: usize, position: usize, what: Stands| {
        let list: &mut Vec<Stands> = &mut standing[phase];
        if list.len() <= position {
            list.resize(position + 1, Stands::Hole);
        }
        list[position] = what;
    };
    for term in graph.tensors[id]
        .layer
        .iter()
        .flat_map(|layer| &layer.terms)
    {
        let (Kernel::Conv(conv), Some(source)) = (&term.kernel, &planes[term.source]) else {
            continue;
        };
        let mut done = std::collections::HashSet::new();
        for hop in hops(conv, source, target) {
            let [row, column] = hop.at;
            let reads = |channel: usize| {
                let sources = 0..conv.sources(channel).len();
                { sources }.any(|source| conv.weight(channel, source, row, column) != 0)
            };
            if !channel.is_none_or(reads) || !done.insert((hop.from, hop.to, hop.shift)) {
                continue;
            }
            let phase = hop.to[0] * target.phases[1] + hop.to[1];
            for place in source.places(hop.from) {
                // The position is not negative: `choose_starts` saw to it.
                let position = start as i64 + place as i64 + hop.shift;
                put(phase, position.max(0) as usize, Stands::Spill);
            }
        }
    }
    for (number, phase) in phases.iter().enumerate() {
        if ones {
            for i in 0..target.grid[0] {
                for j in 0..target.grid[1] {
                    put(number, start + i * target.pitch + j, Stands::Spill);
                }
            }
        }
        for place in target.places(*phase) {
            put(number, start + place, Stands::Cell);
        }
    }
    standing
}

/// Whether tensor `id` is made of products: squares, or sums of some. Each channel of such a tensor
/// reads at distances of its own, and spills there alone.
pub(super) fn is_of_products(graph: &IntegerGraph, id: TensorId) -> bool {
    let square = |layer: &Layer| graph.functions[layer.function] == Function::Square;
    let sources = |layer: &Layer| layer.terms.iter().map(|term| term.source).collect();
    let Some(layer) = &graph.tensors[id].layer else {
        return false;
    };
    let sources: Vec<TensorId> = sources(layer);
    let mut layers = sources
        .iter()
        .filter_map(|id| graph.tensors[*id].layer.as_ref());
    square(layer) || layers.any(square)
}
