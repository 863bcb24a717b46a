//! Entries brought together by the leading bits of their keys, each block of entries on its own.

use crate::entry::Entry;
use rayon::prelude::*;

/// How many entries a part should have: their points fit the second cache.
const PART: usize = 8192;
/// A part of more entries than this is cut into pieces.
const PIECE: usize = 16384;
/// More parts than this make each block's scattered writes miss the first cache.
const MAX_PARTS: usize = 512;

/// Blocks of entries, each in the order of its entries' parts.
pub(crate) struct Parts {
    blocks: Vec<Block>,
    /// How many parts there are.
    count: usize,
    /// How many bits of a key are not the part's.
    shift: u32,
}

/// Entries of one part, of neighbouring keys, in the order in which they were made.
pub(crate) struct Piece<'a> {
    /// The least key the part may have.
    pub(crate) first_key: u32,
    /// How many keys the part may have.
    pub(crate) keys: usize,
    /// The entries, from one block after another.
    pub(crate) entries: Vec<&'a [Entry]>,
}

impl Parts {
    /// Groups the entries of each block.
    pub(crate) fn new(blocks: Vec<Vec<Entry>>) -> Self {
        let total = blocks.iter().map(Vec::len).sum::<usize>();
        let largest = blocks
            .par_iter()
            .filter_map(|block| block.iter().map(|entry| entry.key()).max())
            .max()
            .unwrap_or(0);
        let wanted = (total / PART).clamp(1, MAX_PARTS).ilog2();
        let shift = (u32::BITS - largest.leading_zeros()).saturating_sub(wanted);
        let count = part(largest, shift) + 1;
        let blocks = blocks
            .into_par_iter()
            .map(|block| Block::new(&block, shift, count))
            .collect();
        Self {
            blocks,
            count,
            shift,
        }
    }

    /// All parts, the large ones in pieces. The keys of a part are below those of the next.
    pub(crate) fn pieces(&self) -> Vec<Piece<'_>> {
        let mut pieces = Vec::new();
        for part in 0..self.count {
            let slices = || self.blocks.iter().map(|block| block.part(part));
            let total = slices().map(<[Entry]>::len).sum::<usize>();
            let size = total.div_ceil(total.div_ceil(PIECE).max(1));
            let mut left = 0;
            for mut slice in slices() {
                while !slice.is_empty() {
                    if left == 0 {
                        pieces.push(Piece {
                            first_key: (part as u64 * (1 << self.shift)) as u32,
                            keys: 1 << self.shift,
                            entries: Vec::new(),
                        });
                        left = size;
                    }
                    let (now, later) = slice.split_at(left.min(slice.len()));
                    if let Some(piece) = pieces.last_mut() {
                        piece.entries.push(now);
                    }
                    left -= now.len();
                    slice = later;
                }
            }
        }
        pieces
    }
}

/// Which part a key belongs to.
#[inline(always)]
fn part(key: u32, shift: u32) -> usize {
    (u64::from(key) >> shift) as usize
}

/// A block's entries, grouped by part.
struct Block {
    entries: Vec<Entry>,
    /// Where each part ends.
    ends: Vec<u32>,
}

impl Block {
    fn new(block: &[Entry], shift: u32, parts: usize) -> Self {
        let mut ends = vec![0; parts];
        for entry in block {
            ends[part(entry.key(), shift)] += 1;
        }
        let mut sum = 0;
        for end in &mut ends {
            sum += std::mem::replace(end, sum);
        }
        let mut entries = vec![Entry::new(0, 0, false); block.len()];
        for entry in block {
            let end = &mut ends[part(entry.key(), shift)];
            entries[*end as usize] = *entry;
            *end += 1;
        }
        Self { entries, ends }
    }

    fn part(&self, part: usize) -> &[Entry] {
        let start = part.checked_sub(1).map_or(0, |before| self.ends[before]);
        &self.entries[start as usize..self.ends[part] as usize]
    }
}
