//! Sums of many runs of points at once, in affine coordinates with one inversion a round.

use crate::field::Element;
use crate::point::Point;

/// A run of neighbouring points that are to be added up.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Run {
    pub(crate) start: u32,
    pub(crate) end: u32,
}

/// What a round needs besides the points; kept between calls so that it is not allocated again.
#[derive(Default)]
pub(crate) struct Scratch {
    /// Where the first point of each pair stands.
    firsts: Vec<u32>,
    /// The product of the denominators before each pair.
    products: Vec<Element>,
}

/// Leaves the sum of every run at the run's start. The other points of a run are used up.
///
/// Round by round neighbours are added where the first one stands, so that nothing moves: after the
/// round with stride `s` a run's points stand `2s` apart.
pub(crate) fn add_runs(points: &mut [Point], runs: &[Run], scratch: &mut Scratch) {
    let mut stride = 1;
    loop {
        scratch.firsts.clear();
        for run in runs {
            let mut first = run.start;
            while first + stride < run.end {
                scratch.firsts.push(first);
                first += 2 * stride;
            }
        }
        if scratch.firsts.is_empty() {
            return;
        }
        add_pairs(points, stride as usize, scratch);
        stride *= 2;
    }
}

/// Adds to each of the pairs' first points the one that stands `stride` later.
fn add_pairs(points: &mut [Point], stride: usize, scratch: &mut Scratch) {
    let Scratch { firsts, products } = scratch;
    products.clear();
    let mut product = Element::ONE;
    products.extend(firsts.iter().map(|&first| {
        let first = first as usize;
        let before = product;
        product = points[first].times_denominator(&points[first + stride], product);
        before
    }));
    // No factor is zero, so the product has an inverse.
    let mut inverse = product.invert();
    for (&first, before) in firsts.iter().zip(products.iter()).rev() {
        let first = first as usize;
        points[first] = points[first].add(&points[first + stride], *before, &mut inverse);
    }
}
