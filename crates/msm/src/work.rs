//! One multi-exponentiation: scalars to entries, entries to buckets, buckets to the sum.

use crate::digits::{Digits, Scalar};
use crate::entry::Entry;
use crate::plan::Plan;
use crate::point::Point;
use crate::sums::sums;
use crate::weigh::weigh;
use halo2curves_axiom::bn256::G1;
use halo2curves_axiom::group::Group;
use rayon::prelude::*;
use std::ops::Range;

/// How many scalars are recoded together.
const BLOCK: usize = 2048;
/// How many entries are held in memory at a time; windows beyond come in another pass.
const ENTRIES: usize = 1 << 22;

/// What is multiplied: element `i` of column `j` goes with point `i·stride + j`, which exists.
pub(crate) struct Work<'a, S> {
    /// How scalars are cut; the rows are laid out for it.
    pub(crate) plan: Plan,
    /// How many points a row has.
    pub(crate) points: usize,
    /// The points, and the rows of the table if there is one.
    pub(crate) rows: &'a [Point],
    pub(crate) stride: usize,
    pub(crate) columns: &'a [&'a [S]],
}

impl<S: Scalar> Work<'_, S> {
    /// The sum of all points times their scalars.
    pub(crate) fn multiply(&self) -> G1 {
        let scalars = self
            .columns
            .iter()
            .map(|column| column.len())
            .sum::<usize>();
        let at_once = ENTRIES / scalars.max(1) / self.plan.rows() as usize;
        let at_once = at_once.clamp(1, self.plan.shared as usize) as u32;
        let digits = Digits::new(self.plan.bits);
        let mut total = G1::identity();
        let mut end = self.plan.shared;
        while end > 0 {
            let sets = end.saturating_sub(at_once)..end;
            end = sets.start;
            let buckets = sums(self.rows, self.entries(&digits, &sets));
            for set in weigh(&buckets, self.plan.bits - 1, sets.len()).iter().rev() {
                total = (0..self.plan.bits).fold(total, |total, _| total.double()) + set;
            }
        }
        total
    }

    /// The entries of those windows whose place within their row is in `sets`, under the key
    /// `(set - sets.start) << (bits - 1) | (digit - 1)`.
    fn entries(&self, digits: &Digits, sets: &Range<u32>) -> Vec<Vec<Entry>> {
        let blocks = self
            .columns
            .iter()
            .enumerate()
            .flat_map(|(column, scalars)| {
                let blocks = scalars.chunks(BLOCK).enumerate();
                blocks.map(move |(block, scalars)| (block * BLOCK * self.stride + column, scalars))
            });
        let blocks = blocks.collect::<Vec<_>>();
        blocks
            .into_par_iter()
            .map(|(first, scalars)| {
                let mut entries = Vec::with_capacity(scalars.len());
                for (index, scalar) in scalars.iter().enumerate() {
                    self.push(
                        &mut entries,
                        digits,
                        sets,
                        first + index * self.stride,
                        scalar,
                    );
                }
                entries
            })
            .collect()
    }

    /// The entries of one scalar.
    #[inline(always)]
    fn push(
        &self,
        entries: &mut Vec<Entry>,
        digits: &Digits,
        sets: &Range<u32>,
        point: usize,
        scalar: &S,
    ) {
        let (magnitude, negative) = scalar.magnitude();
        let (prepared, used) = digits.prepare(&magnitude);
        let mut index = point;
        let mut row = 0;
        while row < used {
            for set in sets.start..sets.end.min(used - row) {
                let digit = digits.digit(&prepared, row + set);
                if digit != 0 {
                    let bucket = digit.unsigned_abs() - 1;
                    let key = (set - sets.start) << (self.plan.bits - 1) | bucket;
                    entries.push(Entry::new(key, index, negative ^ (digit < 0)));
                }
            }
            row += self.plan.shared;
            index += self.points;
        }
    }
}
