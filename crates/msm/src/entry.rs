//! What the sums are made of: a point, or its negative, that belongs under a key.

/// A key, the index of a point and a sign in one word, so that sorting words sorts by key.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Entry(u64);

/// How many points can be told apart.
pub(crate) const MAX_INDEX: usize = 1 << 31;

impl Entry {
    /// `index` is below [`MAX_INDEX`].
    #[inline(always)]
    pub(crate) fn new(key: u32, index: usize, negative: bool) -> Self {
        Self(u64::from(key) << 32 | (index as u64) << 1 | u64::from(negative))
    }

    #[inline(always)]
    pub(crate) fn key(self) -> u32 {
        (self.0 >> 32) as u32
    }

    #[inline(always)]
    pub(crate) fn index(self) -> usize {
        (self.0 as u32 >> 1) as usize
    }

    #[inline(always)]
    pub(crate) fn is_negative(self) -> bool {
        self.0 & 1 == 1
    }
}
