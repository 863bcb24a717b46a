//! Blocks of places that become channels, and channels that become places.

use crate::Result;
use crate::import::builder::Builder;
use crate::import::node::Node;
use crate::import::ops::plane_operands::{apply, first};
use crate::import::shapes::{coordinates, flat};
use crate::import::values::Value;
use crate::import::values::affine::Affine;
use crate::import::values::cells::placed;
use crate::import::values::kernels::depthwise;
use verdict_model::Conv;

/// How the places of a block and channels stand for one another.
struct Blocks {
    /// Cells along a block's side.
    side: usize,
    /// Places of a block.
    places: usize,
    /// Whether the places of a block are the channels' faster index.
    channel_first: bool,
}

impl Blocks {
    fn of(node: &Node<'_>) -> Result<Self> {
        let side = node.int("blocksize", 0);
        let side = usize::try_from(side)
            .ok()
            .filter(|side| (1..=256).contains(side))
            .ok_or_else(|| node.invalid(format!("`blocksize` is {side}, expected 1 to 256")))?;
        let channel_first = match node.text("mode").as_deref() {
            None | Some("" | "DCR") => false,
            Some("CRD") => true,
            Some(other) => {
                return Err(node.invalid(format!("`mode` is `{other}`, expected DCR or CRD")));
            }
        };
        Ok(Self {
            side,
            places: side * side,
            channel_first,
        })
    }

    /// How many channels are left where each place of a block was one; `shape` has `channels`.
    fn outputs(&self, node: &Node<'_>, shape: &[usize], channels: usize) -> Result<usize> {
        let (side, places) = (self.side, self.places);
        match shape.len() == 4 && channels.is_multiple_of(places) {
            true => Ok(channels / places),
            false => Err(node.invalid(format!(
                "shape {shape:?} has no {places} channels for every block of {side} × {side}"
            ))),
        }
    }

    /// Refuses a plane that is not made of blocks.
    fn divide(&self, node: &Node<'_>, shape: &[usize], plane: [usize; 2]) -> Result<()> {
        let side = self.side;
        match shape.len() == 4 && plane.iter().all(|len| len.is_multiple_of(side)) {
            true => Ok(()),
            false => Err(node.invalid(format!(
                "shape {shape:?} is not made of blocks of {side} × {side}"
            ))),
        }
    }

    /// The channel that stands for a place of channel `of`, one of `count`.
    fn channel(&self, of: usize, place: usize, count: usize) -> usize {
        match self.channel_first {
            true => of * self.places + place,
            false => place * count + of,
        }
    }
}

/// Channels become places of a finer plane; `None` of what is no planes.
pub(crate) fn depth_to_space(
    node: &Node<'_>,
    operands: &[Option<&Value>],
    builder: &mut Builder,
) -> Result<Option<Value>> {
    let Some(value) = first(node, operands, builder)? else {
        return Ok(None);
    };
    let blocks = Blocks::of(node)?;
    let [channels, rows, columns] = value.size;
    let outputs = blocks.outputs(node, &value.shape, channels)?;
    let (block, square) = (blocks.side, blocks.places);
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
            let source = blocks.channel(output, place, outputs);
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
    let Some(value) = first(node, operands, builder)? else {
        return Ok(None);
    };
    let blocks = Blocks::of(node)?;
    let [channels, rows, columns] = value.size;
    blocks.divide(node, &value.shape, [rows, columns])?;
    let (block, square) = (blocks.side, blocks.places);
    let outputs = channels * square;
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
            let output = blocks.channel(channel, place, channels);
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
    let blocks = Blocks::of(node)?;
    let [batch, channels, rows, columns] = four(node)?;
    let outputs = blocks.outputs(node, &value.shape, channels)?;
    let block = blocks.side;
    let shape = vec![batch, outputs, rows * block, columns * block];
    node.count(&shape)?;
    Ok(placed(value, shape.clone(), 0.0, |cell| {
        let at = coordinates(&shape, cell);
        let place = at[2] % block * block + at[3] % block;
        let source = blocks.channel(at[1], place, outputs);
        Some(flat(
            &value.shape,
            &[at[0], source, at[2] / block, at[3] / block],
        ))
    }))
}

/// `SpaceToDepth`, cell by cell.
pub(crate) fn space_to_depth_cells(node: &Node<'_>) -> Result<Affine> {
    let value = node.operand(0)?;
    let blocks = Blocks::of(node)?;
    let [batch, channels, rows, columns] = four(node)?;
    blocks.divide(node, &value.shape, [rows, columns])?;
    let (block, square) = (blocks.side, blocks.places);
    let shape = vec![batch, channels * square, rows / block, columns / block];
    node.count(&shape)?;
    Ok(placed(value, shape.clone(), 0.0, |cell| {
        let at = coordinates(&shape, cell);
        let (channel, place) = match blocks.channel_first {
            true => (at[1] / square, at[1] % square),
            false => (at[1] % channels, at[1] / channels),
        };
        let (row, column) = (at[2] * block + place / block, at[3] * block + place % block);
        Some(flat(&value.shape, &[at[0], channel, row, column]))
    }))
}
