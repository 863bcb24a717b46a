//! Tables as bytes, and the check of bytes that nobody vouches for.

use crate::bases::Bases;
use crate::digits::{Scalar, windows};
use crate::error::MsmError;
use crate::plan::Plan;
use crate::point::Point;
use crate::work::Work;
use halo2curves_axiom::bn256::{Fq, Fr, G1};
use halo2curves_axiom::ff::{Field, PrimeField};
use rand::{CryptoRng, Rng, RngCore};
use rayon::prelude::*;

/// What a table's bytes begin with.
const MAGIC: &[u8; 12] = b"verdict-msm1";
/// The magic word, how many bits a window has, how many windows share a row, how many points.
const HEADER: usize = MAGIC.len() + 4 + 4 + 8;
/// Two coordinates.
const POINT: usize = 64;

impl Bases {
    /// The table as bytes for [`Self::with_table_bytes`]; `None` if there is none. The points are
    /// not among them.
    pub fn to_table_bytes(&self) -> Option<Vec<u8>> {
        let (plan, rows) = self.rows();
        let (plan, rows) = (plan?, &rows[self.len()..]);
        let mut bytes = Vec::with_capacity(HEADER + rows.len() * POINT);
        bytes.extend_from_slice(MAGIC);
        bytes.extend_from_slice(&plan.bits.to_le_bytes());
        bytes.extend_from_slice(&plan.shared.to_le_bytes());
        bytes.extend_from_slice(&(self.len() as u64).to_le_bytes());
        bytes.resize(HEADER + rows.len() * POINT, 0);
        bytes[HEADER..]
            .par_chunks_exact_mut(POINT)
            .zip(rows.par_iter())
            .for_each(|(bytes, point)| {
                let (x, y) = bytes.split_at_mut(POINT / 2);
                x.copy_from_slice(&Fq::from(point.x).to_repr());
                y.copy_from_slice(&Fq::from(point.y).to_repr());
            });
        Some(bytes)
    }

    /// Takes the table that [`Self::to_table_bytes`] wrote for the same points, and believes
    /// nothing: every point must be on the curve, and one combination of all the table's points, each
    /// with a 128-bit number of its own from `rng`, must be the one of the points that it should be.
    /// A table with anything wrong in it passes with probability at most `2^-128`: take a wrong
    /// point; whatever the other numbers are, at most one of the `2^128` values of its number makes
    /// the combinations agree, since the group's order is a prime above `2^128`. For this the numbers
    /// must be unknown to whoever wrote the bytes.
    ///
    /// # Errors
    /// If the bytes are no table of these points.
    pub fn with_table_bytes(
        self,
        bytes: &[u8],
        rng: impl RngCore + CryptoRng,
    ) -> Result<Self, MsmError> {
        let points = self.len();
        let (_, rows) = self.rows();
        let checked = read(bytes, &rows[..points])
            .and_then(|(plan, rows)| relate(&plan, &rows, points, rng).map(|()| (plan, rows)));
        let (plan, rows) = checked.map_err(|reason| MsmError::Table { points, reason })?;
        Ok(self.with_rows(plan, rows))
    }
}

/// Checks all rows against the points, which are the first.
fn relate(
    plan: &Plan,
    rows: &[Point],
    points: usize,
    mut rng: impl RngCore,
) -> Result<(), &'static str> {
    let (first, table) = rows.split_at(points);
    let numbers = table.iter().map(|_| rng.r#gen()).collect::<Vec<i128>>();
    // What each point is multiplied by if the rows are what they should be.
    let factor = (0..plan.bits * plan.shared).fold(Fr::ONE, |factor, _| factor.double());
    let mut expected = vec![Fr::ZERO; points];
    for numbers in numbers.chunks_exact(points.max(1)).rev() {
        expected
            .par_iter_mut()
            .zip(numbers)
            .for_each(|(expected, number)| *expected = (*expected + element(*number)) * factor);
    }
    let found = combination(Plan::for_halves(table.len()), table, &numbers);
    if found != combination(Plan::without_table(points), first, &expected) {
        return Err("a row is not the multiple of the points that it should be");
    }
    Ok(())
}

fn combination<S: Scalar>(plan: Plan, points: &[Point], numbers: &[S]) -> G1 {
    let work = Work {
        plan,
        points: points.len(),
        rows: points,
        stride: 1,
        columns: &[numbers],
    };
    work.multiply()
}

fn element(number: i128) -> Fr {
    let magnitude = number.unsigned_abs();
    let element = Fr::from_raw([magnitude as u64, (magnitude >> 64) as u64, 0, 0]);
    if number < 0 { -element } else { element }
}

/// The points and the rows of a table, points on the curve, unchecked otherwise.
fn read(bytes: &[u8], points: &[Point]) -> Result<(Plan, Vec<Point>), &'static str> {
    let (header, rows) = bytes
        .split_at_checked(HEADER)
        .ok_or("shorter than its header")?;
    let (magic, numbers) = header.split_at(MAGIC.len());
    if magic != MAGIC {
        return Err("it does not begin as a table does");
    }
    let (bits, numbers) = numbers.split_at(4);
    let (shared, count) = numbers.split_at(4);
    if count != (points.len() as u64).to_le_bytes() {
        return Err("it is of another number of points");
    }
    let (bits, shared) = (word(bits), word(shared));
    if !(3..=22).contains(&bits) || shared == 0 || shared >= windows(bits) {
        return Err("windows that no table has");
    }
    let plan = Plan { bits, shared };
    if !plan.fits(points.len()) {
        return Err("more points than indices reach");
    }
    if rows.len() != plan.bytes(points.len()) {
        return Err("its length is not what its header says");
    }
    let read = points.par_iter().copied().map(Some);
    let rows = read
        .chain(rows.par_chunks_exact(POINT).map(point))
        .collect::<Option<Vec<_>>>()
        .ok_or("a point is not on the curve")?;
    Ok((plan, rows))
}

fn word(bytes: &[u8]) -> u32 {
    bytes
        .iter()
        .rev()
        .fold(0, |word, byte| word << 8 | u32::from(*byte))
}

/// A point on the curve, or the one at infinity.
fn point(bytes: &[u8]) -> Option<Point> {
    let coordinate = |bytes: &[u8]| {
        let repr = bytes.try_into().ok()?;
        Option::<Fq>::from(Fq::from_repr(repr))
    };
    let (x, y) = bytes.split_at_checked(POINT / 2)?;
    let (x, y) = (coordinate(x)?, coordinate(y)?);
    let on_curve = y.square() == x.square() * x + Fq::from(3);
    let point = Point {
        x: x.into(),
        y: y.into(),
    };
    (on_curve || point.is_infinity()).then_some(point)
}
