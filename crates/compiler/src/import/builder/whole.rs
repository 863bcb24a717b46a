//! Sums of whole multiples of one number: what a function that jumps is best computed on, since an
//! exact layer then decides on the sum itself.

use crate::float::activation::Activation;
use crate::float::expression::{Binary, Expression, Unary};
use crate::float::key_unit::largest_whole;
use crate::import::builder::Builder;
use crate::import::builder::rows::EXACT;
use crate::import::values::Value;
use crate::import::values::affine::Affine;

/// Weights of an exact layer are no larger than those of 8-bit models.
const LARGEST: f64 = 255.0;
/// How far from whole multiples weights may be: what multiplying steps rounds.
const CLOSE: f64 = 1e-6;
/// How far from whole multiples biases may be, which runtimes round to them.
const NEAR: f64 = 0.02;
/// The largest sum that a table has a key for at any choice of bits.
const LARGEST_SUM: f64 = 8191.0;
/// The most entries, on either side of zero, that the upper bits of a wider sum look up: sums of
/// twice as many must have keys.
const LARGEST_PART: i64 = 4000;
/// The most bits that are looked at by themselves: their power of two is a weight.
const MOST_BITS: u32 = 14;
/// The most steps of a function between two values of the upper bits.
const MOST_STEPS: usize = 4;

/// `value = unit · sum + offset`
pub(crate) struct WholeSum {
    sum: Value,
    unit: f64,
    offset: f64,
    /// How far from zero the sum can be; `None` where a table has keys for every sum.
    reach: Option<f64>,
}

impl WholeSum {
    /// The function of the sum that `expression` of the value is.
    fn expression(&self, expression: &Expression) -> Expression {
        let value = Expression::value()
            .with(Binary::Mul, self.unit)
            .with(Binary::Add, self.offset);
        expression.of(&value)
    }
}

/// `a + b`
fn plus(a: Value, b: Value) -> Value {
    match (a, b) {
        (Value::Planes(a), Value::Planes(b)) if a.size == b.size => Value::Planes(a.add(b)),
        (a, b) => Value::Rows(rows(a).add(rows(b))),
    }
}

fn rows(value: Value) -> Affine {
    match value {
        Value::Rows(value) => value,
        Value::Planes(value) => value.rows(),
    }
}

/// A function of a sum by the sum's upper bits, a table entry each, and by how far what is left
/// exceeds thresholds, which those bits look up.
struct Parts {
    bits: u32,
    /// Entries on either side of zero.
    half: i64,
    base: Vec<f64>,
    /// How much the rest must be for the first step, the second, and so on.
    thresholds: Vec<Vec<f64>>,
    /// Whether steps go up or down.
    direction: f64,
}

impl Parts {
    fn width(&self) -> f64 {
        f64::from(1u32 << self.bits)
    }

    /// The parts of `function` of whole numbers up to `reach`; `None` if there are too many.
    fn of(function: &Expression, reach: f64) -> Option<Self> {
        let at = |sum: i64| function.apply(sum as f64);
        let reach = reach.ceil() as i64;
        let direction = if at(reach) >= at(-reach) { 1.0 } else { -1.0 };
        let half = |bits: u32| (reach >> bits) + 2;
        let most = |bits: u32| {
            let parts = (-half(bits)..=half(bits)).map(|part| {
                let steps = at(((part + 1) << bits) - 1) - at(part << bits);
                (direction * steps).round()
            });
            parts.fold(0.0, f64::max) as usize
        };
        let narrow = |bits: &u32| half(*bits) <= LARGEST_PART;
        let first = (1..=MOST_BITS).find(narrow)?;
        let single = (first..=MOST_BITS).rev().find(|bits| most(*bits) <= 1);
        let bits = single.unwrap_or(first);
        let steps = most(bits);
        if steps > MOST_STEPS {
            return None;
        }
        let half = half(bits);
        let width = 1i64 << bits;
        let threshold = |part: i64, step: usize| {
            let (mut from, mut to) = (0, width);
            while from < to {
                let middle = from + (to - from) / 2;
                let done = direction * (at(part * width + middle) - at(part * width));
                if done.round() >= step as f64 {
                    to = middle;
                } else {
                    from = middle + 1;
                }
            }
            from as f64
        };
        let all = || -half..=half;
        Some(Self {
            bits,
            half,
            base: all().map(|part| at(part * width)).collect(),
            thresholds: (1..=steps)
                .map(|step| all().map(|part| threshold(part, step)).collect())
                .collect(),
            direction,
        })
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
        let mut wide = None;
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
                if !reach.is_finite() {
                    return None;
                }
                wide = Some(reach + largest).filter(|reach| *reach > LARGEST_SUM);
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
        Some(WholeSum {
            sum,
            unit,
            offset,
            reach: wide,
        })
    }

    /// `expression` of a whole sum, which rounds it to whole numbers between bounds. `None` if no
    /// exact layers can.
    pub(crate) fn round_sum(
        &mut self,
        name: &str,
        found: WholeSum,
        expression: &Expression,
    ) -> Option<Value> {
        let function = found.expression(expression);
        let Some(reach) = found.reach else {
            let activation = Activation::from(function);
            return Some(self.layer(name, found.sum, activation, EXACT));
        };
        let (low, high) = expression.bounds()?;
        if self.secrecy.private || !function.is_monotone() {
            return None;
        }
        let parts = Parts::of(&function, reach)?;
        let half = parts.half as f64;
        let upper = Expression::value()
            .with(Binary::Mul, 1.0 / parts.width())
            .unary(Unary::Floor)
            .with(Binary::Max, -half)
            .with(Binary::Min, half);
        let upper = self.layer(
            &format!("{name}/upper"),
            found.sum.clone(),
            upper.into(),
            EXACT,
        );
        let index = upper.clone().affine(1.0, half);
        let left = plus(found.sum, upper.affine(-parts.width(), 0.0));
        let base = Activation::Lookup(parts.base.into());
        let mut total = self.layer(&format!("{name}/base"), index.clone(), base, EXACT);
        for (number, thresholds) in parts.thresholds.into_iter().enumerate() {
            let least = Activation::Lookup(thresholds.into());
            let of_least = format!("{name}/threshold{number}");
            let least = self.layer(&of_least, index.clone(), least, EXACT);
            let beyond = plus(left.clone(), least.affine(-1.0, 0.0));
            let name = format!("{name}/beyond{number}");
            let beyond = self.layer(&name, beyond, Activation::Step, EXACT);
            total = plus(total, beyond.affine(parts.direction, 0.0));
        }
        let kept = Expression::value()
            .unary(Unary::Round)
            .with(Binary::Max, low)
            .with(Binary::Min, high);
        Some(self.layer(name, total, kept.into(), EXACT))
    }

    /// How far a sum can be from zero in steps of `unit`, biases left out.
    pub(super) fn reach_of_rows(&self, value: &Affine, unit: f64) -> f64 {
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
        largest_whole(&self.tensors[tensor].layer.as_ref()?.activation)
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
