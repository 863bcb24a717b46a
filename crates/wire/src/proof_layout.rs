//! Where everything stands in a proof: halo2's order under SHPLONK, written by the keccak transcript.
//!
//! ```text
//! points   advice columns │ random polynomial │ quotient pieces          64 bytes each
//! scalars  evaluations of advice (running columns twice), fixed, random  32 bytes each
//! points   the two opening proofs                                        64 bytes each
//! ```

use std::ops::Range;
use verdict_circuit::{ADVICE_COLUMNS, FIXED_COLUMNS, QUOTIENT_PIECES, RUNNING_COLUMNS};

/// Bytes of a point: two coordinates.
pub const POINT_BYTES: usize = 64;
/// Bytes of a scalar.
pub const SCALAR_BYTES: usize = 32;
/// Points before the evaluations. The random polynomial has a commitment, as every column and every piece of the quotient.
pub const COMMITMENTS: usize = ADVICE_COLUMNS + 1 + QUOTIENT_PIECES;
/// Points after the evaluations: SHPLONK opens everything with two.
pub const OPENINGS: usize = 2;

/// The parts of a proof of a model of some width.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ProofLayout {
    width: usize,
}

impl ProofLayout {
    /// The layout at a width.
    pub const fn new(width: usize) -> Self {
        Self { width }
    }

    /// How many evaluations a proof has. Running columns are opened on two rows; the random polynomial has a value too.
    pub const fn evaluations(self) -> usize {
        ADVICE_COLUMNS + RUNNING_COLUMNS + FIXED_COLUMNS + self.width + 1
    }

    /// Size of a proof in bytes.
    pub const fn bytes(self) -> usize {
        POINT_BYTES * (COMMITMENTS + OPENINGS) + SCALAR_BYTES * self.evaluations()
    }

    /// Where the evaluations stand.
    pub const fn evaluation_bytes(self) -> Range<usize> {
        let start = POINT_BYTES * COMMITMENTS;
        start..start + SCALAR_BYTES * self.evaluations()
    }
}
