//! How far the integers are from the float model.

use rayon::prelude::*;
use serde::{Deserialize, Serialize};

use crate::Result;
use crate::agreement::{MAX_WHOLE, Purpose, chosen, span, top1};
use crate::float::graph::{Choices, FloatGraph, OutputKind};
use crate::float::reference::{Reference, ReferenceBy};
use crate::masks;
use verdict_model::{CompiledModel, DataSet, Function, ModelError, OutOfDomain, execute};

/// A comparison over a data set. Errors are absolute and in real units.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct AccuracyReport {
    /// What the integers are compared with.
    #[serde(flatten)]
    pub by: ReferenceBy,
    /// Rows compared: those within the declared domain.
    pub rows: u64,
    /// Rows left out of everything below, because a value lies outside the declared domain and the
    /// model refuses them unless told to saturate.
    pub rows_outside_domain: u64,
    /// Largest error of any output against the float model.
    pub max_abs_error: f64,
    /// Mean error of the outputs against the float model.
    pub mean_abs_error: f64,
    /// Share of rows whose largest output is the float model's; `None` unless the first output has
    /// at least two values.
    pub top1_agreement: Option<f64>,
    /// Rows for which a tree leads to another leaf, or a category is taken for another one, because
    /// inputs are integers; `None` if the model decides nothing of the kind. On the integers
    /// themselves every decision is exact.
    pub other_decisions: Option<u64>,
    /// Largest difference between this crate's reading of the ONNX file and the float model it is
    /// compared with: rounding, if the import is right.
    pub import_error: f64,
    /// In the ONNX order.
    pub outputs: Vec<OutputReport>,
    /// In topological order.
    pub layers: Vec<LayerReport>,
}

/// How far one output is from the float model's.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct OutputReport {
    /// The ONNX name.
    pub name: String,
    /// What it is for, by the file.
    pub kind: OutputKind,
    /// Number of values.
    pub values: u64,
    /// Largest minus smallest value that the float model has here in any row; the largest magnitude
    /// where they are all the same but for the rounding of 32-bit floats.
    pub range: f64,
    /// Largest error of any value in any row.
    pub max_abs_error: f64,
    /// The same as a share of the range.
    pub relative_error: f64,
    /// Share of rows whose largest value is at the float model's place, of outputs that have several
    /// positions at each of them; `None` where none is chosen.
    pub top1_agreement: Option<f64>,
    /// Rows in which a whole number is another one; `None` unless all of the float model's values
    /// are whole numbers, and few enough for integers to hold each of them.
    pub other_whole: Option<u64>,
}

impl OutputReport {
    /// What becomes of `(found, expected)` of every row.
    fn new(
        name: &str,
        kind: OutputKind,
        choices: Option<Choices>,
        rows: &[(&[f64], &[f64])],
    ) -> Self {
        let expected = || {
            rows.iter()
                .flat_map(|(_, expected)| expected.iter().copied())
        };
        let pairs = || {
            rows.iter()
                .flat_map(|(found, expected)| found.iter().zip(*expected))
        };
        let (low, high) = expected().fold((f64::INFINITY, f64::NEG_INFINITY), |(low, high), v| {
            (low.min(v), high.max(v))
        });
        let range = span(low, high);
        let max_abs_error = pairs().map(|(a, b)| apart(*a, *b)).fold(0.0, f64::max);
        let values = rows.first().map_or(0, |(_, expected)| expected.len());
        // Equal scores of the float model have no top-1 to lose.
        let same =
            |found: &[f64], expected: &[f64]| expected[top1(found)] >= expected[top1(expected)];
        let top1_agreement = choices.map(|choices| {
            let pairs = rows.iter().flat_map(|(found, expected)| {
                let pairs = choices.apart(found).into_iter();
                pairs.zip(choices.apart(expected))
            });
            let (same, of) = pairs.fold((0usize, 0usize), |(count, of), (found, expected)| {
                (count + usize::from(same(&found, &expected)), of + 1)
            });
            same as f64 / of.max(1) as f64
        });
        let differs = |found: &[f64], expected: &[f64]| {
            let mut pairs = found.iter().zip(expected);
            pairs.any(|(a, b)| apart(*a, *b) >= 0.5)
        };
        let whole = expected().all(|v| v.fract() == 0.0 && v.abs() <= MAX_WHOLE);
        Self {
            name: name.to_owned(),
            kind,
            values: values as u64,
            range,
            max_abs_error,
            relative_error: match max_abs_error > 0.0 {
                true => max_abs_error / range,
                false => 0.0,
            },
            top1_agreement,
            other_whole: (whole && !rows.is_empty())
                .then(|| rows.iter().filter(|(a, b)| differs(a, b)).count() as u64),
        }
    }
}

/// The distance of two numbers; infinite where one of them is no number.
fn apart(a: f64, b: f64) -> f64 {
    let off = (a - b).abs();
    match off.is_nan() {
        true if a == b || a.is_nan() && b.is_nan() => 0.0,
        true => f64::INFINITY,
        false => off,
    }
}

/// One layer's part in the error.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct LayerReport {
    /// The tensor.
    pub name: String,
    /// Largest error, earlier layers' included.
    pub max_abs_error: f64,
    /// Largest error in steps of the tensor's integers, earlier layers' included.
    pub max_step_error: f64,
    /// Values at the end of the tensor's range whose float counterpart lies beyond it.
    pub saturated: u64,
}

struct Row {
    errors: Vec<f64>,
    /// By output.
    found: Vec<Vec<f64>>,
    expected: Vec<Vec<f64>>,
    import_error: f64,
    top1: Option<bool>,
    /// Whether any decision is another one.
    decides_otherwise: bool,
    /// Error, error in steps, saturated values.
    layers: Vec<(f64, f64, u64)>,
}

/// Runs every row of `data` through the reference, the float graph and the integer graph.
pub fn accuracy(
    reference: &Reference,
    float: &FloatGraph,
    model: &CompiledModel,
    data: &DataSet,
) -> Result<AccuracyReport> {
    let graph = model.graph();
    let fitted = masks::fitted(float, data);
    let float = &*fitted.as_compiled(graph);
    if graph.tensors.len() != float.tensors.len() || graph.outputs != float.outputs {
        return Err(ModelError::InvalidGraph {
            place: "graph".into(),
            detail: "it was not compiled from this ONNX file".into(),
        }
        .into());
    }
    let all = data
        .rows()
        .par_iter()
        .map(|row| compare(reference, float, model, row))
        .collect::<Result<Vec<_>>>()?;
    let rows: Vec<Row> = all.into_iter().flatten().collect();

    let count = rows
        .iter()
        .map(|row| row.errors.len())
        .sum::<usize>()
        .max(1) as f64;
    let top1 = || rows.iter().filter_map(|row| row.top1);
    let layers = graph
        .tensors
        .iter()
        .enumerate()
        .filter(|(_, tensor)| tensor.layer.is_some())
        .map(|(id, tensor)| {
            let layers = || rows.iter().map(|row| row.layers[id]);
            LayerReport {
                name: tensor.name.clone(),
                max_abs_error: layers().map(|layer| layer.0).fold(0.0, f64::max),
                max_step_error: layers().map(|layer| layer.1).fold(0.0, f64::max),
                saturated: layers().map(|layer| layer.2).sum(),
            }
        });
    let outputs = float.output_names.iter().enumerate().map(|(i, name)| {
        let pairs = rows
            .iter()
            .map(|row| (&row.found[i][..], &row.expected[i][..]));
        let kind = float.output_kinds.get(i).copied().unwrap_or_default();
        let purpose = Purpose {
            // Values have a largest one, too, whether or not it counts.
            kind: match kind {
                OutputKind::Values => OutputKind::Both,
                kind => kind,
            },
            stated: false,
            choices: float.choices.get(i).copied().flatten(),
        };
        let choices = chosen(&graph.tensors[graph.outputs[i]].shape, purpose);
        OutputReport::new(name, kind, choices, &pairs.collect::<Vec<_>>())
    });
    Ok(AccuracyReport {
        by: reference.by().clone(),
        outputs: outputs.collect(),
        rows: rows.len() as u64,
        rows_outside_domain: (data.len() - rows.len()) as u64,
        max_abs_error: rows
            .iter()
            .flat_map(|row| &row.errors)
            .copied()
            .fold(0.0, f64::max),
        mean_abs_error: rows.iter().flat_map(|row| &row.errors).sum::<f64>() / count,
        top1_agreement: (top1().count() > 0)
            .then(|| top1().filter(|agree| *agree).count() as f64 / top1().count() as f64),
        other_decisions: (!float.decisions().is_empty())
            .then(|| rows.iter().filter(|row| row.decides_otherwise).count() as u64),
        import_error: rows.iter().map(|row| row.import_error).fold(0.0, f64::max),
        layers: layers.collect(),
    })
}

/// Compares one row; `None` if it lies outside the declared domain.
fn compare(
    reference: &Reference,
    float: &FloatGraph,
    model: &CompiledModel,
    row: &[Vec<f64>],
) -> Result<Option<Row>> {
    let graph = model.graph();
    let integers = match model.quantise_input(row, OutOfDomain::Reject) {
        Err(ModelError::OutOfDomain { .. }) => return Ok(None),
        integers => integers?,
    };
    let expected = reference.run(row)?;
    let reals = float.run(row);
    let trace = execute(graph, &integers)?;
    let layers = graph.tensors.iter().enumerate().map(|(id, tensor)| {
        // The square of a sum of two scales has no real counterpart; only differences of such
        // squares have.
        let layer = tensor.layer.as_ref();
        if layer.is_none_or(|layer| graph.functions[layer.function] == Function::Square) {
            return (0.0, 0.0, 0);
        }
        // Nothing depends on how far a mask takes what it excludes.
        let real = float.tensors[id].layer.as_ref();
        if real.is_some_and(|layer| masks::is_beside_one(float, layer)) {
            return (0.0, 0.0, 0);
        }
        let integers = &trace.values[id];
        let found = model.reals(id, integers);
        let steps = model.reals(id, &vec![1; tensor.len]);
        let (mut error, mut in_steps, mut clipped) = (0.0f64, 0.0f64, 0);
        let cells = integers.iter().zip(&reals.values[id]);
        for ((x, real), (found, step)) in cells.zip(found.iter().zip(&steps)) {
            error = error.max((found - real).abs());
            in_steps = in_steps.max((found - real).abs() / step);
            let exact = real / step;
            let beyond = (*x == tensor.max && exact > f64::from(tensor.max) + 0.5)
                || (*x == tensor.min && exact < f64::from(tensor.min) - 0.5);
            clipped += u64::from(beyond);
        }
        (error, in_steps, clipped)
    });
    let layers = layers.collect();
    let same = |id: &usize| {
        let pairs = trace.values[*id].iter().zip(&reals.values[*id]);
        pairs.into_iter().all(|(x, real)| f64::from(*x) == *real)
    };
    let decides_otherwise = !float.decisions().iter().all(same);

    let outputs = model.dequantise_output(&trace.outputs(graph));
    let pairs = || outputs.iter().flatten().zip(expected.iter().flatten());
    let import_error = float
        .outputs
        .iter()
        .flat_map(|id| &reals.values[*id])
        .zip(expected.iter().flatten())
        .map(|(a, b)| apart(*a, *b))
        .fold(0.0, f64::max);
    let top1 = match (outputs.first(), expected.first()) {
        (Some(ours), Some(theirs)) if theirs.len() >= 2 => Some(top1(ours) == top1(theirs)),
        _ => None,
    };
    Ok(Some(Row {
        errors: pairs().map(|(a, b)| apart(*a, *b)).collect(),
        found: outputs,
        expected,
        import_error,
        top1,
        decides_otherwise,
        layers,
    }))
}
