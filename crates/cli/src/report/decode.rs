//! Tensors as people read them.

use crate::{
    error::{CliError, Mismatch},
    options::quantise::visibility_name,
    report::output::{Table, real},
};
use alloy_primitives::{B256, keccak256};
use serde::{Deserialize, Serialize};
use std::{fs, path::Path};
use verdict_circuit::{Batch, WordLayout};
use verdict_compiler::{FloatGraph, ImportOptions, import, import_with};
use verdict_model::{CompiledModel, Row, TensorId, Trace};
use verdict_wire::unpack_batch;

/// More values than this are cut in text; JSON has all.
const SHOWN: usize = 16;

/// More tensors than this, where a batch has many items.
const TENSORS_SHOWN: usize = 8;

/// An input or output of the model.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct Values {
    pub(crate) name: String,
    pub(crate) role: String,
    /// Which item of a batch, from 0; absent for one inference and for sums over a batch.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) item: Option<usize>,
    /// Poseidon commitment to the values, where they are committed to.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) commitment: Option<B256>,
    pub(crate) visibility: String,
    pub(crate) integers: Vec<i32>,
    pub(crate) reals: Vec<f64>,
    /// What the float model says.
    pub(crate) float: Option<Vec<f64>>,
}

/// Decodes the public words of a proof.
pub(crate) fn public(
    model: &CompiledModel,
    batch: &Batch,
    words: &[B256],
) -> Result<Vec<Values>, CliError> {
    let graph = model.graph();
    let unpacked = unpack_batch(graph, batch, words)?;
    let mut all = Vec::new();
    let numbered = |layout: WordLayout, item: usize| {
        (batch.items > 1 && layout != WordLayout::Sum).then_some(item)
    };
    for tensor in unpacked.tensors {
        for (item, integers) in tensor.items.into_iter().enumerate() {
            let item = numbered(tensor.layout, item);
            let mut values = tensor_values(model, tensor.tensor, integers);
            values.item = item;
            if tensor.layout == WordLayout::Sum {
                values.role = "output, summed over the batch".into();
            }
            all.push(values);
        }
    }
    for (id, commitments) in unpacked.commitments {
        for (item, commitment) in commitments.into_iter().enumerate() {
            let mut values = tensor_values(model, id, Vec::new());
            values.item = numbered(WordLayout::PerItem, item);
            values.commitment = Some(commitment);
            all.push(values);
        }
    }
    Ok(all)
}

/// A tensor's integers, decoded.
fn tensor_values(model: &CompiledModel, id: TensorId, integers: Vec<i32>) -> Values {
    let (graph, manifest) = (model.graph(), model.manifest());
    let input = graph.inputs.iter().position(|i| *i == id);
    let output = graph.outputs.iter().position(|o| *o == id);
    let scale = graph.tensors[id].scale;
    let (name, reals) = match (input, output) {
        (Some(input), _) if !integers.is_empty() => {
            let mut all = vec![Vec::new(); graph.inputs.len()];
            all[input] = integers.clone();
            let reals = model.dequantise_input(&all).swap_remove(input);
            (manifest.inputs[input].name.clone(), reals)
        }
        (Some(input), _) => (manifest.inputs[input].name.clone(), Vec::new()),
        (None, output) => (
            output.map_or_else(
                || graph.tensors[id].name.clone(),
                |i| manifest.outputs[i].name.clone(),
            ),
            integers.iter().map(|v| f64::from(*v) * scale).collect(),
        ),
    };
    Values {
        name,
        role: if input.is_some() { "input" } else { "output" }.into(),
        item: None,
        commitment: None,
        visibility: visibility_name(graph.tensors[id].visibility).into(),
        integers,
        reals,
        float: None,
    }
}

/// Integers of the inputs, `items[item][input][position]`, decoded.
pub(crate) fn inputs(model: &CompiledModel, items: Vec<Row<i32>>) -> Vec<Values> {
    let several = items.len() > 1;
    let mut all = Vec::new();
    for (item, inputs) in items.into_iter().enumerate() {
        let of = model.graph().inputs.iter().zip(inputs);
        all.extend(of.map(|(&id, integers)| Values {
            item: several.then_some(item),
            ..tensor_values(model, id, integers)
        }));
    }
    all
}

/// The outputs of an execution, beside the float model's.
pub(crate) fn outputs(
    model: &CompiledModel,
    trace: &Trace,
    float: Option<&[Vec<f64>]>,
) -> Vec<Values> {
    let graph = model.graph();
    let outputs = graph.outputs.iter().enumerate();
    outputs
        .map(|(i, &id)| Values {
            float: float.and_then(|float| float.get(i).cloned()),
            ..tensor_values(model, id, trace.values[id].clone())
        })
        .collect()
}

/// The outputs of every item of a batch.
pub(crate) fn batch_outputs(model: &CompiledModel, traces: &[Trace], float: &[Row]) -> Vec<Values> {
    let mut all = Vec::new();
    for (item, trace) in traces.iter().enumerate() {
        let mut values = outputs(model, trace, float.get(item).map(Vec::as_slice));
        if traces.len() > 1 {
            values.iter_mut().for_each(|it| it.item = Some(item));
        }
        all.append(&mut values);
    }
    all
}

/// The ONNX file a model was compiled from, if it is that: up to the model's outputs, whatever else
/// the file computes.
pub(crate) fn float_model(onnx: &Path, model: &CompiledModel) -> Result<FloatGraph, CliError> {
    let bytes = fs::read(onnx).map_err(CliError::io("read", onnx))?;
    let (found, expected) = (
        format!("{:x}", keccak256(&bytes)),
        model
            .manifest()
            .onnx_keccak256
            .trim_start_matches("0x")
            .to_lowercase(),
    );
    if found != expected {
        return Err(CliError::Mismatch(Box::new(Mismatch {
            what: "ONNX digest",
            left_of: onnx.display().to_string(),
            left: found,
            right_of: "the compiled model's source".into(),
            right: expected,
            hint: "give the ONNX file that the model was compiled from",
        })));
    }
    let tensors = |float: &FloatGraph| {
        let float = float.as_compiled(model.graph());
        float.tensors.len() == model.graph().tensors.len()
    };
    let mut near = None;
    let mut refused = None;
    // With private weights some operators are made of other tensors.
    for (private_weights, one_row) in [(false, false), (false, true), (true, false), (true, true)] {
        match import_with(onnx, &as_compiled(model, private_weights, one_row)) {
            Ok(float) if same_inputs(&float, model) && tensors(&float) => return Ok(float),
            Ok(float) => near = near.or(Some(float)),
            Err(error) => refused = refused.or(Some(error)),
        }
    }
    match (near, refused) {
        // What does not fit in another way than by its inputs is told apart by who compares it.
        (Some(float), _) if same_inputs(&float, model) => Ok(float),
        // Outputs of a gathered model have names that the file doesn't know.
        (None, Some(error)) if import(onnx).map_or(true, |one| same_inputs(&one, model)) => {
            Err(error.into())
        }
        _ => Err(CliError::Input(format!(
            "{} computes one item, the compiled model several; leave the ONNX file out",
            onnx.display()
        ))),
    }
}

/// What was imported of the ONNX file that a model was compiled from: its dimensions that the file
/// leaves open are the model's, and with `one_row` so are batches that the file fixes.
fn as_compiled(model: &CompiledModel, private_weights: bool, one_row: bool) -> ImportOptions {
    let graph = model.graph();
    let inputs = graph.inputs.iter().map(|id| &graph.tensors[*id]);
    let outputs = model.manifest().outputs.iter();
    let one = |name: &String| (format!("{name}.0"), 1);
    ImportOptions {
        outputs: outputs.map(|output| output.name.clone()).collect(),
        private_weights,
        dims: match one_row {
            true => inputs.clone().map(|tensor| one(&tensor.name)).collect(),
            false => Vec::new(),
        },
        row_shapes: inputs
            .map(|tensor| (tensor.name.clone(), tensor.shape.clone()))
            .collect(),
        ..ImportOptions::default()
    }
}

/// Whether the inputs have as many values.
fn same_inputs(float: &FloatGraph, model: &CompiledModel) -> bool {
    let (of, inputs) = (float.input_specs(), model.manifest().input_specs());
    of.iter()
        .map(|spec| spec.len)
        .eq(inputs.iter().map(|spec| spec.len))
}

/// What the values say about a class, if they are scores of classes.
pub(crate) fn decision(scores: &[f64], labels: &[String]) -> Option<usize> {
    match scores {
        [] => None,
        // A logit.
        [score] => (labels.len() == 2).then_some(usize::from(*score > 0.0)),
        scores => Some(
            (1..scores.len()).fold(0, |best, i| if scores[i] > scores[best] { i } else { best }),
        ),
    }
}

/// The values as a table.
pub(crate) fn text(values: &[Values], labels: &[String]) -> String {
    let mut text = String::new();
    for tensor in values.iter().take(TENSORS_SHOWN) {
        let item = tensor
            .item
            .map_or_else(String::new, |item| format!(" of item {item}"));
        if let Some(commitment) = &tensor.commitment {
            text += &format!(
                "committed {} `{}`{item}: {commitment}\n",
                tensor.role, tensor.name
            );
            continue;
        }
        let float = tensor.float.as_ref();
        let mut header = vec!["index", "integer", "decoded"];
        header.extend(float.map(|_| "float model"));
        let mut table = Table::new(&header);
        for (i, (integer, value)) in tensor
            .integers
            .iter()
            .zip(&tensor.reals)
            .enumerate()
            .take(SHOWN)
        {
            let label = labels
                .get(i)
                .filter(|label| tensor.integers.len() == labels.len() && **label != i.to_string());
            let mut cells = vec![
                label.map_or_else(|| i.to_string(), |label| format!("{i} {label}")),
                integer.to_string(),
                real(*value),
            ];
            cells.extend(
                float
                    .and_then(|float| float.get(i))
                    .map(|value| real(*value)),
            );
            table.row(cells);
        }
        text += &format!(
            "{} {} `{}`{item}, {} values\n{}",
            tensor.visibility,
            tensor.role,
            tensor.name,
            tensor.integers.len(),
            table.render()
        );
        if tensor.integers.len() > SHOWN {
            text += &format!(
                "  … {} more, --json shows all\n",
                tensor.integers.len() - SHOWN
            );
        }
    }
    if values.len() > TENSORS_SHOWN {
        text += &format!(
            "… {} more tensors, --json shows all\n",
            values.len() - TENSORS_SHOWN
        );
    }
    text
}
