//! The order in which a channel's weights are streamed.
//!
//! Each tap stands at a coordinate: how many levels it skips, its shift, and the block of `c` exponents its target lies in. The
//! stream multiplies as it goes: `Skip` by `g`, `Shift` by `s`, `Next` by `r^c`, `Back` by `r^-c`; a row's weights end up
//! multiplied by everything that comes after them. So the stream is a path over coordinates that ends at `(0, 0, 0)`, can
//! move up and down in blocks, and only down in shifts and skipped levels. Blocks are swept to and fro, so no multiplication is
//! ever undone for its own sake.

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

/// Plans a path through all `planes`: `(skip, shift, lowest block, highest block)`, sorted by `(skip, shift)` descending.
/// Returns `None` if a later plane has a larger shift.
pub(crate) fn plan(planes: &[Plane], steps: &mut Vec<Step>) -> Option<()> {
    steps.clear();
    let Some(&(_, _, lowest, highest)) = planes.first() else {
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
    from(highest, planes, steps)?;
    if planes.len() > 1 && lowest != highest {
        let mut other = Vec::new();
        from(lowest, planes, &mut other)?;
        if other.len() < steps.len() {
            *steps = other;
        }
    }
    Some(())
}

/// `(skip, shift, lowest block, highest block)`.
pub(crate) type Plane = (usize, usize, usize, usize);

fn from(start: usize, planes: &[Plane], steps: &mut Vec<Step>) -> Option<()> {
    let &(skip, shift, ..) = planes.first()?;
    let mut at = Coordinate {
        skip,
        shift,
        block: start,
    };
    steps.push((Op::Restart, at));
    for &(skip, shift, lowest, highest) in planes {
        if shift > at.shift || skip > at.skip {
            return None;
        }
        descend(&mut at, skip, shift, steps);
        // Sweep to the nearer end, then to the other.
        if at.block.abs_diff(lowest) < at.block.abs_diff(highest) {
            walk(&mut at, lowest, steps);
            walk(&mut at, highest, steps);
        } else {
            walk(&mut at, highest, steps);
            walk(&mut at, lowest, steps);
        }
    }
    descend(&mut at, 0, 0, steps);
    walk(&mut at, 0, steps);
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

fn walk(at: &mut Coordinate, block: usize, steps: &mut Vec<Step>) {
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

    fn check(planes: &[Plane]) -> usize {
        let mut steps = Vec::new();
        plan(planes, &mut steps).expect("monotone");
        let visited: Vec<_> = steps.iter().map(|s| s.1).collect();
        for &(skip, shift, low, high) in planes {
            for block in low..=high {
                assert!(
                    visited.contains(&Coordinate { skip, shift, block }),
                    "{planes:?} misses {skip} {shift} {block}"
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
            "{planes:?}"
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
    fn random_planes_are_covered() {
        use rand::{Rng, SeedableRng};
        let mut rng = rand_chacha::ChaCha8Rng::seed_from_u64(1);
        for _ in 0..2000 {
            let mut planes: Vec<_> = (0..rng.gen_range(0..5usize))
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
            planes.sort_by(|a, b| b.cmp(a));
            if planes.windows(2).any(|p| p[1].1 > p[0].1) {
                assert_eq!(plan(&planes, &mut Vec::new()), None);
            } else {
                check(&planes);
            }
        }
    }
}
