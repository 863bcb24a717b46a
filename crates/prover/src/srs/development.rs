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

/// Powers, Lagrange basis and `[τ]_2`. Knowing the secret, both bases are multiples of the
/// generator.
pub(super) fn powers(k: u32) -> (Vec<G1Affine>, Vec<G1Affine>, G2Affine) {
    let tau = tau();
    let n = 1usize << k;
    let table = Table::new();
    let mut scalars = vec![Fr::ONE; n];
    for i in 1..n {
        scalars[i] = scalars[i - 1] * tau;
    }
    let g = table.multiply(&scalars);

    // L_i(τ) = ω^i (τ^n − 1) / (n (τ − ω^i)).
    let mut omega = Fr::ROOT_OF_UNITY;
    for _ in k..Fr::S {
        omega = omega.square();
    }
    let factor =
        (tau.pow_vartime([n as u64]) - Fr::ONE) * Fr::from(n as u64).invert().unwrap_or(Fr::ZERO);
    scalars
        .par_chunks_mut(4096)
        .enumerate()
        .for_each(|(chunk, scalars)| {
            let mut root = omega.pow_vartime([(chunk * 4096) as u64]);
            for scalar in scalars {
                *scalar = root * factor * (tau - root).invert().unwrap_or(Fr::ZERO);
                root *= omega;
            }
        });
    let g_lagrange = table.multiply(&scalars);
    (g, g_lagrange, tau_g2())
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
