//! The sum of the points under each key.

use crate::batch::{Run, Scratch, add_runs};
use crate::entry::Entry;
use crate::point::Point;
use crate::sort::sorted;
use rayon::prelude::*;
use std::hint::black_box;

/// More entries than this are added up in several segments.
const SEGMENT: usize = 16384;

/// How many points are asked for before the first one is used.
const AHEAD: usize = 64;

/// Sums of points, or parts of sums, and their keys, which do not descend.
#[derive(Default)]
pub(crate) struct Sums {
    pub(crate) keys: Vec<u32>,
    pub(crate) points: Vec<Point>,
}

/// Adds up the points under each key. The sums come in the order of their keys; a key that has very
/// many points may come several times, each with the sum of a part of them, so that threads can
/// share the work whatever the keys are.
pub(crate) fn sums(source: &[Point], blocks: Vec<Vec<Entry>>) -> Sums {
    let parts = sorted(blocks);
    let segments = parts
        .iter()
        .flat_map(|part| {
            let pieces = part.len().div_ceil(SEGMENT);
            part.chunks(part.len().div_ceil(pieces))
        })
        .collect::<Vec<_>>();
    let segments: Vec<Sums> = segments
        .into_par_iter()
        .map_init(Buffers::default, |buffers, segment| {
            buffers.sums(source, segment)
        })
        .collect();
    let length = segments.iter().map(|segment| segment.keys.len()).sum();
    let mut all = Sums {
        keys: Vec::with_capacity(length),
        points: Vec::with_capacity(length),
    };
    for segment in &segments {
        all.keys.extend_from_slice(&segment.keys);
        all.points.extend_from_slice(&segment.points);
    }
    all
}

#[derive(Default)]
struct Buffers {
    points: Vec<Point>,
    runs: Vec<Run>,
    scratch: Scratch,
}

impl Buffers {
    /// The sums of a segment, whose entries are in the order of their keys.
    fn sums(&mut self, source: &[Point], segment: &[Entry]) -> Sums {
        self.gather(source, segment);
        self.runs.clear();
        let mut start = 0;
        for run in segment.chunk_by(|left, right| left.key() == right.key()) {
            let end = start + run.len() as u32;
            self.runs.push(Run { start, end });
            start = end;
        }
        add_runs(&mut self.points, &self.runs, &mut self.scratch);
        let starts = || self.runs.iter().map(|run| run.start as usize);
        Sums {
            keys: starts().map(|start| segment[start].key()).collect(),
            points: starts().map(|start| self.points[start]).collect(),
        }
    }

    /// Brings the points together. Reading them misses the caches, so some are asked for before any
    /// is used: then the misses overlap.
    fn gather(&mut self, source: &[Point], segment: &[Entry]) {
        self.points.clear();
        for entries in segment.chunks(AHEAD) {
            let words = entries
                .iter()
                .fold(0, |words, entry| words ^ source[entry.index()].x.word());
            black_box(words);
            self.points.extend(
                entries
                    .iter()
                    .map(|entry| source[entry.index()].negated_if(entry.is_negative())),
            );
        }
    }
}
