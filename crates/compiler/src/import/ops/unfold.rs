//! Cells put back where pools and windows took them from.

use crate::Result;
use crate::import::node::Node;
use crate::import::ops::constants::dimensions;
use crate::import::shapes::{coordinates, flat};
use crate::import::values::affine::Affine;
use crate::import::values::cells::placed;

/// `MaxUnpool`: each cell at the place that a constant names, zeros elsewhere.
pub(crate) fn max_unpool(node: &Node<'_>) -> Result<Affine> {
    let value = node.operand(0)?;
    let places = node.constant(1)?;
    let rank = value.shape.len().saturating_sub(2);
    let list = |name: &str, default: i64, count: usize| {
        let list = node.ints(name).unwrap_or_else(|| vec![default; count]);
        let numbers: Option<Vec<usize>> = list.iter().map(|n| usize::try_from(*n).ok()).collect();
        let numbers = numbers.filter(|numbers| numbers.len() == count);
        numbers
            .ok_or_else(|| node.invalid(format!("`{name}` is {list:?}, expected {count} numbers")))
    };
    let (kernel, strides, pads) = (
        list("kernel_shape", 0, rank)?,
        list("strides", 1, rank)?,
        list("pads", 0, 2 * rank)?,
    );
    let mut own = value.shape[..value.shape.len() - rank].to_vec();
    for axis in 0..rank {
        let full = (value.shape[axis + 2] - 1) * strides[axis] + kernel[axis];
        own.push(full.saturating_sub(pads[axis] + pads[rank + axis]));
    }
    let count = node.count(&own)?;
    let shape = match node.optional_constant(2)? {
        Some(shape) => dimensions(node, shape)?,
        None => own.clone(),
    };
    node.count(&shape)?;
    if places.len() != value.len() || shape.len() != own.len() {
        return Err(node.invalid(format!(
            "{} places and an output of shape {shape:?} do not fit a value of shape {:?}",
            places.len(),
            value.shape
        )));
    }
    let mut sources = vec![None; count];
    for (cell, place) in places.iter().enumerate() {
        let target = sources.get_mut(*place as usize).filter(|_| *place >= 0.0);
        *target.ok_or_else(|| {
            node.invalid(format!(
                "place {place} lies outside an output of shape {own:?}"
            ))
        })? = Some(cell);
    }
    // A larger output has its cells at the same coordinates.
    Ok(placed(value, shape.clone(), 0.0, |cell| {
        let at = coordinates(&shape, cell);
        let inside = at.iter().zip(&own).all(|(at, length)| at < length);
        inside.then(|| sources[flat(&own, &at)]).flatten()
    }))
}

/// `Col2Im`: blocks put back where they were taken from, added up where they overlap.
pub(crate) fn col_to_im(node: &Node<'_>) -> Result<Affine> {
    let value = node.operand(0)?;
    let (image, block) = (
        dimensions(node, node.constant(1)?)?,
        dimensions(node, node.constant(2)?)?,
    );
    let rank = image.len();
    let list = |name: &str, default: i64, count: usize| {
        let list = node.ints(name).unwrap_or_else(|| vec![default; count]);
        match list.len() == count {
            true => Ok(list),
            false => Err(node.invalid(format!("`{name}` is {list:?}, expected {count} numbers"))),
        }
    };
    let (dilations, strides, pads) = (
        list("dilations", 1, rank)?,
        list("strides", 1, rank)?,
        list("pads", 0, 2 * rank)?,
    );
    let (places, blocks) = (block.iter().product::<usize>(), || {
        let count = |axis: usize| -> Option<usize> {
            let extent = dilations[axis] * (block[axis] as i64 - 1) + 1;
            let room = image[axis] as i64 + pads[axis] + pads[rank + axis] - extent;
            usize::try_from(room.div_euclid(strides[axis].max(1)) + 1).ok()
        };
        (0..rank).map(count).collect::<Option<Vec<_>>>()
    });
    let counts = blocks().filter(|_| strides.iter().all(|stride| *stride > 0));
    let total = counts
        .as_ref()
        .map_or(0, |counts| counts.iter().product::<usize>());
    let [batch, width, columns] = value.shape[..] else {
        return Err(node.invalid(format!(
            "expected three axes, found shape {:?}",
            value.shape
        )));
    };
    let (Some(counts), true) = (
        counts,
        block.len() == rank && places > 0 && width.is_multiple_of(places) && columns == total,
    ) else {
        return Err(node.invalid(format!(
            "blocks of {block:?} of an image of {image:?} do not fit a value of shape {:?}",
            value.shape
        )));
    };
    let channels = width / places;
    let mut shape = vec![batch, channels];
    shape.extend(&image);
    let count = node.count(&shape)?;
    let plane: usize = image.iter().product();
    // For each cell of the image the cells that lie on it.
    let mut sources = vec![Vec::new(); plane];
    for (k, column) in (0..places).flat_map(|k| (0..columns).map(move |column| (k, column))) {
        let (within, of) = (coordinates(&block, k), coordinates(&counts, column));
        let place = |axis: usize| {
            let at = of[axis] as i64 * strides[axis] - pads[axis];
            let at = usize::try_from(at + within[axis] as i64 * dilations[axis]).ok()?;
            (at < image[axis]).then_some(at)
        };
        if let Some(at) = (0..rank).map(place).collect::<Option<Vec<_>>>() {
            sources[flat(&image, &at)].push(k * columns + column);
        }
    }
    debug_assert_eq!(count, batch * channels * plane);
    Ok(value.combine(shape, |cell| {
        let first = cell / plane * places * columns;
        sources[cell % plane]
            .iter()
            .map(move |from| (first + from, 1.0))
    }))
}
