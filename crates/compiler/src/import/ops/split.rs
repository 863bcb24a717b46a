//! `Split`: runs of cells along an axis.

use crate::Result;
use crate::import::node::Node;
use crate::import::shapes::{strides, walk};
use crate::import::values::affine::Affine;

/// The parts of operand 0 along an axis, as many as the node has outputs.
pub(crate) fn split(node: &Node<'_>) -> Result<Vec<Affine>> {
    let value = node.operand(0)?;
    let axis = node.axis(node.int("axis", 0), value.shape.len())?;
    let (len, parts) = (value.shape[axis], node.proto.output.len());
    let sizes = match node.list("split", 1)? {
        Some(sizes) => sizes,
        // The last part may be shorter.
        None => {
            let size = len.div_ceil(parts);
            let rest = |i: usize| len.saturating_sub(i * size).min(size) as i64;
            (0..parts).map(rest).collect()
        }
    };
    let total = sizes
        .iter()
        .try_fold(0i64, |sum, size| sum.checked_add(*size));
    if sizes.len() != parts || sizes.iter().any(|size| *size < 0) || total != Some(len as i64) {
        return Err(node.invalid(format!(
            "cannot split {len} places into {parts} parts of {sizes:?}"
        )));
    }
    let strides: Vec<i64> = strides(&value.shape).iter().map(|s| *s as i64).collect();
    let mut start = 0;
    let part = sizes.iter().map(|size| {
        let mut shape = value.shape.clone();
        shape[axis] = *size as usize;
        if *size == 0 {
            return Affine::constant(shape, Vec::new());
        }
        let cells = walk(&shape, start * strides[axis], &strides);
        start += size;
        value.gather(shape, &cells)
    });
    Ok(part.collect())
}
