//! Affine points one cache line long, and the rule for adding two of them.

use crate::field::Element;
use halo2curves_axiom::bn256::G1Affine;

/// An affine point; `(0, 0)`, which is not on the curve, stands for infinity as it does in
/// `G1Affine`. The alignment lets one cache miss bring a whole point.
#[derive(Clone, Copy, Debug, PartialEq)]
#[repr(align(64))]
pub(crate) struct Point {
    pub(crate) x: Element,
    pub(crate) y: Element,
}

impl Point {
    pub(crate) const INFINITY: Self = Self {
        x: Element::ZERO,
        y: Element::ZERO,
    };

    pub(crate) fn is_infinity(&self) -> bool {
        self.x.is_zero() && self.y.is_zero()
    }

    pub(crate) fn to_affine(self) -> G1Affine {
        G1Affine {
            x: self.x.into(),
            y: self.y.into(),
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

    /// The product times what must be inverted to add the two points, which is never zero.
    #[inline(always)]
    pub(crate) fn times_denominator(&self, other: &Self, product: Element) -> Element {
        let difference = other.x - self.x;
        if self.is_rare(other, difference) {
            return self.rare_denominator(other, difference).copied() * product;
        }
        difference * product
    }

    /// The sum of the two points. `inverse` is that of the product of many denominators, this pair's
    /// the last, and becomes that of the product before, which is `before`.
    #[inline(always)]
    pub(crate) fn add(&self, other: &Self, before: Element, inverse: &mut Element) -> Self {
        let own = *inverse * before;
        let difference = other.x - self.x;
        if self.is_rare(other, difference) {
            *inverse *= self.rare_denominator(other, difference).copied();
            return self.rare_add(other, own);
        }
        *inverse *= difference;
        self.chord(other, (other.y - self.y) * own)
    }

    /// Whether the two may be equal, opposite, or at infinity. Where both abscissas are non-zero no
    /// point is at infinity.
    #[inline(always)]
    fn is_rare(&self, other: &Self, difference: Element) -> bool {
        difference.may_be_zero() || self.x.may_be_zero() || other.x.may_be_zero()
    }

    /// The third point of the line with this slope through both, mirrored.
    #[inline(always)]
    fn chord(&self, other: &Self, slope: Element) -> Self {
        let x = slope.square() - self.x - other.x;
        Self {
            x,
            y: slope * (self.x - x) - self.y,
        }
    }

    #[cold]
    #[inline(never)]
    fn rare_denominator(&self, other: &Self, difference: Element) -> Element {
        if self.is_infinity() || other.is_infinity() {
            Element::ONE
        } else if !difference.is_zero() {
            difference
        } else if self.y == other.y {
            // No point has order two, so no ordinate is zero.
            self.y.double()
        } else {
            Element::ONE
        }
    }

    #[cold]
    #[inline(never)]
    fn rare_add(&self, other: &Self, inverse: Element) -> Self {
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
    #[inline(always)]
    fn from(point: &G1Affine) -> Self {
        Self {
            x: point.x.into(),
            y: point.y.into(),
        }
    }
}
