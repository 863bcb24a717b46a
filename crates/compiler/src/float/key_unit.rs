//! How finely a function that is not piecewise linear is looked up.
//!
//! With key unit `u`, value step `s` and no saturation, a look-up is off by at most `s/2 + m·u/2`,
//! where `m` is the function's steepest slope within half a unit of the argument: the value is
//! rounded to a step, and the argument to a key (whose table entry is the function's value there).
//! An argument that is an integer of step `u` already, as in an exact layer, is not rounded again:
//! there the bound is `s/2`.

use crate::float::activation::Activation;
use crate::float::expression::{Binary, Expression, Step, Unary};

/// Where the slope is measured.
const SAMPLES: u32 = 512;
/// About how often a function is evaluated to find the unit of its keys.
pub(crate) const SAMPLED: usize = 4 * SAMPLES as usize;
/// With as many keys as values have steps, the key unit is this part of the range where the
/// function does anything …
const FINEST: f64 = 0.5;
/// … but not of less than this part of the calibrated range, all of which the table covers.
const LEAST_ACTIVE: f64 = 1.0 / 16.0;
/// The key unit is no more than this part of the calibrated range over the number of steps.
const COARSEST: f64 = 2.0;
/// The steepest slope, relative to the mean one, of a function that needs no finer keys than
/// values.
const GENTLE_SLOPE: f64 = 5.0;

/// A scale for values of calibrated magnitude `range`, of which `steps` steps are wanted.
pub(crate) fn value_scale(activation: &Activation, range: f64, steps: f64) -> f64 {
    // A layer that is silent on the calibration data still needs some unit; 1 is as good as any.
    let scale = if range > 0.0 { range } else { 1.0 } / steps;
    match activation {
        Activation::Sigmoid | Activation::Tanh => 1.0 / steps,
        // Whole numbers that a decision looks up are what others are compared with, whichever of
        // them calibration saw: their steps divide 1, however large they are.
        Activation::Lookup(entries) if whole(activation) => {
            let largest = entries
                .iter()
                .fold(1.0, |max: f64, entry| max.max(entry.abs()));
            1.0 / (steps / largest).floor().max(1.0)
        }
        // Whole numbers stay exact if they can.
        // What is known to be bounded uses all of its bounds, wherever calibration stayed.
        // Whole numbers between bounds are integers themselves, and are not cut off.
        Activation::Expression(expression)
            if largest_whole(activation).is_some() && bound_of(expression) > 0.0 =>
        {
            1.0
        }
        Activation::Expression(expression) if bound_of(expression) > 0.0 => {
            bound_of(expression) / steps
        }
        Activation::Expression(_) if whole(activation) && scale <= 1.0 => {
            1.0 / (1.0 / scale).floor()
        }
        _ => scale,
    }
}

fn bound_of(expression: &Expression) -> f64 {
    let (low, high) = expression.bounds().unwrap_or_default();
    low.abs().max(high.abs())
}

/// The largest magnitude that a function's values are known to keep to; 0 if none is known.
pub(crate) fn bound(activation: &Activation) -> f64 {
    match activation {
        Activation::Expression(expression) => bound_of(expression),
        _ => 0.0,
    }
}

/// The largest magnitude of a function's values, if these are whole numbers between two bounds.
pub(crate) fn largest_whole(activation: &Activation) -> Option<f64> {
    match activation {
        Activation::Step | Activation::IsZero => Some(1.0),
        Activation::Lookup(entries) if whole(activation) => {
            let sizes = entries.iter().map(|entry| entry.abs());
            Some(sizes.fold(0.0, f64::max))
        }
        Activation::Expression(expression) if whole(activation) => {
            let (low, high) = expression.bounds()?;
            Some(low.abs().max(high.abs()))
        }
        _ => None,
    }
}

/// Whether all values of `activation` are whole numbers.
pub(crate) fn whole(activation: &Activation) -> bool {
    match activation {
        Activation::Expression(expression) => gives_whole(expression, false),
        Activation::Lookup(entries) => entries.iter().all(|entry| entry.fract() == 0.0),
        other => matches!(other, Activation::Step | Activation::IsZero),
    }
}

/// Whether all values of `expression` are whole numbers, of a variable that may be known to be one.
pub(crate) fn gives_whole(expression: &Expression, variable: bool) -> bool {
    let mut known: Vec<bool> = Vec::with_capacity(expression.steps().len());
    for step in expression.steps() {
        known.push(match *step {
            Step::Value => variable,
            Step::Constant(number) => number.fract() == 0.0,
            Step::Unary(op, operand) => match op {
                Unary::Sign | Unary::Floor | Unary::Ceil | Unary::Round | Unary::Trunc => true,
                Unary::Neg | Unary::Abs => known[operand],
                _ => false,
            },
            Step::Binary(op, a, b) => match op {
                Binary::Equal | Binary::Greater | Binary::GreaterOrEqual => true,
                Binary::Add | Binary::Sub | Binary::Mul | Binary::Max | Binary::Min => {
                    known[a] && known[b]
                }
                Binary::Pow => {
                    let steps = expression.steps();
                    known[a]
                        && matches!(steps[b], Step::Constant(n) if n >= 0.0 && n.fract() == 0.0)
                }
                Binary::Div => false,
            },
            Step::Select(_, yes, no) => known[yes] && known[no],
        });
    }
    known.last() == Some(&true)
}

/// Whether `activation` varies so little that arguments rounded to an ordinary tensor's steps serve
/// it as well as finer ones.
///
/// Then it is cheaper to make the argument a tensor first, saturated at its calibrated range, and
/// look the function up at that tensor's integers: the function's own table need not cover
/// everything that interval analysis cannot exclude.
pub(crate) fn gentle(activation: &Activation) -> bool {
    let (low, high) = (-8.0, 8.0);
    let values: Vec<f64> = (0..=SAMPLES)
        .map(|i| activation.apply(low + (high - low) * f64::from(i) / f64::from(SAMPLES)))
        .collect();
    let least = values.iter().copied().fold(f64::INFINITY, f64::min);
    let most = values.iter().copied().fold(f64::NEG_INFINITY, f64::max);
    let steepest = values
        .windows(2)
        .map(|pair| (pair[1] - pair[0]).abs())
        .fold(0.0, f64::max);
    values.iter().all(|v| v.is_finite())
        && steepest * f64::from(SAMPLES) <= GENTLE_SLOPE * (most - least)
}

/// The key unit for arguments that calibration saw from `low` to `high`: where the function is
/// steepest, half a key moves the value by half a step of `scale`, unless that took too many or too
/// few keys.
pub(crate) fn key_unit(
    activation: &Activation,
    (low, high): (f64, f64),
    scale: f64,
    steps: f64,
) -> f64 {
    let range = low.abs().max(high.abs());
    if !(range > 0.0 && range.is_finite()) {
        return 1.0 / steps;
    }
    let (low, high) = active(activation, (low, high), scale / 2.0);
    let width = high - low;
    let values = samples(activation, (low, high));
    let slope = values
        .windows(2)
        .map(|pair| (pair[1] - pair[0]).abs() * f64::from(SAMPLES) / width)
        .filter(|slope| slope.is_finite())
        .fold(0.0, f64::max);
    if slope > 0.0 {
        let finest = (FINEST * width.min(range)).max(LEAST_ACTIVE * range);
        (scale / slope).clamp(finest / steps, COARSEST * range / steps)
    } else {
        range / steps
    }
}

fn samples(activation: &Activation, (low, high): (f64, f64)) -> Vec<f64> {
    let at = |i| activation.apply(low + (high - low) * f64::from(i) / f64::from(SAMPLES));
    (0..=SAMPLES).map(at).collect()
}

/// The part of `low..=high` outside of which the function stays within `tolerance` of its value at
/// the nearer end.
fn active(activation: &Activation, (mut low, mut high): (f64, f64), tolerance: f64) -> (f64, f64) {
    let (first, last) = (activation.apply(low), activation.apply(high));
    loop {
        let values = samples(activation, (low, high));
        let leaves = |from: f64| {
            move |v: &f64| {
                let distance = (v - from).abs();
                distance.is_nan() || distance > tolerance
            }
        };
        let start = values.iter().position(leaves(first));
        let end = values.iter().rposition(leaves(last));
        let (Some(start), Some(end)) = (start, end) else {
            return (low, high);
        };
        let width = high - low;
        let at = |i: usize| low + width * i as f64 / f64::from(SAMPLES);
        let next = (
            at(start.saturating_sub(1)),
            at((end + 1).min(values.len() - 1)),
        );
        // Short of a jump every round finds less; a jump has no width to find.
        if next.1 - next.0 > width / 2.0 || width <= f64::EPSILON * low.abs().max(high.abs()) {
            return next;
        }
        (low, high) = next;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn steep_functions_get_fine_keys() {
        let exp = Activation::from(Expression::value().unary(Unary::Exp));
        let unit = |range: (f64, f64)| key_unit(&exp, range, 1.0 / 255.0, 255.0);
        // Slope 1 at most, so keys as wide as values.
        assert!((unit((-2.0, 0.0)) * 255.0 - 1.0).abs() < 0.01);
        // Below −6.2 it is zero for the values' steps.
        let fine = unit((-20.0, 0.0)) * 255.0 / FINEST;
        assert!((6.2..6.4).contains(&fine), "{fine}");
        assert_eq!(unit((-1000.0, 0.0)), LEAST_ACTIVE * 1000.0 / 255.0);
        assert_eq!(unit((0.0, 0.0)), 1.0 / 255.0);
    }

    #[test]
    fn gentleness() {
        let v = Expression::value();
        let silu = v.binary(Binary::Mul, &v.unary(Unary::Sigmoid));
        assert!(gentle(&silu.into()));
        assert!(gentle(&Activation::Sigmoid));
        for op in [
            Unary::Exp,
            Unary::Log,
            Unary::Sqrt,
            Unary::Floor,
            Unary::Tanh,
        ] {
            assert!(!gentle(&v.unary(op).into()), "{op:?}");
        }
    }

    #[test]
    fn whole_numbers_stay_whole() {
        let floor = Activation::from(Expression::value().unary(Unary::Floor));
        assert_eq!(value_scale(&floor, 5.5, 255.0), 1.0 / 46.0);
        assert_eq!(value_scale(&floor, 5100.0, 255.0), 20.0);
        assert_eq!(value_scale(&Activation::Sigmoid, 0.1, 255.0), 1.0 / 255.0);
        assert_eq!(value_scale(&Activation::Relu, 0.0, 255.0), 1.0 / 255.0);
    }
}
