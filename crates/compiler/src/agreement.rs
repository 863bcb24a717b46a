//! How far integers are from the float model on the calibration data, relative to what is
//! tolerated.

use rayon::prelude::*;

use crate::Result;
use verdict_model::{IntegerGraph, Row, execute};

/// Share of rows whose top-1 may differ from the float model's.
const TOP1_TOLERANCE: f64 = 0.001;
/// Share of rows whose top-1 may be as close a call as the integers' typical error. A few hundred
/// calibration rows seldom show a flip that unseen data would.
const RISK_TOLERANCE: f64 = 0.005;
/// Worst error of a single output, relative to its calibrated range.
const ERROR_TOLERANCE: f64 = 0.01;

/// How far the integers are from the float model, relative to what is tolerated: of the worst
/// output. `rows` are the integers of the inputs, `[row][input][position]`, `reals` the float
/// model's outputs, `[row][output][position]`.
pub(crate) fn disagreement(graph: &IntegerGraph, rows: &[Row<i32>], reals: &[Row]) -> Result<f64> {
    let outputs = rows
        .par_iter()
        .map(|integers| Ok(execute(graph, integers)?.outputs(graph)))
        .collect::<Result<Vec<_>>>()?;
    let mut worst = 0.0f64;
    for (output, id) in graph.outputs.iter().enumerate() {
        let scale = graph.tensors[*id].scale;
        let pairs: Vec<Pair<'_>> = outputs
            .iter()
            .zip(reals)
            .map(|(integers, reals)| (&integers[output][..], &reals[output][..]))
            .collect();
        let badness = if graph.tensors[*id].len >= 2 {
            differing(&pairs).max(at_risk(&pairs, scale) / RISK_TOLERANCE)
        } else {
            error(&pairs, scale)
        };
        worst = worst.max(badness);
    }
    Ok(worst)
}

/// An output's integers and real numbers, of one row.
type Pair<'a> = (&'a [i32], &'a [f64]);

/// Rows whose best output is another one, relative to what is tolerated.
fn differing(pairs: &[Pair<'_>]) -> f64 {
    let differ = pairs.iter().filter(|(integers, reals)| {
        let best = top1(integers);
        // Equal float scores have no top-1 to agree with.
        best != top1(reals) && reals[best] < reals.iter().copied().fold(f64::NEG_INFINITY, f64::max)
    });
    differ.count() as f64 / pairs.len() as f64 / TOP1_TOLERANCE
}

/// The largest error of a single output over its range, relative to what is tolerated.
fn error(pairs: &[Pair<'_>], scale: f64) -> f64 {
    let reals = || pairs.iter().map(|(_, reals)| reals[0]);
    let range = reals().fold(f64::NEG_INFINITY, f64::max) - reals().fold(f64::INFINITY, f64::min);
    let range = if range > 0.0 {
        range
    } else {
        reals().map(f64::abs).fold(1e-9, f64::max)
    };
    let error = pairs
        .iter()
        .map(|(integers, reals)| (f64::from(integers[0]) * scale - reals[0]).abs())
        .fold(0.0, f64::max);
    error / range / ERROR_TOLERANCE
}

/// Share of rows whose lead of the best output over the second is less than the root mean square
/// error of that lead.
fn at_risk(pairs: &[Pair<'_>], scale: f64) -> f64 {
    let leads: Vec<(f64, f64)> = pairs
        .iter()
        .filter_map(|(integers, reals)| {
            let best = top1(reals);
            let second = (0..reals.len())
                .filter(|&i| i != best)
                .max_by(|&a, &b| reals[a].total_cmp(&reals[b]))?;
            let found = f64::from(integers[best] - integers[second]) * scale;
            // Equal float scores have no top-1 to lose.
            let lead = reals[best] - reals[second];
            (lead > 0.0).then_some((lead, found))
        })
        .collect();
    let rows = leads.len().max(1) as f64;
    let squares: f64 = leads
        .iter()
        .map(|(lead, found)| (lead - found).powi(2))
        .sum();
    let typical = (squares / rows).sqrt();
    // One close call happens however fine the integers are.
    let close = leads.iter().filter(|(lead, _)| *lead < typical).count();
    close.saturating_sub(1) as f64 / rows
}

/// The position of the largest value, the first of equals.
pub(crate) fn top1<T: PartialOrd>(values: &[T]) -> usize {
    (1..values.len()).fold(0, |best, i| if values[i] > values[best] { i } else { best })
}
