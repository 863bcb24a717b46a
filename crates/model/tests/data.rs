//! Data files: every format, and what every refusal says.
#![allow(clippy::unwrap_used)]

mod common;

use std::io::Cursor;

use common::File;
use ndarray::{Array1, Array2, arr1, arr2};
use ndarray_npy::{NpzWriter, WriteNpyExt};
use verdict_model::{DataSet, InputSpec, ModelError};

fn spec(name: &str, len: usize) -> InputSpec {
    InputSpec {
        name: name.into(),
        shape: vec![len],
        len,
        missing: false,
    }
}

fn load(name: &str, bytes: &[u8], specs: &[InputSpec]) -> Result<Vec<Vec<Vec<f64>>>, ModelError> {
    let file = File::new(name, bytes);
    DataSet::load(&file.path, specs).map(|data| data.rows().to_vec())
}

fn refuses(name: &str, bytes: &[u8], specs: &[InputSpec], parts: &[&str]) {
    let message = load(name, bytes, specs).unwrap_err().to_string();
    for part in parts.iter().chain(&[name]) {
        assert!(
            message.contains(part),
            "`{message}` does not mention `{part}`"
        );
    }
}

#[test]
fn json() {
    let one = [spec("x", 2)];
    let expected = vec![vec![vec![1.0, 2.5]], vec![vec![-3.0, 4.0]]];
    for text in [
        "[[1, 2.5], [-3, 4]]",
        "[[[1], [2.5]], [[-3], [4]]]",
        r#"{"inputs": [[1, 2.5], [-3, 4]]}"#,
        r#"{"inputs": {"x": [[1, 2.5], [-3, 4]]}}"#,
        r#"{"x": [[1, 2.5], [-3, 4]]}"#,
        r#"{"input_data": [[1, 2.5, -3, 4]]}"#,
        r#"{"input_data": [["1", "2.5"], [-3, 4]], "output_data": []}"#,
    ] {
        assert_eq!(
            load("d.json", text.as_bytes(), &one).unwrap(),
            expected,
            "{text}"
        );
    }
    assert_eq!(load("d.json", b"[1, 2.5]", &one).unwrap(), expected[..1]);

    let two = [spec("x", 2), spec("z", 1)];
    let expected = vec![
        vec![vec![1.0, 2.0], vec![3.0]],
        vec![vec![4.0, 5.0], vec![6.0]],
    ];
    for text in [
        "[[[1, 2], [3]], [[4, 5], [6]]]",
        r#"{"inputs": {"z": [[3], [6]], "x": [[1, 2], [4, 5]]}}"#,
        r#"{"input_data": [[1, 2, 4, 5], [3, 6]]}"#,
    ] {
        assert_eq!(
            load("d.json", text.as_bytes(), &two).unwrap(),
            expected,
            "{text}"
        );
    }
}

#[test]
fn json_refusals() {
    let one = [spec("x", 2)];
    refuses(
        "d.json",
        b"[[1, 2], [3]]",
        &one,
        &["row 1", "`x`", "1 values", "expected 2"],
    );
    refuses(
        "d.json",
        b"[[1, null]]",
        &one,
        &["row 0", "value 1", "null", "finite"],
    );
    refuses("d.json", b"[[1, 2", &one, &["not valid JSON"]);
    refuses("d.json", b"7", &one, &["array of rows"]);
    refuses("d.json", br#"{"y": [1, 2]}"#, &one, &["`x`", "missing"]);
    refuses(
        "d.json",
        br#"{"input_data": [[1, 2, 3]]}"#,
        &one,
        &["row 1", "expected 2"],
    );
    refuses(
        "d.json",
        br#"{"input_data": [[1, 2]]}"#,
        &[spec("x", 1), spec("z", 1)],
        &["1 lists", "`x`, `z`"],
    );
    refuses(
        "d.json",
        br#"{"input_data": [[1, 2], [1]]}"#,
        &[spec("x", 1), spec("z", 1)],
        &["`z`", "same number"],
    );
    refuses("d.json", br#"[[1, "NaN"]]"#, &one, &["NaN", "finite"]);
    refuses("d.txt", b"", &one, &["expected .json, .csv, .npy or .npz"]);
}

#[test]
fn csv() {
    let one = [spec("x", 2)];
    let expected = vec![vec![vec![1.0, 2.5]], vec![vec![-3.0, 4.0]]];
    for text in [
        "1,2.5\n-3,4\n",
        "a,b\n1,2.5\n-3,4",
        "1, 2.5\n\n# comment\n-3, 4e0\n",
    ] {
        assert_eq!(
            load("d.csv", text.as_bytes(), &one).unwrap(),
            expected,
            "{text}"
        );
    }
    refuses(
        "d.csv",
        b"a,b\n1,2\n3\n",
        &one,
        &["row 1", "1 values", "expected 2"],
    );
    refuses(
        "d.csv",
        b"1,2\n3,four\n",
        &one,
        &["row 1", "value 1", "`four`"],
    );
    refuses("d.csv", b"1,2\n3,inf\n", &one, &["row 1", "value 1", "inf"]);
}

fn npy<T: ndarray_npy::WritableElement>(array: &Array2<T>) -> Vec<u8> {
    let mut bytes = Cursor::new(Vec::new());
    array.write_npy(&mut bytes).unwrap();
    bytes.into_inner()
}

#[test]
fn npy_of_every_type() {
    let one = [spec("x", 2)];
    let expected = vec![vec![vec![1.0, 2.0]], vec![vec![3.0, 4.0]]];
    assert_eq!(
        load("d.npy", &npy(&arr2(&[[1f32, 2.0], [3.0, 4.0]])), &one).unwrap(),
        expected
    );
    assert_eq!(
        load("d.npy", &npy(&arr2(&[[1f64, 2.0], [3.0, 4.0]])), &one).unwrap(),
        expected
    );
    assert_eq!(
        load("d.npy", &npy(&arr2(&[[1i64, 2], [3, 4]])), &one).unwrap(),
        expected
    );
    assert_eq!(
        load("d.npy", &npy(&arr2(&[[1u8, 2], [3, 4]])), &one).unwrap(),
        expected
    );
    // Column-major files hold the same rows.
    let columns = arr2(&[[1i16, 3], [2, 4]]).reversed_axes();
    assert_eq!(load("d.npy", &npy(&columns), &one).unwrap(), expected);
    // Two inputs side by side.
    let both = load(
        "d.npy",
        &npy(&arr2(&[[1f32, 2.0, 3.0]])),
        &[spec("x", 2), spec("z", 1)],
    )
    .unwrap();
    assert_eq!(both, [[vec![1.0, 2.0], vec![3.0]]]);

    refuses(
        "d.npy",
        &npy(&arr2(&[[1f32, f32::NAN]])),
        &one,
        &["row 0", "value 1", "NaN"],
    );
    refuses(
        "d.npy",
        &npy(&arr2(&[[1f32, 2.0, 3.0]])),
        &one,
        &["`x`", "3 values", "expected 2"],
    );
    refuses("d.npy", b"no array", &one, &["cannot be read"]);
    let mut cut = npy(&arr2(&[[1f32, 2.0]]));
    cut.pop();
    refuses("d.npy", &cut, &one, &["cannot be read"]);
}

#[test]
fn npz() {
    let archive = |names: [&str; 2]| {
        let mut writer = NpzWriter::new(Cursor::new(Vec::new()));
        writer
            .add_array(names[0], &arr2(&[[1f32, 2.0], [3.0, 4.0]]))
            .unwrap();
        writer.add_array(names[1], &arr1(&[5i64, 6])).unwrap();
        writer.finish().unwrap().into_inner()
    };
    let two = [spec("z", 1), spec("x", 2)];
    let expected = vec![
        vec![vec![5.0], vec![1.0, 2.0]],
        vec![vec![6.0], vec![3.0, 4.0]],
    ];
    assert_eq!(load("d.npz", &archive(["x", "z"]), &two).unwrap(), expected);
    // Labels beside the inputs do not disturb.
    let rows = load("d.npz", &archive(["x", "y"]), &[spec("input", 2)]).unwrap();
    assert_eq!(rows, [[vec![1.0, 2.0]], [vec![3.0, 4.0]]]);
    refuses("d.npz", &archive(["a", "b"]), &two, &["`z`", "a, b"]);
    refuses("d.npz", b"no archive", &two, &["not a valid .npz"]);

    let mut writer = NpzWriter::new(Cursor::new(Vec::new()));
    writer
        .add_array("whatever", &Array1::from(vec![1f32, 2.0]))
        .unwrap();
    let single = writer.finish().unwrap().into_inner();
    assert_eq!(
        load("d.npz", &single, &[spec("x", 2)]).unwrap(),
        [[vec![1.0, 2.0]]]
    );
}

#[test]
fn missing_file() {
    let error = DataSet::load("/nonexistent/d.csv", &[spec("x", 1)]).unwrap_err();
    assert!(matches!(error, ModelError::Read { .. }));
}
