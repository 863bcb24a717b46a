//! Batches, commitments and private weights, from the command line.

#![allow(clippy::unwrap_used)]

mod common;

use common::{Place, vector};

const MODEL: &str = "logreg-breast-cancer";

fn compile(place: &Place, input: &str) {
    place.compile_to("m.verdict", MODEL, &["--input", input]);
}

#[test]
fn a_batch_is_proved_and_decoded_item_by_item() {
    let place = Place::new();
    compile(&place, "private");
    let data = vector(MODEL, "calibration.npz");
    let arguments = [
        "prove",
        "m.verdict",
        "--input",
        &data,
        "--row",
        "3",
        "--batch",
        "4",
        "--dev",
    ];
    let proved = place.json(&arguments);
    let each = |value: &serde_json::Value| {
        value["per_inference"]["gas_verify_transaction"]
            .as_f64()
            .unwrap()
    };
    let verified = place.json(&[
        "verify",
        "proof.json",
        "--model",
        "m.verdict",
        "--evm",
        "--dev",
    ]);
    assert_eq!(
        (&verified["verified"], &verified["batch"]),
        (&true.into(), &4.into())
    );
    assert!((each(&verified) / each(&proved) - 1.0).abs() < 0.02);
    for item in 0..4 {
        assert_eq!(verified["decoded"][item]["item"], item);
        assert_eq!(
            verified["decoded"][item]["integers"],
            proved["outputs"][item]["integers"]
        );
    }
    let file = place.read_json("proof.json");
    assert_eq!(file["batch"]["tensors"][0]["layout"], "across");

    // The file's description of the batch is not believed.
    for (code, field, value) in [
        (4, "items", 5.into()),
        (3, "items", 1.into()),
        (3, "tensors", serde_json::json!([])),
    ] {
        let mut bent = file.clone();
        bent["batch"][field] = value;
        place.write("bent.json", bent.to_string());
        let verify = ["verify", "bent.json", "--model", "m.verdict", "--dev"];
        place.fails(code, &verify, &["error"]);
    }

    let output = verified["decoded"][0]["name"].as_str().unwrap().to_owned();
    place.ok(&[&arguments[..], &["--sum", &output, "--out", "sum.json"]].concat());
    let summed = place.json(&["verify", "sum.json", "--model", "m.verdict", "--dev"]);
    let sum: i64 = (0..4)
        .map(|i| verified["decoded"][i]["integers"][0].as_i64().unwrap())
        .sum();
    assert_eq!(summed["decoded"][0]["integers"], serde_json::json!([sum]));

    let too_many = [
        "prove",
        "m.verdict",
        "--input",
        &data,
        "--batch",
        "100000",
        "--dev",
    ];
    place.fails(3, &too_many, &["rows"]);
    place.fails(
        2,
        &[&arguments[..], &["--sum", "nothing"]].concat(),
        &["outputs are", &output],
    );
    let estimate = place.json(&["estimate", "m.verdict", "--batch", "1000"]);
    assert_eq!(estimate["batch"], 1000);
    assert!(each(&estimate) < 1000.0);
}

/// The one secret file that begins so.
fn secret(place: &Place, prefix: &str) -> String {
    let folder = std::fs::read_dir(place.path(".")).unwrap();
    let names = folder.map(|entry| entry.unwrap().file_name().into_string().unwrap());
    let mut found: Vec<String> = names
        .filter(|name| name.starts_with(prefix) && name.ends_with(".secret"))
        .collect();
    assert_eq!(found.len(), 1, "{prefix}: {found:?}");
    found.remove(0)
}

#[cfg(unix)]
fn mode(place: &Place, name: &str, set: Option<u32>) -> u32 {
    use std::{fs, os::unix::fs::PermissionsExt};
    let path = place.path(name);
    if let Some(mode) = set {
        fs::set_permissions(&path, fs::Permissions::from_mode(mode)).unwrap();
    }
    fs::metadata(path).unwrap().permissions().mode() & 0o777
}

#[test]
fn committed_inputs_show_what_commit_prints_and_keep_their_salt() {
    let place = Place::new();
    compile(&place, "committed");
    let input = vector(MODEL, "input.json");
    let commit = ["commit", "m.verdict", "--input", &input];
    let salted = [&commit[..], &["--salt-out", "s.salt.secret"]].concat();
    let committed = place.json(&salted);
    let roots = place.read_json("s.salt.secret");
    let root = roots["roots"][0].as_str().unwrap().trim_start_matches("0x");
    assert!(
        !committed.to_string().contains(root),
        "nothing prints a root"
    );
    let prove = ["prove", "m.verdict", "--input", &input, "--dev"];
    let known = [&prove[..], &["--salt", "s.salt.secret"]].concat();
    let proved = place.json(&known);
    let verified = place.json(&[
        "verify",
        "proof.json",
        "--model",
        "m.verdict",
        "--evm",
        "--dev",
    ]);
    let shown = verified["public_values"].as_array().unwrap();
    let shown = shown.last().unwrap();
    assert_eq!(*shown, committed["inputs"][0]["commitment"]);
    assert_eq!(verified["decoded"][1]["commitment"], *shown);
    let proof = std::fs::read_to_string(place.path("proof.json")).unwrap();
    assert!(!proof.contains(root));
    let kept = secret(&place, "proof.json.");
    assert_eq!(proved["salt_file"], kept.as_str());
    assert_eq!(place.read_json(&kept), roots);
    #[cfg(unix)]
    for name in [kept.as_str(), "s.salt.secret"] {
        assert_eq!(mode(&place, name, None), 0o600, "{name}");
        // What others could read is no secret.
        mode(&place, name, Some(0o644));
        let known = [&prove[..], &["--salt", name]].concat();
        place.fails(3, &known, &[name, "chmod 600"]);
        mode(&place, name, Some(0o600));
    }
    // The same proof once more is no loss, and other salts never take the place of these.
    place.ok(&known);
    place.fails(3, &salted, &["s.salt.secret holds other salts"]);
    assert_eq!(place.read_json("s.salt.secret"), roots);
    let again = place.json(&prove);
    assert_ne!(again["salt_file"], kept.as_str());
    assert_eq!(place.read_json(&kept), roots);
    // A name that does not say that it is a secret.
    let other = [&commit[..], &["--salt-out", "s.json"]].concat();
    place.fails(3, &other, &["ends in .secret"]);
    // Another salt, another commitment; without a name, the salts are beside the input.
    place.write("row.json", std::fs::read(&input).unwrap());
    let again = place.json(&["commit", "m.verdict", "--input", "row.json"]);
    assert_ne!(again["inputs"][0]["commitment"], *shown);
    assert_eq!(again["salt_file"], secret(&place, "row.json.").as_str());
    let wrong = [&prove[..], &["--salt", "0x12"]].concat();
    place.fails(2, &wrong, &["--salt"]);
    compile(&place, "private");
    place.fails(3, &commit, &["--input committed"]);
}

#[test]
fn private_weights_are_hidden_redacted_and_audited() {
    let place = Place::new();
    place.compile_to("m.verdict", MODEL, &["--private-weights"]);
    let input = vector(MODEL, "input.json");
    place.ok(&["hide", "m.verdict"]);
    place.fails(2, &["hide", "m.verdict"], &["m.hiding.secret exists"]);
    let prove = [
        "prove",
        "m.verdict",
        "--input",
        &input,
        "--hiding",
        "m.hiding.secret",
        "--dev",
    ];
    let hidden = place.read_json("m.hiding.secret");
    let keys: Vec<_> = (0..3)
        .map(|_| place.json(&prove)["key_digest"].clone())
        .collect();
    assert!(keys.iter().all(|key| *key == keys[0]));
    // Another plan has another key, which the same secret hides as well.
    let wider = [&prove[..], &["--width", "7"]].concat();
    assert_ne!(place.json(&wider)["key_digest"], keys[0]);
    place.ok(&prove);
    assert_eq!(place.read_json("m.hiding.secret"), hidden);

    // What has weights ends in `.verdict`, and what has none does not.
    let confused = ["redact", "m.verdict", "--out", "a.verdict"];
    place.fails(2, &confused, &["a.verdict", "a.architecture"]);
    place.ok(&["redact", "m.verdict"]);
    place.ok(&["redact", "m.verdict", "--out", "a.architecture"]);
    assert_eq!(
        std::fs::read(place.path("m.architecture")).unwrap(),
        std::fs::read(place.path("a.architecture")).unwrap()
    );
    #[cfg(unix)]
    {
        assert_eq!(mode(&place, "m.hiding.secret", Some(0o604)), 0o604);
        place.fails(3, &prove, &["m.hiding.secret", "chmod 600"]);
        mode(&place, "m.hiding.secret", Some(0o600));
    }
    let named = ["hide", "m.verdict", "--out", "m.json"];
    place.fails(3, &named, &["ends in .secret"]);
    let proof = place.read_json("proof.json");
    // What the key hides, beside weights, nobody can tell without a key proof.
    let unproved = ["audit", "a.architecture", "--key", "proof.json", "--dev"];
    place.fails(4, &unproved, &["key proof"]);
    let hidden = [
        "bundle",
        "m.verdict",
        "--hiding",
        "m.hiding.secret",
        "--dev",
    ];
    assert_eq!(place.json(&hidden)["key_digest"], proof["key"]);
    let with_proof = ["--bundle", "m.bundle.json"];
    let audited = place.json(&[&unproved[..], &with_proof].concat());
    assert_eq!(audited["passes"], true);
    assert_eq!(audited["subject_digest"], proof["model"]);
    // The key alone, as a chain explorer shows it.
    place.write("key.hex", proof["verifying_key"].as_str().unwrap());
    let alone = ["audit", "a.architecture", "--key", "key.hex", "--dev"];
    let said = place.ok(&[&alone[..], &with_proof].concat());
    assert!(said.contains("weights and nothing else"), "{said}");
    place.fails(
        4,
        &["audit", "m.verdict", "--key", "key.hex", "--dev"],
        &["W_0"],
    );
    place.fails(
        4,
        &[
            "audit",
            "a.architecture",
            "--key",
            "key.hex",
            "--batch",
            "2",
            "--dev",
        ],
        &["differ"],
    );
    for model in ["a.architecture", "m.verdict"] {
        let verify = ["verify", "proof.json", "--model", model, "--evm", "--dev"];
        place.fails(4, &verify, &["key proof"]);
        let verified = place.json(&[&verify[..], &with_proof].concat());
        assert_eq!(verified["verified"], true, "{model}");
        assert_eq!(verified["private_weights"], true);
    }
    assert_eq!(
        place.json(&["inspect", "a.architecture"])["kind"],
        "compiled_model"
    );

    // Public weights: everything matches.
    place.ok(&[
        "prove",
        "m.verdict",
        "--input",
        &input,
        "--dev",
        "--out",
        "public.json",
    ]);
    let audited = place.json(&["audit", "m.verdict", "--key", "public.json", "--dev"]);
    assert!(
        audited["parts"]
            .as_array()
            .unwrap()
            .iter()
            .all(|it| it["finding"] == "matches")
    );
}

/// What `hide` and `redact` print is the architecture and no weight.
#[test]
fn what_stays_visible_of_private_weights_is_printed() {
    let place = Place::new();
    place.compile_to("m.verdict", MODEL, &["--private-weights"]);
    let text = place.ok(&["redact", "m.verdict", "--out", "a.architecture"]);
    for part in ["Visible to everybody", "bits", "first key", "scale"] {
        assert!(text.contains(part), "{text}");
    }
    let hidden = place.json(&["hide", "m.verdict"]);
    let redacted = place.json(&["redact", "m.verdict", "--out", "b.architecture"]);
    assert_eq!(hidden["visible"], redacted["visible"]);
    let tensors = hidden["visible"]["tensors"].as_array().unwrap();
    for tensor in tensors.iter().filter(|it| it["structure"] == false) {
        for kernel in tensor["kernels"].as_array().unwrap() {
            assert!(kernel["bits"].as_u64().unwrap() >= 2, "{tensor}");
        }
        // A scale that depends on weights is a power of two.
        if !tensor["kernels"].as_array().unwrap().is_empty() {
            let scale = tensor["scale"].as_f64().unwrap();
            assert_eq!(scale.log2().fract(), 0.0, "{tensor}");
        }
    }
    // Tables that cover the weights of the model alone would give them away.
    compile(&place, "private");
    for (command, out) in [("hide", "c.secret"), ("redact", "c.architecture")] {
        let arguments = [command, "m.verdict", "--out", out];
        place.fails(3, &arguments, &["--private-weights"]);
    }
}

#[test]
fn the_accuracy_report_stands_alone() {
    let place = Place::new();
    let (onnx, data) = (
        vector("mlp-digits", "model.onnx"),
        vector("mlp-digits", "calibration.npz"),
    );
    let test = vector("mlp-digits", "test.npz");
    let measured = place.json(&[
        "accuracy",
        &onnx,
        "--calibration",
        &data,
        "--test",
        &test,
        "--report",
        "out.html",
    ]);
    assert_eq!(measured["task"]["labelled"], true);
    assert!(measured["task"]["top1_loss"].as_f64().unwrap() <= 0.3);
    assert!(measured["agreement"].as_f64().unwrap() > 0.98);
    let html = std::fs::read_to_string(place.path("out.html")).unwrap();
    assert!(html.contains("Confusion") && html.contains("Error by layer"));
    for outside in ["http:", "https:", "<script", "url("] {
        assert!(!html.contains(outside), "{outside}");
    }
    place.compile("mlp-digits");
    let again = place.ok(&[
        "accuracy",
        "mlp-digits.verdict",
        "--onnx",
        &onnx,
        "--test",
        &test,
    ]);
    assert!(again.contains("top-1: float"));
    place.fails(
        2,
        &["accuracy", "mlp-digits.verdict", "--test", &test],
        &["--onnx"],
    );
}
