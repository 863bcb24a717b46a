//! The integer graph: what a compiled model *is*. Everything downstream (executor, circuit,
//! contracts) follows it.
//!
//! A graph is a list of tensors in topological order. A tensor is a flat vector of `len` integers
//! ("cells"), produced either by the caller (an input) or by one [`Layer`]:
//!
//! ```text
//! y[i] = bias[i] + Σ_terms Σ_j W[i][j] · source[j]   exact integers; |y| < 2^62 (intervals)
//! q[i] = y[i] >> shift                               arithmetic shift: rounds towards −∞
//! x[i] = values[q[i] − q_min]                        total: [q_min, q_min + len) covers all of y
//! ```
//!
//! or, where the layer's function is [`Function::Square`], `x[i] = y[i]²`, which validation keeps
//! within 31 bits.
//!
//! Scales live beside the integers and never influence them: `real ≈ integer · scale`.

use serde::{Deserialize, Serialize};

/// Index of a tensor in [`IntegerGraph::tensors`].
pub type TensorId = usize;

/// Index of a function in [`IntegerGraph::functions`].
pub type FunctionId = usize;

/// Who sees a tensor's values.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Visibility {
    /// Packed into public words, in the order of [`IntegerGraph::public_tensors`].
    Public,
    /// Known to the prover alone.
    Private,
    /// Known to the prover alone; a hash of the values and a salt is public. Inputs only.
    Committed,
}

/// A tensor of integers.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Tensor {
    /// The ONNX value's name (or one derived from it).
    pub name: String,
    /// The ONNX shape without the batch axis; `len` is its product.
    pub shape: Vec<usize>,
    /// Number of cells.
    pub len: usize,
    /// Smallest value a cell can take.
    pub min: i32,
    /// Largest value a cell can take.
    pub max: i32,
    /// `real ≈ integer · scale`.
    pub scale: f64,
    /// Whether the values are public.
    pub visibility: Visibility,
    /// What produces the tensor; `None` for an input.
    pub layer: Option<Layer>,
}

/// A linear map followed by a requantising table look-up.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Layer {
    /// The ONNX nodes folded into this layer, for messages.
    pub nodes: Vec<String>,
    /// The linear map's sources; each must come before this tensor.
    pub terms: Vec<Term>,
    /// One per output cell (already includes any rounding constant).
    pub bias: Vec<i64>,
    /// What is applied to `y`.
    pub function: FunctionId,
}

/// One source of a linear map.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Term {
    /// The tensor multiplied.
    pub source: TensorId,
    /// The matrix it is multiplied by.
    pub kernel: Kernel,
}

/// The matrix of a [`Term`].
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub enum Kernel {
    /// Row-major `[output][source]`.
    Dense {
        /// `outputs · source.len` weights.
        weights: Vec<i32>,
    },
    /// Only the listed entries are non-zero; no pair of indices twice.
    Sparse {
        /// `(output index, source index, weight)`.
        entries: Vec<(u32, u32, i32)>,
    },
    /// A convolution: every place of a plane has the same few weights.
    Conv(Conv),
}

/// A convolution between two tensors of planes, each flattened from `[channel][row][column]`.
///
/// `out[o][y] += Σ_i Σ_k weights[o][i][k] · source[first(o) + i][x]` over all source channels `i`
/// of `o`'s group and all kernel places `k` for which, in both axes, an `x` within the plane has
/// `up·x = stride·y + dilation·k − pad`. With `up = 1` that is ONNX's Conv, with `stride = 1` its
/// ConvTranspose; a negative pad crops.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Conv<W = i32> {
    /// Source and output channels; both are multiples of `groups`.
    pub channels: [usize; 2],
    /// Rows and columns of a source plane.
    pub source: [usize; 2],
    /// Rows and columns of an output plane.
    pub output: [usize; 2],
    /// Rows and columns of the kernel.
    pub size: [usize; 2],
    /// Steps between outputs, vertically and horizontally.
    pub stride: [usize; 2],
    /// Steps between sources: 1 unless the convolution is transposed.
    pub up: [usize; 2],
    /// Steps between kernel places.
    pub dilation: [usize; 2],
    /// Rows of padding above and columns of padding to the left.
    pub pad: [i64; 2],
    /// Output channel `o` reads the source channels of its own group only.
    pub groups: usize,
    /// `[output channel][source channel of the group][row][column]`.
    pub weights: Vec<W>,
}

/// What makes a layer's value `x` of its sum `y`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Function {
    /// A look-up.
    Table(Table),
    /// `x = y²`, exactly.
    Square,
}

/// `x = values[(y >> shift) − q_min]`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Table {
    /// For messages, e.g. `relu`.
    pub name: String,
    /// Bits dropped from `y`, at most 31. The circuit pays for every distinct shift above zero.
    pub shift: u32,
    /// The smallest `y >> shift` the table covers.
    pub q_min: i64,
    /// One output for each `q` from `q_min` on.
    pub values: Vec<i32>,
}

/// A compiled model's arithmetic.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct IntegerGraph {
    /// In topological order.
    pub tensors: Vec<Tensor>,
    /// Shared between layers where they are equal.
    pub functions: Vec<Function>,
    /// Input tensors, in the ONNX order.
    pub inputs: Vec<TensorId>,
    /// Output tensors, in the ONNX order. Outputs are never inputs.
    pub outputs: Vec<TensorId>,
}

impl IntegerGraph {
    /// The public tensors in the order in which their words are packed: inputs first, then outputs.
    pub fn public_tensors(&self) -> impl Iterator<Item = TensorId> + '_ {
        self.inputs
            .iter()
            .chain(&self.outputs)
            .copied()
            .filter(|&id| self.tensors[id].visibility == Visibility::Public)
    }
}
