//! Masks that the input decides: `score + weight · decision` in front of a soft-max or an ArgMax,
//! with a weight of −10⁴, −10⁹ or the smallest number there is.
//!
//! A tensor that holds such numbers beside scores of a few units has steps of thousands, and no
//! score is left. But nothing depends on the weight, as long as what it excludes stays excluded.
//! Say that the decisions are 0 or 1, that all weights are one `w`, and that scores without them
//! lie in `[low, high]`. Two cells of a group that `a` and `b > a` decisions exclude are
//! `(b − a)·w − (high − low)` apart at the least. With `w ≥ high − low + MARGIN` the second's
//! exponential is at most `e^−MARGIN` of the first's, for any such `w`; cells that as many
//! decisions exclude differ by their scores alone. So every such `w` gives the same soft-max up to
//! `n · e^−MARGIN`, and the smallest one keeps the scores' steps fine. It is looked up by the
//! decision, as weights of the scores' own step may be too small for it.

use std::borrow::Cow;

use rayon::prelude::*;

use crate::float::activation::Activation;
use crate::float::graph::{FloatGraph, FloatLayer, FloatTensor, Precision};
use crate::float::run::FloatTrace;
use crate::float::whole::has_whole_steps;
use crate::quantise::calibration::HEADROOM;
use verdict_model::DataSet;

/// A weight from which on a term may be a mask.
const HEAVY: f64 = 1e3;
/// The largest weight beside which a score keeps seven digits after the point in double precision.
pub(crate) const LARGEST: f64 = 1e9;
/// `e^−18` is 2·10⁻⁸.
const MARGIN: f64 = 18.0;
/// What stands for the bias of a cell that a constant mask excludes until scores are known.
pub(crate) const EXCLUDED: f64 = -1e4;
/// Weights that differ by less than this were the same number once.
const SAME: f64 = 1e-6;

/// Whether one of a cell's weights may exclude it.
pub(crate) fn is_heavy(weight: f64) -> bool {
    weight.abs() >= HEAVY
}

/// What a cell's bias is where nothing excludes it. A negative weight excludes where the decision
/// is 1; a positive one where it is 0, which the bias says.
pub(crate) fn open_bias(bias: f64, weights: impl Iterator<Item = f64>) -> f64 {
    let heavy = weights.filter(|weight| is_heavy(*weight) && *weight > 0.0);
    heavy.fold(bias, |open, weight| open + weight)
}

/// The graph with masks as light as the scores of these rows allow. Not where weights are private:
/// how far scores reach would show.
pub(crate) fn fitted<'a>(graph: &'a FloatGraph, data: &DataSet) -> Cow<'a, FloatGraph> {
    // What was made light before is looked up already.
    let graph = with_lowest(graph, data);
    let masks: Vec<Mask<'_>> = layers(&graph)
        .filter(|(_, layer)| layer.masked && layer.activation == Activation::Identity)
        .map(|(id, layer)| Mask::of(&graph, id, layer))
        .collect();
    if masks.is_empty() || graph.private_weights {
        return graph;
    }
    let none = || vec![Some(Scores::NONE); masks.len()];
    let seen = data.rows().par_iter().fold(none, |seen, row| {
        let trace = graph.run(row);
        let seen = seen.into_iter().zip(&masks);
        seen.map(|(scores, mask)| Some(scores?.join(mask.scores(&graph, &trace)?)))
            .collect()
    });
    let seen = seen.reduce(none, |a, b| {
        let both = a.into_iter().zip(b);
        both.map(|(a, b)| Some(a?.join(b?))).collect()
    });
    let mut fitted = (*graph).clone();
    for (mask, scores) in masks.iter().zip(seen) {
        if let Some(layer) = scores.and_then(|scores| mask.lighter(&graph.tensors, scores)) {
            let tensor = &mut fitted.tensors[mask.id];
            tracing::debug!(tensor = tensor.name, function = ?layer.activation, "mask");
            tensor.layer = Some(layer);
        }
    }
    Cow::Owned(fitted)
}

/// The graph with logits that a constant mask excludes as low as the tensor goes, and no lower.
///
/// What is excluded is never asked for: a soft-max only needs that it lies below the maximum of what
/// is not, and takes off more after that. With `R` the largest magnitude of logits that count and
/// `E` the largest of those that do not, both by these rows, `−HEADROOM·(R + E)` takes these below
/// the tensor's lowest value, `−HEADROOM·R`, at which they saturate.
fn with_lowest<'a>(graph: &'a FloatGraph, data: &DataSet) -> Cow<'a, FloatGraph> {
    let excluding =
        |layer: &FloatLayer| layer.activation == Activation::Identity && !layer.excluded.is_empty();
    let found: Vec<usize> = layers(graph)
        .filter(|(_, layer)| excluding(layer))
        .map(|(id, _)| id)
        .collect();
    if found.is_empty() {
        return Cow::Borrowed(graph);
    }
    let reach = |row: &verdict_model::Row| -> Vec<f64> {
        let trace = graph.run(row);
        let of = |id: &usize| {
            let excluded = graph.tensors[*id].layer.iter();
            let excluded: Vec<u32> = excluded.flat_map(|of| of.excluded.clone()).collect();
            let (mut counts, mut not) = (0.0f64, 0.0f64);
            let bias = graph.tensors[*id].layer.iter().flat_map(|of| &of.bias);
            for (cell, (sum, bias)) in trace.sums[*id].iter().zip(bias).enumerate() {
                match excluded.binary_search(&(cell as u32)) {
                    Ok(_) => not = not.max(sum - bias),
                    Err(_) => counts = counts.max(sum.abs()),
                }
            }
            HEADROOM * (counts + not)
        };
        found.iter().map(of).collect()
    };
    let larger = |a: Vec<f64>, b: Vec<f64>| a.iter().zip(&b).map(|(a, b)| a.max(*b)).collect();
    let none = || vec![0.0; found.len()];
    let reach = data.rows().par_iter().map(reach).reduce(none, larger);
    let mut lowest = graph.clone();
    for (id, reach) in found.iter().zip(reach) {
        if let Some(layer) = lowest.tensors[*id].layer.as_mut() {
            for cell in &layer.excluded {
                layer.bias[*cell as usize] = -reach;
            }
        }
    }
    Cow::Owned(lowest)
}

/// Whether a layer's values depend on how far a mask takes what it excludes, where nothing else
/// does.
pub(crate) fn is_beside_one(graph: &FloatGraph, layer: &FloatLayer) -> bool {
    let masked = |id: usize| {
        let layer = graph.tensors[id].layer.as_ref();
        layer.is_some_and(|layer| layer.masked)
    };
    layer.masked || layer.terms.iter().any(|term| masked(term.source))
}

/// The layers of a graph, with the tensors' numbers.
fn layers(graph: &FloatGraph) -> impl Iterator<Item = (usize, &FloatLayer)> {
    let tensors = graph.tensors.iter().enumerate();
    tensors.filter_map(|(id, tensor)| Some((id, tensor.layer.as_ref()?)))
}

/// A mask and the scores it is added to.
struct Mask<'a> {
    id: usize,
    layer: &'a FloatLayer,
    scores: Vec<(usize, &'a FloatLayer)>,
}

impl<'a> Mask<'a> {
    fn of(graph: &'a FloatGraph, id: usize, layer: &'a FloatLayer) -> Self {
        let reads =
            |(_, layer): &(usize, &FloatLayer)| layer.terms.iter().any(|term| term.source == id);
        let scores = layers(graph).filter(reads).collect();
        Self { id, layer, scores }
    }

    /// Where one row's scores lie without any mask; `None` if what decides this one is no decision.
    fn scores(&self, graph: &FloatGraph, trace: &FloatTrace) -> Option<Scores> {
        let mut decided = true;
        for term in &self.layer.terms {
            term.kernel.for_each(|_, source| {
                let decision = trace.values[term.source][source];
                decided &= decision == 0.0 || decision == 1.0;
            });
        }
        let mut seen = Scores::NONE;
        for (id, layer) in &self.scores {
            let mut scores = trace.sums[*id].clone();
            for term in &layer.terms {
                let of = graph.tensors[term.source].layer.as_ref();
                if of.is_some_and(|layer| layer.masked) {
                    let without = term.kernel.map(|weight| -weight);
                    without.add_to(&mut scores, &trace.values[term.source]);
                }
            }
            let finite = scores.into_iter().filter(|score| score.is_finite());
            seen = finite.fold(seen, |seen, score| seen.join(Scores(score, score)));
        }
        decided.then_some(seen)
    }

    /// The mask as light as the scores allow, if its weights are the same and it is heavier.
    fn lighter(&self, tensors: &[FloatTensor], Scores(low, high): Scores) -> Option<FloatLayer> {
        let weights = self
            .layer
            .terms
            .iter()
            .flat_map(|term| term.kernel.weights());
        let weights: Vec<f64> = weights.filter(|weight| *weight != 0.0).collect();
        let first = *weights.first()?;
        let same = |weight: &f64| (weight - first).abs() <= SAME * first.abs();
        let light = high - low + MARGIN;
        if low > high || !weights.iter().all(same) || first.abs() <= light {
            return None;
        }
        let mut layer = self.layer.clone();
        for term in &mut layer.terms {
            term.kernel = term.kernel.map(|weight| f64::from(weight != 0.0));
        }
        layer.bias.fill(0.0);
        // Entry 0 is for a decision of 0.
        let entries = if first < 0.0 {
            [0.0, -light]
        } else {
            [-light, 0.0]
        };
        layer.activation = Activation::Lookup(entries.into());
        let whole = |source: usize| {
            tensors[source].layer.is_none() || has_whole_steps(tensors, source, &|_| false)
        };
        if layer.terms.iter().all(|term| whole(term.source)) {
            layer.precision = Precision::Exact { within: None };
        }
        Some(layer)
    }
}

/// The smallest and the largest of scores.
#[derive(Clone, Copy, Debug)]
struct Scores(f64, f64);

impl Scores {
    const NONE: Self = Self(f64::INFINITY, f64::NEG_INFINITY);

    fn join(self, other: Self) -> Self {
        Self(self.0.min(other.0), self.1.max(other.1))
    }
}
