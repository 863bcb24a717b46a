//! numpy's broadcasting of operands.

use crate::Result;
use crate::import::node::Node;
use crate::import::shapes::broadcast_index;
use crate::import::values::affine::Affine;

/// The shape two operands broadcast to.
pub(crate) fn broadcast_shape(node: &Node<'_>, a: &[usize], b: &[usize]) -> Result<Vec<usize>> {
    let rank = a.len().max(b.len());
    let at = |shape: &[usize], axis: usize| {
        (axis + shape.len())
            .checked_sub(rank)
            .map_or(1, |i| shape[i])
    };
    (0..rank)
        .map(|axis| match (at(a, axis), at(b, axis)) {
            (x, y) if x == y || y == 1 => Ok(x),
            (1, y) => Ok(y),
            _ => Err(node.invalid(format!(
                "shapes {a:?} and {b:?} do not broadcast; export the model again"
            ))),
        })
        .collect()
}

pub(crate) fn broadcast(node: &Node<'_>, value: &Affine, shape: &[usize]) -> Result<Affine> {
    node.count(shape)?;
    if value.shape == shape {
        return Ok(value.clone());
    }
    let index = broadcast_index(&value.shape, shape).ok_or_else(|| {
        node.invalid(format!(
            "shape {:?} does not broadcast to {shape:?}",
            value.shape
        ))
    })?;
    Ok(value.gather(shape.to_vec(), &index))
}
