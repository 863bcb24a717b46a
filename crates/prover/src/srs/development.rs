//! The development set-up: deterministic, fast to make, and worthless as security.

use halo2curves_axiom::{
    bn256::{Fr, G1, G1Affine, G2Affine},
    ff::{Field, FromUniformBytes, PrimeField},
    group::{Curve, Group, prime::PrimeCurveAffine},
};
use rayon::prelude::*;

/// The public "secret".
fn tau() -> Fr {
    let mut wide = [0u8; 64];
    blake3::Hasher::new()
        .update(b"Verdict: the development set-up, insecure because you are reading its secret")
        .finalize_xof()
        .fill(&mut wide);
    Fr::from_uniform_bytes(&wide)
}

/// `[τ]_2` of the development set-up.
pub(super) fn tau_g2() -> G2Affine {
    (G2Affine::generator() * tau()).to_affine()
}

/// Powers of the development set-up. Knowing the secret, they are multiples of the generator.
pub(super) fn powers(points: usize) -> Vec<G1Affine> {
    let tau = tau();
    let mut scalars = vec![Fr::ONE; points];
    for i in 1..points {
        scalars[i] = scalars[i - 1] * tau;
    }
    Table::new().multiply(&scalars)
}

/// Multiples of the generator by byte and position: a multiplication is 32 additions.
struct Table(Vec<[G1Affine; 255]>);

impl Table {
    fn new() -> Self {
        let mut base = G1::generator();
        let rows = (0..32)
            .map(|_| {
                let mut multiples = Vec::with_capacity(255);
                let mut current = base;
                for _ in 0..255 {
                    multiples.push(current);
                    current += base;
                }
                base = current;
                let mut row = [G1Affine::identity(); 255];
                G1::batch_normalize(&multiples, &mut row);
                row
            })
            .collect();
        Self(rows)
    }

    fn multiply(&self, scalars: &[Fr]) -> Vec<G1Affine> {
        let mut points = vec![G1Affine::identity(); scalars.len()];
        points
            .par_chunks_mut(1024)
            .zip(scalars.par_chunks(1024))
            .for_each(|(points, scalars)| {
                let sums: Vec<G1> = scalars
                    .iter()
                    .map(|scalar| {
                        let repr = scalar.to_repr();
                        let mut sum = G1::identity();
                        for (row, &byte) in self.0.iter().zip(repr.as_ref()) {
                            if byte != 0 {
                                sum += row[usize::from(byte) - 1];
                            }
                        }
                        sum
                    })
                    .collect();
                G1::batch_normalize(&sums, points);
            });
        points
    }
}
