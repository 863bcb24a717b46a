//! Largest and smallest values, where they are, and what sorts before what: exact on the integers.

use crate::Result;
use crate::float::activation::Activation;
use crate::import::broadcast::{broadcast, broadcast_shape};
use crate::import::builder::Builder;
use crate::import::builder::rows::EXACT;
use crate::import::node::{Node, Reduction};
use crate::import::shapes::groups_along;
use crate::import::values::INFINITE;
use crate::import::values::affine::Affine;
use crate::import::values::cells::{columns, difference, scatter, stack};

/// `ReduceMax` and `ReduceMin`. Exact but for the half step by which values that are not a tensor
/// yet are rounded.
pub(crate) fn reduce(node: &Node<'_>, builder: &mut Builder, smallest: bool) -> Result<Affine> {
    if node.operand(0)?.is_constant() {
        return of_constants(node, smallest);
    }
    let Some(Reduction { groups, shape }) = node.groups()? else {
        return Ok(node.operand(0)?.clone());
    };
    let operand = node.operand(0)?;
    if builder.decides_infinities(operand) {
        let largest = of_decided(node, builder, &groups)?;
        return Ok(Affine { shape, ..largest });
    }
    let sign = if smallest { -1.0 } else { 1.0 };
    let (operand, groups) = unmasked(operand, groups, sign);
    // What the input excludes lies below what it does not, however far.
    let mut value = match !smallest && builder.excludes_far(&operand) {
        true => builder.scores(node.input(0), operand),
        false => builder.integers(node.input(0), operand),
    };
    value.scale(|_| sign);
    let mut largest = builder.maximum(&node.output(), columns(&value, &groups));
    largest.scale(|_| sign);
    Ok(Affine { shape, ..largest })
}

/// The largest of what the input makes −∞ in some cells: that of the others, and −∞ where there are
/// none.
fn of_decided(node: &Node<'_>, builder: &mut Builder, groups: &[Vec<usize>]) -> Result<Affine> {
    let operand = node.operand(0)?;
    let name = node.output();
    let infinite = builder.infinite(&name, operand);
    let mut closed = builder.all_of(&name, &infinite, groups);
    closed.scale(|_| -INFINITE);
    let (mut operand, groups) = unmasked(operand, groups.to_vec(), 1.0);
    for cell in 0..operand.len() {
        // Of a group that is closed anyway.
        if operand.open_bias(cell) < -INFINITE / 2.0 {
            operand.bias[cell] += INFINITE;
        }
    }
    let open: Vec<Vec<f64>> = groups
        .iter()
        .map(|group| group.iter().map(|cell| operand.open_bias(*cell)).collect())
        .collect();
    let same = |group: &Vec<f64>| group.iter().all(|v| *v == group[0]);
    if builder.is_mask_alone(&operand) && open.iter().all(same) {
        let values = open.iter().map(|group| group[0]).collect();
        return Ok(Affine::constant(vec![groups.len()], values).add(closed));
    }
    let scores = builder.scores(node.input(0), operand);
    let largest = builder.maximum(&name, columns(&scores, &groups));
    Ok(largest.add(closed))
}

/// The same of constants.
pub(crate) fn of_constants(node: &Node<'_>, smallest: bool) -> Result<Affine> {
    let value = node.operand(0)?;
    let Some(Reduction { groups, shape }) = node.groups()? else {
        return Ok(value.clone());
    };
    let extreme = |group: Vec<usize>| {
        let values = group.into_iter().map(|cell| value.bias[cell]);
        match smallest {
            true => values.fold(f64::INFINITY, f64::min),
            false => values.fold(f64::NEG_INFINITY, f64::max),
        }
    };
    let values = groups.into_iter().map(extreme).collect();
    Ok(Affine::constant(shape, values))
}

/// The groups without the cells that a mask keeps from being any group's largest (or smallest, if
/// `sign` is −1), all of one length: the last cell is there as often as it takes. What is masked is
/// no cell of the value any more.
fn unmasked(value: &Affine, groups: Vec<Vec<usize>>, sign: f64) -> (Affine, Vec<Vec<usize>>) {
    // What the input may exclude is not excluded.
    let masked = |cell: usize| value.open_bias(cell) * sign < -INFINITE / 2.0;
    if !(0..value.len()).any(masked) {
        return (value.clone(), groups);
    }
    let open: Vec<Vec<usize>> = groups
        .into_iter()
        .map(|group| {
            let open: Vec<usize> = group.iter().copied().filter(|i| !masked(*i)).collect();
            // If all are masked, so is the result.
            if open.is_empty() {
                group[..1].to_vec()
            } else {
                open
            }
        })
        .collect();
    let cells: Vec<usize> = open.concat();
    let longest = open.iter().map(Vec::len).max().unwrap_or(0);
    let mut first = 0;
    let groups = open.iter().map(|group| {
        let places = (0..longest)
            .map(|i| first + i.min(group.len() - 1))
            .collect();
        first += group.len();
        places
    });
    let groups = groups.collect();
    (value.gather(vec![cells.len()], &cells), groups)
}

/// `ArgMax` and `ArgMin`: exact on the integers; of equal ones the first, or the last with
/// `select_last_index`.
pub(crate) fn position(node: &Node<'_>, builder: &mut Builder, smallest: bool) -> Result<Affine> {
    let operand = node.operand(0)?;
    let axis = node.axis(node.int("axis", 0), operand.shape.len())?;
    let mut value = operand.clone();
    let sign = if smallest { -1.0 } else { 1.0 };
    value.scale(|_| sign);
    let value = builder.scores(node.input(0), value);
    let mut shape = operand.shape.clone();
    if node.int("keepdims", 1) != 0 {
        shape[axis] = 1;
    } else {
        shape.remove(axis);
    }
    let columns = columns(&value, &groups_along(&operand.shape, axis));
    let last = node.int("select_last_index", 0) != 0;
    let index = builder.position(&node.output(), &columns, last);
    Ok(Affine { shape, ..index })
}

/// `Hardmax`: 1 at the first largest value along the axis, 0 elsewhere.
pub(crate) fn hardmax(node: &Node<'_>, builder: &mut Builder) -> Result<Affine> {
    let operand = node.operand(0)?;
    let groups = node.softmax_groups()?;
    let value = builder.scores(node.input(0), operand.clone());
    let columns = columns(&value, &groups);
    let index = builder.position(&node.output(), &columns, false);
    let hits: Vec<Affine> = (0..columns.len())
        .map(|i| {
            let mut hit = index.clone();
            hit.bias.iter_mut().for_each(|bias| *bias -= i as f64);
            hit
        })
        .collect();
    if hits.len() == 1 {
        return Ok(Affine::constant(
            operand.shape.clone(),
            vec![1.0; operand.len()],
        ));
    }
    let hit = builder.layer_rows(node.output(), stack(&hits), Activation::IsZero, EXACT);
    Ok(scatter(&hit, &operand.shape, &groups))
}

/// `Max` and `Min` of several tensors, one relu for each but the first. Each relu rounds by half a
/// step of its own; values that are cells of one tensor are compared exactly.
pub(crate) fn extreme(node: &Node<'_>, builder: &mut Builder, smallest: bool) -> Result<Affine> {
    let sign = if smallest { -1.0 } else { 1.0 };
    let mut best: Option<Affine> = None;
    for i in 0..node.operands.len() {
        let mut next = node.operand(i)?.clone();
        next.scale(|_| sign);
        let Some(before) = best else {
            best = Some(next);
            continue;
        };
        best = Some(larger(node, builder, &format!("lead{i}"), before, next)?);
    }
    let mut best = best.ok_or_else(|| node.invalid("has no operand"))?;
    best.scale(|_| sign);
    Ok(best)
}

/// `Clip` between bounds that depend on the input: the lower one first, so that the upper one holds
/// where they cross.
pub(crate) fn between(node: &Node<'_>, builder: &mut Builder) -> Result<Affine> {
    let bound = |index: usize, none: f64| {
        let bound: &Affine = node.operands.get(index).copied().flatten()?;
        let open = bound.is_constant() && bound.bias.iter().all(|v| *v == none);
        (!open).then(|| bound.clone())
    };
    let mut value = node.operand(0)?.clone();
    if let Some(min) = bound(1, f64::NEG_INFINITY) {
        value = larger(node, builder, "above", value, min)?;
    }
    if let Some(mut max) = bound(2, f64::INFINITY) {
        value.scale(|_| -1.0);
        max.scale(|_| -1.0);
        value = larger(node, builder, "below", value, max)?;
        value.scale(|_| -1.0);
    }
    Ok(value)
}

/// The larger of two values, cell by cell: the second and what the first has more.
fn larger(
    node: &Node<'_>,
    builder: &mut Builder,
    name: &str,
    first: Affine,
    second: Affine,
) -> Result<Affine> {
    let shape = broadcast_shape(node, &first.shape, &second.shape)?;
    let first = broadcast(node, &first, &shape)?;
    let second = broadcast(node, &second, &shape)?;
    let lead = difference(&first, &second);
    let lead = if lead.is_constant() {
        let values = lead.bias.iter().map(|v| v.max(0.0)).collect();
        Affine::constant(shape, values)
    } else {
        let name = format!("{}/{name}", node.output());
        builder.activate_rows(name, lead, Activation::Relu)
    };
    Ok(second.add(lead))
}
