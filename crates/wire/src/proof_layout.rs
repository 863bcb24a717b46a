//! Where everything stands in a proof; `docs/protocol.md` has it byte by byte.
//!
//! ```text
//! points   packs of q x m │ blinded packs of hidden weights │ packs of h S y d L │ pack of the
//!          quotient │ blinding of hidden weights                          64 bytes each
//! scalars  advice (running columns twice), fixed columns, H_1             32 bytes each
//! points   the two opening proofs                                         64 bytes each
//! ```

use crate::VerifyingKeyParts;
use std::ops::Range;
use verdict_argument::{Relation, Shape};
use verdict_circuit::{ADVICE_COLUMNS, FIXED_COLUMNS, RUNNING_COLUMNS, TapeRelation};

/// Bytes of a point: two coordinates.
pub const POINT_BYTES: usize = 64;
/// Bytes of a scalar.
pub const SCALAR_BYTES: usize = 32;
/// Points after the evaluations: SHPLONK opens everything with two.
pub const OPENINGS: usize = 2;

/// The parts of a proof under some key.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ProofLayout {
    width: usize,
    shape: Shape,
}

impl ProofLayout {
    /// The layout of proofs of a relation.
    pub fn new(relation: &TapeRelation) -> Self {
        Self {
            width: relation.width(),
            shape: relation.shape().clone(),
        }
    }

    /// The layout of proofs under a key.
    pub fn of(key: &VerifyingKeyParts) -> Self {
        Self::new(&key.relation())
    }

    /// Weight columns.
    pub const fn width(&self) -> usize {
        self.width
    }

    /// Size of a proof in bytes.
    pub fn bytes(&self) -> usize {
        self.openings().end
    }

    /// Points before the evaluations.
    pub fn points_before(&self) -> usize {
        self.shape.commitments()
    }

    /// Where the commitments stand.
    pub fn commitments(&self) -> Range<usize> {
        0..POINT_BYTES * self.points_before()
    }

    /// How many evaluations a proof has. Running columns are opened on two rows.
    pub fn evaluations(&self) -> usize {
        self.shape.evaluations()
    }

    /// Where the evaluations stand.
    pub fn evaluation_bytes(&self) -> Range<usize> {
        let start = self.commitments().end;
        start..start + SCALAR_BYTES * self.evaluations()
    }

    /// Where evaluation `index` stands.
    pub fn evaluation(&self, index: usize) -> Range<usize> {
        let start = self.evaluation_bytes().start + SCALAR_BYTES * index;
        start..start + SCALAR_BYTES
    }

    /// The numbers of the evaluations of the fixed columns: the weight columns come last.
    pub const fn fixed_evaluations(&self) -> Range<usize> {
        let start = ADVICE_COLUMNS + RUNNING_COLUMNS;
        start..start + FIXED_COLUMNS + self.width
    }

    /// Where the last evaluation stands, which is that of the quotient's second piece.
    pub fn last_evaluation(&self) -> Range<usize> {
        self.evaluation(self.evaluations() - 1)
    }

    /// Where the two opening proofs stand.
    pub fn openings(&self) -> Range<usize> {
        let start = self.evaluation_bytes().end;
        start..start + POINT_BYTES * OPENINGS
    }

    /// Where every point stands: the commitments, then the opening proofs.
    pub fn points(&self) -> impl Iterator<Item = Range<usize>> {
        let starts = self.commitments().chain(self.openings());
        starts
            .step_by(POINT_BYTES)
            .map(|start| start..start + POINT_BYTES)
    }
}
