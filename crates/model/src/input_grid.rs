//! Which integers stand for a model's real inputs.

use crate::data::DataSet;
use crate::float_graph::{FloatGraph, FloatKernel, Precision};
use crate::options::InputDomain;
use crate::{ModelError, Result};

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
const NATURAL_LIMIT: f64 = 4096.0;
/// How far from a grid point, in steps, a value may be: 32-bit floats round.
const GRID_TOLERANCE: f64 = 1e-3;
/// Features whose ranges differ by less than this share a scale.
const SHARED_SPAN_RATIO: f64 = 8.0;

/// The integers of one input: `integer = round(real / scale) − zero`, within `[min, max]`.
#[derive(Clone, Debug)]
pub(crate) struct InputGrid {
    /// One for the whole input, or one per feature.
    pub(crate) scales: Vec<f64>,
    pub(crate) zeros: Vec<i64>,
    pub(crate) min: i32,
    pub(crate) max: i32,
    /// The declared domain, as many as `scales`.
    pub(crate) domain: Vec<(f64, f64)>,
    /// Mean of the squared integers, as far as it can be told.
    pub(crate) mean_square: f64,
}

impl InputGrid {
    pub(crate) fn scale(&self, feature: usize) -> f64 {
        pick(&self.scales, feature)
    }

    pub(crate) fn zero(&self, feature: usize) -> i64 {
        pick(&self.zeros, feature)
    }
}

/// One value for all features, or one each.
pub(crate) fn pick<T: Copy + Default>(values: &[T], feature: usize) -> T {
    let only = (values.len() == 1).then(|| values.first()).flatten();
    only.or_else(|| values.get(feature))
        .copied()
        .unwrap_or_default()
}

/// Chooses the grid of input number `index`, with `bits` bits unless the data lies on a natural grid.
pub(crate) fn choose(
    graph: &FloatGraph,
    index: usize,
    data: &DataSet,
    domain: &InputDomain,
    margin: f64,
    bits: u32,
) -> Result<InputGrid> {
    let tensor = &graph.tensors[graph.inputs[index]];
    let domains = domains(&tensor.name, tensor.len, index, data, domain, margin)?;
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

    let cells = || data.rows().iter().flat_map(move |row| &row[index]);
    // A margin around calibrated data need not lie on the data's grid; bounds the caller states must.
    let stated = match domain {
        InputDomain::Calibrated => [None, None],
        _ => [Some(&low), Some(&high)],
    };
    let on_grid = |step: f64| {
        let mut values = cells().chain(stated.into_iter().flatten());
        (high - low) / step <= NATURAL_LIMIT
            && low.abs().max(high.abs()) / step < f64::from(i16::MAX)
            && values.all(|v| (v / step - (v / step).round()).abs() < GRID_TOLERANCE)
    };
    if let Some(step) = NATURAL_STEPS.into_iter().find(|step| on_grid(*step)) {
        let min = (low / step + GRID_TOLERANCE).floor() as i32;
        let max = (high / step - GRID_TOLERANCE).ceil() as i32;
        let domain = whole.map_or(domains, |whole| vec![whole]);
        let (scales, zeros) = (vec![step; domain.len()], vec![0; domain.len()]);
        let mean_square =
            cells().map(|v| (v / step).powi(2)).sum::<f64>() / cells().count().max(1) as f64;
        return Ok(InputGrid {
            scales,
            zeros,
            min,
            max: max.max(min),
            domain,
            mean_square,
        });
    }

    let steps = ((1u32 << bits) - 1) as i32;
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
        && reading.padded
        && low.abs().max(high.abs()) / scale < f64::from(i16::MAX)
    {
        // With zero where the reals have it, padding with zeros needs no correction at the borders.
        let (min, max) = ((low / scale).round(), (high / scale).round());
        return Ok(InputGrid {
            mean_square: (min * min + min * max + max * max) / 3.0,
            zeros: vec![0],
            min: min as i32,
            max: max as i32,
            scales,
            domain,
        });
    }
    let zeros: Vec<i64> = domain
        .iter()
        .zip(&scales)
        .map(|((low, _), scale)| (low / scale).round() as i64)
        .collect();
    if let Some(feature) = zeros
        .iter()
        .zip(&scales)
        .position(|(zero, scale)| zero.abs() > 1 << 52 || !scale.is_normal())
    {
        return Err(ModelError::quantise(
            &tensor.name,
            format!(
                "the domain [{}, {}] of feature {feature} is too narrow or too wide for floating point; rescale the feature",
                domain[feature].0, domain[feature].1
            ),
        ));
    }
    let mean_square = f64::from(steps).powi(2) / 3.0;
    Ok(InputGrid {
        scales,
        zeros,
        min: 0,
        max: steps,
        domain,
        mean_square,
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
                reading.one_scale |= layer.precision != Precision::Scaled;
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
    len: usize,
    index: usize,
    data: &DataSet,
    domain: &InputDomain,
    margin: f64,
) -> Result<Vec<(f64, f64)>> {
    let mut seen = vec![(f64::INFINITY, f64::NEG_INFINITY); len];
    for row in data.rows() {
        for ((min, max), v) in seen.iter_mut().zip(&row[index]) {
            (*min, *max) = (min.min(*v), max.max(*v));
        }
    }
    let declared = match domain {
        InputDomain::Calibrated => {
            return Ok(seen.into_iter().map(|range| widen(range, margin)).collect());
        }
        InputDomain::Uniform(min, max) => vec![(*min, *max); len],
        InputDomain::PerFeature(ranges) => ranges.clone(),
    };
    let option = |detail| {
        Err(ModelError::Option {
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
