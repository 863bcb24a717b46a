//! The shift that all layers have in common.
//!
//! A weight is rounded to steps of `unit / 2^shift`, so a larger shift makes weights finer, until
//! the largest one of a layer does not fit 16 bits. From there on the layer's unit grows with the
//! shift, and the weights become no finer.

use rayon::prelude::*;

use super::scales::{largest_weight, smallest_weight};
use super::{MAX_SHIFT, MIN_SHIFT, MIXED_SQUARE_WEIGHT, Quantiser, SQUARE_WEIGHT, WEIGHT_NOISE};
use crate::float::graph::{FloatKernel, FloatLayer, FloatTerm, Precision};

/// How far the shift stays below what small weights ask for where large ones ask for less.
const MOST_BELOW: u32 = 3;
/// Variance of rounding, in steps.
const ROUNDING: f64 = 1.0 / 12.0;
/// Sums of more weights than this are taken to be rounded like any: up and down.
const FEW_WEIGHTS: usize = 64;

impl Quantiser<'_> {
    /// The smallest shift that keeps the rounding of weights harmless, unless the weights do not
    /// fit: then the one at which layers lose least, by the rounding of their weights and by units
    /// that are coarser for them.
    /// Not if not `bold`: then it is one that all weights fit. Whether it is a larger one.
    pub(super) fn choose_shift(&mut self, bold: bool) -> bool {
        let noise = WEIGHT_NOISE / f64::from(1u32 << self.bits.weights);
        let (mut needed, mut squares, mut allowed) = (MIN_SHIFT, MIN_SHIFT, MAX_SHIFT);
        for (id, layer) in self.scaled() {
            squares = squares.max(bits(self.finest_square(id, layer)));
            let terms = weighed(self, layer);
            let variance = terms
                .map(|term| term.kernel.widest() as f64 * self.mean_square(term.source) * ROUNDING);
            needed = needed.max(bits(variance.sum::<f64>().sqrt() / noise));
            let largest = self.largest_weight(layer);
            if largest > 0.0 {
                let most = self.max_weight * self.unit(id) / largest;
                allowed = allowed.min(libm::log2(most.max(1.0)).floor() as u32);
            }
        }
        let needed = needed.max(squares).min(MAX_SHIFT);
        let usual = needed.min(allowed.max(needed.saturating_sub(MOST_BELOW)));
        // What is published may not tell how well private weights happen to fit.
        if self.options.private_weights || allowed >= needed {
            self.shift = usual;
            return false;
        }
        let least = allowed.max(squares.min(usual)).max(MIN_SHIFT);
        self.shift = match bold {
            true => self.least_lossy(least, needed),
            false => least,
        };
        self.shift > least
    }

    fn scaled(&self) -> impl Iterator<Item = (usize, &FloatLayer)> {
        let layers = self.graph.tensors.iter().enumerate();
        let layers = layers.filter_map(|(id, tensor)| Some((id, tensor.layer.as_ref()?)));
        layers.filter(|(_, layer)| layer.precision == Precision::Scaled)
    }

    /// The steps of a sum for each step of its key that the weights of its squares ask for, which
    /// are few and alike: what counts is that they are not rounded away.
    fn finest_square(&self, id: usize, layer: &FloatLayer) -> f64 {
        let squares = layer.terms.iter().filter(|t| self.is_square(t.source));
        let fine = squares.map(|term| {
            let square = self.scale(term.source);
            let smallest = smallest_weight(term) * square;
            let mixed = self.options.private_weights || largest_weight(term) * square > smallest;
            let least = match mixed {
                true => MIXED_SQUARE_WEIGHT,
                false => SQUARE_WEIGHT,
            };
            let fine = least * self.unit(id) / smallest;
            match smallest > 0.0 && fine.is_finite() {
                true => fine,
                false => 0.0,
            }
        });
        fine.fold(0.0, f64::max)
    }

    /// Mean of the squared integers of a tensor.
    fn mean_square(&self, source: usize) -> f64 {
        match self.graph.inputs.iter().position(|input| *input == source) {
            Some(input) => self.grids[input].mean_square,
            None => self.stats[source].mean_square / self.scale(source).powi(2),
        }
    }

    /// The shift from `least` to `most` at which layers lose least, all together.
    fn least_lossy(&self, least: u32, most: u32) -> u32 {
        let layers: Vec<(usize, &FloatLayer)> = self.scaled().collect();
        let lost = |shift: u32| -> f64 {
            let lost = layers
                .par_iter()
                .map(|(id, layer)| self.lost(*id, layer, shift));
            // In the layers' order, as sums of floats depend on it.
            lost.collect::<Vec<_>>().iter().sum()
        };
        let shifts = (least.clamp(MIN_SHIFT, most)..=most).map(|shift| (lost(shift), shift));
        // The smallest of equals.
        let best = shifts.reduce(|best, next| if next.0 < best.0 { next } else { best });
        best.map_or(most, |(_, shift)| shift)
    }

    /// The variance of what rounding weights and sums does to a layer, in steps of the unit that it
    /// should have.
    fn lost(&self, id: usize, layer: &FloatLayer, shift: u32) -> f64 {
        let fine = self.unit(id) / f64::from(1u32 << shift);
        let step = fine.max(self.largest_weight(layer) / self.max_weight);
        let errors = weighed(self, layer)
            .map(|term| self.weight_errors(term, step) * self.mean_square(term.source));
        let errors: f64 = errors.sum();
        let coarser = step / fine;
        errors * (step / self.unit(id)).powi(2) + coarser * coarser * ROUNDING
    }

    /// The largest sum of what rounding does to the weights of an output, squared.
    fn weight_errors(&self, term: &FloatTerm, step: f64) -> f64 {
        let widest = term.kernel.widest();
        if widest > FEW_WEIGHTS {
            return widest as f64 * ROUNDING;
        }
        let error = |weight: f64, cell: usize| {
            let weight = weight * self.source_scale(term.source, cell) / step;
            (weight - weight.round()).powi(2)
        };
        match &term.kernel {
            FloatKernel::Rows(rows) => {
                let errors = rows.iter().map(|row| {
                    let errors = row.iter().map(|(cell, w)| error(*w, *cell as usize));
                    errors.sum::<f64>()
                });
                errors.fold(0.0, f64::max)
            }
            FloatKernel::Conv(conv) => {
                let per_output = (conv.weights.len() / conv.channels[1].max(1)).max(1);
                let errors = conv.weights.chunks(per_output).map(|weights| {
                    let errors = weights.iter().map(|w| error(*w, 0));
                    errors.sum::<f64>()
                });
                errors.fold(0.0, f64::max)
            }
        }
    }
}

/// The terms of a layer whose weights are rounded as they are.
fn weighed<'a>(
    quantiser: &'a Quantiser<'_>,
    layer: &'a FloatLayer,
) -> impl Iterator<Item = &'a FloatTerm> {
    let terms = layer.terms.iter();
    terms.filter(|term| !quantiser.is_square(term.source))
}

/// Bits of a number of steps, rounded up.
fn bits(steps: f64) -> u32 {
    libm::log2(steps.max(1.0)).ceil() as u32
}
