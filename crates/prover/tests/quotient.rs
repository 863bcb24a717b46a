//! What `docs/soundness.md` §8 says of `[H_0]` and `[H_1]`, which halo2-axiom commits to without
//! blinding: the random rows of the columns move both by independent, uniform amounts. The lemma's
//! one premise about a key is looked up in keys of every kind, and its identity is computed.
#![allow(clippy::unwrap_used, missing_docs)]

mod support;

use halo2curves_axiom::{
    bn256::Fr,
    ff::{BatchInvert, Field},
};
use support::{
    keyed,
    models::rng,
    polynomials::{evaluate, product},
    small::network,
};
use verdict_circuit::{BLINDING_ROWS, Batch, Hiding};
use verdict_model::Visibility;
use verdict_prover::KeyedModel;

/// The quotient by `X − root`, which must divide.
fn divide(polynomial: &[Fr], root: Fr) -> Vec<Fr> {
    let mut quotient = vec![Fr::ZERO; polynomial.len() - 1];
    let mut carry = Fr::ZERO;
    for (i, coefficient) in polynomial.iter().enumerate().rev() {
        carry = carry * root + coefficient;
        if i > 0 {
            quotient[i - 1] = carry;
        }
    }
    assert_eq!(carry, Fr::ZERO, "it is a root");
    quotient
}

/// Keys of every kind: public and private weights, one inference and several.
fn keys() -> Vec<KeyedModel> {
    let hiding = || Hiding {
        seed: [7; 32],
        proofs: 5,
    };
    let batch = || Batch {
        items: 3,
        sums: Vec::new(),
    };
    let mut keys = Vec::new();
    for visibility in [
        Visibility::Private,
        Visibility::Public,
        Visibility::Committed,
    ] {
        for (batch, hiding) in [
            (Batch::single(), None),
            (Batch::single(), Some(hiding())),
            (batch(), None),
        ] {
            keys.push(keyed(network(1, 1, visibility), batch, hiding));
        }
    }
    keys
}

/// `σ = u + v + w`, coefficient by coefficient, and the points of the blinding rows.
fn sigma(keyed: &KeyedModel) -> (Vec<Fr>, Vec<Fr>) {
    let proving = keyed.keys().proving();
    let fixed = proving.fixed_polys();
    let sigma = (0..fixed[0].len()).map(|i| fixed[0][i] + fixed[1][i] + fixed[2][i]);
    let omega = proving.get_vk().get_domain().get_omega();
    let n = fixed[0].len();
    let rows = (n - BLINDING_ROWS..n).map(|row| omega.pow_vartime([row as u64]));
    (sigma.collect(), rows.collect())
}

#[test]
fn opcodes_have_simple_roots_at_the_blinding_rows() {
    for keyed in keys() {
        let (sigma, rows) = sigma(&keyed);
        let derivative: Vec<Fr> = (1u64..)
            .zip(&sigma[1..])
            .map(|(power, coefficient)| Fr::from(power) * coefficient)
            .collect();
        for row in rows {
            assert_eq!(evaluate(&sigma, row), Fr::ZERO);
            assert_ne!(evaluate(&derivative, row), Fr::ZERO);
        }
    }
}

#[test]
fn random_rows_of_the_multiplicities_move_the_upper_half_and_not_the_sum() {
    let keyed = keyed(network(1, 1, Visibility::Private), Batch::single(), None);
    let (sigma, rows) = sigma(&keyed);
    let n = sigma.len();
    let mut rng = rng(11);
    let [tau, x] = [(); 2].map(|()| Fr::random(&mut rng));
    // e = (X^n − 1)·E/D with E(τ) = E(x) = 0, so that e·σ = (X^n − 1)·w.
    let mut w = rows
        .iter()
        .fold(sigma, |quotient, row| divide(&quotient, *row));
    for root in [tau, x] {
        w = product(&w, &[-root, Fr::ONE]);
    }
    let free: Vec<Fr> = (0..4).map(|_| Fr::random(&mut rng)).collect();
    let w = product(&w, &free);
    let looked_up: Vec<Fr> = (0..n).map(|_| Fr::random(&mut rng)).collect();
    let moved = product(&w, &looked_up);
    assert!(moved.len() <= 2 * n - 2, "{} coefficients", moved.len());
    let (low, high) = (evaluate(&moved[..n], tau), evaluate(&moved[n..], tau));
    let power = tau.pow_vartime([n as u64]);
    assert_ne!(high, Fr::ZERO);
    assert_eq!(low + power * high, Fr::ZERO, "H(τ) stays what it was");

    // −Σ ℓ_i(τ)·w(ω^i)·K(ω^i)/(τ^n − 1), with ℓ_i(τ) = ω^i·(τ^n − 1)/(n·(τ − ω^i)).
    let omega = keyed.keys().verifying().get_domain().get_omega();
    let points: Vec<Fr> = std::iter::successors(Some(Fr::ONE), |point| Some(point * omega))
        .take(n)
        .collect();
    let mut inverses: Vec<Fr> = points
        .iter()
        .map(|point| Fr::from(n as u64) * (tau - point))
        .collect();
    inverses.iter_mut().batch_invert();
    let sum: Fr = points
        .iter()
        .zip(&inverses)
        .map(|(point, inverse)| {
            point * inverse * evaluate(&w, *point) * evaluate(&looked_up, *point)
        })
        .sum();
    assert_eq!(high, -sum);
}
