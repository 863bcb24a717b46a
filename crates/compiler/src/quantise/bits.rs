//! How many bits activations and outputs get.

/// Parts that the steps between two widths are counted in.
const PARTS: u32 = 8;
/// No activation has more bits.
const MOST: u32 = 15;

/// Bits for the two kinds of layers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Bits {
    pub(crate) activation: u32,
    pub(crate) output: u32,
    /// Eighths that are missing of as many steps as the bits hold: tables that do not fit with a
    /// whole bit more may fit with a part of one.
    pub(crate) missing: u32,
    /// Bits more for the values of hidden functions that fix the unit of their keys: tables have as
    /// many entries, however fine these are.
    pub(crate) values: u32,
    /// Bits more for weights than it takes for their rounding to be less than that of sums.
    pub(crate) weights: u32,
}

impl Bits {
    pub(crate) fn new(activation: u32, output: u32) -> Self {
        Self {
            activation,
            output,
            missing: 0,
            values: 0,
            weights: 0,
        }
    }

    /// Steps on either side of zero of a tensor of so many bits.
    pub(crate) fn steps(self, bits: u32) -> u32 {
        ((1u32 << bits) - 1) * (PARTS - self.missing) / PARTS
    }

    /// The same of a hidden function that fixes the unit of its keys.
    pub(crate) fn value_steps(self) -> u32 {
        self.steps((self.activation + self.values).min(MOST))
    }
}
