//! The integer graph: what a compiled model *is*. Everything downstream (executor, circuit, contracts) follows it.
//!
//! A graph is a list of tensors in topological order. A tensor is a flat vector of `len` integers ("cells"), produced
//! either by the caller (an input) or by one [`Layer`]:
//!
//! ```text
//! y[i] = bias[i] + Σ_terms Σ_j W[i][j] · source[j]      exact integers, |y| < 2^62 proved by interval analysis
//! q[i] = y[i] >> shift                                   arithmetic shift: rounds towards −∞
//! x[i] = values[q[i] − q_min]                            total: [q_min, q_min + len) covers the whole interval of y
//! ```
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
    /// The table applied to `y >> shift`.
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
}

/// `x = values[(y >> shift) − q_min]`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Function {
    /// For messages, e.g. `relu`.
    pub name: String,
    /// Bits dropped from `y`, at most 31.
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
    /// Tables, shared between layers where they are equal.
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
