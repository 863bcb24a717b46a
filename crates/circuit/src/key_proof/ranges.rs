//! The ranges that private weights are looked up in.

use crate::error::CircuitError;
use verdict_model::ranges::{SYMMETRIC_BITS, declared_range};

/// The widest limb that any key proof uses.
const MAX_LIMB_BITS: u32 = 14;

/// A row's first entries belong to range 0, which holds nothing but zero: everything public is
/// looked up there.
const ZERO: usize = 0;

/// Ranges from zero on, one after the other in one table, and how declared bits are cut into them.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Ranges {
    limb_bits: u32,
    /// The number of integers in each range.
    sizes: Vec<u64>,
    /// By declared bits: the ranges of the limbs, the lowest first.
    limbs: Vec<Vec<usize>>,
}

impl Ranges {
    /// The ranges for all `bits` that occur, in a table of at most `rows` entries.
    pub(super) fn new(bits: &[u32], rows: usize) -> Result<Self, CircuitError> {
        // A quarter of the rows for whole limbs leaves as much for the highest ones, of which no
        // two are alike.
        let limb_bits = (rows / 4)
            .max(1)
            .ilog2()
            .clamp(SYMMETRIC_BITS, MAX_LIMB_BITS);
        let mut ranges = Self {
            limb_bits,
            sizes: vec![1],
            limbs: Vec::new(),
        };
        for &bits in bits {
            let cut = ranges.cut(bits);
            let index = bits as usize;
            if ranges.limbs.len() <= index {
                ranges.limbs.resize(index + 1, Vec::new());
            }
            ranges.limbs[index] = cut;
        }
        let entries = ranges.entries();
        if entries > rows as u64 {
            return Err(CircuitError::NoPlan(format!(
                "the ranges of its private weights take {entries} rows of the key proof's table, more than the {rows} there are; \
                 choose a smaller width"
            )));
        }
        Ok(ranges)
    }

    fn cut(&mut self, bits: u32) -> Vec<usize> {
        if bits <= SYMMETRIC_BITS {
            return vec![self.intern((1 << bits) - 1)];
        }
        let mut limbs = Vec::new();
        let mut left = bits;
        while left > 0 {
            let limb = left.min(self.limb_bits);
            limbs.push(self.intern(1 << limb));
            left -= limb;
        }
        limbs
    }

    fn intern(&mut self, size: u64) -> usize {
        let known = self.sizes.iter().skip(1).position(|known| *known == size);
        known.map_or_else(
            || {
                self.sizes.push(size);
                self.sizes.len() - 1
            },
            |known| known + 1,
        )
    }

    /// Bits of a limb that is not the highest.
    pub(super) fn limb_bits(&self) -> u32 {
        self.limb_bits
    }

    /// The most limbs that any weight is cut into.
    pub(super) fn most_limbs(&self) -> usize {
        self.limbs.iter().map(Vec::len).max().unwrap_or(0).max(1)
    }

    /// Rows of the table.
    pub(super) fn entries(&self) -> u64 {
        self.sizes.iter().sum()
    }

    /// The table: `(range, value)` row by row.
    pub(super) fn table(&self) -> impl Iterator<Item = (usize, u64)> + '_ {
        let values = |(range, size): (usize, &u64)| (0..*size).map(move |value| (range, value));
        self.sizes.iter().enumerate().flat_map(values)
    }

    /// The range of limb `limb` of a weight of `bits` declared bits; range 0 if it has none.
    pub(super) fn of(&self, bits: u32, limb: usize) -> usize {
        let limbs = self.limbs.get(bits as usize);
        limbs.and_then(|it| it.get(limb)).copied().unwrap_or(ZERO)
    }

    /// The row of the table, from 0, that holds `value` of `range`.
    pub(super) fn entry(&self, range: usize, value: u64) -> Option<usize> {
        let first: u64 = self.sizes[..range].iter().sum();
        (value < self.sizes[range]).then(|| (first + value) as usize)
    }

    /// The limbs of a weight of `bits` declared bits, counted from the smallest there is; `None` if
    /// it has more bits.
    pub(super) fn split(&self, offset: u64, bits: u32) -> Option<Vec<u64>> {
        let count = self.limbs.get(bits as usize).map_or(0, Vec::len);
        let mut rest = offset;
        let mut limbs = Vec::with_capacity(count);
        for limb in 0..count {
            let whole = limb + 1 == count;
            let value = if whole {
                rest
            } else {
                rest & ((1 << self.limb_bits) - 1)
            };
            self.entry(self.of(bits, limb), value)?;
            limbs.push(value);
            rest = if whole { 0 } else { rest >> self.limb_bits };
        }
        (rest == 0).then_some(limbs)
    }
}

/// The smallest weight of `bits` declared bits.
pub(super) fn smallest(bits: u32) -> i64 {
    declared_range(bits).0
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn exactly_the_declared_integers_have_limbs() {
        let all: Vec<u32> = (2..=40).collect();
        let ranges = Ranges::new(&all, 1018).unwrap();
        for bits in all {
            let (low, high) = declared_range(bits);
            let size = (high - low) as u64 + 1;
            let weigh = |limbs: &[u64]| -> u64 {
                let at = |(limb, value): (usize, &u64)| value << (limb as u32 * ranges.limb_bits);
                limbs.iter().enumerate().map(at).sum()
            };
            for offset in [0, 1, size / 2, size - 1] {
                let limbs = ranges.split(offset, bits).unwrap();
                assert_eq!(weigh(&limbs), offset, "{bits}");
            }
            assert_eq!(ranges.split(size, bits), None, "{bits}");
            assert_eq!(ranges.split(u64::MAX, bits), None, "{bits}");
        }
        assert_eq!(ranges.table().count() as u64, ranges.entries());
        for (row, (range, value)) in ranges.table().enumerate() {
            assert_eq!(ranges.entry(range, value), Some(row));
        }
    }

    #[test]
    fn a_table_that_does_not_fit_is_refused() {
        assert!(Ranges::new(&[6], 63).is_err());
        assert!(Ranges::new(&[6], 64).is_ok());
        assert!(Ranges::new(&[], 1).is_ok());
    }
}
