//! Missing values: NaN in the data, an integer of its own in the compiled model.

/// What a missing value of an input cell means to the model.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
#[non_exhaustive]
pub enum Missing {
    /// The model computes with the value, so there must be one.
    #[default]
    Refused,
    /// The model only ever compares the value, and says what follows where there is none. The
    /// reserved integer is one more than the largest of the cell's range.
    Above,
    /// The model only ever compares the value, as with [`Above`](Self::Above). The reserved integer
    /// is one less than the smallest of the cell's range.
    Below,
    /// The model imputes this value instead. Then the reserved integer is simply its
    /// integer.
    Imputed(f64),
}
