//! That a key with private weights is one of its architecture: *support* and *range*.
//!
//! A verifying key commits to its weight columns, which hold more than weights: packing, offsets,
//! copies and all of Poseidon. A key proof is about those very commitments. It shows that every
//! coefficient on the tape's rows is what the architecture says where it is public, and an integer
//! of the declared bits where it is not. It is made once for a key, and read by auditors.
//!
//! The weight columns are *fixed* columns of this relation, in the packs in which the key commits to
//! them, so no link between two proofs is needed: whoever checks takes their commitments from the
//! key, and makes all others again. The proof opens each weight column at one point, for which
//! [`HIDING_ROWS`](crate::HIDING_ROWS) keeps a row.
//!
//! Packs are proved a few at a time ([`KeyProofLayout::parts`]), so that memory stays bounded
//! however wide a key is. `docs/soundness.md` §9 has the argument.

#[cfg(feature = "test-gates")]
mod circuit;
mod part;
mod ranges;
mod relation;
mod witness;

#[cfg(feature = "test-gates")]
pub use circuit::{ChangeSums, KeyProofCircuit};
pub use part::KeyProofPart;
pub use relation::{KEY_PROOF_GATES, KeyProofRelation, KeyProofShape};
pub use witness::KeyProofWitness;

use crate::{BLINDING_ROWS, error::CircuitError, tape::Tape};
use ranges::Ranges;
use std::{ops::Range, sync::Arc};

/// Memory that the proof of one part may take; a single pack may need more.
const PART_BYTES: usize = 2 << 30;
/// Bytes for every row of a polynomial while the quotient is computed: coefficients, and values on
/// one coset.
const POLYNOMIAL_BYTES: usize = 32 * 2;
/// Bytes for every row of a slot while openings and commitments are computed.
const SLOT_BYTES: usize = 32 * 6;
/// Bytes for every row of the quotient, whole and in pieces.
const QUOTIENT_BYTES: usize = 32 * 9;

/// How the key proof of an architecture's tape is laid out.
#[derive(Clone, Debug)]
pub struct KeyProofLayout {
    /// The tape of the architecture, without private weights.
    tape: Arc<Tape>,
    k: u32,
    pack: usize,
    ranges: Ranges,
}

impl KeyProofLayout {
    /// For the architecture's tape, in a key of height `k` with `pack` columns to a pack.
    pub fn new(tape: Arc<Tape>, k: u32, pack: usize) -> Result<Self, CircuitError> {
        let usable = (1usize << k).saturating_sub(BLINDING_ROWS);
        if tape.rows() > usable {
            return Err(CircuitError::TooTall {
                rows: tape.rows(),
                width: tape.width(),
                usable,
                k,
            });
        }
        // Row 0 is where sums begin.
        let ranges = Ranges::new(&tape.declared_bits(), usable - 1)?;
        Ok(Self {
            tape,
            k,
            pack,
            ranges,
        })
    }

    /// The proofs of which a key proof consists: each of some whole packs.
    pub fn parts(self: &Arc<Self>) -> Vec<KeyProofPart> {
        let width = self.tape.width();
        let packs = width.div_ceil(self.pack);
        let fits = |packs: &usize| self.bytes(width.min(packs * self.pack)) <= PART_BYTES;
        let most = (1..=packs).take_while(fits).last().unwrap_or(1);
        cut(width, self.pack, most)
            .into_iter()
            .map(|columns| KeyProofPart::new(self.clone(), columns))
            .collect()
    }

    /// Memory that the proof of so many weight columns takes.
    fn bytes(&self, weights: usize) -> usize {
        let polynomials = self.shape(weights).polynomials();
        let row = POLYNOMIAL_BYTES * polynomials + SLOT_BYTES * self.pack + QUOTIENT_BYTES;
        row << self.k
    }

    /// The shape of the proof of so many weight columns.
    fn shape(&self, weights: usize) -> KeyProofShape {
        KeyProofShape {
            weights,
            limbs: self.ranges.most_limbs(),
            limb_bits: self.ranges.limb_bits(),
        }
    }

    /// `log2` of the number of rows.
    pub fn k(&self) -> u32 {
        self.k
    }

    /// Columns to a pack.
    pub fn pack(&self) -> usize {
        self.pack
    }

    /// The last row where sums run.
    fn last(&self) -> usize {
        (1 << self.k) - BLINDING_ROWS - 1
    }
}

/// Cuts columns at ends of packs, with at most so many packs to a piece. Pieces are as equal as can
/// be: the last one must not be a small one with all of the overhead.
fn cut(width: usize, pack: usize, most: usize) -> Vec<Range<usize>> {
    let packs = width.div_ceil(pack);
    let count = packs.div_ceil(most);
    let end = |piece: usize| width.min(piece * packs / count * pack);
    (0..count).map(|piece| end(piece)..end(piece + 1)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use verdict_argument::PACKS;

    #[test]
    fn parts_are_whole_packs() {
        for pack in PACKS {
            for width in 1..=64 {
                for most in 1..=9 {
                    let parts = cut(width, pack, most);
                    let mut next = 0;
                    for part in &parts {
                        assert_eq!((part.start, part.start % pack), (next, 0));
                        assert!((1..=most * pack).contains(&part.len()));
                        next = part.end;
                    }
                    assert_eq!(next, width);
                    let packs = |part: &Range<usize>| part.len().div_ceil(pack);
                    let most = parts.iter().map(packs).max();
                    let least = parts.iter().map(packs).min();
                    assert!(
                        most.zip(least)
                            .is_some_and(|(most, least)| most - least <= 1)
                    );
                }
            }
        }
    }
}
