//! Commitments to packs.

use crate::{ArgumentError, Shape};
use halo2curves_axiom::bn256::{Fr, G1, G1Affine};
use std::sync::Arc;
use verdict_msm::Bases;

/// The set-up's powers `[τ^i]_1`.
#[derive(Clone, Debug)]
pub struct Powers {
    bases: Bases,
}

impl Powers {
    /// Takes powers that were checked.
    pub fn new(points: impl Into<Arc<[G1Affine]>>) -> Self {
        Self {
            bases: Bases::new(points),
        }
    }

    /// Tables of multiples, which make commitments faster, if they take no more than `limit` bytes.
    #[must_use]
    pub fn with_tables(self, limit: usize) -> Self {
        Self {
            bases: self.bases.with_tables(limit),
        }
    }

    /// The points.
    pub fn points(&self) -> &[G1Affine] {
        self.bases.points()
    }

    /// How many there are.
    pub fn len(&self) -> usize {
        self.bases.len()
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.bases.is_empty()
    }

    /// Refuses a shape that needs more.
    pub fn check(&self, shape: &Shape) -> Result<(), ArgumentError> {
        match shape.points() {
            need if need > self.len() => Err(ArgumentError::SetUp {
                have: self.len(),
                need,
            }),
            _ => Ok(()),
        }
    }

    /// The commitment to `Σ_j T^j·slot_j(T^stride)`.
    pub(crate) fn commit<S: AsRef<[Fr]>>(
        &self,
        stride: usize,
        slots: &[S],
    ) -> Result<G1, ArgumentError> {
        let slots: Vec<&[Fr]> = slots.iter().map(AsRef::as_ref).collect();
        let sum = self.bases.multiply_columns(stride, &slots);
        sum.map_err(|error| ArgumentError::Shape(error.to_string()))
    }
}
