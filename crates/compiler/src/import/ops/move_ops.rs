//! More operators that only move cells, each stated as: which cell of the operand, if any, an
//! output cell is.

use crate::Result;
use crate::import::broadcast::{broadcast, broadcast_shape};
use crate::import::builder::Builder;
use crate::import::node::Node;
use crate::import::ops::constants::dimensions;
use crate::import::ops::select;
use crate::import::shapes::{coordinates, flat, strides};
use crate::import::values::affine::Affine;
use crate::import::values::cells::placed;

/// `Expand`
pub(crate) fn expand(node: &Node<'_>) -> Result<Affine> {
    let value = node.operand(0)?;
    let target = dimensions(node, node.constant(1)?)?;
    let shape = broadcast_shape(node, &value.shape, &target)?;
    broadcast(node, value, &shape)
}

/// `Tile`
pub(crate) fn tile(node: &Node<'_>) -> Result<Affine> {
    let value = node.operand(0)?;
    let repeats = dimensions(node, node.constant(1)?)?;
    if repeats.len() != value.shape.len() {
        return Err(node.invalid(format!(
            "repeats {} axes of shape {:?}; expected a number for each",
            repeats.len(),
            value.shape
        )));
    }
    let axes = value.shape.iter().zip(&repeats);
    let shape: Option<Vec<usize>> = axes.map(|(axis, times)| axis.checked_mul(*times)).collect();
    let shape = shape.ok_or_else(|| node.invalid(format!("repeats {repeats:?} times")))?;
    node.count(&shape)?;
    Ok(placed(value, shape.clone(), 0.0, |cell| {
        let mut at = coordinates(&shape, cell);
        at.iter_mut()
            .zip(&value.shape)
            .for_each(|(at, dimension)| *at %= dimension);
        Some(flat(&value.shape, &at))
    }))
}

/// `Trilu`: a triangle of every matrix, zeros in the other.
pub(crate) fn triangle(node: &Node<'_>) -> Result<Affine> {
    let value = node.operand(0)?;
    let [.., rows, columns] = value.shape[..] else {
        return Err(node.invalid(format!("expected matrices, found shape {:?}", value.shape)));
    };
    let diagonal = match node.optional_constant(1)? {
        None => 0,
        Some([diagonal]) => *diagonal as i64,
        Some(_) => return Err(node.invalid("operand 1, the diagonal, must be one number")),
    };
    let upper = node.int("upper", 1) != 0;
    Ok(placed(value, value.shape.clone(), 0.0, |cell| {
        let (row, column) = ((cell / columns % rows) as i64, (cell % columns) as i64);
        let above = column - row;
        let kept = if upper {
            above >= diagonal
        } else {
            above <= diagonal
        };
        kept.then_some(cell)
    }))
}

/// Constant operand `index`, which are places along axes of length `dimension(number)`, counted
/// from the end if negative.
pub(crate) fn places(
    node: &Node<'_>,
    index: usize,
    dimension: impl Fn(usize) -> usize,
) -> Result<Vec<usize>> {
    let numbers = node.constant(index)?.iter().enumerate();
    numbers
        .map(|(i, number)| node.place(*number as i64, dimension(i)))
        .collect()
}

/// `GatherElements`
pub(crate) fn gather_elements(node: &Node<'_>, builder: &mut Builder) -> Result<Affine> {
    let (value, indices) = (node.operand(0)?, node.operand(1)?);
    let rank = value.shape.len();
    let axis = node.axis(node.int("axis", 0), rank)?;
    let fits = |(i, (a, b)): (usize, (&usize, &usize))| i == axis || a <= b;
    if indices.shape.len() != rank || !indices.shape.iter().zip(&value.shape).enumerate().all(fits)
    {
        return Err(node.invalid(format!(
            "indices of shape {:?} do not fit a value of shape {:?}",
            indices.shape, value.shape
        )));
    }
    if !indices.is_constant() {
        return select::gather_elements(node, builder, axis);
    }
    let picked = places(node, 1, |_| value.shape[axis])?;
    let shape = indices.shape.clone();
    node.count(&shape)?;
    Ok(placed(value, shape.clone(), 0.0, |cell| {
        let mut at = coordinates(&shape, cell);
        at[axis] = picked[cell];
        Some(flat(&value.shape, &at))
    }))
}

/// Where the blocks that rows of operand `index` name begin, in units of blocks of the last axes:
/// the first `batch` axes are common, the rows name one place along each of the next.
pub(crate) struct Blocks {
    pub(crate) starts: Vec<usize>,
    /// Cells of a block.
    pub(crate) size: usize,
    /// How many axes before a block's own.
    pub(crate) depth: usize,
}

pub(crate) fn blocks(node: &Node<'_>, shape: &[usize], batch: usize) -> Result<Blocks> {
    let indices = node.operand(1)?;
    let invalid = || {
        node.invalid(format!(
            "indices of shape {:?} do not fit a value of shape {shape:?}",
            indices.shape
        ))
    };
    let (Some(width), Some(common)) = (indices.shape.last().copied(), shape.get(..batch)) else {
        return Err(invalid());
    };
    let depth = batch + width;
    if width == 0 || depth > shape.len() || indices.shape.get(..batch) != Some(common) {
        return Err(invalid());
    }
    let places = places(node, 1, |i| shape[batch + i % width])?;
    let batches: usize = common.iter().product();
    let rows = places.len() / width / batches.max(1);
    let start = |(row, places): (usize, &[usize])| {
        let outer = row / rows.max(1);
        let inner = flat(&shape[batch..depth], places);
        outer * shape[batch..depth].iter().product::<usize>() + inner
    };
    Ok(Blocks {
        starts: places.chunks(width).enumerate().map(start).collect(),
        size: shape[depth..].iter().product(),
        depth,
    })
}

/// `GatherND`
pub(crate) fn gather_nd(node: &Node<'_>, builder: &mut Builder) -> Result<Affine> {
    let (value, indices) = (node.operand(0)?, node.operand(1)?);
    if !indices.is_constant() {
        return select::gather_nd(node, builder);
    }
    let batch = usize::try_from(node.int("batch_dims", 0)).unwrap_or(usize::MAX);
    let Blocks {
        starts,
        size,
        depth,
    } = blocks(node, &value.shape, batch)?;
    let outer = &indices.shape[..indices.shape.len() - 1];
    let shape: Vec<usize> = outer.iter().chain(&value.shape[depth..]).copied().collect();
    node.count(&shape)?;
    Ok(placed(value, shape, 0.0, |cell| {
        Some(starts[cell / size] * size + cell % size)
    }))
}

/// `ReverseSequence`: the first cells along one axis in reverse order, as many as the constant says
/// for each place of another axis.
pub(crate) fn reverse_sequence(node: &Node<'_>) -> Result<Affine> {
    let value = node.operand(0)?;
    let rank = value.shape.len();
    let batch = node.axis(node.int("batch_axis", 1), rank)?;
    let time = node.axis(node.int("time_axis", 0), rank)?;
    let lengths = dimensions(node, node.constant(1)?)?;
    let (batches, steps) = (value.shape[batch], value.shape[time]);
    if batch == time || lengths.len() != batches || lengths.iter().any(|length| *length > steps) {
        return Err(node.invalid(format!(
            "lengths {lengths:?} do not fit {batches} sequences of {steps} steps"
        )));
    }
    Ok(placed(value, value.shape.clone(), 0.0, |cell| {
        let mut at = coordinates(&value.shape, cell);
        let length = lengths[at[batch]];
        if at[time] < length {
            at[time] = length - 1 - at[time];
        }
        Some(flat(&value.shape, &at))
    }))
}

/// `CenterCropPad`: cut to a shape, or surrounded with zeros, about the middle.
pub(crate) fn centre_crop_pad(node: &Node<'_>) -> Result<Affine> {
    let value = node.operand(0)?;
    let rank = value.shape.len();
    let target = dimensions(node, node.constant(1)?)?;
    let axes = node.axes(rank)?;
    if axes.len() != target.len() {
        return Err(node.invalid(format!("{target:?} is a shape for {} axes", axes.len())));
    }
    let mut shape = value.shape.clone();
    let mut offset = vec![0i64; rank];
    for (axis, length) in axes.into_iter().zip(target) {
        let (old, new) = (value.shape[axis] as i64, length as i64);
        // What is left over goes to the end, whether cells are cut off or added.
        offset[axis] = if old >= new {
            (old - new) / 2
        } else {
            -((new - old) / 2)
        };
        shape[axis] = length;
    }
    node.count(&shape)?;
    let strides = strides(&value.shape);
    Ok(placed(value, shape.clone(), 0.0, |cell| {
        let at = coordinates(&shape, cell);
        let axes = at.iter().zip(&offset).zip(value.shape.iter().zip(&strides));
        let mut from = 0;
        for ((at, offset), (dimension, stride)) in axes {
            let place = usize::try_from(*at as i64 + offset).ok();
            from += place.filter(|place| place < dimension)? * stride;
        }
        Some(from)
    }))
}
