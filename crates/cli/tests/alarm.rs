//! What `verdict compile` does where the integers miss the float model, or nobody can say whether
//! the file was read right.
#![allow(clippy::unwrap_used)]

mod common;

use common::{Place, onnx, vector};

#[test]
fn models_too_coarse_to_use_have_an_exit_code() {
    let place = Place::new();
    let (model, data) = (
        vector("logreg-breast-cancer", "model.onnx"),
        vector("logreg-breast-cancer", "calibration.npz"),
    );
    let coarse = [
        "compile",
        &model,
        "--calibration",
        &data,
        "--out",
        "m.verdict",
        "--activation-bits",
        "2",
        "--output-bits",
        "2",
        "--input-bits",
        "2",
    ];
    let parts = [
        "% of its range",
        "limit",
        "--equalise",
        "--activation-bits",
        "--accept-accuracy",
    ];
    place.fails(8, &coarse, &parts);
    assert!(!place.path("m.verdict").exists());
    // Nothing that only the compiler's authors understand.
    let done = place.run(&coarse).assert().code(8);
    let message = String::from_utf8_lossy(&done.get_output().stderr).into_owned();
    assert!(!message.contains("badness"), "{message}");

    let accepted = [&coarse[..], &["--accept-accuracy"]].concat();
    let compiled = place.json(&accepted);
    let assurance = &compiled["manifest"]["assurance"];
    assert_eq!(assurance["accepted_accuracy"], true);
    assert_eq!(assurance["unchecked"], false);
    assert_eq!(compiled["accuracy"]["reference"], "tract");
    let output = &compiled["accuracy"]["outputs"][0];
    assert!(output["relative_error"].as_f64().unwrap() > 0.05);
    let inspected = place.ok(&["inspect", "m.verdict"]);
    assert!(
        inspected.contains("compiled with --accept-accuracy"),
        "{inspected}"
    );
    // What is fine needs no such word, and gets none.
    let fine = [
        "compile",
        &model,
        "--calibration",
        &data,
        "--out",
        "f.verdict",
    ];
    let text = place.ok(&[&fine[..], &["--accept-accuracy"]].concat());
    assert!(text.contains("as tract runs it"), "{text}");
    assert!(!text.contains("CAUTION"), "{text}");
}

#[test]
fn a_file_that_tract_cannot_run_is_compiled_and_says_so() {
    let place = Place::new();
    let model = onnx("Abs", [0.5, -1.0, 2.0, 0.25], Ok(2));
    place.write("m.onnx", model);
    let rows: Vec<String> = (0..30)
        .map(|i| {
            format!(
                "{},{}",
                f64::from(i) / 7.0 - 2.0,
                f64::from(i * i % 17) / 5.0 - 1.0
            )
        })
        .collect();
    place.write("d.csv", rows.join("\n"));
    let checked = place.json(&["compile", "m.onnx", "--calibration", "d.csv"]);
    assert_eq!(checked["manifest"]["assurance"]["unchecked"], false);

    let crop = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/fixtures/crop.onnx");
    let rows: Vec<String> = (0..30)
        .map(|i| {
            let cell = |j: i32| f64::from((i * 7 + j * 5) % 23) / 11.0 - 1.0;
            (0..5)
                .map(|j| cell(j).to_string())
                .collect::<Vec<_>>()
                .join(",")
        })
        .collect();
    place.write("c.csv", rows.join("\n"));
    let compile = [
        "compile",
        crop,
        "--calibration",
        "c.csv",
        "--out",
        "c.verdict",
    ];
    let done = place.run(&compile).assert().success();
    let (text, errors) = (
        String::from_utf8_lossy(&done.get_output().stdout).into_owned(),
        String::from_utf8_lossy(&done.get_output().stderr).into_owned(),
    );
    assert!(text.contains("which nobody else checked"), "{text}");
    assert!(!errors.contains("panicked"), "{errors}");
    let compiled = place.json(&compile);
    assert_eq!(compiled["accuracy"]["reference"], "importer");
    let reason = compiled["accuracy"]["reason"].as_str().unwrap();
    assert!(reason.starts_with("tract cannot run the file"), "{reason}");
    assert_eq!(compiled["manifest"]["assurance"]["unchecked"], true);
    let inspected = place.ok(&["inspect", "c.verdict"]);
    assert!(
        inspected.contains("compared with no other reader"),
        "{inspected}"
    );
    let measured = place.json(&["accuracy", "c.verdict", "--onnx", crop, "--test", "c.csv"]);
    assert_eq!(measured["reference"], "importer");
}

#[test]
fn what_takes_too_much_memory_is_refused_before_it_does() {
    let place = Place::new();
    let (model, data) = (
        vector("mlp-digits28", "model.onnx"),
        vector("mlp-digits28", "calibration.npz"),
    );
    let compile = [
        "compile",
        &model,
        "--calibration",
        &data,
        "--out",
        "m.verdict",
    ];
    let limited = |limit: &'static str| [&compile[..], &["--memory-limit", limit]].concat();
    let parts = ["needs about", "the limit is 2 MiB", "--memory-limit"];
    place.fails(5, &limited("0.001"), &parts);
    assert!(!place.path("m.verdict").exists());
    place.fails(2, &limited("none"), &["expected a number of GiB"]);
}
