//! Making tensors while a node is evaluated.

mod apply;
pub(crate) mod bilinear;
mod infinite;
mod masks;
mod maximum;
pub(crate) mod rows;
mod tokens;
mod whole;

use std::collections::HashMap;

use crate::float::activation::Activation;
use crate::float::graph::{FloatLayer, FloatTensor, Precision};
use crate::import::secrecy::Secrecy;
use crate::import::shapes::stripped;
use crate::import::values::Value;
use crate::import::values::affine::Affine;
use crate::import::values::planes::{PlaneMap, plane_size};

/// A tensor and the number of a cell.
pub(crate) type Cell = (usize, u32);

/// The tensors so far, and what became of the values that were made tensors.
#[derive(Default)]
pub(crate) struct Builder {
    pub(crate) tensors: Vec<FloatTensor>,
    /// ONNX values that are tensors from now on.
    pub(crate) replaced: Vec<(String, Value)>,
    /// The squares of tensors' cells, each with the tensor that its scale is for a product with.
    pub(crate) squares: HashMap<(Cell, usize), Cell>,
    /// How many positions the tensors have that are channels at positions; see
    /// [`tokens`](crate::import::ops::tokens).
    pub(crate) positions: HashMap<usize, usize>,
    /// Of tensors the cells that are zero because a constant mask excludes them.
    pub(crate) void: HashMap<usize, Vec<bool>>,
    /// Of tensors the cells that are no numbers where all scores are infinite.
    undefined: HashMap<usize, infinite::Undefined>,
    /// What tensors are as masks of scores.
    masks: HashMap<usize, masks::Mask>,
    /// What must not enter a function.
    pub(crate) secrecy: Secrecy,
}

impl Builder {
    /// Makes `activation(value)` a tensor.
    pub(crate) fn activate(&mut self, name: &str, value: Value, activation: Activation) -> Value {
        self.layer(name, value, activation, Precision::Scaled)
    }

    /// Makes `activation(value)` a tensor.
    pub(crate) fn layer(
        &mut self,
        name: &str,
        mut value: Value,
        activation: Activation,
        precision: Precision,
    ) -> Value {
        let shape = value.shape().to_vec();
        let size = match &value {
            Value::Rows(_) => None,
            Value::Planes(value) => Some(value.size),
        };
        let nodes = std::mem::take(value.nodes_mut());
        let (terms, bias) = value.into_map();
        let layer = FloatLayer {
            nodes,
            terms,
            bias,
            activation,
            precision,
            public_bias: false,
            masked: false,
            excluded: Vec::new(),
        };
        let id = push(&mut self.tensors, name.to_owned(), &shape, Some(layer));
        match size {
            Some(size) => Value::Planes(PlaneMap::tensor(id, shape, size)),
            None => plain(id, shape, self.tensors[id].len),
        }
    }

    /// Makes the ONNX value `name` a tensor, for this node and all that follow.
    pub(crate) fn materialise(&mut self, name: &str, value: Value) -> Value {
        let tensor = self.activate(name, value, Activation::Identity);
        self.replaced.push((name.to_owned(), tensor.clone()));
        tensor
    }

    /// Makes the ONNX value `name`, which is planes, a tensor for this node and all that follow.
    pub(crate) fn materialise_planes(&mut self, name: &str, value: PlaneMap) -> PlaneMap {
        let (shape, size) = (value.shape.clone(), value.size);
        let tensor = self.materialise(name, Value::Planes(value));
        let id = tensor.as_tensor().unwrap_or_default();
        PlaneMap::tensor(id, shape, size)
    }

    /// Whether no value of tensor `id` is ever negative.
    pub(crate) fn is_non_negative(&self, id: usize) -> bool {
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
pub(crate) fn push(
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
        whole: false,
        layer,
    });
    tensors.len() - 1
}

/// The identity on a tensor: planes where the shape says so.
pub(crate) fn plain(id: usize, shape: Vec<usize>, len: usize) -> Value {
    match plane_size(&shape) {
        Some(size) => Value::Planes(PlaneMap::tensor(id, shape, size)),
        None => Value::Rows(Affine::tensor(id, shape, len)),
    }
}

/// The explicit form of planes: cell by cell where they are multiples of tensors' cells, otherwise
/// they become a tensor first.
pub(crate) fn explicit(value: Option<&Value>, name: &str, builder: &mut Builder) -> Option<Affine> {
    match value {
        Some(Value::Planes(value)) if value.is_placement() => Some(value.rows()),
        Some(Value::Planes(value)) => Some(builder.materialise_planes(name, value.clone()).rows()),
        _ => None,
    }
}
