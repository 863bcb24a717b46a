//! Blocks of places that become channels, and channels that become places.

use crate::Result;
use crate::import::builder::Builder;
use crate::import::node::Node;
use crate::import::ops::conv_ops::on_planes;
use crate::import::ops::plane_operands::{apply, operand};
use crate::import::shapes::{coordinates, flat};
use crate::import::values::Value;
use crate::import::values::affine::Affine;
use crate::import::values::cells::placed;
use crate::import::values::kernels::depthwise;
use verdict_model::Conv;

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

/// Channels become places of a finer plane; `None` of what is no planes.
pub(crate) fn depth_to_space(
    node: &Node<'_>,
    operands: &[Option<&Value>],
    builder: &mut Builder,
) -> Result<Option<Value>> {
    if !on_planes(operands) {
        return Ok(None);
    }
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
    let value = apply(node, 0, value, &conv, 2, builder);
    Ok(Some(Value::Planes(value)))
}

/// Blocks of places become channels of a coarser plane; `None` of what is no planes.
pub(crate) fn space_to_depth(
    node: &Node<'_>,
    operands: &[Option<&Value>],
    builder: &mut Builder,
) -> Result<Option<Value>> {
    if !on_planes(operands) {
        return Ok(None);
    }
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
    let value = apply(node, 0, value, &conv, 2, builder);
    Ok(Some(Value::Planes(value)))
}

/// The shape of operand 0, which has four axes.
fn four(node: &Node<'_>) -> Result<[usize; 4]> {
    let shape = &node.operand(0)?.shape;
    shape[..].try_into().map_err(|_| {
        node.unsupported(format!(
            "it is applied to shape {shape:?}; expected [1, channels, rows, columns]"
        ))
    })
}

/// `DepthToSpace`, cell by cell.
pub(crate) fn depth_to_space_cells(node: &Node<'_>) -> Result<Affine> {
    let value = node.operand(0)?;
    let (block, channel_first) = (block_size(node)?, order(node)?);
    let [batch, channels, rows, columns] = four(node)?;
    let square = block * block;
    if !channels.is_multiple_of(square) {
        return Err(node.invalid(format!(
            "shape {:?} has no {square} channels for every block of {block} × {block}",
            value.shape
        )));
    }
    let outputs = channels / square;
    let shape = vec![batch, outputs, rows * block, columns * block];
    node.count(&shape)?;
    Ok(placed(value, shape.clone(), 0.0, |cell| {
        let at = coordinates(&shape, cell);
        let place = at[2] % block * block + at[3] % block;
        let source = match channel_first {
            true => at[1] * square + place,
            false => place * outputs + at[1],
        };
        Some(flat(
            &value.shape,
            &[at[0], source, at[2] / block, at[3] / block],
        ))
    }))
}

/// `SpaceToDepth`, cell by cell.
pub(crate) fn space_to_depth_cells(node: &Node<'_>) -> Result<Affine> {
    let value = node.operand(0)?;
    let (block, channel_first) = (block_size(node)?, order(node)?);
    let [batch, channels, rows, columns] = four(node)?;
    if !rows.is_multiple_of(block) || !columns.is_multiple_of(block) {
        return Err(node.invalid(format!(
            "shape {:?} is not made of blocks of {block} × {block}",
            value.shape
        )));
    }
    let square = block * block;
    let shape = vec![batch, channels * square, rows / block, columns / block];
    node.count(&shape)?;
    Ok(placed(value, shape.clone(), 0.0, |cell| {
        let at = coordinates(&shape, cell);
        let (channel, place) = match channel_first {
            true => (at[1] / square, at[1] % square),
            false => (at[1] % channels, at[1] / channels),
        };
        let (row, column) = (at[2] * block + place / block, at[3] * block + place % block);
        Some(flat(&value.shape, &[at[0], channel, row, column]))
    }))
}
