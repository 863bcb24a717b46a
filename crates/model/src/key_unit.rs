//! How finely a function that is not piecewise linear is looked up.
//!
//! With key unit `u`, value step `s` and no saturation, a look-up is off by at most `s/2 + m·u/2`, where `m` is the function's
//! steepest slope within half a unit of the argument: the value is rounded to a step, and the argument to a key (whose table
//! entry is the function's value there). An argument that is an integer of step `u` already, as in an exact layer, is not
//! rounded again: there the bound is `s/2`.

use crate::expression::{Binary, Step, Unary};
use crate::float_graph::Activation;

/// Where the slope is measured.
const SAMPLES: u32 = 512;
/// The key unit stays within these multiples of the argument's calibrated range over the number of steps.
const FINEST: f64 = 0.5;
const COARSEST: f64 = 2.0;
/// The steepest slope, relative to the mean one, of a function that needs no finer keys than values.
const GENTLE_SLOPE: f64 = 5.0;

/// A scale for values of calibrated magnitude `range`, of which `steps` steps are wanted.
pub(crate) fn value_scale(activation: &Activation, range: f64, steps: f64) -> f64 {
    // A layer that is silent on the calibration data still needs some unit; 1 is as good as any.
    let scale = if range > 0.0 { range } else { 1.0 } / steps;
    match activation {
        Activation::Sigmoid | Activation::Tanh => 1.0 / steps,
        // Whole numbers stay exact if they can.
        Activation::Expression(_) if whole(activation) && scale <= 1.0 => {
            1.0 / (1.0 / scale).floor()
        }
        _ => scale,
    }
}

/// Whether all values of `activation` are whole numbers.
pub(crate) fn whole(activation: &Activation) -> bool {
    let Activation::Expression(expression) = activation else {
        return matches!(activation, Activation::Step | Activation::IsZero);
    };
    matches!(
        expression.steps().last(),
        Some(
            Step::Unary(
                Unary::Sign | Unary::Floor | Unary::Ceil | Unary::Round | Unary::Trunc,
                _
            ) | Step::Binary(Binary::Equal | Binary::Greater | Binary::GreaterOrEqual, ..)
        )
    )
}

/// Whether `activation` varies so little that arguments rounded to an ordinary tensor's steps serve it as well as finer ones.
///
/// Then it is cheaper to make the argument a tensor first, saturated at its calibrated range, and look the function up at that
/// tensor's integers: the function's own table need not cover everything that interval analysis cannot exclude.
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

/// The key unit for arguments that calibration saw from `low` to `high`: where the function is steepest, half a key moves the
/// value by half a step of `scale`, unless that took too many or too few keys.
pub(crate) fn key_unit(
    activation: &Activation,
    (low, high): (f64, f64),
    scale: f64,
    steps: f64,
) -> f64 {
    let range = low.abs().max(high.abs());
    let range = if range > 0.0 && range.is_finite() {
        range
    } else {
        1.0
    };
    let at = |i: u32| {
        let v = low + (high - low) * f64::from(i) / f64::from(SAMPLES);
        activation.apply(v)
    };
    let width = (high - low) / f64::from(SAMPLES);
    let slope = (0..SAMPLES)
        .map(|i| (at(i + 1) - at(i)).abs() / width)
        .filter(|slope| slope.is_finite())
        .fold(0.0, f64::max);
    let unit = range / steps;
    if slope > 0.0 {
        (scale / slope).clamp(unit * FINEST, unit * COARSEST)
    } else {
        unit
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::expression::Expression;

    #[test]
    fn steep_functions_get_fine_keys() {
        let exp = Activation::from(Expression::value().unary(Unary::Exp));
        let unit = |range: (f64, f64)| key_unit(&exp, range, 1.0 / 255.0, 255.0);
        // Slope 1 at most, so keys as wide as values.
        assert!((unit((-2.0, 0.0)) * 255.0 - 1.0).abs() < 0.01);
        assert_eq!(unit((-20.0, 0.0)), 20.0 / 255.0 * FINEST);
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
