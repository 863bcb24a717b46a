//! Whether a proved accuracy is about distinct rows of somebody's data: from the command line, and
//! with a prover who would rather count one easy row nine times.
#![allow(clippy::unwrap_used)]

mod common;

use common::{Place, vector};
use serde_json::Value;

const MODEL: &str = "mlp-digits";
const PROVE: [&str; 5] = ["prove", "m.verdict", "--sum", "correct", "--dev"];
const VERIFY: [&str; 7] = [
    "verify",
    "proof.json",
    "--model",
    "m.verdict",
    "--dev",
    "--data-set",
    "d.json",
];
const COMMIT: [&str; 6] = [
    "commit",
    "m.verdict",
    "--data-set",
    "d.json",
    "--secret",
    "d.secret",
];

/// A labelled model, its rows behind commitments, and the owner's data set.
fn place() -> (Place, String) {
    let place = Place::new();
    let (onnx, data) = (vector(MODEL, "model.onnx"), vector(MODEL, "test.npz"));
    place.ok(&["label", &onnx, "--out", "labelled.onnx"]);
    let compile = [
        "compile",
        "labelled.onnx",
        "--calibration",
        &data,
        "--out",
        "m.verdict",
    ];
    let inputs = [
        "--input",
        "committed",
        "--input",
        "y=public",
        "--optimize",
        "time",
    ];
    place.ok(&[&compile[..], &inputs].concat());
    (place, data)
}

fn with<'a>(command: &[&'a str], more: &[&'a str]) -> Vec<&'a str> {
    [command, more].concat()
}

#[test]
fn an_accuracy_is_of_rows_that_count_once() {
    let (place, data) = place();
    let made = place.json(&with(&COMMIT, &["--input", &data]));
    let list = place.read_json("d.json");
    assert_eq!(made["rows"], list["rows"].as_array().unwrap().len());
    let secret = place.read_json("d.secret");
    let seed = secret["data_set_seed"]
        .as_str()
        .unwrap()
        .trim_start_matches("0x");
    assert!(!list.to_string().contains(seed) && !made.to_string().contains(seed));

    let prove = with(&PROVE, &["--input", &data, "--batch", "3"]);
    let honest = with(&prove, &["--salt", "d.secret"]);
    place.ok(&honest);
    let verified = place.json(&VERIFY);
    let found = &verified["data_set"];
    assert_eq!(
        (&found["digest"], &found["rows"]),
        (&made["digest"], &made["rows"])
    );
    let positions: std::collections::BTreeSet<u64> = found["positions"]
        .as_array()
        .unwrap()
        .iter()
        .map(|it| it.as_u64().unwrap())
        .collect();
    assert_eq!(positions.len(), 3);
    assert!(place.ok(&VERIFY).contains("rows that the prover chose"));

    // Salts of the prover's own, under which nobody sees which rows they are.
    place.ok(&prove);
    place.fails(
        4,
        &VERIFY,
        &["d.json", "item 0 of the proof is no row of the data set"],
    );
}

#[test]
fn a_row_that_is_repeated_is_found_whatever_its_salts() {
    let (place, _) = place();
    let rows: Vec<Vec<f64>> = (0..5).map(row).collect();
    place.write("rows.json", serde_json::json!(rows).to_string());
    place.ok(&with(&COMMIT, &["--input", "rows.json"]));
    // One row three times, in the prover's own file.
    let repeated: Vec<Vec<f64>> = vec![row(0); 3];
    place.write("repeated.json", serde_json::json!(repeated).to_string());
    let prove = with(&PROVE, &["--input", "repeated.json", "--batch", "3"]);
    // Fresh salts: three commitments that look like three rows, a valid proof of three correct
    // answers out of three.
    place.ok(&prove);
    let verified = place.json(&VERIFY[..5]);
    assert_eq!(verified["verified"], true);
    let commitments: std::collections::BTreeSet<String> = verified["decoded"]
        .as_array()
        .unwrap()
        .iter()
        .filter_map(|it| it["commitment"].as_str().map(Into::into))
        .collect();
    assert_eq!(commitments.len(), 3);
    place.fails(4, &VERIFY, &["is no row of the data set"]);
    // The owner's salts: the three are one.
    place.ok(&with(&prove, &["--salt", "d.secret"]));
    place.fails(4, &VERIFY, &["items 0 and 1 of the proof are the same row"]);
    // The owner cannot be made to list a row twice either.
    let twice = [
        "commit",
        "m.verdict",
        "--data-set",
        "e.json",
        "--secret",
        "e.secret",
    ];
    let twice = with(&twice, &["--input", "repeated.json"]);
    place.fails(3, &twice, &["rows 0 and 1", "are equal"]);
    assert!(!place.path("e.json").exists());
}

#[test]
fn what_is_no_data_set_is_named() {
    let (place, data) = place();
    let commit = with(&COMMIT, &["--input", &data]);
    place.ok(&commit);
    place.fails(2, &commit, &["d.json exists"]);
    let open = [
        "commit",
        "m.verdict",
        "--data-set",
        "e.json",
        "--secret",
        "e.json",
    ];
    place.fails(3, &with(&open, &["--input", &data]), &["ends in .secret"]);
    place.ok(&with(&PROVE, &["--input", &data, "--salt", "d.secret"]));
    let honest = place.read_json("d.json");
    let bent = |bend: &dyn Fn(&mut Value), code: i32, reason: &str| {
        let mut list = honest.clone();
        bend(&mut list);
        place.write("bent.json", list.to_string());
        let verify = with(&VERIFY[..6], &["bent.json"]);
        place.fails(code, &verify, &["bent.json", reason]);
    };
    bent(&|it| it["version"] = 2.into(), 3, "has version 2");
    bent(
        &|it| it["rows"][1] = it["rows"][0].clone(),
        3,
        "strictly ascending order",
    );
    bent(
        &|it| it["rows"].as_array_mut().unwrap().reverse(),
        3,
        "strictly ascending order",
    );
    bent(&|it| it["rows"][0] = serde_json::json!([]), 3, "other than");
    bent(
        &|it| it["rows"] = serde_json::json!([]),
        4,
        "no row of the data set",
    );
    bent(
        &|it| it["inputs"][0]["grid"] = it["rows"][0][0].clone(),
        4,
        "not the data set's",
    );
    bent(
        &|it| it["inputs"][0]["visibility"] = "private".into(),
        4,
        "not the data set's",
    );
    bent(&|it| it["more"] = 1.into(), 3, "not a committed data set");
    // Of private inputs nothing could be said.
    let onnx = vector(MODEL, "model.onnx");
    place.ok(&["label", &onnx, "--out", "labelled.onnx"]);
    let compile = [
        "compile",
        "labelled.onnx",
        "--calibration",
        &data,
        "--out",
        "m.verdict",
    ];
    place.ok(&with(
        &compile,
        &["--input", "committed", "--input", "y=private"],
    ));
    let commit = [
        "commit",
        "m.verdict",
        "--data-set",
        "f.json",
        "--secret",
        "d.secret",
    ];
    let commit = with(&commit, &["--input", &data]);
    place.fails(3, &commit, &["input `y` is private", "--input y=committed"]);
}

/// A digit turned by some pixels, and a label.
fn row(number: usize) -> Vec<f64> {
    let input = std::fs::read(vector(MODEL, "input.json")).unwrap();
    let input: Value = serde_json::from_slice(&input).unwrap();
    let pixels = input["input_data"][0].as_array().unwrap().iter();
    let mut pixels: Vec<f64> = pixels.map(|it| it.as_f64().unwrap()).collect();
    pixels.rotate_left(number);
    pixels.push(number as f64);
    pixels
}
