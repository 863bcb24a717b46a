//! The crate's one error type.

use std::path::PathBuf;
use verdict_model::ModelError;

/// What went wrong on the way from an ONNX file to integers, where, and what to do about it.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum CompileError {
    /// Files, data and graphs: what a model refuses whoever asks.
    #[error(transparent)]
    Model(#[from] ModelError),

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
         dynamic, so give its size with --dim {}=SIZE, or by data whose rows have their full shape (.npz), or export the model \
         again with fixed shapes", path.display(), dimension_key(dimension, input, *axis)
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

    /// A node contradicts the ONNX specification or asks for a variant of its operator that is not
    /// supported.
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

    /// Two readings of the file give different values, and nobody knows which is right.
    #[error(transparent)]
    ImportDiffers(Box<ImportDifference>),

    /// The integers are too far from the float model.
    #[error(
        "model `{model}` is compiled, but not well enough to be used: {findings}. What may help: {help}. accept_accuracy \
         (--accept-accuracy) takes it as it is, and the compiled model says so"
    )]
    Inaccurate {
        /// The model.
        model: String,
        /// What is beyond which limit.
        findings: String,
        /// Options that may help.
        help: String,
    },

    /// Calibration needs at least one row.
    #[error(
        "the calibration data holds no rows; give at least one, better a few hundred that look like real inputs"
    )]
    EmptyCalibration,

    /// It would take more memory than there is.
    #[error(
        "{place} needs about {} of memory, the limit is {}: {help}, or raise memory_limit (--memory-limit)", size(*needs), size(*limit)
    )]
    Memory {
        /// What needs it.
        place: String,
        /// How much, in GiB.
        needs: f64,
        /// How much there may be, in GiB.
        limit: f64,
        /// What needs less.
        help: &'static str,
    },

    /// A compiler option is out of its range or does not fit the model.
    #[error("option `{option}`: {detail}")]
    Option {
        /// The field of [`Options`](crate::Options).
        option: &'static str,
        /// What was expected and what was found.
        detail: String,
    },

    /// Sums of products and of other things, at whose unit the products' weights would round away.
    /// [`compile`](crate::compile) gives such products tensors of their own and tries again, so
    /// nobody but it sees this.
    #[error(
        "tensor `{tensor}` (nodes {}): the products it adds up are too small beside the rest of its sum; \
         lower activation_bits, or put an Identity of another scale (a Clip, say) behind the product", nodes.join(", ")
    )]
    Products {
        /// The first such tensor.
        tensor: String,
        /// The ONNX nodes folded into it.
        nodes: Vec<String>,
        /// All such tensors' ids in the float graph, each with the number of the products among
        /// those it adds up.
        crowded: Vec<(usize, usize)>,
    },

    /// The model's numbers cannot be turned into integers.
    #[error("tensor `{tensor}`: {detail}")]
    Quantise {
        /// The tensor.
        tensor: String,
        /// What was expected, what was found, what to do.
        detail: String,
    },
}

/// So many GiB, in words.
fn size(gib: f64) -> String {
    match gib < 1.0 {
        true => format!("{:.0} MiB", (gib * 1024.0).ceil()),
        false => format!("{gib:.1} GiB"),
    }
}

/// What a dimension is called where its size is given.
fn dimension_key(name: &str, input: &str, axis: usize) -> String {
    match name {
        "?" => format!("{input}.{axis}"),
        name => name.into(),
    }
}

impl CompileError {
    pub(crate) fn quantise(tensor: impl Into<String>, detail: impl Into<String>) -> Self {
        Self::Quantise {
            tensor: tensor.into(),
            detail: detail.into(),
        }
    }
}

/// Where this crate's reading of a file and tract's part.
#[derive(Debug, thiserror::Error)]
#[error(
    "{}: node `{node}` ({op}) is read in two ways: in row {row} of the data (counted from 0), value {position} of its output \
     `{value}` is {ours} as the compiler reads the file and {theirs} as tract does, more than rounding explains; a proof \
     could be of another function than the file's, so nothing was compiled. Compare with onnxruntime, express that part of \
     the model by other operators, and please report the file; where onnxruntime says {ours}, accept_import_error \
     (--accept-import-error) goes on, and the compiled model says so", path.display()
)]
pub struct ImportDifference {
    /// The ONNX file.
    pub path: PathBuf,
    /// The first node, in the file's order, whose values differ.
    pub node: String,
    /// Its operator.
    pub op: String,
    /// The value that differs.
    pub value: String,
    /// The position in it, from 0.
    pub position: usize,
    /// The row of the data, from 0.
    pub row: usize,
    /// What this crate makes of it.
    pub ours: f64,
    /// What tract makes of it.
    pub theirs: f64,
}
