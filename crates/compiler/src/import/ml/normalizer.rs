//! `Normalizer`: a row divided by its norm.
//!
//! The row becomes integers of step `u`, the norm and its reciprocal `r` one look-up of an exact
//! sum, and the product of both is exact again, so a result is off by at most `|x|·δr + r·u/2`,
//! with `δr` the error of the look-up (half a step of `r` and half a step of its argument times its
//! slope there). The reciprocals of norms that differ by orders of magnitude share one step: what
//! is divided by a norm `k` times the smallest is `k` times less precise. A norm of zero gives
//! zeros.

use crate::Result;
use crate::float::activation::Activation;
use crate::float::expression::{Binary, Expression, Unary};
use crate::import::builder::rows::EXACT;
use crate::import::ml::attributes::{output_name, row, string};
use crate::import::node::Node;
use crate::import::state::Importer;
use crate::import::values::affine::Affine;
use crate::import::values::cells::columns;

pub(crate) fn normalizer(importer: &mut Importer<'_>, node: &Node<'_>) -> Result<Affine> {
    let norm = string(node, "norm", "MAX");
    let value = row(node)?;
    let distribution = node.proto.input.first();
    if norm == "L1" && distribution.is_some_and(|name| importer.ml.distributions.contains(name)) {
        // Probabilities add up to one already.
        return Ok(value);
    }
    if value.is_constant() {
        return Err(node.unsupported("the norm of a constant is not; fold it into the model"));
    }
    let name = output_name(node, 0);
    let builder = &mut importer.builder;
    let integers = builder.integers(format!("{name}/row"), value);
    let v = Expression::value;
    let one = Expression::constant(1.0);
    let total =
        |value: &Affine| value.combine(vec![1, 1], |_| (0..value.len()).map(|cell| (cell, 1.0)));
    let (size, inverse) = match &*norm {
        "L2" => {
            let squares = builder.square(&name, &integers);
            (
                total(&squares),
                one.binary(Binary::Div, &v().unary(Unary::Sqrt)),
            )
        }
        "L1" => {
            let positive = integers
                .as_cells()
                .is_some_and(|(tensor, _)| builder.is_non_negative(tensor));
            let sizes = if positive {
                integers.clone()
            } else {
                let absolute = Activation::from(v().unary(Unary::Abs));
                builder.layer_rows(format!("{name}/sizes"), integers.clone(), absolute, EXACT)
            };
            (total(&sizes), one.binary(Binary::Div, &v()))
        }
        "MAX" => {
            let all: Vec<Vec<usize>> = vec![(0..integers.len()).collect()];
            let largest = builder.maximum(&name, columns(&integers, &all));
            (largest, one.binary(Binary::Div, &v()))
        }
        other => {
            return Err(node.invalid(format!(
                "norm `{other}` is none of MAX, L1 and L2; export the model again"
            )));
        }
    };
    // What is divided by zero is zero; so is its quotient.
    let empty = v().with(Binary::Equal, 0.0);
    let inverse = empty.select(&Expression::constant(0.0), &inverse);
    let inverse = builder.activate_rows(format!("{name}/inverse"), size, inverse.into());
    let everywhere = inverse.gather(integers.shape.clone(), &vec![0; integers.len()]);
    let product = builder.product(&name, &integers, &everywhere);
    Ok(builder.integers(name, product))
}
