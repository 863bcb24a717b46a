//! `RotaryEmbedding`: pairs of numbers turned by an angle for each position.

use crate::Result;
use crate::import::expand::{Expanded, Expansion, int, ints};
use crate::import::node::Node;

/// `RotaryEmbedding`
pub(crate) fn rotary(x: &mut Expansion<'_, '_>, node: &Node<'_>) -> Result<Expanded> {
    let name = x.operand(node, 0)?;
    let flat = x.shape(node, &name)?;
    let (heads, batch, positions) = match flat[..] {
        [batch, heads, positions, _] => (heads, batch, positions),
        [batch, positions, _] => {
            let heads = usize::try_from(node.int("num_heads", 0)).unwrap_or(0);
            (heads, batch, positions)
        }
        _ => return Err(node.invalid(format!("has the shape {flat:?}, expected 3 or 4 axes"))),
    };
    // Positions before heads: caches have a row for each position.
    let value = match flat.len() {
        4 => x.transpose(&name, &[0, 2, 1, 3])?,
        _ if heads > 0 && flat[2] % heads == 0 => {
            x.reshape(&name, &[batch, positions, heads, flat[2] / heads])?
        }
        _ => return Err(node.invalid("`num_heads` does not divide the width")),
    };
    let size = x.shape(node, &value)?[3];
    let turned = match usize::try_from(node.int("rotary_embedding_dim", 0)).unwrap_or(0) {
        0 => size,
        part => part.min(size),
    };
    let half = turned / 2;
    let mut caches = Vec::with_capacity(2);
    for index in [1, 2] {
        let mut cache = x.operand(node, index)?;
        if let Some(ids) = x.input(3) {
            cache = x.with("Gather", &[&cache, &ids], vec![int("axis", 0)])?;
        }
        let width = x.shape(node, &cache)?.last().copied().unwrap_or(0);
        if width < half || half == 0 {
            return Err(node.invalid(format!(
                "operand {index} has {width} columns, expected {half}"
            )));
        }
        let shape = x.shape(node, &cache)?;
        let cut = x.slice(&cache, shape.len() - 1, 0, half)?;
        caches.push(x.reshape(
            &cut,
            &[
                shape.iter().product::<usize>() / (width * positions).max(1),
                positions,
                1,
                half,
            ],
        )?);
    }
    let (even, odd, rest);
    let interleaved = node.int("interleaved", 0) != 0;
    let part = x.slice(&value, 3, 0, turned)?;
    if interleaved {
        let pairs = x.reshape(&part, &[batch, positions, heads, half, 2])?;
        let shape = [batch, positions, heads, half];
        let (a, b) = (x.slice(&pairs, 4, 0, 1)?, x.slice(&pairs, 4, 1, 2)?);
        (even, odd) = (x.reshape(&a, &shape)?, x.reshape(&b, &shape)?);
    } else {
        (even, odd) = (
            x.slice(&part, 3, 0, half)?,
            x.slice(&part, 3, half, 2 * half)?,
        );
    }
    let [cos, sin] = &caches[..] else {
        return Err(node.invalid("expected two caches"));
    };
    let (ec, os) = (x.op("Mul", &[&even, cos])?, x.op("Mul", &[&odd, sin])?);
    let (es, oc) = (x.op("Mul", &[&even, sin])?, x.op("Mul", &[&odd, cos])?);
    let (a, b) = (x.op("Sub", &[&ec, &os])?, x.op("Add", &[&es, &oc])?);
    let mut joined = if interleaved {
        let a = x.with("Unsqueeze", &[&a], vec![ints("axes", &[4])])?;
        let b = x.with("Unsqueeze", &[&b], vec![ints("axes", &[4])])?;
        let pairs = x.concat(&[a, b], 4)?;
        x.reshape(&pairs, &[batch, positions, heads, turned])?
    } else {
        x.concat(&[a, b], 3)?
    };
    if turned < size {
        rest = x.slice(&value, 3, turned, size)?;
        joined = x.concat(&[joined, rest], 3)?;
    }
    let result = match flat.len() {
        4 => x.transpose(&joined, &[0, 2, 1, 3])?,
        _ => x.reshape(&joined, &flat)?,
    };
    Ok(vec![(0, result)])
}
