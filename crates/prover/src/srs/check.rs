//! Pairing checks on a set-up that was read, from wherever: nothing a file says of its points is
//! believed.

use super::powers::Stated;
use halo2curves_axiom::{
    CurveAffine,
    bn256::{Fr, G1Affine, G2Affine, pairing},
    ff::Field,
    group::{Curve, prime::PrimeCurveAffine},
};
use rand::RngCore;
use rayon::prelude::*;
use verdict_msm::Bases;

/// Checks that the points are points, and that they are the powers of the secret behind `[τ]_2`.
///
/// All is linear in the points, so that one random combination of them says it of all: a wrong
/// point survives with probability 2^-128, the coefficients being uniform below 2^128 and drawn
/// after the file was read. Two multi-exponentiations are all it costs.
pub(super) fn check(stated: &Stated, rng: &mut impl RngCore) -> Result<(), String> {
    let g = &stated.g;
    if g.len() < 2 {
        return Err("it holds fewer than two points".into());
    }
    if g[0] != G1Affine::generator() {
        return Err(NO_GENERATORS.into());
    }
    if g[1] == G1Affine::identity() || g[1] == g[0] {
        return Err("its secret is 0 or 1".into());
    }
    check_tau(&stated.g2, &stated.s_g2)?;
    // Readers of raw coordinates do not look; off the curve, addition and pairing mean nothing. The
    // first group has no cofactor.
    on_curve(g)?;
    let draw = |_| Fr::from_raw([rng.next_u64(), rng.next_u64(), 0, 0]);
    // Of a power each but the last, and of the one after it: zero stands before the first.
    let mut coefficients = vec![Fr::ZERO];
    coefficients.extend((1..g.len()).map(draw));
    let bases = Bases::new(g.clone());
    let combined = |coefficients: &[Fr]| {
        let sum = bases.multiply(coefficients);
        sum.map(|sum| sum.to_affine())
            .map_err(|error| error.to_string())
    };
    let (low, high) = (combined(&coefficients[1..])?, combined(&coefficients)?);
    if pairing(&low, &stated.s_g2) != pairing(&high, &G2Affine::generator()) {
        return Err("its points are not consecutive powers of the secret behind [τ]_2".into());
    }
    Ok(())
}

const NO_GENERATORS: &str = "it does not begin with the standard generators of BN254";

/// Checks the second group's points alone.
fn check_tau(g2: &G2Affine, s_g2: &G2Affine) -> Result<(), String> {
    if ![g2, s_g2]
        .iter()
        .all(|point| bool::from(point.is_on_curve()))
    {
        return Err("a power in the second group is not a point of the curve".into());
    }
    if *g2 != G2Affine::generator() {
        return Err(NO_GENERATORS.into());
    }
    // [r−1]P = −P exactly for points of the prime-order group.
    if *s_g2 == G2Affine::identity() || (*s_g2 * -Fr::ONE).to_affine() != -*s_g2 {
        return Err("[τ]_2 is not in the right group".into());
    }
    Ok(())
}

/// Refuses what is no point, and the point at infinity, which is a power of the secret 0 alone.
fn on_curve(points: &[G1Affine]) -> Result<(), String> {
    let off = points
        .par_iter()
        .position_first(|point| !bool::from(point.is_on_curve() & !point.is_identity()));
    match off {
        Some(index) => Err(format!("power {index} is not a point of the curve")),
        None => Ok(()),
    }
}
