//! The value of every position, from the executor's traces.

use super::{
    Lowered,
    nodes::{Node, NodeKind},
    plane_layout::{Hop, PlaneLayout, hops},
};
use crate::{
    error::CircuitError,
    field::int,
    poseidon::{Roots, Salt},
    witness::{Cell, Cells},
};
use rayon::prelude::*;
use verdict_model::{Conv, Function, Kernel, Tensor, TensorId, Trace};

/// The values of a batch's traces, position by position.
#[derive(Clone, Debug)]
pub struct TraceCells<'a> {
    lowered: &'a Lowered,
    traces: &'a [Trace],
    /// Sums at all positions of planar tensors, by item and tensor: `[tape channel][position]`.
    /// Only what spills is looked at.
    spills: Vec<Vec<Option<Spill>>>,
    salts: &'a [Salt],
    /// What the commitments square, by item and commitment.
    roots: Vec<Vec<Roots>>,
}

/// Whether a trace has the shape of a graph's tensors.
fn fits(tensors: &[Tensor], trace: &Trace) -> bool {
    let mut each = tensors.iter().zip(&trace.values).zip(&trace.sums);
    trace.values.len() == tensors.len()
        && trace.sums.len() == tensors.len()
        && each.all(|((tensor, values), sums)| {
            values.len() == tensor.len && (tensor.layer.is_none() || sums.len() == tensor.len)
        })
}

/// Sums around a tensor's planes.
#[derive(Clone, Debug)]
struct Spill {
    positions: usize,
    sums: Vec<i64>,
}

impl<'a> TraceCells<'a> {
    /// Checks that there is a trace for every item, with a salt for every commitment, and that they
    /// have the graph's shape.
    pub fn new(
        lowered: &'a Lowered,
        traces: &'a [Trace],
        salts: &'a [Salt],
    ) -> Result<Self, CircuitError> {
        let commitments = lowered.commitments.len();
        if salts.len() != traces.len() * commitments {
            return Err(CircuitError::Trace(format!(
                "{} salts for {} inferences with {commitments} commitments each",
                salts.len(),
                traces.len()
            )));
        }
        if traces.len() != lowered.batch.items {
            return Err(CircuitError::Trace(format!(
                "{} inferences, the batch has {} items",
                traces.len(),
                lowered.batch.items
            )));
        }
        let tensors = &lowered.graph.tensors;
        if !traces.iter().all(|trace| fits(tensors, trace)) {
            return Err(CircuitError::Trace(
                "tensors of other lengths; execute this model's graph".into(),
            ));
        }
        let spills = traces
            .par_iter()
            .map(|trace| {
                (0..tensors.len())
                    .map(|id| lowered.spill(id, trace))
                    .collect()
            })
            .collect();
        let roots = traces
            .par_iter()
            .enumerate()
            .map(|(item, trace)| {
                let commitments = lowered.commitments.iter().enumerate();
                commitments
                    .map(|(number, commitment)| {
                        let salt = salts[item * lowered.commitments.len() + number].value();
                        let inputs = commitment.inputs(&trace.values[commitment.tensor], salt);
                        commitment.network.evaluate(&inputs).0
                    })
                    .collect()
            })
            .collect();
        Ok(Self {
            lowered,
            traces,
            spills,
            salts,
            roots,
        })
    }

    fn tensor(&self, node: &Node, id: TensorId, channel: usize, position: usize) -> Cell {
        let items = self.lowered.batch.items;
        let (place, item) = (position / items, position % items);
        let trace = &self.traces[item];
        let tensor = &self.lowered.graph.tensors[id];
        let cell = match &self.lowered.planes[id] {
            None => Some(channel),
            Some(planes) => place
                .checked_sub(node.start)
                .and_then(|place| planes.cell(channel, place)),
        };
        let square = match (&tensor.layer, node.kind) {
            (Some(layer), NodeKind::Tensor(_)) => {
                self.lowered.graph.functions[layer.function] == Function::Square
            }
            _ => false,
        };
        match cell {
            Some(cell) if square => Cell::Root(int(trace.sums[id][cell])),
            Some(cell) => {
                let x = i64::from(trace.values[id][cell]);
                let y = match node.kind {
                    NodeKind::Tensor(_) => trace.sums[id].get(cell).copied().unwrap_or(0),
                    _ => x,
                };
                Cell::Looked { y, x }
            }
            None => {
                let y = self.spills[item][id]
                    .as_ref()
                    .and_then(|spill| spill.sums.get(channel * spill.positions + place).copied());
                Cell::Looked {
                    y: y.unwrap_or(0),
                    x: 0,
                }
            }
        }
    }
}

impl Cells for TraceCells<'_> {
    fn cell(&self, level: usize, channel: usize, position: usize) -> Cell {
        match self.lowered.find(level, channel) {
            Some((node, channel)) => match node.kind {
                NodeKind::Tensor(id) | NodeKind::Copy(id) => {
                    self.tensor(node, id, channel, position)
                }
                NodeKind::Salt(number) => {
                    let commitments = self.lowered.commitments.len();
                    Cell::Root(self.salts[position * commitments + number].root())
                }
                NodeKind::Stage(number, stage) => {
                    Cell::Root(self.roots[position][number][stage][channel])
                }
                NodeKind::One | NodeKind::Single | NodeKind::Ones(_) | NodeKind::Biases(_) => {
                    Cell::Looked { y: 0, x: 1 }
                }
            },
            None => Cell::Looked { y: 0, x: 0 },
        }
    }
}

impl Lowered {
    /// What the convolutions into tensor `id` put at every position, biases that reach all places
    /// included.
    fn spill(&self, id: TensorId, trace: &Trace) -> Option<Spill> {
        let (planes, layer) = (
            self.planes[id].as_ref()?,
            self.graph.tensors[id].layer.as_ref()?,
        );
        let node = &self.nodes.nodes[self.nodes.main[id]?];
        let channels = planes.tape_channels();
        let positions = (0..channels)
            .map(|channel| {
                self.program
                    .pattern(node.level, node.first + channel)
                    .positions()
                    / self.batch.items
            })
            .max()?;
        let mut sums = vec![0i64; channels * positions];
        let ones = self
            .nodes
            .nodes
            .iter()
            .any(|node| node.kind == NodeKind::Ones(id));
        if ones {
            let (phases, plane) = (
                planes.phases[0] * planes.phases[1],
                planes.size[0] * planes.size[1],
            );
            for (channel, sums) in sums.chunks_mut(positions).enumerate() {
                for i in 0..planes.grid[0] {
                    let first = node.start + i * planes.pitch;
                    for sum in &mut sums[first..first + planes.grid[1]] {
                        *sum = layer.bias[channel / phases * plane];
                    }
                }
            }
        }
        for term in &layer.terms {
            if let (Kernel::Conv(conv), Some(source)) = (&term.kernel, &self.planes[term.source]) {
                let values = plane_values(source, &trace.values[term.source]);
                convolve(
                    conv,
                    [source, planes],
                    &values,
                    node.start,
                    positions,
                    &mut sums,
                );
            }
        }
        Some(Spill { positions, sums })
    }
}

/// A tensor's values by tape channel and place.
fn plane_values(planes: &PlaneLayout, values: &[i32]) -> Vec<i64> {
    let extent = planes.extent();
    let mut places = vec![0; planes.tape_channels() * extent];
    for (cell, &value) in values.iter().enumerate() {
        let (channel, place) = planes.locate(cell);
        places[channel * extent + place] = i64::from(value);
    }
    places
}

fn convolve(
    conv: &Conv,
    [source, target]: [&PlaneLayout; 2],
    values: &[i64],
    start: usize,
    positions: usize,
    sums: &mut [i64],
) {
    let [from, to] = [source, target].map(|planes| planes.phases[0] * planes.phases[1]);
    let all: Vec<Hop> = hops(conv, source, target);
    let extent = source.extent();
    sums.par_chunks_mut(positions)
        .enumerate()
        .for_each(|(channel, sums)| {
            let (output, phase) = (channel / to, channel % to);
            let phase = [phase / target.phases[1], phase % target.phases[1]];
            for hop in all.iter().filter(|hop| hop.to == phase) {
                for (number, input) in conv.sources(output).enumerate() {
                    let weight = i64::from(conv.weight(output, number, hop.at[0], hop.at[1]));
                    if weight == 0 {
                        continue;
                    }
                    let channel = input * from + hop.from[0] * source.phases[1] + hop.from[1];
                    let values = &values[channel * extent..(channel + 1) * extent];
                    let first = start as i64 + hop.shift;
                    for (place, value) in values.iter().enumerate().filter(|(_, v)| **v != 0) {
                        let position = usize::try_from(first + place as i64).ok();
                        if let Some(sum) = position.and_then(|p| sums.get_mut(p)) {
                            *sum = sum.wrapping_add(weight * value);
                        }
                    }
                }
            }
        });
}
