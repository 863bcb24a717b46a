//! Tensors whose cells are channels at positions: the tokens of a sequence, say.
//!
//! What attention computes is the same for every token, or for every pair of tokens at the same
//! distance. Weights spelled out for each of them would be streamed for each of them; as planes
//! `[channel][1][position]` they are streamed once. Whether a map is such a one is seen from its
//! weights: each cell has a position, and the cells of a channel read the same channels of their
//! sources at the same distances, *around a circle*. So all pairs `(i, j)` of `n` tokens are `n`
//! channels, one for each distance `j − i mod n`, of `n` positions `i`.
//!
//! A convolution reads at a distance forwards and at `n` less, backwards, and of the two only one
//! stays within the plane. Cells that nobody asks for, as those that a causal mask excludes, are
//! *void*: the way that leads to these alone is left out, and the rows that it would spill beyond
//! the plane with it.

use std::collections::HashMap;

use crate::float::graph::{FloatKernel, FloatTerm};
use crate::import::builder::Builder;
use crate::import::values::affine::{Affine, Row};
use verdict_model::Conv;

/// Fewer positions than this are not worth the second row that a cell of a plane takes.
const FEWEST: usize = 4;
/// More weights than this, zeros included, are not spelled out as a convolution.
const MOST_WEIGHTS: usize = 1 << 23;
/// The largest prime factor of a number of groups that is looked for.
const MOST_FACTOR: usize = 13;

/// How a value's cells lie in a tensor of channels and positions.
pub(crate) struct Arrangement {
    pub(crate) positions: usize,
    pub(crate) channels: usize,
    /// For each cell of the value its cell in the tensor.
    pub(crate) place: Vec<u32>,
}

/// What one source channel contributes to a cell: source, channel, distance and weight.
type Contribution = (usize, usize, usize, u64);

/// A source channel, and how far from its own position a cell reads it.
type Tap = (usize, i64);

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
    /// How to lay out `value` as one channel whose positions are its cells.
    pub(crate) fn as_channel(value: &Affine) -> Option<Arrangement> {
        let positions = value.len();
        (positions >= FEWEST).then(|| Arrangement {
            positions,
            channels: 1,
            place: (0..positions as u32).collect(),
        })
    }

    /// How to lay out `value`, if its cells are channels at positions.
    pub(crate) fn arrange(&self, value: &Affine) -> Option<Arrangement> {
        let mut sequences = value.terms.keys().filter_map(|id| self.positions.get(id));
        if let Some(&positions) = sequences.next() {
            if sequences.any(|other| *other != positions) {
                return None;
            }
            return [false, true]
                .into_iter()
                .find_map(|ragged| self.arranged(value, positions, Reading::ByChannel, ragged));
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
            .find_map(|reading| self.arranged(value, positions, reading, false))
    }

    /// As [`arrange`](Self::arrange), with tensors without positions read as `reading`. Where it is
    /// `ragged`, cells of a channel may read more or fewer cells of a channel that they read at
    /// several positions: it is seen later whether a convolution that ends at the plane's edges
    /// does that.
    fn arranged(
        &self,
        value: &Affine,
        positions: usize,
        reading: Reading,
        ragged: bool,
    ) -> Option<Arrangement> {
        let several = |(id, rows): (&usize, &Vec<Row>)| {
            let channel = |cell: u32| cell as usize / positions;
            let mut pairs = rows.iter().flat_map(|row| row.windows(2));
            let several = pairs.any(|pair| channel(pair[0].0) == channel(pair[1].0));
            (several && self.positions.contains_key(id)).then_some(*id)
        };
        let spread: Vec<usize> = match ragged {
            true => value.terms.iter().filter_map(several).collect(),
            false => Vec::new(),
        };
        if ragged && spread.is_empty() {
            return None;
        }
        // By pattern of contributions the channels that have it, each with the positions it has so
        // far.
        let mut known: HashMap<Vec<Contribution>, Vec<usize>> = HashMap::new();
        let mut filled: Vec<Vec<bool>> = Vec::new();
        let mut place = Vec::with_capacity(value.len());
        let seed = !value.terms.keys().any(|id| self.positions.contains_key(id));
        for cell in 0..value.len() {
            let mut pattern: Vec<Contribution> = Vec::new();
            for (id, rows) in value.terms.iter().filter(|(id, _)| !spread.contains(id)) {
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

    /// The terms of a value laid out as `arrangement` says; `None` if they do not fit. What cells
    /// that are `void` read may be more or less than they should.
    pub(crate) fn arranged_terms(
        &self,
        value: &Affine,
        arrangement: &Arrangement,
        void: &[bool],
    ) -> Option<Vec<FloatTerm>> {
        let mut cell_at = vec![0; value.len()];
        for (cell, place) in arrangement.place.iter().enumerate() {
            cell_at[*place as usize] = cell;
        }
        let term = |(id, rows): (&usize, &Vec<Row>)| {
            let kernel = match self.positions.get(id) {
                Some(_) => {
                    FloatKernel::Conv(self.convolution(*id, rows, arrangement, (&cell_at, void))?)
                }
                None => FloatKernel::Rows(cell_at.iter().map(|cell| rows[*cell].clone()).collect()),
            };
            Some(FloatTerm {
                source: *id,
                kernel,
            })
        };
        value.terms.iter().map(term).collect()
    }

    /// The weights on tensor `id` as a convolution along positions, if it is one: each cell reads
    /// what the others of its channel read that lies within the plane for it.
    fn convolution(
        &self,
        id: usize,
        rows: &[Row],
        arrangement: &Arrangement,
        (cell_at, void): (&[usize], &[bool]),
    ) -> Option<Conv<f64>> {
        let (n, outputs) = (arrangement.positions, arrangement.channels);
        let sources = self.tensors[id].len / n;
        let mut taps: Vec<(usize, Tap, f64)> = Vec::new();
        for (output, cells) in cell_at.chunks(n).enumerate() {
            let asked = cells.iter().enumerate();
            let asked = asked.filter(|(_, cell)| !void.get(**cell).is_some_and(|void| *void));
            let mut read: HashMap<Tap, f64> = HashMap::new();
            for (position, cell) in asked.clone() {
                for (from, weight) in &rows[*cell] {
                    let (channel, there) = Reading::ByChannel.locate(*from, 0, n);
                    let tap = (channel, there as i64 - position as i64);
                    if *read.entry(tap).or_insert(*weight) != *weight {
                        return None;
                    }
                }
            }
            let offsets: Vec<i64> = read.keys().map(|tap| tap.1).collect();
            let within = |position: usize| {
                let there = offsets.iter().map(|offset| position as i64 + offset);
                there.filter(|there| (0..n as i64).contains(there)).count()
            };
            if { asked }.any(|(position, cell)| rows[*cell].len() != within(position)) {
                return None;
            }
            taps.extend(read.into_iter().map(|(tap, weight)| (output, tap, weight)));
        }
        let offsets = || taps.iter().map(|(_, (_, offset), _)| *offset);
        let (least, most) = (offsets().min().unwrap_or(0), offsets().max().unwrap_or(0));
        let width = usize::try_from(most - least + 1).ok()?;
        let groups = groups([sources, outputs], &taps);
        let group = sources / groups;
        let count = outputs.checked_mul(group)?.checked_mul(width)?;
        if count > MOST_WEIGHTS {
            return None;
        }
        let mut weights = vec![0.0; count];
        for (output, (channel, offset), weight) in taps {
            let k = usize::try_from(offset - least).ok()?;
            weights[(output * group + channel % group) * width + k] = weight;
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
            groups,
            weights,
        })
    }
}

/// Into how many groups the channels fall, such as an attention's heads, that read none of
/// another's.
fn groups([sources, outputs]: [usize; 2], taps: &[(usize, Tap, f64)]) -> usize {
    let apart = |groups: usize| {
        let [from, to] = [sources / groups, outputs / groups];
        let both = sources.is_multiple_of(groups) && outputs.is_multiple_of(groups);
        let within = |(output, (channel, _), _): &(usize, Tap, f64)| output / to == channel / from;
        both && taps.iter().all(within)
    };
    // Groups of groups are found one factor after the other.
    let mut groups = 1;
    while let Some(more) = (2..=MOST_FACTOR).find(|factor| apart(groups * factor)) {
        groups *= more;
    }
    groups
}
