//! From the real numbers of an input to its integers and back.

use crate::artifact::OutOfDomain;
use crate::manifest::InputManifest;
use crate::ranks::{rank, representative};
use crate::scales::pick;
use crate::{ModelError, Result};

impl InputManifest {
    /// The breakpoints of a feature whose integers are ranks among them.
    pub fn breakpoints(&self, feature: usize) -> Option<&[f64]> {
        self.breakpoints.get(feature)?.as_deref()
    }

    /// The real number an integer stands for; NaN for a missing value that no value of the domain
    /// stands for.
    pub(crate) fn real(&self, feature: usize, integer: i32) -> f64 {
        let code = self.missing.get(feature).copied().flatten();
        if let Some(breakpoints) = self.breakpoints(feature) {
            let inside = usize::try_from(integer).is_ok_and(|rank| rank <= breakpoints.len());
            return match code {
                Some(code) if code == integer && !inside => f64::NAN,
                _ => representative(breakpoints, integer.into()),
            };
        }
        let scale: f64 = pick(&self.scales, feature);
        let real = (i64::from(integer) + pick(&self.zero_points, feature)) as f64 * scale;
        let (min, max): (f64, f64) = (pick(&self.real_min, feature), pick(&self.real_max, feature));
        // An imputed value's integer lies within the domain and simply is that value.
        let inside = real >= min - scale / 2.0 && real <= max + scale / 2.0;
        match code {
            Some(code) if code == integer && !inside => f64::NAN,
            _ => real,
        }
    }

    /// The integers of the domain's ends, as many as [`Self::scales`]: whatever real number there
    /// is, its integer lies between them, and an integer that only stands for a missing value does
    /// not.
    pub fn ranges(&self) -> Vec<(i32, i32)> {
        let end = |feature: usize, real: &f64| self.integer(feature, *real);
        let ends = self.real_min.iter().zip(&self.real_max).enumerate();
        ends.map(|(feature, (min, max))| {
            let all = self.saturates.get(feature) == Some(&true);
            match self.breakpoints(feature).filter(|_| all) {
                Some(breakpoints) => (0, breakpoints.len() as i32),
                None => (end(feature, min), end(feature, max)),
            }
        })
        .collect()
    }

    /// The integer of a real number of the domain.
    fn integer(&self, feature: usize, real: f64) -> i32 {
        if let Some(breakpoints) = self.breakpoints(feature) {
            return rank(breakpoints, real);
        }
        let scale: f64 = pick(&self.scales, feature);
        let integer = (real / scale).round() - pick(&self.zero_points, feature) as f64;
        integer.max(self.min.into()).min(self.max.into()) as i32
    }

    pub(crate) fn quantise(&self, values: &[f64], out_of_domain: OutOfDomain) -> Result<Vec<i32>> {
        let expected: usize = self.shape.iter().product();
        if values.len() != expected {
            return Err(ModelError::InputShape {
                input: format!("`{}`", self.name),
                detail: format!("{} values, expected {expected}", values.len()),
            });
        }
        let cell = |(feature, value): (usize, &f64)| {
            if let (true, Some(Some(code))) = (value.is_nan(), self.missing.get(feature)) {
                return Ok(*code);
            }
            // What is no finite number is told of below.
            if self.whole && value.is_finite() && value.fract() != 0.0 {
                return Err(ModelError::NotWhole {
                    input: self.name.clone(),
                    feature,
                    value: *value,
                });
            }
            let inside = self.holds(feature, *value);
            let (min, max): (f64, f64) = self.domain(feature);
            if value.is_nan() || (!inside && out_of_domain == OutOfDomain::Reject) {
                return Err(ModelError::OutOfDomain {
                    input: self.name.clone(),
                    feature,
                    value: *value,
                    min,
                    max,
                });
            }
            Ok(self.integer(feature, value.max(min).min(max)))
        };
        values.iter().enumerate().map(cell).collect()
    }

    /// The real numbers whose integers are told apart: those of a feature with breakpoints are all
    /// numbers, unless the domain was declared.
    fn domain(&self, feature: usize) -> (f64, f64) {
        let all = self.saturates.get(feature) == Some(&true);
        if all && self.breakpoints(feature).is_some() {
            return (f64::MIN, f64::MAX);
        }
        (pick(&self.real_min, feature), pick(&self.real_max, feature))
    }

    /// Whether a real number has an integer of its own, or the same as the domain's end without a
    /// change of any result.
    fn holds(&self, feature: usize, value: f64) -> bool {
        let (min, max) = self.domain(feature);
        if self.breakpoints(feature).is_some() {
            return (min..=max).contains(&value);
        }
        let scale: f64 = pick(&self.scales, feature);
        // Half a step beyond the end still rounds to the end.
        value >= min - scale / 2.0 && value <= max + scale / 2.0
            || self.saturates.get(feature) == Some(&true)
    }
}
