//! Every bad input has its message and its exit code.

mod common;

use common::{Place, damage, onnx, vector};
use std::fs;

const WEIGHTS: [f32; 4] = [1.0, -0.5, 0.25, 2.0];
const DATA: &str = "1,2\n3,4\n-1,0.5\n";

fn compile_fails(bytes: &[u8], code: i32, parts: &[&str]) {
    let place = Place::new();
    place.write("model.onnx", bytes);
    place.write("data.csv", DATA);
    place.fails(
        code,
        &["compile", "model.onnx", "--calibration", "data.csv"],
        parts,
    );
    assert!(!place.path("model.verdict").exists());
}

#[test]
fn a_small_model_compiles() {
    let place = Place::new();
    place.write("model.onnx", onnx("Relu", WEIGHTS, Ok(2)));
    place.write("data.csv", DATA);
    let report = place.json(&["compile", "model.onnx", "--calibration", "data.csv"]);
    assert_eq!(report["out"], "model.verdict");
    assert_eq!(report["parameters"], 4);
    assert!(place.path("model.verdict").exists());
}

#[test]
fn not_an_onnx_file() {
    compile_fails(
        b"certainly not a model",
        3,
        &["model.onnx", "not an ONNX model"],
    );
    compile_fails(b"", 3, &["model.onnx", "not an ONNX model"]);
}

#[test]
fn a_truncated_onnx_file() {
    let bytes = fs::read(vector("mlp-digits", "model.onnx")).unwrap();
    compile_fails(&bytes[..bytes.len() / 2], 3, &["model.onnx", "truncated"]);
}

#[test]
fn an_unsupported_operator() {
    let bytes = onnx("Hardmax", WEIGHTS, Ok(2));
    compile_fails(&bytes, 3, &["node `/y`", "Hardmax", "not supported"]);
}

#[test]
fn weights_that_are_no_numbers() {
    compile_fails(
        &onnx("Relu", [1.0, f32::NAN, 0.0, 1.0], Ok(2)),
        3,
        &["`w`", "NaN", "position 1"],
    );
    compile_fails(
        &onnx("Relu", [1.0, 0.0, f32::INFINITY, 1.0], Ok(2)),
        3,
        &["`w`", "inf", "position 2"],
    );
}

#[test]
fn a_dynamic_shape() {
    compile_fails(
        &onnx("Relu", WEIGHTS, Err("features")),
        3,
        &["dynamic dimension `features`", "`x`"],
    );
}

#[test]
fn calibration_data_of_another_model() {
    let place = Place::new();
    let (model, data) = (
        vector("mlp-digits", "model.onnx"),
        vector("logreg-breast-cancer", "calibration.npz"),
    );
    place.fails(
        3,
        &["compile", &model, "--calibration", &data, "--out", "m"],
        &["calibration.npz", "30", "expected 64"],
    );
    place.write("empty.csv", "");
    place.fails(
        3,
        &[
            "compile",
            &model,
            "--calibration",
            "empty.csv",
            "--out",
            "m",
        ],
        &["no rows"],
    );
    place.write("nan.json", format!("[[{}]]", vec!["\"nan\""; 64].join(",")));
    place.fails(
        3,
        &["compile", &model, "--calibration", "nan.json", "--out", "m"],
        &["nan.json", "finite"],
    );
    place.write("data.txt", DATA);
    place.fails(
        3,
        &["compile", &model, "--calibration", "data.txt", "--out", "m"],
        &["data.txt", ".csv"],
    );
}

#[test]
fn files_that_are_not_there() {
    let place = Place::new();
    place.fails(
        6,
        &["compile", "no.onnx", "--calibration", "no.csv"],
        &["no.onnx"],
    );
    place.fails(
        6,
        &["estimate", "no.verdict"],
        &["no.verdict", "check the path"],
    );
    place.fails(
        6,
        &["prove", "no.verdict", "--input", "no.json"],
        &["no.verdict"],
    );
    place.fails(6, &["verify", "no.json"], &["no.json", "check the path"]);
    place.fails(6, &["inspect", "no"], &["check the path"]);
    place.fails(6, &["srs", "import", "no.ptau"], &["no.ptau"]);
    place.fails(6, &["bench", "--models", "no"], &["no"]);
}

#[test]
fn compiled_models_that_are_none() {
    let place = Place::new();
    place.compile("logreg-breast-cancer");
    let input = vector("logreg-breast-cancer", "input.json");
    place.write("model.onnx", onnx("Relu", WEIGHTS, Ok(2)));
    place.fails(
        3,
        &["prove", "model.onnx", "--input", &input, "--dev"],
        &["is not a compiled model"],
    );
    place.fails(2, &["estimate", "model.onnx"], &["give --calibration"]);
    place.fails(
        2,
        &[
            "estimate",
            "logreg-breast-cancer.verdict",
            "--input",
            "public",
        ],
        &["compiled already"],
    );
    damage(&place.path("logreg-breast-cancer.verdict"));
    for arguments in [
        &[
            "prove",
            "logreg-breast-cancer.verdict",
            "--input",
            &input,
            "--dev",
        ][..],
        &["estimate", "logreg-breast-cancer.verdict"],
        &["inspect", "logreg-breast-cancer.verdict"],
    ] {
        place.fails(
            3,
            arguments,
            &["logreg-breast-cancer.verdict is damaged", "digest"],
        );
    }
}

#[test]
fn inputs_that_do_not_fit() {
    let place = Place::new();
    place.compile("mlp-digits");
    let prove = |code, extra: &[&str], parts: &[&str]| {
        let mut arguments = vec!["prove", "mlp-digits.verdict", "--input", "input.json"];
        arguments.extend(extra);
        place.fails(code, &arguments, parts);
        assert!(!place.path("proof.json").exists());
    };
    place.write("input.json", format!("[{}]", vec!["1"; 63].join(",")));
    prove(3, &["--dev"], &["input.json", "63 values", "expected 64"]);
    place.write(
        "input.json",
        format!("{{\"input_data\": [[99{}]]}}", ", 1".repeat(63)),
    );
    prove(
        3,
        &["--dev"],
        &[
            "feature 0",
            "99",
            "outside the declared domain [0, 16]",
            "--saturate",
        ],
    );
    prove(3, &["--dev", "--row", "1"], &["1 rows", "no row 1"]);
    // Saturated, it gets as far as the missing set-up.
    prove(5, &["--saturate"], &["no set-up is imported", "--dev"]);
    prove(2, &["--context", "0x12"], &["32 bytes in hexadecimal"]);
    let modulus = "0x30644e72e131a029b85045b68181585d2833e84879b9709143e1f593f0000001";
    prove(
        3,
        &["--saturate", "--context", modulus],
        &["below the field's modulus"],
    );
}

#[test]
fn wrong_use() {
    let place = Place::new();
    place.fails(2, &["prove"], &["Usage"]);
    place.fails(
        2,
        &[
            "compile",
            "m.onnx",
            "--calibration",
            "d.csv",
            "--activation-bits",
            "40",
        ],
        &["2..=15"],
    );
    place.fails(
        2,
        &[
            "compile",
            "m.onnx",
            "--calibration",
            "d.csv",
            "--domain",
            "3,1",
        ],
        &["the smaller first"],
    );
    place.fails(
        2,
        &["bench", "--models", "../mlp-digits"],
        &["not the name of a folder"],
    );
    place.fails(2, &["estimate", "m", "--width", "65"], &["1..=64"]);
}

#[test]
fn things_of_different_digests() {
    let place = Place::new();
    place.prove("logreg-breast-cancer");
    place.compile("mlp-digits");
    let proof = place.read_json("logreg-breast-cancer.json");
    let text = |field: &str| proof[field].as_str().unwrap().to_owned();
    let other = place.json(&["inspect", "mlp-digits.verdict"])["digest"]
        .as_str()
        .unwrap()
        .to_owned();

    let both = [text("model"), other.clone()];
    let both: Vec<&str> = both.iter().map(String::as_str).collect();
    let arguments = [
        "verify",
        "logreg-breast-cancer.json",
        "--model",
        "mlp-digits.verdict",
        "--dev",
    ];
    place.fails(4, &arguments, &both);
    place.fails(
        4,
        &[
            "inspect",
            "logreg-breast-cancer.json",
            "--model",
            "mlp-digits.verdict",
        ],
        &both,
    );
    let arguments = [
        "verify",
        "logreg-breast-cancer.json",
        "--key",
        &other,
        "--dev",
    ];
    place.fails(4, &arguments, &["verifying key", &text("key"), &other]);
    place.fails(
        4,
        &[
            "verify",
            "logreg-breast-cancer.json",
            "--context",
            &other,
            "--dev",
        ],
        &["context", &other],
    );
    let (onnx, input) = (
        vector("mlp-digits", "model.onnx"),
        vector("logreg-breast-cancer", "input.json"),
    );
    let arguments = [
        "prove",
        "logreg-breast-cancer.verdict",
        "--input",
        &input,
        "--onnx",
        &onnx,
        "--dev",
    ];
    place.fails(4, &arguments, &["ONNX digest", "model.onnx"]);

    // A key that is not the one the file states, and one that is but belongs to no curve.
    let mut changed = proof.clone();
    changed["key"] = other.clone().into();
    place.write("changed.json", changed.to_string());
    place.fails(
        4,
        &["verify", "changed.json", "--dev"],
        &[&text("key"), &other],
    );
}

#[test]
fn proofs_that_are_wrong() {
    let place = Place::new();
    place.prove("logreg-breast-cancer");
    let proof = place.read_json("logreg-breast-cancer.json");
    let verify = [
        "verify",
        "proof.json",
        "--evm",
        "--dev",
        "--model",
        "logreg-breast-cancer.verdict",
    ];
    let flip = |text: &str, from_end: usize| {
        let mut digits: Vec<char> = text.chars().collect();
        let at = digits.len() - from_end;
        digits[at] = if digits[at] == '0' { '1' } else { '0' };
        digits.into_iter().collect::<String>()
    };

    let mut changed = proof.clone();
    changed["public_values"][1] = flip(proof["public_values"][1].as_str().unwrap(), 1).into();
    place.write("proof.json", changed.to_string());
    place.fails(4, &verify, &["rejected", "ProofRejected", "halo2"]);
    let report = place
        .run(&["verify", "--json", "proof.json", "--dev"])
        .output()
        .unwrap();
    let report: serde_json::Value = serde_json::from_slice(&report.stdout).unwrap();
    assert_eq!(report["verified"], false);
    assert_eq!(report["evm"]["accepted"], false);

    let mut changed = proof.clone();
    changed["proof"] = flip(proof["proof"].as_str().unwrap(), 2 * 128 + 1).into();
    place.write("proof.json", changed.to_string());
    place.fails(4, &verify, &["ProofRejected"]);

    let mut changed = proof.clone();
    changed["proof"] = format!("{}00", proof["proof"].as_str().unwrap()).into();
    place.write("proof.json", changed.to_string());
    place.fails(
        4,
        &["verify", "--evm", "proof.json", "--dev"],
        &["WrongProofLength"],
    );

    // A proof under the development set-up is never accepted by mistake.
    place.write("proof.json", proof.to_string());
    place.fails(
        5,
        &["verify", "--evm", "proof.json"],
        &["INSECURE", "--dev"],
    );

    let mut changed = proof.clone();
    changed["version"] = 9.into();
    place.write("proof.json", changed.to_string());
    place.fails(3, &verify, &["version 9"]);
    place.write("proof.json", "{\"version\": 1");
    place.fails(3, &verify, &["proof.json is not a proof file"]);
}
