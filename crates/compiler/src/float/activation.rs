//! Element-wise functions of layers.

use std::borrow::Cow;
use std::sync::Arc;

use crate::float::expression::{Binary, Expression, Step, Unary};

/// An element-wise function.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub enum Activation {
    /// `v`
    Identity,
    /// `max(v, 0)`
    Relu,
    /// `v` if positive, `alpha · v` otherwise.
    LeakyRelu {
        /// The slope left of zero.
        alpha: f64,
    },
    /// `min(max(v, min), max)`; either bound may be infinite.
    Clip {
        /// Lower bound.
        min: f64,
        /// Upper bound.
        max: f64,
    },
    /// `1 / (1 + e^−v)`
    Sigmoid,
    /// `tanh v`
    Tanh,
    /// 1 from zero on, 0 below.
    Step,
    /// 1 at zero, 0 elsewhere.
    IsZero,
    /// `v²`; in [exact](crate::Precision::Exact) layers only.
    ///
    /// A square of two tensors `a` and `b` adds up their *integers*, whatever their scales are, and
    /// has the product of these scales. So it means nothing by itself unless they are equal, but
    /// `(a + b)² − (a − b)² = 4·a·b` and `(a + b)² − a² − b² = 2·a·b` do (a square of `a` alone
    /// that is meant for a product with `b` has a term for `b` without weights).
    Square,
    /// Any other function of one variable.
    Expression(Expression),
    /// The entry whose number is the nearest to `v`, from the end where that is negative; the first
    /// or last one beyond them.
    Lookup(Arc<[f64]>),
}

impl Activation {
    /// The function's value, computed by `libm` so that it is the same on every platform.
    pub fn apply(&self, v: f64) -> f64 {
        match *self {
            Self::Identity => v,
            Self::Relu => v.max(0.0),
            Self::LeakyRelu { alpha } => {
                if v < 0.0 {
                    alpha * v
                } else {
                    v
                }
            }
            // Not `clamp`: it panics where a model says min > max.
            Self::Clip { min, max } => v.max(min).min(max),
            Self::Sigmoid => 1.0 / (1.0 + libm::exp(-v)),
            Self::Tanh => libm::tanh(v),
            Self::Step => f64::from(v >= 0.0),
            Self::IsZero => f64::from(v == 0.0),
            Self::Square => v * v,
            Self::Expression(ref expression) => expression.apply(v),
            Self::Lookup(ref entries) => {
                let index = libm::rint(v);
                let len = entries.len() as f64;
                let index = if index < 0.0 { index + len } else { index };
                // `as` saturates, and there is at least one entry.
                let index = index.clamp(0.0, len - 1.0) as usize;
                entries.get(index).copied().unwrap_or(0.0)
            }
        }
    }

    /// Whether `f(c·v) = c·f(v)` for `c > 0`, so that layers with different scales can share one
    /// table.
    pub(crate) fn is_homogeneous(&self) -> bool {
        match self {
            Self::Identity | Self::Relu | Self::LeakyRelu { .. } => true,
            Self::Expression(expression) => expression.degree() == Some(1.0),
            _ => false,
        }
    }

    /// For messages and [`Table::name`](verdict_model::Table::name).
    pub fn name(&self) -> Cow<'static, str> {
        let name = match self {
            Self::Identity => "identity",
            Self::Relu => "relu",
            Self::LeakyRelu { .. } => "leaky_relu",
            Self::Clip { .. } => "clip",
            Self::Sigmoid => "sigmoid",
            Self::Tanh => "tanh",
            Self::Step => "step",
            Self::IsZero => "is_zero",
            Self::Square => "square",
            Self::Expression(expression) => return expression.name().into(),
            Self::Lookup(_) => "lookup",
        };
        name.into()
    }
}

impl From<Expression> for Activation {
    /// The named function where there is one: those share tables.
    fn from(expression: Expression) -> Self {
        match *expression.steps() {
            [Step::Value] => Self::Identity,
            [Step::Value, Step::Unary(Unary::Sigmoid, _)] => Self::Sigmoid,
            [Step::Value, Step::Unary(Unary::Tanh, _)] => Self::Tanh,
            [
                Step::Value,
                Step::Constant(0.0),
                Step::Binary(Binary::Max, ..),
            ] => Self::Relu,
            [
                Step::Value,
                Step::Constant(min),
                Step::Binary(Binary::Max, ..),
            ] => Self::Clip {
                min,
                max: f64::INFINITY,
            },
            [
                Step::Value,
                Step::Constant(max),
                Step::Binary(Binary::Min, ..),
            ] => Self::Clip {
                min: f64::NEG_INFINITY,
                max,
            },
            [
                Step::Value,
                Step::Constant(min),
                Step::Binary(Binary::Max, ..),
                Step::Constant(max),
                Step::Binary(Binary::Min, 2, 3),
            ] => Self::Clip { min, max },
            [
                Step::Constant(0.0),
                Step::Value,
                Step::Binary(Binary::Greater, 0, 1),
                Step::Constant(alpha),
                Step::Binary(Binary::Mul, 1, 3),
                Step::Select(2, 4, 1),
            ] => Self::LeakyRelu { alpha },
            _ => Self::Expression(expression),
        }
    }
}
