//! `ConvTranspose`: a convolution read from the output's point of view.

use crate::Result;
use crate::import::builder::Builder;
use crate::import::node::Node;
use crate::import::ops::conv_ops::{add_bias, check_weights, groups};
use crate::import::ops::plane_operands::{apply, operand};
use crate::import::ops::window::planar;
use crate::import::ops::window::{Attributes, AutoPad};
use crate::import::values::Value;
use crate::import::values::kernels::depthwise;
use crate::import::values::planes::PlaneMap;
use verdict_model::Conv;

/// What the node says of its output's lengths.
struct Lengths {
    /// `output_padding`
    extra: [i64; 2],
    /// `output_shape`
    stated: Option<[i64; 2]>,
}

/// Attribute `name`, a number that is not negative for each of `rank` axes.
fn numbers(node: &Node<'_>, name: &str, rank: usize) -> Result<Option<[i64; 2]>> {
    let Some(values) = node.ints(name).filter(|values| !values.is_empty()) else {
        return Ok(None);
    };
    // `output_shape` may name all axes.
    let values = &values[values.len().saturating_sub(rank)..];
    if values.len() != rank || values.iter().any(|n| !(0..=1 << 16).contains(n)) {
        return Err(node.invalid(format!(
            "`{name}` is {values:?}, expected {rank} numbers that are not negative"
        )));
    }
    Ok(Some(planar(values, 0)))
}

impl Lengths {
    /// Sets the output's length along an axis, and where the kernel stands there.
    fn set(
        &self,
        node: &Node<'_>,
        attributes: &Attributes,
        axis: usize,
        conv: &mut Conv<f64>,
    ) -> Result<()> {
        let (size, stride, dilation) = (
            attributes.size[axis],
            attributes.stride[axis],
            attributes.dilation[axis],
        );
        let extent = ((size - 1) * dilation + 1) as i64;
        let full = (stride * (conv.source[axis] - 1)) as i64 + self.extra[axis] + extent;
        let (mut before, after) = (attributes.before[axis], attributes.after[axis]);
        let same = matches!(attributes.auto_pad, AutoPad::SameUpper | AutoPad::SameLower);
        let output = match (self.stated, attributes.auto_pad) {
            (Some(stated), _) => stated[axis],
            (None, _) if same => (conv.source[axis] * stride) as i64,
            (None, AutoPad::Valid) => full,
            (None, _) => full - before - after,
        };
        if self.stated.is_some() || attributes.auto_pad != AutoPad::Stated {
            // An output that is stated to be longer has nothing but the bias at its end.
            let total = (full - output).max(0);
            if self.stated.is_none() && full < output {
                return Err(node.invalid(format!(
                    "its kernel and stride make {full} places, less than the {output} it is to have; state `pads` and \
                     `output_padding` instead"
                )));
            }
            before = if attributes.auto_pad == AutoPad::SameUpper {
                total / 2
            } else {
                total - total / 2
            };
        }
        if output < 1 {
            return Err(node.invalid("its padding leaves nothing of the output"));
        }
        conv.output[axis] = output as usize;
        (conv.size[axis], conv.up[axis], conv.dilation[axis]) = (size, stride, dilation);
        // Source x adds to output y = stride·x + dilation·k − before; from y's point of view the
        // kernel is turned around.
        conv.pad[axis] = extent - 1 - before;
        Ok(())
    }
}

/// `ConvTranspose`
pub(crate) fn conv_transpose(
    node: &Node<'_>,
    operands: &[Option<&Value>],
    builder: &mut Builder,
) -> Result<PlaneMap> {
    let value = operand(node, operands, 0, builder)?;
    let rank = value.shape.len() - 2;
    let (shape, weights) = check_weights(node, operands, rank)?;
    let attributes = Attributes::read(node, &value.shape, Some(&shape[2..]))?;
    let [channels, rows, columns] = value.size;
    if shape[0] != channels {
        return Err(node.invalid(format!(
            "its weights are for {} channels, its input has {channels}",
            shape[0]
        )));
    }
    let groups = groups(node, channels, channels)?;
    let mut conv = depthwise(channels, [rows, columns], [1, 1]);
    let lengths = Lengths {
        extra: numbers(node, "output_padding", rank)?.unwrap_or([0, 0]),
        stated: numbers(node, "output_shape", rank)?,
    };
    for axis in 2 - rank..2 {
        lengths.set(node, &attributes, axis, &mut conv)?;
    }
    let outputs = shape[1] * groups;
    node.count(&[outputs, conv.output[0], conv.output[1]])?;
    let place = conv.size[0] * conv.size[1];
    let per_group = channels / groups;
    conv.channels[1] = outputs;
    conv.groups = groups;
    conv.weights = vec![0.0; outputs * per_group * place];
    for (i, weight) in weights.iter().enumerate() {
        let (source, output, k) = (i / (shape[1] * place), i / place % shape[1], i % place);
        let (group, number) = (source / per_group, source % per_group);
        let output = group * shape[1] + output;
        conv.weights[(output * per_group + number) * place + (place - 1 - k)] = *weight;
    }
    let mut value = apply(node, 0, value, &conv, rank, builder);
    add_bias(node, &mut value)?;
    Ok(value)
}
