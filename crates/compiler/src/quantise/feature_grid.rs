//! Grids for features that are compared with constants: branches of trees, categories.
//!
//! There is no rounding behind a comparison, so all that matters is on which side of a constant a
//! value falls. Many data sets are decimals or whole numbers, and training puts thresholds on such
//! values or half-way between: a grid of the data's own steps never takes a value to the wrong
//! side. So every feature gets a grid of its own, a natural one if that fits.

use crate::Result;
use crate::float::comparison::Comparison;
use crate::float::graph::{FloatGraph, FloatKernel, Precision};
use crate::quantise::grid::{GRID_TOLERANCE, InputGrid, check_precision};
use verdict_model::{DataSet, pick};

/// Steps that features come in, from the widest on.
const STEPS: [f64; 18] = [
    1000.0, 100.0, 10.0, 1.0, 0.5, 0.25, 0.2, 0.125, 0.1, 0.05, 0.025, 0.02, 0.01, 0.005, 0.001,
    1e-4, 1e-5, 1e-6,
];
/// A domain reaches this far beyond the constants, relative to its width.
const BEYOND: f64 = 1.0 / 256.0;

/// For each cell of a tensor the smallest and largest constant it is compared with, the wrong way
/// round if there is none; `None` for a cell that is computed with, too.
pub(crate) type Compared = Vec<Option<(f64, f64)>>;

/// What the cells of input `tensor` are compared with; `None` if no cell is compared at all.
pub(crate) fn compared(graph: &FloatGraph, tensor: usize) -> Option<Compared> {
    let mut found: Compared =
        vec![Some((f64::INFINITY, f64::NEG_INFINITY)); graph.tensors[tensor].len];
    let mut any = false;
    for layer in graph
        .tensors
        .iter()
        .filter_map(|tensor| tensor.layer.as_ref())
    {
        for term in layer.terms.iter().filter(|term| term.source == tensor) {
            let FloatKernel::Rows(rows) = &term.kernel else {
                found.fill(None);
                continue;
            };
            let tests = match &layer.precision {
                Precision::Tests(tests) => Some(tests),
                _ => None,
            };
            any |= tests.is_some();
            for (i, row) in rows.iter().enumerate() {
                for (cell, weight) in row {
                    let Some(found) = found.get_mut(*cell as usize) else {
                        continue;
                    };
                    match tests.and_then(|tests| tests[i]) {
                        None => *found = None,
                        Some(test) if test.comparison == Comparison::Missing => {}
                        Some(test) => {
                            let constant = (test.threshold - layer.bias[i]) / weight;
                            // Nothing lies beyond an infinite one, so no grid has to reach it.
                            if let (Some((min, max)), true) = (found, constant.is_finite()) {
                                (*min, *max) = (min.min(constant), max.max(constant));
                            }
                        }
                    }
                }
            }
        }
    }
    any.then_some(found)
}

/// Widens domains so that there are values on either side of every constant, unless one lies far
/// beyond all data.
pub(crate) fn extend(domains: &mut [(f64, f64)], compared: &Compared) {
    for ((low, high), constants) in domains.iter_mut().zip(compared) {
        let Some((min, max)) = constants.filter(|(min, max)| min <= max) else {
            continue;
        };
        let span = if high > low {
            *high - *low
        } else {
            f64::INFINITY
        };
        let reach = (low.min(min), high.max(max));
        let extra = (reach.1 - reach.0) * BEYOND;
        if min.is_finite() && min >= *low - span {
            *low = low.min(min - extra);
        }
        if max.is_finite() && max <= *high + span {
            *high = high.max(max + extra);
        }
    }
}

/// Whether the ends of each cell's range lie beyond every constant it is compared with, and nothing
/// else is done with it.
pub(crate) fn saturates(grid: &InputGrid, compared: &Compared) -> Vec<bool> {
    let single = |real: f64| f64::from(real as f32);
    let end = |cell: usize, real: f64| {
        let integer = i64::from(grid.integer(cell, real)) + grid.zero(cell);
        single(integer as f64 * grid.scale(cell))
    };
    let outside = |(cell, constants): (usize, &Option<(f64, f64)>)| {
        let (low, high) = pick(&grid.domain, cell);
        constants
            .is_some_and(|(min, max)| min > max || end(cell, low) < min && max < end(cell, high))
    };
    let all: Vec<bool> = compared.iter().enumerate().map(outside).collect();
    if all.contains(&true) { all } else { Vec::new() }
}

/// What is known about the values of an input.
pub(crate) struct Seen<'a> {
    pub(crate) data: &'a DataSet,
    pub(crate) index: usize,
    /// What stands for a missing value.
    pub(crate) imputed: &'a [Option<f64>],
    /// Whether the caller stated the domains, so that their ends must be on the grid.
    pub(crate) stated: bool,
}

impl Seen<'_> {
    /// The values of a cell that a natural grid would have to hold.
    fn values(&self, cell: usize, (low, high): (f64, f64)) -> Vec<f64> {
        let data = self.data.rows().iter().map(|row| row[self.index][cell]);
        let ends = self.stated.then_some([low, high]);
        data.chain(self.imputed[cell])
            .chain(ends.into_iter().flatten())
            .filter(|v| !v.is_nan())
            .collect()
    }
}

/// Integers from 0 to `2^bits − 1` for each of `domains`. What is `computed` with, too, uses all of
/// them: interval analysis takes any for possible.
pub(crate) fn feature_grid(
    name: &str,
    domains: Vec<(f64, f64)>,
    bits: u32,
    seen: &Seen<'_>,
    computed: impl Fn(usize) -> bool,
) -> Result<InputGrid> {
    let steps = ((1u32 << bits) - 1) as i32;
    let (scales, zeros): (Vec<f64>, Vec<i64>) = domains
        .iter()
        .enumerate()
        .map(|(cell, &domain)| {
            let (low, high) = domain;
            if let Some(step) = natural_step(&seen.values(cell, domain), domain, steps) {
                let step = match computed(cell) {
                    true => step / parts(step, domain, steps),
                    false => step,
                };
                // The domain may begin between two points of the grid.
                return (step, (low / step + GRID_TOLERANCE).floor() as i64);
            }
            // A feature that never changes gets a narrow range around its value.
            let span = if high > low {
                high - low
            } else {
                low.abs().max(1.0) / 1024.0
            };
            let scale = span / f64::from(steps);
            (scale, (low / scale).round() as i64)
        })
        .unzip();
    check_precision(name, &domains, &scales, &zeros)?;
    Ok(InputGrid {
        scales,
        zeros,
        min: 0,
        max: steps,
        domain: domains,
        mean_square: f64::from(steps).powi(2) / 3.0,
        missing: Vec::new(),
        saturates: Vec::new(),
        breakpoints: Vec::new(),
    })
}

/// The step that all `values` are multiples of, or twice that step, if the domain has fewer than
/// `steps` of them.
///
/// With twice the step a value that equals a constant stays on its side all the same (a half rounds
/// away from zero, and `x < t` does not hold for `x = t`); only one directly below may change
/// sides.
fn natural_step(values: &[f64], (low, high): (f64, f64), steps: i32) -> Option<f64> {
    // Decimals are rounded when they become 32-bit floats, so a step must be many times that.
    let magnitude = low.abs().max(high.abs());
    let on_grid = |step: &f64| {
        let rounding = |v: f64| v.abs() * f64::from(f32::EPSILON);
        rounding(magnitude) < step / 16.0
            && values
                .iter()
                .all(|v| (v - (v / step).round() * step).abs() <= rounding(*v))
    };
    let natural = STEPS.into_iter().find(on_grid)?;
    [natural, 2.0 * natural]
        .into_iter()
        .find(|step| (high - low) / step < f64::from(steps) - 1.0)
}

/// How many parts a step can be cut into for a domain to use up to `steps` of them.
fn parts(step: f64, (low, high): (f64, f64), steps: i32) -> f64 {
    (f64::from(steps) / ((high - low) / step + 1.0))
        .floor()
        .max(1.0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn decimals_keep_their_steps() {
        let decimals: Vec<f64> = (0..3000)
            .map(|i| f64::from((f64::from(i) * 0.01) as f32))
            .collect();
        assert_eq!(natural_step(&decimals, (0.0, 30.0), 4095), Some(0.01));
        assert_eq!(natural_step(&decimals, (0.0, 30.0), 2047), Some(0.02));
        assert_eq!(natural_step(&decimals, (0.0, 30.0), 1023), None);
        assert_eq!(natural_step(&[0.123_456_7], (0.0, 1.0), 4095), None);
        // Near a multiple of a wide step is not on it.
        assert_eq!(natural_step(&[0.05, 0.07], (0.0, 1.0), 4095), Some(0.01));
        assert_eq!(
            natural_step(&[1000.25, 2000.0], (0.0, 3000.0), 32767),
            Some(0.25)
        );
        assert_eq!(
            natural_step(&[3000.0, 500.0], (0.0, 5000.0), 4095),
            Some(100.0)
        );
    }

    /// A category from 0 to 5 beside a feature of many steps reaches one step further at the most, and
    /// as much as steps that are whole parts of 1 leave over.
    #[test]
    fn what_is_computed_with_reaches_no_further_than_its_domain() {
        let rows: Vec<_> = (0..6)
            .map(|i| vec![vec![f64::from(i), f64::from(i) * 0.173_2]])
            .collect();
        let spec = verdict_model::InputSpec {
            name: "x".into(),
            shape: vec![2],
            len: 2,
            missing: false,
            whole: false,
            words: Vec::new(),
        };
        let data = DataSet::from_rows(rows, &[spec]).unwrap();
        let seen = Seen {
            data: &data,
            index: 0,
            imputed: &[None, None],
            stated: false,
        };
        let domains = || vec![(0.0, 5.0), (0.0, 0.866)];
        let grid = |computed| feature_grid("x", domains(), 12, &seen, |_| computed).unwrap();
        let (even, natural) = (grid(true), grid(false));
        assert_eq!(natural.scale(0), 1.0);
        let reach = f64::from(even.max) * even.scale(0);
        assert!((5.0..6.01).contains(&reach), "{reach}");
        for value in 0..6 {
            let value = f64::from(value);
            let real = f64::from(even.integer(0, value)) * even.scale(0);
            assert!((real - value).abs() < 1e-12, "{real}");
        }
    }

    #[test]
    fn domains_reach_beyond_what_they_are_compared_with() {
        let mut domains = [(0.0, 1.0), (0.0, 1.0), (2.0, 2.0), (0.0, 1.0), (0.0, 1.0)];
        let compared = vec![
            Some((0.25, 0.75)),
            Some((-0.5, 1.5)),
            Some((5.0, 6.0)),
            Some((1e30, 1e30)),
            None,
        ];
        extend(&mut domains, &compared);
        assert_eq!(domains[0], (0.0, 1.0));
        assert!(domains[1].0 < -0.5 && domains[1].1 > 1.5);
        assert!(domains[2].0 <= 2.0 && domains[2].1 > 6.0);
        assert_eq!(domains[3], (0.0, 1.0));
        assert_eq!(domains[4], (0.0, 1.0));
    }
}
