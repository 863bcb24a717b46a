//! Tables: how an element-wise function becomes integers.

use crate::float::activation::Activation;
use verdict_model::Table;

/// Maps a key `q` to a table value. Keys are rounded to the nearest (the rounding constant is in
/// the bias), so key `q` stands for the bucket around the real number `q · unit` and the function
/// is evaluated at that bucket's midpoint.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Rule {
    /// The table is the same whatever the scale: `x` and `q` have the same unit.
    Homogeneous { activation: Activation, limit: i32 },
    /// `x · scale = f(q · unit)`.
    Scaled {
        activation: Activation,
        limit: i32,
        unit: f64,
        scale: f64,
    },
    /// Of an exact layer: keys and values are integers of one scale, values are cut off at the
    /// bounds.
    Exact {
        activation: Activation,
        within: (i32, i32),
    },
}

/// `q · unit`. Whole numbers are whole where `unit` is a part of 1.
fn multiple(q: i64, unit: f64) -> f64 {
    let parts = (1.0 / unit).round();
    if parts >= 1.0 && (parts * unit - 1.0).abs() <= 2.0 * f64::EPSILON {
        q as f64 / parts
    } else {
        q as f64 * unit
    }
}

impl Rule {
    pub(crate) fn value(&self, q: i64) -> i32 {
        let (real, limit) = match *self {
            Self::Exact {
                ref activation,
                within,
            } => {
                let value = activation.apply(q as f64);
                return value.clamp(within.0.into(), within.1.into()) as i32;
            }
            Self::Homogeneous {
                ref activation,
                limit,
            } => (activation.apply(q as f64), limit),
            Self::Scaled {
                ref activation,
                limit,
                unit,
                scale,
            } => (activation.apply(multiple(q, unit)) / scale, limit),
        };
        let limit = f64::from(limit);
        // In range by construction; `as` saturates and turns NaN into 0, so nothing here can fail.
        libm::rint(real).clamp(-limit, limit) as i32
    }

    /// Smallest and largest value over `q_min..=q_max`.
    pub(crate) fn range(&self, q_min: i64, q_max: i64) -> (i32, i32) {
        if let Self::Homogeneous { activation, .. } | Self::Scaled { activation, .. } = self
            && matches!(
                activation,
                Activation::Expression(_) | Activation::Lookup(_)
            )
        {
            let values = (q_min..=q_max).map(|q| self.value(q));
            return values.fold((i32::MAX, i32::MIN), |(min, max), v| {
                (min.min(v), max.max(v))
            });
        }
        // All others are monotone on either side of zero.
        let turn = 0.clamp(q_min, q_max);
        let values = [q_min, turn, q_max].map(|q| self.value(q));
        let min = match self {
            // Nothing says which sum is smallest in magnitude.
            Self::Exact {
                activation: Activation::Square,
                ..
            } => 0,
            _ => values.iter().copied().fold(i32::MAX, i32::min),
        };
        let max = values.iter().copied().fold(i32::MIN, i32::max);
        (min, max)
    }

    pub(crate) fn table(&self, shift: u32, q_min: i64, q_max: i64) -> Table {
        let (Self::Homogeneous { activation, .. }
        | Self::Scaled { activation, .. }
        | Self::Exact { activation, .. }) = self;
        let values = (q_min..=q_max).map(|q| self.value(q)).collect();
        Table {
            name: activation.name().into_owned(),
            shift,
            q_min,
            values,
        }
    }
}
