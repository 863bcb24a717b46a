//! The real models of `test-vectors/`: the integers must decide as the float model does.
#![allow(clippy::unwrap_used)]

use std::path::PathBuf;

use verdict_compiler::{AccuracyReport, Options, Reference, accuracy, compile, import};
use verdict_model::{CompiledModel, DataSet};

fn report(name: &str, options: &Options) -> (CompiledModel, AccuracyReport) {
    let folder = PathBuf::from(env!("CARGO_MANIFEST_DIR"))
        .join("../../test-vectors")
        .join(name);
    let float = import(folder.join("model.onnx")).unwrap();
    let specs = float.input_specs();
    let calibration = DataSet::load(folder.join("calibration.npz"), &specs).unwrap();
    let test = DataSet::load(folder.join("test.npz"), &specs).unwrap();
    assert_eq!(
        DataSet::load(folder.join("input.json"), &specs)
            .unwrap()
            .len(),
        1
    );
    let model = compile(&float, &calibration, options).unwrap();
    let report = accuracy(&Reference::new(&float).unwrap(), &float, &model, &test).unwrap();
    assert_eq!(report.rows + report.rows_outside_domain, test.len() as u64);
    assert!(
        report.import_error < 1e-3,
        "tract and the import differ by {}",
        report.import_error
    );
    (model, report)
}

/// Top-1 agreement, and tables small enough for short circuits.
fn classifier(name: &str, functions: usize, table_entries: u64) {
    // The least bits that do, as the committed proofs have them.
    let options = Options {
        tune: false,
        ..Options::default()
    };
    let (model, report) = report(name, &options);
    assert_eq!(report.rows_outside_domain, 0);
    assert!(
        report.top1_agreement.unwrap() >= 0.997,
        "{:?}",
        report.top1_agreement
    );
    assert_eq!(model.graph().functions.len(), functions);
    assert!(
        model.manifest().table_entries <= table_entries,
        "{}",
        model.manifest().table_entries
    );
}

#[test]
fn digits() {
    classifier("mlp-digits", 2, 4096);
}

#[test]
fn digits28() {
    classifier("mlp-digits28", 2, 4096);
}

/// All hidden layers share one table.
#[test]
fn fifty_layers() {
    classifier("mlp-deep", 2, 8192);
}

/// Thirty features whose ranges differ by five orders of magnitude.
#[test]
fn logistic_regression() {
    let options = Options {
        domain_margin: 0.5,
        ..Options::default()
    };
    let (model, report) = report("logreg-breast-cancer", &options);
    assert_eq!(model.manifest().inputs[0].scales.len(), 30);
    assert!(
        report.rows >= 130,
        "{} rows lie outside the domain",
        report.rows_outside_domain
    );
    let output = &model.manifest().outputs[0];
    assert!(
        report.max_abs_error < 0.01 * (output.real_max - output.real_min),
        "{}",
        report.max_abs_error
    );
}
