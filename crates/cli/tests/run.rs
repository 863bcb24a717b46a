//! `verdict run`, and what commands say of the data they read.
#![allow(clippy::unwrap_used)]

mod common;

use common::{Place, vector};

#[test]
fn outputs_are_those_of_a_proof() {
    let place = Place::new();
    place.prove("tiny-tree");
    let proof = place.json(&[
        "verify",
        "tiny-tree.json",
        "--model",
        "tiny-tree.verdict",
        "--dev",
    ]);
    let (model, input) = ("tiny-tree.verdict", vector("tiny-tree", "input.json"));
    let ran = place.json(&["run", model, "--input", &input]);
    assert_eq!(ran["rows"], 1);
    let of = |values: &serde_json::Value| values["integers"].clone();
    let proved = proof["decoded"].as_array().unwrap();
    let proved = proved.iter().find(|it| it["role"] == "output").unwrap();
    assert_eq!(of(&ran["outputs"][0]), of(proved));

    // Every row of a file, numbered; or one of them.
    let data = vector("tiny-tree", "calibration.npz");
    let onnx = vector("tiny-tree", "model.onnx");
    let all = place.json(&["run", model, "--input", &data, "--onnx", &onnx]);
    let rows = all["rows"].as_u64().unwrap();
    let outputs = all["outputs"].as_array().unwrap();
    assert_eq!(outputs.len() as u64, rows);
    assert_eq!(outputs[3]["item"], 3);
    assert!(outputs[3]["float"].is_array());
    let third = place.json(&["run", model, "--input", &data, "--row", "3"]);
    assert_eq!(third["rows"], 1);
    assert_eq!(of(&third["outputs"][0]), of(&outputs[3]));
    assert!(
        place
            .ok(&["run", model, "--input", &data])
            .contains("of item 3")
    );

    place.fails(
        3,
        &["run", model, "--input", &data, "--row", "999999"],
        &["there is no row 999999"],
    );
    let wide = place.write("wide.csv", "a,b\n1,2\n");
    place.fails(
        3,
        &["run", model, "--input", wide.to_str().unwrap()],
        &["wide.csv"],
    );
}

#[test]
fn a_row_outside_the_domain_is_named() {
    let place = Place::new();
    place.compile("mlp-digits");
    let inside = place.json(&[
        "run",
        "mlp-digits.verdict",
        "--input",
        &vector("mlp-digits", "input.json"),
    ]);
    assert_eq!(inside["rows"], 1);
    let line = |value: &str| vec![value; 64].join(",");
    let data = place.write("rows.csv", format!("{}\n{}\n", line("0"), line("1000000")));
    let data = data.to_str().unwrap();
    place.fails(
        3,
        &["run", "mlp-digits.verdict", "--input", data],
        &["row 1"],
    );
    let ran = place.json(&["run", "mlp-digits.verdict", "--input", data, "--saturate"]);
    assert_eq!(ran["rows"], 2);
}

#[test]
fn compile_says_how_many_rows_it_read() {
    let place = Place::new();
    let onnx = vector("mlp-digits", "model.onnx");
    // As pandas writes a table whose columns have no names.
    let header = (0..64).map(|i| i.to_string()).collect::<Vec<_>>().join(",");
    let line = |value: f64| vec![format!("{value:?}"); 64].join(",");
    let lines: Vec<String> = (0..5).map(|row| line(f64::from(row) * 0.25)).collect();
    let data = place.write("data.csv", format!("{header}\n{}\n", lines.join("\n")));
    let arguments = [
        "compile",
        &onnx,
        "--calibration",
        data.to_str().unwrap(),
        "--out",
        "m.verdict",
    ];
    let done = place.run(&arguments).assert().success();
    let output = done.get_output();
    let (text, notes) = (
        String::from_utf8_lossy(&output.stdout),
        String::from_utf8_lossy(&output.stderr),
    );
    assert!(text.contains("Calibrated on 5 rows of"), "{text}");
    assert!(notes.contains("taken for a header"), "{notes}");
    assert_eq!(place.json(&arguments)["calibration_rows"], 5);
}
