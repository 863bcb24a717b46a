//! Models that onnxruntime ran: what is imported computes the same, and what is compiled stays
//! within what each file says of it. `VERDICT_RUNTIME_CASES` names another folder.
#![allow(clippy::unwrap_used, clippy::print_stdout, missing_docs)]

use std::path::{Path, PathBuf};

use serde::Deserialize;
use verdict_compiler::{Options, compile, import_outputs};
use verdict_model::{DataSet, OutOfDomain, execute};

/// What is beside a model, in a file of the same name.
#[derive(Deserialize)]
struct Expected {
    /// The outputs to compile.
    outputs: Vec<String>,
    /// Part of the reason why the model is refused.
    #[serde(default)]
    refused: Option<String>,
    /// The largest difference of a compiled output from onnxruntime's, relative to the output's
    /// range over all rows.
    #[serde(default)]
    within: f64,
    /// Whether every step that the model itself rounds to is the file's: the output is then no more
    /// than half a step of its own from the imported model's on the rounded input.
    #[serde(default)]
    exact: bool,
    /// Rows: the inputs' values and the outputs'.
    #[serde(default)]
    rows: Vec<(Values, Values)>,
}

/// `[input or output][position]`
type Values = Vec<Vec<f64>>;

fn folder() -> PathBuf {
    match std::env::var_os("VERDICT_RUNTIME_CASES") {
        Some(folder) => folder.into(),
        None => Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures/runtime"),
    }
}

fn check(path: &Path) -> Result<String, String> {
    let text = std::fs::read_to_string(path.with_extension("json")).unwrap();
    let expected: Expected = serde_json::from_str(&text).unwrap();
    let names: Vec<&str> = expected.outputs.iter().map(String::as_str).collect();
    let built = import_outputs(path, &names);
    if let Some(reason) = &expected.refused {
        let found = match built {
            Ok(_) => return Err("imported, expected a refusal".into()),
            Err(error) => error.to_string(),
        };
        let named = found.contains(reason.as_str());
        return named.then_some("refused".into()).ok_or(found);
    }
    let float = built.map_err(|error| error.to_string())?;
    let inputs: Vec<_> = expected
        .rows
        .iter()
        .map(|(inputs, _)| inputs.clone())
        .collect();
    let range = |output: usize| {
        let values = expected
            .rows
            .iter()
            .flat_map(|(_, outputs)| &outputs[output]);
        values.fold((f64::INFINITY, f64::NEG_INFINITY), |(low, high), value| {
            (low.min(*value), high.max(*value))
        })
    };
    let sizes: Vec<f64> = (0..names.len())
        .map(range)
        .map(|(low, high)| (high - low).max(1e-3 * high.abs().max(1.0)))
        .collect();
    for (row, (inputs, outputs)) in expected.rows.iter().enumerate() {
        let trace = float.run(inputs);
        for (output, wanted) in outputs.iter().enumerate() {
            let found = &trace.values[float.outputs[output]];
            if found.len() != wanted.len() {
                return Err(format!("{} values, expected {}", found.len(), wanted.len()));
            }
            for (cell, (a, b)) in found.iter().zip(wanted).enumerate() {
                if (a - b).abs() > 2e-4 * sizes[output] + 1e-5 * b.abs() {
                    return Err(format!(
                        "imported, row {row} of `{}` at {cell} is {a}, onnxruntime says {b}",
                        names[output]
                    ));
                }
            }
        }
    }
    let data = DataSet::from_rows(inputs, &float.input_specs()).map_err(|e| e.to_string())?;
    // onnxruntime says what is right; tract leaves out a recurrent network's `clip`, for one.
    let options = Options {
        accept_import_error: true,
        accept_accuracy: true,
        ..Options::default()
    };
    let model = compile(&float, &data, &options).map_err(|e| e.to_string())?;
    let mut worst = 0.0f64;
    let mut rounding = 0.0f64;
    for (inputs, outputs) in &expected.rows {
        let integers = model
            .quantise_input(inputs, OutOfDomain::Saturate)
            .map_err(|e| e.to_string())?;
        let trace = execute(model.graph(), &integers).map_err(|e| e.to_string())?;
        let found = model.dequantise_output(&trace.outputs(model.graph()));
        let rounded = float.run(&model.dequantise_input(&integers));
        for (found, id) in found.iter().zip(&float.outputs) {
            let step = model.graph().tensors[*id].scale;
            for (a, b) in found.iter().zip(&rounded.values[*id]) {
                rounding = rounding.max((a - b).abs() / step);
            }
        }
        for ((found, wanted), size) in found.iter().zip(outputs).zip(&sizes) {
            for (a, b) in found.iter().zip(wanted) {
                worst = worst.max((a - b).abs() / size);
            }
        }
    }
    let said = format!(
        "{worst:.5} of the range, at most {}; {rounding:.2} steps",
        expected.within
    );
    if worst <= expected.within && !(expected.exact && rounding > 0.5001) {
        Ok(said)
    } else {
        Err(said)
    }
}

#[test]
fn compiled_models_compute_what_onnxruntime_does() {
    let mut paths: Vec<PathBuf> = std::fs::read_dir(folder())
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .filter(|path| path.extension().is_some_and(|e| e == "onnx"))
        .collect();
    paths.sort();
    assert!(!paths.is_empty());
    let mut failed = Vec::new();
    for path in &paths {
        let name = path.file_stem().unwrap().to_string_lossy().into_owned();
        let start = std::time::Instant::now();
        let result = std::panic::catch_unwind(|| check(path));
        let result = result.unwrap_or_else(|_| Err("panicked".into()));
        println!("{name}: {result:?} {:.1?}", start.elapsed());
        if let Err(reason) = result {
            failed.push(format!("{name}: {reason}"));
        }
    }
    assert!(failed.is_empty(), "{}", failed.join("\n"));
}
