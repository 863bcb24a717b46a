//! Where everything stands in a proof: halo2's order under SHPLONK, written by the keccak
//! transcript.
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
/// Points before the evaluations. The random polynomial has a commitment, as every column and every
/// piece of the quotient.
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

    /// The layout of proofs of so many bytes; `None` if no width gives them.
    pub fn of_len(bytes: usize) -> Option<Self> {
        let weights = bytes.checked_sub(Self::new(0).bytes())?;
        (weights > 0 && weights.is_multiple_of(SCALAR_BYTES))
            .then(|| Self::new(weights / SCALAR_BYTES))
    }

    /// Weight columns.
    pub const fn width(self) -> usize {
        self.width
    }

    /// Size of a proof in bytes.
    pub const fn bytes(self) -> usize {
        self.openings().end
    }

    /// Where the commitments stand: of the advice columns, the random polynomial and the quotient's
    /// pieces.
    pub const fn commitments(self) -> Range<usize> {
        0..POINT_BYTES * COMMITMENTS
    }

    /// How many evaluations a proof has. Running columns are opened on two rows; the random
    /// polynomial has a value too.
    pub const fn evaluations(self) -> usize {
        ADVICE_COLUMNS + RUNNING_COLUMNS + FIXED_COLUMNS + self.width + 1
    }

    /// Where the evaluations stand.
    pub const fn evaluation_bytes(self) -> Range<usize> {
        let start = self.commitments().end;
        start..start + SCALAR_BYTES * self.evaluations()
    }

    /// Where evaluation `index` stands.
    pub const fn evaluation(self, index: usize) -> Range<usize> {
        let start = self.evaluation_bytes().start + SCALAR_BYTES * index;
        start..start + SCALAR_BYTES
    }

    /// The numbers of the evaluations of the fixed columns, in the order of a verifying key's
    /// commitments: the weight columns come last.
    pub const fn fixed_evaluations(self) -> Range<usize> {
        let start = ADVICE_COLUMNS + RUNNING_COLUMNS;
        start..start + FIXED_COLUMNS + self.width
    }

    /// Where the last evaluation stands, which is that of the random polynomial.
    pub const fn last_evaluation(self) -> Range<usize> {
        self.evaluation(self.evaluations() - 1)
    }

    /// Where the two opening proofs stand.
    pub const fn openings(self) -> Range<usize> {
        let start = self.evaluation_bytes().end;
        start..start + POINT_BYTES * OPENINGS
    }

    /// Where every point stands: the commitments, then the opening proofs.
    pub fn points(self) -> impl Iterator<Item = Range<usize>> {
        let starts = self.commitments().chain(self.openings());
        starts
            .step_by(POINT_BYTES)
            .map(|start| start..start + POINT_BYTES)
    }
}
