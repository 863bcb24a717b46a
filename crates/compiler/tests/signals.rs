//! Windows, spectra and filters of constant lengths: their right values, and what is refused.
#![allow(clippy::unwrap_used)]

mod common;

use common::{Dim, Onnx, int};
use verdict_compiler::FloatGraph;

fn run(graph: &FloatGraph, row: &[f64]) -> Vec<f64> {
    graph.run(&[row.to_vec()]).values[graph.outputs[0]].clone()
}

fn close(found: &[f64], expected: &[f64]) {
    assert_eq!(found.len(), expected.len());
    for (a, b) in found.iter().zip(expected) {
        assert!((a - b).abs() < 1e-9, "{found:?}, expected {expected:?}");
    }
}

/// Ones times the constant `w` that `make` adds.
fn times(len: i64, make: impl Fn(Onnx) -> Onnx) -> Vec<f64> {
    let graph = make(Onnx::vector(len))
        .node("Mul", &["x", "w"], "y")
        .output("y")
        .opset(17)
        .import();
    run(&graph, &vec![1.0; len as usize])
}

#[test]
fn windows() {
    let window = |op: &str, periodic: i64| {
        times(4, |onnx| {
            onnx.indices("size", &[4]).node_with(
                op,
                &["size"],
                "w",
                vec![int("periodic", periodic)],
            )
        })
    };
    close(&window("HannWindow", 1), &[0.0, 0.5, 1.0, 0.5]);
    close(&window("HannWindow", 0), &[0.0, 0.75, 0.75, 0.0]);
    let edge = 4.0 / 46.0;
    close(
        &window("HammingWindow", 1),
        &[edge, 25.0 / 46.0, 1.0, 25.0 / 46.0],
    );
    close(&window("BlackmanWindow", 1), &[0.0, 0.34, 1.0, 0.34]);
    let error = Onnx::vector(1)
        .node("HannWindow", &["x"], "y")
        .output("y")
        .opset(17)
        .error();
    assert!(
        error.to_string().contains("depends on the model's input"),
        "{error}"
    );
}

/// ONNX's own node test, whose operands are all inputs there: 8 bands of 16 samples at 8192 Hz,
/// which lie at bins 0, 0, 1, 1, 2, 3, 4 and 5.
#[test]
fn mel_weights() {
    let graph = Onnx::vector(9)
        .indices("bands", &[8])
        .indices("samples", &[16])
        .indices("rate", &[8192])
        .weights("low", &[], &[0.0])
        .weights("high", &[], &[4096.0])
        .node(
            "MelWeightMatrix",
            &["bands", "samples", "rate", "low", "high"],
            "w",
        )
        .node("MatMul", &["x", "w"], "y")
        .output("y")
        .opset(17)
        .import();
    let bins: Vec<f64> = (0..9).map(f64::from).collect();
    close(
        &run(&graph, &bins),
        &[0.0, 0.0, 1.0, 1.0, 2.0, 3.0, 4.0, 5.0],
    );
}

#[test]
fn spectra() {
    // One period of a cosine: half of it in bin 1, half in bin 3.
    let spectrum = |attributes| {
        Onnx::default()
            .input("x", vec![Dim::Named("N"), Dim::Fixed(4), Dim::Fixed(1)])
            .node_with("DFT", &["x"], "y", attributes)
            .output("y")
            .opset(17)
            .import()
    };
    let wave = [1.0, 0.0, -1.0, 0.0];
    let all = run(&spectrum(vec![]), &wave);
    close(&all, &[0.0, 0.0, 2.0, 0.0, 0.0, 0.0, 2.0, 0.0]);
    let half = run(&spectrum(vec![int("onesided", 1)]), &wave);
    close(&half, &all[..6]);
    // There and back again.
    let back = Onnx::default()
        .input("x", vec![Dim::Named("N"), Dim::Fixed(4), Dim::Fixed(2)])
        .node("DFT", &["x"], "there")
        .node_with("DFT", &["there"], "y", vec![int("inverse", 1)])
        .output("y")
        .opset(17)
        .import();
    let signal = [1.0, 2.0, -3.0, 0.5, 0.25, 4.0, 7.0, -1.0];
    close(&run(&back, &signal), &signal);
}

#[test]
fn short_time_spectra() {
    let graph = Onnx::default()
        .input("x", vec![Dim::Named("N"), Dim::Fixed(6), Dim::Fixed(1)])
        .indices("step", &[2])
        .weights("window", &[4], &[0.0, 1.0, 1.0, 0.0])
        .node("STFT", &["x", "step", "window"], "y")
        .output("y")
        .opset(17);
    let found = run(&graph.import(), &[1.0, 2.0, 3.0, 4.0, 5.0, 6.0]);
    // Frames [0, 2, 3, 0] and [0, 4, 5, 0], three bins each.
    close(
        &found,
        &[
            5.0, 0.0, -3.0, -2.0, 1.0, 0.0, 9.0, 0.0, -5.0, -4.0, 1.0, 0.0,
        ],
    );
    let error = Onnx::default()
        .input("x", vec![Dim::Named("N"), Dim::Fixed(6), Dim::Fixed(1)])
        .indices("step", &[2])
        .weights("window", &[8], &[1.0; 8])
        .node("STFT", &["x", "step", "window"], "y")
        .output("y")
        .opset(17)
        .error();
    assert!(
        error.to_string().contains("frames of 8 do not fit"),
        "{error}"
    );
}
