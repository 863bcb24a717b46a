//! Running the imported graph in double precision: calibration ranges and per-layer errors come from here.

use rayon::prelude::*;

use crate::data::DataSet;
use crate::float_graph::{Activation, FloatGraph, FloatLayer, Precision};
use crate::missing::Missing;
use crate::test::Test;

/// A few units in the last place.
const ROUNDING: f64 = 1e-14;

/// Everything one inference computes over real numbers.
#[derive(Clone, Debug)]
pub struct FloatTrace {
    /// For every tensor of the graph.
    pub values: Vec<Vec<f64>>,
    /// What the layer's function was applied to, for every tensor of the graph; empty for inputs.
    pub sums: Vec<Vec<f64>>,
}

/// Whether the function tells zero from what is next to it.
fn compares(activation: &Activation) -> bool {
    matches!(activation, Activation::Step | Activation::IsZero)
}

/// Integers that are equal have a difference of zero; of real numbers that were computed in different ways (`b + (a − b)`, say) it may
/// be this, which hence counts as zero.
fn rounding(layer: &FloatLayer, values: &[Vec<f64>]) -> f64 {
    let read = layer.terms.iter().flat_map(|term| &values[term.source]);
    let largest = read.chain(&layer.bias).map(|v| v.abs()).fold(0.0, f64::max);
    largest * ROUNDING
}

impl FloatGraph {
    /// Runs the graph on one row, `inputs[input][position]`; values that are not there count as zero, NaN as [missing](Missing).
    pub fn run(&self, inputs: &[Vec<f64>]) -> FloatTrace {
        let mut trace = FloatTrace {
            values: Vec::new(),
            sums: Vec::new(),
        };
        for (id, tensor) in self.tensors.iter().enumerate() {
            let Some(layer) = &tensor.layer else {
                let position = self.inputs.iter().position(|input| *input == id);
                let mut values = position
                    .and_then(|i| inputs.get(i))
                    .cloned()
                    .unwrap_or_default();
                values.resize(tensor.len, 0.0);
                let missing = position.and_then(|i| self.missing.get(i));
                for (value, missing) in values.iter_mut().zip(missing.into_iter().flatten()) {
                    if let (true, Missing::Imputed(instead)) = (value.is_nan(), missing) {
                        *value = *instead;
                    }
                }
                trace.values.push(values);
                trace.sums.push(Vec::new());
                continue;
            };
            let mut sums = layer.bias.clone();
            for term in &layer.terms {
                term.kernel.add_to(&mut sums, &trace.values[term.source]);
            }
            let values = match &layer.precision {
                Precision::Tests(tests) => {
                    let holds = |(v, test): (&f64, &Option<Test>)| {
                        f64::from(test.is_some_and(|test| test.holds(*v)))
                    };
                    sums.iter().zip(tests.iter()).map(holds).collect()
                }
                Precision::Exact { .. } if compares(&layer.activation) => {
                    let rounding = rounding(layer, &trace.values);
                    let settled = |v: &f64| if v.abs() <= rounding { 0.0 } else { *v };
                    let apply = |v: &f64| layer.activation.apply(settled(v));
                    sums.iter().map(apply).collect()
                }
                _ => sums.iter().map(|v| layer.activation.apply(*v)).collect(),
            };
            trace.values.push(values);
            trace.sums.push(sums);
        }
        trace
    }

    /// Runs every row of `data`, in parallel.
    pub fn run_all(&self, data: &DataSet) -> Vec<FloatTrace> {
        data.rows()
            .par_iter()
            .map(|inputs| self.run(inputs))
            .collect()
    }
}
