//! Tables: how an element-wise function becomes integers.

use std::ops::Range;

use rayon::prelude::*;

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

/// Values that are computed together.
const BLOCK: i64 = 256;

/// `q · unit`. Whole numbers are whole where `unit` is a part of 1.
fn multiple(q: i64, unit: f64) -> f64 {
    let parts = (1.0 / unit).round();
    if parts >= 1.0 && (parts * unit - 1.0).abs() <= 2.0 * f64::EPSILON {
        q as f64 / parts
    } else {
        q as f64 * unit
    }
}

/// The integer next to a number of steps, up to a limit in magnitude.
fn integer(steps: f64, limit: i32) -> i32 {
    let limit = f64::from(limit);
    // In range by construction; `as` saturates and turns NaN into 0, so nothing here can fail.
    libm::rint(steps).clamp(-limit, limit) as i32
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
        integer(real, limit)
    }

    /// The values of some keys.
    fn values(&self, keys: Range<i64>) -> Vec<i32> {
        let Self::Scaled {
            activation: Activation::Expression(expression),
            limit,
            unit,
            scale,
        } = self
        else {
            return keys.map(|q| self.value(q)).collect();
        };
        let arguments: Vec<f64> = keys.map(|q| multiple(q, *unit)).collect();
        let values = expression.apply_all(&arguments).into_iter();
        values.map(|value| integer(value / scale, *limit)).collect()
    }

    /// Whether nothing but all of its values tells where a rule's are largest.
    fn is_any(&self) -> bool {
        let (Self::Homogeneous { activation, .. } | Self::Scaled { activation, .. }) = self else {
            return false;
        };
        matches!(
            activation,
            Activation::Expression(_) | Activation::Lookup(_)
        )
    }

    /// Smallest and largest value over `q_min..=q_max`; `known` are the rule's values.
    pub(crate) fn range(&self, q_min: i64, q_max: i64, known: &mut Values) -> (i32, i32) {
        if self.is_any() {
            let values = known.of(self, q_min, q_max).iter();
            return values.fold((i32::MAX, i32::MIN), |(min, max), v| {
                (min.min(*v), max.max(*v))
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

    pub(crate) fn table(&self, shift: u32, q_min: i64, q_max: i64, known: &mut Values) -> Table {
        let (Self::Homogeneous { activation, .. }
        | Self::Scaled { activation, .. }
        | Self::Exact { activation, .. }) = self;
        let values = known.of(self, q_min, q_max).to_vec();
        Table {
            name: activation.name().into_owned(),
            shift,
            q_min,
            values,
        }
    }
}

/// The values of a rule for some keys. Layers are quantised over and over until their scales suit
/// one another, and a long expression takes longer than all the rest of a layer.
#[derive(Default)]
pub(crate) struct Values {
    rule: Option<Rule>,
    /// The key of the first value.
    first: i64,
    values: Vec<i32>,
    /// How many were computed since that was last asked for.
    new: usize,
}

impl Values {
    /// How many values were computed since this was last asked for.
    pub(super) fn take_new(&mut self) -> usize {
        std::mem::take(&mut self.new)
    }

    /// The values of `rule` for `q_min..=q_max`.
    fn of(&mut self, rule: &Rule, q_min: i64, q_max: i64) -> &[i32] {
        let end = self.first + self.values.len() as i64;
        // What lies between two distant ranges need not be known.
        let apart = q_max < self.first || q_min > end;
        if apart || self.rule.as_ref() != Some(rule) {
            self.rule = Some(rule.clone());
            self.first = q_min;
            self.values.clear();
        }
        let all = |keys: Range<i64>| -> Vec<i32> {
            let blocks = (keys.end - keys.start + BLOCK - 1) / BLOCK;
            let block = |block: i64| {
                let first = keys.start + block * BLOCK;
                rule.values(first..keys.end.min(first + BLOCK))
            };
            (0..blocks).into_par_iter().flat_map_iter(block).collect()
        };
        let before = self.values.len();
        if q_min < self.first {
            self.values.splice(0..0, all(q_min..self.first));
            self.first = q_min;
        }
        let end = self.first + self.values.len() as i64;
        if q_max >= end {
            self.values.extend(all(end..q_max + 1));
        }
        self.new += self.values.len() - before;
        let from = (q_min - self.first) as usize;
        &self.values[from..=from + (q_max - q_min) as usize]
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::float::expression::{Binary, Expression, Unary};

    /// In blocks or one by one.
    #[test]
    fn values_are_those_of_their_keys() {
        let v = Expression::value();
        let bent = v
            .unary(Unary::Exp)
            .binary(Binary::Mul, &v.unary(Unary::Sin));
        let bent = Expression::select(&v.unary(Unary::Floor), &bent, &v.unary(Unary::Neg));
        for activation in [bent.into(), Activation::Relu] {
            let rule = Rule::Scaled {
                activation,
                limit: 4000,
                unit: 1.0 / 300.0,
                scale: 1e-3,
            };
            let mut known = Values::default();
            let expected: Vec<i32> = (-700..=900).map(|q| rule.value(q)).collect();
            assert_eq!(known.of(&rule, -700, 900), expected);
            assert_eq!(known.take_new(), expected.len());
        }
    }

    /// Whatever was asked for before, by whichever rule.
    #[test]
    fn known_values_are_those_of_the_rule() {
        let rule = |limit| Rule::Homogeneous {
            activation: Activation::Relu,
            limit,
        };
        let mut known = Values::default();
        let asked = [
            (0, 3),
            (-4, 1),
            (2, 9),
            (-4, 9),
            (40, 41),
            (-9, -8),
            (-9, 0),
        ];
        for limit in [5, 7] {
            for (min, max) in asked {
                let expected: Vec<i32> = (min..=max).map(|q| rule(limit).value(q)).collect();
                assert_eq!(known.of(&rule(limit), min, max), expected, "{min} to {max}");
            }
        }
    }
}
