//! Masks that the input decides, in front of a soft-max or an ArgMax: what they exclude counts for
//! nothing, and scores stay as fine as without them.
#![allow(clippy::unwrap_used)]

mod common;

use common::{Dim, Onnx, int};
use verdict_compiler::{
    AccuracyReport, Compilation, Options, OutputKind, accuracy, compile_with, least_cost,
};
use verdict_model::DataSet;

const FLOAT: i32 = 1;
const INT64: i32 = 7;
const BOOL: i32 = 9;

/// Scores with a bias of their own, so that a mask must not swallow it, and a mask of `element`s.
fn scores(element: i32) -> Onnx {
    Onnx::default()
        .input("x", vec![Dim::Fixed(1), Dim::Fixed(4)])
        .input_of("m", vec![Dim::Fixed(1), Dim::Fixed(4)], element)
        .weights("own", &[4], &[0.253, -0.511, 1.019, 0.737])
        .node("Add", &["x", "own"], "s")
        .opset(17)
}

/// `s` where `m` is not zero, and `number` elsewhere.
fn chosen(number: f32) -> Onnx {
    scores(BOOL)
        .weights("c", &[], &[number])
        .node("Where", &["m", "s", "c"], "open")
}

/// `s + (1 − m) · number`, as BERT's exporters write it.
fn added(element: i32, number: f32) -> Onnx {
    scores(element)
        .weights("one", &[], &[1.0])
        .weights("c", &[], &[number])
        .node_with("Cast", &["m"], "float", vec![int("to", 1)])
        .node("Sub", &["one", "float"], "not")
        .node("Mul", &["not", "c"], "bias")
        .node("Add", &["s", "bias"], "open")
}

/// `s + Where(m = 0, number, other)`: a function of the mask.
fn tabled(number: f32, other: f32) -> Onnx {
    scores(INT64)
        .indices("zero", &[0])
        .weights("c", &[], &[number])
        .weights("o", &[], &[other])
        .node("Equal", &["m", "zero"], "e")
        .node("Where", &["e", "c", "o"], "bias")
        .node("Add", &["s", "bias"], "open")
}

/// Every combination of open cells but none, with scores of all kinds; the largest is excluded as
/// often as not.
fn rows() -> Rows {
    (0..90)
        .map(|row| {
            let x = (0..4).map(|i| f64::from((row * 7 + i * 13) % 41 - 20) / 10.0);
            let open = 1 + row % 15;
            let m = (0..4).map(|i| f64::from(open >> i & 1));
            vec![x.collect(), m.collect()]
        })
        .collect()
}

type Rows = Vec<Vec<Vec<f64>>>;

/// A soft-max of scores is read as tract reads it, up to `import_error`, and computed so.
fn check_soft_max(name: &str, form: Onnx, rows: Rows, import_error: f64) {
    let form = form.node_with("Softmax", &["open"], "y", vec![int("axis", -1)]);
    let report = report(form, rows);
    check_report(name, &report, import_error);
}

fn check_report(name: &str, report: &AccuracyReport, import_error: f64) {
    assert!(
        report.import_error < import_error,
        "{name}: {}",
        report.import_error
    );
    assert!(
        report.max_abs_error < 0.011,
        "{name}: {}",
        report.max_abs_error
    );
}

fn report(onnx: Onnx, rows: Rows) -> AccuracyReport {
    let graph = onnx.output("y").import();
    let data = DataSet::from_rows(rows, &graph.input_specs()).unwrap();
    let options = Options {
        accuracy: Some(0.01),
        output_kinds: vec![(None, OutputKind::Values)],
        ..Options::default()
    };
    let Compilation {
        model, reference, ..
    } = compile_with(&graph, &data, &options, &least_cost).unwrap();
    accuracy(&reference, &graph, &model, &data).unwrap()
}

#[test]
fn a_soft_max_leaves_out_what_the_input_excludes() {
    let lowest = f32::MIN;
    let forms = [
        ("chosen −1e4", chosen(-1e4)),
        ("chosen −1e9", chosen(-1e9)),
        ("chosen lowest", chosen(lowest)),
        ("chosen −inf", chosen(f32::NEG_INFINITY)),
        ("added −1e4", added(INT64, -1e4)),
        ("added −1e9", added(FLOAT, -1e9)),
        ("added lowest", added(INT64, lowest)),
        ("tabled −1e9", tabled(-1e9, 0.0)),
        ("tabled −inf", tabled(f32::NEG_INFINITY, 0.0)),
        ("tabled lowest, 0.5", tabled(lowest, 0.5)),
    ];
    for (name, form) in forms {
        check_soft_max(name, form, rows(), 1e-5);
    }
}

#[test]
fn the_largest_of_what_is_open_is_the_largest() {
    for (name, form) in [
        ("chosen", chosen(-1e9)),
        ("chosen lowest", chosen(f32::MIN)),
        ("added", added(INT64, -1e4)),
        ("tabled", tabled(f32::NEG_INFINITY, 0.0)),
    ] {
        let largest = vec![int("axis", 1)];
        let report = report(form.node_with("ArgMax", &["open"], "y", largest), rows());
        assert_eq!(report.import_error, 0.0, "{name}");
        assert_eq!(report.outputs[0].other_whole, Some(0), "{name}");
    }
}

/// Where everything is excluded nothing is: a soft-max of equal numbers, or of the scores.
#[test]
fn a_row_without_anything_open_is_what_the_file_says() {
    let mut all = rows();
    all.extend((0..6).map(|i| vec![vec![f64::from(i) / 5.0, 1.0, -1.0, 0.5], vec![0.0; 4]]));
    for (name, form) in [("chosen", chosen(-1e9)), ("tabled", tabled(-1e4, 0.0))] {
        check_soft_max(name, form, all.clone(), 1e-3);
    }
}

/// A mask of numbers between is no decision: its weight stays what it is.
#[test]
fn what_is_no_decision_keeps_its_weight() {
    let soft: Rows = (0..60)
        .map(|row| {
            let x = (0..4).map(|i| f64::from((row * 7 + i * 13) % 41 - 20) / 10.0);
            let m = (0..4).map(|i| 1.0 - f64::from((row + i) % 4) / 2000.0);
            vec![x.collect(), m.collect()]
        })
        .collect();
    check_soft_max("soft", added(FLOAT, -2e3), soft, 1e-3);
}

/// Two features that decide which of two scores is larger are no masks, however heavy: the
/// difference of their weights counts.
#[test]
fn weights_that_differ_are_no_masks() {
    let graph = Onnx::default()
        .input_of("m", vec![Dim::Fixed(1), Dim::Fixed(2)], FLOAT)
        .weights("w", &[2, 2], &[-6000.0, 0.0, 0.0, -6001.0])
        .node("MatMul", &["m", "w"], "open")
        .node_with("ArgMax", &["open"], "y", vec![int("axis", 1)]);
    let rows = (0..40).map(|row| vec![vec![f64::from(row % 2), f64::from(row / 2 % 2)]]);
    let report = report(graph, rows.collect());
    assert_eq!(report.outputs[0].other_whole, Some(0));
}

/// A mask of infinities may be moved and added, and asked where it is infinite; what computes with
/// it otherwise is told so.
#[test]
fn infinities_that_the_input_decides_are_read_by_nothing_else() {
    let lowest = || {
        scores(BOOL)
            .weights("c", &[], &[f32::NEG_INFINITY])
            .weights("zero", &[], &[0.0])
            .node("Where", &["m", "zero", "c"], "bias")
    };
    let readers = [
        lowest().node("Equal", &["bias", "zero"], "y"),
        lowest().node("ReduceMax", &["bias"], "y"),
        lowest().node("Mul", &["bias", "s"], "y"),
        scores(BOOL)
            .weights("c", &[], &[f32::INFINITY])
            .node("Where", &["m", "s", "c"], "open")
            .node_with("ArgMin", &["open"], "y", vec![int("axis", 1)]),
    ];
    for (number, onnx) in readers.into_iter().enumerate() {
        let error = onnx.output("y").error().to_string();
        assert!(error.contains("infinite"), "{number}: {error}");
    }
}

/// A mask of infinities is one still where scores are scaled after it.
#[test]
fn infinities_stay_what_they_are_where_they_are_scaled() {
    for (name, number) in [("−inf", f32::NEG_INFINITY), ("−1e9", -1e9)] {
        let scaled = chosen(number).weights("share", &[], &[0.125]).node_with(
            "Softmax",
            &["scaled"],
            "y",
            vec![int("axis", -1)],
        );
        let scaled = scaled.node("Mul", &["open", "share"], "scaled");
        let report = report(scaled, rows());
        check_report(name, &report, 1e-5);
    }
    let turned = chosen(f32::NEG_INFINITY)
        .node("Neg", &["open"], "turned")
        .node_with("Softmax", &["turned"], "y", vec![int("axis", -1)]);
    let error = turned.output("y").error().to_string();
    assert!(
        error.contains("`open`") && error.contains("infinite"),
        "{error}"
    );
}
