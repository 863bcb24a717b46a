//! The points, their tables, and multiplying them.

use crate::digits::Scalar;
use crate::entry::MAX_INDEX;
use crate::error::MsmError;
use crate::plan::Plan;
use crate::point::Point;
use crate::table;
use crate::work::Work;
use halo2curves_axiom::bn256::{Fr, G1, G1Affine};
use rayon::prelude::*;
use std::fmt;
use std::sync::Arc;

/// Points that are multiplied again and again, with or without a table of their multiples.
#[derive(Clone)]
pub struct Bases {
    points: Arc<[G1Affine]>,
    /// What the rows after the first are, if there are any.
    plan: Option<Plan>,
    /// The points, and the rows of the table.
    rows: Arc<[Point]>,
}

impl Bases {
    /// The points, which must be on the curve, or at infinity; without a table. They are kept in the
    /// library's form and in this crate's, 128 bytes a point.
    pub fn new(points: impl Into<Arc<[G1Affine]>>) -> Self {
        let points = points.into();
        let rows = points.par_iter().map(Point::from).collect::<Vec<_>>();
        Self {
            points,
            plan: None,
            rows: rows.into(),
        }
    }

    /// Makes the table that multiplies fastest among those of at most `limit_bytes`, in place of
    /// any there was; there is none if none fits. See [`Self::table_bytes`].
    #[must_use]
    pub fn with_tables(self, limit_bytes: usize) -> Self {
        let plan = Plan::with_table(self.points.len(), limit_bytes);
        let first = &self.rows[..self.points.len()];
        let rows = match plan {
            Some(plan) => table::make(first, &plan).into(),
            None if self.plan.is_none() => self.rows,
            None => first.into(),
        };
        Self {
            points: self.points,
            plan,
            rows,
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

    /// How the table is laid out, if there is one, and its rows, of which the first are the points.
    pub(crate) fn rows(&self) -> (Option<Plan>, &[Point]) {
        (self.plan, &self.rows)
    }

    /// With these rows, the points' own first.
    pub(crate) fn with_rows(self, plan: Plan, rows: Vec<Point>) -> Self {
        Self {
            points: self.points,
            plan: Some(plan),
            rows: rows.into(),
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
        let scalars = columns.iter().map(|column| column.len()).sum();
        let plan = self.plan.unwrap_or_else(|| Plan::without_table(scalars));
        let work = Work {
            plan,
            points: self.len(),
            rows: &self.rows,
            stride,
            columns,
        };
        Ok(work.multiply())
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
            .field("table", &self.plan)
            .finish()
    }
}
