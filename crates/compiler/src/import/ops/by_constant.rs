//! Operators of two operands whose function differs from cell to cell, because one operand is a
//! constant that does.
//!
//! Cells with the same constant share a function, and so a table; each is off by what a function
//! is. See [`key_unit`](crate::float::key_unit).

use crate::Result;
use crate::float::expression::Expression;
use crate::import::broadcast::{broadcast, broadcast_shape};
use crate::import::builder::Builder;
use crate::import::builder::rows::EXACT;
use crate::import::node::Node;
use crate::import::ops::functions::Cellwise;
use crate::import::ops::{functions, linear_ops};
use crate::import::values::Value;
use crate::import::values::affine::Affine;
use crate::import::values::cells::placed;

/// More tables than this cost more than any such operator is worth.
const MAX_FUNCTIONS: usize = 32;

/// `Pow`, by a constant exponent or of a constant base.
pub(crate) fn power(node: &Node<'_>, builder: &mut Builder) -> Result<Affine> {
    by_constant(node, builder, Cellwise::Pair(functions::pow), true)
}

/// `Mod` by a constant.
pub(crate) fn modulo(node: &Node<'_>, builder: &mut Builder) -> Result<Affine> {
    by_constant(node, builder, Cellwise::All(functions::modulo), false)
}

/// `Div` by a constant: whole numbers lose the fraction.
pub(crate) fn divide(node: &Node<'_>, builder: &mut Builder) -> Result<Affine> {
    if node.whole {
        by_constant(node, builder, Cellwise::All(functions::divide), false)
    } else {
        linear_ops::div(node)
    }
}

/// `function` of two operands the second of which is a constant, or `either` of them.
pub(crate) fn by_constant(
    node: &Node<'_>,
    builder: &mut Builder,
    function: Cellwise,
    either: bool,
) -> Result<Affine> {
    let (a, b) = (node.operand(0)?, node.operand(1)?);
    let (value, constant) = match (a.is_constant(), b.is_constant()) {
        (_, true) => (a, b),
        (true, false) if either => (b, a),
        _ => {
            return Err(node.invalid(
                "its second operand depends on the model's input; make it a constant, or compute this value outside the model",
            ));
        }
    };
    let index = usize::from(b.is_constant());
    let shape = broadcast_shape(node, &a.shape, &b.shape)?;
    let (value, constants) = (
        broadcast(node, value, &shape)?,
        broadcast(node, constant, &shape)?.bias,
    );
    let mut distinct: Vec<f64> = constants.clone();
    distinct.sort_by(f64::total_cmp);
    distinct.dedup();
    if distinct.len() > MAX_FUNCTIONS {
        return Err(node.invalid(format!(
            "its constant has {} different values, each of which needs a table; up to {MAX_FUNCTIONS} are supported",
            distinct.len()
        )));
    }
    let mut result = Affine::constant(shape.clone(), vec![0.0; value.len()]);
    for (number, constant) in distinct.into_iter().enumerate() {
        let (variable, fixed) = (Expression::value(), Expression::constant(constant));
        let operands = if b.is_constant() {
            [Some(variable), Some(fixed)]
        } else {
            [Some(fixed), Some(variable)]
        };
        let Some(expression) = function.combine(node, &operands)? else {
            return Err(node.product());
        };
        let cells: Vec<usize> = (0..value.len())
            .filter(|cell| constants[*cell] == constant)
            .collect();
        let part = value.gather(vec![1, cells.len()], &cells);
        let part = match expression.as_affine() {
            Some((a, c)) => Value::Rows(part).affine(a, c),
            None => {
                builder.secrecy.check(node, index, &[constant])?;
                let name = format!("{}/{number}", node.output());
                // A function that jumps is read at the whole numbers themselves.
                let exact = node.whole && value.as_cells().is_some();
                if exact {
                    Value::Rows(builder.layer_rows(name, part, expression.into(), EXACT))
                } else {
                    builder.apply(&name, Value::Rows(part), expression)
                }
            }
        };
        let Value::Rows(part) = part else {
            return Err(node.product());
        };
        let mut from = vec![None; value.len()];
        for (i, cell) in cells.iter().enumerate() {
            from[*cell] = Some(i);
        }
        result = result.add(placed(&part, shape.clone(), 0.0, |cell| from[cell]));
    }
    Ok(result)
}
