//! Affine points one cache line long, and the rule for adding two of them.

use halo2curves_axiom::bn256::{Fq, G1Affine};
use halo2curves_axiom::ff::Field;

/// An affine point; `(0, 0)`, which is not on the curve, stands for infinity as it does in
/// `G1Affine`. The alignment lets one cache miss bring a whole point.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(align(64))]
pub(crate) struct Point {
    pub(crate) x: Fq,
    pub(crate) y: Fq,
}

impl Point {
    pub(crate) const INFINITY: Self = Self {
        x: Fq::ZERO,
        y: Fq::ZERO,
    };

    pub(crate) fn is_infinity(&self) -> bool {
        self.x == Fq::ZERO && self.y == Fq::ZERO
    }

    pub(crate) fn to_affine(self) -> G1Affine {
        G1Affine {
            x: self.x,
            y: self.y,
        }
    }

    /// The point, or its negative.
    #[inline(always)]
    pub(crate) fn negated_if(self, negative: bool) -> Self {
        Self {
            x: self.x,
            y: if negative { -self.y } else { self.y },
        }
    }

    /// What must be inverted to add the two points; never zero.
    #[inline(always)]
    pub(crate) fn denominator(&self, other: &Self) -> Fq {
        let difference = other.x - self.x;
        // No test for infinity is needed where both abscissas and their difference are non-zero.
        if difference == Fq::ZERO || self.x == Fq::ZERO || other.x == Fq::ZERO {
            return self.rare_denominator(other, difference);
        }
        difference
    }

    /// The sum of the two points, from the inverse of their [`Self::denominator`].
    #[inline(always)]
    pub(crate) fn add(&self, other: &Self, inverse: Fq) -> Self {
        if self.x == other.x || self.x == Fq::ZERO || other.x == Fq::ZERO {
            return self.rare_add(other, inverse);
        }
        self.chord(other, (other.y - self.y) * inverse)
    }

    /// The third point of the line with this slope through both, mirrored.
    #[inline(always)]
    fn chord(&self, other: &Self, slope: Fq) -> Self {
        let x = slope.square() - self.x - other.x;
        Self {
            x,
            y: slope * (self.x - x) - self.y,
        }
    }

    #[cold]
    fn rare_denominator(&self, other: &Self, difference: Fq) -> Fq {
        if self.is_infinity() || other.is_infinity() {
            Fq::ONE
        } else if difference != Fq::ZERO {
            difference
        } else if self.y == other.y {
            // No point has order two, so no ordinate is zero.
            self.y.double()
        } else {
            Fq::ONE
        }
    }

    #[cold]
    fn rare_add(&self, other: &Self, inverse: Fq) -> Self {
        if self.is_infinity() {
            *other
        } else if other.is_infinity() {
            *self
        } else if self.x != other.x {
            self.chord(other, (other.y - self.y) * inverse)
        } else if self.y == other.y {
            let square = self.x.square();
            self.chord(other, (square.double() + square) * inverse)
        } else {
            Self::INFINITY
        }
    }
}

impl From<&G1Affine> for Point {
    fn from(point: &G1Affine) -> Self {
        Self {
            x: point.x,
            y: point.y,
        }
    }
}
