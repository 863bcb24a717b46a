//! How far integers are from the float model on the calibration data, relative to what is
//! tolerated.

use rayon::prelude::*;

use crate::Result;
use crate::float::graph::{Choices, OutputKind};
use verdict_model::{IntegerGraph, Row, Tensor, execute};

/// Share of rows whose top-1 may differ from the float model's, or whose whole numbers may.
const TOP1_TOLERANCE: f64 = 0.001;
/// Share of rows whose top-1 may be as close a call as the integers' typical error. A few hundred
/// calibration rows seldom show a flip that unseen data would.
const RISK_TOLERANCE: f64 = 0.005;
/// Values that differ by less than this share of the largest one are one constant.
const SAME: f64 = 1e-5;
/// Worst error of scores that only a class is chosen by, relative to their calibrated range: half of
/// what a model is refused for.
const SCORES: f64 = 0.05;
/// Whole numbers beyond this are as good as real ones: no tensor has as many integers.
pub(crate) const MAX_WHOLE: f64 = 16384.0;

/// What is compared with the float model.
pub(crate) struct Expected<'a> {
    /// What each output is.
    pub(crate) purposes: &'a [Purpose],
    /// The float model's outputs, `[row][output][position]`.
    pub(crate) reals: &'a [Row],
    /// Worst error of a value that is tolerated, relative to its output's calibrated range.
    pub(crate) tolerance: f64,
    /// Whether to take what an output is for from nothing but its size: several numbers are scores
    /// of classes.
    pub(crate) by_size: bool,
}

/// What an output is for.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Purpose {
    pub(crate) kind: OutputKind,
    /// Whether somebody said so, and not the file alone: then nothing else counts.
    pub(crate) stated: bool,
    /// Where its classes lie, if that is known.
    pub(crate) choices: Option<Choices>,
}

/// How well integers keep to the float model.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub(crate) struct Agreement {
    /// The worst of what each output is judged by, relative to what is tolerated: up to 1 it is
    /// reached.
    pub(crate) badness: f64,
    /// As `badness`, but for one decision and for close calls that were kept: among a few hundred
    /// rows there may be one so close that no bits keep it.
    pub(crate) spared: f64,
    /// Worst error of an output, relative to its calibrated range; whatever the output is.
    pub(crate) error: f64,
    /// Share of rows of which a class, or a whole number, is another one.
    pub(crate) other_decisions: f64,
}

impl Agreement {
    pub(crate) fn reached(&self) -> bool {
        self.badness <= 1.0
    }

    /// What the better of two has less of. A few hundred rows count flips coarsely, so errors have
    /// a say as well.
    pub(crate) fn score(&self) -> f64 {
        self.badness.max(1.0) * self.error.max(f64::MIN_POSITIVE)
    }
}

/// Compares the integers of an output with the float model, for the worst of all. `rows` are the
/// integers of the inputs, `[row][input][position]`.
pub(crate) fn agreement(
    graph: &IntegerGraph,
    rows: &[Row<i32>],
    expected: &Expected<'_>,
) -> Result<Agreement> {
    let outputs = rows
        .par_iter()
        .map(|integers| Ok(execute(graph, integers)?.outputs(graph)))
        .collect::<Result<Vec<_>>>()?;
    let mut worst = Agreement::default();
    for (output, id) in graph.outputs.iter().enumerate() {
        let scale = graph.tensors[*id].scale;
        let pairs: Vec<Pair<'_>> = outputs
            .iter()
            .zip(expected.reals)
            .map(|(integers, reals)| (&integers[output][..], &reals[output][..]))
            .collect();
        let tensor = &graph.tensors[*id];
        let asked = match expected.by_size {
            true => Asked::by_size(tensor.len),
            false => {
                let purpose = expected.purposes.get(output).copied();
                Asked::of(tensor, purpose.unwrap_or_default())
            }
        };
        let one = judge(&pairs, &asked, scale, expected);
        worst.badness = worst.badness.max(one.badness);
        worst.spared = worst.spared.max(one.spared);
        worst.error = worst.error.max(one.error);
        worst.other_decisions = worst.other_decisions.max(one.other_decisions);
    }
    Ok(worst)
}

/// What is asked of an output: how many classes it has scores of, if it has any, and whether its
/// values count by themselves.
struct Asked {
    classes: Option<Choices>,
    values: bool,
    /// The worst error of scores that nobody asked for by themselves.
    scores: f64,
}

impl Asked {
    fn by_size(len: usize) -> Self {
        Self {
            classes: (len >= 2).then(|| Choices::of_neighbours(len)),
            values: len < 2,
            scores: f64::INFINITY,
        }
    }

    fn of(tensor: &Tensor, purpose: Purpose) -> Self {
        let classes = chosen(&tensor.shape, purpose);
        Self {
            classes,
            values: purpose.kind != OutputKind::Classes || classes.is_none(),
            scores: match purpose.stated {
                true => f64::INFINITY,
                false => SCORES,
            },
        }
    }
}

/// Where the classes of an output of this shape lie, if its largest value counts.
pub(crate) fn chosen(shape: &[usize], purpose: Purpose) -> Option<Choices> {
    let len: usize = shape.iter().product();
    let last = shape.last().copied().unwrap_or(len);
    let classes = match purpose.kind {
        OutputKind::Classes => {
            let fits = |of: &Choices| len.is_multiple_of(of.classes * of.stride);
            if let Some(known) = purpose.choices.filter(fits) {
                return Some(known);
            }
            if last >= 2 { last } else { len }
        }
        // Planes and sequences that nothing is chosen from hold quantities.
        OutputKind::Both if last == len => len,
        _ => return None,
    };
    (classes >= 2).then(|| Choices::of_neighbours(classes))
}

/// One output's agreement.
fn judge(pairs: &[Pair<'_>], asked: &Asked, scale: f64, expected: &Expected<'_>) -> Agreement {
    let worst = error(pairs, scale, f64::INFINITY);
    let mut found = Agreement {
        error: worst,
        ..Agreement::default()
    };
    let mut decided = |others: usize, of: usize| {
        let share = |others: usize| others as f64 / of.max(1) as f64;
        found.other_decisions = found.other_decisions.max(share(others));
        found.badness = found.badness.max(share(others) / TOP1_TOLERANCE);
        let spared = share(others.saturating_sub(1)) / TOP1_TOLERANCE;
        found.spared = found.spared.max(spared);
    };
    let (mut risk, mut values) = (0.0, worst);
    if let Some(classes) = asked.classes {
        let integers = pairs
            .iter()
            .flat_map(|(integers, _)| classes.apart(integers));
        let reals = pairs.iter().flat_map(|(_, reals)| classes.apart(reals));
        let parts: Vec<(Vec<i32>, Vec<f64>)> = integers.zip(reals).collect();
        let parts = parts.iter();
        let parts: Vec<Pair<'_>> = parts.map(|(a, b)| (&a[..], &b[..])).collect();
        decided(differing(&parts), parts.len());
        risk = at_risk(&parts, scale) / RISK_TOLERANCE;
    }
    if !asked.values {
        // Whatever is chosen, scores that are far off are none.
        values *= expected.tolerance / asked.scores;
    } else if !expected.by_size && are_whole(pairs) {
        // A flip is another number, however far it is; what rounds to the same one is near enough
        // if it is near.
        decided(not_whole(pairs, scale), pairs.len());
        values = error(pairs, scale, 0.5);
    }
    let values = values / expected.tolerance;
    found.badness = found.badness.max(risk).max(values);
    found.spared = found.spared.max(values);
    found
}

/// An output's integers and real numbers, of one row.
type Pair<'a> = (&'a [i32], &'a [f64]);

/// Rows whose best output is another one.
fn differing(pairs: &[Pair<'_>]) -> usize {
    let differ = pairs.iter().filter(|(integers, reals)| {
        let best = top1(integers);
        // Equal float scores have no top-1 to agree with.
        best != top1(reals) && reals[best] < reals.iter().copied().fold(f64::NEG_INFINITY, f64::max)
    });
    differ.count()
}

/// Whether all values of an output are whole numbers that integers can hold.
fn are_whole(pairs: &[Pair<'_>]) -> bool {
    let mut reals = pairs.iter().flat_map(|(_, reals)| reals.iter());
    reals.all(|real| real.fract() == 0.0 && real.abs() <= MAX_WHOLE)
}

/// In how many rows a value is nearer to another whole number: a row is what is refused or proved,
/// however many values it has.
fn not_whole(pairs: &[Pair<'_>], scale: f64) -> usize {
    let off = pairs.iter().filter(|(integers, reals)| {
        let mut cells = integers.iter().zip(reals.iter());
        cells.any(|(x, real)| (f64::from(*x) * scale - real).abs() >= 0.5)
    });
    off.count()
}

/// The largest error, of those below `limit`, of an output's values over the range that they have
/// together.
fn error(pairs: &[Pair<'_>], scale: f64, limit: f64) -> f64 {
    let reals = || pairs.iter().flat_map(|(_, reals)| reals.iter().copied());
    let (low, high) = reals().fold((f64::INFINITY, f64::NEG_INFINITY), |(low, high), v| {
        (low.min(v), high.max(v))
    });
    let range = span(low, high).max(1e-9);
    let error = pairs
        .iter()
        .flat_map(|(integers, reals)| integers.iter().zip(reals.iter()))
        .map(|(x, real)| (f64::from(*x) * scale - real).abs())
        .filter(|error| *error < limit)
        .fold(0.0, f64::max);
    error / range
}

/// What errors of values from `low` to `high` are compared with: their range, or their magnitude
/// where they are the same but for the rounding of 32-bit floats.
pub(crate) fn span(low: f64, high: f64) -> f64 {
    let largest = low.abs().max(high.abs());
    match high - low > SAME * largest {
        true => high - low,
        false => largest,
    }
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
