//! `Clip` with bounds that no table may show: with private weights, bounds that were trained.

use crate::Result;
use crate::float::activation::Activation;
use crate::import::builder::Builder;
use crate::import::node::Node;
use crate::import::ops::functions;
use crate::import::values::Value;

/// Bounds become biases: `max(v, a) = a + relu(v − a)` and `min(v, b) = b − relu(b − v)`, one after
/// the other where both are finite. Each is off by half a step of its own.
pub(crate) fn clip(
    node: &Node<'_>,
    operands: &[Option<&Value>],
    builder: &mut Builder,
) -> Result<Option<Value>> {
    let constant = |value: &&Value| value.is_constant();
    let mut bounds = operands.iter().skip(1).flatten();
    let of_constant = operands
        .first()
        .copied()
        .flatten()
        .is_some_and(|v| constant(&v));
    if of_constant || !bounds.all(constant) {
        return Ok(None);
    }
    let (min, max) = functions::bounds(node)?;
    let Some(value) = operands
        .first()
        .copied()
        .flatten()
        .filter(|_| builder.secrecy.private)
    else {
        return Err(node.product());
    };
    let mut value = value.clone();
    value.nodes_mut().push(node.name.clone());
    let name = node.output();
    if min > f64::NEG_INFINITY {
        let above = value.affine(1.0, -min);
        let above = builder.activate(&format!("{name}/above"), above, Activation::Relu);
        value = above.affine(1.0, min);
    }
    if max < f64::INFINITY {
        let below = value.affine(-1.0, max);
        let below = builder.activate(&format!("{name}/below"), below, Activation::Relu);
        value = below.affine(-1.0, max);
    }
    Ok(Some(value))
}
