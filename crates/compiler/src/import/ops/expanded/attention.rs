//! `Attention` and what newer transformers are exported with, by the sums, products and soft-max
//! that ONNX defines them by.

use crate::Result;
use crate::import::expand::{Expanded, Expansion, int};
use crate::import::node::Node;
use crate::import::ops::expanded::masks::Mask;

/// The domain of operators that ONNX is trying out.
pub(crate) const PREVIEW: &str = "ai.onnx.preview";

/// An operand as heads: `[batch, heads, positions, size]`.
fn heads(
    x: &mut Expansion<'_, '_>,
    node: &Node<'_>,
    index: usize,
    attribute: &str,
) -> Result<String> {
    let name = x.operand(node, index)?;
    let shape = x.shape(node, &name)?;
    match shape[..] {
        [_, _, _, _] => Ok(name),
        [batch, positions, width] => {
            let heads = usize::try_from(node.int(attribute, 0)).unwrap_or(0);
            if heads == 0 || width % heads != 0 {
                return Err(node.invalid(format!(
                    "`{attribute}` is {heads}, which does not divide {width}; export the model again"
                )));
            }
            let split = x.reshape(&name, &[batch, positions, heads, width / heads])?;
            x.transpose(&split, &[0, 2, 1, 3])
        }
        _ => Err(node.invalid(format!(
            "operand {index} has the shape {shape:?}, expected three or four axes"
        ))),
    }
}

/// Keys or values with those of earlier tokens before them.
fn with_past(x: &mut Expansion<'_, '_>, name: String, past: usize) -> Result<String> {
    match x.input(past) {
        Some(past) => x.concat(&[past, name], 2),
        None => Ok(name),
    }
}

/// Every head as often as query heads share it.
fn shared(
    x: &mut Expansion<'_, '_>,
    node: &Node<'_>,
    name: &str,
    queries: usize,
) -> Result<String> {
    let own = x.shape(node, name)?[1];
    if own == queries || own == 0 {
        return Ok(name.to_owned());
    }
    if !queries.is_multiple_of(own) {
        return Err(node.invalid(format!(
            "{own} heads of keys cannot be shared by {queries} of queries; export the model again"
        )));
    }
    let each: Vec<i64> = (0..queries)
        .map(|head| (head / (queries / own)) as i64)
        .collect();
    let each = x.list(&each);
    x.with("Gather", &[name, &each], vec![int("axis", 1)])
}

/// Attributes that are heeded, or that only say how precisely to compute.
const KNOWN: [&str; 9] = [
    "is_causal",
    "kv_num_heads",
    "left_window_size",
    "q_num_heads",
    "qk_matmul_output_mode",
    "right_window_size",
    "scale",
    "softcap",
    "softmax_precision",
];

/// `Attention`
pub(crate) fn attention(x: &mut Expansion<'_, '_>, node: &Node<'_>) -> Result<Expanded> {
    let mut attributes = node.proto.attribute.iter();
    if let Some(other) = attributes.find(|a| !KNOWN.contains(&a.name.as_str())) {
        return Err(node.unsupported(format!(
            "attribute `{}` is not; export with the operators it is made of",
            other.name
        )));
    }
    let flat = x.shape(node, &x.operand(node, 0)?)?.len() == 3;
    let query = heads(x, node, 0, "q_num_heads")?;
    let (key, value) = (
        heads(x, node, 1, "kv_num_heads")?,
        heads(x, node, 2, "kv_num_heads")?,
    );
    let past = match x.input(4) {
        Some(past) => x.shape(node, &past)?.get(2).copied().unwrap_or(0),
        None => 0,
    };
    let (key, value) = (with_past(x, key, 4)?, with_past(x, value, 5)?);
    let present = [key.clone(), value.clone()];
    let shape = x.shape(node, &query)?;
    let (raw, value) = products(x, node, &shape, [&query, &key, &value])?;
    let cap = node.float("softcap", 0.0);
    let shape = x.shape(node, &raw)?;
    let mask = Mask::new(x, node, shape, past)?;
    // Capped before the mask, or what it excludes would come back.
    let capped = match cap {
        0.0 => raw.clone(),
        cap => {
            let cap = x.number(cap);
            let share = x.op("Div", &[&raw, &cap])?;
            let bent = x.op("Tanh", &[&share])?;
            x.op("Mul", &[&bent, &cap])?
        }
    };
    let scores = mask.added(x, &capped)?;
    let weights = mask.weights(x, &scores)?;
    let mut result = x.op("MatMul", &[&weights, &value])?;
    if flat {
        let shape = x.shape(node, &result)?;
        let turned = x.transpose(&result, &[0, 2, 1, 3])?;
        result = x.reshape(&turned, &[shape[0], shape[2], shape[1] * shape[3]])?;
    }
    let [key, value] = present;
    let mut outputs = vec![(0, result), (1, key), (2, value)];
    if x.has_output(3) {
        let shown = match node.int("qk_matmul_output_mode", 0) {
            0 => raw,
            1 => capped,
            2 if !mask.excludes() => scores,
            3 => weights,
            mode => {
                return Err(node.unsupported(format!(
                    "`qk_matmul_output_mode` {mode} of a mask that excludes keys is not, for these scores are infinite; use the \
                     first output only"
                )));
            }
        };
        outputs.push((3, shown));
    }
    Ok(outputs)
}

/// `FlexAttention`: scores and weights pass through graphs of the file's own.
pub(crate) fn flexible(x: &mut Expansion<'_, '_>, node: &Node<'_>) -> Result<Expanded> {
    let (query, key, value) = (
        x.operand(node, 0)?,
        x.operand(node, 1)?,
        x.operand(node, 2)?,
    );
    let shape = x.shape(node, &query)?;
    for name in [&query, &key, &value] {
        let own = x.shape(node, name)?;
        if own.len() != 4 {
            return Err(node.invalid(format!(
                "`{name}` has the shape {own:?}, expected four axes"
            )));
        }
    }
    let (scores, value) = products(x, node, &shape, [&query, &key, &value])?;
    let scores = modified(x, node, "score_mod", scores)?;
    let weights = x.with("Softmax", &[&scores], vec![int("axis", -1)])?;
    let weights = modified(x, node, "prob_mod", weights)?;
    Ok(vec![(0, x.op("MatMul", &[&weights, &value])?)])
}

/// The scaled products of queries, whose shape this is, and keys, and the values, all for each head
/// of the queries.
fn products(
    x: &mut Expansion<'_, '_>,
    node: &Node<'_>,
    shape: &[usize],
    [query, key, value]: [&str; 3],
) -> Result<(String, String)> {
    let (key, value) = (
        shared(x, node, key, shape[1])?,
        shared(x, node, value, shape[1])?,
    );
    let scale = scale(x, node, shape[3]);
    let turned = x.transpose(&key, &[0, 1, 3, 2])?;
    let product = x.op("MatMul", &[query, &turned])?;
    Ok((x.op("Mul", &[&product, &scale])?, value))
}

/// The factor of the scores of heads of this size.
fn scale(x: &mut Expansion<'_, '_>, node: &Node<'_>, size: usize) -> String {
    let scale = match node.raw("scale") {
        Some(scale) => f64::from(scale.f),
        None => 1.0 / (size as f64).sqrt(),
    };
    x.number(scale)
}

/// What the graph in an attribute makes of a value, if it is there.
fn modified(
    x: &mut Expansion<'_, '_>,
    node: &Node<'_>,
    attribute: &str,
    name: String,
) -> Result<String> {
    let Some(graph) = node.raw(attribute).and_then(|of| of.g.as_ref()) else {
        return Ok(name);
    };
    let (before, [input]) = (x.shape(node, &name)?, &graph.input[..]) else {
        return Err(node.invalid(format!(
            "`{attribute}` takes {} values, expected one",
            graph.input.len()
        )));
    };
    let outputs = x.inline(graph, &[(input.name.clone(), name)])?;
    let [output] = &outputs[..] else {
        return Err(node.invalid(format!(
            "`{attribute}` gives {} values, expected one",
            outputs.len()
        )));
    };
    let after = x.shape(node, output)?;
    match after == before {
        true => Ok(output.clone()),
        false => Err(node.invalid(format!(
            "`{attribute}` makes shape {after:?} of shape {before:?}, which it is to keep"
        ))),
    }
}
