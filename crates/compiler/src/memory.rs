//! What compiling takes memory for, estimated from shapes before it is taken.
//!
//! A model of a few kilobytes can stand for any number of weights: a product of matrices has those
//! of each of its cells, and every run of calibration data keeps all cells of all tensors. So what
//! a node makes, and what measuring a graph takes, is compared with what there is room for.

use crate::float::graph::{FloatGraph, FloatKernel};
use crate::{CompileError, Result};

/// A row of weights without any.
const ROW: u64 = 24;
/// A weight of a row, with its cell.
const WEIGHT: u64 = 16;
/// A bias, or any other real number.
const REAL: u64 = 8;
/// A weight in integers, with its cells.
const ENTRY: u64 = 12;
/// A weight of a matrix of integers.
const DENSE: u64 = 4;
/// A product of two cells.
const PRODUCT: u64 = 320;
/// Integer graphs at a time: the best one, the one that is tried, and the planner's.
const ATTEMPTS: u64 = 3;
/// Copies of the file: as it is read, decoded, and as tract holds its weights.
const FILES: u64 = 4;
/// A cell in a run: its value and its sum, as real numbers and as integers.
const RUN: u64 = 2 * REAL + 4 + 8;
/// An input's cell in a row of data: as read, and on grids of a few numbers of bits.
const INPUT: u64 = 2 * REAL + 3 * 4;
/// An output's cell in a row: what the float model, tract and the integers say.
const OUTPUT: u64 = 3 * REAL;
const GIB: f64 = (1u64 << 30) as f64;

/// Bytes of `rows` rows with so many weights together, biases included.
pub(crate) fn rows(rows: usize, weights: usize) -> u64 {
    let rows = (rows as u64).saturating_mul(ROW + REAL);
    rows.saturating_add((weights as u64).saturating_mul(WEIGHT))
}

/// Bytes of so many products of two cells, while they are made: each is listed, looked up, and the
/// square of a sum.
pub(crate) fn products(count: usize) -> u64 {
    (count as u64).saturating_mul(PRODUCT)
}

/// Refuses `place` if it `needs` more bytes than the limit.
pub(crate) fn check(
    place: impl FnOnce() -> String,
    needs: u64,
    limit: Option<u64>,
    help: &'static str,
) -> Result<()> {
    match limit {
        Some(limit) if needs > limit => Err(CompileError::Memory {
            place: place(),
            needs: needs as f64 / GIB,
            limit: limit as f64 / GIB,
            help,
        }),
        _ => Ok(()),
    }
}

/// What measuring and quantising `graph` on so many rows of data takes, its own weights included.
pub(crate) fn compiling(graph: &FloatGraph, data_rows: usize, threads: usize) -> u64 {
    let (mut real, mut integer, mut cells) = (0u64, 0u64, 0u64);
    for tensor in &graph.tensors {
        cells += tensor.len as u64;
        let Some(layer) = &tensor.layer else { continue };
        let biases = REAL * layer.bias.len() as u64;
        (real, integer) = (real + biases, integer + biases);
        for term in &layer.terms {
            let (a, b) = match &term.kernel {
                FloatKernel::Rows(all) => {
                    let weights = all.iter().map(Vec::len).sum();
                    let matrix = (all.len() as u64) * graph.tensors[term.source].len as u64;
                    let least = (DENSE * matrix).min(ENTRY * weights as u64);
                    (rows(all.len(), weights), least)
                }
                FloatKernel::Conv(conv) => {
                    let weights = conv.weights.len() as u64;
                    (REAL * weights, DENSE * weights)
                }
            };
            (real, integer) = (real + a, integer + b);
        }
    }
    let len = |ids: &[usize]| ids.iter().map(|id| graph.tensors[*id].len as u64).sum();
    let (inputs, outputs): (u64, u64) = (len(&graph.inputs), len(&graph.outputs));
    let row = INPUT * inputs + OUTPUT * outputs;
    real + ATTEMPTS * integer
        + FILES * graph.onnx.len() as u64
        + RUN * cells * threads as u64
        + row.saturating_mul(data_rows as u64)
}
