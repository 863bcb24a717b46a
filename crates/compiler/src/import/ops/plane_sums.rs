//! Sums of planes that stay planes.

use crate::Result;
use crate::import::broadcast::{broadcast, broadcast_shape};
use crate::import::builder::Builder;
use crate::import::node::Node;
use crate::import::ops::{linear_ops, plane_operands};
use crate::import::values::Value;
use crate::import::values::kernels::depthwise;
use crate::import::values::planes::{PlaneMap, plane_size};
use verdict_model::Conv;

/// `value` with each cell multiplied by its factor; `None` unless a channel has one factor.
pub(crate) fn scaled(mut value: PlaneMap, factors: &[f64]) -> Option<PlaneMap> {
    value.scale(factors).then_some(value)
}

/// Whether a value is planes that are better kept so: something other than a few multiples of
/// tensors.
pub(crate) fn is_rich(value: &Value) -> bool {
    matches!(value, Value::Planes(value) if !value.is_placement())
}

/// `Add`, or `Sub` with the sign −1.
pub(crate) fn add(
    node: &Node<'_>,
    operands: &[Option<&Value>],
    builder: &mut Builder,
    sign: f64,
) -> Result<Option<PlaneMap>> {
    let [Some(_), Some(b)] = operands[..] else {
        return Ok(None);
    };
    let Some(a) = summand(node, operands, 0, b, builder)? else {
        return Ok(None);
    };
    let Some(b) = summand(node, operands, 1, &Value::Planes(a.clone()), builder)? else {
        return Ok(None);
    };
    let factors = vec![sign; b.len()];
    Ok(scaled(b, &factors)
        .filter(|b| b.size == a.size)
        .map(|b| a.add(b)))
}

/// `Sum`
pub(crate) fn sum(
    node: &Node<'_>,
    operands: &[Option<&Value>],
    builder: &mut Builder,
) -> Result<Option<PlaneMap>> {
    let values: Vec<&Value> = operands.iter().copied().flatten().collect();
    let Some(widest) = values.iter().max_by_key(|value| {
        let cells: usize = value.shape().iter().product();
        (cells, is_rich(value))
    }) else {
        return Ok(None);
    };
    let mut total: Option<PlaneMap> = None;
    for index in 0..values.len() {
        let Some(next) = summand(node, operands, index, widest, builder)? else {
            return Ok(None);
        };
        total = Some(match total {
            Some(total) if total.size == next.size => total.add(next),
            Some(_) => return Ok(None),
            None => next,
        });
    }
    Ok(total)
}

/// Operand `index` as planes of the shape that it and `other` broadcast to.
fn summand(
    node: &Node<'_>,
    operands: &[Option<&Value>],
    index: usize,
    other: &Value,
    builder: &mut Builder,
) -> Result<Option<PlaneMap>> {
    let Some(value) = operands[index] else {
        return Ok(None);
    };
    let shape = broadcast_shape(node, value.shape(), other.shape())?;
    let Value::Planes(guide) = (match (value, other) {
        (Value::Planes(_), _) => value,
        _ => other,
    }) else {
        return Ok(None);
    };
    let size = if guide.shape == shape {
        guide.size
    } else {
        match plane_size(&shape) {
            Some(size) => size,
            None => return Ok(None),
        }
    };
    let value = match value {
        Value::Rows(value) if value.is_constant() => {
            let value = broadcast(node, value, &shape)?;
            return Ok(Some(PlaneMap::constant(shape, size, value.bias)));
        }
        Value::Planes(value) => value.clone(),
        // Explicit weights stay explicit unless that would spoil a convolution.
        Value::Rows(_) if !is_rich(other) => return Ok(None),
        Value::Rows(_) => {
            if plane_size(operands[index].map_or(&[], |v| v.shape())).is_none() {
                return Ok(None);
            }
            plane_operands::operand(node, operands, index, builder)?
        }
    };
    Ok(spread(value, size, &shape))
}

/// PlaneMap of `size`, of planes or of one value for each channel.
pub(crate) fn spread(value: PlaneMap, size: [usize; 3], shape: &[usize]) -> Option<PlaneMap> {
    if value.size == size {
        return (value.shape == shape).then_some(value);
    }
    if value.size != [size[0], 1, 1] || plane_size(&value.shape) != Some(value.size) {
        return None;
    }
    let ones = Conv {
        size: [size[1], size[2]],
        pad: [size[1] as i64 - 1, size[2] as i64 - 1],
        weights: vec![1.0; size.iter().product()],
        ..depthwise(size[0], [1, 1], [size[1], size[2]])
    };
    value.conv(&ones, shape.to_vec())
}

/// `BatchNormalization`
pub(crate) fn batch_normalization(
    node: &Node<'_>,
    value: &PlaneMap,
    _: &[Option<&Value>],
    _: &mut Builder,
) -> Result<Option<PlaneMap>> {
    let (factor, shift) = linear_ops::normalisation(node, &value.shape)?;
    Ok(scaled(value.clone(), &factor).map(|mut value| {
        for (bias, shift) in value.bias.iter_mut().zip(shift) {
            *bias += shift;
        }
        value
    }))
}
