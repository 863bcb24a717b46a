//! Products in sums that are too coarse for them.
//!
//! A layer that adds up squares multiplies them by whole numbers of its own step. Beside terms of
//! much larger values, or under a function whose unit is fixed, that step is too large and these
//! weights round to something else or away. What that does to the sum may be less than its own
//! rounding; otherwise the products become a tensor of their own, with a step of their own (see
//! [`products`](crate::float::products)), or, if they are alone in the sum already, their factors
//! become coarser until they fit.

use super::{COARSER_FACTOR, MAX_SQUARE_ERROR, MAX_SQUARE_STEPS, MAX_STRETCH, Quantiser};
use crate::float::graph::{FloatGraph, FloatLayer, Precision};
use crate::float::products::{families, has_others};
use crate::quantise::scales::smallest_weight;
use crate::{CompileError, Result};

impl Quantiser<'_> {
    /// Notes what products of a layer have weights that round away, and which factors have to be
    /// coarser for them.
    pub(super) fn crowd(&mut self, id: usize, layer: &FloatLayer) {
        if matches!(layer.precision, Precision::Exact { .. }) {
            return;
        }
        let families = families(self.graph, layer);
        for (number, terms) in families.iter().enumerate() {
            let step = self.step(id, layer);
            let weights = terms.iter().map(|term| {
                let term = &layer.terms[*term];
                smallest_weight(term) * self.scale(term.source) / step
            });
            let off = |weight: &f64| {
                weight.is_finite() && (weight.round() / weight - 1.0).abs() > MAX_SQUARE_ERROR
            };
            let smallest = weights.filter(off).fold(f64::INFINITY, f64::min);
            let visible = MAX_SQUARE_STEPS * self.unit(id) / step;
            if smallest == f64::INFINITY || self.moved(layer, terms, step) <= visible {
                continue;
            }
            if alone(self.graph, layer)
                && let Some(class) = self.finest_factor(layer, terms)
            {
                // What was too fine for the factors as they were may do now.
                self.units[id] = self.calibrated[id];
                self.snaps[id] = 0;
                // Weights become whole from 1 on.
                let factor = (1.0 / smallest).clamp(COARSER_FACTOR.sqrt(), COARSER_FACTOR);
                self.coarser.push((id, class, factor));
                continue;
            }
            self.crowded.push((id, number));
        }
    }

    /// One step of a layer's sums.
    fn step(&self, id: usize, layer: &FloatLayer) -> f64 {
        match layer.precision {
            Precision::Unshifted => self.unit(id),
            _ => self.unit(id) / f64::from(1u32 << self.shift),
        }
    }

    /// How far rounding the weights of `terms` can move a sum, in steps of `step`.
    fn moved(&self, layer: &FloatLayer, terms: &[usize], step: f64) -> f64 {
        let mut moved = vec![0.0; layer.bias.len()];
        for term in terms.iter().map(|term| &layer.terms[*term]) {
            let source = &self.tensors[term.source];
            let unit = self.scale(term.source) / step;
            let errors = term.kernel.map(|w| (w * unit - (w * unit).round()).abs());
            errors.add_to(&mut moved, &vec![f64::from(source.max); source.len]);
        }
        moved.into_iter().fold(0.0, f64::max)
    }

    /// The class of a factor of products that may become coarser still, the finest first.
    fn finest_factor(&self, layer: &FloatLayer, terms: &[usize]) -> Option<usize> {
        let squares = terms.iter().map(|term| layer.terms[*term].source);
        let factors = squares
            .filter_map(|square| self.graph.tensors[square].layer.as_ref())
            .flat_map(|square| &square.terms);
        let classes = factors.filter_map(|factor| self.classes.of(factor.source));
        classes
            .filter(|class| self.classes.stretch(*class) * COARSER_FACTOR <= MAX_STRETCH)
            .min_by(|a, b| {
                let (a, b) = (self.classes.stretch(*a), self.classes.stretch(*b));
                a.total_cmp(&b)
            })
    }

    /// Fails if products of any layer round away.
    pub(super) fn check_products(&self) -> Result<()> {
        let of = |id: usize| {
            let tensor = &self.graph.tensors[id];
            tensor.layer.as_ref().map(|layer| (tensor, layer))
        };
        let mut crowded = self.crowded.iter().filter_map(|(id, _)| of(*id));
        let Some((tensor, layer)) = crowded.clone().next() else {
            return Ok(());
        };
        if let Some((tensor, layer)) = crowded.find(|(_, layer)| alone(self.graph, layer)) {
            return Err(CompileError::quantise(
                &tensor.name,
                format!(
                    "the squares it adds up (nodes {}) are too large for a shift of {}, though it adds up \
                     nothing else; lower activation_bits (--activation-bits) or raise table_bits (--table-bits)",
                    layer.nodes.join(", "),
                    self.shift
                ),
            ));
        }
        Err(CompileError::Products {
            tensor: tensor.name.clone(),
            nodes: layer.nodes.clone(),
            crowded: self.crowded.clone(),
        })
    }
}

/// Whether `layer` is nothing but a sum of products, with a unit of its own: a tensor of their own
/// would be no better.
fn alone(graph: &FloatGraph, layer: &FloatLayer) -> bool {
    layer.precision == Precision::Scaled
        && layer.activation.is_homogeneous()
        && families(graph, layer).len() == 1
        && !has_others(graph, layer)
}
