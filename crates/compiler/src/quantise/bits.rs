//! How many bits activations and outputs get.

/// Bits for the two kinds of layers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Bits {
    pub(crate) activation: u32,
    pub(crate) output: u32,
}
