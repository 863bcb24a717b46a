//! What real numbers a tensor's integers stand for, and how that was chosen.

use serde::{Deserialize, Serialize};

/// How far the integers of a hidden tensor reach: what the float model has there on the calibration
/// data, by one of these measures. Values beyond saturate, so every input of the domain stays
/// provable; inputs and outputs keep their whole range.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Calibration {
    /// The largest magnitude, and a tenth more for unseen data.
    #[default]
    MinMax,
    /// The magnitude that this percentage of the values other than zero keeps to, above 0 to 100,
    /// and a tenth more.
    Percentile(f64),
    /// The range for which the mean squared error of rounding within it and of cutting off what
    /// lies beyond is least.
    MeanSquaredError,
}

/// How much larger than the float model's the channels of an equalised tensor are:
/// `real ≈ integer · scale / 2^shift`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ChannelShifts {
    /// The tensor.
    pub tensor: usize,
    /// One for each of as many runs of cells of equal length.
    pub shifts: Vec<u8>,
}

impl ChannelShifts {
    /// A channel grows by at most two to this power.
    pub const MAX: u8 = 40;

    /// The shift of one of the tensor's `len` cells.
    pub fn of(&self, cell: usize, len: usize) -> u8 {
        let channel = cell / (len / self.shifts.len().max(1)).max(1);
        self.shifts.get(channel).copied().unwrap_or(0)
    }
}

/// One value for all features, or one each.
pub fn pick<T: Copy + Default>(values: &[T], feature: usize) -> T {
    let only = (values.len() == 1).then(|| values.first()).flatten();
    only.or_else(|| values.get(feature))
        .copied()
        .unwrap_or_default()
}
