//! What `docs/soundness.md` §8 says of keys with private weights: what their commitments and key
//! proofs show of the weight columns are independent forms of the random rows behind the tape. That
//! is a matter of rank, which is computed here, as is that of advice columns' random rows.
#![allow(clippy::unwrap_used, missing_docs)]

mod support;

use halo2curves_axiom::{bn256::Fr, ff::Field};
use rand::SeedableRng;
use rand_chacha::ChaCha8Rng;
use std::ops::Range;
use support::small::{network, planned, planned_in};
use verdict_argument::Domain;
use verdict_circuit::{BLINDING_ROWS, Batch, HIDING_ROWS, Hiding};
use verdict_model::Visibility;

/// The value at a point of the polynomial that is 1 on a row and 0 on all others.
fn lagrange(domain: &Domain, row: usize, at: Fr) -> Fr {
    let n = domain.size() as u64;
    let root = domain.omega().pow_vartime([row as u64]);
    let vanishing = at.pow_vartime([n]) - Fr::ONE;
    root * domain.size_inverse() * vanishing * (at - root).invert().unwrap()
}

/// How each random row of each column of a pack moves what is seen: the pack at `τ`, if it is, and
/// every column at every point.
fn moved(
    domain: &Domain,
    rows: Range<usize>,
    (pack, columns): (usize, usize),
    tau: Option<Fr>,
    points: &[Fr],
) -> Vec<Vec<Fr>> {
    let mut directions = Vec::new();
    for slot in 0..columns {
        for row in rows.clone() {
            let mut seen = vec![Fr::ZERO; columns * points.len()];
            for (number, point) in points.iter().enumerate() {
                seen[slot * points.len() + number] = lagrange(domain, row, *point);
            }
            seen.extend(tau.map(|tau| {
                let at = tau.pow_vartime([pack as u64]);
                tau.pow_vartime([slot as u64]) * lagrange(domain, row, at)
            }));
            directions.push(seen);
        }
    }
    directions
}

/// The number of independent rows.
fn rank(mut rows: Vec<Vec<Fr>>) -> usize {
    let mut rank = 0;
    for column in 0..rows[0].len() {
        let Some(pivot) = (rank..rows.len()).find(|row| rows[*row][column] != Fr::ZERO) else {
            continue;
        };
        rows.swap(rank, pivot);
        let inverse = rows[rank][column].invert().unwrap();
        let (done, below) = rows.split_at_mut(rank + 1);
        for row in below {
            let factor = row[column] * inverse;
            for (value, of) in row.iter_mut().zip(&done[rank]) {
                *value -= factor * of;
            }
        }
        rank += 1;
    }
    rank
}

const PACKS: [(usize, usize); 6] = [(2, 1), (2, 2), (4, 3), (4, 4), (8, 5), (8, 8)];

#[test]
fn commitments_and_key_proofs_show_independent_forms_of_random_rows() {
    let mut rng = ChaCha8Rng::seed_from_u64(81);
    let domain = Domain::new(9);
    let tau = Fr::random(&mut rng);
    // Behind a tape of any length; one key proof there is, and as many as the rows are spare for.
    for first in [17, 300, domain.size() - BLINDING_ROWS - HIDING_ROWS] {
        for (pack, columns) in PACKS {
            for proofs in [1, HIDING_ROWS - 1] {
                let points: Vec<Fr> = (0..proofs).map(|_| Fr::random(&mut rng)).collect();
                let rows = first..first + HIDING_ROWS;
                let seen = moved(&domain, rows, (pack, columns), Some(tau), &points);
                assert_eq!(
                    rank(seen),
                    columns * proofs + 1,
                    "{pack} {columns} {proofs}"
                );
            }
        }
    }
}

#[test]
fn one_key_proof_more_than_rows_are_kept_for_would_show_something() {
    let mut rng = ChaCha8Rng::seed_from_u64(82);
    let domain = Domain::new(9);
    let points: Vec<Fr> = (0..HIDING_ROWS).map(|_| Fr::random(&mut rng)).collect();
    let tau = Some(Fr::random(&mut rng));
    let seen = moved(&domain, 40..40 + HIDING_ROWS, (4, 4), tau, &points);
    assert!(rank(seen) < 4 * HIDING_ROWS + 1);
}

#[test]
fn advice_columns_show_independent_forms_of_random_rows() {
    let mut rng = ChaCha8Rng::seed_from_u64(83);
    let domain = Domain::new(9);
    let (tau, x) = (Fr::random(&mut rng), Fr::random(&mut rng));
    for (pack, columns) in PACKS {
        for points in [vec![x], vec![x, domain.omega_inverse() * x]] {
            let rows = domain.size() - BLINDING_ROWS..domain.size();
            let seen = moved(&domain, rows, (pack, columns), Some(tau), &points);
            assert_eq!(rank(seen), columns * points.len() + 1, "{pack} {columns}");
        }
    }
}

/// Rows are enough for what one key shows of weights, so no two keys have the same random values.
#[test]
fn every_key_of_a_model_has_random_rows_of_its_own() {
    let hiding = || Some(Hiding { seed: [7; 32] });
    let (model, other) = (
        network(1, 2, Visibility::Public),
        network(2, 2, Visibility::Public),
    );
    let batch = |items| Batch {
        items,
        sums: Vec::new(),
    };
    let of = |width, pack| planned_in(&model, batch(1), hiding(), width, Some(pack));
    let plans = [
        of(4, 2),
        of(4, 4),
        of(4, 8),
        of(5, 4),
        planned(&model, batch(2), hiding()),
        planned(&model, batch(3), hiding()),
        planned(&other, batch(1), hiding()),
    ];
    let hidden = plans.map(|plan| plan.tape.hidden().unwrap().clone());
    for (i, one) in hidden.iter().enumerate() {
        assert!(hidden[..i].iter().all(|before| before != one), "{i}");
    }
    // The same key is made again with the same.
    assert_eq!(of(4, 2).tape.hidden(), Some(&hidden[0]));
}
