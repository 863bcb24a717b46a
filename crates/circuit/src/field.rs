//! Small helpers on the scalar field.

use halo2curves_axiom::bn256::Fr;

pub use verdict_argument::int;

/// `2^bits`, for `bits` below 256.
pub(crate) fn power_of_two(bits: usize) -> Fr {
    let mut raw = [0u64; 4];
    raw[bits / 64] = 1 << (bits % 64);
    Fr::from_raw(raw)
}
