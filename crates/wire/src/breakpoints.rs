//! The table of a model's breakpoints: what a contract needs to make ranks of numbers, and what the
//! spec's digest covers of it.

use alloy_primitives::{B256, keccak256};
use verdict_model::Manifest;

/// How many breakpoints an account's code has room for, as solidity/src/libraries/Ranks.sol says.
const PER_ACCOUNT: usize = 3071;

/// Breakpoints of all values that are ranks, input by input; of each value those that its range tells
/// apart, ascending, in 8 bytes of IEEE 754 with the most significant first. `None` if no value is
/// a rank.
pub fn breakpoint_table(manifest: &Manifest) -> Option<Vec<u8>> {
    let ranks = |input: &verdict_model::InputManifest| !input.breakpoints.is_empty();
    if !manifest.inputs.iter().any(ranks) {
        return None;
    }
    let mut table = Vec::new();
    for input in manifest.inputs.iter().filter(|input| ranks(input)) {
        for (feature, (min, max)) in input.ranges().into_iter().enumerate() {
            let [first, end] = [min, max].map(|rank| usize::try_from(rank).unwrap_or(0));
            let list = input.breakpoints(feature).unwrap_or_default();
            let told_apart = list.get(first..end).unwrap_or_default();
            table.extend(told_apart.iter().flat_map(|it| it.to_bits().to_be_bytes()));
        }
    }
    Some(table)
}

/// keccak256 of the table; zero if no value is a rank.
pub fn breakpoints_digest(manifest: &Manifest) -> B256 {
    breakpoint_table(manifest).map_or(B256::ZERO, keccak256)
}

/// The table as accounts hold it.
pub fn breakpoint_parts(table: &[u8]) -> impl Iterator<Item = &[u8]> {
    table.chunks(PER_ACCOUNT * size_of::<f64>())
}
