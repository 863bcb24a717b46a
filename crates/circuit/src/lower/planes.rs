//! Planes: how the cells of tensors that convolutions read or write lie on positions.
//!
//! A tensor `[channels][rows][columns]` is cut into `mh·mw` *phases*: cell `(y, x)` belongs to phase `(y mod mh, x mod mw)` and
//! stands at the place `(⌊y/mh⌋, ⌊x/mw⌋)` of that phase's plane. The phases of a convolution's two tensors are chosen so that
//! `up·m_source = stride·m_target`; then, between any two phases, every kernel place is a constant shift of positions, whatever the
//! stride. All planes that convolutions connect have the same pitch `P`: place `(i, j)` is position `start + i·P + j`.
//!
//! A kernel also spills over the edges of its target's planes. The positions it reaches there hold discards; the pitch keeps
//! what spills over the right or left edge of a row away from the places of its neighbours.

use crate::CircuitError;
use std::collections::VecDeque;
use verdict_model::{Conv, IntegerGraph, Kernel, TensorId};

/// More phases than any network of strides needs.
const MAX_PHASES: u64 = 256;

/// A tensor's planes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Planes {
    pub(super) channels: usize,
    /// Rows and columns of the tensor.
    pub(super) size: [usize; 2],
    /// Phases along rows and columns.
    pub(super) phases: [usize; 2],
    /// Rows and columns of the largest phase.
    pub(super) grid: [usize; 2],
    /// Positions from a row to the next.
    pub(super) pitch: usize,
    /// The position of place `(0, 0)`.
    pub(super) start: usize,
    /// Which convolutions connect it to what: planes with the same number share their pitch.
    component: usize,
}

impl Planes {
    /// Channels of the tape: one for each channel and phase.
    pub(super) fn tape_channels(&self) -> usize {
        self.channels * self.phases[0] * self.phases[1]
    }

    /// The tape channel and the place of a cell.
    pub(super) fn locate(&self, cell: usize) -> (usize, usize) {
        let [h, w] = self.size;
        let (channel, y, x) = (cell / (h * w), cell / w % h, cell % w);
        let [mh, mw] = self.phases;
        let phase = (y % mh) * mw + x % mw;
        (channel * mh * mw + phase, (y / mh) * self.pitch + x / mw)
    }

    /// The cell at a place of a tape channel.
    pub(super) fn cell(&self, tape_channel: usize, place: usize) -> Option<usize> {
        let [h, w] = self.size;
        let [mh, mw] = self.phases;
        let (channel, phase) = (tape_channel / (mh * mw), tape_channel % (mh * mw));
        let (i, j) = (place / self.pitch, place % self.pitch);
        let (y, x) = (i * mh + phase / mw, j * mw + phase % mw);
        (y < h && x < w).then_some((channel * h + y) * w + x)
    }

    /// The places of a phase.
    pub(super) fn places(&self, phase: [usize; 2]) -> impl Iterator<Item = usize> + '_ {
        let [rows, columns] = [0, 1].map(|axis| {
            (self.size[axis] + self.phases[axis] - 1 - phase[axis]) / self.phases[axis]
        });
        (0..rows).flat_map(move |i| (0..columns).map(move |j| i * self.pitch + j))
    }

    /// All phases, in the order of their tape channels.
    pub(super) fn all_phases(&self) -> impl Iterator<Item = [usize; 2]> + use<> {
        let [mh, mw] = self.phases;
        (0..mh).flat_map(move |a| (0..mw).map(move |b| [a, b]))
    }

    /// One past the last place.
    pub(super) fn extent(&self) -> usize {
        (self.grid[0] - 1) * self.pitch + self.grid[1]
    }
}

/// A kernel place between two phases.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Hop {
    /// The source's phase.
    pub(super) from: [usize; 2],
    /// The target's phase.
    pub(super) to: [usize; 2],
    /// The kernel's row and column.
    pub(super) at: [usize; 2],
    /// The target's place minus the source's.
    pub(super) shift: i64,
}

/// `(source phase, target phase, kernel place, target place − source place)` along one axis.
fn axis_hops(
    conv: &Conv,
    axis: usize,
    source: usize,
    target: usize,
) -> Vec<(usize, usize, usize, i64)> {
    let modulus = (conv.up[axis] * source) as i64;
    let mut hops = Vec::new();
    for from in 0..source {
        for to in 0..target {
            for at in 0..conv.size[axis] {
                // up·(m_s·i + from) = stride·(m_t·j + to) + dilation·at − pad, and up·m_s = stride·m_t.
                let rest = (conv.stride[axis] * to + conv.dilation[axis] * at) as i64
                    - conv.pad[axis]
                    - (conv.up[axis] * from) as i64;
                if rest % modulus == 0 {
                    hops.push((from, to, at, -rest / modulus));
                }
            }
        }
    }
    hops
}

/// All hops of a convolution between two tensors' planes.
pub(super) fn hops(conv: &Conv, source: &Planes, target: &Planes) -> Vec<Hop> {
    let [rows, columns] =
        [0, 1].map(|axis| axis_hops(conv, axis, source.phases[axis], target.phases[axis]));
    let pitch = source.pitch as i64;
    rows.iter()
        .flat_map(|&(a, b, k, down)| {
            columns.iter().map(move |&(c, d, l, right)| Hop {
                from: [a, c],
                to: [b, d],
                at: [k, l],
                shift: down * pitch + right,
            })
        })
        .collect()
}

/// The planes of every tensor that a convolution reads or writes, all starting at position 0.
pub(super) fn planes(graph: &IntegerGraph) -> Result<Vec<Option<Planes>>, CircuitError> {
    let convs = convolutions(graph);
    let mut shapes: Vec<Option<(usize, [usize; 2])>> = vec![None; graph.tensors.len()];
    for &(source, target, conv) in &convs {
        for (id, shape) in [
            (source, (conv.channels[0], conv.source)),
            (target, (conv.channels[1], conv.output)),
        ] {
            if *shapes[id].get_or_insert(shape) != shape {
                return Err(CircuitError::NoPlan(format!(
                    "convolutions see tensor `{}` as planes of different sizes; put an Identity with a requantisation in between",
                    graph.tensors[id].name
                )));
            }
        }
    }
    let (components, phases) = phases(graph, &convs)?;
    let mut planes: Vec<Option<Planes>> = shapes
        .iter()
        .enumerate()
        .map(|(id, shape)| {
            shape.map(|(channels, size)| Planes {
                channels,
                size,
                phases: phases[id],
                grid: [0, 1].map(|axis| size[axis].div_ceil(phases[id][axis])),
                pitch: 1,
                start: 0,
                component: components[id],
            })
        })
        .collect();
    // What spills over an edge must not come out at a place of the next or the last row.
    let mut pitches = vec![1i64; graph.tensors.len()];
    for planes in planes.iter().flatten() {
        let pitch = &mut pitches[planes.component];
        *pitch = (*pitch).max(planes.grid[1] as i64);
    }
    for &(source, target, conv) in &convs {
        let (Some(source), Some(target)) = (&planes[source], &planes[target]) else {
            continue;
        };
        let pitch = &mut pitches[source.component];
        for (.., right) in axis_hops(conv, 1, source.phases[1], target.phases[1]) {
            *pitch = (*pitch)
                .max(source.grid[1] as i64 + right)
                .max(target.grid[1] as i64 - right);
        }
    }
    for planes in planes.iter_mut().flatten() {
        planes.pitch = pitches[planes.component] as usize;
    }
    Ok(planes)
}

/// `(source, target, convolution)` of every term that convolves.
pub(super) fn convolutions(graph: &IntegerGraph) -> Vec<(TensorId, TensorId, &Conv)> {
    let mut convs = Vec::new();
    for (target, tensor) in graph.tensors.iter().enumerate() {
        for term in tensor.layer.iter().flat_map(|layer| &layer.terms) {
            if let Kernel::Conv(conv) = &term.kernel {
                convs.push((term.source, target, conv));
            }
        }
    }
    convs
}

/// Components of tensors that convolutions connect, and the fewest phases that make every stride a constant shift.
#[allow(clippy::type_complexity)]
fn phases(
    graph: &IntegerGraph,
    convs: &[(TensorId, TensorId, &Conv)],
) -> Result<(Vec<usize>, Vec<[usize; 2]>), CircuitError> {
    let count = graph.tensors.len();
    let mut edges: Vec<Vec<(TensorId, [(u64, u64); 2])>> = vec![Vec::new(); count];
    for &(source, target, conv) in convs {
        let there = [0, 1].map(|axis| (conv.up[axis] as u64, conv.stride[axis] as u64));
        edges[source].push((target, there));
        edges[target].push((source, there.map(|(up, stride)| (stride, up))));
    }
    let mut components: Vec<usize> = (0..count).collect();
    let mut phases = vec![[1, 1]; count];
    let mut seen = vec![false; count];
    for root in 0..count {
        if seen[root] || edges[root].is_empty() {
            continue;
        }
        // Phases relative to the root's, as fractions.
        let mut ratios: Vec<(TensorId, [(u64, u64); 2])> = vec![(root, [(1, 1); 2])];
        let mut queue = VecDeque::from([0]);
        seen[root] = true;
        while let Some(index) = queue.pop_front() {
            let (id, ratio) = ratios[index];
            components[id] = root;
            for &(next, factor) in &edges[id] {
                let product = [0, 1].map(|axis| {
                    reduce(
                        ratio[axis].0 * factor[axis].0,
                        ratio[axis].1 * factor[axis].1,
                    )
                });
                if product.iter().any(|(a, b)| *a.max(b) > MAX_PHASES) {
                    return Err(strides(graph, next));
                }
                if seen[next] {
                    if ratios
                        .iter()
                        .any(|known| known.0 == next && known.1 != product)
                    {
                        return Err(strides(graph, next));
                    }
                } else {
                    seen[next] = true;
                    ratios.push((next, product));
                    queue.push_back(ratios.len() - 1);
                }
            }
        }
        for axis in 0..2 {
            let common = ratios
                .iter()
                .fold(1, |common, (_, ratio)| lcm(common, ratio[axis].1));
            let divisor = ratios.iter().fold(0, |divisor, (_, ratio)| {
                gcd(divisor, common / ratio[axis].1 * ratio[axis].0)
            });
            for (id, ratio) in &ratios {
                let phase = common / ratio[axis].1 * ratio[axis].0 / divisor.max(1);
                if phase > MAX_PHASES {
                    return Err(strides(graph, *id));
                }
                phases[*id][axis] = phase as usize;
            }
        }
    }
    Ok((components, phases))
}

fn strides(graph: &IntegerGraph, id: TensorId) -> CircuitError {
    CircuitError::NoPlan(format!(
        "the strides and upsampling factors of the convolutions around tensor `{}` do not fit each other",
        graph.tensors[id].name
    ))
}

fn gcd(a: u64, b: u64) -> u64 {
    if b == 0 { a } else { gcd(b, a % b) }
}

fn lcm(a: u64, b: u64) -> u64 {
    a / gcd(a, b).max(1) * b
}

fn reduce(a: u64, b: u64) -> (u64, u64) {
    let divisor = gcd(a, b).max(1);
    (a / divisor, b / divisor)
}
