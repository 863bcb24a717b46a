//! The float model: as it was imported, as this crate runs it, and as tract does.

pub(crate) mod activation;
pub(crate) mod comparison;
mod degree;
pub(crate) mod expression;
pub(crate) mod graph;
pub(crate) mod interval;
pub(crate) mod key_unit;
pub(crate) mod missing;
pub(crate) mod products;
pub(crate) mod reference;
pub(crate) mod run;
pub(crate) mod squares;
pub(crate) mod typed;
pub(crate) mod whole;
