//! Planes: how the cells of tensors that convolutions read or write lie on positions.
//!
//! A tensor `[channels][rows][columns]` is cut into `mh·mw` *phases*: cell `(y, x)` belongs to
//! phase `(y mod mh, x mod mw)` and stands at the place `(⌊y/mh⌋, ⌊x/mw⌋)` of that phase's plane.
//! The phases of a convolution's two tensors are chosen so that `up·m_source = stride·m_target`;
//! then, between any two phases, every kernel place is a constant shift of positions, whatever the
//! stride. All planes that convolutions connect have the same pitch `P`: place `(i, j)` is position
//! `start + i·P + j`.
//!
//! A kernel also spills over the edges of its target's planes. The positions it reaches there hold
//! discards; the pitch keeps what spills over the right or left edge of a row away from the places
//! of its neighbours.

use super::phases::{Convolution, Phases, convolutions};
use crate::CircuitError;
use verdict_model::{Conv, IntegerGraph};

/// A tensor's planes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct PlaneLayout {
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

impl PlaneLayout {
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

    /// The place past the last one.
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

/// A kernel place between two phases, along one axis.
struct AxisHop {
    /// The source's phase.
    from: usize,
    /// The target's phase.
    to: usize,
    /// The kernel's row or column.
    at: usize,
    /// The target's place minus the source's.
    shift: i64,
}

/// All hops of a convolution along one axis, between `source` and `target` phases.
fn axis_hops(conv: &Conv, axis: usize, source: usize, target: usize) -> Vec<AxisHop> {
    let modulus = (conv.up[axis] * source) as i64;
    let mut hops = Vec::new();
    for from in 0..source {
        for to in 0..target {
            for at in 0..conv.size[axis] {
                // up·(m_s·i + from) = stride·(m_t·j + to) + dilation·at − pad, and up·m_s =
                // stride·m_t.
                let rest = (conv.stride[axis] * to + conv.dilation[axis] * at) as i64
                    - conv.pad[axis]
                    - (conv.up[axis] * from) as i64;
                if rest % modulus == 0 {
                    hops.push(AxisHop {
                        from,
                        to,
                        at,
                        shift: -rest / modulus,
                    });
                }
            }
        }
    }
    hops
}

/// All hops of a convolution between two tensors' planes.
pub(super) fn hops(conv: &Conv, source: &PlaneLayout, target: &PlaneLayout) -> Vec<Hop> {
    let [rows, columns] =
        [0, 1].map(|axis| axis_hops(conv, axis, source.phases[axis], target.phases[axis]));
    let pitch = source.pitch as i64;
    rows.iter()
        .flat_map(|row| {
            columns.iter().map(move |column| Hop {
                from: [row.from, column.from],
                to: [row.to, column.to],
                at: [row.at, column.at],
                shift: row.shift * pitch + column.shift,
            })
        })
        .collect()
}

/// The planes of every tensor that a convolution reads or writes, all starting at position 0.
pub(super) fn plane_layouts(
    graph: &IntegerGraph,
) -> Result<Vec<Option<PlaneLayout>>, CircuitError> {
    let convolutions = convolutions(graph);
    let shapes = shapes(graph, &convolutions)?;
    let Phases { components, phases } = Phases::of(graph, &convolutions)?;
    let mut layouts: Vec<Option<PlaneLayout>> = shapes
        .iter()
        .enumerate()
        .map(|(id, shape)| {
            shape.map(|Shape { channels, size }| PlaneLayout {
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
    let pitches = pitches(&layouts, &convolutions);
    for layout in layouts.iter_mut().flatten() {
        layout.pitch = pitches[layout.component] as usize;
    }
    Ok(layouts)
}

/// A tensor as planes.
#[derive(Clone, Copy, PartialEq, Eq)]
struct Shape {
    channels: usize,
    /// Rows and columns.
    size: [usize; 2],
}

/// How the convolutions see each tensor, which must be in one way; tensors that none of them sees
/// have no shape.
fn shapes(
    graph: &IntegerGraph,
    convolutions: &[Convolution<'_>],
) -> Result<Vec<Option<Shape>>, CircuitError> {
    let mut shapes: Vec<Option<Shape>> = vec![None; graph.tensors.len()];
    for &Convolution {
        source,
        target,
        conv,
    } in convolutions
    {
        let [from, to] = [(0, conv.source), (1, conv.output)].map(|(side, size)| Shape {
            channels: conv.channels[side],
            size,
        });
        for (id, shape) in [(source, from), (target, to)] {
            if *shapes[id].get_or_insert(shape) != shape {
                return Err(CircuitError::NoPlan(format!(
                    "convolutions see tensor `{}` as planes of different sizes; put an Identity with a requantisation in between",
                    graph.tensors[id].name
                )));
            }
        }
    }
    Ok(shapes)
}

/// The smallest pitch of each component with which nothing that spills over an edge comes out at a
/// place of the next or the last row.
fn pitches(layouts: &[Option<PlaneLayout>], convolutions: &[Convolution<'_>]) -> Vec<i64> {
    let mut pitches = vec![1i64; layouts.len()];
    for layout in layouts.iter().flatten() {
        let pitch = &mut pitches[layout.component];
        *pitch = (*pitch).max(layout.grid[1] as i64);
    }
    for convolution in convolutions {
        let (Some(source), Some(target)) =
            (&layouts[convolution.source], &layouts[convolution.target])
        else {
            continue;
        };
        let pitch = &mut pitches[source.component];
        for hop in axis_hops(convolution.conv, 1, source.phases[1], target.phases[1]) {
            *pitch = (*pitch)
                .max(source.grid[1] as i64 + hop.shift)
                .max(target.grid[1] as i64 - hop.shift);
        }
    }
    pitches
}
