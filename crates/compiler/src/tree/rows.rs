//! How many rows of the tape something takes, to compare ways of placing trees; the circuit's
//! planner has the last word.

use std::collections::BTreeMap;

/// Weights to a row for which ways are compared.
const WIDTH: usize = 8;
/// Rows of a cell that has a channel and a position.
pub(crate) const PLANE_CELL: usize = 2;

/// Rows a stream takes from `exponent` down to the end of its level.
pub(crate) fn blocks(exponent: usize) -> usize {
    exponent / WIDTH
}

/// Rows that streaming one feature takes, given the lowest and highest exponent it meets at each
/// position (or level). A stream goes down through the positions and to and fro over blocks of
/// exponents (`path` in the circuit crate).
pub(crate) fn feature(met: &BTreeMap<usize, (usize, usize)>) -> usize {
    let mut rows = 1;
    let mut at: Option<(usize, usize)> = None;
    for (&position, &(low, high)) in met.iter().rev() {
        let (low, high) = (blocks(low), blocks(high));
        let (last, block) = at.unwrap_or((position, high));
        let [to_low, to_high] = [block.abs_diff(low), block.abs_diff(high)];
        rows += last - position + to_low.min(to_high) + (high - low);
        at = Some((position, if to_low < to_high { high } else { low }));
    }
    rows + at.map_or(0, |(position, block)| position + block)
}
