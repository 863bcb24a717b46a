//! Scalars as signed digits.

use crate::field::{Limbs, add, limbs_of, subtract};
use halo2curves_axiom::bn256::Fr;
use halo2curves_axiom::ff::PrimeField;

/// What points can be multiplied by.
pub(crate) trait Scalar: Sync {
    /// The absolute value and whether it is to be negated; at most half the field's order.
    fn magnitude(&self) -> (Limbs, bool);
}

impl Scalar for i64 {
    #[inline(always)]
    fn magnitude(&self) -> (Limbs, bool) {
        ([self.unsigned_abs(), 0, 0, 0], *self < 0)
    }
}

impl Scalar for i128 {
    #[inline(always)]
    fn magnitude(&self) -> (Limbs, bool) {
        let magnitude = self.unsigned_abs();
        (
            [magnitude as u64, (magnitude >> 64) as u64, 0, 0],
            *self < 0,
        )
    }
}

/// The field's order.
const ORDER: Limbs = [
    0x43e1_f593_f000_0001,
    0x2833_e848_79b9_7091,
    0xb850_45b6_8181_585d,
    0x3064_4e72_e131_a029,
];
/// Half of it, rounded down.
const HALF: Limbs = [
    0xa1f0_fac9_f800_0000,
    0x9419_f424_3cdc_b848,
    0xdc28_22db_40c0_ac2e,
    0x1832_2739_7098_d014,
];

impl Scalar for Fr {
    /// Elements above half the order are the negatives of those below.
    #[inline(always)]
    fn magnitude(&self) -> (Limbs, bool) {
        let value = limbs(self);
        if subtract(&HALF, &value).1 {
            (subtract(&ORDER, &value).0, true)
        } else {
            (value, false)
        }
    }
}

/// The element as an integer below the order.
#[inline(always)]
fn limbs(scalar: &Fr) -> Limbs {
    limbs_of(&scalar.to_repr())
}

/// How many bits of a scalar's absolute value the windows must hold, with one for the sign.
const BITS: u32 = Fr::NUM_BITS;

/// How many windows of so many bits a scalar has.
pub(crate) const fn windows(bits: u32) -> u32 {
    BITS.div_ceil(bits)
}

/// Cuts scalars into digits between `-2^(bits-1)` and `2^(bits-1)`, both inclusive.
///
/// Half a window's range is added to every window but the last before cutting, and subtracted from
/// the digits: so digits come out signed without a carry from one to the next, in any order. The
/// last one has room for what is left: an absolute value is below `2^(BITS-1.4)`, so the last digit
/// is below `2^(bits-1.4) + 1`, and at most `2^(bits-1)` from three bits on.
pub(crate) struct Digits {
    bits: u32,
    windows: u32,
    offset: Limbs,
}

impl Digits {
    /// `bits` is between 3 and 31.
    pub(crate) fn new(bits: u32) -> Self {
        let windows = windows(bits);
        let mut offset = [0; 4];
        for window in 0..windows - 1 {
            let bit = window * bits + bits - 1;
            offset[(bit / 64) as usize] |= 1 << (bit % 64);
        }
        Self {
            bits,
            windows,
            offset,
        }
    }

    /// The absolute value prepared for [`Self::digit`], and how many windows may be non-zero.
    #[inline(always)]
    pub(crate) fn prepare(&self, magnitude: &Limbs) -> (Limbs, u32) {
        let length = (0..4)
            .rev()
            .find(|&limb| magnitude[limb] != 0)
            .map_or(0, |limb| {
                64 * limb as u32 + 64 - magnitude[limb].leading_zeros()
            });
        if length == 0 {
            return (*magnitude, 0);
        }
        // Digits of `w` windows reach a quarter of `2^(w·bits)`, if not half of it.
        let used = ((length + 1) / self.bits + 1).min(self.windows);
        (add(magnitude, &self.offset), used)
    }

    /// One digit of a prepared absolute value.
    #[inline(always)]
    pub(crate) fn digit(&self, prepared: &Limbs, window: u32) -> i32 {
        let bit = window * self.bits;
        let (limb, shift) = ((bit / 64) as usize, bit % 64);
        let low = prepared[limb] >> shift;
        // Twice, so that a shift by 64 gives zero.
        let high = prepared
            .get(limb + 1)
            .map_or(0, |high| high << 1 << (63 - shift));
        let value = ((low | high) & ((1 << self.bits) - 1)) as i32;
        if window + 1 == self.windows {
            value
        } else {
            value - (1 << (self.bits - 1))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use halo2curves_axiom::ff::Field;

    #[test]
    fn the_order_and_its_half_are_the_field_s() {
        let largest = limbs(&-Fr::ONE);
        assert_eq!(add(&largest, &[1, 0, 0, 0]), ORDER);
        assert_eq!(add(&add(&HALF, &HALF), &[1, 0, 0, 0]), ORDER);
        assert_eq!(ORDER[3].leading_zeros(), 2);
    }

    /// The value that digits stand for, the sum of the windows from the top.
    fn value(digits: &Digits, magnitude: &Limbs) -> Fr {
        let (prepared, used) = digits.prepare(magnitude);
        let half = 1 << (digits.bits - 1);
        (0..digits.windows).rev().fold(Fr::ZERO, |value, window| {
            let digit = digits.digit(&prepared, window);
            assert!(
                (-half..=half).contains(&digit),
                "{digit} of {} bits",
                digits.bits
            );
            assert!(window < used || magnitude == &[0; 4] || digit == 0);
            let shifted = (0..digits.bits).fold(value, |value, _| value.double());
            let unsigned = Fr::from(u64::from(digit.unsigned_abs()));
            if digit < 0 {
                shifted - unsigned
            } else {
                shifted + unsigned
            }
        })
    }

    #[test]
    fn digits_give_every_value_back() {
        let mut values = vec![Fr::ONE, -Fr::ONE, Fr::from_raw(HALF), -Fr::from_raw(HALF)];
        // Around every power of two, where the count of windows changes.
        let mut power = Fr::ONE;
        for _ in 0..254 {
            values.extend([
                power,
                power - Fr::ONE,
                power + Fr::ONE,
                -power,
                Fr::ONE - power,
            ]);
            power = power.double();
        }
        for bits in 3..=24 {
            let digits = Digits::new(bits);
            for scalar in &values {
                let (magnitude, negative) = scalar.magnitude();
                if magnitude == [0; 4] {
                    continue;
                }
                let value = value(&digits, &magnitude);
                assert_eq!(if negative { -value } else { value }, *scalar);
            }
        }
    }

    #[test]
    fn small_negatives_have_as_few_windows_as_small_positives() {
        for bits in 3..=24 {
            let digits = Digits::new(bits);
            for value in [1_u64, 100, 5000, 1 << 40] {
                let (positive, sign) = Fr::from(value).magnitude();
                let (negative, other) = (-Fr::from(value)).magnitude();
                assert_eq!((positive, sign, other), (negative, false, true));
                assert!(digits.prepare(&positive).1 <= (value.ilog2() + 2) / bits + 1);
            }
            assert_eq!(digits.prepare(&[0; 4]).1, 0);
        }
    }
}
