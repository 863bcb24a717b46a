//! Mutations of the proof's bytes.

use super::{Material, Mutant, Mutate, Random, flip, pick, point, set, set_point, word};
use crate::field::{self, P, R};
use alloy_primitives::U256;
use rand::{Rng as _, RngCore as _};

pub(super) const KINDS: &[(&str, Mutate)] = &[
    ("proof: bits flipped", |m, random| {
        m.proof(flip(&m.good.proof, 0..m.good.proof.len(), random))
    }),
    ("proof: byte replaced", |m, random| {
        let mut proof = m.good.proof.clone();
        let at = random.gen_range(0..proof.len());
        proof[at] = random.r#gen();
        m.proof(proof)
    }),
    ("proof: words swapped", |m, random| {
        let count = m.good.proof.len() / 32;
        let (a, b) = (random.gen_range(0..count), random.gen_range(0..count));
        m.proof(swap(&m.good.proof, a, b))
    }),
    ("proof: word 0", |m, random| any_word(m, random, U256::ZERO)),
    ("proof: word 1", |m, random| {
        any_word(m, random, U256::from(1))
    }),
    ("proof: word p", |m, random| any_word(m, random, P)),
    ("proof: word p-1", |m, random| {
        any_word(m, random, P - U256::from(1))
    }),
    ("proof: word r", |m, random| any_word(m, random, R)),
    ("proof: word r-1", |m, random| {
        any_word(m, random, R - U256::from(1))
    }),
    ("proof: word 2^256-1", |m, random| {
        any_word(m, random, U256::MAX)
    }),
    ("proof: scalar + multiple of r", |m, random| {
        let at = random.gen_range(m.scalars());
        let alias = field::alias(word(&m.good.proof, at), R, random)?;
        m.proof(set(&m.good.proof, at, alias))
    }),
    ("proof: coordinate + multiple of p", |m, random| {
        let at = pick(random, &m.points()) + random.gen_range(0..2);
        let alias = field::alias(word(&m.good.proof, at), P, random)?;
        m.proof(set(&m.good.proof, at, alias))
    }),
    ("proof: scalar + 1", |m, random| {
        let at = random.gen_range(m.scalars());
        m.proof(set(
            &m.good.proof,
            at,
            (word(&m.good.proof, at) + U256::from(1)) % R,
        ))
    }),
    ("proof: scalar negated", |m, random| {
        let at = random.gen_range(m.scalars());
        m.proof(set(&m.good.proof, at, (R - word(&m.good.proof, at)) % R))
    }),
    ("proof: scalar random", |m, random| {
        let at = random.gen_range(m.scalars());
        m.proof(set(&m.good.proof, at, field::random_scalar(random)))
    }),
    ("proof: scalars swapped", |m, random| {
        m.proof(swap(
            &m.good.proof,
            random.gen_range(m.scalars()),
            random.gen_range(m.scalars()),
        ))
    }),
    ("proof: point negated", |m, random| {
        let at = pick(random, &m.points());
        let [x, y] = point(&m.good.proof, at);
        m.proof(set_point(&m.good.proof, at, [x, P - y]))
    }),
    ("proof: point replaced by another of it", |m, random| {
        let (to, from) = (pick(random, &m.points()), pick(random, &m.points()));
        m.proof(set_point(&m.good.proof, to, point(&m.good.proof, from)))
    }),
    ("proof: points swapped", |m, random| {
        let (a, b) = (pick(random, &m.points()), pick(random, &m.points()));
        m.proof(swap(&swap(&m.good.proof, a, b), a + 1, b + 1))
    }),
    ("proof: point at infinity", |m, random| {
        m.proof(set_point(
            &m.good.proof,
            pick(random, &m.points()),
            [U256::ZERO; 2],
        ))
    }),
    ("proof: point at infinity as (p, p)", |m, random| {
        m.proof(set_point(&m.good.proof, pick(random, &m.points()), [P; 2]))
    }),
    ("proof: point random", |m, random| {
        m.proof(set_point(
            &m.good.proof,
            pick(random, &m.points()),
            field::random_point(random),
        ))
    }),
    ("proof: point doubled", |m, random| {
        let at = pick(random, &m.points());
        m.proof(set_point(
            &m.good.proof,
            at,
            field::doubled(point(&m.good.proof, at)),
        ))
    }),
    ("proof: point off the curve", |m, random| {
        let at = pick(random, &m.points());
        let [x, y] = point(&m.good.proof, at);
        m.proof(set_point(
            &m.good.proof,
            at,
            [x, (y + U256::from(random.gen_range(1..9u8))) % P],
        ))
    }),
    ("proof: both openings at infinity", |m, _| {
        let opening = m.opening();
        let proof = set_point(&m.good.proof, opening, [U256::ZERO; 2]);
        m.proof(set_point(&proof, opening + 2, [U256::ZERO; 2]))
    }),
    ("proof: truncated by bytes", |m, random| {
        let length = m.good.proof.len();
        m.proof(m.good.proof[..length - random.gen_range(1..=64)].to_vec())
    }),
    ("proof: truncated to words", |m, random| {
        m.proof(m.good.proof[..32 * random.gen_range(0..m.good.proof.len() / 32)].to_vec())
    }),
    ("proof: extended by bytes", |m, random| {
        let mut tail = vec![0; random.gen_range(1..=70)];
        random.fill_bytes(&mut tail);
        m.proof([m.good.proof.as_slice(), &tail].concat())
    }),
    ("proof: extended by zeros", |m, random| {
        m.proof(
            [
                m.good.proof.as_slice(),
                &vec![0; pick(random, &[1, 31, 32, 33, 64, 1024])],
            ]
            .concat(),
        )
    }),
    ("proof: word dropped", |m, random| {
        let mut proof = m.good.proof.clone();
        let at = 32 * random.gen_range(0..proof.len() / 32);
        proof.drain(at..at + 32);
        m.proof(proof)
    }),
    ("proof: word dropped, zero appended", |m, random| {
        let mut proof = m.good.proof.clone();
        let at = 32 * random.gen_range(0..proof.len() / 32);
        proof.drain(at..at + 32);
        proof.extend_from_slice(&[0; 32]);
        m.proof(proof)
    }),
    ("proof: word repeated", |m, random| {
        let mut proof = m.good.proof.clone();
        let at = 32 * random.gen_range(0..proof.len() / 32);
        proof.splice(at..at, m.good.proof[at..at + 32].to_vec());
        m.proof(proof)
    }),
    ("proof: point of a twin", |m, random| {
        let at = pick(random, &m.points());
        m.proof(set_point(&m.good.proof, at, point(&m.twin.proof, at)))
    }),
    ("proof: scalar of a twin", |m, random| {
        let at = random.gen_range(m.scalars());
        m.proof(set(&m.good.proof, at, word(&m.twin.proof, at)))
    }),
    ("proof: end of a twin", |m, random| {
        let at = 32 * random.gen_range(1..m.good.proof.len() / 32);
        m.proof([&m.good.proof[..at], &m.twin.proof[at..]].concat())
    }),
    ("proof: opening of a twin", |m, _| {
        let at = 32 * m.opening();
        m.proof([&m.good.proof[..at], &m.twin.proof[at..]].concat())
    }),
    ("proof: of another statement", |m, random| {
        m.proof(pick(random, &[&m.other.proof, &m.foreign.proof]).clone())
    }),
    ("proof: of the model in other packs", |m, random| {
        m.proof(pick(random, &m.repacked).proof)
    }),
    ("proof: of the model, hidden or revealed", |m, _| {
        m.proof(m.revealed.proof.clone())
    }),
    ("proof: random bytes", |m, random| {
        let mut proof = m.good.proof.clone();
        random.fill_bytes(&mut proof);
        m.proof(proof)
    }),
    ("proof: random points and scalars", |m, random| {
        let mut proof = m.good.proof.clone();
        for at in m.points() {
            proof = set_point(&proof, at, field::random_point(random));
        }
        for at in m.scalars() {
            proof = set(&proof, at, field::random_scalar(random));
        }
        m.proof(proof)
    }),
];

fn any_word(m: &Material, random: &mut Random, value: U256) -> Option<Mutant> {
    m.proof(set(
        &m.good.proof,
        random.gen_range(0..m.good.proof.len() / 32),
        value,
    ))
}

fn swap(bytes: &[u8], a: usize, b: usize) -> Vec<u8> {
    set(&set(bytes, a, word(bytes, b)), b, word(bytes, a))
}
