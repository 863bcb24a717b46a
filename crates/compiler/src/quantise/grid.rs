//! The integers of an input, and what real numbers they stand for.

use crate::{CompileError, Result};
use verdict_model::pick;
use verdict_model::ranks::rank;

/// How far from a grid point, in steps, a value may be: 32-bit floats round.
pub(crate) const GRID_TOLERANCE: f64 = 1e-3;

/// The integers of one input: `integer = round(real / scale) − zero`, or the number of breakpoints
/// up to `real`, within `[min, max]`.
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
    /// The integer of a missing value, for each cell that may lack one; empty if none may.
    pub(crate) missing: Vec<Option<i32>>,
    /// For each cell whether values beyond the domain may be taken for its ends, because all that
    /// asks for them are comparisons with constants in between; empty if that is true of none.
    pub(crate) saturates: Vec<bool>,
    /// For each cell that is only compared with constants, where the results change; empty if all
    /// cells are on even grids.
    pub(crate) breakpoints: Vec<Option<Vec<f64>>>,
}

impl InputGrid {
    /// A grid of one step for a whole input, with zero where the reals have it.
    pub(crate) fn around_zero(step: f64, (low, high): (f64, f64)) -> Self {
        let (min, max) = ((low / step).round(), (high / step).round());
        Self {
            mean_square: (min * min + min * max + max * max) / 3.0,
            zeros: vec![0],
            min: min as i32,
            max: max as i32,
            scales: vec![step],
            domain: vec![(low, high)],
            missing: Vec::new(),
            saturates: Vec::new(),
            breakpoints: Vec::new(),
        }
    }

    pub(crate) fn scale(&self, feature: usize) -> f64 {
        pick(&self.scales, feature)
    }

    pub(crate) fn zero(&self, feature: usize) -> i64 {
        pick(&self.zeros, feature)
    }

    /// The breakpoints of a cell whose integers are ranks among them.
    pub(crate) fn breakpoints(&self, cell: usize) -> Option<&[f64]> {
        self.breakpoints.get(cell)?.as_deref()
    }

    /// The integers of the real values of a cell.
    pub(crate) fn range(&self, cell: usize) -> (i32, i32) {
        match self.breakpoints(cell) {
            Some(breakpoints) => (0, breakpoints.len() as i32),
            None => (self.min, self.max),
        }
    }

    /// The integer of a missing value.
    pub(crate) fn missing(&self, cell: usize) -> Option<i32> {
        self.missing.get(cell).copied().flatten()
    }

    /// The integer of a missing value, where no real value has it.
    pub(crate) fn reserved(&self, cell: usize) -> Option<i32> {
        self.missing(cell)
            .filter(|code| !(self.min..=self.max).contains(code))
    }

    /// All integers, those of missing values included.
    pub(crate) fn integers(&self) -> (i32, i32) {
        let codes = || self.missing.iter().flatten().copied();
        (
            codes().fold(self.min, i32::min),
            codes().fold(self.max, i32::max),
        )
    }

    /// The integer of a real value within the domain, or of a missing one.
    pub(crate) fn integer(&self, cell: usize, value: f64) -> i32 {
        match (self.missing(cell), self.breakpoints(cell)) {
            (Some(code), _) if value.is_nan() => code,
            (_, Some(breakpoints)) => rank(breakpoints, value),
            _ => ((value / self.scale(cell)).round() - self.zero(cell) as f64)
                .clamp(self.min.into(), self.max.into()) as i32,
        }
    }
}

/// Floating point must tell one integer from the next.
pub(crate) fn check_precision(
    name: &str,
    domain: &[(f64, f64)],
    scales: &[f64],
    zeros: &[i64],
) -> Result<()> {
    let mut features = zeros.iter().zip(scales);
    match features.position(|(zero, scale)| zero.abs() > 1 << 52 || !scale.is_normal()) {
        None => Ok(()),
        Some(feature) => Err(CompileError::quantise(
            name,
            format!(
                "the domain [{}, {}] of feature {feature} is too narrow or too wide for floating point; rescale the feature",
                domain[feature].0, domain[feature].1
            ),
        )),
    }
}
