//! What the importer knows of an ONNX value: a linear map of tensors, cell by cell or plane by
//! plane.

pub(crate) mod affine;
pub(crate) mod cells;
pub(crate) mod kernels;
pub(crate) mod planes;
pub(crate) mod probe;

use crate::float::graph::{FloatKernel, FloatTerm};
use crate::import::values::affine::Affine;
use crate::import::values::planes::PlaneMap;
use crate::memory;

/// Stands for an infinity in the mask of a soft-max.
pub(crate) const INFINITE: f64 = 1e30;

/// What the importer knows about an ONNX value.
#[derive(Clone, Debug)]
pub(crate) enum Value {
    /// With explicit weights.
    Rows(Affine),
    /// PlaneMap, with convolutions.
    Planes(PlaneMap),
}

impl Value {
    pub(crate) fn shape(&self) -> &[usize] {
        match self {
            Self::Rows(value) => &value.shape,
            Self::Planes(value) => &value.shape,
        }
    }

    /// What its weights take.
    pub(crate) fn bytes(&self) -> u64 {
        match self {
            Self::Rows(value) => {
                let rows = value
                    .terms
                    .values()
                    .map(Vec::len)
                    .sum::<usize>()
                    .max(value.len());
                let weights = value.terms.values().flatten().map(Vec::len).sum();
                memory::rows(rows, weights)
            }
            Self::Planes(value) => memory::rows(value.len(), value.weights()),
        }
    }

    pub(crate) fn is_constant(&self) -> bool {
        match self {
            Self::Rows(value) => value.is_constant(),
            Self::Planes(value) => value.terms.is_empty(),
        }
    }

    /// The tensor this value equals cell for cell, if there is one.
    pub(crate) fn as_tensor(&self) -> Option<usize> {
        match self {
            Self::Rows(value) => value.as_tensor(),
            Self::Planes(value) => value.as_tensor(),
        }
    }

    /// The tensors it is made of.
    pub(crate) fn sources(&self) -> Vec<usize> {
        match self {
            Self::Rows(value) => value.terms.keys().copied().collect(),
            Self::Planes(value) => value.terms.iter().map(|(source, _)| *source).collect(),
        }
    }

    /// Whether cells stand for infinities.
    pub(crate) fn is_masked(&self) -> bool {
        match self {
            Self::Rows(value) => value.bias.iter().any(|bias| bias.abs() > INFINITE / 2.0),
            Self::Planes(_) => false,
        }
    }

    pub(crate) fn is_finite(&self) -> bool {
        match self {
            Self::Rows(value) => value.is_finite(),
            Self::Planes(value) => value.is_finite(),
        }
    }

    /// Whether whole numbers stay whole.
    pub(crate) fn keeps_whole(&self) -> bool {
        match self {
            Self::Rows(value) => value.keeps_whole(),
            Self::Planes(value) => {
                let mut weights = value.terms.iter().flat_map(|(_, conv)| &conv.weights);
                value.bias.iter().all(|bias| bias.fract() == 0.0)
                    && weights.all(|weight| weight.fract() == 0.0)
            }
        }
    }

    /// The linear map: what is multiplied, and a bias for each cell.
    pub(crate) fn into_map(self) -> (Vec<FloatTerm>, Vec<f64>) {
        match self {
            Self::Rows(value) => {
                let terms = value.terms.into_iter();
                let terms = terms.map(|(source, rows)| FloatTerm::rows(source, rows));
                (terms.collect(), value.bias)
            }
            Self::Planes(value) => {
                let terms = value.terms.into_iter().map(|(source, conv)| FloatTerm {
                    source,
                    kernel: FloatKernel::Conv(conv),
                });
                (terms.collect(), value.bias)
            }
        }
    }

    /// `a · self + c`, cell by cell. What stands for an infinity does so still.
    pub(crate) fn affine(mut self, a: f64, c: f64) -> Self {
        let bias = match &mut self {
            Self::Rows(value) if a > 0.0 => {
                value.scale_finite(a);
                &mut value.bias
            }
            Self::Rows(value) => {
                value.scale(|_| a);
                &mut value.bias
            }
            Self::Planes(value) => {
                // One factor is the same for every channel.
                value.scale(&vec![a; value.len()]);
                &mut value.bias
            }
        };
        bias.iter_mut().for_each(|bias| *bias += c);
        self
    }

    pub(crate) fn nodes_mut(&mut self) -> &mut Vec<String> {
        match self {
            Self::Rows(value) => &mut value.nodes,
            Self::Planes(value) => &mut value.nodes,
        }
    }
}

/// The value's explicit form, if that is what it has.
pub(crate) fn rows_of(value: Option<&Value>) -> Option<&Affine> {
    match value {
        Some(Value::Rows(value)) => Some(value),
        _ => None,
    }
}
