//! Running the imported graph in double precision: calibration ranges and per-layer errors come
//! from here.

use rayon::prelude::*;

use crate::float::comparison::Test;
use crate::float::graph::{FloatGraph, FloatLayer, Precision};
use crate::float::key_unit::whole;
use crate::float::missing::Missing;
use verdict_model::DataSet;

/// Everything one inference computes over real numbers.
#[derive(Clone, Debug)]
pub struct FloatTrace {
    /// For every tensor of the graph.
    pub values: Vec<Vec<f64>>,
    /// What the layer's function was applied to, for every tensor of the graph; empty for inputs.
    pub sums: Vec<Vec<f64>>,
}

/// A difference is zero if it is nothing but the rounding of what it was made of.
const ROUNDING: f64 = 1e-12;

/// Makes sums zero that would be but for floating point: `b + (a − b)` may miss `a`, and then the
/// largest value were none of those compared.
pub(crate) fn settle(sums: &mut [f64], layer: &FloatLayer, values: &[Vec<f64>]) {
    let mut sizes: Vec<f64> = layer.bias.iter().map(|bias| bias.abs()).collect();
    for term in &layer.terms {
        term.kernel.add_sizes_to(&mut sizes, &values[term.source]);
    }
    for (sum, size) in sums.iter_mut().zip(sizes) {
        if sum.abs() <= ROUNDING * size {
            *sum = 0.0;
        }
    }
}

impl FloatGraph {
    /// Runs the graph on one row, `inputs[input][position]`; values that are not there count as
    /// zero, NaN as [missing](Missing).
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
            if matches!(layer.precision, Precision::Exact { .. }) && whole(&layer.activation) {
                settle(&mut sums, layer, &trace.values);
            }
            let values = match &layer.precision {
                Precision::Tests(tests) => {
                    let holds = |(v, test): (&f64, &Option<Test>)| {
                        f64::from(test.is_some_and(|test| test.holds(*v)))
                    };
                    sums.iter().zip(tests.iter()).map(holds).collect()
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
