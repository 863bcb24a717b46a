//! Tensors whose cells are channels at positions: the tokens of a sequence, say.
//!
//! What attention computes is the same for every token, or for every pair of tokens at the same
//! distance. Weights spelled out for each of them would be streamed for each of them; as planes
//! `[channel][1][position]` they are streamed once. Whether a map is such a one is seen from its
//! weights: each cell has a position, and the cells of a channel read the same channels of their
//! sources at the same distances, *around a circle*. So all pairs `(i, j)` of `n` tokens are `n`
//! channels, one for each distance `j − i mod n`, of `n` positions `i`.

use std::collections::HashMap;

use crate::float::graph::{FloatKernel, FloatTerm};
use crate::import::builder::Builder;
use crate::import::values::affine::{Affine, Row};
use verdict_model::Conv;

/// Fewer positions than this are not worth the second row that a cell of a plane takes.
const FEWEST: usize = 4;
/// More weights than this, zeros included, are not spelled out as a convolution.
const MOST_WEIGHTS: usize = 1 << 23;

/// How a value's cells lie in a tensor of channels and positions.
pub(crate) struct Arrangement {
    pub(crate) positions: usize,
    pub(crate) channels: usize,
    /// For each cell of the value its cell in the tensor.
    pub(crate) place: Vec<u32>,
}

/// What one source channel contributes to a cell: source, channel, distance and weight.
type Contribution = (usize, usize, usize, u64);

/// A tensor's positions as far as its cells tell them.
#[derive(Clone, Copy)]
enum Reading {
    /// Channel by channel, as tensors with positions are laid out.
    ByChannel,
    /// Position by position, as sequences come.
    ByPosition,
}

impl Reading {
    /// The channel and position of a cell.
    fn locate(self, cell: u32, len: usize, positions: usize) -> (usize, usize) {
        let cell = cell as usize;
        match self {
            Self::ByChannel => (cell / positions, cell % positions),
            Self::ByPosition => {
                let channels = (len / positions).max(1);
                (cell % channels, cell / channels)
            }
        }
    }
}

impl Builder {
    /// How to lay out `value`, if its cells are channels at positions.
    pub(crate) fn arrange(&self, value: &Affine) -> Option<Arrangement> {
        let mut sequences = value.terms.keys().filter_map(|id| self.positions.get(id));
        if let Some(&positions) = sequences.next() {
            if sequences.any(|other| *other != positions) {
                return None;
            }
            return self.arranged(value, positions, Reading::ByChannel);
        }
        // The first of its kind: the shape says what the positions are. Keys come transposed, so a
        // number of positions that other tensors have is the better guess.
        let [1, rows, columns] = value.shape[..] else {
            return None;
        };
        let known = |n: &usize| self.positions.values().any(|positions| positions == n);
        let transposed = Some((columns, rows)).filter(|_| known(&columns) && !known(&rows));
        [transposed, Some((rows, columns))]
            .into_iter()
            .flatten()
            .find_map(|(positions, channels)| self.seed(value, positions, channels))
    }

    /// How to lay out `value`, whose sources have no positions, at so many of them.
    fn seed(&self, value: &Affine, positions: usize, channels: usize) -> Option<Arrangement> {
        let divides = |id: &usize| self.tensors[*id].len.is_multiple_of(positions);
        if positions < FEWEST || channels < 2 || !value.terms.keys().all(divides) {
            return None;
        }
        [Reading::ByPosition, Reading::ByChannel]
            .into_iter()
            .find_map(|reading| self.arranged(value, positions, reading))
    }

    /// As [`arrange`](Self::arrange), with tensors without positions read as `reading`.
    fn arranged(&self, value: &Affine, positions: usize, reading: Reading) -> Option<Arrangement> {
        // By pattern of contributions the channels that have it, each with the positions it has so
        // far.
        let mut known: HashMap<Vec<Contribution>, Vec<usize>> = HashMap::new();
        let mut filled: Vec<Vec<bool>> = Vec::new();
        let mut place = Vec::with_capacity(value.len());
        let seed = !value.terms.keys().any(|id| self.positions.contains_key(id));
        for cell in 0..value.len() {
            let mut pattern: Vec<Contribution> = Vec::new();
            for (id, rows) in &value.terms {
                let reading = match self.positions.get(id) {
                    Some(_) => Reading::ByChannel,
                    None if seed => reading,
                    // Weights between a flat tensor and planes can be any.
                    None => continue,
                };
                let len = self.tensors[*id].len;
                pattern.extend(rows[cell].iter().map(|(from, weight)| {
                    let (channel, position) = reading.locate(*from, len, positions);
                    (*id, channel, position, weight.to_bits())
                }));
            }
            pattern.sort_unstable();
            // The first channel that is read at one position only says where the cell stands.
            let same = |a: &Contribution, b: &Contribution| (a.0, a.1) == (b.0, b.1);
            let mut alone = pattern.chunk_by(same).filter(|read| read.len() == 1);
            let origin = alone.next()?[0].2;
            for contribution in &mut pattern {
                contribution.2 = (contribution.2 + positions - origin) % positions;
            }
            pattern.sort_unstable();
            if seed && pattern.iter().any(|contribution| contribution.2 != 0) {
                return None;
            }
            let channels = known.entry(pattern).or_default();
            let free = channels.iter().find(|channel| !filled[**channel][origin]);
            let channel = free.copied().unwrap_or_else(|| {
                filled.push(vec![false; positions]);
                channels.push(filled.len() - 1);
                filled.len() - 1
            });
            filled[channel][origin] = true;
            place.push((channel * positions + origin) as u32);
        }
        filled
            .iter()
            .flatten()
            .all(|there| *there)
            .then_some(Arrangement {
                positions,
                channels: filled.len(),
                place,
            })
    }

    /// The terms of a value laid out as `arrangement` says; `None` if they do not fit.
    pub(crate) fn arranged_terms(
        &self,
        value: &Affine,
        arrangement: &Arrangement,
    ) -> Option<Vec<FloatTerm>> {
        let mut cell_at = vec![0; value.len()];
        for (cell, place) in arrangement.place.iter().enumerate() {
            cell_at[*place as usize] = cell;
        }
        let term = |(id, rows): (&usize, &Vec<Row>)| {
            let kernel = match self.positions.get(id) {
                Some(_) => FloatKernel::Conv(self.convolution(*id, rows, arrangement, &cell_at)?),
                None => FloatKernel::Rows(cell_at.iter().map(|cell| rows[*cell].clone()).collect()),
            };
            Some(FloatTerm {
                source: *id,
                kernel,
            })
        };
        value.terms.iter().map(term).collect()
    }

    /// The weights on tensor `id` as a convolution along positions.
    fn convolution(
        &self,
        id: usize,
        rows: &[Row],
        arrangement: &Arrangement,
        cell_at: &[usize],
    ) -> Option<Conv<f64>> {
        let (n, outputs) = (arrangement.positions, arrangement.channels);
        let sources = self.tensors[id].len / n;
        // All cells of a channel say the same, so the first speaks for it: it stands at position 0,
        // where distances around the circle are positions.
        let taps: Vec<(usize, usize, usize, f64)> = (0..outputs)
            .flat_map(|output| {
                rows[cell_at[output * n]].iter().map(move |(from, weight)| {
                    let (channel, distance) = Reading::ByChannel.locate(*from, 0, n);
                    (output, channel, distance, *weight)
                })
            })
            .collect();
        // A distance leads forwards or, around the circle, backwards; of the two only one stays
        // within the plane.
        let ways = |distance: usize| {
            let forwards = distance as i64;
            [
                Some(forwards),
                (distance > 0).then_some(forwards - n as i64),
            ]
        };
        let offsets = || taps.iter().flat_map(|tap| ways(tap.2)).flatten();
        let (least, most) = (offsets().min().unwrap_or(0), offsets().max().unwrap_or(0));
        let width = usize::try_from(most - least + 1).ok()?;
        let count = outputs.checked_mul(sources)?.checked_mul(width)?;
        if count > MOST_WEIGHTS {
            return None;
        }
        let mut weights = vec![0.0; count];
        for (output, channel, distance, weight) in taps {
            for offset in ways(distance).into_iter().flatten() {
                let k = usize::try_from(offset - least).ok()?;
                weights[(output * sources + channel) * width + k] = weight;
            }
        }
        Some(Conv {
            channels: [sources, outputs],
            source: [1, n],
            output: [1, n],
            size: [1, width],
            stride: [1, 1],
            up: [1, 1],
            dilation: [1, 1],
            pad: [0, -least],
            groups: 1,
            weights,
        })
    }
}
