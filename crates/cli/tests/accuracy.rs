//! `verdict accuracy` on the committed models.
#![allow(clippy::unwrap_used)]

mod common;

use common::{Place, vector};
use std::path::Path;

/// Percentage points of top-1, and R², that integers may cost.
const TOP1_LOSS: f64 = 0.3;
const R2_LOSS: f64 = 0.005;

#[test]
fn integers_cost_hardly_any_accuracy() {
    let place = Place::new();
    let models = std::fs::read_to_string(vector("", "index.json")).unwrap();
    let models: Vec<String> = serde_json::from_str(&models).unwrap();
    // Some vectors are further proofs of the same models.
    let models = models
        .into_iter()
        .filter(|model| Path::new(&vector(model, "model.onnx")).exists());
    let models: Vec<String> = models.collect();
    assert!(models.len() >= 6);
    for model in models {
        let [onnx, data, test] =
            ["model.onnx", "calibration.npz", "test.npz"].map(|file| vector(&model, file));
        for more in [&[][..], &["--equalise", "--calibration-method", "mse"]] {
            // Unseen rows may lie outside the calibrated domain; pixels do not.
            let mut arguments = vec![
                "accuracy",
                &onnx,
                "--calibration",
                &data,
                "--test",
                &test,
                "--domain-margin",
                "0.5",
            ];
            arguments.extend(more);
            let measured = place.json(&arguments);
            let task = &measured["task"];
            match task["task"].as_str().unwrap() {
                "classification" => {
                    assert_eq!(task["labelled"], true);
                    let loss = task["top1_loss"].as_f64().unwrap();
                    assert!(loss <= TOP1_LOSS, "{model} {more:?}: {loss}");
                }
                _ => {
                    let loss = task["r2_loss"].as_f64().unwrap();
                    assert!(loss <= R2_LOSS, "{model} {more:?}: {loss}");
                }
            }
        }
    }
}

#[test]
fn methods_are_part_of_the_model() {
    let place = Place::new();
    let (onnx, data) = (
        vector("mlp-digits", "model.onnx"),
        vector("mlp-digits", "calibration.npz"),
    );
    for (method, shown) in [
        ("minmax", "minmax"),
        ("percentile", "percentile=99.9"),
        ("percentile=99.5", "percentile=99.5"),
        ("mse", "mse"),
    ] {
        let more = ["--calibration-method", method, "--equalise"];
        place.compile_to("m.verdict", "mlp-digits", &more);
        let text = place.ok(&["inspect", "m.verdict"]);
        assert!(
            text.contains(&format!("ranges by {shown}, equalised tensors: 1")),
            "{text}"
        );
    }
    let manifest = &place.json(&["inspect", "m.verdict"])["manifest"];
    assert_eq!(manifest["calibration"], "mean_squared_error");
    assert_eq!(
        manifest["equalised"][0]["shifts"].as_array().unwrap().len(),
        32
    );
    for wrong in [
        "max",
        "percentile=0",
        "percentile=101",
        "percentile=x",
        "mse=3",
    ] {
        let arguments = [
            "compile",
            &onnx,
            "--calibration",
            &data,
            "--calibration-method",
            wrong,
        ];
        place.fails(2, &arguments, &["percentile=P"]);
    }
}

#[test]
fn the_report_shows_everything() {
    let place = Place::new();
    let [onnx, data, test] =
        ["model.onnx", "calibration.npz", "test.npz"].map(|file| vector("mlp-digits", file));
    let mut arguments = vec!["accuracy", &onnx, "--calibration", &data, "--test", &test];
    arguments.extend([
        "--calibration-method",
        "percentile=90",
        "--activation-bits",
        "6",
    ]);
    arguments.extend(["--report", "out.html"]);
    let measured = place.json(&arguments);
    assert_eq!(measured["activation_bits"], 6);
    assert_eq!(measured["calibration_method"], "percentile=90");
    let saturated = measured["layers"][0]["saturated"].as_f64().unwrap();
    assert!(saturated > 0.001, "{saturated}");
    let html = std::fs::read_to_string(place.path("out.html")).unwrap();
    for part in [
        "ranges by percentile=90",
        "saturated</tspan>",
        "aria-label=\"error by layer\"",
        "aria-label=\"histogram of output errors\"",
        "Confusion matrices",
        "<h3>Float</h3>",
        "<h3>Integer</h3>",
    ] {
        assert!(html.contains(part), "{part}");
    }
}
