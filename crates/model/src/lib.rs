//! From an ONNX file to integers that can be proved.
//!
//! ```text
//! model.onnx ──import──▶ FloatGraph ──compile──▶ CompiledModel ──execute──▶ Trace
//!                            │         ▲              │                       │
//!              DataSet ──────┴─────────┘              ├── save / load: .verdict
//!            (calibration)                            └── accuracy: report against tract
//! ```
//!
//! * [`import`] reads the ONNX file and folds every run of linear operators (matrix products, batch normalisation,
//!   reshapes, transposes, slices, concatenations …) into one linear map in front of each element-wise function. What
//!   convolutions read and write stays planes: their maps keep one kernel for all places.
//! * [`compile`] chooses scales from calibration data and turns each map into integer weights and each function into a
//!   table ([`graph`] states the arithmetic). Interval analysis makes the tables *total*: whatever the input, as long as
//!   it lies in the declared domain, every look-up succeeds.
//! * [`execute`] is the specification: the circuit proves exactly what it computes.
//! * [`accuracy`] says how far the integers are from the float model as tract runs it, [`error_bounds`] how far they can be.
//!
//! Floating point decides *which* integers a model consists of, once, at compile time. It plays no part afterwards, except
//! where a caller converts real inputs into integers and integer outputs into real numbers ([`CompiledModel`]).

mod artifact;
mod bound;
mod calibration;
mod compile;
mod conv;
mod data;
mod equalise;
mod error;
mod exclusive;
mod execute;
mod expression;
mod feature_grid;
mod file;
mod float;
mod float_graph;
mod function;
mod gather;
pub mod graph;
mod import;
mod input_grid;
mod interval;
mod key_unit;
mod label;
mod linear;
mod manifest;
mod missing;
mod options;
mod packing;
mod planes;
mod quantise;
mod reference;
mod report;
mod scale_class;
mod test;
mod tree;
mod validate;

pub use artifact::{CompiledModel, FORMAT_VERSION, MAGIC, OutOfDomain};
pub use bound::{ErrorBounds, error_bounds};
pub use compile::compile;
pub use data::{DataSet, InputSpec};
pub use equalise::ChannelShifts;
pub use error::ModelError;
pub use execute::{Trace, execute, execute_batch};
pub use expression::{Binary, Expression, Step, Unary};
pub use file::{folder, write_whole};
pub use float::FloatTrace;
pub use float_graph::{
    Activation, FloatGraph, FloatKernel, FloatLayer, FloatTensor, FloatTerm, Precision,
};
pub use gather::{gather, gather_inputs};
pub use graph::{
    Conv, Function, FunctionId, IntegerGraph, Kernel, Layer, Table, Tensor, TensorId, Term,
    Visibility,
};
pub use import::{Guarantee, OPERATORS, Operator, advice, import, import_outputs};
pub use label::{CORRECT, LABEL, count_correct};
pub use manifest::{InputManifest, Manifest, OutputManifest};
pub use missing::Missing;
pub use options::{Calibration, Goal, InputDomain, Options};
pub use packing::Packing;
pub use reference::Reference;
pub use report::{AccuracyReport, LayerReport, accuracy};
pub use test::{Comparison, Test};

/// The result of everything in this crate that can fail.
pub type Result<T, E = ModelError> = std::result::Result<T, E>;
