//! Points and sums that the tests compare with.

// Not every test uses all of it.
#![allow(dead_code, clippy::unwrap_used)]

use halo2curves_axiom::bn256::{Fr, G1, G1Affine};
use halo2curves_axiom::ff::Field;
use halo2curves_axiom::group::{Curve, Group};
use rand::SeedableRng;
use rand_chacha::ChaCha20Rng;

/// Numbers that are the same in every run.
pub(crate) fn rng(seed: u64) -> ChaCha20Rng {
    ChaCha20Rng::seed_from_u64(seed)
}

/// Points without a relation that a test could profit from.
pub(crate) fn points(count: usize) -> Vec<G1Affine> {
    let mut rng = rng(7);
    let mut point = G1::generator();
    let step = G1::random(&mut rng);
    let projective = (0..count)
        .map(|_| {
            point = point.double() + step;
            point
        })
        .collect::<Vec<_>>();
    let mut affine = vec![G1Affine::default(); count];
    G1::batch_normalize(&projective, &mut affine);
    affine
}

pub(crate) fn scalars(count: usize, seed: u64) -> Vec<Fr> {
    let mut rng = rng(seed);
    (0..count).map(|_| Fr::random(&mut rng)).collect()
}

/// One product after another.
pub(crate) fn naive(points: &[G1Affine], scalars: &[Fr]) -> G1 {
    points
        .iter()
        .zip(scalars)
        .map(|(point, scalar)| G1::from(*point) * scalar)
        .sum()
}

pub(crate) fn signed(value: i64) -> Fr {
    let magnitude = Fr::from(value.unsigned_abs());
    if value < 0 { -magnitude } else { magnitude }
}
