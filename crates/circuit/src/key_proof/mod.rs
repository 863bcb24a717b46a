//! That a key with private weights is one of its architecture: *support* and *range*.
//!
//! A verifying key commits to its weight columns, which hold more than weights: packing, offsets,
//! copies and all of Poseidon. A key proof is about those very commitments. It shows that every
//! coefficient on the tape's rows is what the architecture says where it is public, and an integer
//! of the declared bits where it is not. It is made once for a key, and read by auditors.
//!
//! The weight columns are *fixed* columns of this circuit, so no link between two proofs is needed:
//! whoever checks takes their commitments from the key, and makes all others again. The proof opens
//! each weight column at one point, for which [`Hiding`](crate::Hiding) keeps a row.
//!
//! Columns are proved a few at a time ([`KeyProofLayout::parts`]), so that memory stays bounded
//! however wide a key is. `docs/soundness.md` §9 has the argument.

mod circuit;
mod gates;
mod ranges;
mod witness;

pub use circuit::KeyProofCircuit;
pub use gates::{KEY_PROOF_GATES, KeyProofConfig, KeyProofShape};

use crate::{BLINDING_ROWS, error::CircuitError, tape::Tape};
use ranges::Ranges;
use std::{ops::Range, sync::Arc};

/// Memory that the proof of one part may take; a single column may need more.
const PART_BYTES: usize = 2 << 30;
/// Bytes that halo2's prover holds for every row of a column: values, coefficients, and four
/// cosets, and as much again while it works on them.
const CELL_BYTES: usize = 32 * 8;

/// How the key proof of an architecture's tape is laid out.
#[derive(Clone, Debug)]
pub struct KeyProofLayout {
    /// The tape of the architecture, without private weights.
    tape: Arc<Tape>,
    k: u32,
    ranges: Ranges,
}

impl KeyProofLayout {
    /// For the architecture's tape, in a key of height `k`.
    pub fn new(tape: Arc<Tape>, k: u32, _: usize) -> Result<Self, CircuitError> {
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
        Ok(Self { tape, k, ranges })
    }

    /// The weight columns of each part.
    pub fn parts(&self) -> Vec<Range<usize>> {
        let width = self.tape.width();
        let limbs = self.ranges.most_limbs();
        let bytes = |weights| (CELL_BYTES << self.k) * KeyProofShape::columns(weights, limbs);
        let fits = (1..=width).take_while(|weights| bytes(*weights) <= PART_BYTES);
        let most = fits.last().unwrap_or(1);
        // As equal as can be: the last part must not be a small one with all of the overhead.
        let count = width.div_ceil(most);
        let ends: Vec<usize> = (0..=count).map(|part| part * width / count).collect();
        ends.windows(2).map(|pair| pair[0]..pair[1]).collect()
    }

    /// The shape of a part.
    pub fn shape(&self, part: &Range<usize>) -> KeyProofShape {
        KeyProofShape {
            weights: part.len(),
            limbs: self.ranges.most_limbs(),
            limb_bits: self.ranges.limb_bits(),
        }
    }

    /// `log2` of the number of rows.
    pub fn k(&self) -> u32 {
        self.k
    }

    /// The last row where sums run.
    fn last(&self) -> usize {
        (1 << self.k) - BLINDING_ROWS - 1
    }
}
