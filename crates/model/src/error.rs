//! The crate's one error type.

use std::path::PathBuf;

/// What went wrong, where, and what to do about it.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ModelError {
    /// A file could not be read.
    #[error("cannot read {}: {source}; check the path and its permissions", path.display())]
    Read {
        /// The file.
        path: PathBuf,
        /// The operating system's reason.
        source: std::io::Error,
    },

    /// A file could not be written; nothing was left behind.
    #[error("cannot write {}: {source}; no file was changed, check free space and permissions, then try again", path.display())]
    Write {
        /// The file.
        path: PathBuf,
        /// The operating system's reason.
        source: std::io::Error,
    },

    /// The file is not an ONNX model.
    #[error("{} is not an ONNX model: {detail}; expected the binary protobuf that torch.onnx.export or skl2onnx write", path.display())]
    NotOnnx {
        /// The file.
        path: PathBuf,
        /// What was found instead.
        detail: String,
    },

    /// The file starts like an ONNX model and ends too early.
    #[error("{} is truncated or damaged: {detail}; copy or export it again", path.display())]
    TruncatedOnnx {
        /// The file.
        path: PathBuf,
        /// What the decoder reported.
        detail: String,
    },

    /// An operator this version cannot compile.
    #[error("{}: node `{node}` uses operator {op}, which is not supported; {hint}", path.display())]
    UnsupportedOperator {
        /// The ONNX file.
        path: PathBuf,
        /// The node.
        node: String,
        /// Its operator.
        op: String,
        /// What could replace it.
        hint: String,
    },

    /// Two values that both depend on the input are multiplied or divided.
    #[error(
        "{}: node `{node}` ({op}) combines two values that both depend on the model's input; only products with constants \
         are supported, so make one operand a constant or move the product out of the model", path.display()
    )]
    ActivationProduct {
        /// The ONNX file.
        path: PathBuf,
        /// The node.
        node: String,
        /// Its operator.
        op: String,
    },

    /// A dimension other than the batch is not fixed.
    #[error(
        "{}: input `{input}` has the dynamic dimension `{dimension}` at axis {axis}; only the first axis (the batch) may be \
         dynamic, so export the model again with fixed shapes (without `{dimension}` in dynamic_axes)", path.display()
    )]
    DynamicShape {
        /// The ONNX file.
        path: PathBuf,
        /// The input.
        input: String,
        /// The axis, from 0.
        axis: usize,
        /// Its name, or `?`.
        dimension: String,
    },

    /// A weight is NaN or infinite.
    #[error(
        "{}: constant `{constant}`, used by node `{node}`, holds {value} at position {position}; every weight must be a \
         finite number, so check the training run (diverged?) and export again", path.display()
    )]
    NonFiniteWeight {
        /// The ONNX file.
        path: PathBuf,
        /// The node that uses it.
        node: String,
        /// The initializer or constant.
        constant: String,
        /// Flat position in the constant.
        position: usize,
        /// `NaN`, `inf` or `-inf`.
        value: f64,
    },

    /// A node contradicts the ONNX specification or asks for a variant of its operator that is not supported.
    #[error("{}: node `{node}` ({op}): {detail}", path.display())]
    InvalidNode {
        /// The ONNX file.
        path: PathBuf,
        /// The node.
        node: String,
        /// Its operator.
        op: String,
        /// What was expected, what was found, what to do.
        detail: String,
    },

    /// The graph as a whole is unusable (no input, unknown output …).
    #[error("{}: {detail}", path.display())]
    InvalidModel {
        /// The ONNX file.
        path: PathBuf,
        /// What was expected, what was found, what to do.
        detail: String,
    },

    /// tract could not run the float model.
    #[error("{}: the float model cannot be run by tract: {detail}; try `onnxsim` on the file or export with opset 13 to 18", path.display())]
    Reference {
        /// The ONNX file.
        path: PathBuf,
        /// tract's message.
        detail: String,
    },

    /// A data file is not in the format its name promises.
    #[error("{}: {detail}", path.display())]
    DataFormat {
        /// The data file.
        path: PathBuf,
        /// What was expected, what was found, what to do.
        detail: String,
    },

    /// A row has the wrong number of values.
    #[error("{}: row {row} has {found} values for input `{input}`, expected {expected}", path.display())]
    DataLength {
        /// The data file.
        path: PathBuf,
        /// The row, from 0.
        row: usize,
        /// The input.
        input: String,
        /// The input's number of values.
        expected: usize,
        /// The row's number of values.
        found: usize,
    },

    /// A value is not a finite number.
    #[error("{}: row {row}, value {position} of input `{input}` is {value}; expected a finite number, so remove or repair the row", path.display())]
    DataValue {
        /// The data file.
        path: PathBuf,
        /// The row, from 0.
        row: usize,
        /// The input.
        input: String,
        /// Position within the input, from 0.
        position: usize,
        /// What was found.
        value: String,
    },

    /// Calibration needs at least one row.
    #[error(
        "the calibration data holds no rows; give at least one, better a few hundred that look like real inputs"
    )]
    EmptyCalibration,

    /// A compiler option is out of its range or does not fit the model.
    #[error("option `{option}`: {detail}")]
    Option {
        /// The field of [`Options`](crate::Options).
        option: &'static str,
        /// What was expected and what was found.
        detail: String,
    },

    /// The model's numbers cannot be turned into integers.
    #[error("tensor `{tensor}`: {detail}")]
    Quantise {
        /// The tensor.
        tensor: String,
        /// What was expected, what was found, what to do.
        detail: String,
    },

    /// A real input lies outside the domain the model was compiled for.
    #[error(
        "input `{input}`, feature {feature}: {value} is outside the declared domain [{min}, {max}]; saturate it, or compile \
         the model again with a wider domain"
    )]
    OutOfDomain {
        /// The input.
        input: String,
        /// Position within the input, from 0.
        feature: usize,
        /// The value.
        value: f64,
        /// Smallest allowed value.
        min: f64,
        /// Largest allowed value.
        max: f64,
    },

    /// The caller's tensors do not fit the model's inputs.
    #[error("input {input}: {detail}")]
    InputShape {
        /// The input's name or position.
        input: String,
        /// What was expected and what was found.
        detail: String,
    },

    /// An integer graph breaks one of its invariants.
    #[error("invalid integer graph: {place}: {detail}; compile the model again")]
    InvalidGraph {
        /// The tensor or function.
        place: String,
        /// The invariant and how it is broken.
        detail: String,
    },

    /// A file is not a compiled model.
    #[error("{} is not a compiled model: it does not start with the magic bytes `VERDICT`; give the .verdict file that compilation wrote", path.display())]
    NotCompiled {
        /// The file.
        path: PathBuf,
    },

    /// A compiled model of another format version.
    #[error("{} has format version {found}, this build reads version {supported}; compile the model again with this build", path.display())]
    FormatVersion {
        /// The file.
        path: PathBuf,
        /// The file's version.
        found: u32,
        /// [`FORMAT_VERSION`](crate::FORMAT_VERSION).
        supported: u32,
    },

    /// A compiled model is damaged.
    #[error("{} is damaged: {detail}; copy it again or compile the model again", path.display())]
    Corrupt {
        /// The file.
        path: PathBuf,
        /// What did not match.
        detail: String,
    },
}

impl ModelError {
    pub(crate) fn graph(place: impl Into<String>, detail: impl Into<String>) -> Self {
        Self::InvalidGraph {
            place: place.into(),
            detail: detail.into(),
        }
    }

    pub(crate) fn quantise(tensor: impl Into<String>, detail: impl Into<String>) -> Self {
        Self::Quantise {
            tensor: tensor.into(),
            detail: detail.into(),
        }
    }
}
