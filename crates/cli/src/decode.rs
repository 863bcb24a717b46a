//! Tensors as people read them.

use crate::{
    args::visibility_name,
    error::{CliError, Mismatch},
    output::{Table, real},
};
use alloy_primitives::{B256, keccak256};
use serde::{Deserialize, Serialize};
use std::path::Path;
use verdict_evm::unpack;
use verdict_model::{CompiledModel, FloatGraph, Reference, Trace, import};

/// More values than this are cut in text; JSON has all.
const SHOWN: usize = 16;

/// An input or output of the model.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct Values {
    pub(crate) name: String,
    pub(crate) role: String,
    pub(crate) visibility: String,
    pub(crate) integers: Vec<i32>,
    pub(crate) reals: Vec<f64>,
    /// What the float model says.
    pub(crate) float: Option<Vec<f64>>,
}

/// Decodes the public words of a proof.
pub(crate) fn public(model: &CompiledModel, words: &[B256]) -> Result<Vec<Values>, CliError> {
    let graph = model.graph();
    let decoded = unpack(graph, words)?.into_iter().map(|(id, integers)| {
        match graph.inputs.iter().position(|i| *i == id) {
            Some(input) => {
                let mut all = vec![Vec::new(); graph.inputs.len()];
                all[input] = integers.clone();
                let reals = model.dequantise_input(&all).swap_remove(input);
                Values {
                    name: model.manifest().inputs[input].name.clone(),
                    role: "input".into(),
                    visibility: visibility_name(graph.tensors[id].visibility).into(),
                    integers,
                    reals,
                    float: None,
                }
            }
            None => {
                let name = graph
                    .outputs
                    .iter()
                    .position(|o| *o == id)
                    .map(|i| model.manifest().outputs[i].name.clone());
                let scale = graph.tensors[id].scale;
                Values {
                    name: name.unwrap_or_else(|| graph.tensors[id].name.clone()),
                    role: "output".into(),
                    visibility: visibility_name(graph.tensors[id].visibility).into(),
                    reals: integers.iter().map(|v| f64::from(*v) * scale).collect(),
                    integers,
                    float: None,
                }
            }
        }
    });
    Ok(decoded.collect())
}

/// The outputs of an execution, beside the float model's.
pub(crate) fn outputs(
    model: &CompiledModel,
    trace: &Trace,
    float: Option<&[Vec<f64>]>,
) -> Vec<Values> {
    let integers = trace.outputs(model.graph());
    let reals = model.dequantise_output(&integers);
    let values = model
        .manifest()
        .outputs
        .iter()
        .zip(integers.into_iter().zip(reals))
        .enumerate();
    values
        .map(|(i, (output, (integers, reals)))| Values {
            name: output.name.clone(),
            role: "output".into(),
            visibility: visibility_name(output.visibility).into(),
            integers,
            reals,
            float: float.and_then(|float| float.get(i).cloned()),
        })
        .collect()
}

/// The ONNX file a model was compiled from, if it is that.
pub(crate) fn float_model(onnx: &Path, model: &CompiledModel) -> Result<FloatGraph, CliError> {
    let float = import(onnx)?;
    let (found, expected) = (
        format!("{:x}", keccak256(&float.onnx)),
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
    Ok(float)
}

/// The float model's outputs for one row.
pub(crate) fn run_float(float: &FloatGraph, row: &[Vec<f64>]) -> Result<Vec<Vec<f64>>, CliError> {
    Ok(Reference::new(float)?.run(row)?)
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
    for tensor in values {
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
            "{} {} `{}`, {} values\n{}",
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
    text
}
