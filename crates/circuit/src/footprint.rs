//! How many rows a program takes at a width, without laying it out: what the planner compares.

use crate::{
    opcode::Op,
    path::{self, Plane, Step},
    program::{Content, Program, Tap, Taps},
};

/// The extents of every channel's weights, found in one pass over them.
#[derive(Clone, Debug)]
pub struct Footprint {
    /// By level (from 1) and channel: `(skip, shift, lowest exponent, highest exponent)` without padding, sorted descending.
    planes: Vec<Vec<Vec<Plane>>>,
}

impl Footprint {
    /// Looks at every tap once.
    pub fn new(program: &Program, taps: &dyn Taps) -> Self {
        let mut list = Vec::new();
        let planes = (1..program.levels.len())
            .map(|level| {
                (0..program.levels[level].channels.len())
                    .map(|channel| {
                        list.clear();
                        taps.taps(level, channel, &mut list);
                        extents(level, &list, |tap| {
                            program.levels[tap.level].channels.len() - 1 - tap.channel
                        })
                    })
                    .collect()
            })
            .collect();
        Self { planes }
    }

    /// Rows of the tape at `width`, with the padding that `program` has now; `None` if a channel has no path.
    pub fn rows(&self, program: &Program, width: usize) -> Option<usize> {
        let mut rows = 1;
        let mut pending = 0usize;
        let mut steps: Vec<Step> = Vec::new();
        for (number, level) in program.levels.iter().enumerate() {
            for (index, channel) in level.channels.iter().enumerate() {
                if let Some(planes) = number.checked_sub(1).map(|i| &self.planes[i][index]) {
                    let blocks: Vec<Plane> = planes
                        .iter()
                        .map(|&(skip, shift, low, high)| {
                            let padding = program.levels[number - 1 - skip].padding;
                            (
                                skip,
                                shift,
                                (low + padding) / width,
                                (high + padding) / width,
                            )
                        })
                        .collect();
                    path::plan(&blocks, &mut steps)?;
                    for (op, _) in &steps {
                        if *op == Op::Shift {
                            rows += std::mem::take(&mut pending);
                        }
                        rows += 1;
                        pending = pending.saturating_sub(1);
                    }
                }
                let limbs = match channel.content {
                    Content::Word => 0,
                    Content::Cell { limbs, .. } => program.limbs[limbs].0.len(),
                };
                for _ in 0..channel.positions {
                    rows += std::mem::replace(&mut pending, limbs) + 1;
                }
            }
            if level.padding > 0 {
                rows += std::mem::take(&mut pending) + level.padding;
            }
        }
        Some((rows + pending).max(program.table_rows() + 1) + 1)
    }
}

/// The planes of a channel's taps, sorted by skipped levels and shift, both descending.
pub(crate) fn extents(level: usize, taps: &[Tap], exponent: impl Fn(&Tap) -> usize) -> Vec<Plane> {
    let mut planes: Vec<Plane> = Vec::new();
    for tap in taps.iter().filter(|tap| !tap.weight.is_zero()) {
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
