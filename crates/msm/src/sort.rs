//! Entries brought into the order of their keys: first into parts by the keys' leading bits, each
//! block of entries on its own, then each part by the rest, where the counters fit the first cache.

use crate::entry::Entry;
use rayon::prelude::*;

/// How many entries a part should have: their points fit the second cache.
const PART: usize = 8192;
/// More parts than this make each block's scattered writes miss the first cache.
const MAX_PARTS: usize = 512;

/// The entries in parts that are sorted by key; all keys of a part are below those of the next.
pub(crate) fn sorted(blocks: Vec<Vec<Entry>>) -> Vec<Vec<Entry>> {
    let total = blocks.iter().map(Vec::len).sum::<usize>();
    let Some(largest) = blocks
        .par_iter()
        .filter_map(|block| block.iter().map(|entry| entry.key()).max())
        .max()
    else {
        return Vec::new();
    };
    let wanted = (total / PART).clamp(1, MAX_PARTS).ilog2();
    let shift = (u32::BITS - largest.leading_zeros()).saturating_sub(wanted);
    let parts = (u64::from(largest) >> shift) as usize + 1;
    let blocks: Vec<Parted> = blocks
        .into_par_iter()
        .map(|block| Parted::new(&block, shift, parts))
        .collect();
    (0..parts)
        .into_par_iter()
        .map(|part| sort_part(&blocks, part, shift))
        .filter(|part| !part.is_empty())
        .collect()
}

/// A block's entries, grouped by part.
struct Parted {
    entries: Vec<Entry>,
    /// Where each part ends.
    ends: Vec<u32>,
}

impl Parted {
    fn new(block: &[Entry], shift: u32, parts: usize) -> Self {
        let part = |entry: Entry| (u64::from(entry.key()) >> shift) as usize;
        let mut ends = vec![0; parts];
        for &entry in block {
            ends[part(entry)] += 1;
        }
        starts(&mut ends);
        let mut entries = vec![Entry::new(0, 0, false); block.len()];
        for &entry in block {
            let end = &mut ends[part(entry)];
            entries[*end as usize] = entry;
            *end += 1;
        }
        Self { entries, ends }
    }

    fn part(&self, part: usize) -> &[Entry] {
        let start = part.checked_sub(1).map_or(0, |before| self.ends[before]);
        &self.entries[start as usize..self.ends[part] as usize]
    }
}

/// Turns counts into the places where each count's entries start.
fn starts(counts: &mut [u32]) {
    let mut sum = 0;
    for count in counts {
        sum += std::mem::replace(count, sum);
    }
}

/// One part of all blocks, sorted by key.
fn sort_part(blocks: &[Parted], part: usize, shift: u32) -> Vec<Entry> {
    let slices = || blocks.iter().map(|block| block.part(part));
    let total = slices().map(<[Entry]>::len).sum::<usize>();
    let keys = 1_usize << shift;
    if total < keys / 4 {
        // Counters would be more work than the entries.
        let mut entries = slices().flatten().copied().collect::<Vec<_>>();
        entries.sort_unstable();
        return entries;
    }
    let low = |entry: Entry| entry.key() as usize & (keys - 1);
    let mut places = vec![0; keys];
    for &entry in slices().flatten() {
        places[low(entry)] += 1;
    }
    starts(&mut places);
    let mut entries = vec![Entry::new(0, 0, false); total];
    for &entry in slices().flatten() {
        let place = &mut places[low(entry)];
        entries[*place as usize] = entry;
        *place += 1;
    }
    entries
}
