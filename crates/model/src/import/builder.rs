//! The tensors of the graph under construction.

use std::collections::HashMap;

use super::stripped;
use crate::expression::{Binary, Expression};
use crate::float_graph::{Activation, FloatLayer, FloatTensor, FloatTerm, Precision};
use crate::function::homogeneous;
use crate::key_unit::{gentle, whole};
use crate::linear::Affine;

/// Nothing rounded, ranges as interval analysis finds them.
pub(super) const EXACT: Precision = Precision::Exact { within: None };
/// More cells than this do not get a tensor for their function's argument.
const MAX_SPLIT: usize = 2048;

/// A tensor and the number of a cell.
pub(super) type Cell = (usize, u32);

/// Collects tensors; what an operator computes comes back as an [`Affine`] of them.
#[derive(Default)]
pub(super) struct Builder {
    pub(super) tensors: Vec<FloatTensor>,
    /// The squares of tensors' cells, each with the tensor that its scale is for a product with.
    pub(super) squares: HashMap<(Cell, usize), Cell>,
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

    /// Makes `activation(value)` a tensor that requantises.
    pub(super) fn activate(
        &mut self,
        name: String,
        value: Affine,
        activation: Activation,
    ) -> Affine {
        self.layer(name, value, activation, Precision::Scaled)
    }

    /// `activation(value)` for any function.
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

    /// Whether `a · expression(value) + c` had better be an exact square than a look-up.
    pub(super) fn is_square(
        &self,
        value: &Affine,
        expression: &Expression,
        end: (f64, f64),
    ) -> bool {
        let v = Expression::value();
        *expression == v.binary(Binary::Mul, &v)
            && end == (1.0, 0.0)
            && (self.is_integers(value) || value.len() <= MAX_SPLIT)
    }

    /// Whether each cell of `value` is a cell of one tensor that is not an input, so that exact layers can read it as it is.
    pub(super) fn is_integers(&self, value: &Affine) -> bool {
        value.as_cells().is_some_and(|(source, _)| {
            let layer = self.tensors[source].layer.as_ref();
            // Squares are too large to be added to anything else.
            layer.is_some_and(|layer| layer.activation != Activation::Square)
        })
    }

    /// `value` as cells of one tensor that exact layers can read: rounded to steps of its own and saturated at its calibrated
    /// range, unless it is that already. A value is off by at most half a step.
    pub(super) fn integers(&mut self, name: String, value: Affine) -> Affine {
        if self.is_integers(&value) {
            return value;
        }
        self.activate(name, value, Activation::Identity)
    }

    /// Whether `value` is made of squares, whose weights had better not be rounded one by one.
    pub(super) fn has_squares(&self, value: &Affine) -> bool {
        value.terms.keys().any(|source| {
            let layer = self.tensors[*source].layer.as_ref();
            layer.is_some_and(|layer| layer.activation == Activation::Square)
        })
    }

    /// Whether `value` is known to be a whole number at every cell.
    pub(super) fn is_whole(&self, value: &Affine) -> bool {
        value.as_cells().is_some_and(|(source, _)| {
            let layer = self.tensors[source].layer.as_ref();
            layer.is_some_and(|layer| {
                whole(&layer.activation)
                    || (layer.precision != Precision::Scaled
                        && layer.activation == Activation::Identity
                        && layer.terms.iter().all(|term| self.counts(term.source)))
            })
        })
    }

    /// Whether the tensor counts something: exact layers make it of comparisons.
    fn counts(&self, tensor: usize) -> bool {
        let Some(layer) = &self.tensors[tensor].layer else {
            return false;
        };
        match layer.activation {
            Activation::Step | Activation::IsZero => true,
            Activation::Identity | Activation::Relu => {
                layer.precision != Precision::Scaled
                    && layer.terms.iter().all(|term| self.counts(term.source))
            }
            _ => false,
        }
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

/// `parts` one after the other, as a list.
pub(super) fn stack(parts: &[Affine]) -> Affine {
    let len = parts.iter().map(Affine::len).sum();
    let mut all = Affine {
        shape: vec![len],
        bias: Vec::with_capacity(len),
        ..Affine::default()
    };
    for part in parts {
        let offset = all.bias.len();
        all.bias.extend(&part.bias);
        for (source, rows) in &part.terms {
            let whole = all
                .terms
                .entry(*source)
                .or_insert_with(|| vec![Vec::new(); len]);
            for (row, to) in rows.iter().zip(&mut whole[offset..]) {
                to.clone_from(row);
            }
        }
        for node in &part.nodes {
            if !all.nodes.contains(node) {
                all.nodes.push(node.clone());
            }
        }
    }
    all
}

/// `a − b`
pub(super) fn difference(a: &Affine, b: &Affine) -> Affine {
    let mut b = b.clone();
    b.scale(|_| -1.0);
    a.clone().add(b)
}
