//! Float graphs put together by hand, where no ONNX file says what a test needs.
#![allow(dead_code, unreachable_pub)]

use std::sync::Arc;
use verdict_compiler::{FloatGraph, FloatLayer, FloatTensor};

pub fn tensor(name: &str, len: usize, layer: Option<FloatLayer>) -> FloatTensor {
    FloatTensor {
        name: name.into(),
        shape: vec![len],
        len,
        whole: false,
        layer,
    }
}

/// A graph of `tensors`, the first of which is the input; outputs are called as their tensors are.
pub fn graph(name: &str, tensors: Vec<FloatTensor>, outputs: Vec<usize>) -> FloatGraph {
    FloatGraph {
        name: name.into(),
        inputs: vec![0],
        output_names: outputs.iter().map(|id| tensors[*id].name.clone()).collect(),
        outputs,
        onnx_input_shapes: vec![vec![1, tensors[0].len]],
        tensors,
        path: format!("{name}.onnx").into(),
        onnx: Arc::from([]),
        missing: vec![],
        words: vec![],
        limits: vec![],
        typed: vec![],
        output_kinds: vec![],
        choices: vec![],
        left_out: vec![],
        whole: vec![],
        private_weights: false,
    }
}
