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
        whole: false,
        words: Vec::new(),
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

/// Whoever reads a decimal has the float that is nearest to it, as contracts do: data that lie on a
/// threshold must not move.
#[test]
fn decimals_become_the_nearest_float() {
    let one = [spec("x", 1)];
    let mut decimals: Vec<String> = [
        "0.1",
        "2001.50000001",
        "9007199254740993",
        "9007199254740993.00000000000000000000001",
        "9007199254740992.99999999999999999999999",
        "-0.500000000000000055511151231257827021181583404541015625",
        "1e-36",
        "123456789012345678901234567890e-36",
        "5e-324",
        "1.7976931348623157e308",
    ]
    .map(Into::into)
    .to_vec();
    // Of many digits, as feeds with 18 decimals and floats written in full have them.
    let mut digits = 0x9e37_79b9_7f4a_7c15_u64;
    for _ in 0..500 {
        digits = digits
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1);
        decimals.push(format!(
            "{}.{:018}",
            digits >> 52,
            digits % 1_000_000_000_000_000_000
        ));
        decimals.push(format!("-{digits}e-18"));
    }
    for decimal in decimals {
        let expected = vec![vec![vec![decimal.parse::<f64>().unwrap()]]];
        let json = format!("[[{decimal}]]");
        assert_eq!(
            load("d.json", json.as_bytes(), &one).unwrap(),
            expected,
            "{decimal}"
        );
        let csv = format!("{decimal}\n");
        assert_eq!(
            load("d.csv", csv.as_bytes(), &one).unwrap(),
            expected,
            "{decimal}"
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
        br#"{"input_data": [[1, 2, 3]]}"#,
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

/// A .npy file put together by hand.
fn raw_npy(descr: &str, fortran: &str, shape: &str, data: &[u8]) -> Vec<u8> {
    let header =
        format!("{{'descr': '{descr}', 'fortran_order': {fortran}, 'shape': {shape}, }}\n");
    let mut bytes = b"\x93NUMPY\x01\x00".to_vec();
    bytes.extend((header.len() as u16).to_le_bytes());
    bytes.extend(header.as_bytes());
    bytes.extend(data);
    bytes
}

#[test]
fn npy_of_other_widths_and_orders() {
    let one = [spec("x", 2)];
    let halves = |values: [u16; 4]| values.map(u16::to_le_bytes).concat();
    // 1, -2, the smallest subnormal, the largest finite.
    let bytes = halves([0x3c00, 0xc000, 0x0001, 0x7bff]);
    assert_eq!(
        load("d.npy", &raw_npy("<f2", "False", "(2, 2)", &bytes), &one).unwrap(),
        [[[1.0, -2.0]], [[2f64.powi(-24), 65504.0]]]
    );
    let big: Vec<u8> = [0x3c00u16, 0xc000, 0x3800, 0x0000]
        .map(u16::to_be_bytes)
        .concat();
    assert_eq!(
        load("d.npy", &raw_npy(">f2", "True", "(2, 2)", &big), &one).unwrap(),
        [[[1.0, 0.5]], [[-2.0, 0.0]]]
    );
    let big = [1.5f32, -2.0, 3.0, 4.0].map(f32::to_be_bytes).concat();
    assert_eq!(
        load("d.npy", &raw_npy(">f4", "False", "(2, 2)", &big), &one).unwrap(),
        [[[1.5, -2.0]], [[3.0, 4.0]]]
    );
    let big = [-1i16, 2, 300, -400].map(i16::to_be_bytes).concat();
    assert_eq!(
        load("d.npy", &raw_npy(">i2", "False", "(2, 2)", &big), &one).unwrap(),
        [[[-1.0, 2.0]], [[300.0, -400.0]]]
    );
    // Column-major in three axes.
    let cube: Vec<u8> = (0..8u8).collect();
    assert_eq!(
        load(
            "d.npy",
            &raw_npy("|u1", "True", "(2, 2, 2)", &cube),
            &[spec("x", 4)]
        )
        .unwrap(),
        [[[0.0, 4.0, 2.0, 6.0]], [[1.0, 5.0, 3.0, 7.0]]]
    );
    let infinite = halves([0x3c00, 0x7c00, 0, 0]);
    refuses(
        "d.npy",
        &raw_npy("<f2", "False", "(2, 2)", &infinite),
        &one,
        &["row 0", "value 1", "inf"],
    );
    for (descr, part) in [
        ("|O", "`|O`"),
        ("<U5", "`<U5`"),
        ("|V2", "bfloat16"),
        ("<c8", "`<c8`"),
    ] {
        refuses(
            "d.npy",
            &raw_npy(descr, "False", "(2, 2)", &[0; 64]),
            &one,
            &[part],
        );
    }
}

#[test]
fn damaged_arrays_are_refused_without_taking_memory() {
    let one = [spec("x", 2)];
    let huge = raw_npy("<f8", "False", "(1000000000000, 2)", &[0; 16]);
    refuses("d.npy", &huge, &one, &["more than"]);
    let claims = raw_npy("<f8", "False", "(100000000, 2)", &[0; 16]);
    refuses("d.npy", &claims, &one, &["ends too early"]);
    let overflow = raw_npy("<f8", "False", "(4294967296, 4294967296, 2)", &[]);
    refuses("d.npy", &overflow, &one, &["more than"]);
    let whole = raw_npy("<f4", "False", "(2, 2)", &[0; 16]);
    let mut writer = NpzWriter::new_compressed(Cursor::new(Vec::new()));
    writer
        .add_array("x", &arr2(&[[1f32, 2.0], [3.0, 4.0]]))
        .unwrap();
    let archive = writer.finish().unwrap().into_inner();
    for (name, whole) in [("d.npy", whole), ("d.npz", archive)] {
        for cut in 0..whole.len() {
            let _ = load(name, &whole[..cut], &one).unwrap_err();
        }
        // Any byte may be wrong: no panic, whatever comes of it.
        for at in 0..whole.len() {
            for value in [0, b'\'', b'(', 0xff] {
                let mut damaged = whole.clone();
                damaged[at] = value;
                let _ = load(name, &damaged, &one);
            }
        }
    }
    let nested = format!("{}1{}", "[".repeat(100_000), "]".repeat(100_000));
    let _ = load("d.json", nested.as_bytes(), &one).unwrap_err();
}

#[test]
fn csv_as_pandas_writes_it() {
    let one = [spec("x", 3)];
    let expected = vec![vec![vec![0.5, 1.0, 2.0]], vec![vec![3.0, 4.0, 5.0]]];
    for text in [
        // Columns without names, without and with the rows' numbers.
        "0,1,2\n0.5,1.0,2.0\n3,4,5\n",
        ",0,1,2\n0,0.5,1.0,2.0\n1,3,4,5\n",
        // With names and the rows' numbers.
        ",a,b,c\n0,0.5,1,2\n1,3,4,5\n",
        "Unnamed: 0,a,b,c\n0,0.5,1,2\n1,3,4,5\n",
        // With a label.
        "a,b,c,target\n0.5,1,2,7\n3,4,5,8\n",
        "label,a,b,c\n7,0.5,1,2\n8,3,4,5\n",
        // Some names are numbers.
        "a,2020,2021\n0.5,1,2\n3,4,5\n",
        // Semicolons and tabs, a byte order mark, the line ends of Windows.
        "a;b;c\n0.5;1;2\n3;4;5\n",
        "a\tb\tc\r\n0.5\t1\t2\r\n3\t4\t5\r\n",
        "\u{feff}a,b,c\n0.5,1,2\n3,4,5\n",
    ] {
        let found = load("d.csv", text.as_bytes(), &one);
        assert_eq!(found.unwrap(), expected, "{text}");
    }
    let rows = |text: &str, spec: &[InputSpec]| load("d.csv", text.as_bytes(), spec).unwrap();
    // One column: a name above decimal numbers, a value above whole ones.
    let one = [spec("x", 1)];
    assert_eq!(rows("0\n0.5\n1.5\n", &one), [[[0.5]], [[1.5]]]);
    assert_eq!(rows("0\n1\n1\n", &one), [[[0.0]], [[1.0]], [[1.0]]]);
    // Truth values.
    assert_eq!(rows("flag\nTrue\nFalse\n", &one), [[[1.0]], [[0.0]]]);
}

#[test]
fn csv_columns_by_name() {
    let two = [spec("age", 1), spec("income", 1)];
    let text = b"id,income,label,age\n7,100,1,30\n8,200,0,40\n";
    let file = File::new("d.csv", text);
    let data = DataSet::load(&file.path, &two).unwrap();
    assert_eq!(data.rows(), [[[30.0], [100.0]], [[40.0], [200.0]]]);
    assert!(
        data.notes()[0].contains("`id`, `label`"),
        "{:?}",
        data.notes()
    );
    refuses(
        "d.csv",
        b"id,income,age\n7,100,30\n8,,40\n",
        &two,
        &["row 1", "`income`", "missing", "line 3, column `income`"],
    );
    refuses(
        "d.csv",
        b"a,b,c\n7,100,30\n",
        &two,
        &["`a`, `b`, `c`", "expected 2", "`age`, `income`"],
    );
    refuses(
        "d.csv",
        b"id,income,age\n7,100\n",
        &two,
        &["line 2", "2 values", "expected 3"],
    );
}

#[test]
fn guesses_are_said() {
    let file = File::new("d.csv", b"0,1\n2,3\n");
    let data = DataSet::load(&file.path, &[spec("x", 2)]).unwrap();
    assert_eq!(data.len(), 1);
    assert!(data.notes()[0].contains("0,1"), "{:?}", data.notes());
    let file = File::new("d.csv", b"0.0,1\n2,3\n");
    let data = DataSet::load(&file.path, &[spec("x", 2)]).unwrap();
    assert_eq!((data.len(), data.notes().len()), (2, 0));
}

#[test]
fn missing_values_as_tables_write_them() {
    let missing = InputSpec {
        missing: true,
        ..spec("x", 2)
    };
    for nothing in ["", "NA", "NaN", "null", "None", "N/A"] {
        let rows = load(
            "d.csv",
            format!("1,{nothing}\n").as_bytes(),
            std::slice::from_ref(&missing),
        )
        .unwrap();
        assert!(rows[0][0][1].is_nan(), "{nothing}");
        let text = format!("a,b\n1,{nothing}\n");
        refuses(
            "d.csv",
            text.as_bytes(),
            &[spec("x", 2)],
            &["missing", "line 2, column `b`"],
        );
    }
}

#[test]
fn json_records_and_both_forms_of_ezkl() {
    let two = [spec("x", 2), spec("z", 1)];
    let expected = vec![
        vec![vec![1.0, 2.0], vec![3.0]],
        vec![vec![4.0, 5.0], vec![6.0]],
    ];
    for text in [
        r#"[{"z": 3, "x": [1, 2]}, {"x": [4, 5], "z": 6, "more": "text"}]"#,
        r#"{"input_data": [[1, 2, 4, 5], [3, 6]]}"#,
        r#"{"input_data": [[[1, 2], [4, 5]], [[3], [6]]]}"#,
        r#"{"input_data": [[1, 2, 3], [4, 5, 6]], "output_data": [[0]]}"#,
    ] {
        assert_eq!(
            load("d.json", text.as_bytes(), &two).unwrap(),
            expected,
            "{text}"
        );
    }
    refuses("d.json", br#"[{"x": [1, 2]}]"#, &two, &["row 0", "`z`"]);
}

#[test]
fn leading_axes_count_rows_together() {
    let cube: Vec<u8> = (0..12u8).collect();
    let bytes = raw_npy("|u1", "False", "(1, 3, 4)", &cube);
    let rows = load("d.npy", &bytes, &[spec("x", 4)]).unwrap();
    assert_eq!(rows.len(), 3);
    assert_eq!(rows[2], [[8.0, 9.0, 10.0, 11.0]]);
    refuses(
        "d.npy",
        &bytes,
        &[spec("x", 5)],
        &["12 values", "expected 5"],
    );
}

#[test]
fn npz_without_names() {
    let mut writer = NpzWriter::new(Cursor::new(Vec::new()));
    writer.add_array("arr_0", &arr2(&[[1f32, 2.0]])).unwrap();
    writer.add_array("arr_1", &arr1(&[5i64])).unwrap();
    let file = writer.finish().unwrap().into_inner();
    let two = [spec("a", 2), spec("b", 1)];
    assert_eq!(
        load("d.npz", &file, &two).unwrap(),
        [[vec![1.0, 2.0], vec![5.0]]]
    );
}

#[test]
#[cfg(feature = "parquet")]
fn parquet() {
    let folder = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures");
    let two = [spec("income", 1), spec("age", 1)];
    let data = DataSet::load(folder.join("table.parquet"), &two).unwrap();
    assert_eq!(
        data.rows(),
        [[[1.5], [30.0]], [[2.5], [40.0]], [[-1.0], [50.0]]]
    );
    let lists = [spec("pixels", 2)];
    let data = DataSet::load(folder.join("lists.parquet"), &lists).unwrap();
    assert_eq!(data.rows(), [[[0.0, 1.0]], [[2.0, 3.0]]]);
    let error = DataSet::load(folder.join("lists.parquet"), &[spec("pixels", 3)]).unwrap_err();
    assert!(error.to_string().contains("expected 3"), "{error}");
    let whole = std::fs::read(folder.join("table.parquet")).unwrap();
    for cut in 0..whole.len() {
        let _ = load("d.parquet", &whole[..cut], &two).unwrap_err();
    }
    for at in 0..whole.len() {
        let mut damaged = whole.clone();
        damaged[at] ^= 0xff;
        let _ = load("d.parquet", &damaged, &two);
    }
}

#[test]
#[cfg(not(feature = "parquet"))]
fn parquet_needs_its_feature() {
    refuses(
        "d.parquet",
        b"PAR1",
        &[spec("x", 1)],
        &["--features parquet"],
    );
}

/// An input of a type of whole numbers takes no others, whatever the format; `2.0` is one.
#[test]
fn parts_of_whole_numbers_are_refused() {
    let whole = InputSpec {
        whole: true,
        ..spec("n", 2)
    };
    let specs = std::slice::from_ref(&whole);
    let expected = vec![vec![vec![1.0, -2.0]], vec![vec![3.0, 4e18]]];
    assert_eq!(load("d.csv", b"1,-2.0\n3,4e18\n", specs).unwrap(), expected);
    let parts = ["row 1", "`n`", "whole"];
    for (name, text) in [
        ("d.csv", "1,-2\n3,0.5\n"),
        ("d.json", "[[1, -2], [3, 0.5]]"),
        ("d.json", r#"{"n": [[1, -2], [3, 0.5]]}"#),
        ("d.json", r#"{"input_data": [[1, -2, 3, 0.5]]}"#),
    ] {
        refuses(name, text.as_bytes(), specs, &parts);
        refuses(name, text.as_bytes(), specs, &["value 1", "0.5"]);
    }
    refuses("d.csv", b"1,4.0000000001\n", specs, &["row 0"]);
    refuses("d.csv", b"1,-1e-300\n", specs, &["row 0"]);
    let rows = vec![vec![vec![0.25, 1.0]]];
    let error = DataSet::from_rows(rows, specs).unwrap_err().to_string();
    assert!(error.contains("0.25"), "{error}");
}
