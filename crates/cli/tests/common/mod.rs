//! A folder, a cache and files for one test.
#![allow(dead_code, unreachable_pub, clippy::unwrap_used)]

pub mod chain;
pub mod consumer;
pub mod documents;
pub mod world;

use assert_cmd::Command;
use halo2_axiom::poly::{commitment::Params, kzg::commitment::ParamsKZG};
use halo2curves_axiom::bn256::Bn256;
use prost::Message;
use rand::{SeedableRng, rngs::StdRng};
use serde_json::Value;
use std::{
    fs,
    path::{Path, PathBuf},
};
use tempfile::TempDir;
use tract_onnx::pb::{
    GraphProto, ModelProto, NodeProto, OperatorSetIdProto, TensorProto, TensorShapeProto,
    TypeProto, ValueInfoProto,
    tensor_proto::DataType,
    tensor_shape_proto::{Dimension, dimension},
    type_proto,
};

/// The program under test.
pub fn binary() -> PathBuf {
    assert_cmd::cargo::cargo_bin!("verdict").to_path_buf()
}

/// A file of a committed model.
pub fn vector(model: &str, file: &str) -> String {
    let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/../../test-vectors");
    Path::new(folder)
        .join(model)
        .join(file)
        .display()
        .to_string()
}

/// A folder with a cache of its own, in which commands run.
pub struct Place {
    folder: TempDir,
}

impl Place {
    pub fn new() -> Self {
        Self {
            folder: TempDir::new().unwrap(),
        }
    }

    pub fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    pub fn cache(&self, name: &str) -> PathBuf {
        self.path("cache").join(name)
    }

    pub fn write(&self, name: &str, bytes: impl AsRef<[u8]>) -> PathBuf {
        let path = self.path(name);
        fs::write(&path, bytes).unwrap();
        path
    }

    pub fn run(&self, arguments: &[&str]) -> Command {
        let mut command = Command::new(binary());
        command.args(arguments).current_dir(self.folder.path());
        command
            .env("VERDICT_CACHE", self.path("cache"))
            .env_remove("RUST_LOG");
        command
    }

    /// Runs a command that must succeed.
    pub fn ok(&self, arguments: &[&str]) -> String {
        let done = self.run(arguments).assert().success();
        String::from_utf8(done.get_output().stdout.clone()).unwrap()
    }

    /// Runs a command that must succeed, with `--json`.
    pub fn json(&self, arguments: &[&str]) -> Value {
        let mut all = vec!["--json"];
        all.extend(arguments);
        serde_json::from_str(&self.ok(&all)).unwrap()
    }

    /// Runs a command that must fail with an exit code and a message that holds all of `parts`.
    #[track_caller]
    pub fn fails(&self, code: i32, arguments: &[&str], parts: &[&str]) {
        let done = self.run(arguments).assert();
        let output = done.get_output();
        let message = String::from_utf8_lossy(&output.stderr);
        assert_eq!(output.status.code(), Some(code), "{arguments:?}: {message}");
        for part in parts {
            assert!(
                message.contains(part),
                "{arguments:?}: `{part}` is not in: {message}"
            );
        }
        assert!(!message.contains("panicked"), "{message}");
    }

    /// Compiles a committed model to `NAME.verdict`.
    pub fn compile(&self, name: &str) {
        self.compile_to(&format!("{name}.verdict"), name, &["--optimize", "time"]);
    }

    /// Compiles a committed model with more arguments.
    pub fn compile_to(&self, out: &str, name: &str, more: &[&str]) {
        let (onnx, data) = (vector(name, "model.onnx"), vector(name, "calibration.npz"));
        let compile = ["compile", &onnx, "--calibration", &data, "--out", out];
        self.ok(&[&compile, more].concat());
    }

    /// Compiles and proves a committed model: `NAME.verdict`, `NAME.json`.
    pub fn prove(&self, name: &str) {
        self.compile(name);
        let (model, out) = (format!("{name}.verdict"), format!("{name}.json"));
        let input = vector(name, "input.json");
        self.ok(&[
            "prove",
            &model,
            "--input",
            &input,
            "--dev",
            "--optimize",
            "time",
            "--out",
            &out,
        ]);
    }

    pub fn read_json(&self, name: &str) -> Value {
        serde_json::from_slice(&fs::read(self.path(name)).unwrap()).unwrap()
    }

    /// Writes a set-up of a random secret in halo2's format.
    pub fn setup(&self, name: &str, k: u32) -> PathBuf {
        self.write(name, setup_bytes(k))
    }
}

/// A set-up of a random secret in halo2's format.
pub fn setup_bytes(k: u32) -> Vec<u8> {
    let mut bytes = Vec::new();
    ParamsKZG::<Bn256>::setup(k, StdRng::seed_from_u64(7))
        .write(&mut bytes)
        .unwrap();
    bytes
}

/// Flips a bit in the middle of a file.
pub fn damage(path: &Path) {
    let mut bytes = fs::read(path).unwrap();
    let middle = bytes.len() / 2;
    bytes[middle] ^= 1;
    fs::write(path, bytes).unwrap();
}

/// The files below a folder.
pub fn files(folder: &Path) -> Vec<PathBuf> {
    let Ok(list) = fs::read_dir(folder) else {
        return Vec::new();
    };
    list.flat_map(|entry| {
        let path = entry.unwrap().path();
        if path.is_dir() {
            files(&path)
        } else {
            vec![path]
        }
    })
    .collect()
}

fn tensor(name: &str, dims: Vec<dimension::Value>) -> ValueInfoProto {
    let dim = dims
        .into_iter()
        .map(|value| Dimension {
            value: Some(value),
            ..Default::default()
        })
        .collect();
    let tensor = type_proto::Tensor {
        elem_type: DataType::Float as i32,
        shape: Some(TensorShapeProto { dim }),
    };
    let value = Some(type_proto::Value::TensorType(tensor));
    ValueInfoProto {
        name: name.into(),
        r#type: Some(TypeProto {
            value,
            ..Default::default()
        }),
        ..Default::default()
    }
}

/// `y = OP(x · w)` with two features and two outputs; the second axis of `x` is `features`, or has a name.
pub fn onnx(op: &str, weights: [f32; 4], features: Result<i64, &str>) -> Vec<u8> {
    use dimension::Value::{DimParam, DimValue};
    let features = features.map_or_else(|name| DimParam(name.into()), DimValue);
    let node = |op: &str, input: &[&str], output: &str| NodeProto {
        name: format!("/{output}"),
        op_type: op.into(),
        input: input.iter().map(|&name| name.into()).collect(),
        output: vec![output.into()],
        ..Default::default()
    };
    ModelProto {
        ir_version: 8,
        opset_import: vec![OperatorSetIdProto {
            domain: String::new(),
            version: 13,
        }],
        graph: Some(GraphProto {
            name: "small".into(),
            input: vec![tensor("x", vec![DimParam("N".into()), features])],
            output: vec![tensor("y", vec![DimParam("N".into()), DimValue(2)])],
            initializer: vec![TensorProto {
                name: "w".into(),
                dims: vec![2, 2],
                data_type: DataType::Float as i32,
                float_data: weights.to_vec(),
                ..Default::default()
            }],
            node: vec![node("MatMul", &["x", "w"], "z"), node(op, &["z"], "y")],
            ..Default::default()
        }),
        ..Default::default()
    }
    .encode_to_vec()
}
