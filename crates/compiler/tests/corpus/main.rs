//! Models that were exported by others, or grown at random, against what onnxruntime makes of them.
//!
//! Every case of test-vectors/corpus/cases.bin, which scripts/corpus_cases.py writes, compiles by
//! default to integers within the bound that [`verdict_compiler::error_bounds`] states, or is
//! refused, also for being too coarse; statuses.txt says which, how large the error is as a share of
//! the output's range, and in how many rows whole numbers are others. A case that changes, for
//! better or worse, fails the test. With `--nocapture` it says what was chosen for each.
//! After a change on purpose:
//! `VERDICT_UPDATE_VECTORS=1 cargo test --release -p verdict-compiler --test corpus`, then
//! `scripts/check-vectors.sh --update`.
#![allow(clippy::unwrap_used, clippy::print_stdout, dead_code)]

#[path = "../onnx_nodes/cases.rs"]
mod cases;
#[path = "../common/mod.rs"]
mod common;
#[path = "../onnx_nodes/run.rs"]
mod run;

use rayon::prelude::*;
use verdict_compiler::{
    Compilation, FloatGraph, Options, accuracy, compile_with, import, import_outputs, least_cost,
    vouched,
};
use verdict_model::{CompiledModel, DataSet, OutOfDomain, execute};

use cases::{Case, Cases, Row, check, folder};
use common::File;
use run::{Outcome, check_import, check_integers};

/// The file's outputs as users get them by default; a classifier's label, which they do not, is
/// asked for by name.
fn imported(file: &File, case: &Case) -> verdict_compiler::Result<(FloatGraph, Vec<usize>)> {
    let places = |float: &FloatGraph| {
        let names = float.output_names.iter();
        let place = |name: &String| case.outputs.iter().position(|it| it == name);
        names.map(place).collect::<Option<Vec<usize>>>()
    };
    let by_default = import(&file.path)?;
    if let Some(places) = places(&by_default) {
        return Ok((by_default, places));
    }
    let names: Vec<&str> = case.outputs.iter().map(String::as_str).collect();
    let float = import_outputs(&file.path, &names)?;
    Ok((float, (0..names.len()).collect()))
}

/// The rows with inputs and outputs in the graph's order.
fn ordered(case: &Case, float: &FloatGraph, outputs: &[usize], rows: Vec<Row>) -> Vec<Row> {
    let inputs: Vec<usize> = float
        .input_specs()
        .iter()
        .map(|spec| case.inputs.iter().position(|it| *it == spec.name).unwrap())
        .collect();
    let specs = float.input_specs();
    let reorder = |(given, expected): Row| {
        let given: Vec<&Vec<f64>> = inputs.iter().map(|&at| &given[at]).collect();
        let expected: Vec<&Vec<f64>> = outputs.iter().map(|&at| &expected[at]).collect();
        // A batch that is left in the file is as many rows.
        let count = given
            .first()
            .map_or(1, |values| values.len() / specs[0].len.max(1));
        let part = |values: &Vec<f64>, row: usize| {
            let len = values.len() / count.max(1);
            values[row * len..][..len].to_vec()
        };
        let row = move |row: usize| -> Row {
            let side = |all: &[&Vec<f64>]| all.iter().map(|values| part(values, row)).collect();
            (side(&given), side(&expected))
        };
        (0..count.max(1)).map(row).collect::<Vec<Row>>()
    };
    rows.into_iter().flat_map(reorder).collect()
}

/// How far a case's integers are from what onnxruntime says.
#[derive(Clone, Copy, Default)]
struct Off {
    /// The largest error of a value that is no whole number everywhere, over the range that its
    /// output has in all rows.
    error: f64,
    /// Rows in which a whole number is another one.
    others: usize,
    rows: usize,
}

impl Off {
    /// In the words of statuses.txt: coarse ones, so that tuning changes few lines.
    fn words(self) -> String {
        let error = match self.error {
            it if it < 1e-6 => "exact",
            it if it <= 0.001 => "within 0.1 %",
            it if it <= 0.01 => "within 1 %",
            it if it <= 0.05 => "within 5 %",
            it if it <= 0.25 => "within 25 %",
            _ => "beyond 25 %",
        };
        match self.others {
            0 => error.to_owned(),
            others => format!("{error}, other whole numbers in {others} of {}", self.rows),
        }
    }
}

/// The integers' outputs, `[row][output][position]`, beside onnxruntime's.
fn off(found: &[Vec<Vec<f64>>], rows: &[Row]) -> Off {
    let mut off = Off {
        rows: rows.len(),
        ..Off::default()
    };
    let mut others = vec![false; rows.len()];
    for output in 0..rows.first().map_or(0, |(_, expected)| expected.len()) {
        let expected = || rows.iter().map(|(_, expected)| &expected[output]);
        let all = || expected().flatten().copied().filter(|v| v.is_finite());
        let (low, high) = all().fold((f64::MAX, f64::MIN), |(l, h), v| (l.min(v), h.max(v)));
        let largest = high.abs().max(low.abs());
        let range = match high - low > 1e-5 * largest {
            true => high - low,
            false => largest.max(1e-9),
        };
        let whole = all().all(|v| v.fract() == 0.0);
        for (row, expected) in expected().enumerate() {
            for (a, b) in found[row][output].iter().zip(expected) {
                let apart = if a == b { 0.0 } else { (a - b).abs() };
                match whole && apart >= 0.5 {
                    true => others[row] = true,
                    false => off.error = off.error.max(apart / range),
                }
            }
        }
    }
    off.others = others.into_iter().filter(|other| *other).count();
    off
}

/// What becomes of a case with the default options.
fn outcome(cases: &Cases, case: &Case) -> Result<Off, Outcome> {
    let file = File::new("model.onnx", cases.model(case));
    let place = file.path.display().to_string();
    let refused = |error: verdict_compiler::CompileError| {
        let text = error.to_string().replace(&place, "FILE");
        let text = text.strip_prefix("FILE: ").unwrap_or(&text);
        Outcome::Refused(text.replace('\n', " "))
    };
    let (float, outputs) = imported(&file, case).map_err(refused)?;
    let rows = ordered(case, &float, &outputs, cases.rows(case));
    let inputs: Vec<Vec<Vec<f64>>> = rows.iter().map(|(inputs, _)| inputs.clone()).collect();
    let data =
        DataSet::from_rows(inputs, &float.input_specs()).map_err(|error| refused(error.into()))?;
    let mut case = case.clone();
    case.outputs = outputs.iter().map(|&at| case.outputs[at].clone()).collect();
    for (inputs, outputs) in &rows {
        check_import(&case, &float, inputs, outputs)?;
    }
    let options = Options::default();
    let start = std::time::Instant::now();
    let compiled = compile_with(&float, &data, &options, &least_cost).map_err(refused)?;
    let seconds = start.elapsed().as_secs_f64();
    let Compilation {
        model,
        tuned,
        reference,
        drawn,
    } = compiled;
    let data = drawn.unwrap_or(data);
    for row in &rows {
        check_integers(&case, &float, &model, row)?;
    }
    let off = off(&found(&model, &rows), &rows);
    println!(
        "{}\t{:.5} %\t{}\t{tuned:?}\theight {}\t{} entries\t{seconds:.2} s",
        case.name,
        off.error * 100.0,
        off.others,
        least_cost(model.graph()).unwrap().height,
        model.manifest().table_entries,
    );
    let report = accuracy(&reference, &float, &model, &data).map_err(refused)?;
    vouched(model, &report, &options).map_err(refused)?;
    Ok(off)
}

/// What the integers make of every row, as real numbers.
fn found(model: &CompiledModel, rows: &[Row]) -> Vec<Vec<Vec<f64>>> {
    let run = |(inputs, _): &Row| {
        let integers = model.quantise_input(inputs, OutOfDomain::Reject).unwrap();
        let trace = execute(model.graph(), &integers).unwrap();
        model.dequantise_output(&trace.outputs(model.graph()))
    };
    rows.iter().map(run).collect()
}

fn status(cases: &Cases, case: &Case) -> String {
    let run = || outcome(cases, case);
    match std::panic::catch_unwind(std::panic::AssertUnwindSafe(run)) {
        Ok(Ok(off)) => format!("pass, {}", off.words()),
        Ok(Err(outcome)) => outcome.status(),
        Err(panic) => {
            let text = panic.downcast_ref::<String>().cloned();
            let text = text.or_else(|| panic.downcast_ref::<&str>().map(|it| (*it).to_owned()));
            format!("FAILED: panicked: {}", text.unwrap_or_default())
        }
    }
}

#[test]
fn every_case_agrees_with_onnxruntime_or_is_refused_as_listed() {
    let cases = Cases::load("corpus");
    let line = |case: &Case| {
        let status = status(&cases, case);
        // Of a reason the first words will do: they are the messages' own tests' business.
        let status: String = status.chars().take(160).collect();
        format!("{}\t{}\t{status}\n", case.domain, case.name)
    };
    let lines: Vec<String> = cases.index.cases.par_iter().map(line).collect();
    let failed: Vec<&str> = lines
        .iter()
        .filter(|line| line.contains("\tFAILED"))
        .map(String::as_str)
        .collect();
    assert!(failed.is_empty(), "{}", failed.concat());
    // A refusal names what is at fault.
    for refused in lines.iter().filter(|line| line.contains("\trefused")) {
        assert!(refused.contains('`'), "{refused}");
    }
    check(folder("corpus").join("statuses.txt"), &lines.concat());
}
