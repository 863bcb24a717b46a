//! The tensors of the graph under construction.

use super::stripped;
use crate::float_graph::{Activation, FloatLayer, FloatTensor, FloatTerm, Precision};
use crate::function::homogeneous;
use crate::key_unit::{gentle, whole};
use crate::linear::Affine;

/// Nothing rounded, ranges as interval analysis finds them.
pub(super) const EXACT: Precision = Precision::Exact { within: None };

/// More cells than this do not get a tensor for their function's argument.
const MAX_SPLIT: usize = 2048;

/// Collects tensors; what an operator computes comes back as an [`Affine`] of them.
#[derive(Default)]
pub(super) struct Builder {
    pub(super) tensors: Vec<FloatTensor>,
}

impl Builder {
    pub(super) fn push(
        &mut self,
        name: String,
        onnx_shape: &[usize],
        layer: Option<FloatLayer>,
    ) -> usize {
        let shape = stripped(onnx_shape);
        let len = shape.iter().product();
        self.tensors.push(FloatTensor {
            name,
            shape,
            len,
            layer,
        });
        self.tensors.len() - 1
    }

    /// Makes `activation(value)` a tensor.
    pub(super) fn activate(&mut self, name: String, value: Affine, activation: Activation) -> Affine {
        self.layer(name, value, activation, Precision::Scaled)
    }

    /// `activation(value)` for a function that has no scale of its own to keep.
    ///
    /// Each value is off by at most half its step plus half a step of the argument's keys times the steepest slope there; see
    /// [`key_unit`](crate::key_unit).
    pub(super) fn apply(&mut self, name: String, value: Affine, activation: Activation) -> Affine {
        let expression = matches!(activation, Activation::Expression(_));
        if !expression || homogeneous(&activation) {
            return self.activate(name, value, activation);
        }
        if self.is_integers(&value) && (gentle(&activation) || whole(&activation)) {
            return self.layer(name, value, activation, EXACT);
        }
        self.activate(name, value, activation)
    }

    /// Whether [`apply`](Self::apply) had better find `value` to be [`integers`](Self::integers): a row for every cell buys a
    /// table that covers no more than the calibrated range.
    pub(super) fn wants_integers(&self, value: &Affine, activation: &Activation) -> bool {
        let input = value.as_cells().is_some() && !self.is_integers(value);
        matches!(activation, Activation::Expression(_))
            && !homogeneous(activation)
            && gentle(activation)
            && !input
            && value.len() <= MAX_SPLIT
    }

    /// Whether each cell of `value` is a cell of one tensor that is not an input, so that exact layers can read it as it is.
    pub(super) fn is_integers(&self, value: &Affine) -> bool {
        value.as_cells().is_some_and(|(source, _)| self.tensors[source].layer.is_some())
    }

    /// `value` as cells of one tensor that exact layers can read: rounded to steps of its own and saturated at its calibrated
    /// range, unless it is that already.
    pub(super) fn integers(&mut self, name: String, value: Affine) -> Affine {
        if self.is_integers(&value) {
            return value;
        }
        self.activate(name, value, Activation::Identity)
    }

    pub(super) fn layer(
        &mut self,
        name: String,
        value: Affine,
        activation: Activation,
        precision: Precision,
    ) -> Affine {
        let onnx_shape = value.shape.clone();
        let layer = FloatLayer {
            nodes: value.nodes,
            terms: value
                .terms
                .into_iter()
                .map(|(source, rows)| FloatTerm { source, rows })
                .collect(),
            bias: value.bias,
            activation,
            precision,
        };
        let id = self.push(name, &onnx_shape, Some(layer));
        Affine::tensor(id, onnx_shape, self.tensors[id].len)
    }
}
