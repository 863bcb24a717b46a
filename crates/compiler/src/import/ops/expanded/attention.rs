//! `Attention` and what newer transformers are exported with, by the sums, products and soft-max
//! that ONNX defines them by.

use crate::Result;
use crate::import::expand::{Expanded, Expansion, int, ints};
use crate::import::node::Node;

/// Excludes a key.
const MASKED: f64 = -1e30;

fn operand(x: &Expansion<'_, '_>, node: &Node<'_>, index: usize) -> Result<String> {
    x.input(index).ok_or_else(|| {
        node.invalid(format!(
            "operand {index} is missing; the file is damaged, export the model again"
        ))
    })
}

/// An operand as heads: `[batch, heads, positions, size]`.
fn heads(
    x: &mut Expansion<'_, '_>,
    node: &Node<'_>,
    index: usize,
    attribute: &str,
) -> Result<String> {
    let name = operand(x, node, index)?;
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

/// What is added to the scores: the mask and, if causal, what comes later.
fn mask(
    x: &mut Expansion<'_, '_>,
    node: &Node<'_>,
    scores: &str,
    past: usize,
) -> Result<Option<Vec<f64>>> {
    let shape = x.shape(node, scores)?;
    let count = node.count(&shape)?;
    let (rows, columns) = (shape[2], shape[3]);
    let mut sum = vec![0.0; count];
    let mut any = false;
    if let Some(name) = x.input(3) {
        let values = x.constant_input(node, 3)?.unwrap_or_default();
        let truth = x.importer.kinds.get(&name) == Some(&crate::import::kinds::ElementKind::Truth);
        let mut own = x.shape(node, &name)?;
        // A mask may be shorter than the keys, which excludes the rest.
        let short = own.last().copied().unwrap_or(columns);
        if short == 1 && columns > 1 {
            return Err(node.unsupported("a mask of one key for all is not; give it one for each"));
        }
        let mut target = shape.clone();
        target[3] = short.min(columns);
        while own.len() < 4 {
            own.insert(0, 1);
        }
        let index = crate::import::shapes::broadcast_index(&own, &target).ok_or_else(|| {
            node.invalid(format!(
                "a mask of shape {own:?} does not fit scores of shape {shape:?}"
            ))
        })?;
        for (cell, sum) in sum.iter_mut().enumerate() {
            let (row, column) = (cell / columns, cell % columns);
            *sum = match index
                .get(row * target[3] + column)
                .filter(|_| column < target[3])
            {
                None => MASKED,
                Some(from) if truth && values[*from] == 0.0 => MASKED,
                Some(_) if truth => 0.0,
                Some(from) => values[*from].max(MASKED),
            };
        }
        any = true;
    }
    if node.int("is_causal", 0) != 0 {
        for (cell, sum) in sum.iter_mut().enumerate() {
            if cell % columns > cell / columns % rows + past {
                *sum = MASKED;
            }
        }
        any = true;
    }
    let [before, after] = ["left_window_size", "right_window_size"].map(|name| node.int(name, -1));
    if before >= 0 || after >= 0 {
        for (cell, sum) in sum.iter_mut().enumerate() {
            let ahead = (cell % columns) as i64 - (cell / columns % rows + past) as i64;
            if before >= 0 && -ahead > before || after >= 0 && ahead > after {
                *sum = MASKED;
            }
        }
        any = true;
    }
    if sum
        .chunks(columns)
        .any(|row| row.iter().all(|v| *v <= MASKED))
    {
        return Err(node.unsupported(
            "a query that its mask keeps from every key is not; give each query a key, its own say",
        ));
    }
    Ok(any.then_some(sum))
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
    if x.input(6).is_some() {
        return Err(node.unsupported("`nonpad_kv_seqlen` is not; give it a mask instead"));
    }
    let flat = x.shape(node, &operand(x, node, 0)?)?.len() == 3;
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
    let (key, value) = (
        shared(x, node, &key, shape[1])?,
        shared(x, node, &value, shape[1])?,
    );
    let scale = match node.raw("scale") {
        Some(scale) => f64::from(scale.f),
        None => 1.0 / (shape[3] as f64).sqrt(),
    };
    let scale = x.number(scale);
    let turned = x.transpose(&key, &[0, 1, 3, 2])?;
    let product = x.op("MatMul", &[&query, &turned])?;
    let raw = x.op("Mul", &[&product, &scale])?;
    let cap = node.float("softcap", 0.0);
    let mask = mask(x, node, &raw, past)?;
    let of_scores = x.shape(node, &raw)?;
    let mask = mask.map(|mask| x.constant(of_scores, mask));
    let capped = |x: &mut Expansion<'_, '_>, scores: &str| -> Result<String> {
        if cap == 0.0 {
            return Ok(scores.to_owned());
        }
        let cap = x.number(cap);
        let share = x.op("Div", &[scores, &cap])?;
        let bent = x.op("Tanh", &[&share])?;
        x.op("Mul", &[&bent, &cap])
    };
    // Capped before the mask, or what it excludes would come back.
    let bent = capped(x, &raw)?;
    let scores = match &mask {
        Some(mask) => x.op("Add", &[&bent, mask])?,
        None => bent.clone(),
    };
    let weights = x.with("Softmax", &[&scores], vec![int("axis", -1)])?;
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
            0 if cap == 0.0 => raw,
            3 => weights,
            mode => {
                return Err(node.unsupported(format!(
                    "`qk_matmul_output_mode` {mode} is not; use the first output only"
                )));
            }
        };
        outputs.push((3, shown));
    }
    Ok(outputs)
}

/// `RotaryEmbedding`
pub(crate) fn rotary(x: &mut Expansion<'_, '_>, node: &Node<'_>) -> Result<Expanded> {
    let name = operand(x, node, 0)?;
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
        let mut cache = operand(x, node, index)?;
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
