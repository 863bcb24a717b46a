//! The accuracy report: what is measured, and how it is drawn.

mod html;
mod stats;

pub(crate) use html::render;
pub(crate) use stats::{Stats, Task, measure};
