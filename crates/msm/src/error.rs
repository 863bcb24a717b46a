//! What can be wrong with the arguments, and with tables that come from a file.

use thiserror::Error;

/// Why a multi-exponentiation or a table was refused.
#[derive(Clone, Debug, Error, PartialEq, Eq)]
pub enum MsmError {
    /// More points than 32-bit indices reach, with the rows of a table counted.
    #[error("{points} points in {rows} rows: at most {limit} fit the indices")]
    TooManyPoints {
        /// How many points were given.
        points: usize,
        /// How many rows the table has, the points themselves among them.
        rows: usize,
        /// How many points all rows may have together.
        limit: usize,
    },
    /// A scalar has no point to go with.
    #[error(
        "column {column} of stride {stride} has {scalars} scalars, which need {needed} points; there are {points}"
    )]
    TooManyScalars {
        /// The column; 0 if there is only one.
        column: usize,
        /// The distance between a column's points; 1 if there is only one column.
        stride: usize,
        /// How many scalars the column has.
        scalars: usize,
        /// How many points would be needed.
        needed: usize,
        /// How many points there are.
        points: usize,
    },
    /// Columns that would overlap.
    #[error("{columns} columns do not fit a stride of {stride}: each needs a place of its own")]
    TooManyColumns {
        /// How many columns were given.
        columns: usize,
        /// The distance between a column's points.
        stride: usize,
    },
    /// Bytes that are not a table of these points.
    #[error("not a table of these {points} points: {reason}; make the table again")]
    Table {
        /// How many points the table should be of.
        points: usize,
        /// What is wrong with the bytes.
        reason: &'static str,
    },
}
