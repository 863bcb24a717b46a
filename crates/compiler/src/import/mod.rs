//! Reading an ONNX file and folding it into linear maps and element-wise functions.

mod batch;
mod broadcast;
mod builder;
mod cast;
mod expand;
mod fold;
mod guarantee;
mod hints;
mod importer;
mod inline;
mod kinds;
mod layout;
mod ml;
mod node;
mod number_types;
mod operator;
mod operators;
mod ops;
mod options;
mod order;
mod output_kind;
mod outputs;
pub(crate) mod proto;
mod reads;
mod run;
mod secrecy;
mod shapes;
mod sizes;
mod state;
mod values;
mod words;

pub use guarantee::Guarantee;
pub(crate) use importer::import_again;
pub use operator::Operator;
pub use operators::{OPERATORS, advice};
pub use options::{ImportOptions, import, import_outputs, import_private, import_with};
