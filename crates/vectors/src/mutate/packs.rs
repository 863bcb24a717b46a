//! Mutations of what packs brought: their commitments in proof and key, their slots' evaluations,
//! the blinding of hidden ones.
//!
//! A slot that no column uses has no evaluation in a proof, so none can be changed: the verifier's
//! value of the pack has zero there, and `tests/false_proofs.rs` commits to something else.

use super::{
    Material, Mutant, Mutate, Random, Statement, parts::Form, pick, point, set, set_point, word,
};
use crate::field::{self, P};
use alloy_primitives::U256;
use rand::Rng as _;
use std::ops::Range;

pub(super) const KINDS: &[(&str, Mutate)] = &[
    ("packs: two of the proof exchanged", |m, random| {
        let all = 0..form(m).points().iter().sum();
        let (a, b) = (random.gen_range(all.clone()), random.gen_range(all));
        m.proof(exchanged(&m.good.proof, 2 * a, 2 * b))
    }),
    ("packs: one of the proof is one of the key", |m, random| {
        let (at, of) = (any(m, random), commitment(m, random));
        m.proof(set_point(&m.good.proof, at, point(&m.good.key, of)))
    }),
    (
        "packs: one of the proof and one of the key exchanged",
        |m, random| {
            let (at, of) = (any(m, random), commitment(m, random));
            Some(Mutant::Key(Statement {
                key: set_point(&m.good.key, of, point(&m.good.proof, at)),
                values: m.good.values.clone(),
                proof: set_point(&m.good.proof, at, point(&m.good.key, of)),
            }))
        },
    ),
    ("packs: a hidden one as the key has it", |m, random| {
        let hidden: Vec<usize> = hidden(m).collect();
        let number = random.gen_range(0..hidden.len().max(1));
        let commitment = weights(m) + 2 * number;
        let at = *hidden.get(number)?;
        m.proof(set_point(&m.good.proof, at, point(&m.good.key, commitment)))
    }),
    ("packs: hidden ones as the key has them", |m, _| {
        let mut proof = m.good.proof.clone();
        for (number, at) in hidden(m).enumerate() {
            proof = set_point(&proof, at, point(&m.good.key, weights(m) + 2 * number));
        }
        m.proof(proof)
    }),
    ("packs: the key's as the proof hides them", |m, _| {
        let mut key = m.good.key.clone();
        for (number, at) in hidden(m).enumerate() {
            key = set_point(&key, weights(m) + 2 * number, point(&m.good.proof, at));
        }
        m.key(key)
    }),
    ("packs: a hidden one of another proof", |m, random| {
        let hidden: Vec<usize> = hidden(m).collect();
        let at = *hidden.get(random.gen_range(0..hidden.len().max(1)))?;
        let from = pick(random, &[&m.twin.proof, &m.other.proof]);
        m.proof(set_point(&m.good.proof, at, point(from, at)))
    }),
    ("packs: blinding replaced", |m, random| {
        let at = blinding(m)?;
        let [x, y] = point(&m.good.proof, at);
        let with = [
            [x, P - y],
            field::doubled([x, y]),
            [U256::from(1), U256::from(2)],
            field::random_point(random),
            point(&m.twin.proof, at),
            point(&m.other.proof, at),
            point(&m.good.proof, hidden(m).next()?),
            point(&m.good.key, weights(m)),
        ];
        m.proof(set_point(&m.good.proof, at, pick(random, &with)))
    }),
    ("packs: blinding at infinity", |m, _| {
        m.proof(set_point(&m.good.proof, blinding(m)?, [U256::ZERO; 2]))
    }),
    (
        "packs: hidden ones and blinding of another proof",
        |m, random| {
            let from = pick(random, &[&m.twin.proof, &m.other.proof]);
            let mut proof = m.good.proof.clone();
            for at in hidden(m).chain(blinding(m)) {
                proof = set_point(&proof, at, point(from, at));
            }
            m.proof(proof)
        },
    ),
    ("slots: two of a pack exchanged", |m, random| {
        let pack = pick(random, &form(m).slots());
        let (a, b) = (pick(random, &pack), pick(random, &pack));
        m.proof(evaluations_exchanged(m, &m.good.proof, a, b))
    }),
    ("slots: of two packs exchanged", |m, random| {
        let packs = form(m).slots();
        let (a, b) = (pick(random, &packs), pick(random, &packs));
        let slot = random.gen_range(0..a.len().min(b.len()));
        m.proof(evaluations_exchanged(m, &m.good.proof, a[slot], b[slot]))
    }),
    ("slots: all of two packs exchanged", |m, random| {
        let packs = form(m).slots();
        let (a, b) = (pick(random, &packs), pick(random, &packs));
        let mut proof = m.good.proof.clone();
        for (a, b) in a.iter().zip(&b) {
            proof = evaluations_exchanged(m, &proof, *a, *b);
        }
        m.proof(proof)
    }),
    ("slots: all of a pack moved on", |m, random| {
        let pack = pick(random, &form(m).slots());
        let by = random.gen_range(0..pack.len());
        let mut proof = m.good.proof.clone();
        for (i, at) in pack.iter().enumerate() {
            let from = pack[(i + by) % pack.len()];
            proof = set(&proof, m.scalars().start + at, evaluation(m, from));
        }
        m.proof(proof)
    }),
    ("slots: moved between two of a pack", |m, random| {
        // What one loses the other gains, so the sum of a pack's values stays.
        let pack = pick(random, &form(m).slots());
        let (a, b) = (pick(random, &pack), pick(random, &pack));
        let delta = field::random_scalar(random);
        let (from, to) = (evaluation(m, a), evaluation(m, b));
        let start = m.scalars().start;
        let proof = set(
            &m.good.proof,
            start + a,
            from.add_mod(field::R - delta, field::R),
        );
        (a != b).then(|| m.proof(set(&proof, start + b, to.add_mod(delta, field::R))))?
    }),
    (
        "slots: a running column's two points exchanged",
        |m, random| {
            let column = pick(random, &RUNNING.collect::<Vec<_>>());
            let back = column + RUNNING.len();
            m.proof(evaluations_exchanged(m, &m.good.proof, column, back))
        },
    ),
    (
        "slots: a running column one row back as at x",
        |m, random| {
            let mut proof = m.good.proof.clone();
            let whole = random.r#gen();
            let only = random.gen_range(RUNNING);
            for column in RUNNING.filter(|column| whole || *column == only) {
                let back = m.scalars().start + column + RUNNING.len();
                proof = set(&proof, back, evaluation(m, column));
            }
            m.proof(proof)
        },
    ),
];

/// The evaluations of running columns at `x`; one row back they follow at once.
const RUNNING: Range<usize> = 3..8;

fn form(m: &Material) -> Form {
    Form::of(&m.good.key)
}

/// Words of the proof at which hidden packs begin.
fn hidden(m: &Material) -> impl Iterator<Item = usize> + use<> {
    let [first, hidden, ..] = form(m).points();
    (first..first + hidden).map(|point| 2 * point)
}

/// The word of the proof at which the blinding begins.
fn blinding(m: &Material) -> Option<usize> {
    let [first, hidden, second, quotient, blinding] = form(m).points();
    (blinding == 1).then_some(2 * (first + hidden + second + quotient))
}

/// The word of the key at which the packs of weights begin.
fn weights(m: &Material) -> usize {
    1 + 2 * verdict_circuit::FIXED_COLUMNS.div_ceil(form(m).pack)
}

/// A word of the proof at which a commitment begins.
fn any(m: &Material, random: &mut Random) -> usize {
    2 * random.gen_range(0..form(m).points().iter().sum())
}

/// A word of the key at which a commitment begins.
fn commitment(m: &Material, random: &mut Random) -> usize {
    1 + 2 * random.gen_range(0..(m.good.key.len() - 32) / 64)
}

fn exchanged(proof: &[u8], a: usize, b: usize) -> Vec<u8> {
    set_point(&set_point(proof, a, point(proof, b)), b, point(proof, a))
}

fn evaluation(m: &Material, number: usize) -> U256 {
    word(&m.good.proof, m.scalars().start + number)
}

fn evaluations_exchanged(m: &Material, proof: &[u8], a: usize, b: usize) -> Vec<u8> {
    let (a, b) = (m.scalars().start + a, m.scalars().start + b);
    set(&set(proof, a, word(proof, b)), b, word(proof, a))
}
