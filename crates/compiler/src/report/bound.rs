//! How far the integers can be from the float model, for one input, without running them.
//!
//! Two things keep them apart. The integers compute on the *rounded* input; what that alone does to
//! the model's outputs is measured with the float model. And layers round weights, biases, keys and
//! values; how far that can carry each cell is followed from layer to layer: a cell whose sources
//! are within `e` of what they should be has a sum within `E = Σ |weight| · e` of the one its
//! integer weights make of exact sources, so its table is read somewhere between two keys, and the
//! worst of the entries there is its own error. Saturation, the steps of a table and the rounding
//! of weights are all in these entries. Square layers have no table: `(Y ± E)² − Y²`.
//!
//! Errors are taken to be independent of one another, so the bound is safe and, after many layers,
//! far from tight.

use crate::Result;
use crate::float::graph::FloatGraph;
use verdict_model::{CompiledModel, Function, IntegerGraph, Layer, ModelError, OutOfDomain};

/// Sums of real numbers are this exact, relative to what they add up.
const ROUNDING: f64 = 1e-13;

/// Bounds on the errors of every output's cells, in real units.
#[derive(Clone, Debug, PartialEq)]
pub struct ErrorBounds {
    /// What rounding the input alone does to the float model's outputs.
    pub input: Vec<Vec<f64>>,
    /// How far the integers can be from the float model on the rounded input; infinite where that
    /// has no finite value.
    pub rounding: Vec<Vec<f64>>,
}

impl ErrorBounds {
    /// How far each output's cells can be from the float model on the input as it was given.
    pub fn total(&self) -> Vec<Vec<f64>> {
        let add = |(a, b): (&Vec<f64>, &Vec<f64>)| a.iter().zip(b).map(|(a, b)| a + b).collect();
        self.input.iter().zip(&self.rounding).map(add).collect()
    }
}

/// A cell: the integer it would be if nothing were rounded before its own layer's weights, and how
/// far from that it can be.
#[derive(Clone, Copy)]
struct Cell {
    ideal: f64,
    error: f64,
}

/// The errors that `model`, compiled from `float`, can make on one row, `inputs[input][position]`.
pub fn error_bounds(
    float: &FloatGraph,
    model: &CompiledModel,
    inputs: &[Vec<f64>],
) -> Result<ErrorBounds> {
    let graph = model.graph();
    let float = &*float.as_compiled(graph);
    if graph.tensors.len() != float.tensors.len() || graph.outputs != float.outputs {
        return Err(ModelError::InvalidGraph {
            place: "graph".into(),
            detail: "it was not compiled from this ONNX file".into(),
        }
        .into());
    }
    let integers = model.quantise_input(inputs, OutOfDomain::Reject)?;
    let given = float.run(inputs);
    let rounded = float.run(&model.dequantise_input(&integers));
    let mut cells: Vec<Vec<Cell>> = Vec::with_capacity(graph.tensors.len());
    for (id, tensor) in graph.tensors.iter().enumerate() {
        cells.push(match &tensor.layer {
            None => {
                let position = graph.inputs.iter().position(|input| *input == id);
                let values = position.and_then(|position| integers.get(position));
                let exact = |x: &i32| Cell {
                    ideal: f64::from(*x),
                    error: 0.0,
                };
                values.into_iter().flatten().map(exact).collect()
            }
            Some(layer) => {
                let reals = rounded.values[id].iter().map(|real| real / tensor.scale);
                layer_cells(graph, layer, &cells, reals)
            }
        });
    }
    let outputs = || graph.outputs.iter();
    let apart = |a: &[f64], b: &[f64]| a.iter().zip(b).map(|(a, b)| distance(*a, *b)).collect();
    Ok(ErrorBounds {
        input: outputs()
            .map(|id| apart(&given.values[*id], &rounded.values[*id]))
            .collect(),
        rounding: outputs()
            .map(|id| {
                let scale = graph.tensors[*id].scale;
                cells[*id].iter().map(|cell| cell.error * scale).collect()
            })
            .collect(),
    })
}

/// The distance of two numbers; infinite unless both are numbers or both are missing.
fn distance(a: f64, b: f64) -> f64 {
    match (a.is_nan(), b.is_nan()) {
        (false, false) => (a - b).abs(),
        (true, true) => 0.0,
        _ => f64::INFINITY,
    }
}

/// The cells of a layer, given those before it and what its values should be, in steps of its own.
fn layer_cells(
    graph: &IntegerGraph,
    layer: &Layer,
    before: &[Vec<Cell>],
    ideals: impl Iterator<Item = f64>,
) -> Vec<Cell> {
    struct Sum {
        ideal: f64,
        error: f64,
        size: f64,
    }
    let start = |bias: &i64| Sum {
        ideal: *bias as f64,
        error: 0.0,
        size: bias.unsigned_abs() as f64,
    };
    let mut sums: Vec<Sum> = layer.bias.iter().map(start).collect();
    for term in &layer.terms {
        let source = &before[term.source];
        term.kernel.for_each(source.len(), |output, cell, weight| {
            if let (Some(sum), Some(cell)) = (sums.get_mut(output), source.get(cell)) {
                let weight = f64::from(weight);
                sum.ideal += weight * cell.ideal;
                sum.error += weight.abs() * cell.error;
                sum.size += (weight * cell.ideal).abs();
            }
        });
    }
    let function = &graph.functions[layer.function];
    let cell = |(sum, ideal): (Sum, f64)| {
        let error = sum.error + ROUNDING * sum.size;
        // Sums are whole numbers.
        let (low, high) = ((sum.ideal - error).ceil(), (sum.ideal + error).floor());
        match function {
            // What the square of two tensors' sum stands for is the square of this sum:
            // `Activation::Square`.
            Function::Square => Cell {
                ideal: sum.ideal * sum.ideal,
                error: sum.error * (2.0 * sum.ideal.abs() + sum.error),
            },
            Function::Table(table) => {
                let key = |sum: f64| ((sum as i64) >> table.shift).saturating_sub(table.q_min);
                let last = table.values.len() as i64 - 1;
                let within = |key: i64| key.clamp(0, last.max(0)) as usize;
                // An empty interval is rounding beyond what `ROUNDING` allows for; the nearest sum
                // will do.
                let (low, high) = if low <= high {
                    (low, high)
                } else {
                    (sum.ideal.floor(), sum.ideal.ceil())
                };
                let entries = table.values.get(within(key(low))..=within(key(high)));
                let errors = entries.into_iter().flatten();
                let errors = errors.map(|entry| distance(f64::from(*entry), ideal));
                Cell {
                    ideal,
                    error: errors.fold(0.0, f64::max),
                }
            }
        }
    };
    sums.into_iter().zip(ideals).map(cell).collect()
}
