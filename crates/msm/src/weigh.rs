//! Bucket sums times what their buckets stand for.
//!
//! With `b` split into a high part and a low one of `h` bits,
//! `Σ (b + 1)·B_b = 2^h·Σ_high high·(Σ_low B) + Σ_low (low + 1)·(Σ_high B)`: two affine additions a
//! bucket, many at once, where running sums need two projective ones, one after another.

use crate::entry::Entry;
use crate::point::Point;
use crate::sums::{Sums, sums};
use halo2curves_axiom::bn256::G1;
use halo2curves_axiom::group::Group;
use rayon::prelude::*;

/// How many sums make a block of entries.
const BLOCK: usize = 8192;

/// For each set of `1 << bits` buckets the sum of its buckets, bucket `b` taken `b + 1` times. A
/// bucket's key is `set << bits | b`; buckets may be missing, and come several times.
pub(crate) fn weigh(buckets: &Sums, bits: u32, sets: usize) -> Vec<G1> {
    let low_bits = bits.div_ceil(2);
    let high_bits = bits - low_bits;
    let low_mask = (1 << low_bits) - 1;
    // Rows come first, then columns, so that one pass adds up both.
    let rows = (sets as u32) << high_bits;
    let blocks = buckets
        .keys
        .par_chunks(BLOCK)
        .enumerate()
        .map(|(block, keys)| {
            let mut entries = Vec::with_capacity(2 * keys.len());
            for (index, key) in keys.iter().enumerate() {
                let index = block * BLOCK + index;
                let (row, low) = (key >> low_bits, key & low_mask);
                let column = (row >> high_bits) << low_bits | low;
                entries.push(Entry::new(row, index, false));
                entries.push(Entry::new(rows + column, index, false));
            }
            entries
        })
        .collect();
    let Sums { keys, points } = sums(&buckets.points, blocks);
    let mut added = keys.into_iter().zip(points).collect::<Vec<_>>();
    added.sort_unstable_by_key(|(key, _)| *key);
    (0..sets as u32)
        .into_par_iter()
        .map(|set| {
            let high = multiples(&added, set << high_bits, high_bits, 0);
            let low = multiples(&added, rows + (set << low_bits), low_bits, 1);
            (0..low_bits).fold(high, |high, _| high.double()) + low
        })
        .collect()
}

/// The sum of those whose keys are `first..first + (1 << bits)`, the one with key `first + p` taken
/// `p + offset` times. Keys do not descend.
fn multiples(sums: &[(u32, Point)], first: u32, bits: u32, offset: u32) -> G1 {
    let place = |key| sums.partition_point(|(other, _)| *other < key);
    let mut left = &sums[place(first)..place(first + (1 << bits))];
    let multiple = |(key, _): &(u32, Point)| key - first + offset;
    let (mut running, mut total) = (G1::identity(), G1::identity());
    for current in (1..=left.last().map_or(0, multiple)).rev() {
        while let Some((last, before)) = left.split_last()
            && multiple(last) == current
        {
            running += last.1.to_affine();
            left = before;
        }
        total += running;
    }
    total
}
