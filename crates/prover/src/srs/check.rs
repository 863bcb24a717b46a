//! Pairing checks on a set-up that was read, from wherever: nothing a file says of its points is
//! believed.

use halo2_axiom::{
    arithmetic::{best_fft, best_multiexp},
    poly::EvaluationDomain,
};
use halo2curves_axiom::{
    CurveAffine,
    bn256::{Fr, G1Affine, G2Affine, pairing},
    ff::Field,
    group::{Curve, prime::PrimeCurveAffine},
};
use rand::RngCore;
use rayon::prelude::*;

/// What a file states of a set-up.
pub(super) struct Points<'a> {
    /// `[τ^i]_1`.
    pub(super) g: &'a [G1Affine],
    /// The Lagrange basis, where the file has one that will be used.
    pub(super) g_lagrange: Option<&'a [G1Affine]>,
    /// `[1]_2`.
    pub(super) g2: G2Affine,
    /// `[τ]_2`.
    pub(super) s_g2: G2Affine,
}

/// Checks that the points are points, that they are the powers of the secret behind `[τ]_2`, and
/// that the Lagrange basis, if there is one, is made of them.
///
/// All is linear in the points, so that one random combination of them says it of all: a wrong
/// point survives with probability 2^-128, the coefficients being uniform below 2^128 and drawn
/// after the file was read. Three multi-exponentiations are all it costs.
pub(super) fn check(points: &Points<'_>, rng: &mut impl RngCore) -> Result<(), String> {
    let g = points.g;
    if g.len() < 2 {
        return Err("it holds fewer than two points".into());
    }
    if g[0] != G1Affine::generator() {
        return Err(NO_GENERATORS.into());
    }
    if g[1] == G1Affine::identity() || g[1] == g[0] {
        return Err("its secret is 0 or 1".into());
    }
    check_tau(&points.g2, &points.s_g2)?;
    // Readers of raw coordinates do not look; off the curve, addition and pairing mean nothing. The
    // first group has no cofactor.
    on_curve("power", g)?;
    on_curve("Lagrange point", points.g_lagrange.unwrap_or_default())?;
    let coefficients: Vec<Fr> = (0..g.len())
        .map(|_| Fr::from_raw([rng.next_u64(), rng.next_u64(), 0, 0]))
        .collect();
    let (last, low) = (g.len() - 1, &coefficients[..g.len() - 1]);
    let all = best_multiexp(&coefficients, g);
    let high = best_multiexp(low, &g[1..]).to_affine();
    let low = (all - g[last] * coefficients[last]).to_affine();
    if pairing(&low, &points.s_g2) != pairing(&high, &G2Affine::generator()) {
        return Err("its points are not consecutive powers of the secret behind [τ]_2".into());
    }
    if let Some(basis) = points.g_lagrange {
        // The same polynomial, by its coefficients and by its values.
        let values = values(coefficients);
        if basis.len() != values.len() || best_multiexp(&values, basis) != all {
            return Err("its Lagrange basis is not that of its powers".into());
        }
    }
    Ok(())
}

const NO_GENERATORS: &str = "it does not begin with the standard generators of BN254";

/// Checks the second group's points alone.
pub(super) fn check_tau(g2: &G2Affine, s_g2: &G2Affine) -> Result<(), String> {
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

/// Refuses what is no point, and the point at infinity, which multi-exponentiation cannot take: it
/// is a power of the secret 0 alone, and in the Lagrange basis of a secret within the domain alone.
fn on_curve(what: &str, points: &[G1Affine]) -> Result<(), String> {
    let off = points
        .par_iter()
        .position_first(|point| !bool::from(point.is_on_curve() & !point.is_identity()));
    match off {
        Some(index) => Err(format!("{what} {index} is not a point of the curve")),
        None => Ok(()),
    }
}

/// A polynomial's values on the domain.
fn values(mut coefficients: Vec<Fr>) -> Vec<Fr> {
    let k = coefficients.len().trailing_zeros();
    let domain = EvaluationDomain::new(1, k);
    let data = domain.get_fft_data(coefficients.len());
    best_fft(&mut coefficients, domain.get_omega(), k, data, false);
    coefficients
}
