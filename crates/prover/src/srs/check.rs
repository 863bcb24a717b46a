//! Pairing checks on an imported set-up.

use super::powers::Powers;
use halo2_axiom::arithmetic::best_multiexp;
use halo2curves_axiom::{
    CurveAffine,
    bn256::{Fr, G1Affine, G2Affine, pairing},
    ff::Field,
    group::{Curve, prime::PrimeCurveAffine},
};
use rand::RngCore;
use rayon::prelude::*;

/// Checks that the points are points, and powers of one secret: the first is the generator, and a
/// random combination of neighbours has the ratio `[τ]_2` states. A wrong point survives with
/// probability 2^-253 (the coefficients are uniform in the scalar field). The Lagrange basis is not
/// read from files but made from the powers.
pub(super) fn check(powers: &Powers, rng: &mut impl RngCore) -> Result<(), String> {
    let g = &powers.g;
    if g.len() < 2 {
        return Err("it holds fewer than two points".into());
    }
    // Readers of raw coordinates do not look; off the curve, addition and pairing mean nothing. The
    // first group has no cofactor.
    if let Some(index) = g
        .par_iter()
        .position_first(|point| !bool::from(point.is_on_curve()))
    {
        return Err(format!("power {index} is not a point of the curve"));
    }
    if ![powers.g2, powers.s_g2]
        .iter()
        .all(|point| bool::from(point.is_on_curve()))
    {
        return Err("a power in the second group is not a point of the curve".into());
    }
    if g[0] != G1Affine::generator() || powers.g2 != G2Affine::generator() {
        return Err("it does not begin with the standard generators of BN254".into());
    }
    if g[1] == G1Affine::identity() || g[1] == g[0] {
        return Err("its secret is 0 or 1".into());
    }
    let identity = G2Affine::identity();
    // [r−1]P = −P exactly for points of the prime-order group.
    if powers.s_g2 == identity || (powers.s_g2 * -Fr::ONE).to_affine() != -powers.s_g2 {
        return Err("[τ]_2 is not in the right group".into());
    }
    let coefficients: Vec<Fr> = (1..g.len()).map(|_| Fr::random(&mut *rng)).collect();
    let low = best_multiexp(&coefficients, &g[..g.len() - 1]).to_affine();
    let high = best_multiexp(&coefficients, &g[1..]).to_affine();
    if pairing(&low, &powers.s_g2) != pairing(&high, &G2Affine::generator()) {
        return Err("its points are not consecutive powers of the secret behind [τ]_2".into());
    }
    Ok(())
}
