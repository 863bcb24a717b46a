//! Small helpers on the scalar field.

use halo2curves_axiom::bn256::Fr;

/// A signed integer as a field element.
pub fn int(value: i64) -> Fr {
    let magnitude = Fr::from(value.unsigned_abs());
    if value < 0 { -magnitude } else { magnitude }
}
