//! Calibration by a handful of rows: an example that came with a file is no domain.
#![allow(clippy::unwrap_used)]

mod common;

use common::{Dim, Onnx, int};
use verdict_compiler::{FloatGraph, InputDomain, Options, compile};
use verdict_model::{CompiledModel, DataSet, OutOfDomain, execute};

const ROW: [f64; 6] = [0.34, -0.65, -1.51, 0.02, 1.2, -0.4];

/// Six features, a hidden layer, one output.
fn network() -> FloatGraph {
    let first: Vec<f32> = (0..24).map(|i| ((i * 7 % 11) as f32 - 5.0) / 9.0).collect();
    Onnx::default()
        .input("x", vec![Dim::Fixed(1), Dim::Fixed(6)])
        .weights("first", &[6, 4], &first)
        .weights("second", &[4, 1], &[0.7, -0.4, 0.9, 0.3])
        .node("MatMul", &["x", "first"], "sum")
        .node("Relu", &["sum"], "hidden")
        .node("MatMul", &["hidden", "second"], "y")
        .output("y")
        .import()
}

fn data(graph: &FloatGraph, rows: &[Vec<f64>]) -> DataSet {
    let rows = rows.iter().map(|row| vec![row.clone()]).collect();
    DataSet::from_rows(rows, &graph.input_specs()).unwrap()
}

fn run(model: &CompiledModel, row: &[f64]) -> Option<f64> {
    let inputs = model.quantise_input(&[row.to_vec()], OutOfDomain::Reject);
    let trace = execute(model.graph(), &inputs.ok()?).unwrap();
    Some(model.dequantise_output(&trace.outputs(model.graph()))[0][0])
}

/// An example is joined by rows like it: others of its size are taken, and computed rightly.
#[test]
fn one_row_is_an_example_not_the_domain() {
    let graph = network();
    let model = compile(&graph, &data(&graph, &[ROW.to_vec()]), &Options::default()).unwrap();
    let others = [
        ROW.map(|v| v * 1.5),
        ROW.map(|v| v * 0.5),
        ROW.map(|v| -v),
        [1.5; 6],
        [-1.5; 6],
        [0.0; 6],
    ];
    for row in others {
        let found = run(&model, &row).unwrap_or_else(|| panic!("{row:?} is refused"));
        let trace = graph.run(&[row.to_vec()]);
        let expected = trace.values[graph.outputs[0]][0];
        assert!(
            (found - expected).abs() < 0.02,
            "{row:?}: {found}, {expected}"
        );
    }
}

/// Whoever asks for it gets what the rows span, and what is stated stays.
#[test]
fn rows_are_drawn_only_where_the_rows_say_what_there_is() {
    let graph = network();
    let rows = [ROW.to_vec()];
    let kept = Options {
        draw_rows: false,
        ..Options::default()
    };
    let kept = compile(&graph, &data(&graph, &rows), &kept).unwrap();
    assert!(run(&kept, &ROW).is_some());
    assert!(run(&kept, &ROW.map(|v| v * 1.1)).is_none());

    let stated = Options {
        input_domains: vec![InputDomain::Uniform(-4.0, 4.0)],
        ..Options::default()
    };
    let stated = compile(&graph, &data(&graph, &rows), &stated).unwrap();
    assert_eq!(stated.manifest().inputs[0].real_max, [4.0]);

    let many: Vec<Vec<f64>> = (0..8)
        .map(|i| ROW.map(|v| v * f64::from(i)).to_vec())
        .collect();
    let many = compile(&graph, &data(&graph, &many), &Options::default()).unwrap();
    assert!(run(&many, &ROW.map(|v| v * 7.5)).is_none());
}

/// What is a number among a few stays one of them, and every index there is may come.
#[test]
fn indices_reach_as_far_as_what_they_pick_from() {
    let rows: Vec<f32> = (0..20).map(|v| v as f32 / 7.0).collect();
    let graph = Onnx::default()
        .input_of("i", vec![Dim::Fixed(1), Dim::Fixed(3)], 7)
        .weights("table", &[10, 2], &rows)
        .node("Gather", &["table", "i"], "y")
        .output("y")
        .import();
    let rows = data(&graph, &[vec![3.0, 1.0, 4.0]]);
    let model = compile(&graph, &rows, &Options::default()).unwrap();
    assert!((run(&model, &[9.0, 0.0, 5.0]).unwrap() - 18.0 / 7.0).abs() < 0.01);
    assert!(run(&model, &[10.0, 0.0, 5.0]).is_none());
}

/// A feature of another size than the rest keeps a range of its own.
#[test]
fn features_of_different_sizes_keep_ranges_of_their_own() {
    let graph = Onnx::default()
        .input("x", vec![Dim::Fixed(1), Dim::Fixed(4)])
        .weights("w", &[4, 1], &[1.0, 1.0, 1.0, 0.0001])
        .node("MatMul", &["x", "w"], "y")
        .output("y")
        .import();
    let rows = data(&graph, &[vec![0.5, 0.25, 0.75, 50_000.0]]);
    let model = compile(&graph, &rows, &Options::default()).unwrap();
    let input = &model.manifest().inputs[0];
    assert_eq!(input.real_max[3], 75_000.0);
    assert!(input.real_max[0] < 2.0, "{:?}", input.real_max);
    assert!(input.real_min.iter().all(|low| *low == 0.0));
}

/// Places to put something at differ from each other, and drawn ones do so too: of equal ones ONNX
/// does not say which counts.
#[test]
fn places_stay_different_from_each_other() {
    let fixed = |sizes: [i64; 3]| sizes.map(Dim::Fixed).into_iter().collect::<Vec<_>>();
    let graph = Onnx::default()
        .input("x", fixed([1, 2, 6]))
        .input_of("places", fixed([1, 2, 3]), 7)
        .input("u", fixed([1, 2, 3]))
        .node_with(
            "ScatterElements",
            &["x", "places", "u"],
            "y",
            vec![int("axis", 1)],
        )
        .output("y")
        .opset(16)
        .import();
    let row = vec![
        [ROW, ROW.map(|v| v / 2.0)].concat(),
        vec![4.0, 0.0, 5.0, 0.0, 1.0, 4.0],
        vec![0.7, -0.2, 0.1, 0.9, 0.4, -0.3],
    ];
    let data = DataSet::from_rows(vec![row], &graph.input_specs()).unwrap();
    compile(&graph, &data, &Options::default()).unwrap();
}

/// A model that divides by how much its input varies means nothing of equal values, so none are
/// drawn.
#[test]
fn no_row_is_all_the_same() {
    let graph = Onnx::default()
        .input("x", vec![Dim::Fixed(1), Dim::Fixed(6)])
        .weights("one", &[6], &[1.0; 6])
        .weights("zero", &[6], &[0.0; 6])
        .node("LayerNormalization", &["x", "one", "zero"], "y")
        .output("y")
        .opset(17)
        .import();
    let model = compile(&graph, &data(&graph, &[ROW.to_vec()]), &Options::default()).unwrap();
    for row in [ROW.map(|v| v * 1.4), ROW.map(|v| v * 0.6)] {
        let found = run(&model, &row).unwrap();
        let trace = graph.run(&[row.to_vec()]);
        assert!((found - trace.values[graph.outputs[0]][0]).abs() < 0.1);
    }
}
