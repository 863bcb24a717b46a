//! Sums of whole multiples of one number: what a function that jumps is best computed on, since an
//! exact layer then decides on the sum itself.

use crate::float::activation::Activation;
use crate::float::expression::{Binary, Expression};
use crate::import::builder::Builder;
use crate::import::values::Value;

/// Weights of an exact layer are no larger than those of 8-bit models.
const LARGEST: f64 = 255.0;
/// How far from whole multiples weights may be: what multiplying steps rounds.
const CLOSE: f64 = 1e-6;
/// How far from whole multiples biases may be, which runtimes round to them.
const NEAR: f64 = 0.02;
/// The largest sum that a table has a key for at any choice of bits.
const LARGEST_SUM: f64 = 8191.0;

/// `value = unit · sum + offset`
pub(crate) struct WholeSum {
    pub(crate) sum: Value,
    unit: f64,
    offset: f64,
}

impl WholeSum {
    /// The function of the sum that `expression` of the value is.
    pub(crate) fn expression(&self, expression: &Expression) -> Expression {
        let value = Expression::value()
            .with(Binary::Mul, self.unit)
            .with(Binary::Add, self.offset);
        expression.of(&value)
    }
}

fn weights(value: &Value) -> Vec<f64> {
    match value {
        Value::Rows(value) => {
            let all = value.terms.values().flatten().flatten();
            all.map(|(_, weight)| *weight).collect()
        }
        Value::Planes(value) => {
            let all = value.terms.iter().flat_map(|(_, conv)| &conv.weights);
            all.copied().filter(|weight| *weight != 0.0).collect()
        }
    }
}

/// The largest number of which all weights are whole multiples, none too large.
fn common_unit(weights: &[f64]) -> Option<f64> {
    let sizes = || weights.iter().map(|weight| weight.abs());
    let least = sizes().fold(f64::INFINITY, f64::min);
    let most = sizes().fold(0.0, f64::max);
    if !least.is_finite() || least <= 0.0 || most / least > LARGEST {
        return None;
    }
    (1..=LARGEST as u32)
        .map(|n| least / f64::from(n))
        .find(|unit| {
            let whole = |size: f64| {
                let times = size / unit;
                (times - times.round()).abs() <= CLOSE && times <= LARGEST + CLOSE
            };
            sizes().all(whole)
        })
}

impl Builder {
    /// `value` as a whole multiple of an exact sum: of the cells of one tensor each, or of whole
    /// numbers whose sums a table has keys for.
    pub(crate) fn whole_sum(&self, value: &Value) -> Option<WholeSum> {
        let sources: Vec<usize> = match value {
            Value::Rows(value) => value.terms.keys().copied().collect(),
            Value::Planes(value) => value.terms.iter().map(|(source, _)| *source).collect(),
        };
        let unit = common_unit(&weights(value))?;
        let (bias, reach) = match value {
            Value::Rows(value) => (&value.bias, self.reach_of_rows(value, unit)),
            Value::Planes(value) => {
                let reach = value.terms.iter().map(|(source, conv)| {
                    let per_output = (conv.weights.len() / conv.channels[1].max(1)).max(1);
                    let sums = conv.weights.chunks(per_output);
                    let sums = sums.map(|row| row.iter().map(|w| (w / unit).abs()).sum::<f64>());
                    self.largest_whole(*source).unwrap_or(f64::INFINITY) * sums.fold(0.0, f64::max)
                });
                (&value.bias, reach.sum())
            }
        };
        let placed = match value {
            Value::Rows(value) => value.terms.values().flatten().all(|row| row.len() == 1),
            Value::Planes(value) => value.is_placement(),
        };
        let first = bias.first().copied().unwrap_or(0.0);
        let uniform = bias.iter().all(|b| *b == first);
        let one = weights(value)
            .iter()
            .all(|w| (w.abs() / unit).round() == 1.0);
        let mut sum = value.clone().affine(1.0 / unit, 0.0);
        let offset = match (&sources[..], uniform) {
            // Integers of a tensor as they are, whatever they stand for.
            ([_], true) if placed && one => {
                clear(&mut sum);
                first
            }
            _ if sources
                .iter()
                .any(|source| self.largest_whole(*source).is_none()) =>
            {
                return None;
            }
            _ => {
                let largest = bias.iter().map(|b| (b / unit).abs()).fold(0.0, f64::max);
                if reach + largest > LARGEST_SUM {
                    return None;
                }
                let whole = |b: &f64| (b / unit - (b / unit).round()).abs() <= NEAR;
                match (bias.iter().all(whole), uniform) {
                    (true, _) => 0.0,
                    (false, true) => {
                        clear(&mut sum);
                        first
                    }
                    (false, false) => return None,
                }
            }
        };
        round(&mut sum);
        Some(WholeSum { sum, unit, offset })
    }

    fn reach_of_rows(&self, value: &crate::import::values::affine::Affine, unit: f64) -> f64 {
        let mut reach = vec![0.0; value.len()];
        for (source, rows) in &value.terms {
            let largest = self.largest_whole(*source).unwrap_or(f64::INFINITY);
            for (reach, row) in reach.iter_mut().zip(rows) {
                let sum: f64 = row.iter().map(|(_, weight)| (weight / unit).abs()).sum();
                if sum > 0.0 {
                    *reach += largest * sum;
                }
            }
        }
        reach.into_iter().fold(0.0, f64::max)
    }

    /// The largest magnitude of a tensor of whole numbers whose steps are 1, if it is one.
    fn largest_whole(&self, tensor: usize) -> Option<f64> {
        match &self.tensors[tensor].layer.as_ref()?.activation {
            Activation::Expression(expression) => expression.largest_whole(),
            Activation::Step | Activation::IsZero => Some(1.0),
            _ => None,
        }
    }
}

/// Takes the biases away.
fn clear(value: &mut Value) {
    match value {
        Value::Rows(value) => value.bias.fill(0.0),
        Value::Planes(value) => value.bias.fill(0.0),
    }
}

fn round(value: &mut Value) {
    let round = |number: &mut f64| *number = number.round();
    match value {
        Value::Rows(value) => {
            value.bias.iter_mut().for_each(round);
            let rows = value.terms.values_mut().flatten().flatten();
            rows.for_each(|(_, weight)| *weight = weight.round());
        }
        Value::Planes(value) => {
            value.bias.iter_mut().for_each(round);
            let all = value
                .terms
                .iter_mut()
                .flat_map(|(_, conv)| &mut conv.weights);
            all.for_each(round);
        }
    }
}
