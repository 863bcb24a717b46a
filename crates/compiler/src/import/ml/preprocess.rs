//! What stands between the inputs and a model: scaling, imputing, picking and joining features.

use crate::Result;
use crate::float::comparison::Comparison;
use crate::import::ml::attributes::{finite, ints, reals};
use crate::import::ml::encoders::{StepFunction, step_functions};
use crate::import::node::Node;
use crate::import::ops::embedding;
use crate::import::state::Importer;
use crate::import::values::affine::Affine;

/// One value for each of `features`, or one for all.
fn per_feature(node: &Node<'_>, name: &str, values: &[f64], features: usize) -> Result<Vec<f64>> {
    finite(node, name, values)?;
    match values {
        [only] => Ok(vec![*only; features]),
        values if values.len() == features => Ok(values.to_vec()),
        values => Err(node.invalid(format!(
            "attribute `{name}` has {} entries, expected 1 or {features}, one per feature; export the model again",
            values.len()
        ))),
    }
}

/// Features in a row: the size of the last axis.
fn width(value: &Affine) -> usize {
    value.shape.last().copied().unwrap_or(1).max(1)
}

/// A scaler's offset and factor of each of `count` features.
pub(crate) fn scaling(node: &Node<'_>, count: usize) -> Result<(Vec<f64>, Vec<f64>)> {
    let or = |values: Vec<f64>, default: f64| {
        if values.is_empty() {
            vec![default]
        } else {
            values
        }
    };
    let offset = or(reals(node, "offset")?.values, 0.0);
    let offset = per_feature(node, "offset", &offset, count)?;
    let scale = or(reals(node, "scale")?.values, 1.0);
    let scale = per_feature(node, "scale", &scale, count)?;
    Ok((offset, scale))
}

/// `(x − offset) · scale`.
pub(crate) fn scaler(node: &Node<'_>) -> Result<Affine> {
    let mut value = node.operand(0)?.clone();
    let count = width(&value);
    let (offset, scale) = scaling(node, count)?;
    for (i, bias) in value.bias.iter_mut().enumerate() {
        *bias -= offset[i % count];
    }
    value.scale(|i| scale[i % count]);
    Ok(value)
}

/// Another value wherever there is none, or a certain one.
pub(crate) fn imputer(importer: &mut Importer<'_>, node: &Node<'_>) -> Result<Affine> {
    let value = node.operand(0)?;
    let count = width(value);
    let floats = reals(node, "imputed_value_floats")?.values;
    let (imputed, replaced) = if floats.is_empty() {
        let whole = ints(node, "imputed_value_int64s").into_iter();
        (
            whole.map(|v| v as f64).collect(),
            node.int("replaced_value_int64", 0) as f64,
        )
    } else {
        (floats, node.float("replaced_value_float", 0.0))
    };
    // One value too few or too many means the first for all, as runtimes have it.
    let imputed = match &imputed[..] {
        [first, ..] if imputed.len() != count => vec![*first],
        _ => imputed,
    };
    let imputed = per_feature(node, "imputed_value_floats", &imputed, count)?;
    if replaced.is_nan() {
        return importer.impute(node, value, |i| imputed[i % count]);
    }
    // No input is infinite, and neither is what is computed of it.
    if replaced.is_infinite() {
        return Ok(value.clone());
    }
    // x + [x = replaced] · (imputed − replaced)
    let functions: Vec<StepFunction> = (0..value.len())
        .map(|i| {
            let jump = imputed[i % count] - replaced;
            StepFunction {
                cell: i,
                base: 0.0,
                jumps: vec![
                    (Comparison::AtLeast, replaced, jump),
                    (Comparison::Above, replaced, -jump),
                ],
            }
        })
        .collect();
    let change = step_functions(importer, node, value, value.shape.clone(), &functions)?;
    Ok(value.clone().add(change))
}

/// Several values side by side.
pub(crate) fn feature_vectorizer(node: &Node<'_>) -> Result<Affine> {
    let mut joined: Option<Affine> = None;
    for i in 0..node.operands.len() {
        let operand = node.operand(i)?;
        let cells: Vec<usize> = (0..operand.len()).collect();
        let next = operand.gather(vec![1, cells.len()], &cells);
        joined = Some(match joined {
            None => next,
            Some(before) => beside(&before, &next),
        });
    }
    joined.ok_or_else(|| node.invalid("has no operand; export the model again"))
}

/// `[a b]`, both one row.
fn beside(a: &Affine, b: &Affine) -> Affine {
    let len = a.len() + b.len();
    let mut left = Affine::constant(vec![1, len], vec![0.0; len]);
    let mut right = left.clone();
    for (whole, part, first) in [(&mut left, a, 0), (&mut right, b, a.len())] {
        whole.bias[first..first + part.len()].copy_from_slice(&part.bias);
        for (source, rows) in &part.terms {
            let mut padded = vec![Vec::new(); len];
            padded[first..first + part.len()].clone_from_slice(rows);
            whole.terms.insert(*source, padded);
        }
        whole.nodes.clone_from(&part.nodes);
    }
    left.add(right)
}

/// Cells of the last axis, by constant indices.
pub(crate) fn array_feature_extractor(
    importer: &mut Importer<'_>,
    node: &Node<'_>,
) -> Result<Affine> {
    let (value, index) = (node.operand(0)?, node.operand(1)?);
    if index.is_constant() {
        return extracted(node);
    }
    // A decision of the model picks, as in a look-up of labels.
    let flat = Affine {
        shape: vec![index.len()],
        ..index.clone()
    };
    let axis = node.axis(-1, value.shape.len())?;
    let node = node.with(vec![Some(value), Some(&flat)]);
    let mut picked = embedding::embed(&node, &mut importer.builder, axis)?;
    if picked.shape.len() == 1 {
        picked.shape.insert(0, 1);
    }
    Ok(picked)
}

/// Features at constant places.
fn extracted(node: &Node<'_>) -> Result<Affine> {
    let value = node.operand(0)?;
    let count = width(value);
    let wanted: Vec<usize> = node
        .constant(1)?
        .iter()
        .map(|index| {
            if *index >= 0.0 && *index < count as f64 {
                Ok(*index as usize)
            } else {
                Err(node.invalid(format!(
                    "picks feature {index} of {count}; export the model again"
                )))
            }
        })
        .collect::<Result<_>>()?;
    let rows = value.len() / count;
    let mut shape = value.shape.clone();
    match shape.last_mut() {
        Some(last) => *last = wanted.len(),
        None => shape = vec![wanted.len()],
    }
    // A list gains an axis.
    if shape.len() == 1 {
        shape.insert(0, 1);
    }
    let cells: Vec<usize> = (0..rows)
        .flat_map(|row| wanted.iter().map(move |index| row * count + index))
        .collect();
    node.count(&shape)?;
    Ok(value.gather(shape, &cells))
}
