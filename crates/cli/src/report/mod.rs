//! What commands print, and how it is drawn.

pub(crate) mod accuracy;
pub(crate) mod decode;
pub(crate) mod lines;
pub(crate) mod memory;
pub(crate) mod meter;
pub(crate) mod output;
pub(crate) mod planning;
pub(crate) mod visible;
