//! The accuracy report: what is measured, and how it is drawn.

mod html;
mod stats;
mod text;

pub(crate) use html::render;
pub(crate) use stats::{Stats, Task, measure};
pub(crate) use text::{accuracy_text, reference_text};
