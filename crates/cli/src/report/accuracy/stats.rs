//! How far the integers are from the float model, layer by layer and in what they decide.

use crate::{error::CliError, options::quantise::calibration_name};
use serde::Serialize;
use std::path::Path;
use verdict_compiler::{FloatGraph, Reference, ReferenceBy};
use verdict_model::{
    CompiledModel, DataSet, Function, InputSpec, IntegerGraph, ModelError, OutOfDomain, Tensor,
    execute,
};

/// Bins of the histogram of output errors.
const BINS: usize = 41;
/// A confusion matrix of more classes is not drawn.
const MOST_CLASSES: usize = 1000;

/// What the test data says the outputs should be, row by row.
type Labels = Vec<Vec<f64>>;

#[derive(Clone, Debug, Serialize)]
pub(crate) struct LayerStats {
    pub(crate) name: String,
    /// Root of the mean squared error, earlier layers' errors included.
    pub(crate) rms_error: f64,
    pub(crate) max_error: f64,
    /// Largest minus smallest value that the float model has here.
    pub(crate) range: f64,
    /// `rms_error / range`.
    pub(crate) relative: f64,
    /// Share of values that saturate: at the end of the integers' range, with the float value
    /// beyond it.
    pub(crate) saturated: f64,
}

/// What the integers were made with.
#[derive(Clone, Debug, Serialize)]
pub(crate) struct Quantised {
    /// Of the float model.
    pub(crate) parameters: usize,
    pub(crate) activation_bits: u32,
    pub(crate) weight_bits: u32,
    pub(crate) table_entries: u64,
    /// As on the command line.
    pub(crate) calibration_method: String,
    /// Tensors whose channels have scales of their own.
    pub(crate) equalised: usize,
}

impl Quantised {
    fn new(float: &FloatGraph, model: &CompiledModel) -> Self {
        let manifest = model.manifest();
        Self {
            parameters: float.parameters(),
            activation_bits: manifest.activation_bits,
            weight_bits: manifest.weight_bits,
            table_entries: manifest.table_entries,
            calibration_method: calibration_name(manifest.calibration),
            equalised: manifest.equalised.len(),
        }
    }
}

#[derive(Clone, Debug, Serialize)]
pub(crate) struct Histogram {
    pub(crate) from: f64,
    pub(crate) to: f64,
    pub(crate) counts: Vec<u64>,
}

/// How well both models do what they are for.
#[derive(Clone, Debug, Serialize)]
#[serde(tag = "task", rename_all = "snake_case")]
pub(crate) enum Task {
    Classification {
        /// Whether the rows' classes are the test data's labels, or else what the float model says.
        labelled: bool,
        classes: usize,
        /// `[true class][predicted class]`.
        float: Vec<Vec<u64>>,
        integer: Vec<Vec<u64>>,
        float_top1: f64,
        integer_top1: f64,
        /// Percentage points; negative where the integers do better.
        top1_loss: f64,
    },
    Regression {
        float_r2: f64,
        integer_r2: f64,
        r2_loss: f64,
    },
}

#[derive(Clone, Debug, Serialize)]
pub(crate) struct Stats {
    #[serde(flatten)]
    pub(crate) quantised: Quantised,
    /// What the integers are compared with.
    #[serde(flatten)]
    pub(crate) by: ReferenceBy,
    pub(crate) rows: usize,
    /// Refused by the model and left out.
    pub(crate) rows_outside_domain: usize,
    pub(crate) max_error: f64,
    pub(crate) rms_error: f64,
    /// Share of rows with the float model's class.
    pub(crate) agreement: Option<f64>,
    pub(crate) layers: Vec<LayerStats>,
    pub(crate) histogram: Histogram,
    pub(crate) task: Option<Task>,
}

/// The array `y` of an .npz file.
fn labels(path: &Path, rows: usize, outputs: usize) -> Option<Labels> {
    let spec = |len| InputSpec {
        name: "y".into(),
        shape: vec![len],
        len,
        missing: false,
        whole: false,
        words: Vec::new(),
    };
    // With two inputs asked for, nothing but the name `y` is taken for it.
    [1, outputs].into_iter().find_map(|len| {
        let data = DataSet::load(path, &[spec(len), spec(len)]).ok()?;
        let labels = data.rows().iter().map(|row| row[0].clone());
        (data.len() == rows).then(|| labels.collect())
    })
}

#[derive(Default)]
struct Sum {
    squares: f64,
    count: f64,
    max: f64,
    low: f64,
    high: f64,
    saturated: f64,
}

impl Sum {
    fn add(&mut self, value: f64, real: f64) {
        let error = (value - real).abs();
        if self.count == 0.0 {
            (self.low, self.high) = (real, real);
        }
        self.squares += error * error;
        self.count += 1.0;
        self.max = self.max.max(error);
        self.low = self.low.min(real);
        self.high = self.high.max(real);
    }

    fn rms(&self) -> f64 {
        (self.squares / self.count.max(1.0)).sqrt()
    }
}

/// Runs every row through both models.
pub(crate) fn measure(
    float: &FloatGraph,
    model: &CompiledModel,
    data: &DataSet,
    path: &Path,
    accept_import_error: bool,
) -> Result<Stats, CliError> {
    let graph = model.graph();
    let float = &*float.as_compiled(graph);
    if graph.tensors.len() != float.tensors.len() || graph.outputs != float.outputs {
        return Err(CliError::Input(
            "the model was not compiled from this ONNX file; compile it again".into(),
        ));
    }
    let reference = Reference::checked(float, data, accept_import_error)?;
    let outputs = graph.tensors[graph.outputs[0]].len;
    let labels = labels(path, data.len(), outputs);
    let mut layers: Vec<Sum> = graph.tensors.iter().map(|_| Sum::default()).collect();
    let tensors = graph.tensors.iter().enumerate();
    let steps: Vec<Vec<f64>> = tensors
        .map(|(id, tensor)| model.reals(id, &vec![1; tensor.len]))
        .collect();
    let (mut total, mut errors) = (Sum::default(), Vec::new());
    let (mut ours, mut theirs, mut truths) = (Vec::new(), Vec::new(), Vec::new());
    for (number, row) in data.rows().iter().enumerate() {
        let integers = match model.quantise_input(row, OutOfDomain::Reject) {
            Err(ModelError::OutOfDomain { .. }) => continue,
            integers => integers?,
        };
        let expected = reference.run(row)?;
        let reals = float.run(row);
        let trace = execute(graph, &integers)?;
        for (id, sum) in layers.iter_mut().enumerate() {
            let tensor = &graph.tensors[id];
            let integers = &trace.values[id];
            let found = model.reals(id, integers);
            let cells = integers.iter().zip(&found).zip(&steps[id]);
            for (((x, value), step), real) in cells.zip(&reals.values[id]) {
                sum.add(*value, *real);
                let beyond = (*x == tensor.max && real - value > step / 2.0)
                    || (*x == tensor.min && value - real > step / 2.0);
                sum.saturated += f64::from(u8::from(beyond));
            }
        }
        let decoded = model.dequantise_output(&trace.outputs(graph));
        for (value, real) in decoded.iter().flatten().zip(expected.iter().flatten()) {
            total.add(*value, *real);
            errors.push(value - real);
        }
        ours.push(decoded.into_iter().next().unwrap_or_default());
        theirs.push(expected.into_iter().next().unwrap_or_default());
        truths.extend(labels.as_ref().map(|labels| labels[number].clone()));
    }
    let task = task(&theirs, &ours, &truths);
    let agree = |(a, b): &(&Vec<f64>, &Vec<f64>)| class(a, &theirs) == class(b, &theirs);
    let agreement = (outputs >= 2 || matches!(task, Some(Task::Classification { .. })))
        .then(|| ours.iter().zip(&theirs).filter(agree).count() as f64 / ours.len().max(1) as f64);
    Ok(Stats {
        quantised: Quantised::new(float, model),
        by: reference.by().clone(),
        rows: ours.len(),
        rows_outside_domain: data.len() - ours.len(),
        max_error: total.max,
        rms_error: total.rms(),
        agreement,
        layers: layer_stats(graph, &layers),
        histogram: histogram(&errors),
        task,
    })
}

/// The errors of every layer that has a real counterpart.
fn layer_stats(graph: &IntegerGraph, sums: &[Sum]) -> Vec<LayerStats> {
    // The square of a sum of two scales has no real counterpart; only differences of such squares
    // have.
    let real = |tensor: &Tensor| {
        let layer = tensor.layer.as_ref();
        layer.is_some_and(|layer| graph.functions[layer.function] != Function::Square)
    };
    let tensors = graph.tensors.iter().zip(sums);
    let layers = tensors
        .filter(|(tensor, _)| real(tensor))
        .map(|(tensor, sum)| {
            let range = sum.high - sum.low;
            LayerStats {
                name: tensor.name.clone(),
                rms_error: sum.rms(),
                max_error: sum.max,
                range,
                relative: if range > 0.0 { sum.rms() / range } else { 0.0 },
                saturated: sum.saturated / sum.count.max(1.0),
            }
        });
    layers.collect()
}

fn histogram(errors: &[f64]) -> Histogram {
    let reach = errors.iter().map(|error| error.abs()).fold(0.0, f64::max);
    let reach = if reach > 0.0 { reach } else { 1.0 };
    let mut counts = vec![0; BINS];
    for error in errors {
        let bin = ((error / reach + 1.0) / 2.0 * BINS as f64) as usize;
        counts[bin.min(BINS - 1)] += 1;
    }
    Histogram {
        from: -reach,
        to: reach,
        counts,
    }
}

/// The class that scores stand for. A single score is a probability where all of the float model's
/// are, else a logit.
fn class(scores: &[f64], all: &[Vec<f64>]) -> usize {
    match scores {
        [score] => {
            let probabilities = all.iter().flatten().all(|p| (0.0..=1.0).contains(p));
            usize::from(*score > if probabilities { 0.5 } else { 0.0 })
        }
        scores => {
            (1..scores.len()).fold(0, |best, i| if scores[i] > scores[best] { i } else { best })
        }
    }
}

fn task(float: &[Vec<f64>], integer: &[Vec<f64>], truths: &[Vec<f64>]) -> Option<Task> {
    let outputs = float.first()?.len();
    let classes = outputs.max(2);
    let labelled = truths.len() == float.len();
    let is_class = |label: &Vec<f64>| matches!(label.as_slice(), [y] if y.fract() == 0.0 && (0.0..classes as f64).contains(y));
    if labelled && !truths.iter().all(is_class) {
        return regression(float, integer, truths);
    }
    if (!labelled && outputs < 2) || classes > MOST_CLASSES {
        return None;
    }
    let truth = |row: usize| match labelled {
        true => truths[row][0] as usize,
        false => class(&float[row], float),
    };
    let confusion = |predicted: &[Vec<f64>]| {
        let mut matrix = vec![vec![0u64; classes]; classes];
        for (row, scores) in predicted.iter().enumerate() {
            matrix[truth(row)][class(scores, float)] += 1;
        }
        matrix
    };
    let top1 = |matrix: &[Vec<u64>]| {
        let right: u64 = (0..classes).map(|i| matrix[i][i]).sum();
        right as f64 / float.len().max(1) as f64
    };
    let (float, integer) = (confusion(float), confusion(integer));
    let (float_top1, integer_top1) = (top1(&float), top1(&integer));
    Some(Task::Classification {
        labelled,
        classes,
        top1_loss: (float_top1 - integer_top1) * 100.0,
        float_top1,
        integer_top1,
        float,
        integer,
    })
}

fn regression(float: &[Vec<f64>], integer: &[Vec<f64>], truths: &[Vec<f64>]) -> Option<Task> {
    let values = || truths.iter().flatten();
    let mean = values().sum::<f64>() / values().count().max(1) as f64;
    let spread: f64 = values().map(|y| (y - mean).powi(2)).sum();
    if spread == 0.0 {
        return None;
    }
    let r2 = |predicted: &[Vec<f64>]| {
        let pairs = predicted.iter().flatten().zip(values());
        1.0 - pairs.map(|(p, y)| (p - y).powi(2)).sum::<f64>() / spread
    };
    let (float_r2, integer_r2) = (r2(float), r2(integer));
    Some(Task::Regression {
        float_r2,
        integer_r2,
        r2_loss: float_r2 - integer_r2,
    })
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::panic)]
    use super::*;

    #[test]
    fn tasks_are_told_from_labels() {
        let float = vec![vec![1.0, 2.0], vec![3.0, 0.0], vec![0.0, 1.0]];
        let integer = vec![vec![1.0, 2.0], vec![0.0, 1.0], vec![0.0, 1.0]];
        let Some(Task::Classification {
            labelled,
            float: f,
            integer: i,
            top1_loss,
            ..
        }) = task(&float, &integer, &[vec![1.0], vec![0.0], vec![0.0]])
        else {
            panic!()
        };
        assert!(labelled);
        assert_eq!(
            (f, i),
            (vec![vec![1, 1], vec![0, 1]], vec![vec![0, 2], vec![0, 1]])
        );
        assert!((top1_loss - 100.0 / 3.0).abs() < 1e-9);
        let one = |list: &[f64]| list.iter().map(|x| vec![*x]).collect::<Vec<_>>();
        let Some(Task::Regression {
            float_r2,
            integer_r2,
            ..
        }) = task(
            &one(&[1.5, 2.5, 3.5]),
            &one(&[1.5, 2.5, 4.0]),
            &one(&[1.5, 2.5, 3.5]),
        )
        else {
            panic!()
        };
        assert!(float_r2 == 1.0 && integer_r2 < 1.0);
        assert!(task(&one(&[1.0]), &one(&[1.0]), &[]).is_none());
    }

    #[test]
    fn errors_of_zero_stand_in_the_middle() {
        let counts = histogram(&[0.0, 0.0, 1.0, -1.0]).counts;
        assert_eq!((counts[BINS / 2], counts[0], counts[BINS - 1]), (2, 1, 1));
        assert_eq!(histogram(&[]).counts.iter().sum::<u64>(), 0);
    }
}
