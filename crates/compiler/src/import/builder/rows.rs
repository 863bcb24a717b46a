//! Values with explicit weights: what is made tensors of them, and whose integers exact layers can
//! read.

use crate::float::activation::Activation;
use crate::float::graph::{FloatLayer, FloatTensor, FloatTerm, Precision};
use crate::float::whole;
use crate::import::builder::Builder;
use crate::import::builder::push;
use crate::import::builder::tokens::Arrangement;
use crate::import::values::affine::{Affine, Row};

/// A layer in which nothing is rounded, with ranges as interval analysis finds them.
pub(crate) const EXACT: Precision = Precision::Exact { within: None };

/// Weights of exact layers are integers that any choice of weight bits has room for, or else they
/// are refused; larger ones are better rounded.
const LARGEST_WEIGHT: f64 = 127.0;

impl Builder {
    /// Makes `activation(value)` a tensor that requantises.
    pub(crate) fn activate_rows(
        &mut self,
        name: String,
        value: Affine,
        activation: Activation,
    ) -> Affine {
        self.layer_rows(name, value, activation, Precision::Scaled)
    }

    /// Whether each cell of `value` is a cell of one tensor that is not an input, so that exact
    /// layers can read it as it is.
    pub(crate) fn is_integers(&self, value: &Affine) -> bool {
        value
            .as_cells()
            .is_some_and(|(source, _)| self.is_requantised(source))
    }

    /// The same, where some cells are zero whatever the input is.
    pub(crate) fn is_integers_or_zero(&self, value: &Affine) -> bool {
        let [(source, rows)] = value.terms.iter().collect::<Vec<_>>()[..] else {
            return false;
        };
        let plain = |row: &Row| matches!(row[..], [] | [(_, 1.0)]);
        self.is_requantised(*source)
            && value.bias.iter().all(|bias| *bias == 0.0)
            && rows.iter().all(plain)
    }

    /// Whether a tensor is neither an input nor made of squares, which are too large to be added to
    /// anything else.
    pub(crate) fn is_requantised(&self, tensor: usize) -> bool {
        let layer = self.tensors[tensor].layer.as_ref();
        layer.is_some_and(|layer| layer.activation != Activation::Square)
    }

    /// `value` as cells of one tensor that exact layers can read: rounded to steps of its own and
    /// saturated at its calibrated range, unless it is that already. A value is off by at most half
    /// a step.
    pub(crate) fn integers(&mut self, name: String, value: Affine) -> Affine {
        if self.is_integers(&value) {
            return value;
        }
        self.activate_rows(name, value, Activation::Identity)
    }

    /// Whether `value` is made of squares, whose weights had better not be rounded one by one.
    pub(crate) fn has_squares(&self, value: &Affine) -> bool {
        value.terms.keys().any(|source| {
            let layer = self.tensors[*source].layer.as_ref();
            layer.is_some_and(|layer| layer.activation == Activation::Square)
        })
    }

    /// Whether `value` is a whole number at every cell, whatever the input is.
    pub(crate) fn is_whole(&self, value: &Affine) -> bool {
        value.keeps_whole() && self.all_sources(value, whole::is_whole)
    }

    /// Whether `value` is whole, and made of tensors whose integers are whole parts of 1: exact
    /// layers decide on it without any rounding.
    pub(crate) fn has_whole_steps(&self, value: &Affine) -> bool {
        let mut weights = value.terms.values().flatten().flatten();
        value.keeps_whole()
            && weights.all(|(_, weight)| weight.abs() <= LARGEST_WEIGHT)
            && self.all_sources(value, |tensors, id| {
                whole::has_whole_steps(tensors, id, &|id| tensors[id].whole)
            })
    }

    /// The same of a value that no input is part of, whatever its type: how far those reach is not
    /// known yet.
    pub(crate) fn has_decided_steps(&self, value: &Affine) -> bool {
        self.has_whole_steps(value)
            && self.all_sources(value, |tensors, id| {
                whole::has_whole_steps(tensors, id, &|_| false)
            })
    }

    fn all_sources(&self, value: &Affine, holds: fn(&[FloatTensor], usize) -> bool) -> bool {
        let mut sources = value.terms.keys();
        !value.is_constant() && sources.all(|source| holds(&self.tensors, *source))
    }

    /// Makes `activation(value)` a tensor.
    pub(crate) fn layer_rows(
        &mut self,
        name: String,
        value: Affine,
        activation: Activation,
        precision: Precision,
    ) -> Affine {
        self.void_rows(name, value, activation, precision, &[])
    }

    /// As [`layer_rows`](Self::layer_rows), of which cells that are `void` may be anything.
    pub(crate) fn void_rows(
        &mut self,
        name: String,
        value: Affine,
        activation: Activation,
        precision: Precision,
        void: &[bool],
    ) -> Affine {
        let arrangement = self.arrange(&value);
        self.laid_out(name, value, activation, precision, (arrangement, void))
    }

    /// As [`layer_rows`](Self::layer_rows), of cells that are the tokens of a sequence.
    pub(crate) fn token_rows(
        &mut self,
        name: String,
        value: Affine,
        activation: Activation,
        precision: Precision,
    ) -> Affine {
        let arrangement = match value.terms.keys().any(|id| self.positions.contains_key(id)) {
            true => self.arrange(&value),
            false => Self::as_channel(&value),
        };
        self.laid_out(name, value, activation, precision, (arrangement, &[]))
    }

    fn laid_out(
        &mut self,
        name: String,
        value: Affine,
        activation: Activation,
        precision: Precision,
        (arrangement, void): (Option<Arrangement>, &[bool]),
    ) -> Affine {
        let shape = value.shape.clone();
        let terms = arrangement
            .as_ref()
            .and_then(|arrangement| self.arranged_terms(&value, arrangement, void));
        let arrangement = arrangement.filter(|_| terms.is_some());
        let bias = match &arrangement {
            Some(arrangement) => {
                let mut bias = vec![0.0; value.len()];
                for (from, to) in value.bias.iter().zip(&arrangement.place) {
                    bias[*to as usize] = *from;
                }
                bias
            }
            None => value.bias,
        };
        let layer = FloatLayer {
            nodes: value.nodes,
            terms: terms.unwrap_or_else(|| {
                let terms = value.terms.into_iter();
                let terms = terms.map(|(source, rows)| FloatTerm::rows(source, rows));
                terms.collect()
            }),
            bias,
            activation,
            precision,
            public_bias: false,
            masked: false,
            excluded: Vec::new(),
        };
        let Some(arrangement) = arrangement else {
            let id = push(&mut self.tensors, name, &shape, Some(layer));
            return Affine::tensor(id, shape, self.tensors[id].len);
        };
        let laid_out = [1, arrangement.channels, arrangement.positions];
        let id = push(&mut self.tensors, name, &laid_out, Some(layer));
        self.positions.insert(id, arrangement.positions);
        let rows = arrangement.place.iter().map(|cell| vec![(*cell, 1.0)]);
        Affine {
            terms: [(id, rows.collect())].into(),
            ..Affine::constant(shape, vec![0.0; arrangement.place.len()])
        }
    }
}
