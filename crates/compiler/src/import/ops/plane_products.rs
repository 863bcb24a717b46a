//! Products of planes that stay planes.

use crate::Result;
use crate::float::activation::Activation;
use crate::import::broadcast::{broadcast, broadcast_shape};
use crate::import::builder::Builder;
use crate::import::builder::rows::EXACT;
use crate::import::node::Node;
use crate::import::ops::plane_operands;
use crate::import::ops::plane_sums::{scaled, spread};
use crate::import::values::Value;
use crate::import::values::planes::{PlaneMap, plane_size};

/// `Mul`
pub(crate) fn mul(
    node: &Node<'_>,
    operands: &[Option<&Value>],
    builder: &mut Builder,
) -> Result<Option<PlaneMap>> {
    match by_constant(node, operands, Some)? {
        Some(value) => Ok(Some(value)),
        None => product(node, operands, builder),
    }
}

/// `Div` of real numbers by a constant.
pub(crate) fn div(
    node: &Node<'_>,
    _: &PlaneMap,
    operands: &[Option<&Value>],
    _: &mut Builder,
) -> Result<Option<PlaneMap>> {
    if node.whole {
        return Ok(None);
    }
    // Computed cell by cell, a division by zero is refused with its place.
    by_constant(node, operands, |divisor| {
        (divisor != 0.0).then_some(1.0 / divisor)
    })
}

/// A value times what `factor` makes of the cells of a constant.
fn by_constant(
    node: &Node<'_>,
    operands: &[Option<&Value>],
    factor: impl Fn(f64) -> Option<f64>,
) -> Result<Option<PlaneMap>> {
    let (value, constant) = match operands[..] {
        [Some(Value::Planes(value)), Some(Value::Rows(constant))]
        | [Some(Value::Rows(constant)), Some(Value::Planes(value))]
            if constant.is_constant() =>
        {
            (value, constant)
        }
        _ => return Ok(None),
    };
    let shape = broadcast_shape(node, &value.shape, &constant.shape)?;
    if shape != value.shape {
        return Ok(None);
    }
    let constants = broadcast(node, constant, &shape)?.bias;
    let factors: Option<Vec<f64>> = constants.into_iter().map(factor).collect();
    Ok(factors.and_then(|factors| scaled(value.clone(), &factors)))
}

/// Fewer places than this are multiplied cell by cell.
const FEWEST_PLACES: usize = 16;

/// Products of planes with planes, or with one value for each channel:
/// `a·b = ((a + b)² − (a − b)²) / 4`, exact on the integers and rounded to half a step of the
/// result's own. What is not a tensor yet becomes one.
fn product(
    node: &Node<'_>,
    operands: &[Option<&Value>],
    builder: &mut Builder,
) -> Result<Option<PlaneMap>> {
    let [Some(a), Some(b)] = operands[..] else {
        return Ok(None);
    };
    if a.is_constant() || b.is_constant() {
        return Ok(None);
    }
    let shape = broadcast_shape(node, a.shape(), b.shape())?;
    let Some(size) = plane_size(&shape).filter(|size| size[1] * size[2] >= FEWEST_PLACES) else {
        return Ok(None);
    };
    let mut factors = Vec::new();
    for (index, value) in [a, b].into_iter().enumerate() {
        let own = plane_size(value.shape());
        if own != Some(size) && own != Some([size[0], 1, 1]) {
            return Ok(None);
        }
        let planes = plane_operands::operand(node, operands, index, builder)?;
        let requantised = |id| builder.is_requantised(id);
        let planes = if planes.as_tensor().is_some_and(requantised) {
            planes
        } else {
            builder.materialise_planes(&node.proto.input[index], planes)
        };
        let Some(planes) = spread(planes, size, &shape) else {
            return Ok(None);
        };
        factors.push(planes);
    }
    let [a, b] = &factors[..] else {
        return Ok(None);
    };
    let name = &node.proto.output[0];
    let mut total: Option<PlaneMap> = None;
    for (sign, part) in [(1.0, "sum"), (-1.0, "difference")] {
        let mut b = b.clone();
        b.scale(&vec![sign; b.len()]);
        let square = builder.layer(
            &format!("{name}/{part}"),
            Value::Planes(a.clone().add(b)),
            Activation::Square,
            EXACT,
        );
        let Value::Planes(mut square) = square else {
            return Ok(None);
        };
        square.scale(&vec![sign / 4.0; square.len()]);
        total = Some(match total {
            Some(total) => total.add(square),
            None => square,
        });
    }
    let Some(total) = total else {
        return Ok(None);
    };
    let rounded = format!("{name}/product");
    let rounded = builder.activate(&rounded, Value::Planes(total), Activation::Identity);
    Ok(match rounded {
        Value::Planes(value) => Some(value),
        Value::Rows(_) => None,
    })
}
