//! `CausalConvWithState`: every channel by a kernel of its own that sees the tokens up to now, those
//! of earlier calls as a state.

use crate::Result;
use crate::import::expand::{Expanded, Expansion};
use crate::import::node::Node;

/// Three axes, of what operand `name` is.
fn three(x: &Expansion<'_, '_>, node: &Node<'_>, name: &str) -> Result<[usize; 3]> {
    let shape = x.shape(node, name)?;
    shape.try_into().map_err(|shape| {
        node.invalid(format!(
            "`{name}` has the shape {shape:?}, expected three axes"
        ))
    })
}

/// `CausalConvWithState`: every channel by a kernel of its own that sees the tokens up to now.
pub(crate) fn causal_conv(x: &mut Expansion<'_, '_>, node: &Node<'_>) -> Result<Expanded> {
    let (value, weights) = (x.operand(node, 0)?, x.operand(node, 1)?);
    let [batch, channels, length] = three(x, node, &value)?;
    let [own, one, size] = three(x, node, &weights)?;
    if own != channels || one != 1 || size == 0 {
        return Err(node.invalid(format!(
            "weights of shape {:?} do not fit {channels} channels",
            [own, one, size]
        )));
    }
    let before = size - 1;
    let padded = match (before, x.input(3)) {
        (0, _) => value,
        (_, Some(past)) => x.concat(&[past, value], 2)?,
        (_, None) => {
            let shape = vec![batch, channels, before];
            let count = node.count(&shape)?;
            let zeros = x.constant(shape, vec![0.0; count]);
            x.concat(&[zeros, value], 2)?
        }
    };
    let mut sum: Option<String> = None;
    for place in 0..size {
        let seen = x.slice(&padded, 2, place, place + length)?;
        let weight = x.slice(&weights, 2, place, place + 1)?;
        let weight = x.reshape(&weight, &[1, channels, 1])?;
        let product = x.op("Mul", &[&seen, &weight])?;
        sum = Some(match sum {
            Some(sum) => x.op("Add", &[&sum, &product])?,
            None => product,
        });
    }
    let mut sum = sum.unwrap_or_default();
    if let Some(bias) = x.input(2) {
        let bias = x.reshape(&bias, &[1, channels, 1])?;
        sum = x.op("Add", &[&sum, &bias])?;
    }
    let result = match node.text("activation").as_deref().unwrap_or("none") {
        "none" | "" => sum,
        "silu" | "swish" => x.op("Swish", &[&sum])?,
        other => {
            return Err(node.invalid(format!(
                "`activation` is `{other}`, expected none, silu or swish"
            )));
        }
    };
    let mut outputs = vec![(0, result)];
    if x.has_output(1) {
        if before == 0 {
            return Err(node.unsupported(
                "a state of no tokens as an output is not; use the first output only",
            ));
        }
        outputs.push((1, x.slice(&padded, 2, length, length + before)?));
    }
    Ok(outputs)
}
