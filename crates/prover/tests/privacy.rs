//! Statistics: proofs about different secrets open values that nobody can tell apart.
//!
//! Thresholds are chosen so that a sound prover fails one of them with a probability below 10^-6 in
//! all, over the seeds.
#![allow(clippy::unwrap_used, missing_docs)]

mod support;

use halo2curves_axiom::bn256::Fr;
use std::collections::HashSet;
use support::{keyed, models::rng, small::network};
use verdict_circuit::{Batch, FIXED_COLUMNS, Hiding};
use verdict_model::Visibility;
use verdict_prover::KeyedModel;
use verdict_wire::ProofLayout;

const PROOFS: usize = 96;
const BINS: usize = 8;

/// Opened values proof by proof, as 32 bytes, most significant first.
type Opened = Vec<Vec<[u8; 32]>>;

fn opened(keyed: &KeyedModel, inputs: &[Vec<i32>], seed: u64) -> Opened {
    let layout = ProofLayout::of(keyed.keys().on_chain());
    (0..PROOFS as u64)
        .map(|number| {
            let inference = keyed
                .prove(inputs, Fr::from(1), rng(seed * 1000 + number), &|_| {})
                .unwrap();
            inference.proof[layout.evaluation_bytes()]
                .chunks(32)
                .map(|word| word.try_into().unwrap())
                .collect()
        })
        .collect()
}

/// A scalar as a share of the field.
fn share(word: &[u8; 32]) -> f64 {
    let modulus = 0.189_030_554_816_f64;
    let top = word[..8]
        .iter()
        .fold(0.0, |sum, byte| sum * 256.0 + f64::from(*byte));
    top / 2f64.powi(64) / modulus
}

fn column(opened: &Opened, position: usize) -> Vec<f64> {
    let mut values: Vec<f64> = opened.iter().map(|proof| share(&proof[position])).collect();
    values.sort_by(f64::total_cmp);
    values
}

/// The largest distance between two empirical distributions; both lists are sorted.
fn kolmogorov_smirnov(a: &[f64], b: &[f64]) -> f64 {
    let below = |list: &[f64], x: f64| list.partition_point(|y| *y <= x) as f64 / list.len() as f64;
    a.iter()
        .chain(b)
        .map(|&x| (below(a, x) - below(b, x)).abs())
        .fold(0.0, f64::max)
}

/// How far counts in equal bins are from equal.
fn chi_square(values: &[f64]) -> f64 {
    let mut counts = [0f64; BINS];
    for value in values {
        counts[((value * BINS as f64) as usize).min(BINS - 1)] += 1.0;
    }
    let expected = values.len() as f64 / BINS as f64;
    counts
        .iter()
        .map(|c| (c - expected).powi(2) / expected)
        .sum()
}

/// Two samples of 96 differ by more with probability 2·exp(−2·x²·96·96/192) = 6·10^-9 per position
/// at x = 0.4523.
const KS_LIMIT: f64 = 0.4523;
/// The statistic with seven degrees of freedom exceeds this with probability below 10^-8.
const CHI_LIMIT: f64 = 52.0;

/// Positions of columns that are zero everywhere, publicly: `P` where nothing squares.
fn zeros(keyed: &KeyedModel, opened: &Opened) -> HashSet<usize> {
    let layout = ProofLayout::of(keyed.keys().on_chain());
    let zero = |position: &usize| opened.iter().all(|proof| proof[*position] == [0; 32]);
    layout.fixed_evaluations().filter(zero).collect()
}

fn indistinguishable(a: &Opened, b: &Opened, keyed: &KeyedModel) {
    let zeros = zeros(keyed, a);
    let positions = ProofLayout::of(keyed.keys().on_chain()).evaluations();
    assert!(a.iter().chain(b).all(|proof| proof.len() == positions));
    let mut seen = HashSet::new();
    for position in (0..positions).filter(|position| !zeros.contains(position)) {
        let (first, second) = (column(a, position), column(b, position));
        let distance = kolmogorov_smirnov(&first, &second);
        assert!(distance < KS_LIMIT, "position {position}: {distance}");
        for sample in [&first, &second] {
            let statistic = chi_square(sample);
            assert!(statistic < CHI_LIMIT, "position {position}: {statistic}");
        }
        for proof in a.iter().chain(b) {
            assert!(
                seen.insert(proof[position]),
                "position {position} repeats a value"
            );
        }
    }
}

#[test]
fn proofs_for_two_private_inputs_open_the_same_distributions() {
    let keyed = keyed(network(1, 1, Visibility::Private), Batch::single(), None);
    let (a, b) = (
        opened(&keyed, &[vec![-8, 0, 0]], 1),
        opened(&keyed, &[vec![8, -8, 8]], 2),
    );
    indistinguishable(&a, &b, &keyed);
}

fn hiding(seed: u8) -> Hiding {
    Hiding { seed: [seed; 32] }
}

#[test]
fn proofs_for_two_private_weights_open_the_same_distributions() {
    let models = [(1, 3), (2, 4)].map(|(weights, seed)| {
        keyed(
            network(weights, 1, Visibility::Private),
            Batch::single(),
            Some(hiding(seed)),
        )
    });
    let inputs = [vec![3, -5, 7]];
    let [a, b] = models.each_ref().map(|keyed| opened(keyed, &inputs, 5));
    assert_eq!(zeros(&models[0], &a), zeros(&models[1], &b));
    indistinguishable(&a, &b, &models[0]);
}

/// Packs of a key before those of its weights.
fn packs_of(keyed: &KeyedModel) -> usize {
    FIXED_COLUMNS.div_ceil(keyed.keys().on_chain().pack)
}

#[test]
fn without_hiding_a_guess_at_the_weights_can_be_checked() {
    let weights =
        |keyed: &KeyedModel| keyed.keys().on_chain().commitments[packs_of(keyed)..].to_vec();
    let model = |seed| network(seed, 1, Visibility::Private);
    let make = |seed, hiding| weights(&keyed(model(seed), Batch::single(), hiding));
    // Public commitments: the right guess is confirmed, a wrong one refuted.
    let public = make(1, None);
    assert_eq!(public, make(1, None));
    assert_ne!(public, make(2, None));
    // Hiding ones: the right guess looks like every wrong one, column by column, unless the seed is
    // known.
    let hidden = make(1, Some(hiding(3)));
    for guess in [
        make(1, None),
        make(1, Some(hiding(4))),
        make(2, Some(hiding(4))),
    ] {
        assert!(
            guess
                .iter()
                .zip(&hidden)
                .all(|(guess, hidden)| guess != hidden)
        );
    }
    assert_eq!(hidden, make(1, Some(hiding(3))));
}

#[test]
fn the_statistics_notice_what_is_not_uniform() {
    use rand::Rng;
    let mut rng = rng(9);
    let mut uniform: Vec<f64> = (0..PROOFS).map(|_| rng.r#gen()).collect();
    let mut skewed: Vec<f64> = (0..PROOFS).map(|_| rng.r#gen::<f64>().powi(4)).collect();
    uniform.sort_by(f64::total_cmp);
    skewed.sort_by(f64::total_cmp);
    assert!(kolmogorov_smirnov(&uniform, &skewed) > KS_LIMIT);
    assert!(chi_square(&skewed) > CHI_LIMIT && chi_square(&uniform) < CHI_LIMIT);
}
