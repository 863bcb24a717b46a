//! Convolutions, average pools and other linear maps of planes.

use crate::Result;
use crate::import::builder::Builder;
use crate::import::node::Node;
use crate::import::ops::plane_operands::{apply, first};
use crate::import::ops::window::{Attributes, Window};
use crate::import::values::Value;
use crate::import::values::planes::PlaneMap;
use verdict_model::Conv;

/// The shape and cells of operand 1.
pub(crate) fn check_weights<'a>(
    node: &Node<'_>,
    operands: &[Option<&'a Value>],
    rank: usize,
) -> Result<(&'a [usize], &'a [f64])> {
    match operands.get(1).copied().flatten() {
        Some(Value::Rows(weights)) if weights.is_constant() => {
            if weights.shape.len() == rank + 2 {
                return Ok((&weights.shape, &weights.bias));
            }
            Err(node.invalid(format!(
                "its weights have shape {:?}, expected {} axes",
                weights.shape,
                rank + 2
            )))
        }
        Some(_) => Err(node.product()),
        None => Err(node.invalid("operand 1, its weights, is missing; export the model again")),
    }
}

/// Adds operand 2, a bias per channel.
pub(crate) fn add_bias(node: &Node<'_>, value: &mut PlaneMap) -> Result<()> {
    if node.optional(2).is_none() {
        return Ok(());
    }
    let bias = node.constant(2)?;
    if bias.len() != value.size[0] {
        return Err(node.invalid(format!(
            "has {} biases for {} channels",
            bias.len(),
            value.size[0]
        )));
    }
    let plane = value.size[1] * value.size[2];
    for (cell, to) in value.bias.iter_mut().enumerate() {
        *to += bias[cell / plane];
    }
    Ok(())
}

/// Attribute `group`.
pub(crate) fn groups(node: &Node<'_>, channels: usize, divided: usize) -> Result<usize> {
    let groups = node.int("group", 1);
    usize::try_from(groups)
        .ok()
        .filter(|groups| {
            *groups > 0 && channels.is_multiple_of(*groups) && divided.is_multiple_of(*groups)
        })
        .ok_or_else(|| {
            node.invalid(format!(
                "`group` is {groups}, which does not divide {channels} and {divided} channels"
            ))
        })
}

/// The groups of a `Conv`, whose weights' shape must fit the input's channels.
pub(crate) fn conv_groups(node: &Node<'_>, channels: usize, weights: &[usize]) -> Result<usize> {
    let (outputs, part) = (weights[0], weights[1]);
    let groups = groups(node, channels, outputs)?;
    match part * groups == channels {
        true => Ok(groups),
        false => Err(node.invalid(format!(
            "its weights are for {groups} groups of {part} channels, its input has {channels}"
        ))),
    }
}

/// `Conv` of planes by constant weights; `None` of anything else.
pub(crate) fn conv(
    node: &Node<'_>,
    operands: &[Option<&Value>],
    builder: &mut Builder,
) -> Result<Option<Value>> {
    let Some(value) = first(node, operands, builder)? else {
        return Ok(None);
    };
    let rank = value.shape.len() - 2;
    let (shape, weights) = check_weights(node, operands, rank)?;
    let attributes = Attributes::read(node, &value.shape, Some(&shape[2..]))?;
    let [channels, rows, columns] = value.size;
    let groups = conv_groups(node, channels, shape)?;
    let windows = attributes.planar(node, [rows, columns], false)?;
    node.count(&[shape[0], windows[0].output, windows[1].output])?;
    let conv = window_conv(&windows, [channels, shape[0]], groups, weights.to_vec());
    let mut value = apply(node, 0, value, &conv, rank, builder);
    add_bias(node, &mut value)?;
    Ok(Some(Value::Planes(value)))
}

/// A convolution that sees through `windows`.
pub(crate) fn window_conv(
    windows: &[Window; 2],
    channels: [usize; 2],
    groups: usize,
    weights: Vec<f64>,
) -> Conv<f64> {
    Conv {
        channels,
        source: windows.map(|w| w.input),
        output: windows.map(|w| w.output),
        size: windows.map(|w| w.size),
        stride: windows.map(|w| w.stride),
        up: [1, 1],
        dilation: windows.map(|w| w.dilation),
        pad: windows.map(|w| w.before),
        groups,
        weights,
    }
}
