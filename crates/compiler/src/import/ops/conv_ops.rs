//! Convolutions, average pools and other linear maps of planes.

use crate::Result;
use crate::float::graph::Activation;
use crate::import::builder::Builder;
use crate::import::node::Node;
use crate::import::ops::window::{Attributes, AutoPad, Window, plane_shape};
use crate::import::values::affine::Value;
use crate::import::values::planes::{Planes, depthwise, plane_size};
use verdict_model::graph::Conv;

/// Weights a row of the circuit holds, roughly: what folding costs and what a tensor costs are compared with it.
pub(in crate::import) const WEIGHTS_PER_ROW: usize = 8;
/// Rows of a cell that is requantised.
pub(in crate::import) const ROWS_PER_CELL: usize = 2;

/// Operand `index` as planes of its own shape.
pub(in crate::import) fn operand(
    node: &Node<'_>,
    operands: &[Option<&Value>],
    index: usize,
    builder: &mut Builder,
) -> Result<Planes> {
    let Some(value) = operands.get(index).copied().flatten() else {
        return Err(node.invalid(format!(
            "operand {index} is missing; the file is damaged, export the model again"
        )));
    };
    let shape = value.shape().to_vec();
    let Some(size) = plane_size(&shape) else {
        return Err(node.unsupported(format!(
            "it is applied to shape {shape:?}; expected [1, channels, length] or [1, channels, rows, columns]"
        )));
    };
    Ok(match value {
        Value::Planes(value) if value.size == size => value.clone(),
        value => {
            let id = value.as_tensor();
            match (id, value) {
                (Some(id), _) => Planes::tensor(id, shape, size),
                (None, Value::Rows(value)) if value.is_constant() => {
                    Planes::constant(shape, size, value.bias.clone())
                }
                (None, value) => {
                    let name = &node.proto.input[index];
                    let tensor = builder.materialise(name, value.clone());
                    Planes::tensor(tensor.as_tensor().unwrap_or_default(), shape, size)
                }
            }
        }
    })
}

/// `conv` applied to operand `index`, which becomes a tensor first where that is cheaper or the only way.
pub(in crate::import) fn apply(
    node: &Node<'_>,
    index: usize,
    value: Planes,
    conv: &Conv<f64>,
    rank: usize,
    builder: &mut Builder,
) -> Planes {
    let size = [conv.channels[1], conv.output[0], conv.output[1]];
    let shape = plane_shape(rank, size);
    if let Some(folded) = value.conv(conv, shape.clone()) {
        let plane = size[1] * size[2];
        let uniform = folded
            .bias
            .chunks(plane)
            .all(|channel| channel.iter().all(|b| *b == channel[0]));
        // Biases that differ within a plane are streamed cell by cell.
        let biases = if uniform { 0 } else { folded.len() };
        let more = folded.weights().saturating_sub(conv.non_zero()) + biases;
        let tensor = value.weights() + value.len() * ROWS_PER_CELL * WEIGHTS_PER_ROW;
        if value.as_tensor().is_some() || more <= tensor {
            return folded;
        }
    }
    let name = &node.proto.input[index];
    let tensor = builder.materialise_planes(name, value);
    // A tensor is a placement without a bias, so this cannot fail.
    tensor.conv(conv, shape).unwrap_or(tensor)
}

fn check_weights<'a>(
    node: &Node<'a>,
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
fn add_bias(node: &Node<'_>, value: &mut Planes) -> Result<()> {
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

fn groups(node: &Node<'_>, channels: usize, divided: usize) -> Result<usize> {
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

pub(in crate::import) fn conv<'a>(
    node: &Node<'a>,
    operands: &[Option<&'a Value>],
    builder: &mut Builder,
) -> Result<Planes> {
    let value = operand(node, operands, 0, builder)?;
    let rank = value.shape.len() - 2;
    let (shape, weights) = check_weights(node, operands, rank)?;
    let attributes = Attributes::read(node, &value.shape, Some(&shape[2..]))?;
    let [channels, rows, columns] = value.size;
    let groups = groups(node, channels, shape[0])?;
    if shape[1] * groups != channels {
        return Err(node.invalid(format!(
            "its weights are for {} groups of {} channels, its input has {channels}",
            groups, shape[1]
        )));
    }
    let windows = attributes.windows(node, [rows, columns], false)?;
    node.count(&[shape[0], windows[0].output, windows[1].output])?;
    let conv = window_conv(&windows, [channels, shape[0]], groups, weights.to_vec());
    let mut value = apply(node, 0, value, &conv, rank, builder);
    add_bias(node, &mut value)?;
    Ok(value)
}

/// A convolution that sees through `windows`.
pub(in crate::import) fn window_conv(
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

pub(in crate::import) fn conv_transpose<'a>(
    node: &Node<'a>,
    operands: &[Option<&'a Value>],
    builder: &mut Builder,
) -> Result<Planes> {
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
    let numbers = |name: &str| -> Result<Option<[i64; 2]>> {
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
        Ok(Some(crate::import::ops::window::planar(values, 0)))
    };
    let extra = numbers("output_padding")?.unwrap_or([0, 0]);
    let stated = numbers("output_shape")?;
    let mut conv = depthwise(channels, [rows, columns], [1, 1]);
    for axis in 0..2 {
        if rank == 1 && axis == 0 {
            continue;
        }
        let (size, stride, dilation) = (
            attributes.size[axis],
            attributes.stride[axis],
            attributes.dilation[axis],
        );
        let extent = ((size - 1) * dilation + 1) as i64;
        let full = (stride * (conv.source[axis] - 1)) as i64 + extra[axis] + extent;
        let (mut before, after) = (attributes.before[axis], attributes.after[axis]);
        let same = matches!(attributes.auto_pad, AutoPad::SameUpper | AutoPad::SameLower);
        let output = match (stated, attributes.auto_pad) {
            (Some(stated), _) => stated[axis],
            (None, _) if same => (conv.source[axis] * stride) as i64,
            (None, AutoPad::Valid) => full,
            (None, _) => full - before - after,
        };
        if stated.is_some() || attributes.auto_pad != AutoPad::Stated {
            // An output that is stated to be longer has nothing but the bias at its end.
            let total = (full - output).max(0);
            if stated.is_none() && full < output {
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
        // Source x adds to output y = stride·x + dilation·k − before; from y's point of view the kernel is turned around.
        conv.pad[axis] = extent - 1 - before;
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

pub(in crate::import) fn average_pool(
    node: &Node<'_>,
    operands: &[Option<&Value>],
    builder: &mut Builder,
) -> Result<Planes> {
    let value = operand(node, operands, 0, builder)?;
    let rank = value.shape.len() - 2;
    let attributes = Attributes::read(node, &value.shape, None)?;
    let [channels, rows, columns] = value.size;
    let windows = attributes.windows(node, [rows, columns], node.int("ceil_mode", 0) != 0)?;
    let with_padding = node.int("count_include_pad", 0) != 0;
    // Outputs at the border may see fewer places; runs of outputs that see equally many, by axis.
    let runs = windows.map(|window| {
        let mut runs: Vec<(usize, usize, usize)> = Vec::new();
        for y in 0..window.output {
            let seen = (0..window.size).filter(|k| {
                if with_padding {
                    window.padded(y, *k)
                } else {
                    window.place(y, *k).is_some()
                }
            });
            match (seen.count(), runs.last_mut()) {
                (seen, Some((_, len, same))) if *same == seen => *len += 1,
                (seen, _) => runs.push((y, 1, seen)),
            }
        }
        runs
    });
    if runs.iter().flatten().any(|(.., seen)| *seen == 0) {
        return Err(
            node.invalid("an output's window lies in the padding altogether; reduce `pads`")
        );
    }
    let part = |[a, b]: [(usize, usize, usize); 2]| {
        let mut part = windows;
        for (window, (start, len, _)) in part.iter_mut().zip([a, b]) {
            window.before -= (window.stride * start) as i64;
            window.output = len;
        }
        let weight = 1.0 / (a.2 * b.2) as f64;
        let weights = vec![weight; channels * windows[0].size * windows[1].size];
        window_conv(&part, [channels; 2], channels, weights)
    };
    if let ([only], [one]) = (&runs[0][..], &runs[1][..]) {
        return Ok(apply(node, 0, value, &part([*only, *one]), rank, builder));
    }
    // One convolution cannot divide by different numbers, so each rectangle becomes a tensor of its own.
    let size = [channels, windows[0].output, windows[1].output];
    let shape = plane_shape(rank, size);
    let mut whole = Planes::constant(shape.clone(), size, vec![0.0; size.iter().product()]);
    let value = match value.as_tensor() {
        Some(_) => value,
        None => builder.materialise_planes(&node.proto.input[0], value),
    };
    for (i, a) in runs[0].iter().enumerate() {
        for (j, b) in runs[1].iter().enumerate() {
            let mut mean = apply(node, 0, value.clone(), &part([*a, *b]), rank, builder);
            mean.nodes.push(node.name.clone());
            let name = format!("{}_part{i}_{j}", node.proto.output[0]);
            let tensor = builder.activate(&name, Value::Planes(mean), Activation::Identity);
            let Value::Planes(tensor) = tensor else {
                continue;
            };
            let at = [0, a.0 as i64, b.0 as i64];
            // A tensor has nothing outside its own plane, so it can be placed anywhere.
            if let Some(placed) = tensor.place(at, shape.clone(), size) {
                whole = whole.add(placed);
            }
        }
    }
    Ok(whole)
}
