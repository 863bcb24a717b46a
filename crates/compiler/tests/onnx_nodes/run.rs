//! Running one case: import, compile, integer executor, comparison.

use verdict_compiler::{FloatGraph, InputDomain, Options, compile, error_bounds, import_outputs};
use verdict_model::{DataSet, OutOfDomain, Visibility, execute};

use super::cases::{Case, Cases, Row};
use super::common::File;

/// What became of a case.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Outcome {
    /// Within the stated bound on every row; the largest bound of any output's cell, relative to
    /// that output's largest value.
    Passed {
        bound: f64,
        /// The largest difference from what ONNX expects, relative to that output's largest value.
        seen: f64,
    },
    /// Refused, with the reason.
    Refused(String),
    /// Neither: a bug.
    Failed(String),
}

impl Outcome {
    /// The line of statuses.txt.
    pub(crate) fn status(&self) -> String {
        match self {
            Self::Passed { .. } => "pass".into(),
            Self::Refused(reason) => format!("refused: {}", without_digits(reason)),
            Self::Failed(reason) => format!("FAILED: {reason}"),
        }
    }
}

/// A text with its long fractions cut: what tract computes has other last digits on other machines.
fn without_digits(text: &str) -> String {
    const KEPT: usize = 3;
    let mut fraction = None;
    let shown = text.chars().filter(|next| {
        fraction = match (*next, fraction) {
            ('.', _) => Some(0),
            (digit, Some(digits)) if digit.is_ascii_digit() => Some(digits + 1),
            _ => None,
        };
        fraction.is_none_or(|digits| digits <= KEPT)
    });
    shown.collect()
}

/// What 32-bit floats may lose to cancellation, relative to an output's largest value.
const SINGLE: f64 = 1e-6;

/// Bits of activations and of outputs, tried in this order until the bound is `ENOUGH`: what adds
/// up many squares has room for coarser integers only.
const BITS: [(u32, u32); 8] = [
    (12, 14),
    (11, 12),
    (10, 11),
    (9, 10),
    (8, 8),
    (7, 7),
    (6, 6),
    (4, 6),
];
const ENOUGH: f64 = 0.01;

/// The defaults, with these bits and one domain for all cells of an input: the smallest to the
/// largest value.
fn options(rows: &[Vec<Vec<f64>>], (activation, output): (u32, u32)) -> Options {
    let inputs = rows.first().map_or(0, Vec::len);
    let domain = |input: usize| {
        let values = rows.iter().flat_map(|row| &row[input]);
        let (low, high) = values.fold((f64::MAX, f64::MIN), |(l, h), v| (l.min(*v), h.max(*v)));
        if low < high {
            InputDomain::Uniform(low, high)
        } else {
            InputDomain::Calibrated
        }
    };
    Options {
        activation_bits: Some(activation),
        output_bits: Some(output),
        input_visibility: Visibility::Private,
        input_domains: (0..inputs).map(domain).collect(),
        tune: false,
        // A case says which rows there are.
        draw_rows: false,
        ..Options::default()
    }
}

/// Runs a case; whatever panics is a failure.
pub(crate) fn outcome(cases: &Cases, case: &Case) -> Outcome {
    if let Some(reason) = &case.refused {
        return Outcome::Refused(reason.clone());
    }
    let run = || run(cases, case);
    match std::panic::catch_unwind(std::panic::AssertUnwindSafe(run)) {
        Ok(Ok((bound, seen))) => Outcome::Passed { bound, seen },
        Ok(Err(outcome)) => outcome,
        Err(panic) => {
            let text = panic.downcast_ref::<String>().cloned();
            let text = text.or_else(|| panic.downcast_ref::<&str>().map(|s| (*s).to_owned()));
            Outcome::Failed(format!("panicked: {}", text.unwrap_or_default()))
        }
    }
}

fn run(cases: &Cases, case: &Case) -> Result<(f64, f64), Outcome> {
    let file = File::new("model.onnx", cases.model(case));
    let place = file.path.display().to_string();
    let refused = |error: verdict_compiler::CompileError| {
        let text = error.to_string().replace(&place, "FILE");
        Outcome::Refused(
            text.strip_prefix("FILE: ")
                .unwrap_or(&text)
                .replace('\n', " "),
        )
    };
    let names: Vec<&str> = case.outputs.iter().map(String::as_str).collect();
    let float = import_outputs(&file.path, &names).map_err(refused)?;
    let rows = cases.rows(case);
    let inputs: Vec<Vec<Vec<f64>>> = rows.iter().map(|(inputs, _)| inputs.clone()).collect();
    let data = DataSet::from_rows(inputs.clone(), &float.input_specs())
        .map_err(|error| refused(error.into()))?;
    for (inputs, outputs) in &rows {
        check_import(case, &float, inputs, outputs)?;
    }
    let mut best: Option<(f64, f64)> = None;
    let mut first = None;
    for bits in BITS {
        let model = match compile(&float, &data, &options(&inputs, bits)) {
            Ok(model) => model,
            Err(error) => {
                first.get_or_insert(error);
                continue;
            }
        };
        let mut largest = (0.0f64, 0.0f64);
        for row in &rows {
            let (bound, seen) = check_integers(case, &float, &model, row)?;
            largest = (largest.0.max(bound), largest.1.max(seen));
        }
        // Fewer bits must be worth it.
        if best.is_none_or(|best| largest.0 < best.0 / 2.0) {
            best = Some(largest);
        }
        if largest.0 < ENOUGH {
            break;
        }
    }
    match (best, first) {
        (Some(best), _) => Ok(best),
        (None, Some(error)) => Err(refused(error)),
        (None, None) => Err(Outcome::Failed("no bit widths to try".into())),
    }
}

/// What the test allows: the package's own tolerances.
fn tolerance(case: &Case, expected: &[f64], value: f64) -> f64 {
    case.atol + case.rtol * value.abs() + SINGLE * size(expected)
}

fn size(values: &[f64]) -> f64 {
    let finite = values.iter().filter(|v| v.is_finite());
    finite.map(|v| v.abs()).fold(0.0, f64::max)
}

/// The imported graph computes what ONNX says, within the test's tolerances.
pub(crate) fn check_import(
    case: &Case,
    float: &FloatGraph,
    inputs: &[Vec<f64>],
    outputs: &[Vec<f64>],
) -> Result<(), Outcome> {
    let trace = float.run(inputs);
    for ((id, name), expected) in float.outputs.iter().zip(&case.outputs).zip(outputs) {
        let found = &trace.values[*id];
        if found.len() != expected.len() {
            let (a, b) = (found.len(), expected.len());
            return Err(Outcome::Failed(format!(
                "`{name}` has {a} values, expected {b}"
            )));
        }
        for (i, (a, b)) in found.iter().zip(expected).enumerate() {
            let same = a == b
                || a.is_nan() && b.is_nan()
                || (a - b).abs() <= tolerance(case, expected, *b);
            if !same {
                return Err(Outcome::Failed(format!(
                    "imported, `{name}` at {i} is {a}, expected {b}"
                )));
            }
        }
    }
    Ok(())
}

/// The integers stay within the stated bound of the imported graph on the rounded input, and within
/// the whole bound of what ONNX expects on the given one. Returns the largest bound and the largest
/// difference, relative to their output's size.
pub(crate) fn check_integers(
    case: &Case,
    float: &FloatGraph,
    model: &verdict_model::CompiledModel,
    (inputs, outputs): &Row,
) -> Result<(f64, f64), Outcome> {
    let failed = |detail: String| Outcome::Failed(detail);
    let integers = model
        .quantise_input(inputs, OutOfDomain::Reject)
        .map_err(|error| failed(error.to_string()))?;
    let trace = execute(model.graph(), &integers).map_err(|error| failed(error.to_string()))?;
    let found = model.dequantise_output(&trace.outputs(model.graph()));
    let rounded = float.run(&model.dequantise_input(&integers));
    let bounds = error_bounds(float, model, inputs).map_err(|error| failed(error.to_string()))?;
    let total = bounds.total();
    let mut largest = (0.0f64, 0.0f64);
    for (output, expected) in outputs.iter().enumerate() {
        let reals = &rounded.values[float.outputs[output]];
        let scale = match size(expected) {
            0.0 => 1.0,
            size => size,
        };
        for (i, found) in found[output].iter().enumerate() {
            let name = &case.outputs[output];
            let (rounding, total) = (bounds.rounding[output][i], total[output][i]);
            // The bound is a number of steps times their size; so is the value.
            let slack = 1e-9 * scale;
            let off = (found - reals[i]).abs();
            if off > rounding + slack {
                return Err(failed(format!(
                    "`{name}` at {i} is {found}, {off} from {}, beyond the bound {rounding}",
                    reals[i]
                )));
            }
            let off = (found - expected[i]).abs();
            if off > total + tolerance(case, expected, expected[i]) {
                return Err(failed(format!(
                    "`{name}` at {i} is {found}, {off} from ONNX's {}, beyond the bound {total}",
                    expected[i]
                )));
            }
            largest = (largest.0.max(rounding / scale), largest.1.max(off / scale));
        }
    }
    Ok(largest)
}
