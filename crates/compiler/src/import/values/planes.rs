//! Affine values made of planes: what the importer knows about the values between convolutions.
//!
//! Explicit weights for every pair of cells would be millions for a small image; here a source's contribution is a convolution
//! with real weights. Operators that keep this form work on [`Planes`], all others on [`Affine`].

use crate::import::values::affine::Affine;
use verdict_model::graph::Conv;

/// Weights that merging two kernels into one may make.
const MAX_MERGED: usize = 1 << 22;

/// `value = bias + Σ convolution(source)`, its cells in the order `[channel][row][column]`.
#[derive(Clone, Debug)]
pub(crate) struct Planes {
    /// The ONNX shape, batch axis included. Flattening changes it, and nothing else.
    pub(crate) shape: Vec<usize>,
    /// Channels, rows and columns.
    pub(crate) size: [usize; 3],
    /// `(source, convolution)`.
    pub(crate) terms: Vec<(usize, Conv<f64>)>,
    /// One per cell.
    pub(crate) bias: Vec<f64>,
    /// The ONNX nodes folded in so far.
    pub(crate) nodes: Vec<String>,
}

/// Channels, rows and columns of a value of shape `[1, C, H, W]` or `[1, C, L]`.
pub(crate) fn plane_size(shape: &[usize]) -> Option<[usize; 3]> {
    match *shape {
        [1, channels, rows, columns] => Some([channels, rows, columns]),
        [1, channels, columns] => Some([channels, 1, columns]),
        _ => None,
    }
}

/// A convolution of one weight per channel, `1` unless changed, that moves planes by whole places.
pub(crate) fn depthwise(channels: usize, source: [usize; 2], output: [usize; 2]) -> Conv<f64> {
    Conv {
        channels: [channels; 2],
        source,
        output,
        size: [1, 1],
        stride: [1, 1],
        up: [1, 1],
        dilation: [1, 1],
        pad: [0, 0],
        groups: channels,
        weights: vec![1.0; channels],
    }
}

impl Planes {
    /// The identity on tensor `source`.
    pub(crate) fn tensor(source: usize, shape: Vec<usize>, size: [usize; 3]) -> Self {
        let [channels, rows, columns] = size;
        let conv = depthwise(channels, [rows, columns], [rows, columns]);
        Self {
            shape,
            size,
            terms: vec![(source, conv)],
            bias: vec![0.0; channels * rows * columns],
            nodes: Vec::new(),
        }
    }

    pub(crate) fn constant(shape: Vec<usize>, size: [usize; 3], bias: Vec<f64>) -> Self {
        Self {
            shape,
            size,
            terms: Vec::new(),
            bias,
            nodes: Vec::new(),
        }
    }

    pub(crate) fn len(&self) -> usize {
        self.bias.len()
    }

    fn plane(&self) -> usize {
        self.size[1] * self.size[2]
    }

    /// The tensor this value equals cell for cell, if there is one.
    pub(crate) fn as_tensor(&self) -> Option<usize> {
        let [(source, conv)] = self.terms.as_slice() else {
            return None;
        };
        let moved = conv.stride != [1, 1] || conv.pad != [0, 0] || conv.source != conv.output;
        let identity = is_placement(conv)
            && !moved
            && conv.groups == conv.channels[0]
            && conv.channels[0] == conv.channels[1]
            && conv.weights.iter().all(|w| *w == 1.0)
            && self.bias.iter().all(|b| *b == 0.0);
        identity.then_some(*source)
    }

    /// Whether every cell is a multiple of one cell of each source, and there are few sources.
    pub(crate) fn is_placement(&self) -> bool {
        self.terms.iter().all(|(_, conv)| is_placement(conv))
    }

    /// Number of weights that are not zero.
    pub(crate) fn weights(&self) -> usize {
        self.terms.iter().map(|(_, conv)| conv.non_zero()).sum()
    }

    pub(crate) fn is_finite(&self) -> bool {
        let mut weights = self.terms.iter().flat_map(|(_, conv)| &conv.weights);
        weights.all(|w| w.is_finite()) && self.bias.iter().all(|b| b.is_finite())
    }

    /// Multiplies each cell by its factor; `false`, and nothing happens, unless the factors of every channel are equal.
    pub(crate) fn scale(&mut self, factors: &[f64]) -> bool {
        let plane = self.plane();
        let uniform = factors.len() == self.len()
            && factors
                .chunks(plane)
                .all(|channel| channel.iter().all(|f| *f == channel[0]));
        if !uniform {
            return false;
        }
        for (_, conv) in &mut self.terms {
            let per_output = conv.weights.len() / conv.channels[1];
            for (weights, factor) in conv
                .weights
                .chunks_mut(per_output)
                .zip(factors.iter().step_by(plane))
            {
                weights.iter_mut().for_each(|w| *w *= factor);
            }
        }
        for (bias, factor) in self.bias.iter_mut().zip(factors) {
            *bias *= factor;
        }
        true
    }

    /// `self + other`; both have the same planes.
    pub(crate) fn add(mut self, other: Self) -> Self {
        for (bias, more) in self.bias.iter_mut().zip(&other.bias) {
            *bias += more;
        }
        for (source, conv) in other.terms {
            self.push(source, conv);
        }
        self.nodes.extend(other.nodes);
        self
    }

    /// Adds a term, merging it with one of the same source if one kernel contains the other.
    pub(crate) fn push(&mut self, source: usize, conv: Conv<f64>) {
        for (known, kernel) in &mut self.terms {
            if *known == source
                && let Some(sum) = merge(kernel, &conv)
            {
                *kernel = sum;
                return;
            }
        }
        self.terms.push((source, conv));
    }

    /// `outer` applied to this value, as convolutions of its sources; `None` if they are more than placements, or if what
    /// `outer` pads with zeros has other values in them.
    pub(crate) fn conv(&self, outer: &Conv<f64>, shape: Vec<usize>) -> Option<Self> {
        let mut bias = vec![0.0; outer.channels[1] * outer.output[0] * outer.output[1]];
        if self.bias.iter().any(|b| *b != 0.0) {
            outer.add_to(&mut bias, &self.bias);
        }
        let mut value = Self {
            shape,
            size: [outer.channels[1], outer.output[0], outer.output[1]],
            terms: Vec::new(),
            bias,
            nodes: self.nodes.clone(),
        };
        for (source, inner) in &self.terms {
            value.push(*source, compose(outer, inner)?);
        }
        Some(value)
    }

    /// The value in planes of `size`, its first cell at `[channel, row, column]` `at`, zeros around it; what falls outside is
    /// cropped. `None` if a term would have values where there are to be zeros.
    pub(crate) fn place(&self, at: [i64; 3], shape: Vec<usize>, size: [usize; 3]) -> Option<Self> {
        let mut bias = vec![0.0; size.iter().product()];
        let inside = |i: usize, axis: usize| {
            let moved = usize::try_from(i as i64 + at[axis]).ok()?;
            (moved < size[axis]).then_some(moved)
        };
        for (cell, value) in self.bias.iter().enumerate() {
            let [_, rows, columns] = self.size;
            let place = [
                cell / (rows * columns),
                cell / columns % rows,
                cell % columns,
            ];
            if let (Some(c), Some(y), Some(x)) = (
                inside(place[0], 0),
                inside(place[1], 1),
                inside(place[2], 2),
            ) {
                bias[(c * size[1] + y) * size[2] + x] = *value;
            }
        }
        let mut terms = Vec::with_capacity(self.terms.len());
        for (source, conv) in &self.terms {
            let mut moved = conv.clone();
            for axis in 0..2 {
                moved.pad[axis] += conv.stride[axis] as i64 * at[axis + 1];
                moved.output[axis] = size[axis + 1];
                if !keeps_outside_empty(conv, &moved, axis, at[axis + 1]) {
                    return None;
                }
            }
            if at[0] != 0 || size[0] != self.size[0] {
                moved = select_channels(
                    &moved,
                    |c| {
                        usize::try_from(c as i64 - at[0])
                            .ok()
                            .filter(|c| *c < self.size[0])
                    },
                    size[0],
                );
            }
            terms.push((*source, moved));
        }
        Some(Self {
            shape,
            size,
            terms,
            bias,
            nodes: self.nodes.clone(),
        })
    }

    /// Output channel `c` is channel `channels[c]`; along the axes, output `y` is place `start + step·y`. All places exist.
    pub(crate) fn pick(
        &self,
        channels: &[usize],
        start: [usize; 2],
        step: [usize; 2],
        shape: Vec<usize>,
        size: [usize; 3],
    ) -> Self {
        let bias = (0..size.iter().product()).map(|cell| {
            let (channel, y, x) = (
                cell / (size[1] * size[2]),
                cell / size[2] % size[1],
                cell % size[2],
            );
            let (y, x) = (start[0] + step[0] * y, start[1] + step[1] * x);
            self.bias[(channels[channel] * self.size[1] + y) * self.size[2] + x]
        });
        let all = channels.iter().copied().eq(0..self.size[0]);
        let terms = self.terms.iter().map(|(source, conv)| {
            let mut picked = conv.clone();
            for axis in 0..2 {
                picked.pad[axis] -= (conv.stride[axis] * start[axis]) as i64;
                picked.stride[axis] *= step[axis];
            }
            picked.output = [size[1], size[2]];
            if !all {
                picked = select_channels(&picked, |c| Some(channels[c]), channels.len());
            }
            (*source, picked)
        });
        Self {
            shape,
            size,
            terms: terms.collect(),
            bias: bias.collect(),
            nodes: self.nodes.clone(),
        }
    }

    /// The same value with explicit weights.
    pub(crate) fn rows(&self) -> Affine {
        let mut value = Affine::constant(self.shape.clone(), self.bias.clone());
        for (source, conv) in &self.terms {
            let mut rows = vec![Vec::new(); self.len()];
            conv.for_each(|to, from, weight| rows[to].push((from as u32, weight)));
            let term = Affine {
                shape: self.shape.clone(),
                terms: [(*source, rows)].into(),
                bias: vec![0.0; self.len()],
                nodes: Vec::new(),
            };
            value = value.add(term);
        }
        value.nodes = self.nodes.clone();
        value
    }
}

/// Whether a convolution gives every output cell a multiple of at most one source cell.
pub(crate) fn is_placement(conv: &Conv<f64>) -> bool {
    let per_group = conv.channels[0] / conv.groups;
    conv.size == [1, 1]
        && conv.up == [1, 1]
        && conv
            .weights
            .chunks(per_group)
            .all(|row| row.iter().filter(|w| **w != 0.0).count() <= 1)
}

/// The source channel and weight of every output channel of a placement.
fn choices(conv: &Conv<f64>) -> Vec<Option<(usize, f64)>> {
    (0..conv.channels[1])
        .map(|output| {
            let first = conv.sources(output).start;
            (0..conv.sources(output).len())
                .map(|number| (first + number, conv.weight(output, number, 0, 0)))
                .find(|(_, weight)| *weight != 0.0)
        })
        .collect()
}

/// The same convolution with one group.
fn ungrouped(conv: &Conv<f64>) -> Conv<f64> {
    select_channels(conv, Some, conv.channels[1])
}

/// A convolution of one group whose output channel `c` is `conv`'s channel `pick(c)`, or zero.
fn select_channels(
    conv: &Conv<f64>,
    pick: impl Fn(usize) -> Option<usize>,
    count: usize,
) -> Conv<f64> {
    let place = conv.size[0] * conv.size[1];
    let mut weights = vec![0.0; count * conv.channels[0] * place];
    for (output, weights) in weights.chunks_mut(conv.channels[0] * place).enumerate() {
        let Some(from) = pick(output) else { continue };
        let sources = conv.sources(from);
        let old = &conv.weights[from * sources.len() * place..][..sources.len() * place];
        weights[sources.start * place..sources.end * place].copy_from_slice(old);
    }
    Conv {
        channels: [conv.channels[0], count],
        groups: 1,
        weights,
        ..conv.clone()
    }
}

/// `outer ∘ inner`, where `inner` is a placement.
fn compose(outer: &Conv<f64>, inner: &Conv<f64>) -> Option<Conv<f64>> {
    if !is_placement(inner) {
        return None;
    }
    let mut composed = Conv {
        source: inner.source,
        ..outer.clone()
    };
    for axis in 0..2 {
        // inner: x = stride·z − pad; outer: up·z = stride·y + dilation·k − pad.
        let (step, pad) = (inner.stride[axis], inner.pad[axis]);
        if outer.up[axis] == 1 {
            composed.stride[axis] *= step;
            composed.dilation[axis] *= step;
            composed.pad[axis] = step as i64 * outer.pad[axis] + pad;
        } else if step == 1 {
            composed.pad[axis] += outer.up[axis] as i64 * pad;
        } else {
            return None;
        }
        for k in 0..outer.size[axis] {
            let inner_pairs = inner.pairs(axis, 0);
            let expected = outer.pairs(axis, k).into_iter().filter_map(|(y, z)| {
                let found = inner_pairs.binary_search_by_key(&z, |pair| pair.0).ok()?;
                Some((y, inner_pairs[found].1))
            });
            if !expected.eq(composed.pairs(axis, k)) {
                return None;
            }
        }
    }
    let choices = choices(inner);
    let place = outer.size[0] * outer.size[1];
    let diagonal = inner.channels[0] == inner.channels[1]
        && choices
            .iter()
            .enumerate()
            .all(|(i, choice)| choice.is_none_or(|(source, _)| source == i));
    if diagonal {
        for (output, weights) in composed
            .weights
            .chunks_mut(outer.channels[0] / outer.groups * place)
            .enumerate()
        {
            for (source, weights) in outer.sources(output).zip(weights.chunks_mut(place)) {
                let factor = choices[source].map_or(0.0, |choice| choice.1);
                weights.iter_mut().for_each(|w| *w *= factor);
            }
        }
        return Some(composed);
    }
    let sources = inner.channels[0];
    composed.channels[0] = sources;
    composed.groups = 1;
    composed.weights = vec![0.0; outer.channels[1] * sources * place];
    for (output, into) in composed.weights.chunks_mut(sources * place).enumerate() {
        let first = outer.sources(output).start;
        let old = outer.weights.chunks(place);
        let per_group = outer.channels[0] / outer.groups;
        for (number, old) in old.skip(output * per_group).take(per_group).enumerate() {
            let Some((source, factor)) = choices[first + number] else {
                continue;
            };
            for (new, old) in into[source * place..].iter_mut().zip(old) {
                *new += factor * old;
            }
        }
    }
    Some(composed)
}

/// Whether `moved`, which is `conv` with its outputs `at` places further on along `axis`, has nothing where `conv` had no
/// outputs.
fn keeps_outside_empty(conv: &Conv<f64>, moved: &Conv<f64>, axis: usize, at: i64) -> bool {
    (0..conv.size[axis]).all(|k| {
        moved.pairs(axis, k).into_iter().all(|(y, _)| {
            let before = y as i64 - at;
            (0..conv.output[axis] as i64).contains(&before)
        })
    })
}

/// The sum of two kernels with the same planes, if one's places contain the other's.
fn merge(a: &Conv<f64>, b: &Conv<f64>) -> Option<Conv<f64>> {
    let same = a.channels == b.channels
        && a.source == b.source
        && a.output == b.output
        && a.stride == b.stride
        && a.up == b.up;
    if !same {
        return None;
    }
    let (wide, narrow) = if a.size[0] * a.size[1] >= b.size[0] * b.size[1] {
        (a, b)
    } else {
        (b, a)
    };
    let widened = pair_of_places(wide, narrow);
    let wide = widened.as_ref().unwrap_or(wide);
    // Where the narrow kernel's places lie among the wide one's.
    let mut at = [Vec::new(), Vec::new()];
    for (axis, at) in at.iter_mut().enumerate() {
        for k in 0..narrow.size[axis] {
            let offset = (narrow.dilation[axis] * k) as i64 - narrow.pad[axis] + wide.pad[axis];
            let step = wide.dilation[axis] as i64;
            let place = usize::try_from(offset.div_euclid(step)).ok()?;
            if offset.rem_euclid(step) != 0 || place >= wide.size[axis] {
                return None;
            }
            at.push(place);
        }
    }
    let (mut sum, narrow) = if wide.groups == narrow.groups {
        (wide.clone(), narrow.clone())
    } else {
        if wide.channels[0] * wide.channels[1] * wide.size[0] * wide.size[1] > MAX_MERGED {
            return None;
        }
        (ungrouped(wide), ungrouped(narrow))
    };
    let [rows, columns] = sum.size;
    let place = narrow.size[0] * narrow.size[1];
    for (i, weight) in narrow.weights.iter().enumerate() {
        let (pair, k) = (i / place, i % place);
        let (row, column) = (at[0][k / narrow.size[1]], at[1][k % narrow.size[1]]);
        sum.weights[(pair * rows + row) * columns + column] += weight;
    }
    Some(sum)
}

/// `a` with a second kernel place, of weight zero, where `b`'s only place is; `a` has one place too.
fn pair_of_places(a: &Conv<f64>, b: &Conv<f64>) -> Option<Conv<f64>> {
    let apart = [a.pad[0] - b.pad[0], a.pad[1] - b.pad[1]];
    let axis = apart.iter().position(|places| *places != 0)?;
    if a.size != [1, 1] || b.size != [1, 1] || apart[1 - axis] != 0 {
        return None;
    }
    let places = apart[axis];
    let mut pair = a.clone();
    pair.size[axis] = 2;
    pair.dilation[axis] = usize::try_from(places.unsigned_abs()).ok()?;
    // The kernel begins at the smaller of the two offsets `−pad`.
    pair.pad[axis] = a.pad[axis].max(b.pad[axis]);
    let old = usize::from(places < 0);
    pair.weights = vec![0.0; 2 * a.weights.len()];
    for (i, weight) in a.weights.iter().enumerate() {
        pair.weights[2 * i + old] = *weight;
    }
    Some(pair)
}
