//! Every bad input has its message and its exit code.

#![allow(clippy::unwrap_used)]

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
    let bytes = onnx("NonZero", WEIGHTS, Ok(2));
    compile_fails(&bytes, 3, &["node `/y`", "NonZero", "not supported"]);
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

    // What nobody compared is not said to be so: neither the model, nor what the file says of a batch.
    let unpinned = ["verify", "logreg-breast-cancer.json", "--dev"];
    place.fails(7, &unpinned, &["compared with nothing", "--model", "--key"]);
    let mut claimed = proof.clone();
    claimed["model"] = format!("0x{}", "de".repeat(32)).into();
    claimed["private_weights"] = true.into();
    place.write("claimed.json", claimed.to_string());
    let report = place
        .run(&["verify", "claimed.json", "--dev"])
        .output()
        .unwrap();
    let said = String::from_utf8(report.stdout).unwrap();
    assert_eq!(report.status.code(), Some(7));
    assert!(
        said.contains("accepted") && said.contains("key: unpinned"),
        "{said}"
    );
    assert!(
        !said.contains("dede") && !said.contains("private"),
        "{said}"
    );
    let report = place
        .run(&["--json", "verify", "claimed.json", "--dev"])
        .output()
        .unwrap();
    let report: serde_json::Value = serde_json::from_slice(&report.stdout).unwrap();
    assert_eq!(
        (&report["key"], &report["key_digest"]),
        (&"unpinned".into(), &proof["key"])
    );
    for field in ["model_digest", "batch", "private_weights", "per_inference"] {
        assert!(report[field].is_null(), "{field}: {report}");
    }
    let pinned = ["verify", "claimed.json", "--dev", "--key", &text("key")];
    let pinned = place.json(&pinned);
    assert_eq!(
        (&pinned["key"], &pinned["verified"]),
        (&"digest".into(), &true.into())
    );
    let said = place.ok(&["inspect", "claimed.json"]);
    let (says, digest) = (said.find("The file says"), said.find("dede"));
    assert!(says.is_some() && says < digest, "{said}");

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
    place.fails(
        4,
        &verify,
        &["rejected", "ProofRejected", "the Rust verifier"],
    );
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

/// A file of a few hundred bytes whose one input has 2^28 values.
#[cfg(unix)]
fn giant() -> Vec<u8> {
    use verdict_model::{CompiledModel, Kernel};
    let model = CompiledModel::load(vector("logreg-breast-cancer", "model.verdict")).unwrap();
    let (mut graph, mut manifest) = (model.graph().clone(), model.manifest().clone());
    let (len, input) = (1 << 28, graph.inputs[0]);
    (graph.tensors[input].len, graph.tensors[input].shape) = (len, vec![len]);
    for tensor in &mut graph.tensors {
        for term in tensor.layer.iter_mut().flat_map(|layer| &mut layer.terms) {
            if term.source == input {
                let entries = vec![(0, len as u32 - 1, 1)];
                term.kernel = Kernel::Sparse { entries };
            }
        }
    }
    let input = &mut manifest.inputs[0];
    input.shape = vec![len];
    input.scales.truncate(1);
    input.zero_points.truncate(1);
    input.real_min.truncate(1);
    input.real_max.truncate(1);
    let model = CompiledModel::new(graph, manifest).unwrap();
    model.to_bytes().unwrap()
}

#[cfg(unix)]
#[test]
fn what_claims_to_be_giant_is_refused_before_it_is_laid_out() {
    let place = Place::new();
    place.prove("logreg-breast-cancer");
    let bytes = giant();
    assert!(bytes.len() < 10_000, "{}", bytes.len());
    place.write("giant.verdict", bytes);
    place.ok(&["redact", "giant.verdict", "--out", "giant.architecture"]);
    let proof = place.read_json("logreg-breast-cancer.json");
    place.write("key.hex", proof["verifying_key"].as_str().unwrap());
    let many = [
        "audit",
        "logreg-breast-cancer.verdict",
        "--key",
        "key.hex",
        "--batch",
        "16000000",
    ];
    for (arguments, said) in [
        (
            &["audit", "giant.verdict", "--key", "key.hex"][..],
            "at least 268",
        ),
        (
            &["audit", "giant.architecture", "--key", "key.hex"],
            "at least 268",
        ),
        (&["bundle", "giant.verdict"], "at least 268"),
        (&many, "rows"),
    ] {
        let started = std::time::Instant::now();
        // Laid out, it would take several times as much.
        let limited = std::process::Command::new("sh")
            .args(["-c", "ulimit -v 3000000; exec \"$0\" \"$@\""])
            .arg(common::binary())
            .args(arguments)
            .arg("--dev")
            .current_dir(place.path("."))
            .env("VERDICT_CACHE", place.path("cache"))
            .output()
            .unwrap();
        let message = String::from_utf8_lossy(&limited.stderr);
        assert_eq!(limited.status.code(), Some(5), "{arguments:?}: {message}");
        assert!(message.contains(said), "{arguments:?}: {message}");
        assert!(started.elapsed().as_secs() < 20, "{arguments:?}");
    }
}
