//! `IsInf` and `IsNaN` of what no mask makes infinite: functions of tensors, and these are finite.

use crate::Result;
use crate::float::expression::{Binary, Expression, Unary};
use crate::import::node::Node;

/// Which infinities `IsInf` asks for, the negative and the positive one.
pub(crate) fn asked_signs(node: &Node<'_>) -> (bool, bool) {
    let asks = |sign: &str| node.int(sign, 1) != 0;
    (asks("detect_negative"), asks("detect_positive"))
}

/// `IsInf`: no value of a tensor is infinite, but functions of it may be.
pub(crate) fn is_infinite(node: &Node<'_>, all: &[Expression]) -> Result<Option<Expression>> {
    let [v] = all else { return Ok(None) };
    let (negative, positive) = asked_signs(node);
    let largest = f64::from(f32::MAX);
    let never = Expression::constant(0.0);
    if v.is_value() {
        return Ok(Some(never));
    }
    let above = |v: &Expression, asked: bool| match asked {
        true => v.with(Binary::Greater, largest),
        false => never.clone(),
    };
    let below = above(&v.unary(Unary::Neg), negative);
    Ok(Some(above(v, positive).binary(Binary::Max, &below)))
}

/// `IsNaN`: where a function of a tensor is defined, it is a number.
pub(crate) fn is_undefined(node: &Node<'_>, all: &[Expression]) -> Result<Option<Expression>> {
    let [v] = all else { return Ok(None) };
    match v.undefined() {
        Some(undefined) => Ok(Some(undefined)),
        None => Err(node.unsupported(format!(
            "where `{}` is no number cannot be told, for it is made of infinities or of powers of what may be negative; ask it of \
             their operands",
            node.input(0)
        ))),
    }
}
