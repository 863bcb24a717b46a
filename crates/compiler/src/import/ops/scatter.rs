//! Operators that write values over others, at constant places.

use crate::Result;
use crate::import::node::Node;
use crate::import::ops::move_ops::{Blocks, blocks, places};
use crate::import::shapes::{coordinates, flat};
use crate::import::values::affine::Affine;
use crate::import::values::cells::placed;

/// `value` with the cells of `updates` at the places `to`, one for each, or added there.
fn scattered(node: &Node<'_>, value: &Affine, updates: &Affine, to: &[usize]) -> Result<Affine> {
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
        _ => {
            return Err(node.unsupported(format!(
                "reduction `{reduction}` is not supported, only `add` and none"
            )));
        }
    }
    let shape = value.shape.clone();
    let kept = placed(value, shape.clone(), 0.0, |cell| {
        from[cell].is_none().then_some(cell)
    });
    Ok(kept.add(placed(updates, shape, 0.0, |cell| from[cell])))
}

/// `ScatterElements`
pub(crate) fn scatter_elements(node: &Node<'_>) -> Result<Affine> {
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
    let picked = places(node, 1, |_| value.shape[axis])?;
    let place = |(cell, picked): (usize, &usize)| {
        let mut at = coordinates(&indices.shape, cell);
        at[axis] = *picked;
        flat(&value.shape, &at)
    };
    let to: Vec<usize> = picked.iter().enumerate().map(place).collect();
    scattered(node, value, updates, &to)
}

/// `ScatterND`
pub(crate) fn scatter_nd(node: &Node<'_>) -> Result<Affine> {
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
    scattered(node, value, updates, &to.collect::<Vec<_>>())
}
