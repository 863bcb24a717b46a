//! Whether two readings of a file give the same values, up to rounding.

use rayon::prelude::*;

use super::noise;
use crate::float::graph::FloatGraph;
use crate::float::reference::Plan;
use verdict_model::Row;

/// What 32-bit arithmetic may be off by without anybody asking why, relative to the largest
/// magnitude that the cell has in any row: a thousand times its resolution, a hundredth of what
/// anybody would notice.
const CELL: f64 = 1e-4;
/// The same relative to the whole tensor, for cells that are next to nothing.
const TENSOR: f64 = 1e-6;
/// Beyond that, runs with [moved](noise) values tell how much rounding explains.
const RUNS: u64 = 16;
/// The runs are a sample: what is possible is more than what they show, by so many times as much
/// as they spread; but not for whole numbers.
const SAMPLED: f64 = 3.0;
/// Whole numbers below this have no rounding of their own.
const WHOLE: f64 = (1 << 23) as f64;
/// So many rows are looked into before the rest is believed.
const LOOKED_INTO: usize = 64;

/// Where two readings differ.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Difference {
    /// Which output.
    pub(super) output: usize,
    /// Which of its values.
    pub(super) position: usize,
    /// Which of the rows given.
    pub(super) row: usize,
    /// The importer's value.
    pub(super) ours: f64,
    /// tract's value.
    pub(super) theirs: f64,
}

/// One row as both read it.
struct Both {
    held: Row,
    ours: Vec<Vec<f64>>,
    theirs: Vec<Vec<f64>>,
}

fn both(graph: &FloatGraph, plan: &Plan, row: &Row) -> Result<Both, String> {
    let held = plan.held(row)?;
    let theirs = plan.run(row)?;
    let mut trace = graph.run(&held);
    let outputs = graph.outputs.iter();
    let ours: Vec<Vec<f64>> = outputs
        .map(|id| std::mem::take(&mut trace.values[*id]))
        .collect();
    for (name, (a, b)) in graph.output_names.iter().zip(ours.iter().zip(&theirs)) {
        if a.len() != b.len() {
            return Err(format!(
                "it gives {} values for `{name}` where there are {}",
                b.len(),
                a.len()
            ));
        }
    }
    Ok(Both { held, ours, theirs })
}

/// The first difference, of `rows`, that rounding does not explain; the error is what tract says
/// if it cannot run them.
pub(super) fn difference(
    graph: &FloatGraph,
    plan: &Plan,
    rows: &[&Row],
) -> Result<Option<Difference>, String> {
    let all: Vec<Both> = rows
        .par_iter()
        .map(|row| both(graph, plan, row))
        .collect::<Result<_, String>>()?;
    let allowed: Vec<Vec<f64>> = (0..graph.outputs.len())
        .map(|output| tolerances(&all, output))
        .collect();
    let off = |of: &Both, output: usize, position: usize| {
        let (a, b) = (of.ours[output][position], of.theirs[output][position]);
        // Infinite or no number on one side only is no matter of tolerances.
        let same = a == b || a.is_nan() && b.is_nan();
        if same { 0.0 } else { (a - b).abs() }
    };
    let cells = |of: &Both| -> Vec<(usize, usize)> {
        let outputs = allowed.iter().enumerate();
        let beyond = outputs.flat_map(|(output, cells)| {
            let cells = cells.iter().enumerate();
            cells.map(move |(position, allowed)| (output, position, *allowed))
        });
        let beyond = beyond.filter(|(output, position, allowed)| {
            let off = off(of, *output, *position);
            off.is_nan() || off > *allowed
        });
        beyond
            .map(|(output, position, _)| (output, position))
            .collect()
    };
    let suspect = all.iter().enumerate().map(|(row, of)| (row, of, cells(of)));
    let suspect: Vec<_> = suspect
        .filter(|(.., cells)| !cells.is_empty())
        .take(LOOKED_INTO)
        .collect();
    let found = suspect.par_iter().find_map_first(|(row, of, cells)| {
        let spread = spread(graph, of, plan.rounded);
        let theirs_moved = moved_runs(plan, rows[*row], &of.theirs);
        let explained = |(output, position): (usize, usize)| {
            let allowed = allowed[output][position];
            let (low, high) = spread[output][position];
            let more = match allowed > 0.0 {
                true => allowed + SAMPLED * (high - low),
                false => 0.0,
            };
            let theirs = of.theirs[output][position];
            if theirs >= low - more && theirs <= high + more {
                return true;
            }
            // The file's own steps may round more than those that the importer makes of them.
            let (low, high) = theirs_moved[output][position];
            let more = match allowed > 0.0 {
                true => allowed + SAMPLED * (high - low),
                false => 0.0,
            };
            let ours = of.ours[output][position];
            ours >= low - more && ours <= high + more
        };
        let (output, position) = *cells.iter().find(|cell| !explained(**cell))?;
        Some(Difference {
            output,
            position,
            row: *row,
            ours: of.ours[output][position],
            theirs: of.theirs[output][position],
        })
    });
    Ok(found)
}

/// What each value of an output may be off by.
fn tolerances(all: &[Both], output: usize) -> Vec<f64> {
    let Some(first) = all.first() else {
        return Vec::new();
    };
    let values = || {
        let pairs = all
            .iter()
            .flat_map(|of| [&of.ours[output], &of.theirs[output]]);
        pairs.flatten().copied()
    };
    // Decisions, classes, counts: as good as exact.
    if values().all(|v| v.fract() == 0.0 && v.abs() < WHOLE) {
        return vec![0.0; first.ours[output].len()];
    }
    let mut sizes = vec![0.0f64; first.ours[output].len()];
    for of in all {
        let pairs = of.ours[output].iter().zip(&of.theirs[output]);
        for (size, (a, b)) in sizes.iter_mut().zip(pairs) {
            // The smaller one: a value that is far too large must not excuse itself.
            *size = size.max(a.abs().min(b.abs()));
        }
    }
    let whole = sizes.iter().copied().fold(0.0, f64::max);
    sizes
        .iter()
        .map(|size| CELL * size + TENSOR * whole)
        .collect()
}

/// Between what moving the results of the file's own steps leaves each value of each output.
fn moved_runs(plan: &Plan, row: &Row, theirs: &[Vec<f64>]) -> Vec<Vec<(f64, f64)>> {
    let ends = |values: &Vec<f64>| values.iter().map(|v| (*v, *v)).collect();
    let mut spread: Vec<Vec<(f64, f64)>> = theirs.iter().map(ends).collect();
    for seed in 0..RUNS {
        // Who fails here ran before: its own values are all there is.
        for (spread, moved) in spread
            .iter_mut()
            .zip(plan.run_moved(row, seed).unwrap_or_default())
        {
            for ((low, high), moved) in spread.iter_mut().zip(moved) {
                (*low, *high) = (low.min(moved), high.max(moved));
            }
        }
    }
    spread
}

/// Between what rounding may leave each value of each output.
fn spread(graph: &FloatGraph, of: &Both, rounded: bool) -> Vec<Vec<(f64, f64)>> {
    let ends = |values: &Vec<f64>| values.iter().map(|v| (*v, *v)).collect();
    let mut spread: Vec<Vec<(f64, f64)>> = of.ours.iter().map(ends).collect();
    for seed in 0..RUNS {
        let values = noise::run(graph, &of.held, seed, rounded);
        for (spread, id) in spread.iter_mut().zip(&graph.outputs) {
            for ((low, high), moved) in spread.iter_mut().zip(&values[*id]) {
                (*low, *high) = (low.min(*moved), high.max(*moved));
            }
        }
    }
    spread
}
