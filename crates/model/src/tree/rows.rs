//! How many rows of the tape a way of placing trees takes, to compare ways; the circuit's planner has the last word.

use std::collections::BTreeMap;

/// The width for which ways are compared.
const WIDTH: usize = 8;
/// Rows of a cell that has a channel and a position.
const CELL: usize = 2;

/// Rows of `trees` trees in `nodes` node and `leaves` leaf channels, without those of the features.
pub(crate) fn cells(nodes: usize, leaves: usize, trees: usize) -> usize {
    // A node's stream reaches from its last leaf to the end: half of all leaves on average.
    CELL * trees * (nodes + leaves) + nodes * (1 + leaves / (2 * WIDTH))
}

/// Rows that streaming one feature takes, given the channels it meets at each position. A stream goes down through the positions
/// and to and fro over the blocks of channels (`path` in the circuit crate).
pub(crate) fn feature(channels: &BTreeMap<usize, (usize, usize)>) -> usize {
    let mut rows = 1;
    let mut at: Option<(usize, usize)> = None;
    for (&position, &(low, high)) in channels.iter().rev() {
        let (low, high) = (low / WIDTH, high / WIDTH);
        let (last, block) = at.unwrap_or((position, high));
        let [to_low, to_high] = [block.abs_diff(low), block.abs_diff(high)];
        rows += last - position + to_low.min(to_high) + (high - low);
        at = Some((position, if to_low < to_high { high } else { low }));
    }
    rows + at.map_or(0, |(position, block)| position + block)
}
