//! `AveragePool`: convolutions of equal weights.

use crate::Result;
use crate::float::activation::Activation;
use crate::import::builder::Builder;
use crate::import::node::Node;
use crate::import::ops::conv_ops::window_conv;
use crate::import::ops::plane_operands::{apply, first};
use crate::import::ops::window::{Attributes, plane_shape};
use crate::import::values::Value;
use crate::import::values::planes::PlaneMap;

/// `AveragePool` of planes; `None` of anything else.
pub(crate) fn average_pool(
    node: &Node<'_>,
    operands: &[Option<&Value>],
    builder: &mut Builder,
) -> Result<Option<Value>> {
    let Some(value) = first(node, operands, builder)? else {
        return Ok(None);
    };
    let rank = value.shape.len() - 2;
    let attributes = Attributes::read(node, &value.shape, None)?;
    let [channels, rows, columns] = value.size;
    let windows = attributes.planar(node, [rows, columns], node.int("ceil_mode", 0) != 0)?;
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
        let value = apply(node, 0, value, &part([*only, *one]), rank, builder);
        return Ok(Some(Value::Planes(value)));
    }
    // One convolution cannot divide by different numbers, so each rectangle becomes a tensor of its
    // own.
    let size = [channels, windows[0].output, windows[1].output];
    let shape = plane_shape(rank, size);
    let mut whole = PlaneMap::constant(shape.clone(), size, vec![0.0; size.iter().product()]);
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
    Ok(Some(Value::Planes(whole)))
}
