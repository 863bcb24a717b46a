//! How much rounding can move: a run whose every inexact result is off by a little.
//!
//! Two programs that compute the same in 32-bit floats differ by the order they add up in and by
//! how they approximate functions. What that comes to at an output depends on what lies between: a
//! difference of near equals, a comparison right at its edge. Instead of a bound that covers all
//! of it and hides mistakes, the graph is run a few times with every result that 32 bits cannot
//! hold moved by as much as such programs differ. What stays in place then was exact, and must be
//! the same for everybody.

use crate::float::activation::Activation;
use crate::float::comparison::Test;
use crate::float::expression::{Step, Unary};
use crate::float::graph::{FloatGraph, FloatLayer, Precision};
use crate::float::key_unit::whole;
use crate::float::missing::Missing;
use crate::float::reference::Signs;
use crate::float::run::settle;

/// Half a unit in the last place of a 32-bit float.
const HALF_ULP: f64 = 1.0 / (1u32 << 24) as f64;
/// What approximations of functions are off by, relative to their values.
const FUNCTION: f64 = 8.0 * HALF_ULP;

/// A value that is off by `size` if 32 bits do not hold it.
fn moved(signs: &mut Signs, value: f64, size: f64) -> f64 {
    if f64::from(value as f32) == value || !value.is_finite() {
        return value;
    }
    value + signs.next() * size
}

/// The values of all tensors of one row, moved. `rounded`: constants are, so inputs move as well.
pub(super) fn run(
    graph: &FloatGraph,
    inputs: &[Vec<f64>],
    seed: u64,
    rounded: bool,
) -> Vec<Vec<f64>> {
    let mut signs = Signs(seed);
    let mut all: Vec<Vec<f64>> = Vec::with_capacity(graph.tensors.len());
    for (id, tensor) in graph.tensors.iter().enumerate() {
        let values = match &tensor.layer {
            None => {
                let mut values = input(graph, id, inputs);
                if rounded {
                    let off = |v: &mut f64| *v += signs.next() * v.abs() * 2.0 * HALF_ULP;
                    values.iter_mut().for_each(off);
                }
                values
            }
            Some(layer) => applied(layer, &all, &mut signs),
        };
        all.push(values);
    }
    all
}

fn input(graph: &FloatGraph, id: usize, inputs: &[Vec<f64>]) -> Vec<f64> {
    let position = graph.inputs.iter().position(|input| *input == id);
    let values = position.and_then(|i| inputs.get(i)).cloned();
    let mut values = values.unwrap_or_default();
    values.resize(graph.tensors[id].len, 0.0);
    let missing = position.and_then(|i| graph.missing.get(i));
    for (value, missing) in values.iter_mut().zip(missing.into_iter().flatten()) {
        if let (true, Missing::Imputed(instead)) = (value.is_nan(), missing) {
            *value = *instead;
        }
    }
    values
}

/// A layer's values.
fn applied(layer: &FloatLayer, all: &[Vec<f64>], signs: &mut Signs) -> Vec<f64> {
    let mut sums = layer.bias.clone();
    for term in &layer.terms {
        term.kernel.add_to(&mut sums, &all[term.source]);
    }
    match &layer.precision {
        // Comparisons, and parts of them, which other programs make directly: nothing is rounded.
        Precision::Exact { .. } => {
            if whole(&layer.activation) {
                settle(&mut sums, layer, all);
            }
            sums.iter().map(|v| layer.activation.apply(*v)).collect()
        }
        Precision::Tests(tests) => sums
            .iter()
            .zip(tests.iter())
            .map(|(v, test): (&f64, &Option<Test>)| {
                f64::from(test.is_some_and(|test| test.holds(*v)))
            })
            .collect(),
        _ => {
            rounded(&mut sums, layer, all, signs);
            let values = sums.iter();
            values
                .map(|v| function(&layer.activation, *v, signs))
                .collect()
        }
    }
}

/// Moves sums by what adding up in another order may change.
fn rounded(sums: &mut [f64], layer: &FloatLayer, all: &[Vec<f64>], signs: &mut Signs) {
    let mut sizes: Vec<f64> = layer.bias.iter().map(|bias| bias.abs()).collect();
    let mut exact = layer.bias.iter().copied().all(held);
    let mut widest = 0;
    for term in &layer.terms {
        let source = &all[term.source];
        term.kernel.add_sizes_to(&mut sizes, source);
        widest += term.kernel.widest();
        exact = exact && source.iter().copied().all(held) && term.kernel.weights().all(held);
    }
    // Sums of whole numbers that 32 bits hold are exact in any order.
    if exact && sizes.iter().all(|size| *size * HALF_ULP < 1.0) {
        return;
    }
    let share = HALF_ULP * (2.0 + (widest as f64).sqrt());
    // A single product or copy that 32 bits hold is exact as well; a sum that they hold may be
    // what is left of others that they do not.
    let single = widest <= 1 && layer.bias.iter().all(|bias| *bias == 0.0);
    for (sum, size) in sums.iter_mut().zip(&sizes) {
        *sum = match single {
            true => moved(signs, *sum, size * share),
            false => *sum + signs.next() * size * share,
        };
    }
}

/// Whether it is a whole number that 32 bits hold.
fn held(value: f64) -> bool {
    f64::from(value as f32) == value && value.fract() == 0.0
}

fn function(activation: &Activation, v: f64, signs: &mut Signs) -> f64 {
    match activation {
        Activation::Expression(expression) => expression.apply_with(v, |step, value| {
            // Near their ends these are approximated to so many digits behind the point.
            let bounded = matches!(
                step,
                Step::Unary(Unary::Sigmoid | Unary::Tanh | Unary::Erf, _)
            );
            let size = if bounded { 1.0 } else { value.abs() };
            moved(signs, value, size * FUNCTION)
        }),
        Activation::Sigmoid | Activation::Tanh => moved(signs, activation.apply(v), FUNCTION),
        _ => activation.apply(v),
    }
}
