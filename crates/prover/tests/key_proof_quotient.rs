//! What `docs/soundness.md` §11 says of a key proof's quotient, whose four pieces halo2-axiom commits
//! to without blinding: the random rows of running sums and counts move all four by independent
//! amounts. That is a matter of rank; the matrix is computed here for layouts of every shape.
//!
//! Its entries are polynomials in the random rows of weight columns and limbs. Their terms of the
//! highest degree do not depend on weights or challenges, so these alone are computed: where they
//! have rank four, the whole matrix has, but for few random rows, whatever the weights are.
#![allow(clippy::unwrap_used, missing_docs)]

mod support;

use halo2curves_axiom::{
    bn256::Fr,
    ff::{Field, PrimeField},
};
use rand::Rng;
use rand_chacha::ChaCha8Rng;
use support::{
    models::rng,
    polynomials::{evaluate, product},
};
use verdict_circuit::BLINDING_ROWS;

/// Look-ups that share a running sum.
const SHARED: usize = 3;
/// The most pieces that there are.
const PIECES: usize = 4;
const K: u32 = 6;
const N: usize = 1 << K;
/// Rows behind the tape where weight columns are random.
const HIDING: std::ops::Range<usize> = 40..43;

/// The domain, the set-up's secret and the point that is opened.
struct Setting {
    omega: Fr,
    tau: Fr,
    x: Fr,
}

impl Setting {
    fn new(rng: &mut ChaCha8Rng) -> Self {
        let omega = (K..Fr::S).fold(Fr::ROOT_OF_UNITY, |omega, _| omega.square());
        Self {
            omega,
            tau: Fr::random(&mut *rng),
            x: Fr::random(rng),
        }
    }

    fn row(&self, row: usize) -> Fr {
        self.omega.pow_vartime([row as u64])
    }

    /// The polynomial of these values, coefficient by coefficient.
    fn interpolate(&self, values: &[Fr]) -> Vec<Fr> {
        let inverse = self.omega.invert().unwrap();
        let scale = Fr::from(N as u64).invert().unwrap();
        let coefficient = |i: usize| {
            let step = inverse.pow_vartime([i as u64]);
            values.iter().rev().fold(Fr::ZERO, |sum, v| sum * step + v) * scale
        };
        (0..N).map(coefficient).collect()
    }

    /// The polynomial that is random on some rows and zero on all others.
    fn random_on(&self, rows: std::ops::Range<usize>, rng: &mut ChaCha8Rng) -> Vec<Fr> {
        let mut values = vec![Fr::ZERO; N];
        values[rows]
            .iter_mut()
            .for_each(|v| *v = Fr::random(&mut *rng));
        self.interpolate(&values)
    }

    /// The polynomials that only the blinding rows hold and that vanish at all of `points`.
    fn free(&self, points: &[Fr]) -> Vec<Vec<Fr>> {
        let blinding: Vec<usize> = (N - BLINDING_ROWS..N).collect();
        let direction = |power: u64| {
            let mut values = vec![Fr::ZERO; N];
            for &row in &blinding {
                let at = self.row(row);
                // (X^n − 1)/D at a root of both, times what vanishes at the points.
                let others = blinding.iter().filter(|other| **other != row);
                let derivative: Fr = others.map(|other| at - self.row(*other)).product();
                let factor: Fr = points.iter().map(|point| at - point).product();
                let whole = Fr::from(N as u64) * at.invert().unwrap();
                values[row] =
                    whole * derivative.invert().unwrap() * factor * at.pow_vartime([power]);
            }
            self.interpolate(&values)
        };
        let count = (BLINDING_ROWS - points.len()) as u64;
        let free: Vec<Vec<Fr>> = (0..count).map(direction).collect();
        for polynomial in &free {
            assert!(points.iter().all(|p| evaluate(polynomial, *p) == Fr::ZERO));
        }
        free
    }

    /// What the pieces of the quotient of `numerator` are at the secret.
    fn pieces(&self, numerator: Vec<Fr>) -> Vec<Fr> {
        let mut rest = numerator;
        let mut quotient = vec![Fr::ZERO; rest.len() - N];
        for i in (N..rest.len()).rev() {
            quotient[i - N] = rest[i];
            let carry = rest[i];
            rest[i - N] += carry;
        }
        assert!(
            rest[..N].iter().all(|c| *c == Fr::ZERO),
            "gates hold on every row"
        );
        quotient.resize(PIECES * N, Fr::ZERO);
        let pieces = quotient.chunks(N).map(|piece| evaluate(piece, self.tau));
        pieces.collect()
    }
}

fn rank(mut rows: Vec<Vec<Fr>>) -> usize {
    let mut rank = 0;
    for column in 0..PIECES {
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

/// How many pieces there are: a single column of one limb has gates of degree 4 only.
fn pieces_of(weights: usize, limbs: usize) -> usize {
    1 + SHARED.min(weights * limbs + 1)
}

/// What moves the pieces: three directions in every running sum, four in the counts.
fn directions(field: &Setting, weights: usize, limbs: usize, rng: &mut ChaCha8Rng) -> Vec<Vec<Fr>> {
    // The denominators' terms in random rows, look-up by look-up; the table's has none.
    let mut denominators = Vec::new();
    for _ in 0..weights {
        let blinding = N - BLINDING_ROWS..N;
        let upper: Vec<Vec<Fr>> = (1..limbs)
            .map(|_| field.random_on(blinding.clone(), rng))
            .collect();
        let mut lowest = field.random_on(HIDING, rng);
        for (limb, of) in upper.iter().zip(1..) {
            let weight = Fr::from(1 << (3 * of));
            for (low, high) in lowest.iter_mut().zip(limb) {
                *low -= weight * high;
            }
        }
        denominators.push(lowest);
        denominators.extend(upper);
    }
    denominators.push(field.random_on(1..N - BLINDING_ROWS, rng));
    let running: Vec<Fr> = (0..N)
        .map(|row| Fr::from(u64::from((1..N - BLINDING_ROWS).contains(&row))))
        .collect();
    let running = field.interpolate(&running);
    let before = field.omega.invert().unwrap();
    let opened = [field.tau, field.x, before * field.x];
    let all = |denominators: &[Vec<Fr>]| {
        let ones = vec![Fr::ONE];
        denominators.iter().fold(ones, |all, of| product(&all, of))
    };
    let mut rows = Vec::new();
    for shared in denominators.chunks(SHARED) {
        let gate = product(&running, &all(shared));
        for free in field.free(&opened) {
            let mut power = Fr::ONE;
            let step = free.iter().map(|coefficient| {
                let then = *coefficient * power;
                power *= before;
                *coefficient - then
            });
            rows.push(field.pieces(product(&gate, &step.collect::<Vec<_>>())));
        }
    }
    let looked = denominators.len() - 1;
    let beside = &denominators[looked - looked % SHARED..looked];
    let gate = product(&running, &all(beside));
    for free in field.free(&opened[..2]) {
        rows.push(field.pieces(product(&gate, &free)));
    }
    rows
}

#[test]
fn random_rows_move_all_pieces() {
    let mut rng = rng(81);
    let field = Setting::new(&mut rng);
    for weights in 1..=8 {
        for limbs in 1..=3 {
            let directions = directions(&field, weights, limbs, &mut rng);
            assert_eq!(
                rank(directions),
                pieces_of(weights, limbs),
                "{weights} weights of {limbs} limbs"
            );
        }
    }
    let wide = rng.gen_range(9..12);
    assert_eq!(rank(directions(&field, wide, 1, &mut rng)), PIECES);
}

#[test]
fn without_random_rows_they_would_not_move() {
    let mut rng = rng(82);
    let field = Setting::new(&mut rng);
    // A column that is opened at as many points as it has random rows has no direction left.
    let points: Vec<Fr> = (0..BLINDING_ROWS).map(|_| Fr::random(&mut rng)).collect();
    assert!(field.free(&points).is_empty());
    // And one look-up alone would move fewer pieces than there are.
    let few = directions(&field, 1, 1, &mut rng).split_off(3);
    assert!(rank(few) < pieces_of(1, 1));
}
