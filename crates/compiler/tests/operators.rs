//! Operators that move cells, resize, divide whole numbers or know their result already: results,
//! and what is refused.
#![allow(clippy::unwrap_used)]

mod common;

use common::{Dim, Onnx, float, int, ints, text};
use verdict_compiler::FloatGraph;

/// A matrix of two rows and three columns called `x`.
fn matrix() -> Onnx {
    Onnx::default().input("x", vec![Dim::Fixed(2), Dim::Fixed(3)])
}

fn run(graph: &FloatGraph, row: &[f64]) -> Vec<f64> {
    graph.run(&[row.to_vec()]).values[graph.outputs[0]].clone()
}

const CELLS: [f64; 6] = [1.0, 2.0, 3.0, 4.0, 5.0, 6.0];

#[test]
fn whole_numbers_are_divided_without_fraction() {
    // 7 / 2 places of a row, worked out as exporters do from a shape.
    let graph = Onnx::vector(7)
        .node_with("Shape", &["x"], "shape", vec![int("start", 1)])
        .indices("two", &[2])
        .node("Div", &["shape", "two"], "half")
        .indices("from", &[0])
        .indices("axis", &[1])
        .node("Slice", &["x", "from", "half", "axis"], "y")
        .output("y")
        .opset(15)
        .import();
    let row: Vec<f64> = (1..8).map(f64::from).collect();
    assert_eq!(run(&graph, &row), [1.0, 2.0, 3.0]);
    for (name, expected) in [("Div", [0.0, 0.0, 1.0]), ("Mod", [1.0, 0.0, 0.0])] {
        let graph = Onnx::vector(3)
            .node_with("Cast", &["x"], "whole", vec![int("to", 7)])
            .indices("divisors", &[2, 3, 3])
            .node(name, &["whole", "divisors"], "y")
            .output("y")
            .import();
        assert_eq!(run(&graph, &[1.0, 0.0, 3.0]), expected);
    }
}

#[test]
fn constants_are_known_when_the_model_is_imported() {
    // One row: `Size` counts a batch's, too.
    let graph = Onnx::default()
        .input("x", vec![Dim::Fixed(1), Dim::Fixed(3)])
        .node_with("Constant", &[], "two", vec![float("value_float", 2.0)])
        .node("Mul", &["x", "two"], "doubled")
        .node("Size", &["x"], "count")
        .node_with("Cast", &["count"], "three", vec![int("to", 1)])
        .node("Add", &["doubled", "three"], "sum")
        .indices("shape", &[3])
        .node("ConstantOfShape", &["shape"], "zeros")
        .node("Sub", &["sum", "zeros"], "y")
        .output("y")
        .opset(15)
        .import();
    assert_eq!(run(&graph, &[0.0, 1.0, -2.0]), [3.0, 5.0, -1.0]);
}

#[test]
fn indices_become_ones() {
    let graph = Onnx::vector(2)
        .indices("depth", &[3])
        .weights("values", &[2], &[2.0, 5.0])
        .node("OneHot", &["x", "depth", "values"], "y")
        .output("y")
        .import();
    assert_eq!(run(&graph, &[-1.0, 1.0]), [2.0, 2.0, 5.0, 2.0, 5.0, 2.0]);
    assert_eq!(run(&graph, &[3.0, 0.0]), [2.0, 2.0, 2.0, 5.0, 2.0, 2.0]);
}

#[test]
fn places_are_moved() {
    let tiled = matrix()
        .indices("times", &[1, 2])
        .node("Tile", &["x", "times"], "y")
        .output("y");
    let expected = [1.0, 2.0, 3.0, 1.0, 2.0, 3.0, 4.0, 5.0, 6.0, 4.0, 5.0, 6.0];
    assert_eq!(run(&tiled.import(), &CELLS), expected);
    let triangle = matrix()
        .node_with("Trilu", &["x"], "y", vec![int("upper", 0)])
        .output("y");
    assert_eq!(
        run(&triangle.import(), &CELLS),
        [1.0, 0.0, 0.0, 4.0, 5.0, 0.0]
    );
    for (mode, expected) in [
        ("edge", [1.0, 1.0, 2.0, 3.0, 3.0]),
        ("reflect", [2.0, 1.0, 2.0, 3.0, 2.0]),
        ("wrap", [3.0, 1.0, 2.0, 3.0, 1.0]),
    ] {
        let padded = Onnx::vector(3)
            .indices("pads", &[0, 1, 0, 1])
            .node_with("Pad", &["x", "pads"], "y", vec![text("mode", mode)])
            .output("y");
        assert_eq!(run(&padded.import(), &CELLS[..3]), expected, "{mode}");
    }
    let sums = matrix()
        .indices("axis", &[1])
        .node_with("CumSum", &["x", "axis"], "y", vec![int("reverse", 1)])
        .output("y");
    assert_eq!(
        run(&sums.import(), &CELLS),
        [6.0, 5.0, 3.0, 15.0, 11.0, 6.0]
    );
}

#[test]
fn resized_between_places() {
    let graph = Onnx::default()
        .input("x", [1, 1, 1, 2].map(Dim::Fixed).into())
        .weights("scales", &[4], &[1.0, 1.0, 1.0, 2.0])
        .node_with(
            "Resize",
            &["x", "", "scales"],
            "y",
            vec![text("mode", "linear")],
        )
        .output("y")
        .import();
    assert_eq!(run(&graph, &[0.0, 4.0]), [0.0, 1.0, 3.0, 4.0]);
}

/// Each model is refused with an error that names its node and says so.
fn refuses<const N: usize>(cases: [(Onnx, &str); N]) {
    for (model, part) in cases {
        let message = model.output("y").error().to_string();
        assert!(message.contains(part), "{message}");
        assert!(message.contains("node `"), "{message}");
    }
}

#[test]
fn refusals_say_what_is_wrong() {
    let many: Vec<f32> = (0..40).map(|i| i as f32).collect();
    let training = Onnx::vector(3)
        .weights("ratio", &[], &[0.5])
        .weights("training", &[], &[1.0])
        .node("Dropout", &["x", "ratio", "training"], "y");
    let resized = |mode: &str| {
        Onnx::default()
            .input("x", [1, 1, 2, 2].map(Dim::Fixed).into())
            .weights("scales", &[4], &[1.0, 1.0, 2.0, 2.0])
            .node_with(
                "Resize",
                &["x", "", "scales"],
                "y",
                vec![text("mode", mode)],
            )
    };
    refuses([
        (training, "training mode"),
        (resized("spline"), "mode `spline` is not supported"),
        (
            Onnx::vector(40)
                .weights("powers", &[40], &many)
                .node("Pow", &["x", "powers"], "y"),
            "40 different values",
        ),
        (
            Onnx::vector(3)
                .node("Pow", &["x", "x"], "z")
                .node("Mod", &["z", "x"], "y"),
            "depends on the model's input",
        ),
        (
            matrix().node("CastLike", &["x"], "y"),
            "expected two operands",
        ),
    ]);
}

#[test]
fn refusals_say_which_shapes_are_wrong() {
    refuses([
        (
            matrix()
                .indices("times", &[2])
                .node("Tile", &["x", "times"], "y"),
            "repeats 1 axes",
        ),
        (
            matrix()
                .indices("shape", &[2, -3])
                .node("Expand", &["x", "shape"], "y"),
            "is not a shape",
        ),
        (
            matrix().weights("numbers", &[1, 3], &[0.0, 9.0, 0.0]).node(
                "GatherElements",
                &["x", "numbers"],
                "y",
            ),
            "index 9 lies outside an axis of length 2",
        ),
        (
            Onnx::vector(3)
                .weights("to", &[2, 2], &[0.0, 1.0, 0.0, 1.0])
                .weights("updates", &[2], &[1.0, 2.0])
                .node("ScatterND", &["x", "to", "updates"], "y"),
            "writes cell 1 twice",
        ),
        (
            matrix()
                .indices("lengths", &[1, 9, 1])
                .node("ReverseSequence", &["x", "lengths"], "y"),
            "do not fit 3 sequences of 2 steps",
        ),
        (
            matrix()
                .indices("shape", &[2])
                .node("CenterCropPad", &["x", "shape"], "y"),
            "a shape for 2 axes",
        ),
        (
            matrix()
                .weights("from", &[], &[0.0])
                .weights("to", &[], &[3.0])
                .weights("step", &[], &[0.0])
                .node("Range", &["from", "to", "step"], "r")
                .node("Add", &["x", "r"], "y"),
            "never ends",
        ),
        (
            matrix()
                .node_with("EyeLike", &["x"], "e", vec![float("k", 0.0)])
                .node_with("Unsqueeze", &["e"], "u", vec![ints("axes", &[0])])
                .node("EyeLike", &["u"], "y"),
            "expected a matrix",
        ),
        (
            Onnx::vector(3)
                .indices("depth", &[600])
                .weights("values", &[2], &[0.0, 1.0])
                .node("OneHot", &["x", "depth", "values"], "y"),
            "has 600 classes",
        ),
        (
            Onnx::vector(3)
                .node_outputs("LayerNormalization", &["x", "scale"], &["n", "y"], vec![])
                .weights("scale", &[3], &[1.0; 3]),
            "its output `y` is not computed",
        ),
    ]);
}
