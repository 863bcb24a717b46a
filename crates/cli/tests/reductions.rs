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
        "--input",
        "y=public",
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
    let decoded = verified["decoded"].as_array().unwrap();
    let sum = decoded.iter().find(|it| it["name"] == "correct").unwrap();
    let seen = |name: &str| -> Vec<&serde_json::Value> {
        let of = decoded.iter().filter(|it| it["name"] == name);
        of.map(|it| &it["visibility"]).collect()
    };
    assert!(seen("input").iter().all(|it| *it == "committed"));
    assert!(seen("y").iter().all(|it| *it == "public"));
    assert_eq!(sum["reals"][0], 9.0);
    place.fails(
        2,
        &[
            "compile",
            "labelled.onnx",
            "--calibration",
            &test,
            "--input",
            "z=public",
        ],
        &["`z`", "input, y, correct"],
    );
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
