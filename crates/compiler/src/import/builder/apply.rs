//! Element-wise functions of values: which argument becomes a tensor of its own first.

use crate::float::activation::Activation;
use crate::float::expression::{Binary, Expression};
use crate::float::graph::Precision;
use crate::float::key_unit::{gentle, gives_whole, largest_whole, whole};
use crate::import::builder::Builder;
use crate::import::builder::rows::EXACT;
use crate::import::values::Value;

/// Whole numbers up to this are few.
const FEW: f64 = 1024.0;
/// More cells than this do not get a tensor for their function's argument.
const MAX_SPLIT: usize = 2048;

impl Builder {
    /// `expression(value)` as a tensor.
    ///
    /// Each value is off by at most half its step plus half a step of the argument's keys times the
    /// steepest slope there; see [`key_unit`](crate::float::key_unit). The square of a tensor is
    /// exact.
    pub(crate) fn apply(&mut self, name: &str, value: Value, expression: Expression) -> Value {
        // What follows on a quantised value is a function of few whole numbers.
        if let Some((inner, outer)) = expression.split_at_bounds()
            && largest_whole(&Activation::from(inner.clone())).is_some()
            && !self.secrecy.private
            && self.whole_sum(&value).is_some()
        {
            let rounded = self.apply(&format!("{name}/rounded"), value, inner);
            return self.apply(name, rounded, outer);
        }
        if largest_whole(&Activation::from(expression.clone())).is_some()
            && let Some(found) = self.whole_sum(&value)
            && let Some(rounded) = self.round_sum(name, found, &expression)
        {
            // A quantised value: nothing but the sum itself decides where it is rounded to.
            return rounded;
        }
        let integers = self.has_integers(&value);
        let (activation, precision) = if integers && is_square(&expression) {
            (Activation::Square, EXACT)
        } else {
            let activation = Activation::from(expression);
            // An input's integers will do for functions that jump from one whole number to the
            // next.
            let summed = self.is_exact(&value);
            let of_whole =
                matches!(&activation, Activation::Expression(of) if gives_whole(of, true));
            let few = self.is_few(&value);
            let jumps = whole(&activation) || summed && of_whole;
            let exact = matches!(activation, Activation::Expression(_))
                && !activation.is_homogeneous()
                && (few
                    || integers && gentle(&activation)
                    || jumps && (integers || summed || value.as_tensor().is_some()));
            (activation, if exact { EXACT } else { Precision::Scaled })
        };
        match value {
            Value::Rows(value) if activation == Activation::Square => {
                Value::Rows(self.square(name, &value))
            }
            Value::Rows(value) => {
                Value::Rows(self.layer_rows(name.to_owned(), value, activation, precision))
            }
            planes => self.layer(name, planes, activation, precision),
        }
    }

    /// Whether `a · expression(value) + c`, with `(a, c)` its `end`, had better find `value` to be
    /// a [`tensor`](Self::tensor).
    ///
    /// A row for every cell then buys a table that covers no more than the calibrated range, or
    /// none at all for a square.
    pub(crate) fn wants_tensor(
        &self,
        value: &Value,
        expression: &Expression,
        end: (f64, f64),
    ) -> bool {
        let cells: usize = value.shape().iter().product();
        if self.has_integers(value) || cells > MAX_SPLIT {
            return false;
        }
        if is_square(expression) {
            return end == (1.0, 0.0);
        }
        let activation = Activation::from(expression.clone());
        matches!(activation, Activation::Expression(_))
            && !activation.is_homogeneous()
            && gentle(&activation)
            && value.as_tensor().is_none()
    }

    /// `value` as a tensor: rounded to steps of its own and saturated at its calibrated range,
    /// unless it is that already.
    pub(crate) fn tensor(&mut self, name: &str, value: Value) -> Value {
        if self.has_integers(&value) {
            return value;
        }
        match value {
            Value::Rows(value) => Value::Rows(self.integers(name.to_owned(), value)),
            planes => self.activate(name, planes, Activation::Identity),
        }
    }

    /// Whether each cell of `value` is one of so few whole numbers that a table may have a key for each.
    fn is_few(&self, value: &Value) -> bool {
        let Some(tensor) = value.as_tensor() else {
            // Sums of decisions: counts, and what leaves and categories stand for.
            return match value {
                Value::Rows(value) if self.has_decided_steps(value) => {
                    let biases = value.bias.iter().map(|bias| bias.abs());
                    self.reach_of_rows(value, 1.0) + biases.fold(0.0, f64::max) <= FEW
                }
                _ => false,
            };
        };
        let layer = self.tensors[tensor].layer.as_ref();
        let largest = layer.and_then(|layer| largest_whole(&layer.activation));
        largest.is_some_and(|largest| largest <= FEW)
    }

    /// Whether `value` is a sum of whole numbers that exact layers decide on without any rounding.
    fn is_exact(&self, value: &Value) -> bool {
        matches!(value, Value::Rows(value) if self.has_whole_steps(value))
    }

    /// Whether exact layers can read `value` as it is.
    fn has_integers(&self, value: &Value) -> bool {
        match value {
            Value::Rows(value) => self.is_integers(value),
            Value::Planes(value) => value
                .as_tensor()
                .is_some_and(|tensor| self.is_requantised(tensor)),
        }
    }
}

fn is_square(expression: &Expression) -> bool {
    let v = Expression::value();
    *expression == v.binary(Binary::Mul, &v)
}
