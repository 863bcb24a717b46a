//! Operands as planes, and convolutions applied to them.

use crate::Result;
use crate::import::builder::Builder;
use crate::import::node::Node;
use crate::import::ops::window::plane_shape;
use crate::import::values::Value;
use crate::import::values::planes::{PlaneMap, plane_size};
use verdict_model::Conv;

/// Weights a row of the circuit holds, roughly: what folding costs and what a tensor costs are
/// compared with it.
pub(crate) const WEIGHTS_PER_ROW: usize = 8;

/// Rows of a cell that is requantised.
pub(crate) const ROWS_PER_CELL: usize = 2;

/// The first operand as planes; `None` if it does not fit them, or another one is no constant.
pub(crate) fn first(
    node: &Node<'_>,
    operands: &[Option<&Value>],
    builder: &mut Builder,
) -> Result<Option<PlaneMap>> {
    let mut all = operands.iter().copied();
    let fits = |value: &Value| plane_size(value.shape()).is_some();
    match all.next().flatten().is_some_and(fits) && all.flatten().all(Value::is_constant) {
        true => operand(node, operands, 0, builder).map(Some),
        false => Ok(None),
    }
}

/// Operand `index` as planes of its own shape.
pub(crate) fn operand(
    node: &Node<'_>,
    operands: &[Option<&Value>],
    index: usize,
    builder: &mut Builder,
) -> Result<PlaneMap> {
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
                (Some(id), _) => PlaneMap::tensor(id, shape, size),
                (None, Value::Rows(value)) if value.is_constant() => {
                    PlaneMap::constant(shape, size, value.bias.clone())
                }
                (None, value) => {
                    let name = &node.proto.input[index];
                    let tensor = builder.materialise(name, value.clone());
                    PlaneMap::tensor(tensor.as_tensor().unwrap_or_default(), shape, size)
                }
            }
        }
    })
}

/// `conv` applied to operand `index`, which becomes a tensor first where that is cheaper or the
/// only way.
pub(crate) fn apply(
    node: &Node<'_>,
    index: usize,
    value: PlaneMap,
    conv: &Conv<f64>,
    rank: usize,
    builder: &mut Builder,
) -> PlaneMap {
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
