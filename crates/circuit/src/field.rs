//! Small helpers on the scalar field.

use halo2curves_axiom::bn256::Fr;

/// A signed integer as a field element.
pub fn int(value: i64) -> Fr {
    let magnitude = Fr::from(value.unsigned_abs());
    if value < 0 { -magnitude } else { magnitude }
}

/// `2^bits`, for `bits` below 256.
pub(crate) fn power_of_two(bits: usize) -> Fr {
    let mut raw = [0u64; 4];
    raw[bits / 64] = 1 << (bits % 64);
    Fr::from_raw(raw)
}
