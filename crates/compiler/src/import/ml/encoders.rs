//! Categories: encoders and other functions of one feature that are constant between thresholds.
//!
//! Such a function is `base + Σ jump · [x ≥ t]`, a linear map of tests, so it is exact on the
//! input's grid.

use std::collections::BTreeMap;

use crate::Result;
use crate::float::activation::Activation;
use crate::float::comparison::{Comparison, Test};
use crate::import::ml::attributes::{ints, output_name, reals, strings, tensor};
use crate::import::ml::probes::{TestLayer, probes};
use crate::import::node::Node;
use crate::import::state::Importer;
use crate::import::values::affine::{Affine, Row};

/// More thresholds than any encoder that can be proved has.
const MAX_JUMPS: usize = 1 << 16;

/// `base + Σ jump · [x comparison threshold]` of one cell.
pub(crate) struct StepFunction {
    pub(crate) cell: usize,
    pub(crate) base: f64,
    /// Comparison ([`AtLeast`](Comparison::AtLeast) or [`Above`](Comparison::Above)), threshold,
    /// jump.
    pub(crate) jumps: Vec<(Comparison, f64, f64)>,
}

/// The functions' values, one per cell of `shape`.
pub(crate) fn step_functions(
    importer: &mut Importer<'_>,
    node: &Node<'_>,
    value: &Affine,
    shape: Vec<usize>,
    functions: &[StepFunction],
) -> Result<Affine> {
    let name = &output_name(node, 0);
    let jumps: usize = functions.iter().map(|function| function.jumps.len()).sum();
    if jumps > MAX_JUMPS {
        return Err(node.unsupported(format!(
            "{jumps} categories are not; group the rare ones together"
        )));
    }
    let mut cells: Vec<usize> = functions.iter().map(|function| function.cell).collect();
    cells.sort_unstable();
    cells.dedup();
    let probes = probes(importer, node, name, value, &cells)?;
    // Equal tests share a cell: the end of one category is the beginning of the next.
    let mut numbers: BTreeMap<(usize, Comparison, u64), u32> = BTreeMap::new();
    let mut tests = Vec::new();
    let mut rows: Vec<Row> = Vec::with_capacity(functions.len());
    let mut bias = Vec::with_capacity(functions.len());
    for function in functions {
        let Some(probe) = probes.get(&function.cell) else {
            continue;
        };
        let mut row = BTreeMap::new();
        for &(comparison, threshold, jump) in &function.jumps {
            let number = *numbers
                .entry((function.cell, comparison, threshold.to_bits()))
                .or_insert_with(|| {
                    let test = Test {
                        comparison,
                        threshold,
                        single: true,
                        missing: false,
                    };
                    tests.push(Some((*probe, test)));
                    tests.len() as u32 - 1
                });
            *row.entry(number).or_insert(0.0) += jump;
        }
        let kept = |jump: f64| importer.builder.secrecy.private || jump != 0.0;
        rows.push(row.into_iter().filter(|(_, jump)| kept(*jump)).collect());
        bias.push(function.base);
    }
    if tests.is_empty() {
        return Ok(Affine::constant(shape, bias));
    }
    let layer = TestLayer {
        name: format!("{name}/steps"),
        shape: vec![1, tests.len()],
        activation: Activation::Step,
        cells: tests,
    };
    let mut encoded = Affine::constant(shape, bias);
    for tensor in importer.add_tests(node, name, vec![layer]) {
        encoded.terms.insert(tensor, std::mem::take(&mut rows));
    }
    encoded.nodes.push(node.name.clone());
    Ok(encoded)
}

/// The steps of a function that is `value` at each `key` and `default` elsewhere.
fn lookup(cell: usize, keys: &[f64], values: &[f64], default: f64) -> StepFunction {
    let mut jumps = Vec::with_capacity(2 * keys.len());
    for (key, value) in keys.iter().zip(values) {
        jumps.push((Comparison::AtLeast, *key, value - default));
        jumps.push((Comparison::Above, *key, default - value));
    }
    StepFunction {
        cell,
        base: default,
        jumps,
    }
}

/// 1 where a value exceeds the threshold, 0 elsewhere.
pub(crate) fn binarizer(importer: &mut Importer<'_>, node: &Node<'_>) -> Result<Affine> {
    let value = node.operand(0)?;
    let threshold = node.float("threshold", 0.0);
    let functions: Vec<StepFunction> = (0..value.len())
        .map(|cell| StepFunction {
            cell,
            base: 0.0,
            jumps: vec![(Comparison::Above, threshold, 1.0)],
        })
        .collect();
    step_functions(importer, node, value, value.shape.clone(), &functions)
}

/// Numbers in place of numbers.
pub(crate) fn label_encoder(importer: &mut Importer<'_>, node: &Node<'_>) -> Result<Affine> {
    let value = node.operand(0)?;
    let words = || {
        node.unsupported(
            "categories in words are not; give the model numbers, and name the scores rather than the label as its output",
        )
    };
    // Since opset 4 both lists may be tensors.
    let list = |what: &str| -> Result<Vec<f64>> {
        let floats = reals(node, &format!("{what}_floats"))?.values;
        if !floats.is_empty() {
            return Ok(floats);
        }
        let whole = ints(node, &format!("{what}_int64s"));
        if !whole.is_empty() {
            return Ok(whole.into_iter().map(|v| v as f64).collect());
        }
        if !strings(node, &format!("{what}_strings")).is_empty()
            || node.raw("classes_strings").is_some()
        {
            return Err(words());
        }
        Ok(tensor(node, &format!("{what}_tensor"))?.values)
    };
    let (keys, values) = (list("keys")?, list("values")?);
    if keys.is_empty() || keys.len() != values.len() {
        return Err(node.invalid(format!(
            "maps {} keys to {} values; export the model again",
            keys.len(),
            values.len()
        )));
    }
    if keys.iter().chain(&values).any(|v| !v.is_finite()) {
        return Err(node.unsupported(
            "a key or value that is not finite is not; impute missing values instead",
        ));
    }
    let whole = node.raw("values_int64s").is_some();
    let default = if let Some(default) = tensor(node, "default_tensor")?.values.first() {
        *default
    } else if whole {
        node.int("default_int64", -1) as f64
    } else {
        // ONNX's default is −0.
        node.float("default_float", 0.0)
    };
    let mut distinct: Vec<u64> = keys.iter().map(|key| (key + 0.0).to_bits()).collect();
    distinct.sort_unstable();
    distinct.dedup();
    if distinct.len() < keys.len() {
        return Err(node.invalid("lists a key twice; export the model again"));
    }
    let functions: Vec<StepFunction> = (0..value.len())
        .map(|cell| lookup(cell, &keys, &values, default))
        .collect();
    step_functions(importer, node, value, value.shape.clone(), &functions)
}

/// One cell per category, 1 where the value is that category. An unknown category gives zeros,
/// whatever `zeros` says: an input that has no answer could not be proved.
pub(crate) fn one_hot(importer: &mut Importer<'_>, node: &Node<'_>) -> Result<Affine> {
    let value = node.operand(0)?;
    let categories = ints(node, "cats_int64s");
    if categories.is_empty() {
        return Err(node.unsupported(
            "categories in words are not; number them before training, or encode them outside the model",
        ));
    }
    let functions: Vec<StepFunction> = (0..value.len())
        .flat_map(|cell| {
            categories
                .iter()
                .map(move |category| lookup(cell, &[*category as f64], &[1.0], 0.0))
        })
        .collect();
    let mut shape = value.shape.clone();
    shape.push(categories.len());
    node.count(&shape)?;
    step_functions(importer, node, value, shape, &functions)
}
