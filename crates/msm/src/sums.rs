//! The sum of the points under each key.

use crate::batch::{Run, Scratch, add_runs};
use crate::entry::Entry;
use crate::point::Point;
use crate::sort::{Parts, Piece};
use rayon::prelude::*;
use std::hint::black_box;

/// How many points are asked for before the first one is used.
const AHEAD: usize = 64;

/// Sums of points, or parts of sums, and their keys.
#[derive(Default)]
pub(crate) struct Sums {
    pub(crate) keys: Vec<u32>,
    pub(crate) points: Vec<Point>,
}

/// Adds up the points under each key. A key that has very many points, or whose neighbours have, may
/// come several times, each with the sum of a part of them, so that threads can share the work
/// whatever the keys are.
pub(crate) fn sums(source: &[Point], blocks: Vec<Vec<Entry>>) -> Sums {
    let parts = Parts::new(blocks);
    let pieces: Vec<Sums> = parts
        .pieces()
        .into_par_iter()
        .map_init(Buffers::default, |buffers, piece| {
            buffers.sums(source, &piece)
        })
        .collect();
    let length = pieces.iter().map(|piece| piece.keys.len()).sum();
    let mut all = Sums {
        keys: Vec::with_capacity(length),
        points: Vec::with_capacity(length),
    };
    for piece in &pieces {
        all.keys.extend_from_slice(&piece.keys);
        all.points.extend_from_slice(&piece.points);
    }
    all
}

/// What adding up a piece needs; kept between pieces so that it is not allocated again.
#[derive(Default)]
struct Buffers {
    points: Vec<Point>,
    /// Where the next point of each key goes.
    places: Vec<u32>,
    runs: Vec<Run>,
    scratch: Scratch,
}

impl Buffers {
    fn sums(&mut self, source: &[Point], piece: &Piece<'_>) -> Sums {
        let total = piece.entries.iter().map(|entries| entries.len()).sum();
        let keys = if total < piece.keys / 4 {
            // Counters would be more work than the entries.
            self.gather_few(source, piece)
        } else {
            self.gather(source, piece, total)
        };
        add_runs(&mut self.points, &self.runs, &mut self.scratch);
        let points = self.runs.iter().map(|run| self.points[run.start as usize]);
        Sums {
            keys,
            points: points.collect(),
        }
    }

    /// Brings the points of each key together. Tables are read in the order in which they are laid
    /// out, a stream for each row, which spares the processor address translation; and some points
    /// are asked for before any is used, so that their cache misses overlap.
    fn gather(&mut self, source: &[Point], piece: &Piece<'_>, total: usize) -> Vec<u32> {
        let keys = self.count(piece);
        // Every one of them is overwritten.
        self.points.resize(total, Point::INFINITY);
        for slice in &piece.entries {
            for entries in slice.chunks(AHEAD) {
                let words = entries.iter();
                black_box(words.fold(0, |words, entry| words ^ source[entry.index()].x.word()));
                for entry in entries {
                    let place = &mut self.places[(entry.key() - piece.first_key) as usize];
                    let point = source[entry.index()].negated_if(entry.is_negative());
                    self.points[*place as usize] = point;
                    *place += 1;
                }
            }
        }
        keys
    }

    /// Sets places and runs, and gives the keys that have entries.
    fn count(&mut self, piece: &Piece<'_>) -> Vec<u32> {
        self.places.clear();
        self.places.resize(piece.keys, 0);
        for entry in piece.entries.iter().copied().flatten() {
            self.places[(entry.key() - piece.first_key) as usize] += 1;
        }
        self.runs.clear();
        let mut keys = Vec::new();
        let mut start = 0;
        for (key, place) in self.places.iter_mut().enumerate() {
            let count = std::mem::replace(place, start);
            if count > 0 {
                keys.push(piece.first_key + key as u32);
                let end = start + count;
                self.runs.push(Run { start, end });
                start = end;
            }
        }
        keys
    }

    /// [`Self::gather`] for fewer entries than keys.
    fn gather_few(&mut self, source: &[Point], piece: &Piece<'_>) -> Vec<u32> {
        let mut entries = piece.entries.concat();
        entries.sort_unstable();
        self.points.clear();
        let points = entries.iter();
        let points = points.map(|entry| source[entry.index()].negated_if(entry.is_negative()));
        self.points.extend(points);
        self.runs.clear();
        let mut start = 0;
        let runs = entries.chunk_by(|left, right| left.key() == right.key());
        runs.map(|run| {
            let end = start + run.len() as u32;
            self.runs.push(Run { start, end });
            start = end;
            run[0].key()
        })
        .collect()
    }
}
