//! Operators that repeat, drop or rearrange places: kernels of ones.

use crate::Result;
use crate::import::builder::Builder;
use crate::import::node::Node;
use crate::import::ops::interpolate;
use crate::import::ops::interpolate::Sampler;
use crate::import::ops::plane_operands::{apply, operand};
use crate::import::values::Value;
use crate::import::values::kernels::depthwise;
use crate::import::values::planes::{PlaneMap, plane_size};
use verdict_model::Conv;

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
        let Some(step) = step(&places, axis.input) else {
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

fn block_size(node: &Node<'_>) -> Result<usize> {
    let block = node.int("blocksize", 0);
    usize::try_from(block)
        .ok()
        .filter(|block| (1..=256).contains(block))
        .ok_or_else(|| node.invalid(format!("`blocksize` is {block}, expected 1 to 256")))
}

/// Whether the places of a block are the channels' faster index.
fn order(node: &Node<'_>) -> Result<bool> {
    match node.text("mode").as_deref() {
        None | Some("" | "DCR") => Ok(false),
        Some("CRD") => Ok(true),
        Some(other) => Err(node.invalid(format!("`mode` is `{other}`, expected DCR or CRD"))),
    }
}

/// Channels become places of a finer plane.
pub(crate) fn depth_to_space(
    node: &Node<'_>,
    operands: &[Option<&Value>],
    builder: &mut Builder,
) -> Result<PlaneMap> {
    let value = operand(node, operands, 0, builder)?;
    let block = block_size(node)?;
    let [channels, rows, columns] = value.size;
    let square = block * block;
    if value.shape.len() != 4 || !channels.is_multiple_of(square) {
        return Err(node.invalid(format!(
            "shape {:?} has no {square} channels for every block of {block} × {block}",
            value.shape
        )));
    }
    let channel_first = order(node)?;
    let outputs = channels / square;
    let mut conv = Conv {
        channels: [channels, outputs],
        size: [block; 2],
        up: [block; 2],
        pad: [block as i64 - 1; 2],
        groups: 1,
        weights: vec![0.0; channels * outputs * square],
        ..depthwise(1, [rows, columns], [rows * block, columns * block])
    };
    for output in 0..outputs {
        for place in 0..square {
            let source = if channel_first {
                output * square + place
            } else {
                place * outputs + output
            };
            // A transposed convolution's kernel is turned around.
            conv.weights[(output * channels + source) * square + square - 1 - place] = 1.0;
        }
    }
    Ok(apply(node, 0, value, &conv, 2, builder))
}

/// Blocks of places become channels of a coarser plane.
pub(crate) fn space_to_depth(
    node: &Node<'_>,
    operands: &[Option<&Value>],
    builder: &mut Builder,
) -> Result<PlaneMap> {
    let value = operand(node, operands, 0, builder)?;
    let block = block_size(node)?;
    let [channels, rows, columns] = value.size;
    if value.shape.len() != 4 || !rows.is_multiple_of(block) || !columns.is_multiple_of(block) {
        return Err(node.invalid(format!(
            "shape {:?} is not made of blocks of {block} × {block}",
            value.shape
        )));
    }
    let square = block * block;
    let outputs = channels * square;
    let channel_first = order(node)?;
    let mut conv = Conv {
        channels: [channels, outputs],
        size: [block; 2],
        stride: [block; 2],
        groups: 1,
        weights: vec![0.0; channels * outputs * square],
        ..depthwise(1, [rows, columns], [rows / block, columns / block])
    };
    for place in 0..square {
        for channel in 0..channels {
            let output = if channel_first {
                channel * square + place
            } else {
                place * channels + channel
            };
            conv.weights[(output * channels + channel) * square + place] = 1.0;
        }
    }
    Ok(apply(node, 0, value, &conv, 2, builder))
}
