//! A small model, put together by hand, and files that go away by themselves.
#![allow(dead_code, unreachable_pub, clippy::unwrap_used)]

use std::path::PathBuf;

use tempfile::TempDir;
use verdict_model::{
    Calibration, CompiledModel, Function, InputManifest, IntegerGraph, Kernel, Layer, Manifest,
    OutputManifest, Packing, Table, Tensor, Term, Visibility,
};

/// A file in a folder of its own that goes away with it.
pub struct File {
    pub path: PathBuf,
    _folder: TempDir,
}

impl File {
    pub fn new(name: &str, bytes: &[u8]) -> Self {
        let folder = TempDir::new().unwrap();
        let path = folder.path().join(name);
        std::fs::write(&path, bytes).unwrap();
        Self {
            path,
            _folder: folder,
        }
    }
}

fn tensor(name: &str, len: usize, range: (i32, i32), layer: Option<Layer>) -> Tensor {
    Tensor {
        name: name.into(),
        shape: vec![len],
        len,
        min: range.0,
        max: range.1,
        scale: 0.25,
        visibility: Visibility::Private,
        layer,
    }
}

fn layer(source: usize, kernel: Kernel, bias: Vec<i64>, function: usize) -> Option<Layer> {
    Some(Layer {
        nodes: vec!["/node".into()],
        terms: vec![Term { source, kernel }],
        bias,
        function,
    })
}

/// `y = V · relu(W · x)`: a sparse layer that is shifted, and a dense one that is not. The tables
/// cover the sums and nothing more.
pub fn graph() -> IntegerGraph {
    let sparse = Kernel::Sparse {
        entries: vec![(0, 0, 1000), (0, 1, 700), (1, 0, -2000), (2, 1, 900)],
    };
    let dense = Kernel::Dense {
        weights: vec![1, 2, 3, 4, 5, 6],
    };
    let mut tensors = vec![
        tensor("x", 2, (-31, 31), None),
        tensor("a", 3, (0, 15), layer(0, sparse, vec![512; 3], 0)),
        tensor("y", 2, (0, 225), layer(1, dense, vec![0; 2], 1)),
    ];
    tensors[2].visibility = Visibility::Public;
    let relu = Table {
        name: "relu".into(),
        shift: 10,
        q_min: -61,
        values: (-61..=61).map(|q: i32| q.clamp(0, 15)).collect(),
    };
    let identity = Table {
        name: "identity".into(),
        shift: 0,
        q_min: 0,
        values: (0..=225).collect(),
    };
    IntegerGraph {
        tensors,
        functions: vec![Function::Table(relu), Function::Table(identity)],
        inputs: vec![0],
        outputs: vec![2],
    }
}

/// [`graph`] with a description.
pub fn model() -> CompiledModel {
    let graph = graph();
    let (x, y) = (&graph.tensors[0], &graph.tensors[2]);
    let manifest = Manifest {
        name: "by hand".into(),
        tool_version: "0.0.0".into(),
        onnx_keccak256: "00".repeat(32),
        inputs: vec![InputManifest {
            name: x.name.clone(),
            shape: x.shape.clone(),
            visibility: x.visibility,
            min: x.min,
            max: x.max,
            packing: Packing::of(x),
            scales: vec![x.scale],
            zero_points: vec![0],
            real_min: vec![f64::from(x.min) * x.scale],
            real_max: vec![f64::from(x.max) * x.scale],
            missing: Vec::new(),
            saturates: Vec::new(),
            breakpoints: vec![],
            whole: false,
        }],
        outputs: vec![OutputManifest {
            name: y.name.clone(),
            shape: y.shape.clone(),
            visibility: y.visibility,
            min: y.min,
            max: y.max,
            packing: Packing::of(y),
            scale: y.scale,
            real_min: f64::from(y.min) * y.scale,
            real_max: f64::from(y.max) * y.scale,
        }],
        parameters: graph.parameters() as u64,
        activation_bits: 4,
        weight_bits: 12,
        table_entries: graph.table_entries() as u64,
        calibration: Calibration::MinMax,
        equalised: Vec::new(),
        structure: Vec::new(),
        assurance: Default::default(),
        words: Vec::new(),
    };
    CompiledModel::new(graph, manifest).unwrap()
}
