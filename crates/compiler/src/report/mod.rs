//! How far the integers are from the float model: measured on data, and bounded without them.

pub(crate) mod accuracy;
pub(crate) mod bound;
pub(crate) mod constants;
pub(crate) mod verdict;
