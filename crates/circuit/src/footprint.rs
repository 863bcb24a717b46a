//! How many rows a program takes at a width, without laying it out: what the planner compares.

use crate::{
    error::CircuitError,
    layout::{Look, Sink, walk},
    opcode::Op,
    program::{Program, Tap, Taps},
    stream_order::{Coordinate, Span},
};

/// The spans of every stream's weights, found in one pass over them.
#[derive(Clone, Debug)]
pub struct Footprint {
    /// The spans of exponents without padding, stream by stream.
    spans: Vec<Span>,
    /// Where each stream's spans end.
    ends: Vec<usize>,
}

impl Footprint {
    /// Looks at every tap once.
    pub fn new(program: &Program, taps: &dyn Taps) -> Self {
        let mut list = Vec::new();
        let (mut spans, mut ends) = (Vec::new(), Vec::new());
        for level in 1..program.levels.len() {
            for channel in 0..program.levels[level].channels.len() {
                for position in program.pattern(level, channel).streams() {
                    list.clear();
                    taps.taps(level, channel, position, &mut list);
                    spans.extend(spans_of(level, &list, |tap| {
                        program.levels[tap.level].channels.len() - 1 - tap.channel
                    }));
                    ends.push(spans.len());
                }
            }
        }
        Self { spans, ends }
    }

    /// Rows of the tape at `width`, with the padding that `program` has now. Fails if a channel has
    /// no path.
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

/// A sink that counts rows.
struct Counter<'a> {
    footprint: &'a Footprint,
    program: &'a Program,
    width: usize,
    rows: usize,
    /// The number of the next stream.
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

    fn spans(&mut self, level: usize, _: usize, _: usize, into: &mut Vec<Span>) {
        let ends = &self.footprint.ends;
        let first = self.stream.checked_sub(1).map_or(0, |before| ends[before]);
        let spans = &self.footprint.spans[first..ends[self.stream]];
        self.stream += 1;
        into.extend(spans.iter().map(|span| {
            let padding = self.program.levels[level - 1 - span.skip].padding;
            let block = |exponent: usize| (exponent + padding) / self.width;
            Span {
                lowest: block(span.lowest),
                highest: block(span.highest),
                ..*span
            }
        }));
    }

    fn stream(&mut self, _: &[(usize, Coordinate)]) {}

    fn counts(&self) -> bool {
        true
    }

    fn pass(&mut self, rows: usize) {
        self.rows += rows;
    }
}

/// The spans of exponents of a stream's taps, zero weights included, sorted descending.
pub(crate) fn spans_of(level: usize, taps: &[Tap], exponent: impl Fn(&Tap) -> usize) -> Vec<Span> {
    let mut spans: Vec<Span> = Vec::new();
    for tap in taps {
        let (skip, shift, at) = (level - 1 - tap.level, tap.shift, exponent(tap));
        let mut known = spans.iter_mut().rev();
        match known.find(|span| (span.skip, span.shift) == (skip, shift)) {
            Some(span) => {
                span.lowest = span.lowest.min(at);
                span.highest = span.highest.max(at);
            }
            None => spans.push(Span {
                skip,
                shift,
                lowest: at,
                highest: at,
            }),
        }
    }
    spans.sort_by(|a, b| b.cmp(a));
    spans
}
