//! Counting correct answers: the added output says where the model's class is the label.
#![allow(clippy::unwrap_used, missing_docs)]

use std::path::{Path, PathBuf};

use verdict_compiler::{Options, Reference, compile, count_correct, import};
use verdict_model::{DataSet, OutOfDomain, execute};

fn vector(name: &str, file: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("../../test-vectors")
        .join(name)
        .join(file)
}

#[test]
fn correct_answers_are_ones() {
    let folder = tempfile::tempdir().unwrap();
    let onnx = folder.path().join("labelled.onnx");
    let bytes = count_correct(vector("mlp-digits", "model.onnx"), None).unwrap();
    std::fs::write(&onnx, bytes).unwrap();
    let float = import(&onnx).unwrap();
    assert_eq!(float.output_names, ["correct"]);

    // Its calibration data has no labels.
    let test = DataSet::load(vector("mlp-digits", "test.npz"), &float.input_specs()).unwrap();
    let model = compile(&float, &test, &Options::default()).unwrap();
    let reference = Reference::new(&float).unwrap();
    let plain = import(vector("mlp-digits", "model.onnx")).unwrap();
    let plain = Reference::new(&plain).unwrap();
    let (mut rows, mut correct, mut agree) = (0, 0, 0);
    for row in test.rows() {
        let Ok(inputs) = model.quantise_input(row, OutOfDomain::Reject) else {
            continue;
        };
        let graph = model.graph();
        let found = execute(graph, &inputs).unwrap().outputs(graph);
        let found = model.dequantise_output(&found)[0][0];
        assert!(found == 0.0 || found == 1.0, "{found}");
        let scores = plain.run(&row[..1]).unwrap().remove(0);
        let best = (0..scores.len()).max_by(|a, b| scores[*a].total_cmp(&scores[*b]));
        let expected = f64::from(u8::from(best.unwrap() as f64 == row[1][0]));
        assert_eq!(reference.run(row).unwrap()[0][0], expected);
        rows += 1;
        correct += usize::from(found == 1.0);
        agree += usize::from(found == expected);
        // Any other label makes a correct answer wrong.
        if found == 1.0 {
            let mut other = row.clone();
            other[1][0] = (row[1][0] + 1.0) % 10.0;
            let inputs = model.quantise_input(&other, OutOfDomain::Reject).unwrap();
            let found = execute(graph, &inputs).unwrap().outputs(graph);
            assert_eq!(model.dequantise_output(&found)[0][0], 0.0);
        }
    }
    assert!(rows > 100 && correct * 10 > rows * 9, "{correct} of {rows}");
    assert!(agree * 1000 >= rows * 995, "{agree} of {rows}");
}

#[test]
fn names_that_are_not_there_or_there_already() {
    let model = vector("mlp-digits", "model.onnx");
    let error = count_correct(&model, Some("nothing"))
        .unwrap_err()
        .to_string();
    assert!(
        error.contains("`nothing`") && error.contains("outputs are"),
        "{error}"
    );
    let folder = tempfile::tempdir().unwrap();
    let twice = folder.path().join("twice.onnx");
    std::fs::write(&twice, count_correct(&model, None).unwrap()).unwrap();
    let error = count_correct(&twice, None).unwrap_err().to_string();
    assert!(error.contains("`y`"), "{error}");
}
