//! Rows of multiples of the points.

use crate::field::Element;
use crate::plan::Plan;
use crate::point::Point;
use rayon::prelude::*;

/// How many points are doubled together, and share an inversion.
const CHUNK: usize = 1024;

/// The points, followed by the rows that are made from them.
pub(crate) fn make(points: &[Point], plan: &Plan) -> Vec<Point> {
    let length = points.len();
    let mut rows = vec![Point::INFINITY; length * plan.rows() as usize];
    let (first, mut rest) = rows.split_at_mut(length);
    first.copy_from_slice(points);
    let mut before = &*first;
    while !rest.is_empty() {
        let (row, after) = rest.split_at_mut(length);
        row.par_chunks_mut(CHUNK)
            .zip(before.par_chunks(CHUNK))
            .for_each(|(row, before)| double(before, plan.bits * plan.shared, row));
        (before, rest) = (row, after);
    }
    rows
}

/// Sets `doubled` to each point doubled so many times.
fn double(points: &[Point], times: u32, doubled: &mut [Point]) {
    doubled.copy_from_slice(points);
    let mut products = Vec::with_capacity(points.len());
    for _ in 0..times {
        products.clear();
        let mut product = Element::ONE;
        for point in &*doubled {
            products.push(product);
            product *= denominator(point);
        }
        // No factor is zero, so the product has an inverse.
        let mut inverse = product.invert();
        for (point, product) in doubled.iter_mut().zip(&products).rev() {
            let own = inverse * *product;
            inverse *= denominator(point);
            *point = tangent(point, own);
        }
    }
}

/// What must be inverted to double the point; never zero, since no point has order two.
#[inline(always)]
fn denominator(point: &Point) -> Element {
    if point.y.is_zero() {
        return Element::ONE;
    }
    point.y.double()
}

/// Twice the point, from the inverse of its [`denominator`].
#[inline(always)]
fn tangent(point: &Point, inverse: Element) -> Point {
    if point.y.is_zero() {
        return Point::INFINITY;
    }
    let square = point.x.square();
    let slope = (square.double() + square) * inverse;
    let x = slope.square() - point.x.double();
    Point {
        x,
        y: slope * (point.x - x) - point.y,
    }
}
