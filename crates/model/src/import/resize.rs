//! Operators that repeat, drop or rearrange places: kernels of ones.

use super::builder::Builder;
use super::conv_ops::{apply, operand};
use super::node::Node;
use crate::Result;
use crate::graph::Conv;
use crate::linear::Value;
use crate::planes::{Planes, depthwise};

/// What nearest-neighbour resizing does along one axis.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Step {
    /// Every place this often.
    Repeat(usize),
    /// Every so many places, from the first given on.
    Skip { first: usize, step: usize },
}

/// `Resize` and `Upsample` to the nearest place, by whole factors.
pub(super) fn resize(
    node: &Node<'_>,
    operands: &[Option<&Value>],
    builder: &mut Builder,
) -> Result<Planes> {
    let value = operand(node, operands, 0, builder)?;
    let mode = node.text("mode").unwrap_or_else(|| "nearest".into());
    if mode != "nearest" {
        return Err(node.unsupported(format!(
            "mode `{mode}` is not supported; use `nearest`, or a ConvTranspose"
        )));
    }
    let shape = value.shape.clone();
    let rank = shape.len();
    let upsample = node.op() == "Upsample";
    let old = upsample || node.opset < 11;
    let (scales, sizes) = if upsample && node.opset < 9 {
        let scales = node.floats("scales");
        (scales, None)
    } else if old {
        (node.optional_constant(1)?.map(<[f64]>::to_vec), None)
    } else {
        let given = |index| -> Result<Option<Vec<f64>>> {
            let values = node.optional_constant(index)?;
            Ok(values.filter(|v| !v.is_empty()).map(<[f64]>::to_vec))
        };
        (given(2)?, given(3)?)
    };
    let axes = match node.ints("axes") {
        Some(axes) => axes
            .iter()
            .map(|axis| node.axis(*axis, rank))
            .collect::<Result<Vec<_>>>()?,
        None => (0..rank).collect(),
    };
    if sizes.is_some()
        && !matches!(
            node.text("keep_aspect_ratio_policy").as_deref(),
            None | Some("" | "stretch")
        )
    {
        return Err(node.unsupported("keeping the aspect ratio is not supported; state the sizes"));
    }
    let numbers = match (&scales, &sizes) {
        (Some(numbers), None) | (None, Some(numbers)) => numbers,
        _ => return Err(node.invalid("expected either `scales` or `sizes`")),
    };
    if numbers.len() != axes.len() {
        return Err(node.invalid(format!(
            "{numbers:?} names {} axes, the value has {rank}",
            numbers.len()
        )));
    }
    let mut steps = vec![Step::Repeat(1); rank];
    let mut target = shape.clone();
    for (axis, number) in axes.into_iter().zip(numbers) {
        let input = shape[axis];
        let (output, scale) = if sizes.is_some() {
            (*number, number / input as f64)
        } else {
            ((input as f64 * number).floor(), *number)
        };
        if !(1.0..=65536.0).contains(&output) || scale <= 0.0 {
            return Err(node.invalid(format!("axis {axis} would have {output} places")));
        }
        target[axis] = output as usize;
        let places = places(node, old, input, output as usize, scale)?;
        steps[axis] = step(&places, input).ok_or_else(|| {
            node.unsupported(format!(
                "axis {axis} goes from {input} to {output} places, which is no whole factor in these modes; resize by whole factors"
            ))
        })?;
    }
    node.count(&target)?;
    if target[..2] != shape[..2] {
        return Err(node.unsupported("only planes can be resized, not batch and channels"));
    }
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
    Ok(apply(node, 0, value, &conv, rank - 2, builder))
}

/// The place that every output of an axis copies.
fn places(
    node: &Node<'_>,
    old: bool,
    input: usize,
    output: usize,
    scale: f64,
) -> Result<Vec<usize>> {
    let text = |name: &str, default: &str| node.text(name).unwrap_or_else(|| default.into());
    let (coordinates, rounding) = if old {
        ("asymmetric".into(), "floor".into())
    } else {
        (
            text("coordinate_transformation_mode", "half_pixel"),
            text("nearest_mode", "round_prefer_floor"),
        )
    };
    let (n, m) = (input as f64, output as f64);
    let place = |y: usize| -> Result<usize> {
        let y = y as f64;
        let exact = match coordinates.as_str() {
            "half_pixel" => (y + 0.5) / scale - 0.5,
            "pytorch_half_pixel" if output > 1 => (y + 0.5) / scale - 0.5,
            "pytorch_half_pixel" => 0.0,
            "half_pixel_symmetric" => {
                // The output may be shorter than the scale says; both have the same centre.
                let adjustment = m / (scale * n);
                n / 2.0 * (1.0 - adjustment) + (y + 0.5) / scale - 0.5
            }
            "asymmetric" => y / scale,
            "align_corners" if output > 1 => y * (n - 1.0) / (m - 1.0),
            "align_corners" => 0.0,
            other => {
                return Err(node.unsupported(format!(
                    "coordinate_transformation_mode `{other}` is not supported; use `asymmetric` or `half_pixel`"
                )));
            }
        };
        let rounded = match rounding.as_str() {
            "round_prefer_floor" => (exact - 0.5).ceil(),
            "round_prefer_ceil" => (exact + 0.5).floor(),
            "floor" => exact.floor(),
            "ceil" => exact.ceil(),
            other => {
                return Err(
                    node.invalid(format!("`nearest_mode` is `{other}`, which does not exist"))
                );
            }
        };
        Ok(rounded.clamp(0.0, n - 1.0) as usize)
    };
    (0..output).map(place).collect()
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
pub(super) fn depth_to_space(
    node: &Node<'_>,
    operands: &[Option<&Value>],
    builder: &mut Builder,
) -> Result<Planes> {
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
pub(super) fn space_to_depth(
    node: &Node<'_>,
    operands: &[Option<&Value>],
    builder: &mut Builder,
) -> Result<Planes> {
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
