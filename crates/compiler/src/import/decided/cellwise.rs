//! Functions of decided values, cell by cell: of what is decided by the same ways.

use std::collections::HashMap;
use std::sync::Arc;

use super::{Found, Operand};
use crate::Result;
use crate::float::expression::Expression;
use crate::import::broadcast::broadcast_shape;
use crate::import::decisions::ways::{Map, Ways};
use crate::import::decisions::{Cell, Ends, single};
use crate::import::node::Node;
use crate::import::operator::Operator;
use crate::import::ops::functions::Cellwise;
use crate::import::shapes::broadcast_index;
use crate::import::values::affine::Affine;

/// The output; `None` if the operator is not element-wise, or its operands are decided by ways that
/// have nothing to do with one another.
pub(super) fn follow(
    node: &Node<'_>,
    operator: &Operator,
    operands: &[Operand],
) -> Result<Option<Found>> {
    if matches!(operator.cellwise, Cellwise::No) {
        return Ok(None);
    }
    let mut shape = Vec::new();
    for operand in operands {
        shape = broadcast_shape(node, &shape, operand.shape())?;
    }
    let constants = operands.iter().map(|operand| match operand {
        Operand::Constant(value) => Some(value),
        _ => None,
    });
    let node = node.with(constants.collect::<Vec<Option<&Affine>>>());
    let places = operands
        .iter()
        .map(|operand| broadcast_index(operand.shape(), &shape));
    let Some(places) = places.collect::<Option<Vec<Vec<usize>>>>() else {
        return Ok(None);
    };
    let mut found: Vec<(Arc<Ways>, Vec<f64>)> = Vec::new();
    for cell in 0..shape.iter().product::<usize>() {
        let all = operands.iter().zip(&places);
        let all = all.map(|(operand, places)| part(operand, places[cell]));
        let Some(parts) = all.collect::<Option<Vec<_>>>() else {
            return Ok(None);
        };
        match combined(&node, operator.cellwise, &parts)? {
            Some(cell) => found.push(cell),
            None => return Ok(None),
        }
    }
    Ok(Some(Found {
        cells: shortened(found),
        shape,
        bare: false,
    }))
}

/// An operand's cell.
fn part(operand: &Operand, cell: usize) -> Option<(Arc<Ways>, Ends)> {
    match operand {
        Operand::Constant(value) => {
            let number = *value.bias.get(cell)?;
            Some((Arc::new(Ways::none()), Arc::new(vec![number])))
        }
        Operand::Varying(_) => None,
        Operand::Decided(value) => single(value.cells.get(cell)?),
    }
}

/// The function's number at each end of the ways that continue all others.
fn combined(
    node: &Node<'_>,
    function: Cellwise,
    parts: &[(Arc<Ways>, Ends)],
) -> Result<Option<(Arc<Ways>, Vec<f64>)>> {
    let mut farthest = Arc::new(Ways::none());
    for (ways, _) in parts {
        match farthest.farther(ways) {
            Some(ways) => farthest = ways,
            None => return Ok(None),
        }
    }
    let maps = parts.iter().map(|(ways, _)| farthest.map_from(ways));
    let Some(maps) = maps.collect::<Option<Vec<Map>>>() else {
        return Ok(None);
    };
    let mut numbers = Vec::with_capacity(farthest.ends);
    for end in 0..farthest.ends {
        let operand = |((_, ends), map): (&(Arc<Ways>, Ends), &Map)| {
            Some(Expression::constant(ends[map.of(end)]))
        };
        let operands: Vec<_> = parts.iter().zip(&maps).map(operand).collect();
        let number = function.combine(node, &operands)?;
        match number.and_then(|number| number.as_constant()) {
            Some(number) if number.is_finite() => numbers.push(number),
            _ => return Ok(None),
        }
    }
    Ok(Some((farthest, numbers)))
}

/// The cells without branches that change none of them. Cells of the same ways keep the same ways.
fn shortened(found: Vec<(Arc<Ways>, Vec<f64>)>) -> Vec<Cell> {
    let mut of: HashMap<usize, Vec<usize>> = HashMap::new();
    for (cell, (ways, _)) in found.iter().enumerate() {
        of.entry(Arc::as_ptr(ways) as usize).or_default().push(cell);
    }
    let mut cells: Vec<Cell> = vec![Cell::Sum(0.0, Vec::new()); found.len()];
    let mut found: Vec<Option<(Arc<Ways>, Vec<f64>)>> = found.into_iter().map(Some).collect();
    for members in of.into_values() {
        let taken: Vec<_> = members
            .iter()
            .filter_map(|cell| found[*cell].take())
            .collect();
        let Some((ways, _)) = taken.first() else {
            continue;
        };
        let ways = ways.clone();
        let mut numbers: Vec<Vec<f64>> = taken.into_iter().map(|(_, numbers)| numbers).collect();
        let ways = ways.shortened(&mut numbers).map_or(ways, Arc::new);
        for (cell, numbers) in members.into_iter().zip(numbers) {
            cells[cell] = if ways.branches.is_empty() {
                Cell::Sum(numbers[0], Vec::new())
            } else {
                Cell::Sum(0.0, vec![(ways.clone(), Arc::new(numbers))])
            };
        }
    }
    cells
}
