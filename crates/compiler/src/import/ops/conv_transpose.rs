//! `ConvTranspose`: a convolution read from the output's point of view.

use crate::Result;
use crate::import::builder::Builder;
use crate::import::node::Node;
use crate::import::ops::conv_ops::{add_bias, check_weights, groups};
use crate::import::ops::plane_operands::{apply, first};
use crate::import::ops::window::{Attributes, AutoPad};
use crate::import::values::Value;
use crate::import::values::kernels::depthwise;

/// One axis of a transposed convolution: source `x` adds to output `stride·x + dilation·k − before`.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Spread {
    pub(crate) size: usize,
    pub(crate) stride: usize,
    pub(crate) dilation: usize,
    pub(crate) before: i64,
    pub(crate) output: usize,
}

/// What the node says of its output's lengths.
struct Lengths {
    /// `output_padding`
    extra: Vec<i64>,
    /// `output_shape`
    stated: Option<Vec<i64>>,
}

/// Attribute `name`, a number that is not negative for each of `rank` axes.
fn numbers(node: &Node<'_>, name: &str, rank: usize) -> Result<Option<Vec<i64>>> {
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
    Ok(Some(values.to_vec()))
}

/// The axes of a transposed convolution of a value with these lengths.
pub(crate) fn spreads(
    node: &Node<'_>,
    attributes: &Attributes,
    input: &[usize],
) -> Result<Vec<Spread>> {
    let rank = attributes.rank;
    let lengths = Lengths {
        extra: numbers(node, "output_padding", rank)?.unwrap_or_else(|| vec![0; rank]),
        stated: numbers(node, "output_shape", rank)?,
    };
    let axes = input.iter().enumerate();
    axes.map(|(axis, length)| lengths.spread(node, attributes, axis, *length))
        .collect()
}

impl Lengths {
    /// The output's length along an axis, and where the kernel stands there.
    fn spread(
        &self,
        node: &Node<'_>,
        attributes: &Attributes,
        axis: usize,
        input: usize,
    ) -> Result<Spread> {
        let (size, stride, dilation) = (
            attributes.size[axis],
            attributes.stride[axis],
            attributes.dilation[axis],
        );
        let extent = ((size - 1) * dilation + 1) as i64;
        let full = (stride * (input - 1)) as i64 + self.extra[axis] + extent;
        let (mut before, after) = (attributes.before[axis], attributes.after[axis]);
        let same = matches!(attributes.auto_pad, AutoPad::SameUpper | AutoPad::SameLower);
        let output = match (&self.stated, attributes.auto_pad) {
            (Some(stated), _) => stated[axis],
            (None, _) if same => (input * stride) as i64,
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
        Ok(Spread {
            size,
            stride,
            dilation,
            before,
            output: output as usize,
        })
    }
}

/// The groups of a `ConvTranspose`, whose weights' shape must fit the input's channels.
pub(crate) fn transposed_groups(
    node: &Node<'_>,
    channels: usize,
    weights: &[usize],
) -> Result<usize> {
    if weights[0] != channels {
        return Err(node.invalid(format!(
            "its weights are for {} channels, its input has {channels}",
            weights[0]
        )));
    }
    groups(node, channels, channels)
}

/// `ConvTranspose` of planes by constant weights; `None` of anything else.
pub(crate) fn conv_transpose(
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
    let groups = transposed_groups(node, channels, shape)?;
    let mut conv = depthwise(channels, [rows, columns], [1, 1]);
    let spreads = spreads(node, &attributes, &[rows, columns][2 - rank..])?;
    for (axis, spread) in (2 - rank..).zip(spreads) {
        conv.output[axis] = spread.output;
        (conv.size[axis], conv.up[axis]) = (spread.size, spread.stride);
        conv.dilation[axis] = spread.dilation;
        // From the output's point of view the kernel is turned around.
        let extent = ((spread.size - 1) * spread.dilation + 1) as i64;
        conv.pad[axis] = extent - 1 - spread.before;
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
    Ok(Some(Value::Planes(value)))
}
