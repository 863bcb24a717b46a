//! The sum of the points under each key.

use crate::batch::{Run, Scratch, add_runs};
use crate::entry::Entry;
use crate::point::Point;
use crate::sort::sorted;
use rayon::prelude::*;

/// More entries than this are added up in several segments.
const SEGMENT: usize = 16384;

/// Where entries find their points.
pub(crate) trait Source: Sync {
    /// The point with this index.
    fn point(&self, index: usize) -> Point;
}

impl Source for [Sum] {
    #[inline(always)]
    fn point(&self, index: usize) -> Point {
        self[index].point
    }
}

/// A sum of points, or a part of it.
#[derive(Clone, Copy)]
pub(crate) struct Sum {
    pub(crate) point: Point,
    pub(crate) key: u32,
}

/// Adds up the points under each key. The sums come in the order of their keys; a key that has very
/// many points may come several times, each with the sum of a part of them, so that threads can
/// share the work whatever the keys are.
pub(crate) fn sums(source: &(impl Source + ?Sized), blocks: Vec<Vec<Entry>>) -> Vec<Sum> {
    let parts = sorted(blocks);
    let segments = parts
        .iter()
        .flat_map(|part| {
            let pieces = part.len().div_ceil(SEGMENT);
            part.chunks(part.len().div_ceil(pieces))
        })
        .collect::<Vec<_>>();
    let segments: Vec<Vec<Sum>> = segments
        .into_par_iter()
        .map_init(Buffers::default, |buffers, segment| {
            buffers.sums(source, segment)
        })
        .collect();
    segments.concat()
}

#[derive(Default)]
struct Buffers {
    points: Vec<Point>,
    runs: Vec<Run>,
    scratch: Scratch,
}

impl Buffers {
    /// The sums of a segment, whose entries are in the order of their keys.
    fn sums(&mut self, source: &(impl Source + ?Sized), segment: &[Entry]) -> Vec<Sum> {
        // The points are brought together first: these reads miss the caches, and wait for nothing.
        self.points.clear();
        self.points.extend(
            segment
                .iter()
                .map(|entry| source.point(entry.index()).negated_if(entry.is_negative())),
        );
        self.runs.clear();
        let mut start = 0;
        for run in segment.chunk_by(|left, right| left.key() == right.key()) {
            let end = start + run.len() as u32;
            self.runs.push(Run { start, end });
            start = end;
        }
        add_runs(&mut self.points, &self.runs, &mut self.scratch);
        self.runs
            .iter()
            .map(|run| Sum {
                point: self.points[run.start as usize],
                key: segment[run.start as usize].key(),
            })
            .collect()
    }
}
