//! Columns, packs, and how much a proof has of everything.

use crate::ArgumentError;

/// Columns to a pack that shapes may have.
pub const PACKS: [usize; 3] = [2, 4, 8];
/// Blinding factors of the quotient's pieces: what is seen of two neighbouring pieces, and the pack.
const SPLIT_BLINDS: usize = 2;

/// Fixed columns that are packed among themselves.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct FixedGroup {
    /// How many columns.
    pub columns: usize,
    /// Whether proofs must show nothing of them. Their packs are blinded again in every proof.
    pub hidden: bool,
}

/// Advice columns that are committed to at once.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Phase {
    /// How many columns.
    pub columns: usize,
    /// Whether gates see them one row back as well.
    pub shifted: bool,
    /// How many challenges are drawn once they are committed to.
    pub challenges: usize,
}

/// The shape of a relation.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Shape {
    /// `log2` of the number of rows.
    pub k: u32,
    /// Columns to a pack, `t`: 2, 4 or 8.
    pub pack: usize,
    /// Fixed columns.
    pub fixed: Vec<FixedGroup>,
    /// Advice columns. Shifted phases come last.
    pub phases: Vec<Phase>,
    /// Largest degree of a gate.
    pub degree: usize,
    /// Rows at the end that hold random advice; gates must vanish there whatever that is.
    pub blinding: usize,
    /// Number of public values; row `i` holds value `i`.
    pub instance: usize,
}

/// A pack: which columns of which kind it holds.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Pack {
    /// Numbers of the columns among their kind.
    pub(crate) columns: std::ops::Range<usize>,
    /// Whether it is opened one row back, for advice; whether it is hidden, for fixed columns.
    pub(crate) special: bool,
}

impl Shape {
    /// Refuses what no proof can be made of.
    pub fn check(&self) -> Result<(), ArgumentError> {
        let fail = |what: String| Err(ArgumentError::Shape(what));
        if !PACKS.contains(&self.pack) {
            return fail(format!(
                "{} columns to a pack, expected one of {PACKS:?}",
                self.pack
            ));
        }
        if self.k > 28 || self.rows() <= self.blinding + 1 {
            return fail(format!("height {} has no room for rows", self.k));
        }
        let needed = 1 + usize::from(self.phases.iter().any(|phase| phase.shifted)) + 1;
        if self.blinding < needed {
            return fail(format!(
                "{} blinding rows, {needed} are needed",
                self.blinding
            ));
        }
        if self.instance > self.rows() - self.blinding {
            return fail(format!(
                "{} public values do not fit in {} rows",
                self.instance,
                self.rows()
            ));
        }
        if !self.phases.is_sorted_by_key(|phase| phase.shifted) || self.degree < 3 {
            return fail("shifted phases come last, and gates have a degree of at least 3".into());
        }
        if self.hides() && self.degree > 3 {
            return fail("hidden columns go with gates of degree 3 alone".into());
        }
        Ok(())
    }

    /// The number of rows, `n`.
    pub fn rows(&self) -> usize {
        1 << self.k
    }

    /// Rows that a witness may use.
    pub fn usable(&self) -> usize {
        self.rows() - self.blinding
    }

    /// The number of fixed columns.
    pub fn fixed_columns(&self) -> usize {
        self.fixed.iter().map(|group| group.columns).sum()
    }

    /// The number of advice columns.
    pub fn advice_columns(&self) -> usize {
        self.phases.iter().map(|phase| phase.columns).sum()
    }

    /// The number of advice columns that are opened one row back as well.
    pub fn shifted_columns(&self) -> usize {
        let shifted = self.phases.iter().filter(|phase| phase.shifted);
        shifted.map(|phase| phase.columns).sum()
    }

    /// Whether any fixed column is hidden.
    pub fn hides(&self) -> bool {
        self.fixed.iter().any(|group| group.hidden)
    }

    /// Commitments in a verifying key.
    pub fn fixed_packs(&self) -> usize {
        self.packs_of_fixed().len()
    }

    /// Exponent at which the quotient is split: pieces of degree below `n` leave room for blinds.
    pub(crate) fn split(&self) -> usize {
        self.rows() - SPLIT_BLINDS
    }

    /// Pieces of the quotient, which has at most `(degree − 1)·(n − 1)` coefficients, and two more
    /// where hidden columns have two more.
    pub fn pieces(&self) -> usize {
        let n = self.rows();
        let coefficients = (self.degree - 1) * (n - 1) + (self.slot() - n);
        // All pieces but the last have `split` of them, the last up to a slot.
        1 + (coefficients - self.slot()).div_ceil(self.split())
    }

    /// Coefficients of a slot: two more than rows where columns are hidden.
    pub(crate) fn slot(&self) -> usize {
        self.rows() + if self.hides() { SPLIT_BLINDS } else { 0 }
    }

    /// Points that the set-up must have.
    pub fn points(&self) -> usize {
        self.pack * self.slot()
    }

    /// The packs of the advice columns of a phase.
    pub(crate) fn packs_of_phase(&self, phase: usize) -> Vec<Pack> {
        let before = self.phases[..phase].iter().map(|phase| phase.columns).sum();
        let phase = self.phases[phase];
        self.packs(before, phase.columns, phase.shifted)
    }

    pub(crate) fn packs_of_fixed(&self) -> Vec<Pack> {
        let mut packs = Vec::new();
        let mut before = 0;
        for group in &self.fixed {
            packs.extend(self.packs(before, group.columns, group.hidden));
            before += group.columns;
        }
        packs
    }

    pub(crate) fn packs_of_quotient(&self) -> Vec<Pack> {
        self.packs(0, self.pieces(), false)
    }

    fn packs(&self, before: usize, columns: usize, special: bool) -> Vec<Pack> {
        let end = before + columns;
        (before..end)
            .step_by(self.pack)
            .map(|start| Pack {
                columns: start..end.min(start + self.pack),
                special,
            })
            .collect()
    }

    /// Points of a proof before its evaluations.
    pub fn commitments(&self) -> usize {
        let advice: usize = (0..self.phases.len())
            .map(|phase| self.packs_of_phase(phase).len())
            .sum();
        let fixed = self.packs_of_fixed();
        advice
            + fixed.iter().filter(|pack| pack.special).count()
            + self.packs_of_quotient().len()
            + usize::from(self.hides())
    }

    /// Scalars of a proof: advice, shifted advice, fixed columns, all pieces of the quotient but
    /// the first, which the verifier computes.
    pub fn evaluations(&self) -> usize {
        self.advice_columns() + self.shifted_columns() + self.fixed_columns() + self.pieces() - 1
    }

    /// Bytes of a proof.
    pub fn proof_bytes(&self) -> usize {
        64 * (self.commitments() + 2) + 32 * self.evaluations()
    }
}
