//! The range of every sum that a layer can compute.

mod exclusive;
mod interval;

pub use exclusive::{Cells, groups};
pub use interval::{Bound, layer_bounds};
