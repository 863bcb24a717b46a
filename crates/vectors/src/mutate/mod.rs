//! Every way of changing what is verified: a table of kinds, each a function from good material to
//! something wrong.
mod calldata;
mod key;
mod packs;
mod parts;
mod proof;
mod values;

use alloy_primitives::{Address, B256, U256};
use rand::{Rng as _, SeedableRng};
pub use rand_chacha::ChaCha8Rng as Random;
use verdict_wire::{ProofLayout, parse_key, verify_calldata};

/// A verifying key's bytes, public values, a proof.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Statement {
    pub key: Vec<u8>,
    pub values: Vec<B256>,
    pub proof: Vec<u8>,
}

/// What mutations are made of. All proofs are valid.
#[derive(Clone, Debug)]
pub struct Material {
    pub good: Statement,
    /// The same key and public values, other blinding.
    pub twin: Statement,
    /// The same key, another context.
    pub other: Statement,
    /// The same model and public values, in packs of the two other sizes.
    pub repacked: Vec<Statement>,
    /// The same model, with weights that are hidden if the good ones are not, and the other way
    /// round.
    pub revealed: Statement,
    /// Another model.
    pub foreign: Statement,
    /// Where `good.key` is published.
    pub address: Address,
    /// Where `foreign.key` is published.
    pub foreign_address: Address,
}

/// Something that must be rejected.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Mutant {
    /// Proof and public values were changed; the key is the good one.
    Statement { values: Vec<B256>, proof: Vec<u8> },
    /// The verifying key was changed, and possibly the rest.
    Key(Statement),
    /// The transaction's data were changed.
    Calldata(Vec<u8>),
}

/// `None`: this draw changes nothing, draw again.
pub type Mutate = fn(&Material, &mut Random) -> Option<Mutant>;

/// All kinds.
pub fn kinds() -> Vec<(&'static str, Mutate)> {
    [
        proof::KINDS,
        packs::KINDS,
        values::KINDS,
        key::KINDS,
        calldata::KINDS,
    ]
    .concat()
}

/// Mutation number `index` of a kind, the same on every machine. `None`: there is nothing of the
/// kind here, such as the blinding of weights that are not hidden.
pub fn draw(material: &Material, kind: usize, mutate: Mutate, index: u64) -> Option<Mutant> {
    let mut random = Random::seed_from_u64(0x5645_5244_4943_5400 + kind as u64);
    random.set_stream(index);
    let good = &material.good;
    for _ in 0..200 {
        match mutate(material, &mut random) {
            Some(Mutant::Statement { values, proof })
                if values == good.values && proof == good.proof => {}
            Some(Mutant::Key(statement)) if statement.key == good.key => {}
            Some(Mutant::Calldata(data)) if data == material.calldata() => {}
            Some(mutant) => return Some(mutant),
            None => {}
        }
    }
    None
}

impl Material {
    /// Where everything stands in the proof.
    pub fn layout(&self) -> ProofLayout {
        ProofLayout::of(&parse_key(&self.good.key).unwrap())
    }

    /// Words of the proof at which a point begins.
    pub fn points(&self) -> Vec<usize> {
        let layout = self.layout();
        let words = layout.points().map(|point| point.start / 32);
        words.collect()
    }

    /// The word of the proof at which the opening proofs begin.
    pub fn opening(&self) -> usize {
        self.layout().openings().start / 32
    }

    /// Words of the proof that are scalars.
    pub fn scalars(&self) -> std::ops::Range<usize> {
        let bytes = self.layout().evaluation_bytes();
        bytes.start / 32..bytes.end / 32
    }

    /// The transaction that is accepted.
    pub fn calldata(&self) -> Vec<u8> {
        verify_calldata(self.address, &self.good.values, &self.good.proof).to_vec()
    }

    fn proof(&self, proof: Vec<u8>) -> Option<Mutant> {
        Some(Mutant::Statement {
            values: self.good.values.clone(),
            proof,
        })
    }

    fn values(&self, values: Vec<B256>) -> Option<Mutant> {
        Some(Mutant::Statement {
            values,
            proof: self.good.proof.clone(),
        })
    }

    fn key(&self, key: Vec<u8>) -> Option<Mutant> {
        Some(Mutant::Key(Statement {
            key,
            ..self.good.clone()
        }))
    }
}

fn word(bytes: &[u8], index: usize) -> U256 {
    U256::from_be_slice(&bytes[32 * index..32 * index + 32])
}

fn set(bytes: &[u8], index: usize, value: U256) -> Vec<u8> {
    let mut bytes = bytes.to_vec();
    bytes[32 * index..32 * index + 32].copy_from_slice(&value.to_be_bytes::<32>());
    bytes
}

fn point(bytes: &[u8], index: usize) -> [U256; 2] {
    [word(bytes, index), word(bytes, index + 1)]
}

fn set_point(bytes: &[u8], index: usize, [x, y]: [U256; 2]) -> Vec<u8> {
    set(&set(bytes, index, x), index + 1, y)
}

fn pick<T: Clone>(random: &mut Random, from: &[T]) -> T {
    from[random.gen_range(0..from.len())].clone()
}

fn flip(bytes: &[u8], range: std::ops::Range<usize>, random: &mut Random) -> Vec<u8> {
    let mut bytes = bytes.to_vec();
    for _ in 0..random.gen_range(1..=3) {
        bytes[random.gen_range(range.clone())] ^= 1 << random.gen_range(0..8);
    }
    bytes
}
