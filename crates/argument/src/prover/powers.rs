//! Commitments to packs.

use crate::{ArgumentError, Shape};
use halo2curves_axiom::{
    bn256::{Fr, G1, G1Affine},
    ff::Field,
    msm::msm_best,
};
use std::sync::Arc;

/// The set-up's powers `[τ^i]_1`.
#[derive(Clone, Debug)]
pub struct Powers {
    points: Arc<Vec<G1Affine>>,
}

impl Powers {
    /// Takes powers that were checked.
    pub fn new(points: impl Into<Arc<Vec<G1Affine>>>) -> Self {
        Self {
            points: points.into(),
        }
    }

    /// How many there are.
    pub fn len(&self) -> usize {
        self.points.len()
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.points.is_empty()
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

    /// The commitment to `Σ_j T^j·slot_j(T^stride)`. Slots are no longer than [`Self::check`] has
    /// compared.
    pub(crate) fn commit<S: AsRef<[Fr]>>(&self, stride: usize, slots: &[S]) -> G1 {
        let mut scalars = Vec::new();
        let mut points = Vec::new();
        let longest = slots.iter().map(|slot| slot.as_ref().len()).max();
        for i in 0..longest.unwrap_or(0) {
            for (j, slot) in slots.iter().enumerate() {
                if let Some(value) = slot.as_ref().get(i).filter(|value| **value != Fr::ZERO) {
                    scalars.push(*value);
                    points.push(self.points[i * stride + j]);
                }
            }
        }
        msm_best(&scalars, &points)
    }
}
