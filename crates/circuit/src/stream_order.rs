//! The order in which a channel's weights are streamed.
//!
//! Each tap stands at a coordinate: how many levels it skips, its shift, and the block of `c`
//! exponents its target lies in. The stream multiplies as it goes: `Skip` by `g`, `Shift` by `s`,
//! `Next` by `r^c`, `Back` by `r^-c`; a row's weights end up multiplied by everything that comes
//! after them. So the stream is a path over coordinates that ends at `(0, 0, 0)`, can move up and
//! down in blocks, and only down in shifts and skipped levels. Blocks are swept to and fro, so no
//! multiplication is ever undone for its own sake.

use crate::opcode::Op;

/// Where a row's weights stand.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Coordinate {
    /// Levels skipped.
    pub(crate) skip: usize,
    /// Positions shifted.
    pub(crate) shift: usize,
    /// Block of exponents.
    pub(crate) block: usize,
}

/// A row of the stream: its opcode and the coordinate its weights have.
pub(crate) type Step = (Op, Coordinate);

/// The blocks that the weights of one stream with the same `skip` and `shift` lie in.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Span {
    /// Levels skipped.
    pub(crate) skip: usize,
    /// Positions shifted.
    pub(crate) shift: usize,
    /// The lowest block.
    pub(crate) lowest: usize,
    /// The highest block.
    pub(crate) highest: usize,
}

/// Orders a stream that visits all of `spans`, which are sorted descending. Returns `None` if a
/// later span has a larger shift.
pub(crate) fn order(spans: &[Span], steps: &mut Vec<Step>) -> Option<()> {
    steps.clear();
    let Some(&Span {
        lowest, highest, ..
    }) = spans.first()
    else {
        steps.push((
            Op::Restart,
            Coordinate {
                skip: 0,
                shift: 0,
                block: 0,
            },
        ));
        return Some(());
    };
    // Sweeps alternate, so where the first one starts decides on which side the last one arrives.
    order_from(highest, spans, steps)?;
    if spans.len() > 1 && lowest != highest {
        let mut other = Vec::new();
        order_from(lowest, spans, &mut other)?;
        if other.len() < steps.len() {
            *steps = other;
        }
    }
    Some(())
}

/// How many rows a stream takes.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Length {
    /// All of them.
    pub(crate) rows: usize,
    /// Those before the first that shifts; all, if none does.
    pub(crate) before_shift: usize,
}

impl Length {
    /// Counts the rows that [`order`] would give, without making them.
    pub(crate) fn of(spans: &[Span]) -> Option<Self> {
        let Some(&Span {
            lowest, highest, ..
        }) = spans.first()
        else {
            return Some(Self {
                rows: 1,
                before_shift: 1,
            });
        };
        let down = Self::from(highest, spans)?;
        if spans.len() > 1 && lowest != highest {
            let up = Self::from(lowest, spans)?;
            if up.rows < down.rows {
                return Some(up);
            }
        }
        Some(down)
    }

    fn from(start: usize, spans: &[Span]) -> Option<Self> {
        let first = spans.first()?;
        let (mut skip, mut shift, mut block) = (first.skip, first.shift, start);
        let mut rows = 1;
        let mut before_shift = None;
        for span in spans {
            if span.shift > shift || span.skip > skip {
                return None;
            }
            rows += skip - span.skip;
            if shift > span.shift {
                before_shift.get_or_insert(rows);
            }
            rows += shift - span.shift;
            (skip, shift) = (span.skip, span.shift);
            let (below, above) = (block.abs_diff(span.lowest), block.abs_diff(span.highest));
            rows += below.min(above) + (span.highest - span.lowest);
            block = match below < above {
                true => span.highest,
                false => span.lowest,
            };
        }
        rows += skip;
        if shift > 0 {
            before_shift.get_or_insert(rows);
        }
        rows += shift + block;
        Some(Self {
            rows,
            before_shift: before_shift.unwrap_or(rows),
        })
    }
}

fn order_from(start: usize, spans: &[Span], steps: &mut Vec<Step>) -> Option<()> {
    let first = spans.first()?;
    let mut at = Coordinate {
        skip: first.skip,
        shift: first.shift,
        block: start,
    };
    steps.push((Op::Restart, at));
    for span in spans {
        if span.shift > at.shift || span.skip > at.skip {
            return None;
        }
        descend(&mut at, span.skip, span.shift, steps);
        // The nearer end comes first, then the other.
        if at.block.abs_diff(span.lowest) < at.block.abs_diff(span.highest) {
            sweep(&mut at, span.lowest, steps);
            sweep(&mut at, span.highest, steps);
        } else {
            sweep(&mut at, span.highest, steps);
            sweep(&mut at, span.lowest, steps);
        }
    }
    descend(&mut at, 0, 0, steps);
    sweep(&mut at, 0, steps);
    Some(())
}

fn descend(at: &mut Coordinate, skip: usize, shift: usize, steps: &mut Vec<Step>) {
    while at.skip > skip {
        at.skip -= 1;
        steps.push((Op::Skip, *at));
    }
    while at.shift > shift {
        at.shift -= 1;
        steps.push((Op::Shift, *at));
    }
}

fn sweep(at: &mut Coordinate, block: usize, steps: &mut Vec<Step>) {
    while at.block < block {
        at.block += 1;
        steps.push((Op::Back, *at));
    }
    while at.block > block {
        at.block -= 1;
        steps.push((Op::Next, *at));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// `(skip, shift, lowest block, highest block)`.
    type Corners = (usize, usize, usize, usize);

    fn spans(corners: &[Corners]) -> Vec<Span> {
        let spans = corners.iter().map(|&(skip, shift, lowest, highest)| Span {
            skip,
            shift,
            lowest,
            highest,
        });
        spans.collect()
    }

    fn check(corners: &[Corners]) -> usize {
        let mut steps = Vec::new();
        order(&spans(corners), &mut steps).expect("monotone");
        let visited: Vec<_> = steps.iter().map(|s| s.1).collect();
        for &(skip, shift, low, high) in corners {
            for block in low..=high {
                assert!(
                    visited.contains(&Coordinate { skip, shift, block }),
                    "{corners:?} misses {skip} {shift} {block}"
                );
            }
        }
        assert_eq!(
            visited.last(),
            Some(&Coordinate {
                skip: 0,
                shift: 0,
                block: 0
            }),
            "{corners:?}"
        );
        for pair in steps.windows(2) {
            let (a, b, op) = (pair[0].1, pair[1].1, pair[1].0);
            let expected = match op {
                Op::Next => Coordinate {
                    block: a.block - 1,
                    ..a
                },
                Op::Back => Coordinate {
                    block: a.block + 1,
                    ..a
                },
                Op::Shift => Coordinate {
                    shift: a.shift - 1,
                    ..a
                },
                Op::Skip => Coordinate {
                    skip: a.skip - 1,
                    ..a
                },
                other => panic!("{other:?} inside a stream"),
            };
            assert_eq!(b, expected);
        }
        steps.len()
    }

    #[test]
    fn a_dense_column_is_one_downward_sweep() {
        assert_eq!(check(&[(0, 0, 0, 9)]), 10);
        assert_eq!(check(&[(0, 0, 0, 0)]), 1);
        assert_eq!(check(&[(0, 0, 4, 9)]), 10);
    }

    #[test]
    fn a_kernel_sweeps_to_and_fro() {
        // Three taps of four blocks: 12 rows, and back to block 0 where the last sweep ends on top.
        assert_eq!(check(&[(0, 2, 0, 3), (0, 1, 0, 3), (0, 0, 0, 3)]), 12);
        assert!(check(&[(0, 1, 0, 3), (0, 0, 0, 3)]) <= 8);
        check(&[(0, 34, 0, 1), (0, 33, 0, 1), (0, 1, 0, 1)]);
    }

    #[test]
    fn skipped_levels_come_first() {
        check(&[(3, 0, 5, 5), (0, 0, 0, 9)]);
        check(&[(3, 0, 12, 12), (0, 0, 0, 9)]);
        check(&[(3, 0, 2, 9), (2, 0, 0, 3), (0, 0, 1, 2)]);
        check(&[(2, 0, 0, 0)]);
        check(&[]);
    }

    #[test]
    fn random_spans_are_covered() {
        use rand::{Rng, SeedableRng};
        let mut rng = rand_chacha::ChaCha8Rng::seed_from_u64(1);
        for _ in 0..2000 {
            let mut corners: Vec<_> = (0..rng.gen_range(0..5usize))
                .map(|i| {
                    let low = rng.gen_range(0..5usize);
                    (
                        i,
                        rng.gen_range(0..3usize),
                        low,
                        low + rng.gen_range(0..5usize),
                    )
                })
                .collect();
            corners.sort_by(|a, b| b.cmp(a));
            let spans = spans(&corners);
            if corners.windows(2).any(|p| p[1].1 > p[0].1) {
                assert_eq!(order(&spans, &mut Vec::new()), None);
                assert_eq!(Length::of(&spans), None);
            } else {
                let mut steps = Vec::new();
                order(&spans, &mut steps).expect("monotone");
                let mut shifts = steps.iter();
                let first = shifts.position(|(op, _)| *op == Op::Shift);
                let length = Length {
                    rows: steps.len(),
                    before_shift: first.unwrap_or(steps.len()),
                };
                assert_eq!(Length::of(&spans), Some(length), "{corners:?}");
                check(&corners);
            }
        }
    }
}
