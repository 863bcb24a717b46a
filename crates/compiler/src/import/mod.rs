//! Reading an ONNX file and folding it into linear maps and element-wise functions.

mod builder;
mod constants;
mod fold;
mod hints;
mod importer;
mod layout;
mod ml;
mod node;
mod operators;
mod ops;
pub(crate) mod proto;
mod rows;
mod types;
pub(crate) mod values;

pub use importer::{import, import_outputs};
pub use operators::{Guarantee, OPERATORS, Operator, advice};
