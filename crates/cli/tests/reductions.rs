//! What a proof says about many items at once: their sum, their largest value, how many are right.
#![allow(clippy::unwrap_used, missing_docs)]

mod common;

use common::{Place, vector};

#[test]
fn how_many_are_right() {
    let place = Place::new();
    let (onnx, test) = (
        vector("mlp-digits", "model.onnx"),
        vector("mlp-digits", "test.npz"),
    );
    place.ok(&["label", &onnx, "--out", "labelled.onnx"]);
    place.ok(&[
        "compile",
        "labelled.onnx",
        "--calibration",
        &test,
        "--input",
        "committed",
        "--optimize",
        "time",
    ]);
    let proved = place.json(&[
        "prove",
        "labelled.verdict",
        "--input",
        &test,
        "--batch",
        "9",
        "--sum",
        "correct",
        "--optimize",
        "time",
        "--dev",
        "--out",
        "count.json",
    ]);
    assert_eq!(proved["batch"], 9);
    let verified = place.json(&[
        "verify",
        "--evm",
        "--dev",
        "count.json",
        "--model",
        "labelled.verdict",
    ]);
    // The model gets the first nine rows right.
    let sum = &verified["decoded"][0];
    assert_eq!(sum["name"], "correct");
    assert_eq!(sum["reals"][0], 9.0);
}

#[test]
fn the_largest_over_items() {
    let place = Place::new();
    place.compile("mlp-digits");
    place.ok(&[
        "gather",
        "mlp-digits.verdict",
        "--items",
        "5",
        "--out",
        "max.verdict",
    ]);
    let test = vector("mlp-digits", "test.npz");
    place.ok(&[
        "prove",
        "max.verdict",
        "--gather",
        "--input",
        &test,
        "--optimize",
        "time",
        "--dev",
        "--out",
        "max.json",
    ]);
    place.ok(&[
        "verify",
        "--evm",
        "--dev",
        "max.json",
        "--model",
        "max.verdict",
    ]);
    place.fails(
        2,
        &[
            "prove",
            "mlp-digits.verdict",
            "--gather",
            "--input",
            &test,
            "--dev",
        ],
        &["verdict gather"],
    );
    place.fails(
        2,
        &["gather", "mlp-digits.verdict", "--items", "1"],
        &["items"],
    );
}
