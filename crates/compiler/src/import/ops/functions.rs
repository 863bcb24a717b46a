//! Element-wise operators, as functions of one variable.
//!
//! Exporters spell out what they have no operator for: GELU as `x · (1 + Erf(x / √2)) / 2`, SiLU as `x · Sigmoid(x)`, HardSwish
//! as `x · Clip(x + 3, 0, 6) / 6`. Operators whose operands are all functions of one value are therefore put together to one
//! [`Expression`], which costs one look-up.

use crate::Result;
use crate::float::expression::{Binary, Expression, Unary};
use crate::import::node::Node;
use crate::import::ops::shape_ops::{broadcast, broadcast_shape};
use crate::import::values::affine::Affine;

/// The function that operator `node` applies to its first operand, given its attributes and constant operands.
pub(in crate::import) fn unary(node: &Node<'_>) -> Result<Option<Expression>> {
    let v = Expression::value;
    let simple = |op| Some(v().unary(op));
    Ok(match node.op() {
        "Neg" => simple(Unary::Neg),
        "Abs" => simple(Unary::Abs),
        "Sign" => simple(Unary::Sign),
        "Floor" => simple(Unary::Floor),
        "Ceil" => simple(Unary::Ceil),
        "Round" => simple(Unary::Round),
        "Exp" => simple(Unary::Exp),
        "Log" => simple(Unary::Log),
        "Sqrt" => simple(Unary::Sqrt),
        "Erf" => simple(Unary::Erf),
        "Sigmoid" => simple(Unary::Sigmoid),
        "Tanh" => simple(Unary::Tanh),
        "Sin" => simple(Unary::Sin),
        "Cos" => simple(Unary::Cos),
        "Tan" => simple(Unary::Tan),
        "Asin" => simple(Unary::Asin),
        "Acos" => simple(Unary::Acos),
        "Atan" => simple(Unary::Atan),
        "Sinh" => simple(Unary::Sinh),
        "Cosh" => simple(Unary::Cosh),
        "Asinh" => simple(Unary::Asinh),
        "Acosh" => simple(Unary::Acosh),
        "Atanh" => simple(Unary::Atanh),
        "Identity" => Some(v()),
        "Dropout" => Some(dropout(node)?),
        "Reciprocal" => Some(Expression::constant(1.0).binary(Binary::Div, &v())),
        "Not" => Some(v().with(Binary::Equal, 0.0)),
        "Relu" => Some(relu(&v())),
        "LeakyRelu" => Some(leaky(
            &v(),
            &Expression::constant(node.float("alpha", 0.01)),
        )),
        "ThresholdedRelu" => {
            let above = v().with(Binary::Greater, node.float("alpha", 1.0));
            Some(above.select(&v(), &Expression::constant(0.0)))
        }
        "Elu" => Some(elu(node.float("alpha", 1.0), 1.0)),
        "Celu" => {
            let alpha = node.float("alpha", 1.0);
            if alpha == 0.0 {
                return Err(node.invalid("`alpha` is 0, which divides by zero; use Relu instead"));
            }
            Some(elu(alpha, alpha))
        }
        "Selu" => {
            let alpha = node.float("alpha", 1.673_263_192_176_818_8);
            Some(elu(alpha, 1.0).with(Binary::Mul, node.float("gamma", 1.050_701_022_148_132_3)))
        }
        "Softplus" => Some(softplus()),
        "Softsign" => Some(v().binary(Binary::Div, &v().unary(Unary::Abs).with(Binary::Add, 1.0))),
        "HardSigmoid" => Some(hard_sigmoid(
            node.float("alpha", 0.2),
            node.float("beta", 0.5),
        )),
        "HardSwish" => Some(v().binary(Binary::Mul, &hard_sigmoid(1.0 / 6.0, 0.5))),
        "Swish" => {
            let alpha = v().with(Binary::Mul, node.float("alpha", 1.0));
            Some(v().binary(Binary::Mul, &alpha.unary(Unary::Sigmoid)))
        }
        "Mish" => Some(v().binary(Binary::Mul, &softplus().unary(Unary::Tanh))),
        "Gelu" => match node.text("approximate").as_deref().unwrap_or("none") {
            "none" => Some(gelu()),
            "tanh" => Some(gelu_tanh()),
            other => {
                return Err(node.invalid(format!(
                    "`approximate` is `{other}`, expected `none` or `tanh`"
                )));
            }
        },
        "Shrink" => {
            let (bias, lambd) = (node.float("bias", 0.0), node.float("lambd", 0.5));
            let above = v().with(Binary::Greater, lambd);
            let below = Expression::constant(-lambd).binary(Binary::Greater, &v());
            let low = below.select(&v().with(Binary::Add, bias), &Expression::constant(0.0));
            Some(above.select(&v().with(Binary::Sub, bias), &low))
        }
        "Clip" => Some(clip(node)?),
        "Cast" => cast(node)?,
        _ => None,
    })
}

/// The function that operator `node` makes of its operands, all of them functions of the same variable or constants.
pub(in crate::import) fn combine(
    node: &Node<'_>,
    operands: &[Option<Expression>],
) -> Result<Option<Expression>> {
    let first = || operands.first().cloned().flatten();
    // Bounds and the like are read by the operator itself.
    if let (Some(outer), Some(inner)) = (unary(node)?, first())
        && operands[1..]
            .iter()
            .flatten()
            .all(|operand| operand.as_constant().is_some())
    {
        return Ok(Some(outer.of(&inner)));
    }
    let Some(all) = operands.iter().cloned().collect::<Option<Vec<_>>>() else {
        return Ok(None);
    };
    let fold = |op| {
        let rest = all.get(1..).unwrap_or_default();
        let first = all.first()?.clone();
        Some(rest.iter().fold(first, |sum, next| sum.binary(op, next)))
    };
    let truth = |value: &Expression| {
        Expression::constant(1.0).binary(Binary::Sub, &value.with(Binary::Equal, 0.0))
    };
    Ok(match (node.op(), &all[..]) {
        ("Sum", _) => fold(Binary::Add),
        ("Max", _) => fold(Binary::Max),
        ("Min", _) => fold(Binary::Min),
        ("Mean", _) => fold(Binary::Add).map(|sum| sum.with(Binary::Div, all.len() as f64)),
        ("Add", [a, b]) => Some(a.binary(Binary::Add, b)),
        ("Sub", [a, b]) => Some(a.binary(Binary::Sub, b)),
        ("Mul", [a, b]) => Some(a.binary(Binary::Mul, b)),
        ("Div", [_, b]) if b.as_constant() == Some(0.0) => return Err(node.zero_divisor(0)),
        ("Div", [a, b]) if node.whole => Some(a.binary(Binary::Div, b).unary(Unary::Trunc)),
        ("Div", [a, b]) => Some(a.binary(Binary::Div, b)),
        ("Mod", [_, b]) if b.as_constant() == Some(0.0) => return Err(node.zero_divisor(0)),
        ("Mod", [a, b]) if b.as_constant().is_some() => {
            // The remainder has the divisor's sign, or with `fmod` the dividend's.
            let rounding = match node.int("fmod", 0) {
                0 => Unary::Floor,
                _ => Unary::Trunc,
            };
            let whole = a.binary(Binary::Div, b).unary(rounding);
            let rest = a.binary(Binary::Sub, &whole.binary(Binary::Mul, b));
            // Rounding changes nothing, and says that the table has to be read at the integers themselves.
            Some(if node.whole {
                rest.unary(Unary::Round)
            } else {
                rest
            })
        }
        ("Pow", [a, b]) => Some(pow(a, b)),
        ("PRelu", [a, slope]) => Some(leaky(a, slope)),
        ("Equal", [a, b]) => Some(a.binary(Binary::Equal, b)),
        ("Greater", [a, b]) => Some(a.binary(Binary::Greater, b)),
        ("GreaterOrEqual", [a, b]) => Some(a.binary(Binary::GreaterOrEqual, b)),
        ("Less", [a, b]) => Some(b.binary(Binary::Greater, a)),
        ("LessOrEqual", [a, b]) => Some(b.binary(Binary::GreaterOrEqual, a)),
        ("And", [a, b]) => Some(truth(a).binary(Binary::Mul, &truth(b))),
        ("Or", [a, b]) => Some(truth(a).binary(Binary::Max, &truth(b))),
        ("Xor", [a, b]) => {
            let same = truth(a).binary(Binary::Equal, &truth(b));
            Some(same.with(Binary::Equal, 0.0))
        }
        ("Where", [condition, a, b]) => Some(condition.select(a, b)),
        _ => None,
    })
}

/// The value of an element-wise operator on constants alone, which need not be the same everywhere.
pub(in crate::import) fn constant(node: &Node<'_>) -> Result<Option<Affine>> {
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
        match combine(node, &cell)?.and_then(|value| value.as_constant()) {
            Some(value) => values.push(value),
            None => return Ok(None),
        }
    }
    Ok(Some(Affine::constant(shape, values)))
}

fn relu(v: &Expression) -> Expression {
    v.with(Binary::Max, 0.0)
}

fn leaky(v: &Expression, slope: &Expression) -> Expression {
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
fn softplus() -> Expression {
    let v = Expression::value();
    let tail = v
        .unary(Unary::Abs)
        .unary(Unary::Neg)
        .unary(Unary::Exp)
        .unary(Unary::Log1p);
    relu(&v).binary(Binary::Add, &tail)
}

fn hard_sigmoid(alpha: f64, beta: f64) -> Expression {
    Expression::value()
        .with(Binary::Mul, alpha)
        .with(Binary::Add, beta)
        .with(Binary::Max, 0.0)
        .with(Binary::Min, 1.0)
}

/// `v · (1 + erf(v / √2)) / 2`
pub(in crate::import) fn gelu() -> Expression {
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
fn pow(base: &Expression, exponent: &Expression) -> Expression {
    match exponent.as_constant() {
        Some(1.0) => base.clone(),
        Some(2.0) => base.binary(Binary::Mul, base),
        Some(3.0) => base.binary(Binary::Mul, base).binary(Binary::Mul, base),
        Some(0.5) => base.unary(Unary::Sqrt),
        _ => base.binary(Binary::Pow, exponent),
    }
}

/// Nothing, outside training.
fn dropout(node: &Node<'_>) -> Result<Expression> {
    let training = node.optional_constant(2)?;
    let ratio = node.optional_constant(1)?;
    let on = |values: Option<&[f64]>, default| values.map_or(default, |v| v != [0.0]);
    if on(training, false) && on(ratio, true) {
        return Err(node.invalid("is in training mode; call model.eval() before exporting"));
    }
    Ok(Expression::value())
}

fn clip(node: &Node<'_>) -> Result<Expression> {
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
    if min.is_nan() || max.is_nan() || min > max {
        return Err(node.invalid(format!(
            "bounds [{min}, {max}] are not an interval; correct them and export again"
        )));
    }
    // Exporters write `max(v, 0)` with the largest float as its other bound.
    let largest = f64::from(f32::MAX);
    let v = Expression::value();
    let v = if min <= -largest {
        v
    } else {
        v.with(Binary::Max, min)
    };
    Ok(if max >= largest {
        v
    } else {
        v.with(Binary::Min, max)
    })
}

fn cast(node: &Node<'_>) -> Result<Option<Expression>> {
    use tract_onnx::pb::tensor_proto::DataType;
    let target = i32::try_from(node.int("to", 0))
        .ok()
        .and_then(|to| DataType::try_from(to).ok());
    let v = Expression::value();
    match target {
        Some(DataType::Float | DataType::Double | DataType::Float16 | DataType::Bfloat16) => {
            Ok(Some(v))
        }
        Some(DataType::Bool) => {
            let zero = v.with(Binary::Equal, 0.0);
            Ok(Some(zero.with(Binary::Equal, 0.0)))
        }
        Some(DataType::String | DataType::Undefined) | None => {
            Err(node.unsupported("cast to a number instead"))
        }
        Some(_) => Ok(Some(v.unary(Unary::Trunc))),
    }
}
