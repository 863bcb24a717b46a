//! From an ONNX file to integers that can be proved.
//!
//! ```text
//! model.onnx ──import──▶ FloatGraph ──compile──▶ CompiledModel (verdict-model)
//!                            │         ▲              │
//!              DataSet ──────┴─────────┘              └── accuracy: report against tract
//!            (calibration)
//! ```
//!
//! * [`import`] reads the ONNX file and folds every run of linear operators (matrix products, batch normalisation,
//!   reshapes, transposes, slices, concatenations …) into one linear map in front of each element-wise function. What
//!   convolutions read and write stays planes: their maps keep one kernel for all places.
//! * [`compile()`] chooses scales from calibration data and turns each map into integer weights and each function into a
//!   table ([`verdict_model::graph`] states the arithmetic). Interval analysis makes the tables *total*: whatever the
//!   input, as long as it lies in the declared domain, every look-up succeeds.
//! * [`accuracy`] says how far the integers are from the float model as tract runs it, [`error_bounds`] how far they can be.
//!
//! Floating point decides *which* integers a model consists of, once, at compile time. It plays no part afterwards, except
//! where a caller converts real inputs into integers and integer outputs into real numbers
//! ([`CompiledModel`](verdict_model::CompiledModel)).

mod compile;
mod error;
mod float;
mod import;
mod label;
mod options;
mod quantise;
mod report;
mod tree;

pub use compile::compile;
pub use error::CompileError;
pub use float::comparison::{Comparison, Test};
pub use float::expression::{Binary, Expression, Step, Unary};
pub use float::graph::{
    Activation, FloatGraph, FloatKernel, FloatLayer, FloatTensor, FloatTerm, Precision,
};
pub use float::missing::Missing;
pub use float::reference::Reference;
pub use float::run::FloatTrace;
pub use import::{Guarantee, OPERATORS, Operator, advice, import, import_outputs};
pub use label::{CORRECT, LABEL, count_correct};
pub use options::{InputDomain, Options};
pub use report::accuracy::{AccuracyReport, LayerReport, accuracy};
pub use report::bound::{ErrorBounds, error_bounds};

/// The result of everything in this crate that can fail.
pub type Result<T, E = CompileError> = std::result::Result<T, E>;
