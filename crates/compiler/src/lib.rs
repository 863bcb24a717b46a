#![doc = include_str!("../README.md")]

mod agreement;
mod check;
mod compile;
mod cost;
mod error;
mod few;
mod float;
mod import;
mod label;
mod masks;
mod memory;
mod options;
mod progress;
mod quantise;
mod report;
mod search;
mod spend;
mod tree;
mod tune;

pub use compile::{Compilation, compile, compile_watched, compile_with};
pub use cost::{Cost, Price, least_cost};
pub use error::{CompileError, ImportDifference};
pub use float::activation::Activation;
pub use float::comparison::{Comparison, Test};
pub use float::expression::{Binary, Expression, Step, Unary};
pub use float::graph::{
    Choices, FloatGraph, FloatKernel, FloatLayer, FloatTensor, FloatTerm, OutputKind, Precision,
};
pub use float::missing::Missing;
pub use float::reference::{Reference, ReferenceBy};
pub use float::run::FloatTrace;
pub use import::{Guarantee, OPERATORS, Operator, advice, import, import_outputs, import_private};
pub use import::{ImportOptions, import_with};
pub use label::{CORRECT, LABEL, count_correct};
pub use options::{FeatureGrid, InputDomain, Options};
pub use progress::{CompileStep, OnStep};
pub use report::accuracy::{AccuracyReport, LayerReport, OutputReport, accuracy};
pub use report::bound::{ErrorBounds, error_bounds};
pub use report::constants::{PublicConstants, public_constants};
pub use report::verdict::vouched;
pub use tune::Tuned;

/// The result of everything in this crate that can fail.
pub type Result<T, E = CompileError> = std::result::Result<T, E>;
