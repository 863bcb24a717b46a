//! Where a feature's comparisons change their results: the grid of a feature that is only compared.
//!
//! Training puts thresholds on values of the data, so a number may equal a threshold or be the
//! float next to it. No even grid tells such numbers apart. The integer of a number is therefore
//! how many breakpoints are at most that number, a breakpoint being the smallest 64-bit float for
//! which a comparison has its upper value. It is found by asking the comparison itself, so that one
//! rule, with its cast to 32 bits, decides for thresholds and values alike.

use crate::float::comparison::{Comparison, Test};
use crate::float::graph::{FloatGraph, FloatKernel, Precision};
use crate::options::Options;
use crate::quantise::feature_grid::{Seen, feature_grid};
use crate::quantise::grid::InputGrid;
use crate::{CompileError, Result};
use verdict_model::ranks::MAX_BREAKPOINTS;

/// For each cell of a tensor its breakpoints, ascending; `None` for one that is computed with, too.
pub(crate) type Breakpoints = Vec<Option<Vec<f64>>>;

/// The breakpoints of the cells of input number `index`; `None` if no cell is only compared.
pub(crate) fn breakpoints(graph: &FloatGraph, index: usize) -> Option<Breakpoints> {
    let tensor = graph.inputs[index];
    let mut cells: Breakpoints = vec![Some(Vec::new()); graph.tensors[tensor].len];
    if graph.outputs.contains(&tensor) {
        return None;
    }
    let mut any = false;
    let layers = graph.tensors.iter().filter_map(|it| it.layer.as_ref());
    for layer in layers {
        let tests = match &layer.precision {
            Precision::Tests(tests) => Some(tests),
            _ => None,
        };
        for term in layer.terms.iter().filter(|term| term.source == tensor) {
            let FloatKernel::Rows(rows) = &term.kernel else {
                return None;
            };
            for (i, row) in rows.iter().enumerate() {
                let test = tests.and_then(|tests| tests.get(i).copied().flatten());
                any |= test.is_some();
                for (cell, weight) in row {
                    let Some(list) = cells.get_mut(*cell as usize) else {
                        continue;
                    };
                    match (test, list.as_mut()) {
                        (None, _) => *list = None,
                        (Some(test), Some(list)) => {
                            let bias = layer.bias.get(i).copied().unwrap_or(0.0);
                            list.extend(edges(&test, bias, *weight));
                        }
                        (Some(_), None) => {}
                    }
                }
            }
        }
    }
    let whole = graph.whole.get(index) == Some(&true);
    for list in cells.iter_mut().flatten() {
        if whole {
            // Between two whole numbers there is none to tell apart.
            list.iter_mut()
                .for_each(|breakpoint| *breakpoint = breakpoint.ceil() + 0.0);
        }
        list.sort_by(f64::total_cmp);
        list.dedup();
    }
    (any && cells.iter().any(Option::is_some)).then_some(cells)
}

/// Where the test of `bias + weight · x` changes its result: one place at most, two for equality.
fn edges(test: &Test, bias: f64, weight: f64) -> Vec<f64> {
    let edge = |comparison| {
        let test = Test {
            comparison,
            ..*test
        };
        first_upper(|x| test.holds(bias + weight * x) == (comparison.rises() == (weight > 0.0)))
    };
    match test.comparison {
        Comparison::Missing => Vec::new(),
        Comparison::Equal => {
            let edges = [edge(Comparison::AtLeast), edge(Comparison::Above)];
            match edges[0] == edges[1] {
                // No number equals it.
                true => Vec::new(),
                false => edges.into_iter().flatten().collect(),
            }
        }
        comparison => edge(comparison).into_iter().collect(),
    }
}

/// The smallest finite number for which `upper`, which does not fall, holds; `None` if it holds for
/// all or for none.
fn first_upper(upper: impl Fn(f64) -> bool) -> Option<f64> {
    let (lowest, highest) = (ordered(f64::MIN), ordered(f64::MAX));
    if upper(f64::MIN) || !upper(f64::MAX) {
        return None;
    }
    let (mut below, mut above) = (lowest, highest);
    while i128::from(above) - i128::from(below) > 1 {
        let middle = ((i128::from(below) + i128::from(above)) / 2) as i64;
        if upper(from_ordered(middle)) {
            above = middle;
        } else {
            below = middle;
        }
    }
    // Zero has one spelling.
    Some(from_ordered(above) + 0.0)
}

/// A float's place in the order of all floats, −0 directly before 0.
fn ordered(x: f64) -> i64 {
    let bits = x.to_bits() as i64;
    bits ^ (((bits >> 63) as u64) >> 1) as i64
}

fn from_ordered(place: i64) -> f64 {
    f64::from_bits((place ^ (((place >> 63) as u64) >> 1) as i64) as u64)
}

/// The grid of an input of which some `cells` are only compared, over `domains`. The others are on
/// even grids of `bits` bits.
pub(crate) fn rank_grid(
    name: &str,
    (domains, cells): (Vec<(f64, f64)>, Breakpoints),
    options: &Options,
    (bits, seen): (u32, &Seen<'_>),
) -> Result<InputGrid> {
    let allowed = options.input_bits;
    let most = allowed.map_or(MAX_BREAKPOINTS, |bits| (1 << bits) - 1);
    for (feature, list) in cells.iter().enumerate() {
        let count = list.as_ref().map_or(0, Vec::len);
        if count > most {
            return Err(too_many(name, feature, count, allowed));
        }
    }
    let counts = cells.iter().flatten().map(Vec::len);
    let largest = counts.max().unwrap_or(0).max(1) as i32;
    // All real numbers are told apart; a domain that the caller stated is refused beyond.
    let saturates = cells
        .iter()
        .map(|list| list.is_some() && !seen.stated)
        .collect();
    let mut grid = InputGrid {
        scales: vec![1.0; cells.len()],
        zeros: vec![0; cells.len()],
        min: 0,
        max: largest,
        mean_square: f64::from(largest).powi(2) / 3.0,
        missing: Vec::new(),
        saturates,
        domain: domains,
        breakpoints: cells,
    };
    if grid.breakpoints.iter().all(Option::is_some) {
        return Ok(grid);
    }
    // Ranks have no domain that could be too wide for a step.
    let computed = grid.domain.iter().zip(&grid.breakpoints);
    let computed = computed.map(|(domain, list)| list.as_ref().map_or(*domain, |_| (0.0, 1.0)));
    let even = feature_grid(name, computed.collect(), bits, seen, |_| true)?;
    for cell in 0..grid.scales.len() {
        if grid.breakpoints[cell].is_none() {
            (grid.scales[cell], grid.zeros[cell]) = (even.scale(cell), even.zero(cell));
        }
    }
    grid.max = grid.max.max(even.max);
    grid.mean_square = even.mean_square;
    Ok(grid)
}

fn too_many(name: &str, feature: usize, count: usize, bits: Option<u32>) -> CompileError {
    let needed = usize::BITS - count.leading_zeros();
    let next = match bits {
        Some(_) if count <= MAX_BREAKPOINTS => format!("give input_bits as {needed} or leave it out"),
        _ => "train with fewer bins or trees, or take the even input grid (--input-grid even), on which numbers near a threshold may take \
              the other side"
            .into(),
    };
    CompileError::Option {
        option: "input_bits",
        detail: format!(
            "input `{name}`, feature {feature}: the model compares it with {count} different constants, which takes {needed} bits to tell \
             every value apart from; {next}"
        ),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn test(comparison: Comparison, threshold: f64, single: bool) -> Test {
        Test {
            comparison,
            threshold,
            single,
            missing: false,
        }
    }

    #[test]
    fn floats_keep_their_order() {
        let ascending = [
            f64::MIN,
            -1.0,
            -f64::MIN_POSITIVE,
            -f64::from_bits(1),
            -0.0,
            0.0,
            f64::from_bits(1),
            1.0,
            f64::MAX,
        ];
        assert!(ascending.is_sorted_by(|a, b| ordered(*a) < ordered(*b)));
        for x in ascending {
            assert_eq!(from_ordered(ordered(x)).to_bits(), x.to_bits());
        }
        assert_eq!((ordered(-0.0), ordered(0.0)), (-1, 0));
    }

    #[test]
    fn breakpoints_are_where_the_test_changes() {
        let third = f64::from(1.0f32 / 3.0);
        let below = f64::from((1.0f32 / 3.0).next_down());
        let above = f64::from((1.0f32 / 3.0).next_up());
        let lower = (third + below) / 2.0;
        let upper = (third + above) / 2.0;
        for (comparison, single, expected) in [
            (Comparison::AtLeast, false, vec![third]),
            (Comparison::Below, false, vec![third]),
            (Comparison::Above, false, vec![third.next_up()]),
            (Comparison::AtMost, false, vec![third.next_up()]),
            (Comparison::Equal, false, vec![third, third.next_up()]),
            // The cast takes a number half-way between two 32-bit floats to the even one.
            (Comparison::AtLeast, true, vec![lower.next_up()]),
            (Comparison::Above, true, vec![upper]),
            (Comparison::Equal, true, vec![lower.next_up(), upper]),
            (Comparison::Missing, true, vec![]),
        ] {
            let found = edges(&test(comparison, third, single), 0.0, 1.0);
            let odd = (1.0f32 / 3.0).to_bits() & 1 == 1;
            assert!(odd, "a half goes to the neighbour, which is even");
            assert_eq!(found, expected, "{comparison:?} {single}");
        }
    }

    #[test]
    fn what_no_number_reaches_has_no_breakpoint() {
        for single in [false, true] {
            for comparison in [Comparison::AtMost, Comparison::Above] {
                assert!(edges(&test(comparison, f64::INFINITY, single), 0.0, 1.0).is_empty());
            }
            for comparison in [Comparison::AtLeast, Comparison::Below] {
                assert!(edges(&test(comparison, f64::NEG_INFINITY, single), 0.0, 1.0).is_empty());
            }
        }
        // A 32-bit float that a number may be cast to is there for zero and its neighbours, too.
        let zero = edges(&test(Comparison::AtLeast, 0.0, false), 0.0, 1.0);
        assert_eq!(zero[0].to_bits(), 0.0f64.to_bits());
        let tiny = f64::from(f32::from_bits(1));
        assert_eq!(
            edges(&test(Comparison::Above, 0.0, true), 0.0, 1.0),
            [(tiny / 2.0).next_up()]
        );
    }
}
