//! Inputs of words, with their encoders in the file.
//!
//! fixtures/words is a scikit-learn pipeline through skl2onnx: StandardScaler on `age`,
//! OneHotEncoder on `color`, OrdinalEncoder on `size`, logistic regression; and its table as pandas
//! writes it, with the rows' numbers and the label. Expected values are onnxruntime's.
#![allow(clippy::unwrap_used)]

mod common;

use std::path::{Path, PathBuf};

use common::{File, Onnx};
use prost::Message;
use tract_onnx::pb::tensor_proto::DataType;
use tract_onnx::pb::{AttributeProto, ModelProto, type_proto};
use verdict_compiler::{FloatGraph, Options, compile, import, import_outputs};
use verdict_model::{CompiledModel, DataSet, OutOfDomain, execute};

fn folder() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures/words")
}

fn float() -> FloatGraph {
    import_outputs(folder().join("model.onnx"), &["probabilities"]).unwrap()
}

#[test]
fn a_table_of_words_gives_what_onnxruntime_gives() {
    let float = float();
    let data = DataSet::load(folder().join("table.csv"), &float.input_specs()).unwrap();
    assert_eq!(data.len(), 60);
    assert!(data.notes()[0].contains("`label`"), "{:?}", data.notes());
    let model = compile(&float, &data, &Options::default()).unwrap();
    // The words are the compiled model's, which is all that proving needs.
    let bytes = model.to_bytes().unwrap();
    let model = CompiledModel::from_bytes(&bytes, Path::new("model.verdict")).unwrap();
    let specs = model.manifest().input_specs();
    let rows = "size,color,age\nS,red,30\nL,blue,30\nM,green,70\nL,mauve,50\nXXL,red,50\n";
    let file = File::new("rows.csv", rows.as_bytes());
    let rows = DataSet::load(&file.path, &specs).unwrap();
    let json =
        r#"[{"size": "S", "color": "red", "age": 30}, {"size": "L", "color": "blue", "age": 30}]"#;
    let file = File::new("rows.json", json.as_bytes());
    let records = DataSet::load(&file.path, &specs).unwrap();
    assert_eq!(records.rows(), &rows.rows()[..2]);
    let json = r#"{"color": ["red", "blue"], "age": [30, 30], "size": ["S", "L"]}"#;
    let file = File::new("rows.json", json.as_bytes());
    assert_eq!(
        DataSet::load(&file.path, &specs).unwrap().rows(),
        &rows.rows()[..2]
    );
    // The last two rows have words that the encoders do not know.
    let expected = [
        0.329_193_17,
        0.542_796_55,
        0.869_291_84,
        0.674_421_25,
        0.433_617_4,
    ];
    for (row, expected) in rows.rows().iter().zip(expected) {
        let integers = model.quantise_input(row, OutOfDomain::Reject).unwrap();
        let trace = execute(model.graph(), &integers).unwrap();
        let found = model.dequantise_output(&trace.outputs(model.graph()));
        assert!(
            (found[0][1] - expected).abs() < 0.01,
            "{row:?}: {found:?}, expected {expected}"
        );
        let real = float.run(row).values[float.outputs[0]][1];
        assert!(
            (real - expected).abs() < 1e-5,
            "{row:?}: {real}, expected {expected}"
        );
    }
}

fn strings(name: &str, words: &[&str]) -> AttributeProto {
    AttributeProto {
        name: name.into(),
        r#type: 8,
        strings: words.iter().map(|word| word.as_bytes().to_vec()).collect(),
        ..Default::default()
    }
}

/// The model with inputs of words, and attributes for its last node.
fn of_words(onnx: Onnx, attributes: Vec<AttributeProto>) -> File {
    let mut model = ModelProto::decode(&onnx.bytes()[..]).unwrap();
    let graph = model.graph.as_mut().unwrap();
    for input in &mut graph.input {
        let value = input.r#type.as_mut().unwrap().value.as_mut().unwrap();
        let type_proto::Value::TensorType(tensor) = value;
        tensor.elem_type = DataType::String as i32;
    }
    graph.node.last_mut().unwrap().attribute.extend(attributes);
    File::new("model.onnx", &model.encode_to_vec())
}

#[test]
fn what_computes_with_words_is_refused_by_name() {
    let refusal = |onnx: Onnx| {
        import(&of_words(onnx, vec![]).path)
            .unwrap_err()
            .to_string()
    };
    let upper = Onnx::vector(2)
        .node("StringNormalizer", &["x"], "y")
        .output("y");
    let message = refusal(upper);
    assert!(
        message.contains("`/y`") && message.contains("reads words"),
        "{message}"
    );
    // A cast reads a number in the word, which is not the word's number.
    let cast = Onnx::vector(2)
        .node_with("Cast", &["x"], "y", vec![common::int("to", 1)])
        .output("y");
    let message = refusal(cast);
    assert!(
        message.contains("`/y`") && message.contains("reads words"),
        "{message}"
    );
    let moved = Onnx::vector(2).node("Identity", &["x"], "y").output("y");
    let message = refusal(moved);
    assert!(message.contains("output `y` is of words"), "{message}");
}

#[test]
fn encoders_of_the_first_version_count() {
    let keys = strings("classes_strings", &["b", "a", "c"]);
    let onnx = Onnx::vector(2)
        .node("Identity", &["x"], "i")
        .domain_node("ai.onnx.ml", "LabelEncoder", &["i"], "y")
        .output("y");
    let float = import(&of_words(onnx, vec![keys]).path).unwrap();
    let spec = &float.input_specs()[0];
    assert_eq!(spec.words, ["a", "b", "c"]);
    let file = File::new("d.csv", b"a,b\nc,d\n");
    let data = DataSet::load(&file.path, &float.input_specs()).unwrap();
    assert_eq!(data.rows(), [[[0.0, 1.0]], [[2.0, 3.0]]]);
    let run = |row: usize| float.run(&data.rows()[row]).values[float.outputs[0]].clone();
    assert_eq!(run(0), [1.0, 0.0]);
    assert_eq!(run(1), [2.0, -1.0]);
}
