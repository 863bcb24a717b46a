//! Operators that write values over others, at constant places.

use crate::Result;
use crate::float::activation::Activation;
use crate::import::builder::Builder;
use crate::import::node::Node;
use crate::import::ops::move_ops::{Blocks, blocks, places};
use crate::import::ops::select;
use crate::import::shapes::{coordinates, flat};
use crate::import::values::affine::Affine;
use crate::import::values::cells::{difference, placed};

/// `value` with the cells of `updates` at the places `to`, one for each, or added there.
fn scattered(
    node: &Node<'_>,
    builder: &mut Builder,
    value: &Affine,
    updates: &Affine,
    to: &[usize],
) -> Result<Affine> {
    let reduction = node.text("reduction").unwrap_or_else(|| "none".into());
    let mut from: Vec<Option<usize>> = vec![None; value.len()];
    let mut twice = None;
    for (update, place) in to.iter().enumerate() {
        if from[*place].replace(update).is_some() {
            twice = Some(*place);
        }
    }
    if reduction == "add" {
        let mut all = vec![Vec::new(); value.len()];
        for (update, place) in to.iter().enumerate() {
            all[*place].push((update, 1.0));
        }
        let added = updates.combine(value.shape.clone(), |cell| all[cell].iter().copied());
        return Ok(value.clone().add(added));
    }
    match (&*reduction, twice) {
        ("none", None) => {}
        ("none", Some(place)) => {
            return Err(node.invalid(format!(
                "writes cell {place} twice, which leaves its value open; correct the indices"
            )));
        }
        ("mul" | "min" | "max", _) => {
            return combined(node, builder, &reduction, (value, updates), to);
        }
        _ => {
            return Err(node.invalid(format!(
                "reduction `{reduction}` is unknown, expected `add`, `mul`, `min`, `max` or none"
            )));
        }
    }
    let shape = value.shape.clone();
    let kept = placed(value, shape.clone(), 0.0, |cell| {
        from[cell].is_none().then_some(cell)
    });
    Ok(kept.add(placed(updates, shape, 0.0, |cell| from[cell])))
}

/// `a · b`, cell by cell.
fn times(builder: &mut Builder, name: &str, mut a: Affine, mut b: Affine) -> Affine {
    if b.is_constant() {
        a.scale(|i| b.bias[i]);
        a
    } else if a.is_constant() {
        b.scale(|i| a.bias[i]);
        b
    } else {
        builder.product(name, &a, &b)
    }
}

/// The larger or smaller one, cell by cell: `b + relu(a − b)`.
fn extreme_of_two(
    builder: &mut Builder,
    name: String,
    mut a: Affine,
    mut b: Affine,
    smallest: bool,
) -> Affine {
    let sign = if smallest { -1.0 } else { 1.0 };
    a.scale(|_| sign);
    b.scale(|_| sign);
    let lead = difference(&a, &b);
    let lead = if lead.is_constant() {
        let values = lead.bias.iter().map(|v| v.max(0.0)).collect();
        Affine::constant(lead.shape, values)
    } else {
        builder.activate_rows(name, lead, Activation::Relu)
    };
    let mut best = b.add(lead);
    best.scale(|_| sign);
    best
}

/// `value` with updates multiplied in, or with the extreme of all, one update of each cell after the
/// other.
fn combined(
    node: &Node<'_>,
    builder: &mut Builder,
    reduction: &str,
    (value, updates): (&Affine, &Affine),
    to: &[usize],
) -> Result<Affine> {
    let mut left: Vec<Vec<usize>> = vec![Vec::new(); value.len()];
    for (update, place) in to.iter().enumerate().rev() {
        left[*place].push(update);
    }
    let mut result = value.clone();
    let mut round = 0;
    loop {
        let now: Vec<(usize, usize)> = left
            .iter_mut()
            .enumerate()
            .filter_map(|(cell, updates)| Some((cell, updates.pop()?)))
            .collect();
        if now.is_empty() {
            return Ok(result);
        }
        let shape = vec![1, now.len()];
        let cells: Vec<usize> = now.iter().map(|(cell, _)| *cell).collect();
        let with: Vec<usize> = now.iter().map(|(_, update)| *update).collect();
        let (a, b) = (
            result.gather(shape.clone(), &cells),
            updates.gather(shape, &with),
        );
        let name = format!("{}/{reduction}{round}", node.output());
        let made = match reduction {
            "mul" => times(builder, &name, a, b),
            _ => extreme_of_two(builder, name, a, b, reduction == "min"),
        };
        let mut from: Vec<Option<usize>> = vec![None; value.len()];
        for (place, cell) in cells.iter().enumerate() {
            from[*cell] = Some(place);
        }
        let shape = value.shape.clone();
        let kept = placed(&result, shape.clone(), 0.0, |cell| {
            from[cell].is_none().then_some(cell)
        });
        result = kept.add(placed(&made, shape, 0.0, |cell| from[cell]));
        round += 1;
    }
}

/// `ScatterElements`
pub(crate) fn scatter_elements(node: &Node<'_>, builder: &mut Builder) -> Result<Affine> {
    let (value, indices, updates) = (node.operand(0)?, node.operand(1)?, node.operand(2)?);
    let axis = node.axis(node.int("axis", 0), value.shape.len())?;
    let fits = |(i, (a, b)): (usize, (&usize, &usize))| i == axis || a <= b;
    if indices.shape != updates.shape
        || indices.shape.len() != value.shape.len()
        || !indices.shape.iter().zip(&value.shape).enumerate().all(fits)
    {
        return Err(node.invalid(format!(
            "indices of shape {:?} and updates of shape {:?} do not fit a value of shape {:?}",
            indices.shape, updates.shape, value.shape
        )));
    }
    if !indices.is_constant() {
        return select::scatter_elements(node, builder, axis);
    }
    let picked = places(node, 1, |_| value.shape[axis])?;
    let place = |(cell, picked): (usize, &usize)| {
        let mut at = coordinates(&indices.shape, cell);
        at[axis] = *picked;
        flat(&value.shape, &at)
    };
    let to: Vec<usize> = picked.iter().enumerate().map(place).collect();
    scattered(node, builder, value, updates, &to)
}

/// `ScatterND`
pub(crate) fn scatter_nd(node: &Node<'_>, builder: &mut Builder) -> Result<Affine> {
    if !node.operand(1)?.is_constant() {
        return select::scatter_nd(node, builder);
    }
    let (value, updates) = (node.operand(0)?, node.operand(2)?);
    let Blocks { starts, size, .. } = blocks(node, &value.shape, 0)?;
    if updates.len() != starts.len() * size {
        return Err(node.invalid(format!(
            "updates of shape {:?} do not fit {} indices",
            updates.shape,
            starts.len()
        )));
    }
    let to = (0..updates.len()).map(|cell| starts[cell / size] * size + cell % size);
    scattered(node, builder, value, updates, &to.collect::<Vec<_>>())
}
