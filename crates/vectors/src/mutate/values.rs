//! Mutations of the public values, the context included.

use super::{Material, Mutant, Mutate, Random, pick};
use crate::field::{self, P, R};
use alloy_primitives::{B256, U256};
use rand::Rng as _;

pub(super) const KINDS: &[(&str, Mutate)] = &[
    ("values: word + 1", |m, random| {
        any(m, random, |value, _| Some((value + U256::from(1)) % R))
    }),
    ("values: word - 1", |m, random| {
        any(m, random, |value, _| Some((value + R - U256::from(1)) % R))
    }),
    ("values: bit flipped", |m, random| {
        any(m, random, |value, random| {
            Some(value ^ (U256::from(1) << random.gen_range(0..256usize)))
        })
    }),
    ("values: word random", |m, random| {
        any(m, random, |_, random| Some(field::random_scalar(random)))
    }),
    ("values: word negated", |m, random| {
        any(m, random, |value, _| Some((R - value) % R))
    }),
    ("values: word 0, 1, p, r or 2^256-1", |m, random| {
        any(m, random, |_, random| {
            Some(pick(random, &[U256::ZERO, U256::from(1), P, R, U256::MAX]))
        })
    }),
    ("values: word + multiple of r", |m, random| {
        any(m, random, |value, random| field::alias(value, R, random))
    }),
    ("values: words swapped", |m, random| {
        let mut values = m.good.values.clone();
        let (a, b) = (
            random.gen_range(0..values.len()),
            random.gen_range(0..values.len()),
        );
        values.swap(a, b);
        m.values(values)
    }),
    ("values: word dropped", |m, random| {
        let mut values = m.good.values.clone();
        values.remove(random.gen_range(0..values.len()));
        m.values(values)
    }),
    ("values: none", |m, _| m.values(Vec::new())),
    ("values: word added", |m, random| {
        let mut values = m.good.values.clone();
        let any = field::random_scalar(random);
        let word = pick(random, &[U256::ZERO, U256::from(1), R, any]);
        values.insert(random.gen_range(0..=values.len()), word.into());
        m.values(values)
    }),
    ("values: word repeated", |m, random| {
        let mut values = m.good.values.clone();
        let at = random.gen_range(0..values.len());
        values.insert(at, values[at]);
        m.values(values)
    }),
    ("values: many zeros added", |m, random| {
        let mut values = m.good.values.clone();
        values.extend(vec![B256::ZERO; random.gen_range(1..2000)]);
        m.values(values)
    }),
    ("values: another context", |m, random| {
        let mut values = m.good.values.clone();
        let (small, any) = (
            U256::from(random.r#gen::<u64>()),
            field::random_scalar(random),
        );
        values[0] = pick(random, &[small, any]).into();
        m.values(values)
    }),
    ("values: of another proof", |m, random| {
        m.values(pick(random, &[&m.other.values, &m.foreign.values]).clone())
    }),
    ("values: first word of the proof among them", |m, _| {
        let mut values = m.good.values.clone();
        values.push(B256::from_slice(&m.good.proof[..32]));
        Some(Mutant::Statement {
            values,
            proof: m.good.proof[32..].to_vec(),
        })
    }),
];

fn any(
    m: &Material,
    random: &mut Random,
    change: impl FnOnce(U256, &mut Random) -> Option<U256>,
) -> Option<Mutant> {
    let mut values = m.good.values.clone();
    let at = random.gen_range(0..values.len());
    values[at] = change(U256::from_be_bytes(values[at].0), random)?.into();
    m.values(values)
}
