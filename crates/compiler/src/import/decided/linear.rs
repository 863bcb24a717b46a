//! Linear maps of decided values: sums over trees, and whatever moves cells.

use std::sync::Arc;

use super::{Found, Operand};
use crate::float::graph::FloatTensor;
use crate::import::builder::Builder;
use crate::import::decisions::Cell;
use crate::import::decisions::ways::Ways;
use crate::import::guarantee::Guarantee;
use crate::import::node::Node;
use crate::import::operator::{Operator, Special};
use crate::import::values::affine::{Affine, Row};

/// The outputs; `None` if the operator is no linear map of the operands.
///
/// The operator itself says what it does to a stand-in for each decided operand.
pub(super) fn follow(
    node: &Node<'_>,
    operator: &Operator,
    operands: &[Operand],
) -> Option<Vec<Found>> {
    let varying = |operand: &&Operand| !matches!(operand, Operand::Constant(_));
    let linear = match operator.guarantee {
        Guarantee::Moved | Guarantee::Linear => true,
        Guarantee::Product => operands.iter().filter(varying).count() == 1,
        Guarantee::Constant => operator.only_shape,
        _ => false,
    };
    if !linear || !matches!(operator.special, Special::No) {
        return None;
    }
    // What the operator makes of stand-ins is not kept.
    let mut builder = Builder::default();
    let mut decided = Vec::new();
    let mut values = Vec::with_capacity(operands.len());
    for operand in operands {
        values.push(match operand {
            Operand::Constant(value) => value.clone(),
            Operand::Varying(_) => return None,
            Operand::Decided(value) => {
                decided.push(value.clone());
                stand_in(&mut builder, &value.shape)
            }
        });
    }
    let node = node.with(values.iter().map(Some).collect());
    let found = operator.evaluate(&node, &mut builder).ok()?;
    // It made tensors of them.
    if builder.tensors.len() > decided.len() {
        return None;
    }
    let of = |value: Affine| {
        let cell = |i: usize| {
            let rows = value.terms.iter();
            let rows = rows.map(|(source, rows)| (&decided[*source].cells, &rows[i]));
            combined(value.bias[i], rows)
        };
        Some(Found {
            cells: (0..value.len()).map(cell).collect::<Option<_>>()?,
            shape: value.shape.clone(),
            bare: false,
        })
    };
    found.into_iter().map(of).collect()
}

/// A tensor that nothing is known of.
fn stand_in(builder: &mut Builder, shape: &[usize]) -> Affine {
    let len = shape.iter().product();
    builder.tensors.push(FloatTensor {
        name: String::new(),
        shape: shape.to_vec(),
        len,
        whole: false,
        layer: None,
    });
    Affine::tensor(builder.tensors.len() - 1, shape.to_vec(), len)
}

/// `bias + Σ weight · cell`; `None` if that is no single one of cells that are picked.
fn combined<'a>(bias: f64, rows: impl Iterator<Item = (&'a Vec<Cell>, &'a Row)>) -> Option<Cell> {
    let read =
        rows.flat_map(|(cells, row)| row.iter().map(move |(i, w)| (&cells[*i as usize], *w)));
    let read: Vec<(&Cell, f64)> = read.collect();
    if let ([(cell, 1.0)], true) = (&read[..], bias == 0.0) {
        return Some((*cell).clone());
    }
    let mut sum = bias;
    let mut parts: Vec<(Arc<Ways>, Arc<Vec<f64>>)> = Vec::new();
    for (cell, weight) in read {
        let Cell::Sum(number, more) = cell else {
            return None;
        };
        sum += weight * number;
        for (ways, ends) in more {
            let known = parts.iter_mut().find(|(known, _)| Arc::ptr_eq(known, ways));
            match known {
                Some((_, known)) => {
                    let known = Arc::make_mut(known);
                    for (known, end) in known.iter_mut().zip(ends.iter()) {
                        *known += weight * end;
                    }
                }
                None => {
                    let ends = ends.iter().map(|end| weight * end).collect();
                    parts.push((ways.clone(), Arc::new(ends)));
                }
            }
        }
    }
    Some(Cell::Sum(sum, parts))
}
