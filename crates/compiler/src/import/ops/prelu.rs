//! PRelu: a slope below zero for every channel.

use crate::Result;
use crate::float::activation::Activation;
use crate::float::graph::Precision;
use crate::import::broadcast::broadcast;
use crate::import::builder::Builder;
use crate::import::builder::rows::EXACT;
use crate::import::node::Node;
use crate::import::values::Value;
use crate::import::values::affine::Affine;
use crate::import::values::cells::difference;

/// One slope makes a function of `v` alone, which does not come here. Several: with `v` requantised
/// to a tensor, `PRelu(v) = slope·v + (1 − slope)·relu(v)`, where `relu(v)` is exact. `None` where
/// the input decides the slopes.
pub(crate) fn prelu(
    node: &Node<'_>,
    operands: &[Option<&Value>],
    builder: &mut Builder,
) -> Result<Option<Value>> {
    let value = match operands.first().copied().flatten() {
        Some(value) => value.clone(),
        None => return Err(node.invalid("operand 0 is missing; export the model again")),
    };
    if operands
        .get(1)
        .copied()
        .flatten()
        .is_some_and(|slope| !slope.is_constant())
    {
        return Ok(None);
    }
    let slopes = node.operand(1)?;
    let slopes = broadcast(node, slopes, value.shape())?.bias;
    let mut value = value;
    value.nodes_mut().push(node.name.clone());
    let name = &node.proto.output[0];
    // An input's integers may not be its reals divided by one scale.
    let exact = value
        .as_tensor()
        .is_some_and(|id| builder.tensors[id].layer.is_some());
    let tensor = match exact {
        true => value,
        false => builder.activate(&format!("{name}_sum"), value, Activation::Identity),
    };
    let exact = Precision::Exact { within: None };
    let positive = builder.layer(
        &format!("{name}_positive"),
        tensor.clone(),
        Activation::Relu,
        exact,
    );
    let rest: Vec<f64> = slopes.iter().map(|slope| 1.0 - slope).collect();
    if let (Value::Planes(mut a), Value::Planes(mut b)) = (tensor.clone(), positive.clone())
        && a.scale(&slopes)
        && b.scale(&rest)
    {
        return Ok(Some(Value::Planes(a.add(b))));
    }
    let rows = |value: Value| match value {
        Value::Rows(value) => value,
        Value::Planes(value) => value.rows(),
    };
    let (mut a, mut b) = (rows(tensor), rows(positive));
    a.scale(|i| slopes[i]);
    b.scale(|i| rest[i]);
    Ok(Some(Value::Rows(a.add(b))))
}

/// `relu(v) − slope · (relu(v) − v)`, where the input decides the slopes.
pub(crate) fn varying(node: &Node<'_>, builder: &mut Builder) -> Result<Affine> {
    let (value, slopes) = (node.operand(0)?, node.operand(1)?);
    let name = node.output();
    let value = builder.integers(node.input(0), value.clone());
    let positive = format!("{name}/positive");
    let positive = builder.layer_rows(positive, value.clone(), Activation::Relu, EXACT);
    let slopes = builder.integers(node.input(1), slopes.clone());
    let slopes = broadcast(node, &slopes, &value.shape)?;
    let below = difference(&positive, &value);
    let bent = builder.product(&name, &slopes, &below);
    Ok(difference(&positive, &bent))
}
