//! The rows of a program, in order: what both the tape and its footprint follow.
//!
//! A channel's stream comes first and its opening row last, so that the weights are complete where
//! the first position stands. If positions before the first carrying one have to hold what kernels
//! spill (`Feed::Once { at }`, `at > 0`), the channel opens *within* its stream, `at` shifts before
//! its end: a shift multiplies the weights and the position alike.

use crate::{
    error::CircuitError,
    opcode::Op,
    program::{Content, Feed, Pattern, Program},
    stream_order::{self, Coordinate, Length, Span, Step},
};

/// What a row looks up.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Look {
    /// The row looks up an entry of a region.
    Region(usize),
    /// The row looks up nothing: it squares.
    Square,
}

/// What takes the rows, one after the other.
pub(crate) trait Sink {
    /// The next row; returns its number.
    fn row(&mut self, op: Op, look: Look) -> usize;
    /// The row of the next position that holds a value.
    fn cell(&mut self, row: usize);
    /// The row of the next limb: those of the first cell, the lowest first, then those of the
    /// second, and so on.
    fn limb(&mut self, row: usize);
    /// The row last sent is a public word's.
    fn word(&mut self);
    /// Appends the spans of a stream in blocks, sorted descending.
    fn spans(&mut self, level: usize, channel: usize, position: usize, into: &mut Vec<Span>);
    /// The rows of the stream that `spans` was last asked for, with their coordinates.
    fn stream(&mut self, rows: &[(usize, Coordinate)]);
    /// Whether nothing but the number of rows counts; then they need not come one by one.
    fn counts(&self) -> bool {
        false
    }
    /// So many rows at once, where nothing else counts.
    fn pass(&mut self, _rows: usize) {}
}

/// Sends all rows between the context's and the table's end to `sink`.
pub(crate) fn walk(program: &Program, sink: &mut dyn Sink) -> Result<(), CircuitError> {
    let mut walker = Walker {
        program,
        sink,
        limbs: Vec::new(),
        spans: Vec::new(),
        steps: Vec::new(),
        rows: Vec::new(),
    };
    for (number, level) in program.levels.iter().enumerate() {
        for channel in 0..level.channels.len() {
            walker.channel(number, channel)?;
        }
        for _ in 0..level.padding {
            walker.row(Op::Channel, None);
        }
    }
    walker.flush();
    Ok(())
}

struct Walker<'a> {
    program: &'a Program,
    sink: &'a mut dyn Sink,
    /// Limb regions that the rows after the last cell still have to look up, the next one last.
    limbs: Vec<usize>,
    spans: Vec<Span>,
    steps: Vec<Step>,
    rows: Vec<(usize, Coordinate)>,
}

impl Walker<'_> {
    /// Writes a row. Limbs that wait have to be looked up before the position changes.
    fn row(&mut self, op: Op, content: Option<Content>) -> usize {
        if matches!(op, Op::Channel | Op::Level | Op::Edge | Op::Shift) {
            self.flush();
        }
        match content {
            Some(Content::Cell { region, limbs } | Content::Discard { region, limbs }) => {
                self.flush();
                self.wait(limbs);
                self.cell(op, Look::Region(region))
            }
            Some(Content::Square) => self.cell(op, Look::Square),
            Some(Content::Word) => {
                self.sink.word();
                self.sink.row(op, Look::Region(0))
            }
            None | Some(Content::Hole) => self.carrier(op),
        }
    }

    fn cell(&mut self, op: Op, look: Look) -> usize {
        let row = self.sink.row(op, look);
        self.sink.cell(row);
        row
    }

    /// A row that holds nothing of its own: a limb that waits goes along.
    fn carrier(&mut self, op: Op) -> usize {
        let limb = self.limbs.pop();
        let row = self.sink.row(op, Look::Region(limb.unwrap_or(0)));
        if limb.is_some() {
            self.sink.limb(row);
        }
        row
    }

    fn wait(&mut self, limbs: usize) {
        self.limbs.extend(self.program.limbs[limbs].0.iter().rev());
    }

    fn flush(&mut self) {
        while !self.limbs.is_empty() {
            self.carrier(Op::Hold);
        }
    }

    /// Counts a stream's rows, in which no position stands.
    fn pass(&mut self, of: Length) {
        let along = of.before_shift.min(self.limbs.len());
        self.limbs.truncate(self.limbs.len() - along);
        if of.before_shift < of.rows {
            self.flush();
        }
        self.sink.pass(of.rows);
    }

    /// Counts the positions that follow one another with the same content.
    fn pass_positions(&mut self, content: Content, count: usize) {
        let Some(before) = count.checked_sub(1) else {
            return;
        };
        let limbs = match content {
            Content::Cell { limbs, .. } | Content::Discard { limbs, .. } => {
                self.program.limbs[limbs].0.len()
            }
            Content::Hole | Content::Word | Content::Square => 0,
        };
        self.flush();
        self.sink.pass(before * (1 + limbs));
        self.row(Op::Shift, Some(content));
    }

    fn channel(&mut self, level: usize, channel: usize) -> Result<(), CircuitError> {
        let program = self.program;
        let pattern = program.pattern(level, channel);
        let open = match (level, channel) {
            (0, 0) => Op::Edge,
            (_, 0) => Op::Level,
            _ => Op::Channel,
        };
        match pattern.feed {
            Feed::Once { at } => self.once(level, channel, pattern, open, at),
            Feed::Each { items } => self.each(level, channel, pattern, open, items),
        }
    }

    fn order(&mut self, level: usize, channel: usize, position: usize) -> Result<(), CircuitError> {
        self.steps.clear();
        self.rows.clear();
        if level > 0 {
            self.spans.clear();
            self.sink.spans(level, channel, position, &mut self.spans);
            stream_order::order(&self.spans, &mut self.steps)
                .ok_or(CircuitError::Path { level, channel })?;
        }
        Ok(())
    }

    /// How many rows a stream takes.
    fn length(
        &mut self,
        level: usize,
        channel: usize,
        position: usize,
    ) -> Result<Length, CircuitError> {
        self.spans.clear();
        self.sink.spans(level, channel, position, &mut self.spans);
        Length::of(&self.spans).ok_or(CircuitError::Path { level, channel })
    }

    fn once(
        &mut self,
        level: usize,
        channel: usize,
        pattern: &Pattern,
        open: Op,
        at: usize,
    ) -> Result<(), CircuitError> {
        if at == 0 && self.sink.counts() {
            return self.count(level, channel, pattern, open);
        }
        self.order(level, channel, at)?;
        let mut contents = pattern.contents();
        let steps = std::mem::take(&mut self.steps);
        // The position the last row stands at, once the channel is open.
        let mut opened = None;
        let end = steps.len().saturating_sub(1);
        for (number, &(op, coordinate)) in steps.iter().enumerate() {
            let position = at.checked_sub(coordinate.shift);
            let opens = match op {
                Op::Restart => at > 0 && position.is_some(),
                Op::Shift => position.is_some_and(|position| position > 0),
                _ => false,
            };
            if opens && opened.is_none() {
                // A restart stands at its own position, a shift moves on to the next.
                let here = position.unwrap_or(0) - usize::from(op == Op::Shift);
                self.row(open, contents.next());
                for before in 0..here {
                    // What stands at `at` has to wait for the weights.
                    let content = if before + 1 < at {
                        contents.next()
                    } else {
                        None
                    };
                    self.row(Op::Shift, content);
                }
                opened = Some(here);
            }
            let mut content = None;
            if let (Some(before), Op::Shift) = (opened, op) {
                opened = Some(before + 1);
                if before + 1 < at {
                    content = contents.next();
                }
            }
            if number == end && opened == Some(at) {
                content = contents.next();
            }
            let row = self.row(op, content);
            self.rows.push((row, coordinate));
        }
        if opened.is_none() {
            self.row(open, contents.next());
        }
        for content in contents {
            self.row(Op::Shift, Some(content));
        }
        self.finish(steps, level);
        Ok(())
    }

    /// Counts the rows of a channel that opens once its stream has ended.
    fn count(
        &mut self,
        level: usize,
        channel: usize,
        pattern: &Pattern,
        open: Op,
    ) -> Result<(), CircuitError> {
        if level > 0 {
            let length = self.length(level, channel, 0)?;
            self.pass(length);
        }
        if pattern.positions() == 0 {
            self.row(open, None);
        }
        for (content, count) in &pattern.runs {
            self.pass_positions(*content, *count);
        }
        Ok(())
    }

    fn each(
        &mut self,
        level: usize,
        channel: usize,
        pattern: &Pattern,
        open: Op,
        items: usize,
    ) -> Result<(), CircuitError> {
        let streams = pattern.streams();
        let contents: Vec<Content> = pattern.contents().collect();
        if contents.is_empty() {
            // A phase without places still has its power of `r`.
            self.row(open, None);
        }
        let mut next = streams.iter().peekable();
        for (block, contents) in contents.chunks(items.max(1)).enumerate() {
            let position = block * items;
            let mut first = if position == 0 { open } else { Op::Shift };
            let mut rest = contents;
            if next.next_if_eq(&&position).is_some() {
                self.order(level, channel, position)?;
                let steps = std::mem::take(&mut self.steps);
                if position > 0 && steps.iter().any(|(op, _)| *op == Op::Shift) {
                    return Err(CircuitError::Path { level, channel });
                }
                let end = steps.len().saturating_sub(1);
                let held = contents.first().copied().filter(|_| position > 0);
                if let Some(content) = held {
                    // The position changes first, so a cell's limbs can go along with its own
                    // stream.
                    self.flush();
                    if let Content::Cell { limbs, .. } | Content::Discard { limbs, .. } = content {
                        self.wait(limbs);
                    }
                    self.carrier(Op::Shift);
                    rest = &contents[1..];
                    first = Op::Shift;
                }
                for (number, &(op, coordinate)) in steps.iter().enumerate() {
                    let row = match held.filter(|_| number == end) {
                        Some(Content::Cell { region, .. } | Content::Discard { region, .. }) => {
                            self.cell(op, Look::Region(region))
                        }
                        Some(content @ Content::Square) => self.row(op, Some(content)),
                        _ => self.row(op, None),
                    };
                    self.rows.push((row, coordinate));
                }
                self.finish(steps, level);
            }
            for &content in rest {
                self.row(first, Some(content));
                first = Op::Shift;
            }
        }
        Ok(())
    }

    fn finish(&mut self, steps: Vec<Step>, level: usize) {
        if level > 0 {
            self.sink.stream(&self.rows);
        }
        self.steps = steps;
    }
}
