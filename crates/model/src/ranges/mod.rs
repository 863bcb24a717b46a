//! The range of every sum that a layer can compute.

mod declared;
mod exclusive;
mod interval;
mod products;

pub use declared::{LayerSecrets, SYMMETRIC_BITS, Secrets, declared_range};
pub use exclusive::{Cells, groups};
pub use interval::{Bound, layer_bounds};
