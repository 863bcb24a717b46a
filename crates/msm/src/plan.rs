//! How many bits a window has and how many windows share a row of the table: what costs least.

use crate::digits::windows;
use crate::entry::MAX_INDEX;
use crate::point::Point;

/// Windows worth considering. Digits need at least three bits, keys 32 for all windows together.
const WINDOW_BITS: std::ops::RangeInclusive<u32> = 3..=22;

/// How scalars are cut, and which multiples of the points a table holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Plan {
    /// How many bits a window has.
    pub(crate) bits: u32,
    /// How many neighbouring windows share a row; as many as there are windows if there is no
    /// table. Row `q` holds `2^(q·bits·shared)` times each point.
    pub(crate) shared: u32,
}

impl Plan {
    /// What multiplies so many points fastest without a table.
    pub(crate) fn without_table(points: usize) -> Self {
        WINDOW_BITS
            .map(|bits| Self {
                bits,
                shared: windows(bits),
            })
            .min_by_key(|plan| plan.cost(points, plan.windows()))
            .unwrap_or(Self {
                bits: 8,
                shared: 32,
            })
    }

    /// What multiplies so many points by numbers of 128 bits fastest without a table.
    pub(crate) fn for_halves(points: usize) -> Self {
        WINDOW_BITS
            .map(|bits| Self {
                bits,
                shared: windows(bits),
            })
            .min_by_key(|plan| plan.cost(points, 128_u32.div_ceil(plan.bits)))
            .unwrap_or(Self {
                bits: 8,
                shared: 32,
            })
    }

    /// What multiplies so many points fastest with a table of at most so many bytes; `None` if none
    /// fits.
    pub(crate) fn with_table(points: usize, limit_bytes: usize) -> Option<Self> {
        WINDOW_BITS
            .flat_map(|bits| (1..windows(bits)).map(move |shared| Self { bits, shared }))
            .filter(|plan| (1..=limit_bytes).contains(&plan.bytes(points)) && plan.fits(points))
            .min_by_key(|plan| (plan.cost(points, plan.windows()), plan.bytes(points)))
    }

    /// Whether every point of every row has an index.
    pub(crate) fn fits(&self, points: usize) -> bool {
        points.saturating_mul(self.rows() as usize) <= MAX_INDEX
    }

    /// How many windows a scalar has.
    pub(crate) fn windows(&self) -> u32 {
        windows(self.bits)
    }

    /// How many rows there are, the points themselves being the first.
    pub(crate) fn rows(&self) -> u32 {
        self.windows().div_ceil(self.shared)
    }

    /// How many bytes the rows take, but for the points themselves.
    pub(crate) fn bytes(&self, points: usize) -> usize {
        points
            .saturating_mul(self.rows() as usize - 1)
            .saturating_mul(size_of::<Point>())
    }

    /// What multiplying so many points by numbers of so many windows costs, in tenths of a field
    /// multiplication: seven for each digit, with bringing its point along; thirteen for each bucket;
    /// the last sums one by one, at 27 an element.
    fn cost(&self, points: usize, windows: u32) -> u64 {
        let entries = points as u64 * u64::from(windows);
        let sets = self.shared.min(windows);
        let buckets = u64::from(sets) << (self.bits - 1);
        let last = u64::from(sets) << self.bits.div_ceil(2);
        70 * entries + 130 * buckets.min(entries) + 270 * last.min(entries)
    }
}
