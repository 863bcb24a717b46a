//! Mutations of the verifying key's bytes: header, representation, commitments.

use super::{Material, Mutant, Mutate, Random, Statement, flip, pick, point, set, set_point, word};
use crate::field::{self, P, R};
use alloy_primitives::{B256, U256};
use rand::{Rng as _, RngCore as _};
use verdict_circuit::FIXED_COLUMNS;
use verdict_wire::key_len;

pub(super) const KINDS: &[(&str, Mutate)] = &[
    ("key: bits flipped", |m, random| {
        m.key(flip(&m.good.key, 0..m.good.key.len(), random))
    }),
    ("key: header's bits flipped", |m, random| {
        m.key(flip(&m.good.key, 0..9, random))
    }),
    ("key: padding's bits flipped", |m, random| {
        m.key(flip(&m.good.key, 9..32, random))
    }),
    ("key: height changed", |m, random| {
        m.key(replace(&m.good.key, 5, random.gen_range(0..=33)))
    }),
    ("key: width changed", |m, random| {
        m.key(replace(&m.good.key, 6, random.gen_range(0..=70)))
    }),
    ("key: width changed, with commitments", |m, random| {
        m.key(widened(m, random).0)
    }),
    (
        "key: width changed, with commitments and proof",
        |m, random| {
            let (key, width) = widened(m, random);
            let mut proof = m.good.proof.clone();
            let fixed = m.layout().fixed_evaluations();
            let weights_end = m.layout().evaluation(fixed.end).start;
            if width > m.width() {
                let scalar = B256::from(field::random_scalar(random));
                proof.splice(weights_end..weights_end, scalar.0.repeat(width - m.width()));
            } else {
                proof.drain(weights_end - 32 * (m.width() - width)..weights_end);
            }
            Some(Mutant::Key(Statement {
                key,
                proof,
                values: m.good.values.clone(),
            }))
        },
    ),
    ("key: number of public values changed", |m, random| {
        let any = random.r#gen();
        let count = pick(random, &[0, 1, 2, 3, 4, 5, 6, 0xff, 0x100, 0xffff, any]);
        m.key(counted(&m.good.key, count))
    }),
    (
        "key: number of public values changed, with values",
        |m, random| {
            let count = random.gen_range(1..=8);
            let mut values = m.good.values.clone();
            let any = field::random_scalar(random);
            let word = pick(random, &[U256::ZERO, any]);
            values.resize(count, word.into());
            let key = counted(&m.good.key, u16::try_from(count).ok()?);
            Some(Mutant::Key(Statement {
                key,
                values,
                proof: m.good.proof.clone(),
            }))
        },
    ),
    ("key: representation + 1", |m, _| {
        m.key(set(
            &m.good.key,
            1,
            (word(&m.good.key, 1) + U256::from(1)) % R,
        ))
    }),
    ("key: representation random", |m, random| {
        m.key(set(&m.good.key, 1, field::random_scalar(random)))
    }),
    ("key: representation of another model", |m, _| {
        m.key(set(&m.good.key, 1, word(&m.foreign.key, 1)))
    }),
    ("key: representation + multiple of r", |m, random| {
        let alias = field::alias(word(&m.good.key, 1), R, random)?;
        m.key(set(&m.good.key, 1, alias))
    }),
    ("key: commitments swapped", |m, random| {
        let (a, b) = (commitment(m, random), commitment(m, random));
        let key = set_point(&m.good.key, a, point(&m.good.key, b));
        m.key(set_point(&key, b, point(&m.good.key, a)))
    }),
    ("key: commitment replaced by another of it", |m, random| {
        let (to, from) = (commitment(m, random), commitment(m, random));
        m.key(set_point(&m.good.key, to, point(&m.good.key, from)))
    }),
    ("key: commitment of another model", |m, random| {
        let at = commitment(m, random);
        (at + 2 <= m.foreign.key.len() / 32)
            .then(|| m.key(set_point(&m.good.key, at, point(&m.foreign.key, at))))?
    }),
    ("key: commitment negated", |m, random| {
        let at = commitment(m, random);
        let [x, y] = point(&m.good.key, at);
        m.key(set_point(&m.good.key, at, [x, (P - y) % P]))
    }),
    ("key: commitment doubled", |m, random| {
        let at = commitment(m, random);
        m.key(set_point(
            &m.good.key,
            at,
            field::doubled(point(&m.good.key, at)),
        ))
    }),
    ("key: commitment random", |m, random| {
        m.key(set_point(
            &m.good.key,
            commitment(m, random),
            field::random_point(random),
        ))
    }),
    ("key: commitment at infinity", |m, random| {
        m.key(set_point(
            &m.good.key,
            commitment(m, random),
            [U256::ZERO; 2],
        ))
    }),
    (
        "key: commitment's coordinate + multiple of p",
        |m, random| {
            let at = commitment(m, random) + random.gen_range(0..2);
            let alias = field::alias(word(&m.good.key, at), P, random)?;
            m.key(set(&m.good.key, at, alias))
        },
    ),
    ("key: commitment off the curve", |m, random| {
        let at = commitment(m, random);
        let [x, y] = point(&m.good.key, at);
        m.key(set_point(
            &m.good.key,
            at,
            [x, (y + U256::from(random.gen_range(1..9u8))) % P],
        ))
    }),
    ("key: truncated", |m, random| {
        m.key(m.good.key[..random.gen_range(0..m.good.key.len())].to_vec())
    }),
    ("key: extended", |m, random| {
        let mut tail = vec![0; pick(random, &[1, 31, 32, 64, 128])];
        if random.r#gen() {
            random.fill_bytes(&mut tail);
        }
        m.key([m.good.key.as_slice(), &tail].concat())
    }),
    ("key: another model's", |m, _| m.key(m.foreign.key.clone())),
    ("key: another model's, with its values", |m, _| {
        Some(Mutant::Key(Statement {
            proof: m.good.proof.clone(),
            ..m.foreign.clone()
        }))
    }),
    ("key: another model's, with its proof", |m, _| {
        Some(Mutant::Key(Statement {
            values: m.good.values.clone(),
            ..m.foreign.clone()
        }))
    }),
];

/// A word at which one of the key's commitments begins.
fn commitment(m: &Material, random: &mut Random) -> usize {
    2 + 2 * random.gen_range(0..FIXED_COLUMNS + m.width())
}

fn replace(key: &[u8], at: usize, value: u8) -> Vec<u8> {
    let mut key = key.to_vec();
    key[at] = value;
    key
}

fn counted(key: &[u8], count: u16) -> Vec<u8> {
    let [high, low] = count.to_be_bytes();
    replace(&replace(key, 7, high), 8, low)
}

/// More weight columns (identities or random ones) or fewer, and how many.
fn widened(m: &Material, random: &mut Random) -> (Vec<u8>, usize) {
    let width = loop {
        let width = random.gen_range(1..=m.width() + 3);
        if width != m.width() {
            break width;
        }
    };
    let mut key = replace(&m.good.key, 6, u8::try_from(width).unwrap());
    let end = key_len(width);
    key.truncate(end);
    while key.len() < end {
        let point = if random.r#gen() {
            field::random_point(random)
        } else {
            [U256::ZERO; 2]
        };
        key.extend(point.iter().flat_map(U256::to_be_bytes::<32>));
    }
    (key, width)
}
