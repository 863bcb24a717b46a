//! The integer reference executor: the specification of what a proof says.

use rayon::prelude::*;

use crate::data::Row;
use crate::graph::{IntegerGraph, Kernel, Layer};
use crate::{ModelError, Result};

/// Below this many weights a layer is not worth distributing over threads.
const PARALLEL_WEIGHTS: usize = 1 << 16;

/// Everything one inference computes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Trace {
    /// `x`, for every tensor of the graph.
    pub values: Vec<Vec<i32>>,
    /// `y`, for every tensor of the graph; empty for inputs.
    pub sums: Vec<Vec<i64>>,
}

impl Trace {
    /// The values of the graph's outputs.
    pub fn outputs(&self, graph: &IntegerGraph) -> Vec<Vec<i32>> {
        graph
            .outputs
            .iter()
            .map(|id| self.values.get(*id).cloned().unwrap_or_default())
            .collect()
    }
}

/// Runs `graph`, which must be [valid](IntegerGraph::validate), on one value list per input.
///
/// Fails only if the inputs do not fit the graph: their number, lengths or ranges.
pub fn execute(graph: &IntegerGraph, inputs: &[Vec<i32>]) -> Result<Trace> {
    check_inputs(graph, inputs)?;
    let mut trace = Trace {
        values: Vec::with_capacity(graph.tensors.len()),
        sums: Vec::with_capacity(graph.tensors.len()),
    };
    for (id, tensor) in graph.tensors.iter().enumerate() {
        let Some(layer) = &tensor.layer else {
            let position = graph.inputs.iter().position(|input| *input == id);
            let values = position
                .and_then(|position| inputs.get(position))
                .cloned()
                .unwrap_or_default();
            trace.values.push(values);
            trace.sums.push(Vec::new());
            continue;
        };
        let function = graph.functions.get(layer.function);
        let sums = sums(layer, &trace.values);
        let values = sums
            .iter()
            .map(|y| function?.value(*y))
            .collect::<Option<Vec<i32>>>()
            .ok_or_else(|| {
                ModelError::graph(
                    format!("tensor {id} `{}`", tensor.name),
                    "a look-up fell outside the table (graph not validated)",
                )
            })?;
        trace.values.push(values);
        trace.sums.push(sums);
    }
    Ok(trace)
}

/// Runs `graph` on many rows, in parallel.
pub fn execute_batch(graph: &IntegerGraph, rows: &[Row<i32>]) -> Result<Vec<Trace>> {
    rows.par_iter()
        .map(|inputs| execute(graph, inputs))
        .collect()
}

fn check_inputs(graph: &IntegerGraph, inputs: &[Vec<i32>]) -> Result<()> {
    if inputs.len() != graph.inputs.len() {
        return Err(ModelError::InputShape {
            input: "count".into(),
            detail: format!(
                "the model has {} inputs, {} were given",
                graph.inputs.len(),
                inputs.len()
            ),
        });
    }
    for (id, values) in graph.inputs.iter().zip(inputs) {
        let Some(tensor) = graph.tensors.get(*id) else {
            return Err(ModelError::graph(
                "graph",
                "an input names a tensor that does not exist",
            ));
        };
        let invalid = |detail| {
            Err(ModelError::InputShape {
                input: format!("`{}`", tensor.name),
                detail,
            })
        };
        if values.len() != tensor.len {
            return invalid(format!("{} values, expected {}", values.len(), tensor.len));
        }
        if let Some(position) = values
            .iter()
            .position(|v| *v < tensor.min || *v > tensor.max)
        {
            return invalid(format!(
                "value {position} is {}, expected an integer from {} to {}",
                values[position], tensor.min, tensor.max
            ));
        }
    }
    Ok(())
}

/// Validation bounds every partial sum, so wrapping arithmetic never wraps; it only keeps an
/// unvalidated graph from panicking.
fn sums(layer: &Layer, values: &[Vec<i32>]) -> Vec<i64> {
    let mut sums = layer.bias.clone();
    for term in &layer.terms {
        let Some(source) = values.get(term.source).filter(|source| !source.is_empty()) else {
            continue;
        };
        match &term.kernel {
            Kernel::Dense { weights } => {
                let add = |(sum, row): (&mut i64, &[i32])| {
                    let products = row
                        .iter()
                        .zip(source)
                        .map(|(w, x)| i64::from(*w) * i64::from(*x));
                    *sum = products.fold(*sum, i64::wrapping_add);
                };
                if weights.len() >= PARALLEL_WEIGHTS {
                    sums.par_iter_mut()
                        .zip(weights.par_chunks(source.len()))
                        .for_each(add);
                } else {
                    sums.iter_mut()
                        .zip(weights.chunks(source.len()))
                        .for_each(add);
                }
            }
            Kernel::Sparse { entries } => {
                for (output, cell, weight) in entries {
                    if let (Some(sum), Some(x)) =
                        (sums.get_mut(*output as usize), source.get(*cell as usize))
                    {
                        *sum = sum.wrapping_add(i64::from(*weight) * i64::from(*x));
                    }
                }
            }
            Kernel::Conv(conv) => conv.add_to(&mut sums, source),
        }
    }
    sums
}
