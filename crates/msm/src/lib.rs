#![doc = include_str!("../README.md")]

mod bases;
mod batch;
mod cache;
mod digits;
mod entry;
mod error;
mod field;
mod plan;
mod point;
mod sort;
mod sums;
mod table;
mod weigh;
mod work;

pub use bases::Bases;
pub use error::MsmError;
