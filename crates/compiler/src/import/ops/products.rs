//! `Mul` and `Where` of values that depend on the input; [`Builder::bilinear`] says how exact they
//! are.

use crate::Result;
use crate::float::activation::Activation;
use crate::import::broadcast::{broadcast, broadcast_shape};
use crate::import::builder::Builder;
use crate::import::node::Node;
use crate::import::ops::linear_ops;
use crate::import::values::affine::Affine;
use crate::import::values::cells::stack;
use crate::masks::is_heavy;

/// `Mul`, of two values that both depend on the input or by a constant.
pub(crate) fn mul(node: &Node<'_>, builder: &mut Builder) -> Result<Affine> {
    if !node.varying(2) {
        return linear_ops::mul(node);
    }
    let (a, b) = (node.operand(0)?, node.operand(1)?);
    let shape = broadcast_shape(node, &a.shape, &b.shape)?;
    let a = builder.integers(node.input(0), a.clone());
    let b = builder.integers(node.input(1), b.clone());
    let (a, b) = (broadcast(node, &a, &shape)?, broadcast(node, &b, &shape)?);
    Ok(builder.product(&node.output(), &a, &b))
}

/// `Where` between values that depend on the input, or by a condition that does:
/// `no + condition · (yes − no)`.
///
/// A condition is 0 or 1 up to half a step, so the choice is off by at most that much of
/// `|yes − no|`, besides the error of a product; by nothing where the condition compares tensors.
pub(crate) fn choose(node: &Node<'_>, builder: &mut Builder) -> Result<Affine> {
    let (condition, yes, no) = (node.operand(0)?, node.operand(1)?, node.operand(2)?);
    let shape = broadcast_shape(node, &yes.shape, &no.shape)?;
    let shape = broadcast_shape(node, &shape, &condition.shape)?;
    let condition = if condition.is_constant() {
        condition.clone()
    } else {
        builder.integers(node.input(0), condition.clone())
    };
    let condition = broadcast(node, &condition, &shape)?;
    let (yes, no) = (broadcast(node, yes, &shape)?, broadcast(node, no, &shape)?);
    if condition.is_constant() {
        return Ok(pick(&condition.bias, &yes, &no));
    }
    if let Some(masked) = masked(&node.output(), builder, &condition, (&yes, &no)) {
        return Ok(masked);
    }
    let mut minus = no.clone();
    minus.scale(|_| -1.0);
    let gap = yes.add(minus);
    let gated = if gap.is_constant() {
        let mut gated = condition;
        gated.scale(|i| gap.bias[i]);
        gated
    } else {
        builder.product(&node.output(), &condition, &gap)
    };
    Ok(no.add(gated))
}

/// The choice between a value and a mask: each times what says that it is chosen, since their
/// difference would be nothing but the mask.
fn masked(
    name: &str,
    builder: &mut Builder,
    condition: &Affine,
    (yes, no): (&Affine, &Affine),
) -> Option<Affine> {
    let excludes =
        |value: &Affine| value.is_constant() && value.bias.iter().all(|v| *v < 0.0 && is_heavy(*v));
    let mut not = condition.clone();
    not.scale(|_| -1.0);
    not.bias.iter_mut().for_each(|bias| *bias += 1.0);
    let by_condition = excludes(yes);
    let (value, mask, mut open, mut closed) = match (by_condition, excludes(no)) {
        (true, false) => (no, yes, not, condition.clone()),
        (false, true) => (yes, no, condition.clone(), not),
        _ => return None,
    };
    closed.scale(|i| mask.bias[i]);
    let kept = if value.is_constant() {
        open.scale(|i| value.bias[i]);
        match value.bias.iter().all(|v| *v == 0.0) {
            true => open,
            // Beside the mask its few units were lost.
            false => builder.activate_rows(format!("{name}/kept"), open, Activation::Identity),
        }
    } else {
        let mut kept = builder.product(name, condition, value);
        if by_condition {
            kept.scale(|_| -1.0);
            let value = builder.integers(format!("{name}/right"), value.clone());
            kept = value.add(kept);
        }
        kept
    };
    Some(kept.add(closed))
}

/// `yes` where the condition is not zero, `no` elsewhere.
fn pick(condition: &[f64], yes: &Affine, no: &Affine) -> Affine {
    let both = stack(&[yes.clone(), no.clone()]);
    let index: Vec<usize> = condition
        .iter()
        .enumerate()
        .map(|(i, c)| if *c != 0.0 { i } else { condition.len() + i })
        .collect();
    both.gather(yes.shape.clone(), &index)
}
