//! Fixed columns: nearly always small integers, kept as such.

use halo2curves_axiom::{bn256::Fr, ff::Field};
use rayon::prelude::*;
use std::sync::Arc;

/// A fixed column: small integers, which may be shared, and a few field elements that replace them.
/// Rows after the last are zero.
#[derive(Clone, Debug, Default)]
pub struct Column {
    small: Arc<Vec<i32>>,
    wide: Vec<(usize, Fr)>,
}

impl Column {
    /// A column of integers.
    pub fn new(small: impl Into<Arc<Vec<i32>>>) -> Self {
        Self {
            small: small.into(),
            wide: Vec::new(),
        }
    }

    /// Adds field elements on some rows to what the column has there.
    #[must_use]
    pub fn with(mut self, wide: impl IntoIterator<Item = (usize, Fr)>) -> Self {
        self.wide.extend(wide);
        self
    }

    /// The number of rows that may be other than zero.
    pub fn rows(&self) -> usize {
        let wide = self.wide.iter().map(|(row, _)| row + 1);
        wide.max().unwrap_or(0).max(self.small.len())
    }

    /// Adds a multiple of the column to values by row.
    pub(crate) fn add_to(&self, values: &mut [Fr], factor: Fr) {
        values
            .par_iter_mut()
            .zip(self.small.par_iter())
            .with_min_len(1 << 12)
            .for_each(|(value, small)| match *small {
                0 => {}
                1 => *value += factor,
                small => *value += factor * int(small.into()),
            });
        for &(row, wide) in &self.wide {
            values[row] += factor * wide;
        }
    }

    /// `Σ weight_i·column_i`.
    pub(crate) fn dot(&self, weights: &[Fr]) -> Fr {
        let term = |(small, weight): (&i32, &Fr)| match *small {
            0 => Fr::ZERO,
            small => *weight * int(small.into()),
        };
        let small: Fr = self
            .small
            .par_iter()
            .zip(weights.par_iter())
            .with_min_len(1 << 12)
            .map(term)
            .sum();
        let wide = self.wide.iter().map(|&(row, wide)| weights[row] * wide);
        wide.fold(small, |sum, term| sum + term)
    }

    /// The values by row.
    pub fn values(&self, rows: usize) -> Vec<Fr> {
        let mut values = vec![Fr::ZERO; rows];
        self.add_to(&mut values, Fr::ONE);
        values
    }
}

/// A signed integer as a field element.
pub fn int(value: i64) -> Fr {
    let magnitude = Fr::from(value.unsigned_abs());
    if value < 0 { -magnitude } else { magnitude }
}
