//! Element-wise operators, as functions of one variable.
//!
//! Exporters spell out what they have no operator for: GELU as `x · (1 + Erf(x / √2)) / 2`, SiLU as
//! `x · Sigmoid(x)`, HardSwish as `x · Clip(x + 3, 0, 6) / 6`. Operators whose operands are all
//! functions of one value are therefore put together to one [`Expression`], which costs one
//! look-up.

use tract_onnx::pb::tensor_proto::DataType;

use crate::Result;
use crate::float::expression::{Binary, Expression, Unary};
use crate::import::broadcast::{broadcast, broadcast_shape};
use crate::import::kinds::{ElementKind, kind};
use crate::import::node::Node;
use crate::import::number_types;
use crate::import::values::affine::Affine;

/// What an operator does to each cell of its operands.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Cellwise {
    /// The operator is not element-wise.
    No,
    /// A function of the first operand that has no parameters.
    Plain(fn(&Expression) -> Expression),
    /// A function of the first operand; attributes and constant operands are its parameters.
    Parametric(fn(&Node<'_>) -> Result<Expression>),
    /// A function of exactly two operands.
    Pair(fn(&Expression, &Expression) -> Expression),
    /// All operands, put together from the first to the last.
    Fold(Binary),
    /// Any other function; `None` if these operands are none of its own.
    All(fn(&Node<'_>, &[Expression]) -> Result<Option<Expression>>),
}

impl Cellwise {
    /// The function that the operator makes of its operands, all of them functions of the same
    /// variable or constants.
    pub(crate) fn combine(
        self,
        node: &Node<'_>,
        operands: &[Option<Expression>],
    ) -> Result<Option<Expression>> {
        let outer = match self {
            Self::No => return Ok(None),
            Self::Plain(function) => function(&Expression::value()),
            Self::Parametric(function) => function(node)?,
            Self::Pair(_) | Self::Fold(_) | Self::All(_) => {
                let all = operands.iter().cloned().collect::<Option<Vec<_>>>();
                return all.map_or(Ok(None), |all| self.of_all(node, &all));
            }
        };
        let [Some(inner), parameters @ ..] = operands else {
            return Ok(None);
        };
        // Bounds and the like are read by the operator itself.
        let mut parameters = parameters.iter().flatten();
        let constant = parameters.all(|operand| operand.as_constant().is_some());
        Ok(constant.then(|| outer.of(inner)))
    }

    fn of_all(self, node: &Node<'_>, all: &[Expression]) -> Result<Option<Expression>> {
        Ok(match (self, all) {
            (Self::Pair(function), [a, b]) => Some(function(a, b)),
            (Self::Fold(op), [first, rest @ ..]) => {
                let sum = |sum: Expression, next| sum.binary(op, next);
                Some(rest.iter().fold(first.clone(), sum))
            }
            (Self::All(function), all) => return function(node, all),
            _ => None,
        })
    }

    /// The value of an element-wise operator on constants alone, which need not be the same
    /// everywhere.
    pub(crate) fn constant(self, node: &Node<'_>) -> Result<Option<Affine>> {
        let known = |operand: &&Affine| operand.is_constant();
        if node.operands.is_empty() || !node.operands.iter().flatten().all(known) {
            return Ok(None);
        }
        let mut shape = Vec::new();
        for operand in node.operands.iter().flatten() {
            shape = broadcast_shape(node, &shape, &operand.shape)?;
        }
        let operands = node
            .operands
            .iter()
            .map(|operand| {
                operand
                    .map(|value| broadcast(node, value, &shape))
                    .transpose()
            })
            .collect::<Result<Vec<_>>>()?;
        let count = node.count(&shape)?;
        let mut values = Vec::with_capacity(count);
        for i in 0..count {
            let cell: Vec<Option<Expression>> = operands
                .iter()
                .map(|operand| Some(Expression::constant(operand.as_ref()?.bias[i])))
                .collect();
            match self
                .combine(node, &cell)?
                .and_then(|value| value.as_constant())
            {
                Some(value) => values.push(value),
                None => return Ok(None),
            }
        }
        Ok(Some(Affine::constant(shape, values)))
    }
}

/// `LeakyRelu`
pub(crate) fn leaky_relu(node: &Node<'_>) -> Result<Expression> {
    let slope = Expression::constant(node.float("alpha", 0.01));
    Ok(leaky(&Expression::value(), &slope))
}

/// `ThresholdedRelu`
pub(crate) fn thresholded_relu(node: &Node<'_>) -> Result<Expression> {
    let v = Expression::value();
    let above = v.with(Binary::Greater, node.float("alpha", 1.0));
    Ok(above.select(&v, &Expression::constant(0.0)))
}

/// `Elu`
pub(crate) fn exponential(node: &Node<'_>) -> Result<Expression> {
    Ok(elu(node.float("alpha", 1.0), 1.0))
}

/// `Celu`
pub(crate) fn celu(node: &Node<'_>) -> Result<Expression> {
    let alpha = node.float("alpha", 1.0);
    if alpha == 0.0 {
        return Err(node.invalid("`alpha` is 0, which divides by zero; use Relu instead"));
    }
    Ok(elu(alpha, alpha))
}

/// `Selu`
pub(crate) fn selu(node: &Node<'_>) -> Result<Expression> {
    let alpha = node.float("alpha", 1.673_263_192_176_818_8);
    let gamma = node.float("gamma", 1.050_701_022_148_132_3);
    Ok(elu(alpha, 1.0).with(Binary::Mul, gamma))
}

/// `HardSigmoid`
pub(crate) fn hard_sigmoid_of(node: &Node<'_>) -> Result<Expression> {
    Ok(hard_sigmoid(
        node.float("alpha", 0.2),
        node.float("beta", 0.5),
    ))
}

/// `HardSwish`
pub(crate) fn hard_swish(v: &Expression) -> Expression {
    v.binary(Binary::Mul, &hard_sigmoid(1.0 / 6.0, 0.5))
}

/// `Swish`
pub(crate) fn swish(node: &Node<'_>) -> Result<Expression> {
    let v = Expression::value();
    let gate = v.with(Binary::Mul, node.float("alpha", 1.0));
    Ok(v.binary(Binary::Mul, &gate.unary(Unary::Sigmoid)))
}

/// `Gelu`
pub(crate) fn gelu_of(node: &Node<'_>) -> Result<Expression> {
    match node.text("approximate").as_deref().unwrap_or("none") {
        "none" => Ok(gelu()),
        "tanh" => Ok(gelu_tanh()),
        other => Err(node.invalid(format!(
            "`approximate` is `{other}`, expected `none` or `tanh`"
        ))),
    }
}

/// `Shrink`
pub(crate) fn shrink(node: &Node<'_>) -> Result<Expression> {
    let v = Expression::value();
    let (bias, lambd) = (node.float("bias", 0.0), node.float("lambd", 0.5));
    let above = v.with(Binary::Greater, lambd);
    let below = Expression::constant(-lambd).binary(Binary::Greater, &v);
    let low = below.select(&v.with(Binary::Add, bias), &Expression::constant(0.0));
    Ok(above.select(&v.with(Binary::Sub, bias), &low))
}

/// `Mean`
pub(crate) fn mean(node: &Node<'_>, all: &[Expression]) -> Result<Option<Expression>> {
    let sum = Cellwise::Fold(Binary::Add).of_all(node, all)?;
    Ok(sum.map(|sum| sum.with(Binary::Div, all.len() as f64)))
}

/// `Div`, which drops the fraction of whole numbers.
pub(crate) fn divide(node: &Node<'_>, all: &[Expression]) -> Result<Option<Expression>> {
    let [a, b] = all else { return Ok(None) };
    if b.as_constant() == Some(0.0) {
        return Err(node.zero_divisor(0));
    }
    let quotient = a.binary(Binary::Div, b);
    Ok(Some(match node.whole {
        true => quotient.unary(Unary::Trunc),
        false => quotient,
    }))
}

/// `Mod` by a constant: the remainder has the divisor's sign, or with `fmod` the dividend's.
pub(crate) fn modulo(node: &Node<'_>, all: &[Expression]) -> Result<Option<Expression>> {
    let [a, b] = all else { return Ok(None) };
    match b.as_constant() {
        Some(0.0) => return Err(node.zero_divisor(0)),
        Some(_) => {}
        None => return Ok(None),
    }
    let rounding = match node.int("fmod", 0) {
        0 => Unary::Floor,
        _ => Unary::Trunc,
    };
    let whole = a.binary(Binary::Div, b).unary(rounding);
    let rest = a.binary(Binary::Sub, &whole.binary(Binary::Mul, b));
    // Rounding changes nothing, and says that the table has to be read at the integers themselves.
    Ok(Some(match node.whole {
        true => rest.unary(Unary::Round),
        false => rest,
    }))
}

/// `Where`
pub(crate) fn choose(_: &Node<'_>, all: &[Expression]) -> Result<Option<Expression>> {
    let [condition, a, b] = all else {
        return Ok(None);
    };
    Ok(Some(condition.select(a, b)))
}

/// 1 for whatever is not zero.
pub(crate) fn truth(value: &Expression) -> Expression {
    Expression::constant(1.0).binary(Binary::Sub, &value.with(Binary::Equal, 0.0))
}

/// `Xor`
pub(crate) fn differ(a: &Expression, b: &Expression) -> Expression {
    let same = truth(a).binary(Binary::Equal, &truth(b));
    same.with(Binary::Equal, 0.0)
}

/// `Mish`
pub(crate) fn mish(v: &Expression) -> Expression {
    v.binary(Binary::Mul, &softplus(v).unary(Unary::Tanh))
}

/// `Softsign`
pub(crate) fn softsign(v: &Expression) -> Expression {
    v.binary(Binary::Div, &v.unary(Unary::Abs).with(Binary::Add, 1.0))
}

/// `max(v, 0)`
pub(crate) fn relu(v: &Expression) -> Expression {
    v.with(Binary::Max, 0.0)
}

/// `v` if positive, `slope · v` otherwise.
pub(crate) fn leaky(v: &Expression, slope: &Expression) -> Expression {
    let below = Expression::constant(0.0).binary(Binary::Greater, v);
    below.select(&v.binary(Binary::Mul, slope), v)
}

/// `v` if positive, `alpha · (e^(v / width) − 1)` otherwise.
fn elu(alpha: f64, width: f64) -> Expression {
    let v = Expression::value();
    let below = v
        .with(Binary::Min, 0.0)
        .with(Binary::Div, width)
        .unary(Unary::ExpM1)
        .with(Binary::Mul, alpha);
    let positive = v.with(Binary::Greater, 0.0);
    positive.select(&v, &below)
}

/// `ln(1 + e^v)` without overflow.
pub(crate) fn softplus(v: &Expression) -> Expression {
    let tail = v
        .unary(Unary::Abs)
        .unary(Unary::Neg)
        .unary(Unary::Exp)
        .unary(Unary::Log1p);
    relu(v).binary(Binary::Add, &tail)
}

/// `min(max(alpha · v + beta, 0), 1)`
fn hard_sigmoid(alpha: f64, beta: f64) -> Expression {
    Expression::value()
        .with(Binary::Mul, alpha)
        .with(Binary::Add, beta)
        .with(Binary::Max, 0.0)
        .with(Binary::Min, 1.0)
}

/// `v · (1 + erf(v / √2)) / 2`
fn gelu() -> Expression {
    let v = Expression::value();
    let phi = v
        .with(Binary::Mul, std::f64::consts::FRAC_1_SQRT_2)
        .unary(Unary::Erf)
        .with(Binary::Add, 1.0)
        .with(Binary::Mul, 0.5);
    v.binary(Binary::Mul, &phi)
}

/// `v · (1 + tanh(√(2/π) · (v + 0.044715 · v³))) / 2`
fn gelu_tanh() -> Expression {
    let v = Expression::value();
    let cube = v.binary(Binary::Mul, &v).binary(Binary::Mul, &v);
    let inner = v
        .binary(Binary::Add, &cube.with(Binary::Mul, 0.044_715))
        .with(
            Binary::Mul,
            std::f64::consts::FRAC_2_SQRT_PI * std::f64::consts::FRAC_1_SQRT_2,
        );
    let gate = inner
        .unary(Unary::Tanh)
        .with(Binary::Add, 1.0)
        .with(Binary::Mul, 0.5);
    v.binary(Binary::Mul, &gate)
}

/// Small whole powers by multiplication: exact for squares, and defined left of zero.
pub(crate) fn pow(base: &Expression, exponent: &Expression) -> Expression {
    match exponent.as_constant() {
        Some(1.0) => base.clone(),
        Some(2.0) => base.binary(Binary::Mul, base),
        Some(3.0) => base.binary(Binary::Mul, base).binary(Binary::Mul, base),
        Some(0.5) => base.unary(Unary::Sqrt),
        _ => base.binary(Binary::Pow, exponent),
    }
}

/// `Dropout`, which does nothing outside training.
pub(crate) fn dropout(node: &Node<'_>) -> Result<Expression> {
    let training = node.optional_constant(2)?;
    let ratio = node.optional_constant(1)?;
    let on = |values: Option<&[f64]>, default| values.map_or(default, |v| v != [0.0]);
    if on(training, false) && on(ratio, true) {
        return Err(node.invalid("is in training mode; call model.eval() before exporting"));
    }
    Ok(Expression::value())
}

/// The bounds of a `Clip`, by attributes before opset 11, by operands since; infinite where there
/// is none.
pub(crate) fn bounds(node: &Node<'_>) -> Result<(f64, f64)> {
    let bound = |index, name, default| -> Result<f64> {
        match node.optional_constant(index)? {
            Some([value]) => Ok(*value),
            Some(values) => Err(node.invalid(format!(
                "bound `{name}` has {} values, expected one",
                values.len()
            ))),
            None if node.opset < 11 => Ok(node.float(name, default)),
            None => Ok(default),
        }
    };
    let (min, max) = (
        bound(1, "min", f64::NEG_INFINITY)?,
        bound(2, "max", f64::INFINITY)?,
    );
    if min.is_nan() || max.is_nan() {
        return Err(node.invalid(format!(
            "bounds [{min}, {max}] are not an interval; correct them and export again"
        )));
    }
    // Exporters write `max(v, 0)` with the largest float as its other bound.
    let largest = f64::from(f32::MAX);
    let min = if min <= -largest {
        f64::NEG_INFINITY
    } else {
        min
    };
    let max = if max >= largest { f64::INFINITY } else { max };
    Ok((min, max))
}

/// `Clip`
pub(crate) fn clip(node: &Node<'_>) -> Result<Expression> {
    let (min, max) = bounds(node)?;
    let v = Expression::value();
    let v = if min > f64::NEG_INFINITY {
        v.with(Binary::Max, min)
    } else {
        v
    };
    Ok(if max < f64::INFINITY {
        v.with(Binary::Min, max)
    } else {
        v
    })
}

/// `Cast`: numbers lose their fractions, truths are whatever is not zero. What has no room in two or
/// four bits is taken modulo their number of values, as ONNX has it.
pub(crate) fn cast(node: &Node<'_>) -> Result<Expression> {
    let to = i32::try_from(node.int("to", 0)).unwrap_or(0);
    let target = DataType::try_from(to).ok();
    let v = Expression::value();
    match (kind(to), target) {
        (Some(ElementKind::Truth), _) => {
            let zero = v.with(Binary::Equal, 0.0);
            Ok(zero.with(Binary::Equal, 0.0))
        }
        (Some(ElementKind::Whole { bits: bits @ ..8, signed }), _) => Ok(wrapped(&v, bits, signed)),
        (Some(ElementKind::Whole { .. }), _) => Ok(v.unary(Unary::Trunc)),
        (Some(ElementKind::Coarse(_)), _) => Err(node.unsupported(format!(
            "a cast to {} is not, which rounds to a few bits; leave the value as it is, or quantise it to integers",
            number_types::name(to)
        ))),
        (
            None,
            Some(DataType::Float | DataType::Double | DataType::Float16 | DataType::Bfloat16),
        ) => Ok(v),
        (None, _) => Err(node.unsupported("cast to a number instead")),
    }
}

/// The whole part of `v` in two's complement of a few bits.
pub(crate) fn wrapped(v: &Expression, bits: u32, signed: bool) -> Expression {
    let count = 2f64.powi(bits as i32);
    let lowest = if signed { -count / 2.0 } else { 0.0 };
    let whole = v.unary(Unary::Trunc);
    let turns = whole
        .with(Binary::Sub, lowest)
        .with(Binary::Div, count)
        .unary(Unary::Floor);
    whole.binary(Binary::Sub, &turns.with(Binary::Mul, count))
}
