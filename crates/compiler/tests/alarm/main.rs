//! The alarm: a file that this crate and tract read differently is refused, whichever of them is
//! wrong, and where only one of them can read it, the model says so.
#![allow(clippy::unwrap_used)]

#[path = "../common/mod.rs"]
mod common;
mod sides;
mod verdict;

use common::{Dim, Onnx, int};
use rand::{Rng, SeedableRng};
use rand_chacha::ChaCha8Rng;
use std::path::Path;
use tract_onnx::pb::tensor_proto::DataType;
use verdict_compiler::{
    CompileError, FloatGraph, Options, Reference, ReferenceBy, compile, import_outputs,
};
use verdict_model::{CompiledModel, DataSet};

fn data(graph: &FloatGraph, count: usize) -> DataSet {
    let mut rng = ChaCha8Rng::seed_from_u64(5);
    let row = |rng: &mut ChaCha8Rng| -> Vec<Vec<f64>> {
        let specs = graph.input_specs().into_iter();
        let values = specs.map(|spec| {
            // As files hold them.
            let value = |_| f64::from(rng.gen_range(-2.0f32..2.0));
            (0..spec.len).map(value).collect()
        });
        values.collect()
    };
    let rows = (0..count).map(|_| row(&mut rng)).collect();
    DataSet::from_rows(rows, &graph.input_specs()).unwrap()
}

/// Ends in three outputs: scores, the class, and whether that is class 2.
fn classifier() -> Onnx {
    let weights: Vec<f32> = (0..12).map(|i| ((i * 7) % 11) as f32 / 3.0 - 1.5).collect();
    Onnx::vector(4)
        .weights("w", &[4, 3], &weights)
        .indices("two", &[2])
        .node("MatMul", &["x", "w"], "scores")
        .node_with(
            "ArgMax",
            &["scores"],
            "class",
            vec![int("axis", 1), int("keepdims", 1)],
        )
        .node("Equal", &["class", "two"], "second")
        .node_with(
            "Cast",
            &["second"],
            "number",
            vec![int("to", DataType::Float as i64)],
        )
        .output("scores")
        .output("class")
        .output("second")
        .output("number")
}

fn compiled(graph: &FloatGraph, accept: bool) -> Result<CompiledModel, CompileError> {
    let options = Options {
        accept_import_error: accept,
        ..Options::default()
    };
    compile(graph, &data(graph, 40), &options)
}

/// The node that an import is refused for.
fn refused(graph: &FloatGraph) -> (String, String, String) {
    match compiled(graph, false).unwrap_err() {
        CompileError::ImportDiffers(found) => {
            assert!(found.ours != found.theirs, "{found}");
            (found.node, found.op, found.value)
        }
        other => panic!("{other}"),
    }
}

#[test]
fn agreement_is_nothing_to_speak_of() {
    let graph = classifier().import();
    let model = compiled(&graph, false).unwrap();
    assert_eq!(model.manifest().assurance, Default::default());
    let reference = Reference::checked(&graph, &data(&graph, 40), false).unwrap();
    assert_eq!(*reference.by(), ReferenceBy::Tract);
}

#[test]
fn a_dropped_function_is_noticed_whatever_the_output_is() {
    let file = classifier().save();
    // Reading one value for another is what dropping a function comes to.
    for (read, said, op) in [
        ("class", "number", "Cast"),
        ("class", "second", "Equal"),
        ("second", "class", "ArgMax"),
    ] {
        let mut graph = import_outputs(&file.path, &[read]).unwrap();
        graph.output_names = vec![said.to_owned()];
        assert_eq!(
            refused(&graph),
            (format!("/{said}"), op.to_owned(), said.to_owned())
        );
    }
    // The same as one of several outputs.
    let mut graph = import_outputs(&file.path, &["scores", "class", "second"]).unwrap();
    graph.outputs.swap(1, 2);
    let (node, ..) = refused(&graph);
    assert!(node == "/class" || node == "/second", "{node}");
}

#[test]
fn a_weight_that_is_another_one_is_noticed() {
    let mut graph = classifier().import();
    let scores = graph.outputs[0];
    let layer = graph.tensors[scores].layer.as_mut().unwrap();
    // Less than a thousandth of the range.
    layer.bias[1] += 0.01;
    assert_eq!(refused(&graph).1, "MatMul");
    let message = compiled(&graph, false).unwrap_err().to_string();
    for part in [
        "node `/scores` (MatMul)",
        "value 1 of its output `scores`",
        "row 0",
        "--accept-import-error",
    ] {
        assert!(message.contains(part), "{part}: {message}");
    }
}

#[test]
fn going_on_is_recorded() {
    let mut graph = classifier().import();
    let scores = graph.outputs[0];
    graph.tensors[scores].layer.as_mut().unwrap().bias[1] += 0.01;
    let model = compiled(&graph, true).unwrap();
    let assurance = model.manifest().assurance;
    assert!(assurance.accepted_import_error && !assurance.unchecked);
    // It is part of the artifact.
    let bytes = model.to_bytes().unwrap();
    let read = CompiledModel::from_bytes(&bytes, Path::new("m.verdict")).unwrap();
    assert_eq!(read, model);
    assert!(model.manifest().to_json().contains("accepted_import_error"));
    // Where there is nothing to accept nothing is recorded.
    let model = compiled(&classifier().import(), true).unwrap();
    assert_eq!(model.manifest().assurance, Default::default());
}

#[test]
fn no_number_is_no_agreement() {
    let mut graph = classifier().import();
    let scores = graph.outputs[0];
    graph.tensors[scores].layer.as_mut().unwrap().bias[0] = f64::NAN;
    assert!(Reference::checked(&graph, &data(&graph, 10), false).is_err());
}

#[test]
fn rounding_is_no_difference() {
    // 32-bit floats make 7.0 of 0.7 · 10, doubles 6.99…; whichever is right, nobody misread.
    let file = Onnx::vector(1)
        .weights("ten", &[1], &[10.0])
        .node("Mul", &["x", "ten"], "product")
        .node("Floor", &["product"], "y")
        .output("y")
        .save();
    let graph = import_outputs(&file.path, &[]).unwrap();
    let rows = (0..20).map(|i| vec![vec![f64::from(i as f32 / 10.0)]]);
    let data = DataSet::from_rows(rows.collect(), &graph.input_specs()).unwrap();
    let reference = Reference::checked(&graph, &data, false).unwrap();
    assert_eq!(*reference.by(), ReferenceBy::Tract);
    // A step that is no matter of rounding is one.
    let mut other = graph.clone();
    other.tensors[1].layer.as_mut().unwrap().bias[0] += 2.0;
    assert!(Reference::checked(&other, &data, false).is_err());
}

/// `1e4·(1.0001·x − x)`: 32-bit floats round the product where it is ten thousand times the result.
#[test]
fn differences_of_near_equals_are_rounded_where_they_are_large() {
    let file = |op: &str, near: f32| {
        Onnx::vector(3)
            .weights("near", &[1], &[near])
            .weights("large", &[1], &[1e4])
            .node("Mul", &["x", "near"], "a")
            .node(op, &["a", "x"], "d")
            .node("Mul", &["d", "large"], "y")
            .output("y")
    };
    let graph = file("Sub", 1.0001).import();
    let data = data(&graph, 40);
    let reference = Reference::checked(&graph, &data, false).unwrap();
    assert_eq!(*reference.by(), ReferenceBy::Tract);
    // Another operator, another constant, or a hundredth of the result more is a misreading.
    for other in [file("Add", 1.0001), file("Sub", 1.0002)] {
        let mut other = other.import();
        other.onnx.clone_from(&graph.onnx);
        assert!(Reference::checked(&other, &data, false).is_err());
    }
    let mut other = graph.clone();
    let last = other.outputs[0];
    other.tensors[last].layer.as_mut().unwrap().bias[1] += 0.02;
    assert!(Reference::checked(&other, &data, false).is_err());
}

#[test]
fn whole_numbers_have_no_tolerance() {
    // One in two hundred rows is off by one in 50,000.
    let file = Onnx::default()
        .input("x", vec![Dim::Named("N"), Dim::Fixed(1)])
        .weights("large", &[1], &[50_000.0])
        .node("Round", &["x"], "whole")
        .node("Add", &["whole", "large"], "y")
        .output("y")
        .save();
    let mut graph = import_outputs(&file.path, &[]).unwrap();
    let rows = (0..200).map(|i| vec![vec![f64::from(i)]]).collect();
    let data = DataSet::from_rows(rows, &graph.input_specs()).unwrap();
    assert!(Reference::checked(&graph, &data, false).is_ok());
    let last = graph.outputs[0];
    graph.tensors[last].layer.as_mut().unwrap().bias[0] += 1.0;
    assert!(Reference::checked(&graph, &data, false).is_err());
}

#[test]
fn what_is_no_number_is_said_to_be_none() {
    let graph = Onnx::vector(2)
        .node("Sqrt", &["x"], "y")
        .output("y")
        .import();
    let error = compiled(&graph, false).unwrap_err().to_string();
    for part in [
        "node `/y` (Sqrt)",
        "is NaN, which no integer stands for",
        "Clip",
    ] {
        assert!(error.contains(part), "{part}: {error}");
    }
}
