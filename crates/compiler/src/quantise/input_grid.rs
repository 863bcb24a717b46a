//! Which integers stand for a model's real inputs.

use crate::float::graph::{FloatGraph, FloatKernel, Precision};
use crate::float::missing::Missing;
use crate::options::{FeatureGrid, InputDomain, Options};
use crate::quantise::breakpoints::{breakpoints, rank_grid};
use crate::quantise::feature_grid::{Seen, compared, extend, feature_grid, saturates};
use crate::quantise::grid::{GRID_TOLERANCE, InputGrid, check_precision};
use crate::quantise::rounded::rounded_grid;
use crate::{CompileError, Result};
use verdict_model::{DataSet, pick};

/// Steps that data sets come in: whole numbers, pixels scaled to `[0, 1]`, decimals.
const NATURAL_STEPS: [f64; 12] = [
    1.0,
    0.5,
    0.25,
    0.2,
    0.125,
    0.1,
    1.0 / 16.0,
    0.05,
    0.01,
    1.0 / 128.0,
    1.0 / 255.0,
    1.0 / 256.0,
];
/// A natural grid is kept if it has at most this many steps.
pub(crate) const NATURAL_LIMIT: f64 = 4096.0;
/// As many where an input's type holds whole numbers, which are to stay exact.
const WHOLE_LIMIT: f64 = 65_535.0;
/// Features whose ranges differ by less than this share a scale.
const SHARED_SPAN_RATIO: f64 = 8.0;

/// The natural step that values from `low` to `high` are multiples of, if that makes at most `limit`
/// of them.
pub(crate) fn natural_step(
    values: impl Iterator<Item = f64> + Clone,
    (low, high): (f64, f64),
    limit: f64,
) -> Option<f64> {
    let on_grid = |step: f64| {
        // Numbers far below a step are near a multiple of it, but not on it.
        (high == low || high - low >= step)
            && (high - low) / step <= limit
            && (low.abs().max(high.abs()) / step < f64::from(i16::MAX) || limit == WHOLE_LIMIT)
            && values
                .clone()
                .all(|v| (v / step - (v / step).round()).abs() < GRID_TOLERANCE)
    };
    NATURAL_STEPS.into_iter().find(|step| on_grid(*step))
}

/// Chooses the grid of input number `index`, with `bits` bits unless the data lies on a natural
/// grid.
pub(crate) fn choose(
    graph: &FloatGraph,
    index: usize,
    data: &DataSet,
    options: &Options,
    bits: u32,
) -> Result<InputGrid> {
    let calibrated = InputDomain::Calibrated;
    // Every word has its number, whether or not calibration saw it, and any other word one more.
    let words = graph.words.get(index).filter(|words| !words.is_empty());
    let words = words.map(|words| InputDomain::Uniform(0.0, words.len() as f64));
    let stated = options.input_domains.get(index);
    let stated = stated.filter(|domain| !matches!(domain, InputDomain::Calibrated));
    let domain = stated.or(words.as_ref()).unwrap_or(&calibrated);
    let tensor = &graph.tensors[graph.inputs[index]];
    let missing = graph.missing.get(index).map_or(&[][..], Vec::as_slice);
    let mut grid = without_missing(graph, index, data, (domain, options), bits)?;
    grid.missing = missing
        .iter()
        .enumerate()
        .map(|(cell, missing)| match missing {
            Missing::Refused => None,
            Missing::Imputed(value) => Some(grid.integer(cell, *value)),
            // Whoever never saw a value missing need not pay for it.
            _ if !data.rows().iter().any(|row| row[index][cell].is_nan()) => None,
            Missing::Above => Some(grid.max + 1),
            Missing::Below => Some(grid.min - 1),
        })
        .collect();
    if grid.missing.iter().all(Option::is_none) {
        grid.missing.clear();
    }
    // Whether it saturates would say on which side of the domain's ends the constants lie.
    if let (InputDomain::Calibrated, false, true, Some(compared)) = (
        domain,
        graph.private_weights,
        grid.breakpoints.is_empty(),
        compared(graph, graph.inputs[index]),
    ) {
        grid.saturates = saturates(&grid, &compared);
    }
    if let Some(cell) = missing.iter().enumerate().position(|(cell, missing)| {
        let (min, max) = pick(&grid.domain, cell);
        matches!(missing, Missing::Imputed(value) if !(min..=max).contains(value))
    }) {
        return Err(CompileError::Option {
            option: "input_domains",
            detail: format!(
                "input `{}`, feature {cell}: the value that the model imputes lies outside the declared domain; widen it",
                tensor.name
            ),
        });
    }
    Ok(grid)
}

/// The grid as far as real values are concerned.
fn without_missing(
    graph: &FloatGraph,
    index: usize,
    data: &DataSet,
    (domain, options): (&InputDomain, &Options),
    bits: u32,
) -> Result<InputGrid> {
    let tensor = &graph.tensors[graph.inputs[index]];
    let imputed: Vec<Option<f64>> = (0..tensor.len)
        .map(|cell| match graph.missing.get(index)?.get(cell)? {
            Missing::Imputed(value) => Some(*value),
            _ => None,
        })
        .collect();
    let mut domains = domains(
        &tensor.name,
        &imputed,
        index,
        data,
        domain,
        options.domain_margin,
    )?;
    let compared = compared(graph, graph.inputs[index]);
    // An end that moved with a constant would tell it.
    if let (InputDomain::Calibrated, false, Some(compared)) =
        (domain, graph.private_weights, &compared)
    {
        extend(&mut domains, compared);
    }
    // A margin does not leave the type.
    if let (InputDomain::Calibrated, Some(Some((low, high)))) = (domain, graph.limits.get(index)) {
        for (min, max) in &mut domains {
            (*min, *max) = (min.max(*low).min(*max), max.min(*high).max(*min));
        }
    }
    let low = domains.iter().map(|d| d.0).fold(f64::INFINITY, f64::min);
    let high = domains
        .iter()
        .map(|d| d.1)
        .fold(f64::NEG_INFINITY, f64::max);
    let reading = Reading::of(graph, graph.inputs[index]);
    // A convolution has the same weights everywhere, so its input has one scale everywhere.
    let whole = if matches!(domain, InputDomain::PerFeature(_)) && !reading.one_scale {
        None
    } else {
        Some((low, high))
    };
    let seen = Seen {
        data,
        index,
        imputed: &imputed,
        stated: !matches!(domain, InputDomain::Calibrated),
    };
    let limit = match graph.whole.get(index) {
        Some(true) => WHOLE_LIMIT,
        _ => NATURAL_LIMIT,
    };
    let public = !graph.private_weights;
    if let Some(grid) = rounded_grid(graph, graph.inputs[index], (low, high)).filter(|_| public) {
        return Ok(grid);
    }
    let grid = natural(&seen, &domains, whole, (low, high), limit);
    // What is typed as whole numbers and lies on their grid already cannot be on the wrong side.
    let exact = graph.whole.get(index) == Some(&true) && grid.is_some();
    // Breakpoints are thresholds, so private ones must not show.
    let ranks = options.feature_grid == FeatureGrid::Auto
        && !(exact || graph.private_weights || reading.one_scale);
    if let (true, Some(cells)) = (ranks, breakpoints(graph, index)) {
        return rank_grid(&tensor.name, (domains, cells), options, (bits, &seen));
    }
    if let Some(grid) = grid {
        return Ok(grid);
    }
    if let (Some(compared), false) = (&compared, reading.one_scale) {
        let computed = |cell: usize| compared.get(cell).is_some_and(Option::is_none);
        return feature_grid(&tensor.name, domains, bits, &seen, computed);
    }
    let spans = domains
        .iter()
        .map(|(low, high)| high - low)
        .filter(|span| *span > 0.0);
    let (widest, narrowest) = spans.fold((0.0, f64::INFINITY), |(w, n): (f64, f64), span| {
        (w.max(span), n.min(span))
    });
    let share = reading.one_scale || (high - low <= SHARED_SPAN_RATIO * narrowest && widest > 0.0);
    let domain = match whole {
        Some(whole) if share => vec![whole],
        _ => domains,
    };
    even(&tensor.name, domain, bits, reading.padded)
}

/// A grid of one of the steps that data comes in, if all values of an input lie on it. The input's
/// domain reaches from `low` to `high`; all its features share that where `whole` says so.
fn natural(
    seen: &Seen<'_>,
    domains: &[(f64, f64)],
    whole: Option<(f64, f64)>,
    (low, high): (f64, f64),
    limit: f64,
) -> Option<InputGrid> {
    let cells = || {
        let index = seen.index;
        let present = seen.data.rows().iter().flat_map(move |row| &row[index]);
        present
            .chain(seen.imputed.iter().flatten())
            .filter(|v| !v.is_nan())
    };
    // A margin around calibrated data need not lie on the data's grid; bounds the caller states
    // must.
    let stated = match seen.stated {
        true => [Some(&low), Some(&high)],
        false => [None, None],
    };
    let values = cells().chain(stated.into_iter().flatten()).copied();
    let step = natural_step(values, (low, high), limit)?;
    let min = (low / step + GRID_TOLERANCE).floor() as i64;
    let max = (high / step - GRID_TOLERANCE).ceil() as i64;
    let domain = whole.map_or_else(|| domains.to_vec(), |whole| vec![whole]);
    // Whole numbers far from zero are counted from their domain's end.
    let far = min.abs().max(max.abs()) > i64::from(i16::MAX);
    let zero = if far { min } else { 0 };
    let (min, max) = ((min - zero) as i32, (max.max(min) - zero) as i32);
    let (scales, zeros) = (vec![step; domain.len()], vec![zero; domain.len()]);
    let squares = cells().map(|v| (v / step - zero as f64).powi(2));
    let mean_square = squares.sum::<f64>() / cells().count().max(1) as f64;
    Some(InputGrid {
        scales,
        zeros,
        min,
        max,
        domain,
        mean_square,
        missing: Vec::new(),
        saturates: Vec::new(),
        breakpoints: Vec::new(),
    })
}

/// A grid of `2^bits` steps over each domain.
fn even(name: &str, domain: Vec<(f64, f64)>, bits: u32, padded: bool) -> Result<InputGrid> {
    let steps = ((1u32 << bits) - 1) as i32;
    let scales: Vec<f64> = domain
        .iter()
        .map(|(low, high)| {
            let span = high - low;
            // A feature that never changes gets a narrow range around its value.
            let span = if span > 0.0 {
                span
            } else {
                low.abs().max(1.0) / 1024.0
            };
            span / f64::from(steps)
        })
        .collect();
    if let ([(low, high)], [scale]) = (&domain[..], &scales[..])
        && padded
        && low.abs().max(high.abs()) / scale < f64::from(i16::MAX)
    {
        // Padding with zeros then needs no correction at the borders.
        return Ok(InputGrid::around_zero(*scale, (*low, *high)));
    }
    let zeros: Vec<i64> = domain
        .iter()
        .zip(&scales)
        .map(|((low, _), scale)| (low / scale).round() as i64)
        .collect();
    check_precision(name, &domain, &scales, &zeros)?;
    Ok(InputGrid {
        scales,
        zeros,
        min: 0,
        max: steps,
        domain,
        mean_square: f64::from(steps).powi(2) / 3.0,
        missing: Vec::new(),
        saturates: Vec::new(),
        breakpoints: Vec::new(),
    })
}

/// How an input is read.
#[derive(Clone, Copy, Debug, Default)]
struct Reading {
    /// All its cells must have the same scale.
    one_scale: bool,
    /// By a convolution that pads it.
    padded: bool,
}

impl Reading {
    fn of(graph: &FloatGraph, id: usize) -> Self {
        let mut reading = Self::default();
        for layer in graph
            .tensors
            .iter()
            .filter_map(|tensor| tensor.layer.as_ref())
        {
            for term in layer.terms.iter().filter(|term| term.source == id) {
                reading.one_scale |= matches!(layer.precision, Precision::Exact { .. });
                if let FloatKernel::Conv(conv) = &term.kernel {
                    reading.one_scale = true;
                    let full = |axis: usize| {
                        (0..conv.size[axis]).all(|k| conv.pairs(axis, k).len() == conv.output[axis])
                    };
                    reading.padded |= !(full(0) && full(1));
                }
            }
        }
        reading
    }
}

/// Adds `margin` times the range at either end; what was never negative stays so.
fn widen((low, high): (f64, f64), margin: f64) -> (f64, f64) {
    let extra = (high - low) * margin;
    let floor = if low >= 0.0 { 0.0 } else { f64::NEG_INFINITY };
    ((low - extra).max(floor), high + extra)
}

/// The real domain of each feature.
fn domains(
    name: &str,
    imputed: &[Option<f64>],
    index: usize,
    data: &DataSet,
    domain: &InputDomain,
    margin: f64,
) -> Result<Vec<(f64, f64)>> {
    let len = imputed.len();
    let mut seen: Vec<(f64, f64)> = imputed
        .iter()
        .map(|value| value.map_or((f64::INFINITY, f64::NEG_INFINITY), |v| (v, v)))
        .collect();
    for row in data.rows() {
        // NaN, a missing value, changes neither.
        for ((min, max), v) in seen.iter_mut().zip(&row[index]) {
            (*min, *max) = (min.min(*v), max.max(*v));
        }
    }
    for range in seen.iter_mut().filter(|(min, max)| min > max) {
        // A feature that is missing in every row.
        *range = (0.0, 0.0);
    }
    let declared = match domain {
        InputDomain::Calibrated => {
            return Ok(seen.into_iter().map(|range| widen(range, margin)).collect());
        }
        InputDomain::Uniform(min, max) => vec![(*min, *max); len],
        InputDomain::PerFeature(ranges) => ranges.clone(),
    };
    let option = |detail| {
        Err(CompileError::Option {
            option: "input_domains",
            detail,
        })
    };
    if declared.len() != len {
        return option(format!(
            "input `{name}` has {len} features, {} ranges were given",
            declared.len()
        ));
    }
    for (feature, ((min, max), (low, high))) in declared.iter().zip(&seen).enumerate() {
        if !(min.is_finite() && max.is_finite() && min <= max) {
            return option(format!(
                "input `{name}`, feature {feature}: [{min}, {max}] is not a finite interval"
            ));
        }
        if low < min || high > max {
            return option(format!(
                "input `{name}`, feature {feature}: the calibration data reaches from {low} to {high}, outside the declared \
                 [{min}, {max}]; widen the domain or clean the data"
            ));
        }
    }
    Ok(declared)
}
