//! How many rows a program takes at a width, without laying it out: what the planner compares.

use crate::{
    error::CircuitError,
    layout::{Look, Sink, walk},
    opcode::Op,
    path::{Coordinate, Plane},
    program::{Program, Tap, Taps},
};

/// The extents of every stream's weights, found in one pass over them.
#[derive(Clone, Debug)]
pub struct Footprint {
    /// `(skip, shift, lowest exponent, highest exponent)` without padding, stream by stream.
    planes: Vec<Plane>,
    /// Where each stream's planes end.
    ends: Vec<usize>,
}

impl Footprint {
    /// Looks at every tap once.
    pub fn new(program: &Program, taps: &dyn Taps) -> Self {
        let mut list = Vec::new();
        let (mut planes, mut ends) = (Vec::new(), Vec::new());
        for level in 1..program.levels.len() {
            for channel in 0..program.levels[level].channels.len() {
                for position in program.pattern(level, channel).streams() {
                    list.clear();
                    taps.taps(level, channel, position, &mut list);
                    planes.extend(extents(level, &list, |tap| {
                        program.levels[tap.level].channels.len() - 1 - tap.channel
                    }));
                    ends.push(planes.len());
                }
            }
        }
        Self { planes, ends }
    }

    /// Rows of the tape at `width`, with the padding that `program` has now. Fails if a channel has no path.
    pub fn rows(&self, program: &Program, width: usize) -> Result<usize, CircuitError> {
        let mut counter = Counter {
            footprint: self,
            program,
            width,
            rows: 1,
            stream: 0,
        };
        walk(program, &mut counter)?;
        Ok(counter.rows.max(program.table_rows() + 1) + 1)
    }
}

/// Counts rows.
struct Counter<'a> {
    footprint: &'a Footprint,
    program: &'a Program,
    width: usize,
    rows: usize,
    /// The next stream.
    stream: usize,
}

impl Sink for Counter<'_> {
    fn row(&mut self, _: Op, _: Look) -> usize {
        self.rows += 1;
        self.rows - 1
    }

    fn cell(&mut self, _: usize) {}

    fn limb(&mut self, _: usize) {}

    fn word(&mut self) {}

    fn planes(&mut self, level: usize, _: usize, _: usize, into: &mut Vec<Plane>) {
        let ends = &self.footprint.ends;
        let first = self.stream.checked_sub(1).map_or(0, |before| ends[before]);
        let planes = &self.footprint.planes[first..ends[self.stream]];
        self.stream += 1;
        into.extend(planes.iter().map(|&(skip, shift, low, high)| {
            let padding = self.program.levels[level - 1 - skip].padding;
            let block = |exponent: usize| (exponent + padding) / self.width;
            (skip, shift, block(low), block(high))
        }));
    }

    fn stream(&mut self, _: &[(usize, Coordinate)]) {}
}

/// The planes of a channel's taps, zero weights included, sorted by skipped levels and shift, both descending.
pub(crate) fn extents(level: usize, taps: &[Tap], exponent: impl Fn(&Tap) -> usize) -> Vec<Plane> {
    let mut planes: Vec<Plane> = Vec::new();
    for tap in taps {
        let (skip, at) = (level - 1 - tap.level, exponent(tap));
        match planes
            .iter_mut()
            .rev()
            .find(|plane| (plane.0, plane.1) == (skip, tap.shift))
        {
            Some(plane) => {
                plane.2 = plane.2.min(at);
                plane.3 = plane.3.max(at);
            }
            None => planes.push((skip, tap.shift, at, at)),
        }
    }
    planes.sort_by(|a, b| b.cmp(a));
    planes
}
