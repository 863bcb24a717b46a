//! The points, their tables, and multiplying them.

use crate::digits::{Digits, Scalar};
use crate::entry::{Entry, MAX_INDEX};
use crate::error::MsmError;
use crate::plan::Plan;
use crate::point::Point;
use crate::sums::sums;
use crate::table::{self, Rows};
use crate::weigh::weigh;
use halo2curves_axiom::bn256::{Fr, G1, G1Affine};
use halo2curves_axiom::group::Group;
use rayon::prelude::*;
use std::fmt;
use std::ops::Range;
use std::sync::Arc;

/// How many scalars are recoded together.
const BLOCK: usize = 2048;
/// How many entries are held in memory at a time; windows beyond come in another pass.
const ENTRIES: usize = 1 << 22;

/// Points that are multiplied again and again, with or without a table of their multiples.
#[derive(Clone)]
pub struct Bases {
    points: Arc<[G1Affine]>,
    table: Option<Table>,
}

/// A table's rows and what they are.
#[derive(Clone)]
pub(crate) struct Table {
    pub(crate) plan: Plan,
    pub(crate) rows: Arc<[Point]>,
}

impl Bases {
    /// The points, which must be on the curve, or at infinity; without a table.
    pub fn new(points: impl Into<Arc<[G1Affine]>>) -> Self {
        Self {
            points: points.into(),
            table: None,
        }
    }

    /// Makes the table that multiplies fastest among those of at most `limit_bytes`, in place of
    /// any there was; there is none if none fits. See [`Self::table_bytes`].
    #[must_use]
    pub fn with_tables(self, limit_bytes: usize) -> Self {
        let table = Plan::with_table(self.points.len(), limit_bytes).map(|plan| Table {
            plan,
            rows: table::make(&self.points, &plan).into(),
        });
        Self {
            points: self.points,
            table,
        }
    }

    /// How many bytes [`Self::with_tables`] takes for so many points under this limit, besides the
    /// points themselves; 0 if it makes no table.
    pub fn table_bytes(points: usize, limit_bytes: usize) -> usize {
        Plan::with_table(points, limit_bytes).map_or(0, |plan| plan.bytes(points))
    }

    /// The points.
    pub fn points(&self) -> &[G1Affine] {
        &self.points
    }

    /// How many points there are.
    pub fn len(&self) -> usize {
        self.points.len()
    }

    /// Whether there are no points.
    pub fn is_empty(&self) -> bool {
        self.points.is_empty()
    }

    pub(crate) fn table(&self) -> Option<&Table> {
        self.table.as_ref()
    }

    pub(crate) fn with_table(self, table: Table) -> Self {
        Self {
            points: self.points,
            table: Some(table),
        }
    }

    /// The sum of the first points, each times its scalar.
    ///
    /// # Errors
    /// If there are more scalars than points.
    pub fn multiply(&self, scalars: &[Fr]) -> Result<G1, MsmError> {
        self.multiply_columns(1, &[scalars])
    }

    /// The sum of points times scalars, where element `i` of column `j` goes with point
    /// `i·stride + j`. Columns may be fewer than the stride, and of different lengths; what is not
    /// there costs nothing.
    ///
    /// # Errors
    /// If there are more columns than `stride`, or more scalars than points.
    pub fn multiply_columns(&self, stride: usize, columns: &[&[Fr]]) -> Result<G1, MsmError> {
        self.multiply_any(stride, columns)
    }

    /// [`Self::multiply`] with small integers, at a cost that follows their length in bits.
    ///
    /// # Errors
    /// If there are more scalars than points.
    pub fn multiply_small(&self, scalars: &[i64]) -> Result<G1, MsmError> {
        self.multiply_columns_small(1, &[scalars])
    }

    /// [`Self::multiply_columns`] with small integers, at a cost that follows their length in bits.
    ///
    /// # Errors
    /// If there are more columns than `stride`, or more scalars than points.
    pub fn multiply_columns_small(
        &self,
        stride: usize,
        columns: &[&[i64]],
    ) -> Result<G1, MsmError> {
        self.multiply_any(stride, columns)
    }

    fn multiply_any<S: Scalar>(&self, stride: usize, columns: &[&[S]]) -> Result<G1, MsmError> {
        self.check(stride, columns)?;
        let scalars = columns.iter().map(|column| column.len()).sum::<usize>();
        let plan = match &self.table {
            Some(table) => table.plan,
            None => Plan::without_table(scalars),
        };
        let rows = Rows {
            points: &self.points,
            table: self.table.as_ref().map_or(&[], |table| &table.rows),
        };
        let at_once = ENTRIES / scalars.max(1) / plan.rows() as usize;
        let at_once = at_once.clamp(1, plan.shared as usize) as u32;
        let digits = Digits::new(plan.bits);
        let mut total = G1::identity();
        let mut end = plan.shared;
        while end > 0 {
            let sets = end.saturating_sub(at_once)..end;
            end = sets.start;
            let entries = self.entries(&plan, &digits, stride, columns, sets.clone());
            let buckets = sums(&rows, entries);
            for set in weigh(&buckets, plan.bits - 1, sets.len()).iter().rev() {
                total = (0..plan.bits).fold(total, |total, _| total.double()) + set;
            }
        }
        Ok(total)
    }

    /// The entries of those windows whose place within their row is in `sets`, under the key
    /// `set << (bits - 1) | (digit - 1)`.
    fn entries<S: Scalar>(
        &self,
        plan: &Plan,
        digits: &Digits,
        stride: usize,
        columns: &[&[S]],
        sets: Range<u32>,
    ) -> Vec<Vec<Entry>> {
        let blocks = columns
            .iter()
            .enumerate()
            .flat_map(|(column, scalars)| {
                scalars
                    .chunks(BLOCK)
                    .enumerate()
                    .map(move |(block, scalars)| (block * BLOCK * stride + column, scalars))
            })
            .collect::<Vec<_>>();
        blocks
            .into_par_iter()
            .map(|(first, scalars)| {
                let mut entries = Vec::with_capacity(scalars.len());
                for (index, scalar) in scalars.iter().enumerate() {
                    let (magnitude, negative) = scalar.magnitude();
                    let (prepared, used) = digits.prepare(&magnitude);
                    let mut point = first + index * stride;
                    let mut row = 0;
                    while row < used {
                        for set in sets.start..sets.end.min(used - row) {
                            let digit = digits.digit(&prepared, row + set);
                            if digit != 0 {
                                let bucket = digit.unsigned_abs() - 1;
                                let key = (set - sets.start) << (plan.bits - 1) | bucket;
                                entries.push(Entry::new(key, point, negative ^ (digit < 0)));
                            }
                        }
                        row += plan.shared;
                        point += self.points.len();
                    }
                }
                entries
            })
            .collect()
    }

    /// Checks that every scalar has a point, and every point at most one scalar.
    fn check<S>(&self, stride: usize, columns: &[&[S]]) -> Result<(), MsmError> {
        let points = self.points.len();
        if points > MAX_INDEX {
            return Err(MsmError::TooManyPoints {
                points,
                rows: 1,
                limit: MAX_INDEX,
            });
        }
        if columns.len() > stride {
            return Err(MsmError::TooManyColumns {
                columns: columns.len(),
                stride,
            });
        }
        for (column, scalars) in columns.iter().enumerate() {
            let Some(last) = scalars.len().checked_sub(1) else {
                continue;
            };
            let needed = last.saturating_mul(stride).saturating_add(column + 1);
            if needed > points {
                return Err(MsmError::TooManyScalars {
                    column,
                    stride,
                    scalars: scalars.len(),
                    needed,
                    points,
                });
            }
        }
        Ok(())
    }
}

impl fmt::Debug for Bases {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Bases")
            .field("points", &self.points.len())
            .field("table", &self.table.as_ref().map(|table| table.plan))
            .finish()
    }
}
