//! Mutations of the verifying key's bytes: header and commitments.

use super::{
    Material, Mutant, Mutate, Random, Statement, flip,
    parts::{Form, refitted, rekeyed},
    pick, point, set, set_point, word,
};
use crate::field::{self, P};
use alloy_primitives::U256;
use rand::{Rng as _, RngCore as _};
use verdict_argument::PACKS;

pub(super) const KINDS: &[(&str, Mutate)] = &[
    ("key: bits flipped", |m, random| {
        m.key(flip(&m.good.key, 0..m.good.key.len(), random))
    }),
    ("key: header's bits flipped", |m, random| {
        m.key(flip(&m.good.key, 0..11, random))
    }),
    ("key: padding's bits flipped", |m, random| {
        m.key(flip(&m.good.key, 11..32, random))
    }),
    ("key: height changed", |m, random| {
        m.key(replace(&m.good.key, 5, random.gen_range(0..=33)))
    }),
    ("key: width changed", |m, random| {
        m.key(replace(&m.good.key, 6, random.gen_range(0..=70)))
    }),
    ("key: width changed, with commitments", |m, random| {
        let form = wider(m, random);
        m.key(rekeyed(m, form, random))
    }),
    (
        "key: width changed, with commitments and proof",
        |m, random| {
            let form = wider(m, random);
            reformed(m, form, random)
        },
    ),
    (
        "key: width changed within a pack, with proof",
        |m, random| {
            let form = wider(m, random);
            let packs = |form: Form| form.width.div_ceil(form.pack);
            (packs(form) == packs(Form::of(&m.good.key))).then(|| reformed(m, form, random))?
        },
    ),
    ("key: columns to a pack changed", |m, random| {
        let any = random.r#gen();
        let packs = pick(random, &[0, 1, 2, 3, 4, 6, 8, 16, any]);
        m.key(replace(&m.good.key, 7, packs))
    }),
    (
        "key: columns to a pack changed, with commitments",
        |m, random| {
            let form = repacked(m, random);
            m.key(rekeyed(m, form, random))
        },
    ),
    (
        "key: columns to a pack changed, with commitments and proof",
        |m, random| {
            let form = repacked(m, random);
            reformed(m, form, random)
        },
    ),
    (
        "key: columns to a pack changed, with a proof in such packs",
        |m, random| {
            let other = pick(random, &m.repacked);
            Some(Mutant::Key(Statement {
                key: rekeyed(m, Form::of(&other.key), random),
                ..other
            }))
        },
    ),
    ("key: of the model in other packs", |m, random| {
        m.key(pick(random, &m.repacked).key)
    }),
    (
        "key: of the model in other packs, of these packs",
        |m, random| m.key(replace(&pick(random, &m.repacked).key, 7, m.good.key[7])),
    ),
    ("key: hidden or not changed", |m, random| {
        let any = random.r#gen();
        m.key(replace(&m.good.key, 8, pick(random, &[0, 1, 2, any])))
    }),
    ("key: hidden or not changed, with proof", |m, random| {
        reformed(m, flipped(m), random)
    }),
    (
        "key: hidden or not changed, with such a proof",
        |m, random| {
            Some(Mutant::Key(Statement {
                key: rekeyed(m, flipped(m), random),
                ..m.revealed.clone()
            }))
        },
    ),
    ("key: of the model, hidden or revealed", |m, _| {
        m.key(m.revealed.key.clone())
    }),
    (
        "key: of the model, hidden or revealed, said not to be",
        |m, _| m.key(replace(&m.revealed.key, 8, m.good.key[8])),
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
    1 + 2 * random.gen_range(0..(m.good.key.len() - 32) / 64)
}

fn replace(key: &[u8], at: usize, value: u8) -> Vec<u8> {
    let mut key = key.to_vec();
    key[at] = value;
    key
}

fn counted(key: &[u8], count: u16) -> Vec<u8> {
    let [high, low] = count.to_be_bytes();
    replace(&replace(key, 9, high), 10, low)
}

/// Key and proof of another form, with the good ones' words.
fn reformed(m: &Material, form: Form, random: &mut Random) -> Option<Mutant> {
    Some(Mutant::Key(Statement {
        key: rekeyed(m, form, random),
        values: m.good.values.clone(),
        proof: refitted(m, form, random),
    }))
}

/// More weight columns or fewer.
fn wider(m: &Material, random: &mut Random) -> Form {
    let good = Form::of(&m.good.key);
    let width = random.gen_range(1..=good.width + 3);
    Form { width, ..good }
}

/// Another number of columns to a pack.
fn repacked(m: &Material, random: &mut Random) -> Form {
    let good = Form::of(&m.good.key);
    let pack = pick(random, &PACKS);
    Form { pack, ..good }
}

/// Hidden weights that are not, and the other way round.
fn flipped(m: &Material) -> Form {
    let good = Form::of(&m.good.key);
    let hidden = !good.hidden;
    Form { hidden, ..good }
}
