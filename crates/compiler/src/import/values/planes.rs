//! Affine values made of planes: what the importer knows about the values between convolutions.
//!
//! Explicit weights for every pair of cells would be millions for a small image; here a source's
//! contribution is a convolution with real weights. Operators that keep this form work on
//! [`PlaneMap`], all others on [`Affine`].

use crate::import::values::affine::Affine;
use crate::import::values::kernels::is_placement;
use crate::import::values::kernels::{
    compose, depthwise, keeps_outside_empty, merge, select_channels,
};
use verdict_model::Conv;

/// `value = bias + Σ convolution(source)`, its cells in the order `[channel][row][column]`.
#[derive(Clone, Debug)]
pub(crate) struct PlaneMap {
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

impl PlaneMap {
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

    /// Multiplies each cell by its factor; `false`, and nothing happens, unless the factors of
    /// every channel are equal.
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

    /// `outer` applied to this value, as convolutions of its sources; `None` if they are more than
    /// placements, or if what `outer` pads with zeros has other values in them.
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

    /// The value in planes of `size`, its first cell at `[channel, row, column]` `at`, zeros around
    /// it; what falls outside is cropped. `None` if a term would have values where there are to be
    /// zeros.
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

    /// Output channel `c` is channel `channels[c]`; along the axes, output `y` is place
    /// `start + step·y`. All places exist.
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

    /// The value with explicit weights.
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
