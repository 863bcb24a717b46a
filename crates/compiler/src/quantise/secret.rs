//! What is different where weights are private: who audits a key knows their declared bits and
//! nothing else of them, and whatever is published must not say more.

use super::Quantiser;
use crate::float::activation::Activation;
use crate::float::graph::{FloatGraph, FloatLayer, Precision};
use crate::quantise::function::Rule;
use verdict_model::Layer;
use verdict_model::ranges::{Bound, LayerSecrets, layer_bounds};

impl Quantiser<'_> {
    /// Whether nobody but the owner sees the weights and biases of a tensor's layer.
    pub(super) fn hides(&self, id: usize) -> bool {
        let layer = self.graph.tensors.get(id).and_then(|t| t.layer.as_ref());
        self.options.private_weights && layer.is_some_and(|layer| !is_structure(layer))
    }

    /// What the sums of tensor `id`, which `layer` computes, can reach; of private weights all that
    /// have the same bits count.
    pub(super) fn bounds(&self, id: usize, layer: &Layer) -> Vec<Bound> {
        match self.hides(id) {
            true => LayerSecrets::of(layer).bounds(layer, self),
            false => layer_bounds(layer, self),
        }
    }

    /// The group of a tensor, for the unit that it has by now, with a table that saturates where
    /// calibration ends.
    ///
    /// What any private weights can reach makes units coarser. With as many steps as before a
    /// tensor would then reach farther, and so would what reads it: layer by layer ever more.
    pub(super) fn narrowed(&mut self, id: usize, group: usize) -> usize {
        let of = &self.groups[group];
        let Rule::Homogeneous { activation, limit } = &of.rule else {
            return group;
        };
        let excess = self.scale(id) / self.calibrated[id];
        if of.output || !self.hides(id) || !(excess >= 2.0 && excess.is_finite()) {
            return group;
        }
        let limit = f64::from(*limit) / previous_power_of_two(excess);
        let rule = Rule::Homogeneous {
            activation: activation.clone(),
            limit: limit.max(1.0) as i32,
        };
        let (output, class, shift) = (of.output, of.class, of.shift);
        self.join(rule, output, class, shift)
    }

    /// A scale as it may be published: the next power of two if it depends on private weights, so
    /// that it tells their magnitude and cannot confirm a guess.
    pub(super) fn published(&self, scale: f64) -> f64 {
        match self.options.private_weights {
            true => next_power_of_two(scale),
            false => scale,
        }
    }
}

impl Quantiser<'_> {
    /// What a unit of tensor `id` grows by at least `factor` to: whole numbers stay multiples of it as
    /// long as it divides 1.
    pub(super) fn grown(&self, id: usize, factor: f64) -> f64 {
        let doubled = next_power_of_two(factor);
        match self.whole[id] && self.unit(id) * doubled <= 1.0 {
            true => doubled,
            false => self.published(factor),
        }
    }
}

/// The smallest power of two from `scale` on; what is no positive number stays as it is.
pub(crate) fn next_power_of_two(scale: f64) -> f64 {
    if !(scale > 0.0 && scale.is_finite()) {
        return scale;
    }
    let (mantissa, exponent) = libm::frexp(scale);
    // The mantissa is at least 1/2, and that exactly for powers of two.
    let exponent = if mantissa > 0.5 {
        exponent
    } else {
        exponent - 1
    };
    libm::ldexp(1.0, exponent)
}

/// The largest power of two up to `scale`, which must be a positive number.
pub(crate) fn previous_power_of_two(scale: f64) -> f64 {
    libm::ldexp(1.0, libm::frexp(scale).1 - 1)
}

/// The tensors whose weights and biases are public even where all others are private.
pub(crate) fn structure(graph: &FloatGraph) -> Vec<usize> {
    let tensors = graph.tensors.iter().enumerate();
    tensors
        .filter(|(_, tensor)| tensor.layer.as_ref().is_some_and(is_structure))
        .map(|(id, _)| id)
        .collect()
}

/// Whether a layer follows from the model's structure: it is exact, adds and subtracts cells, and
/// its biases are none, or count what a conjunction asks for, or are known to be positions. All
/// other layers may hold what was trained.
fn is_structure(layer: &FloatLayer) -> bool {
    let unit = |weight: f64| weight == 0.0 || weight.abs() == 1.0;
    let mut weights = layer.terms.iter().flat_map(|term| term.kernel.weights());
    matches!(layer.precision, Precision::Exact { .. })
        && weights.all(unit)
        && (layer.public_bias
            || layer.bias.iter().all(|bias| *bias == 0.0)
            || layer.activation == Activation::Step && layer.bias == wanted(layer))
}

/// The biases of conjunctions: minus how many bits have to be 1.
fn wanted(layer: &FloatLayer) -> Vec<f64> {
    let mut twice = vec![0.0; layer.bias.len()];
    for term in &layer.terms {
        let source = term.kernel.reach();
        let ones = vec![1.0; source];
        // Positive weights and no others count in the sum of weights and magnitudes.
        term.kernel.add_to(&mut twice, &ones);
        term.kernel.absolute().add_to(&mut twice, &ones);
    }
    twice.into_iter().map(|sum| -sum / 2.0).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn scales_become_powers_of_two() {
        for (scale, expected) in [
            (1.0, 1.0),
            (0.5, 0.5),
            (0.500_001, 1.0),
            (3.0, 4.0),
            (1e-3, 1.0 / 512.0),
            (0.0, 0.0),
            (f64::INFINITY, f64::INFINITY),
        ] {
            assert_eq!(next_power_of_two(scale), expected);
        }
        for (scale, expected) in [(1.0, 1.0), (0.999, 0.5), (0.25, 0.25), (3.0, 2.0)] {
            assert_eq!(previous_power_of_two(scale), expected);
        }
    }
}
