//! The curve's base field, with values kept below twice its order `q`.
//!
//! `Fq` brings every product below `q`, and squares through a call; here a product of two values
//! below `2q` is again below `2q`, since `4q² / 2^256 + q < 2q`, and only who compares reduces
//! further. Rows of a product are added with one carry chain each, which is what the compiler
//! translates best (17 ns a product where `Fq` takes 20, 16 a square where it takes 22 to 35). Limbs
//! are written out: closures over arrays are calls unless the linker optimises.

use halo2curves_axiom::bn256::Fq;
use halo2curves_axiom::ff::Field;
use halo2curves_axiom::serde::SerdeObject;
use std::ops::{Add, Mul, MulAssign, Neg, Sub};

pub(crate) type Limbs = [u64; 4];

/// The order, least significant limb first.
const Q: Limbs = [
    0x3c20_8c16_d87c_fd47,
    0x9781_6a91_6871_ca8d,
    0xb850_45b6_8181_585d,
    0x3064_4e72_e131_a029,
];
/// Twice the order.
const Q2: Limbs = [
    0x7841_182d_b0f9_fa8e,
    0x2f02_d522_d0e3_951a,
    0x70a0_8b6d_0302_b0bb,
    0x60c8_9ce5_c263_4053,
];
/// `-1/q` modulo `2^64`.
const INVERSE: u64 = 0x87d2_0782_e486_6389;

/// A residue times `2^256` (Montgomery's form, as in `Fq`), below `2q`.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Element(Limbs);

impl Element {
    pub(crate) const ZERO: Self = Self([0; 4]);
    pub(crate) const ONE: Self = Self([
        0xd35d_438d_c58f_0d9d,
        0x0a78_eb28_f5c7_0b3d,
        0x666e_a36f_7879_462c,
        0x0e0a_77c1_9a07_df2f,
    ]);

    /// Whether the residue is zero: as 0 or as `q`.
    #[inline(always)]
    pub(crate) fn is_zero(&self) -> bool {
        self.may_be_zero() && (self.0 == [0; 4] || self.0 == Q)
    }

    /// Whether the residue is zero or, hardly ever, another one; quicker than [`Self::is_zero`].
    #[inline(always)]
    pub(crate) fn may_be_zero(&self) -> bool {
        self.0[0] == 0 || self.0[0] == Q[0]
    }

    /// The same, limb by limb: what a call returns in memory is not kept there where calls are rare.
    #[inline(always)]
    pub(crate) fn copied(self) -> Self {
        let Self([l0, l1, l2, l3]) = self;
        Self([l0, l1, l2, l3])
    }

    /// One of the limbs.
    #[inline(always)]
    pub(crate) fn word(&self) -> u64 {
        self.0[0]
    }

    #[inline(always)]
    pub(crate) fn double(self) -> Self {
        self + self
    }

    #[inline(always)]
    pub(crate) fn square(self) -> Self {
        let a = self.0;
        // Each product of two different limbs once, and the sum of them doubled.
        let (r1, carry) = multiply_add(0, a[0], a[1], 0);
        let (r2, carry) = multiply_add(0, a[0], a[2], carry);
        let (r3, r4) = multiply_add(0, a[0], a[3], carry);
        let (r3, carry) = multiply_add(r3, a[1], a[2], 0);
        let (r4, r5) = multiply_add(r4, a[1], a[3], carry);
        let (r5, r6) = multiply_add(r5, a[2], a[3], 0);
        let r7 = r6 >> 63;
        let r6 = r6 << 1 | r5 >> 63;
        let r5 = r5 << 1 | r4 >> 63;
        let r4 = r4 << 1 | r3 >> 63;
        let r3 = r3 << 1 | r2 >> 63;
        let r2 = r2 << 1 | r1 >> 63;
        let r1 = r1 << 1;
        let (r0, high) = product(a[0], a[0]);
        let (r1, carry) = r1.overflowing_add(high);
        let (low, high) = product(a[1], a[1]);
        let (r2, carry) = r2.carrying_add(low, carry);
        let (r3, carry) = r3.carrying_add(high, carry);
        let (low, high) = product(a[2], a[2]);
        let (r4, carry) = r4.carrying_add(low, carry);
        let (r5, carry) = r5.carrying_add(high, carry);
        let (low, high) = product(a[3], a[3]);
        let (r6, carry) = r6.carrying_add(low, carry);
        let (r7, _) = r7.carrying_add(high, carry);
        // The lower half is reduced to what the upper half is added to.
        let lower = reduced_limb(reduced_limb([r0, r1, r2, r3]));
        let lower = reduced_limb(reduced_limb(lower));
        Self(add(&lower, &[r4, r5, r6, r7]))
    }

    /// The inverse, zero's being zero.
    pub(crate) fn invert(self) -> Self {
        Fq::from(self).invert().unwrap_or(Fq::ZERO).into()
    }

    /// The residue below `q`.
    fn reduced(self) -> Limbs {
        let (reduced, borrow) = subtract(&self.0, &Q);
        if borrow { self.0 } else { reduced }
    }
}

impl From<Fq> for Element {
    /// Both hold a residue in Montgomery's form, which `Fq` shows as its raw bytes.
    #[inline(always)]
    fn from(value: Fq) -> Self {
        let mut bytes = [0; 32];
        let written = value.write_raw(&mut bytes.as_mut_slice());
        debug_assert!(written.is_ok());
        Self(limbs_of(&bytes))
    }
}

impl From<Element> for Fq {
    fn from(value: Element) -> Self {
        let mut bytes = [0; 32];
        for (bytes, limb) in bytes.as_chunks_mut().0.iter_mut().zip(value.reduced()) {
            *bytes = limb.to_le_bytes();
        }
        Self::from_raw_bytes_unchecked(&bytes)
    }
}

impl PartialEq for Element {
    fn eq(&self, other: &Self) -> bool {
        self.reduced() == other.reduced()
    }
}

impl Add for Element {
    type Output = Self;

    #[inline(always)]
    fn add(self, other: Self) -> Self {
        // Below `4q`, which is below `2^256`.
        let sum = add(&self.0, &other.0);
        let (reduced, borrow) = subtract(&sum, &Q2);
        Self(add(&reduced, &masked(&Q2, borrow)))
    }
}

impl Sub for Element {
    type Output = Self;

    #[inline(always)]
    fn sub(self, other: Self) -> Self {
        let (difference, borrow) = subtract(&self.0, &other.0);
        Self(add(&difference, &masked(&Q2, borrow)))
    }
}

impl Neg for Element {
    type Output = Self;

    #[inline(always)]
    fn neg(self) -> Self {
        Self::ZERO - self
    }
}

impl Mul for Element {
    type Output = Self;

    #[inline(always)]
    fn mul(self, other: Self) -> Self {
        // Written out, since the compiler leaves loops as long as this one as they are.
        let sum = reduced_row(row(&self.0, other.0[0]));
        let sum = reduced_row(add_rows(sum, row(&self.0, other.0[1])));
        let sum = reduced_row(add_rows(sum, row(&self.0, other.0[2])));
        let [s0, s1, s2, s3, _] = reduced_row(add_rows(sum, row(&self.0, other.0[3])));
        Self([s0, s1, s2, s3])
    }
}

impl MulAssign for Element {
    #[inline(always)]
    fn mul_assign(&mut self, other: Self) {
        *self = *self * other;
    }
}

/// The limbs that bytes are, the least significant first.
#[inline(always)]
pub(crate) fn limbs_of(bytes: &[u8; 32]) -> Limbs {
    let mut limbs = [0; 4];
    for (limb, bytes) in limbs.iter_mut().zip(bytes.as_chunks().0) {
        *limb = u64::from_le_bytes(*bytes);
    }
    limbs
}

/// The sum, of which a carry is lost.
#[inline(always)]
pub(crate) fn add(left: &Limbs, right: &Limbs) -> Limbs {
    let (s0, carry) = left[0].overflowing_add(right[0]);
    let (s1, carry) = left[1].carrying_add(right[1], carry);
    let (s2, carry) = left[2].carrying_add(right[2], carry);
    let (s3, _) = left[3].carrying_add(right[3], carry);
    [s0, s1, s2, s3]
}

/// The difference, and whether it is negative.
#[inline(always)]
pub(crate) fn subtract(left: &Limbs, right: &Limbs) -> (Limbs, bool) {
    let (d0, borrow) = left[0].overflowing_sub(right[0]);
    let (d1, borrow) = left[1].borrowing_sub(right[1], borrow);
    let (d2, borrow) = left[2].borrowing_sub(right[2], borrow);
    let (d3, borrow) = left[3].borrowing_sub(right[3], borrow);
    ([d0, d1, d2, d3], borrow)
}

/// The value if `keep`, else zero, without a branch.
#[inline(always)]
fn masked(value: &Limbs, keep: bool) -> Limbs {
    let mask = u64::from(keep).wrapping_neg();
    let [v0, v1, v2, v3] = value;
    [v0 & mask, v1 & mask, v2 & mask, v3 & mask]
}

/// `sum + left·right + carry`, low and high.
#[inline(always)]
fn multiply_add(sum: u64, left: u64, right: u64, carry: u64) -> (u64, u64) {
    let all = u128::from(left) * u128::from(right) + u128::from(sum) + u128::from(carry);
    (all as u64, (all >> 64) as u64)
}

/// The product of two limbs, low and high.
#[inline(always)]
fn product(left: u64, right: u64) -> (u64, u64) {
    multiply_add(0, left, right, 0)
}

/// A value times one limb.
#[inline(always)]
fn row(value: &Limbs, limb: u64) -> [u64; 5] {
    let (r0, high0) = product(value[0], limb);
    let (low1, high1) = product(value[1], limb);
    let (low2, high2) = product(value[2], limb);
    let (low3, high3) = product(value[3], limb);
    let (r1, carry) = high0.overflowing_add(low1);
    let (r2, carry) = high1.carrying_add(low2, carry);
    let (r3, carry) = high2.carrying_add(low3, carry);
    [r0, r1, r2, r3, high3 + u64::from(carry)]
}

/// The sum of two rows, which is below `2^320` as all sums of a product are.
#[inline(always)]
fn add_rows(left: [u64; 5], right: [u64; 5]) -> [u64; 5] {
    let (s0, carry) = left[0].overflowing_add(right[0]);
    let (s1, carry) = left[1].carrying_add(right[1], carry);
    let (s2, carry) = left[2].carrying_add(right[2], carry);
    let (s3, carry) = left[3].carrying_add(right[3], carry);
    let (s4, _) = left[4].carrying_add(right[4], carry);
    [s0, s1, s2, s3, s4]
}

/// The sum of a value and the multiple of `q` that makes it a multiple of `2^64`, divided by that.
#[inline(always)]
fn reduced_limb(value: Limbs) -> Limbs {
    let factor = value[0].wrapping_mul(INVERSE);
    let (_, carry) = multiply_add(value[0], factor, Q[0], 0);
    let (l0, carry) = multiply_add(value[1], factor, Q[1], carry);
    let (l1, carry) = multiply_add(value[2], factor, Q[2], carry);
    let (l2, l3) = multiply_add(value[3], factor, Q[3], carry);
    [l0, l1, l2, l3]
}

/// [`reduced_limb`] for a row.
#[inline(always)]
fn reduced_row(sum: [u64; 5]) -> [u64; 5] {
    let [_, r0, r1, r2, r3] = add_rows(sum, row(&Q, sum[0].wrapping_mul(INVERSE)));
    [r0, r1, r2, r3, 0]
}

#[cfg(test)]
mod tests {
    use super::*;
    use halo2curves_axiom::ff::PrimeField;
    use rand::SeedableRng;
    use rand_chacha::ChaCha20Rng;

    /// Each residue in both of the forms that a value may have.
    fn forms(value: Fq) -> [Element; 2] {
        let low = Element::from(value);
        [low, Element(add(&low.0, &Q))]
    }

    fn below_twice_the_order(value: Element) -> Fq {
        assert!(subtract(&value.0, &Q2).1, "{value:?}");
        value.into()
    }

    #[test]
    fn constants_are_the_field_s() {
        assert_eq!(Fq::from(Element::ONE), Fq::ONE);
        assert_eq!(add(&Q, &Q), Q2);
        assert_eq!(Q[0].wrapping_mul(INVERSE), u64::MAX);
        let largest = Fq::from_raw([Q[0] - 1, Q[1], Q[2], Q[3]]);
        assert_eq!(largest, -Fq::ONE);
        assert_eq!(Fq::from_repr(Fq::from_raw(Q).to_repr()).unwrap(), Fq::ZERO);
    }

    #[test]
    fn arithmetic_equals_the_library_s() {
        let mut rng = ChaCha20Rng::seed_from_u64(1);
        let mut values = vec![Fq::ZERO, Fq::ONE, -Fq::ONE, Fq::from(2), -Fq::from(2)];
        // Raw limbs with long carries, which random values hardly have.
        for limbs in [
            [u64::MAX, 0, 0, 0],
            [0, u64::MAX, u64::MAX, 0],
            [u64::MAX; 4],
        ] {
            values.push(Fq::from_raw(limbs));
            let mut bytes: Vec<u8> = limbs.iter().flat_map(|limb| limb.to_le_bytes()).collect();
            bytes[31] = 0x2f;
            values.push(Fq::from_raw_bytes(&bytes).unwrap());
        }
        let mut largest: Vec<u8> = Q.iter().flat_map(|limb| limb.to_le_bytes()).collect();
        largest[0] -= 1;
        values.push(Fq::from_raw_bytes(&largest).unwrap());
        values.extend((0..30).map(|_| Fq::random(&mut rng)));
        for &left in &values {
            for form in forms(left) {
                assert_eq!(below_twice_the_order(form.square()), left.square());
                assert_eq!(below_twice_the_order(form.double()), left.double());
                assert_eq!(below_twice_the_order(-form), -left);
                assert_eq!(form.is_zero(), left == Fq::ZERO);
                let inverse = left.invert().unwrap_or(Fq::ZERO);
                assert_eq!(below_twice_the_order(form.invert()), inverse);
                for &right in &values {
                    for other in forms(right) {
                        assert_eq!(below_twice_the_order(form * other), left * right);
                        assert_eq!(below_twice_the_order(form + other), left + right);
                        assert_eq!(below_twice_the_order(form - other), left - right);
                        assert_eq!((form - other).is_zero(), left == right);
                        assert_eq!(form == other, left == right);
                    }
                }
            }
        }
    }
}
