//! Element-wise functions of values: which argument becomes a tensor of its own first.

use crate::float::activation::Activation;
use crate::float::expression::{Binary, Expression};
use crate::float::graph::Precision;
use crate::float::key_unit::{gentle, largest_whole, whole};
use crate::import::builder::Builder;
use crate::import::builder::rows::EXACT;
use crate::import::values::Value;

/// More cells than this do not get a tensor for their function's argument.
const MAX_SPLIT: usize = 2048;

impl Builder {
    /// `expression(value)` as a tensor.
    ///
    /// Each value is off by at most half its step plus half a step of the argument's keys times the
    /// steepest slope there; see [`key_unit`](crate::float::key_unit). The square of a tensor is
    /// exact.
    pub(crate) fn apply(&mut self, name: &str, value: Value, expression: Expression) -> Value {
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
            let jumps = whole(&activation);
            let exact = matches!(activation, Activation::Expression(_))
                && !activation.is_homogeneous()
                && (integers && gentle(&activation)
                    || jumps && (integers || value.as_tensor().is_some()));
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
