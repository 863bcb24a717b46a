//! Rows of multiples of the points.

use crate::field::Element;
use crate::plan::Plan;
use crate::point::Point;
use rayon::prelude::*;

/// How many points are doubled together, and share an inversion.
const CHUNK: usize = 512;

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
            .for_each(|(row, before)| doubled(before, plan.bits * plan.shared, row));
        (before, rest) = (row, after);
    }
    rows
}

/// Doubles each point so many times.
fn doubled(points: &[Point], times: u32, doubled: &mut [Point]) {
    let jacobian = points
        .iter()
        .map(|point| (0..times).fold(Jacobian::from(point), |point, _| point.double()))
        .collect::<Vec<_>>();
    let mut product = Element::ONE;
    let products = jacobian
        .iter()
        .map(|point| {
            let before = product;
            if !point.z.is_zero() {
                product *= point.z;
            }
            before
        })
        .collect::<Vec<_>>();
    let mut inverse = product.invert();
    for ((point, product), to) in jacobian.iter().zip(products).zip(doubled).rev() {
        if point.z.is_zero() {
            *to = Point::INFINITY;
            continue;
        }
        let own = inverse * product;
        inverse *= point.z;
        let square = own.square();
        *to = Point {
            x: point.x * square,
            y: point.y * square * own,
        };
    }
}

/// A point `(x/z², y/z³)`; infinity has `z = 0`.
#[derive(Clone, Copy)]
struct Jacobian {
    x: Element,
    y: Element,
    z: Element,
}

impl From<&Point> for Jacobian {
    fn from(point: &Point) -> Self {
        Self {
            x: point.x,
            y: point.y,
            z: if point.is_infinity() {
                Element::ZERO
            } else {
                Element::ONE
            },
        }
    }
}

impl Jacobian {
    /// `dbl-2009-l` of the Explicit-Formulas Database, for curves without a linear term: two
    /// multiplications and five squares.
    fn double(&self) -> Self {
        let a = self.x.square();
        let b = self.y.square();
        let c = b.square();
        let d = ((self.x + b).square() - a - c).double();
        let e = a.double() + a;
        let x = e.square() - d.double();
        Self {
            x,
            y: e * (d - x) - c.double().double().double(),
            z: (self.y * self.z).double(),
        }
    }
}
