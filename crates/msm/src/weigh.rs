//! Bucket sums times what their buckets stand for.
//!
//! With `b` split into a high part and a low one of `h` bits,
//! `Σ (b + 1)·B_b = 2^h·Σ_high high·(Σ_low B) + Σ_low (low + 1)·(Σ_high B)`: two affine additions a
//! bucket, many at once, where running sums need two projective ones, one after another.

use crate::entry::Entry;
use crate::sums::{Sum, sums};
use halo2curves_axiom::bn256::G1;
use halo2curves_axiom::group::Group;
use rayon::prelude::*;

/// How many sums make a block of entries.
const BLOCK: usize = 8192;

/// For each set of `1 << bits` buckets the sum of its buckets, bucket `b` taken `b + 1` times. A
/// bucket's key is `set << bits | b`; buckets may be missing, and come several times.
pub(crate) fn weigh(buckets: &[Sum], bits: u32, sets: usize) -> Vec<G1> {
    let low_bits = bits.div_ceil(2);
    let high_bits = bits - low_bits;
    let low_mask = (1 << low_bits) - 1;
    // Rows come first, then columns, so that one pass adds up both.
    let rows = (sets as u32) << high_bits;
    let blocks = buckets
        .par_chunks(BLOCK)
        .enumerate()
        .map(|(block, buckets)| {
            let mut entries = Vec::with_capacity(2 * buckets.len());
            for (index, bucket) in buckets.iter().enumerate() {
                let index = block * BLOCK + index;
                let (row, low) = (bucket.key >> low_bits, bucket.key & low_mask);
                let column = (row >> high_bits) << low_bits | low;
                entries.push(Entry::new(row, index, false));
                entries.push(Entry::new(rows + column, index, false));
            }
            entries
        })
        .collect();
    let added = sums(buckets, blocks);
    let (rows, columns) = added.split_at(added.partition_point(|sum| sum.key < rows));
    let first_column = (sets as u32) << high_bits;
    (0..sets as u32)
        .into_par_iter()
        .map(|set| {
            let high = multiples(of_set(rows, set << high_bits, high_bits), 0);
            let low = multiples(
                of_set(columns, first_column + (set << low_bits), low_bits),
                1,
            );
            (0..low_bits).fold(high, |high, _| high.double()) + low
        })
        .collect()
}

/// The sums whose keys are `first..first + (1 << bits)`, with their places in it.
fn of_set(sums: &[Sum], first: u32, bits: u32) -> impl DoubleEndedIterator<Item = (u32, &Sum)> {
    let start = sums.partition_point(|sum| sum.key < first);
    let end = sums.partition_point(|sum| sum.key < first + (1 << bits));
    sums[start..end]
        .iter()
        .map(move |sum| (sum.key - first, sum))
}

/// The sum of all, the one at place `p` taken `p + offset` times. Places ascend.
fn multiples<'a>(sums: impl DoubleEndedIterator<Item = (u32, &'a Sum)>, offset: u32) -> G1 {
    let mut sums = sums.rev().peekable();
    let largest = sums.peek().map_or(0, |(place, _)| place + offset);
    let (mut running, mut total) = (G1::identity(), G1::identity());
    for multiple in (1..=largest).rev() {
        while let Some((_, sum)) = sums.next_if(|(place, _)| place + offset == multiple) {
            running += sum.point.to_affine();
        }
        total += running;
    }
    total
}
