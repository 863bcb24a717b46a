//! `Resize` to the nearest place, of planes: kernels of ones.

use crate::Result;
use crate::import::builder::Builder;
use crate::import::node::Node;
use crate::import::ops::interpolate;
use crate::import::ops::interpolate::Sampler;
use crate::import::ops::plane_operands::{apply, operand};
use crate::import::values::Value;
use crate::import::values::kernels::depthwise;
use crate::import::values::planes::plane_size;

/// What nearest-neighbour resizing does along one axis.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Step {
    /// Every place this often.
    Repeat(usize),
    /// Every so many places, from the first given on.
    Skip { first: usize, step: usize },
}

/// `Resize` and `Upsample` of planes to the nearest place, by whole factors; `None` if it is
/// anything else.
pub(crate) fn resize(
    node: &Node<'_>,
    operands: &[Option<&Value>],
    builder: &mut Builder,
    sampler: Sampler,
) -> Result<Option<Value>> {
    let mode = node.text("mode").unwrap_or_else(|| "nearest".into());
    let shape = operands.first().copied().flatten().map(Value::shape);
    let Some(shape) = shape.filter(|shape| mode == "nearest" && plane_size(shape).is_some()) else {
        return Ok(None);
    };
    let rank = shape.len();
    let mut steps = vec![Step::Repeat(1); rank];
    let mut target = shape.to_vec();
    for axis in interpolate::axes(node, sampler, shape)? {
        let weights = interpolate::weights(node, sampler, &axis)?;
        let places: Vec<usize> = weights.iter().flatten().map(|(place, _)| *place).collect();
        // A place that lies outside of the region is none of the value's.
        let all = places.len() == axis.output;
        let Some(step) = step(&places, axis.input).filter(|_| all) else {
            return Ok(None);
        };
        target[axis.axis] = axis.output;
        steps[axis.axis] = step;
    }
    node.count(&target)?;
    if target[..2] != shape[..2] {
        return Ok(None);
    }
    let value = operand(node, operands, 0, builder)?;
    let spatial = [rank.checked_sub(2).filter(|axis| *axis > 1), Some(rank - 1)];
    let [channels, rows, columns] = value.size;
    let mut conv = depthwise(channels, [rows, columns], [1, 1]);
    for (axis, from) in spatial.into_iter().enumerate() {
        let Some(from) = from else { continue };
        conv.output[axis] = target[from];
        match steps[from] {
            Step::Repeat(times) => {
                conv.size[axis] = times;
                conv.up[axis] = times;
                conv.pad[axis] = times as i64 - 1;
            }
            Step::Skip { first, step } => {
                conv.stride[axis] = step;
                conv.pad[axis] = -(first as i64);
            }
        }
    }
    conv.weights = vec![1.0; channels * conv.size[0] * conv.size[1]];
    let resized = apply(node, 0, value, &conv, rank - 2, builder);
    Ok(Some(Value::Planes(resized)))
}

/// What kind of a step a list of places makes; `None` if it is none of them.
fn step(places: &[usize], input: usize) -> Option<Step> {
    let (output, first) = (places.len(), *places.first()?);
    if output.is_multiple_of(input) {
        let times = output / input;
        if places.iter().enumerate().all(|(y, x)| *x == y / times) {
            return Some(Step::Repeat(times));
        }
    }
    let step = places
        .get(1)
        .map_or(Some(1), |next| next.checked_sub(first))?;
    let regular = places
        .iter()
        .enumerate()
        .all(|(y, x)| *x == first + step * y);
    (step > 0 && regular).then_some(Step::Skip { first, step })
}
