//! Making tensors while a node is evaluated.

use std::collections::HashMap;

use super::importer::stripped;
use crate::float::graph::{Activation, FloatKernel, FloatLayer, FloatTensor, FloatTerm, Precision};
use crate::import::values::affine::{Affine, Value};
use crate::import::values::planes::{Planes, plane_size};

/// A tensor and the number of a cell.
pub(super) type Cell = (usize, u32);

/// The tensors so far, and what became of the values that were made tensors.
#[derive(Default)]
pub(super) struct Builder {
    pub(super) tensors: Vec<FloatTensor>,
    /// ONNX values that are tensors from now on.
    pub(super) replaced: Vec<(String, Value)>,
    /// The squares of tensors' cells, each with the tensor that its scale is for a product with.
    pub(super) squares: HashMap<(Cell, usize), Cell>,
    /// How many positions the tensors have that are channels at positions; see [`tokens`](crate::import::ops::tokens).
    pub(super) positions: HashMap<usize, usize>,
}

impl Builder {
    /// Makes `activation(value)` a tensor.
    pub(super) fn activate(&mut self, name: &str, value: Value, activation: Activation) -> Value {
        self.layer(name, value, activation, Precision::Scaled)
    }

    /// Makes `activation(value)` a tensor.
    pub(super) fn layer(
        &mut self,
        name: &str,
        value: Value,
        activation: Activation,
        precision: Precision,
    ) -> Value {
        let (shape, size, terms, bias, nodes) = match value {
            Value::Rows(value) => {
                let terms = value.terms.into_iter();
                let terms = terms.map(|(source, rows)| FloatTerm::rows(source, rows));
                (value.shape, None, terms.collect(), value.bias, value.nodes)
            }
            Value::Planes(value) => {
                let terms = value.terms.into_iter().map(|(source, conv)| FloatTerm {
                    source,
                    kernel: FloatKernel::Conv(conv),
                });
                (
                    value.shape,
                    Some(value.size),
                    terms.collect(),
                    value.bias,
                    value.nodes,
                )
            }
        };
        let layer = FloatLayer {
            nodes,
            terms,
            bias,
            activation,
            precision,
        };
        let id = push(&mut self.tensors, name.to_owned(), &shape, Some(layer));
        match size {
            Some(size) => Value::Planes(Planes::tensor(id, shape, size)),
            None => plain(id, shape, self.tensors[id].len),
        }
    }

    /// Makes the ONNX value `name` a tensor, for this node and all that follow.
    pub(super) fn materialise(&mut self, name: &str, value: Value) -> Value {
        let tensor = self.activate(name, value, Activation::Identity);
        self.replaced.push((name.to_owned(), tensor.clone()));
        tensor
    }

    /// The same as planes.
    pub(super) fn materialise_planes(&mut self, name: &str, value: Planes) -> Planes {
        let (shape, size) = (value.shape.clone(), value.size);
        let tensor = self.materialise(name, Value::Planes(value));
        let id = tensor.as_tensor().unwrap_or_default();
        Planes::tensor(id, shape, size)
    }

    /// Whether no value of tensor `id` is ever negative.
    pub(super) fn is_non_negative(&self, id: usize) -> bool {
        let Some(layer) = &self.tensors[id].layer else {
            return false;
        };
        match (&layer.activation, &layer.precision) {
            (Activation::Clip { min, .. }, _) => *min >= 0.0,
            (
                Activation::Identity,
                Precision::Exact {
                    within: Some(other),
                },
            ) => self.is_non_negative(*other),
            (
                Activation::Relu
                | Activation::Sigmoid
                | Activation::Step
                | Activation::IsZero
                | Activation::Square,
                _,
            ) => true,
            _ => false,
        }
    }
}

/// Appends a tensor and returns its id.
pub(super) fn push(
    tensors: &mut Vec<FloatTensor>,
    name: String,
    onnx_shape: &[usize],
    layer: Option<FloatLayer>,
) -> usize {
    let shape = stripped(onnx_shape);
    let len = shape.iter().product();
    tensors.push(FloatTensor {
        name,
        shape,
        len,
        layer,
    });
    tensors.len() - 1
}

/// The identity on a tensor: planes where the shape says so.
pub(super) fn plain(id: usize, shape: Vec<usize>, len: usize) -> Value {
    match plane_size(&shape) {
        Some(size) => Value::Planes(Planes::tensor(id, shape, size)),
        None => Value::Rows(Affine::tensor(id, shape, len)),
    }
}
