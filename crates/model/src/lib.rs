#![doc = include_str!("../README.md")]

mod artifact;
mod conv;
mod data;
mod error;
mod execute;
mod file;
mod gather;
mod goal;
pub mod graph;
mod manifest;
mod packing;
mod quantise;
pub mod ranges;
pub mod ranks;
mod scales;
mod validate;
mod visible;

pub use artifact::{CompiledModel, FORMAT_VERSION, MAGIC, OutOfDomain};
pub use data::{DataSet, InputSpec, Row, array_shapes, list_lengths};
pub use error::ModelError;
pub use execute::{Trace, execute, execute_batch};
pub use file::{folder, write_whole};
pub use gather::{gather, gather_inputs};
pub use goal::Goal;
pub use graph::{
    Conv, Function, FunctionId, IntegerGraph, Kernel, Layer, Table, Tensor, TensorId, Term,
    Visibility,
};
pub use manifest::{Assurance, InputManifest, Manifest, OutputManifest};
pub use packing::Packing;
pub use scales::{Calibration, ChannelShifts, pick};
pub use visible::{Visible, VisibleKernel, VisibleTable, VisibleTensor};

/// The result of everything in this crate that can fail.
pub type Result<T, E = ModelError> = std::result::Result<T, E>;
