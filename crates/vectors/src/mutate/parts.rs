//! The parts of a key and of a proof, each of as many words as the key's header says, and how they
//! are made to fit another header.

use super::{Material, Random, pick};
use crate::field;
use alloy_primitives::U256;
use rand::Rng as _;
use verdict_circuit::FIXED_COLUMNS;

const LOOKED_UP: usize = 3;
const RUNNING: usize = 5;

/// What a key's header says of its columns.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Form {
    pub(super) width: usize,
    pub(super) pack: usize,
    pub(super) hidden: bool,
}

impl Form {
    pub(super) fn of(key: &[u8]) -> Self {
        Self {
            width: key[6].into(),
            pack: key[7].into(),
            hidden: key[8] == 1,
        }
    }

    pub(super) fn write(self, key: &mut [u8]) {
        key[6] = self.width as u8;
        key[7] = self.pack as u8;
        key[8] = self.hidden.into();
    }

    fn packs(self, columns: usize) -> usize {
        columns.div_ceil(self.pack)
    }

    /// Words of the two parts of a key behind its header.
    fn key(self) -> [usize; 2] {
        [FIXED_COLUMNS, self.width].map(|columns| 2 * self.packs(columns))
    }

    /// Points of a proof: packs of the first phase, hidden packs, packs of the second phase, the
    /// quotient's, the blinding.
    pub(super) fn points(self) -> [usize; 5] {
        let hidden = usize::from(self.hidden);
        [
            self.packs(LOOKED_UP),
            hidden * self.packs(self.width),
            self.packs(RUNNING),
            1,
            hidden,
        ]
    }

    /// The numbers of the evaluations of each pack at `x`, in the order of the proof.
    pub(super) fn slots(self) -> Vec<Vec<usize>> {
        let mut start = 0;
        let mut packs = Vec::new();
        for columns in [LOOKED_UP, RUNNING, RUNNING, FIXED_COLUMNS, self.width] {
            let all: Vec<usize> = (start..start + columns).collect();
            packs.extend(all.chunks(self.pack).map(<[usize]>::to_vec));
            start += columns;
        }
        packs
    }

    /// The parts of a proof in words, and whether a part is of points.
    fn proof(self) -> Vec<(usize, bool)> {
        let points = self.points().map(|points| (2 * points, true));
        let scalars = [LOOKED_UP + 2 * RUNNING + FIXED_COLUMNS, self.width, 1];
        let scalars = scalars.map(|scalars| (scalars, false));
        [&points[..], &scalars, &[(4, true)]].concat()
    }
}

/// The good key with another header's numbers, and as many commitments as go with them.
pub(super) fn rekeyed(m: &Material, form: Form, random: &mut Random) -> Vec<u8> {
    let mut key = m.good.key[..32].to_vec();
    let parts = Form::of(&key).key().map(|words| (words, true));
    form.write(&mut key);
    let wanted = form.key().map(|words| (words, true));
    key.extend(fitted(&m.good.key[32..], &parts, &wanted, random));
    key
}

/// The good proof with parts of the size that go with another header. Hidden packs that were not
/// there are the key's.
pub(super) fn refitted(m: &Material, form: Form, random: &mut Random) -> Vec<u8> {
    let good = Form::of(&m.good.key);
    let mut proof = m.good.proof.clone();
    let mut parts = good.proof();
    if form.hidden && !good.hidden {
        let [public, weights] = good.key();
        let at = 32 * parts[0].0;
        let commitments = &m.good.key[32 + 32 * public..];
        proof.splice(at..at, commitments.iter().copied());
        parts[1].0 = weights;
    }
    fitted(&proof, &parts, &form.proof(), random)
}

/// Every part cut short, or filled up with points or scalars that are fine in themselves.
fn fitted(
    bytes: &[u8],
    parts: &[(usize, bool)],
    wanted: &[(usize, bool)],
    random: &mut Random,
) -> Vec<u8> {
    let (mut fitted, mut start) = (Vec::new(), 0);
    for (&(words, points), &(wanted, _)) in parts.iter().zip(wanted) {
        let end = start + 32 * words;
        let mut part = bytes[start..end].to_vec();
        part.truncate(32 * wanted);
        while part.len() < 32 * wanted {
            let words: Vec<U256> = match points {
                true => filling(bytes, random).to_vec(),
                false if random.r#gen() => vec![U256::ZERO],
                false => vec![field::random_scalar(random)],
            };
            part.extend(words.iter().flat_map(U256::to_be_bytes::<32>));
        }
        fitted.extend(part);
        start = end;
    }
    fitted
}

/// The generator, a random point, or the first of the bytes.
fn filling(bytes: &[u8], random: &mut Random) -> [U256; 2] {
    let any = field::random_point(random);
    let first = super::point(bytes, 0);
    pick(random, &[[U256::from(1), U256::from(2)], any, first])
}
