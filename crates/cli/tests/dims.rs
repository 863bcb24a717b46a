//! Sizes that an ONNX file leaves open, in every command that reads one.
#![allow(clippy::unwrap_used)]

mod common;

use common::Place;

fn fixture(name: &str) -> String {
    format!("{}/tests/fixtures/{name}", env!("CARGO_MANIFEST_DIR"))
}

/// Rows of `width` values between −1 and 1, as CSV without a header.
fn rows(place: &Place, name: &str, width: usize) -> String {
    let value = |at: usize| format!("{:.3}", (at * 37 % 101) as f64 / 50.0 - 1.0);
    let line = |row: usize| -> Vec<String> { (0..width).map(|at| value(row * 7 + at)).collect() };
    let lines: Vec<String> = (0..64).map(|row| line(row).join(",")).collect();
    let path = place.write(name, lines.join("\n"));
    path.to_str().unwrap().to_owned()
}

/// Compiles with `dims`, and asks every command that goes back to the file what it says.
fn goes_through(file: &str, width: usize, dims: &[&str], shape: &str) {
    let place = Place::new();
    let onnx = fixture(file);
    let data = rows(&place, "rows.csv", width);
    let dims: Vec<&str> = dims.iter().flat_map(|dim| ["--dim", dim]).collect();
    let compile = [
        "compile",
        &onnx,
        "--calibration",
        &data,
        "--out",
        "m.verdict",
    ];
    place.ok(&[&compile[..], &dims].concat());

    // The float model beside the integers is of the same sizes, though nothing says them again.
    let ran = place.json(&["run", "m.verdict", "--input", &data, "--onnx", &onnx]);
    assert_eq!(ran["rows"], 64, "{file}");
    assert!(ran["outputs"][5]["float"].is_array(), "{file}");
    let measured = place.json(&["accuracy", "m.verdict", "--onnx", &onnx, "--test", &data]);
    assert_eq!(measured["rows"], 64, "{file}");
    let from_file = ["accuracy", &onnx, "--calibration", &data, "--test", &data];
    let from_file = place.json(&[&from_file[..], &dims].concat());
    assert_eq!(from_file["rows"], 64, "{file}");

    let seen = place.ok(&[&["inspect", &onnx][..], &dims].concat());
    assert!(seen.contains(shape), "{file}: `{shape}` is not in {seen}");
}

#[test]
fn open_axes_take_the_sizes_given() {
    goes_through("sequence.onnx", 6, &["seq=3"], "[3, 2]");
    // A first axis that is said to be no batch is a part of the row.
    goes_through("sequence.onnx", 12, &["N=2", "seq=3"], "[2, 3, 2]");
    goes_through("rows.onnx", 12, &["N=4"], "[4, 3]");
    // A fixed batch that is said to be one.
    goes_through("fixed-batch.onnx", 3, &["x.0=1"], "[3]");
}

#[test]
fn what_has_no_axes_is_told() {
    let place = Place::new();
    place.compile("tiny-tree");
    place.fails(
        2,
        &["inspect", "tiny-tree.verdict", "--dim", "seq=3"],
        &["no ONNX file"],
    );
    place.fails(
        3,
        &["inspect", &fixture("sequence.onnx")],
        &["`seq`", "--dim seq=SIZE"],
    );
}
