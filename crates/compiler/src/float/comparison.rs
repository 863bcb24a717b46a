//! Tests: cells that are 1 where a value compares with a constant as stated, 0 elsewhere.

/// What a value is tested for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
#[non_exhaustive]
pub enum Comparison {
    /// `v ≤ t`
    AtMost,
    /// `v < t`
    Below,
    /// `v ≥ t`
    AtLeast,
    /// `v > t`
    Above,
    /// `v = t`
    Equal,
    /// Whether the value is missing; `t` is not used.
    Missing,
}

impl Comparison {
    /// The test that holds where this one does not, if there is one.
    pub(crate) fn negated(self) -> Option<Self> {
        Some(match self {
            Self::AtMost => Self::Above,
            Self::Below => Self::AtLeast,
            Self::AtLeast => Self::Below,
            Self::Above => Self::AtMost,
            Self::Equal | Self::Missing => return None,
        })
    }

    /// Whether it asks on which side of the threshold a value is.
    pub(crate) fn is_order(self) -> bool {
        !matches!(self, Self::Equal | Self::Missing)
    }

    /// Whether it holds for large values rather than small ones.
    pub(crate) fn rises(self) -> bool {
        matches!(self, Self::AtLeast | Self::Above)
    }
}

/// A comparison with a constant.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Test {
    /// How the value is compared.
    pub comparison: Comparison,
    /// What it is compared with.
    pub threshold: f64,
    /// Whether the value is rounded to 32 bits first, as a model of 32-bit floats does.
    pub single: bool,
    /// The result for a missing value.
    pub missing: bool,
}

impl Test {
    /// Whether the test holds for `v`, which may be NaN.
    pub fn holds(&self, v: f64) -> bool {
        if v.is_nan() || self.comparison == Comparison::Missing {
            return v.is_nan() && (self.missing || self.comparison == Comparison::Missing);
        }
        let v = if self.single { f64::from(v as f32) } else { v };
        match self.comparison {
            Comparison::AtMost => v <= self.threshold,
            Comparison::Below => v < self.threshold,
            Comparison::AtLeast => v >= self.threshold,
            Comparison::Above => v > self.threshold,
            Comparison::Equal => v == self.threshold,
            Comparison::Missing => false,
        }
    }
}
