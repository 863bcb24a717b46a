//! What the commands print when all is well.

mod common;

use common::{Place, vector};
use predicates::prelude::*;

#[test]
fn from_onnx_to_a_verified_transaction() {
    let place = Place::new();
    let (onnx, input) = (
        vector("mlp-digits", "model.onnx"),
        vector("mlp-digits", "input.json"),
    );
    let (data, test) = (
        vector("mlp-digits", "calibration.npz"),
        vector("mlp-digits", "test.npz"),
    );
    let compiled = place.json(&[
        "compile",
        &onnx,
        "--calibration",
        &data,
        "--test",
        &test,
        "--out",
        "m.verdict",
        "--optimize",
        "time",
    ]);
    assert!(compiled["accuracy"]["top1_agreement"].as_f64().unwrap() > 0.98);
    assert!(compiled["plan"]["candidates"].as_array().unwrap().len() > 5);

    let estimate = place.json(&["estimate", "m.verdict", "--optimize", "time"]);
    assert_eq!(estimate["digest"], compiled["digest"]);
    let chosen = &estimate["chosen"];

    let proved = place.json(&[
        "prove",
        "m.verdict",
        "--input",
        &input,
        "--dev",
        "--optimize",
        "time",
        "--onnx",
        &onnx,
        "--out",
        "p.json",
    ]);
    assert_eq!(
        (&proved["k"], &proved["width"]),
        (&chosen["k"], &chosen["width"])
    );
    assert_eq!(proved["proof_bytes"], chosen["proof_bytes"]);
    let (reals, float) = (
        &proved["outputs"][0]["reals"],
        &proved["outputs"][0]["float"],
    );
    for (ours, theirs) in reals
        .as_array()
        .unwrap()
        .iter()
        .zip(float.as_array().unwrap())
    {
        assert!(
            (ours.as_f64().unwrap() - theirs.as_f64().unwrap()).abs() < 1.0,
            "{reals} {float}"
        );
    }

    let verified = place.json(&["verify", "p.json", "--model", "m.verdict", "--evm", "--dev"]);
    assert_eq!(verified["verified"], true);
    assert_eq!(verified["native"]["accepted"], true);
    assert_eq!(verified["evm"]["development_setup"], true);
    assert_eq!(verified["key_digest"], proved["key_digest"]);
    assert_eq!(
        verified["decoded"][0]["integers"],
        proved["outputs"][0]["integers"]
    );
    let gas = |value: &serde_json::Value, field: &str| value[field].as_f64().unwrap();
    for field in [
        "gas_verify_transaction",
        "gas_register_model",
        "gas_deploy_verifier",
    ] {
        let (measured, predicted) = (gas(&verified["evm"], field), gas(chosen, field));
        assert!(
            (measured / predicted - 1.0).abs() < 0.02,
            "{field}: {measured}, predicted {predicted}"
        );
    }
    assert_eq!(verified["evm"]["calldata_bytes"], chosen["calldata_bytes"]);

    let inspected = place.json(&["inspect", "p.json", "--model", "m.verdict"]);
    assert_eq!(inspected["kind"], "proof");
    assert_eq!(inspected["decoded"], verified["decoded"]);
    assert_eq!(
        place.json(&["inspect", "m.verdict"])["kind"],
        "compiled_model"
    );
    assert_eq!(place.json(&["inspect", &onnx])["parameters"], 2410);
    for arguments in [
        &["inspect", "p.json"][..],
        &["inspect", "m.verdict"],
        &["inspect", &onnx],
        &["estimate", "m.verdict"],
        &["verify", "p.json", "--model", "m.verdict", "--dev"],
        &["srs", "list"],
    ] {
        assert!(place.ok(arguments).lines().count() > 2, "{arguments:?}");
    }
    // A key that was compared with nothing has an exit code of its own.
    place.fails(7, &["verify", "p.json", "--dev"], &["--model", "--key"]);
}

#[test]
fn public_inputs_are_decoded() {
    let place = Place::new();
    let input = vector("logreg-breast-cancer", "input.json");
    place.compile_to("m.verdict", "logreg-breast-cancer", &["--input", "public"]);
    place.ok(&["prove", "m.verdict", "--input", &input, "--dev"]);
    let verified = place.json(&["verify", "proof.json", "--model", "m.verdict", "--dev"]);
    let (first, second) = (&verified["decoded"][0], &verified["decoded"][1]);
    assert_eq!(
        (&first["role"], &second["role"]),
        (&"input".into(), &"output".into())
    );
    let given: serde_json::Value = serde_json::from_slice(&std::fs::read(&input).unwrap()).unwrap();
    let scales = &place.json(&["inspect", "m.verdict"])["manifest"]["inputs"][0]["scales"];
    let given = given["input_data"][0].as_array().unwrap();
    for (i, (given, decoded)) in given
        .iter()
        .zip(first["reals"].as_array().unwrap())
        .enumerate()
    {
        let scale = scales
            .get(i)
            .or_else(|| scales.get(0))
            .unwrap()
            .as_f64()
            .unwrap();
        let error = (given.as_f64().unwrap() - decoded.as_f64().unwrap()).abs();
        assert!(
            error <= scale,
            "feature {i}: {given} became {decoded}, scale {scale}"
        );
    }
}

/// The fields that other programs read.
fn check(measured: &serde_json::Value) {
    for field in [
        "parameters",
        "k",
        "width",
        "proof_bytes",
        "calldata_bytes",
        "gas_verify_transaction",
        "gas_intrinsic",
        "gas_calldata",
        "gas_execution",
        "gas_deploy_verifier",
        "gas_register_model",
    ] {
        assert!(
            measured[field].as_u64().is_some_and(|value| value > 0),
            "{field}: {}",
            measured[field]
        );
    }
    for field in [
        "setup_seconds",
        "keygen_seconds",
        "prove_seconds",
        "verify_seconds",
    ] {
        assert!(
            measured[field].as_f64().is_some_and(|value| value > 0.0),
            "{field}: {}",
            measured[field]
        );
    }
    if cfg!(target_os = "linux") {
        assert!(
            measured["prove_peak_rss_bytes"]
                .as_u64()
                .is_some_and(|bytes| bytes > 1 << 20)
        );
    }
    let parts: u64 = ["gas_intrinsic", "gas_calldata", "gas_execution"]
        .iter()
        .filter_map(|f| measured[f].as_u64())
        .sum();
    assert_eq!(Some(parts), measured["gas_verify_transaction"].as_u64());
    assert_eq!(measured["verified"], true);
    assert_eq!(measured["tampered_rejected"], true);
    assert_eq!(measured["development_setup"], true);
}

#[test]
fn the_demo_tells_everything() {
    let place = Place::new();
    let measured = place.json(&["demo"]);
    assert_eq!(measured["model"], "mlp-digits");
    check(&measured);
    assert_eq!(measured["prediction"]["agree"], true);
    assert!(measured["top1"].as_f64().unwrap() > 0.99);
    for forgery in measured["tampered"].as_array().unwrap() {
        let error = forgery["contract_error"].as_str().unwrap();
        assert!(
            error == "ProofRejected" || error.starts_with("WrongProofLength"),
            "{error}"
        );
    }
    // It writes nothing that stays.
    assert!(!place.cache("").exists());

    let text = place
        .run(&[
            "demo",
            "--model",
            "logreg-breast-cancer",
            "--optimize",
            "time",
        ])
        .assert()
        .success();
    let parts = [
        "benign",
        "float model",
        "ProofRejected",
        "registering the model",
        "deploying the verifier",
        "INSECURE",
    ];
    for part in parts {
        assert!(
            predicate::str::contains(part)
                .eval(&String::from_utf8_lossy(&text.get_output().stdout)),
            "{part}"
        );
    }
}

#[test]
fn the_bench_prints_an_array() {
    let place = Place::new();
    let vectors = vector("", "");
    let measured = place.json(&[
        "bench",
        "--vectors",
        &vectors,
        "--models",
        "logreg-breast-cancer,mlp-digits",
        "--optimize",
        "time",
        "--runs",
        "2",
    ]);
    let models: Vec<&str> = measured
        .as_array()
        .unwrap()
        .iter()
        .filter_map(|it| it["model"].as_str())
        .collect();
    assert_eq!(models, ["logreg-breast-cancer", "mlp-digits"]);
    measured.as_array().unwrap().iter().for_each(check);

    let (onnx, data) = (
        vector("mlp-digits", "model.onnx"),
        vector("mlp-digits", "calibration.npz"),
    );
    let measured = place.json(&[
        "bench",
        "--model",
        &onnx,
        "--calibration",
        &data,
        "--optimize",
        "time",
        "--output-name",
        "relu_0_out",
    ]);
    check(&measured[0]);
    // The 32 hidden values: 15 to a word, and the context.
    assert_eq!(measured[0]["public_values"], 4);
}

#[test]
fn help_completions_and_exit_codes_are_there() {
    let place = Place::new();
    let help = place.ok(&["--help"]);
    assert!(help.contains("Exit codes:") && help.contains("VERDICT_CACHE"));
    for command in [
        "compile",
        "estimate",
        "prove",
        "verify",
        "accuracy",
        "commit",
        "hide",
        "redact",
        "audit",
        "inspect",
        "demo",
        "bench",
        "bundle",
        "completions",
        "srs",
    ] {
        assert!(help.contains(command), "{command}");
        assert!(
            place.ok(&[command, "--help"]).contains("Example"),
            "{command}"
        );
    }
    for command in ["import", "dev", "list"] {
        assert!(
            place.ok(&["srs", command, "--help"]).contains("Example"),
            "{command}"
        );
    }
    for shell in ["bash", "zsh", "fish"] {
        assert!(
            place.ok(&["completions", shell]).contains("estimate"),
            "{shell}"
        );
    }
}
