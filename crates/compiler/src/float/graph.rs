//! The imported model: linear maps and element-wise functions over real numbers.

use std::path::PathBuf;
use std::sync::Arc;

use serde::{Deserialize, Serialize};

use crate::float::activation::Activation;
use crate::float::comparison::Test;
use crate::float::expression::Expression;
use crate::float::missing::Missing;
use verdict_model::{Conv, InputSpec};

/// How a layer's real numbers become integers.
#[derive(Clone, Debug, Default, PartialEq)]
pub enum Precision {
    /// Weights are rounded to steps of the layer's own unit, sums are shifted down to the table's
    /// keys.
    #[default]
    Scaled,
    /// Nothing is rounded: weights are integers that multiply the sources' integers as they are,
    /// and the table's shift is 0.
    ///
    /// All sources share one scale, which the quantiser sees to, and biases are rounded to it. The
    /// layer's own scale is that scale for [`Identity`](Activation::Identity) and
    /// [`Relu`](Activation::Relu), 1 for [`Step`](Activation::Step) and
    /// [`IsZero`](Activation::IsZero), and its own for any other function, whose table then has a
    /// key for each integer. [`Square`](Activation::Square) takes its sources as they are.
    Exact {
        /// A tensor of the same scale in whose range the values are known to lie or, for
        /// [`Relu`](Activation::Relu), between two of whose values they are the difference.
        /// Interval analysis cannot see that; with the table ending there, ranges do not double
        /// with every maximum of two.
        within: Option<usize>,
    },
    /// Each cell has a test of one source cell, or is always 0; the integers decide exactly as the
    /// real numbers they stand for. The activation is [`IsZero`](Activation::IsZero) for tests of
    /// equality, [`Step`](Activation::Step) for all others, the scale 1.
    ///
    /// A term for a tensor of tests for [missing](crate::Comparison::Missing) values marks those
    /// that their reserved integer would take to the wrong side.
    Tests(Arc<[Option<Test>]>),
    /// As [`Scaled`](Self::Scaled), but nothing is shifted: weights are rounded to whole steps of
    /// the layer's unit, and the table is the identity at shift 0. Unshifted sources have the same
    /// unit, so a chain of such layers adds up without any further rounding: each product with a 0
    /// or 1 is off by half a step at most. The activation is [`Identity`](Activation::Identity).
    Unshifted,
}

/// One source of a layer's linear map.
#[derive(Clone, Debug)]
pub struct FloatTerm {
    /// The tensor multiplied.
    pub source: usize,
    /// The matrix it is multiplied by.
    pub kernel: FloatKernel,
}

/// The matrix of a [`FloatTerm`].
#[derive(Clone, Debug)]
pub enum FloatKernel {
    /// For each output cell its `(source cell, weight)` pairs by ascending cell.
    Rows(Vec<Vec<(u32, f64)>>),
    /// A convolution: every place of a plane has the same few weights.
    Conv(Conv<f64>),
}

impl FloatTerm {
    /// A term with explicit weights.
    pub fn rows(source: usize, rows: Vec<Vec<(u32, f64)>>) -> Self {
        Self {
            source,
            kernel: FloatKernel::Rows(rows),
        }
    }
}

impl FloatKernel {
    /// Every stored weight; those of a convolution once, zeros included.
    pub fn weights(&self) -> Box<dyn Iterator<Item = f64> + '_> {
        match self {
            Self::Rows(rows) => Box::new(rows.iter().flatten().map(|(_, weight)| *weight)),
            Self::Conv(conv) => Box::new(conv.weights.iter().copied()),
        }
    }

    /// Number of weights that are not zero.
    pub fn non_zero(&self) -> usize {
        self.weights().filter(|weight| *weight != 0.0).count()
    }

    /// The most products that one sum has.
    pub(crate) fn widest(&self) -> usize {
        match self {
            Self::Rows(rows) => rows.iter().map(Vec::len).max().unwrap_or(0),
            Self::Conv(conv) => {
                let per_output = (conv.weights.len() / conv.channels[1].max(1)).max(1);
                let outputs = conv.weights.chunks(per_output);
                outputs
                    .map(|weights| weights.iter().filter(|weight| **weight != 0.0).count())
                    .max()
                    .unwrap_or(0)
            }
        }
    }

    /// Number of products of one run.
    pub(crate) fn products(&self) -> usize {
        match self {
            Self::Rows(rows) => rows.iter().map(Vec::len).sum(),
            Self::Conv(conv) => conv.non_zero() * conv.output[0] * conv.output[1],
        }
    }

    /// One more than the last source cell that has a weight.
    pub(crate) fn reach(&self) -> usize {
        match self {
            Self::Rows(rows) => {
                let cells = rows.iter().flatten().map(|(cell, _)| *cell as usize + 1);
                cells.max().unwrap_or(0)
            }
            Self::Conv(conv) => conv.channels[0] * conv.source[0] * conv.source[1],
        }
    }

    /// Calls `visit(output cell, source cell)` for each weight that is not zero.
    pub(crate) fn for_each(&self, mut visit: impl FnMut(usize, usize)) {
        self.for_each_weight(|cell, source, weight| {
            if weight != 0.0 {
                visit(cell, source);
            }
        });
    }

    /// Calls `visit(output cell, source cell, weight)` for each weight.
    pub(crate) fn for_each_weight(&self, mut visit: impl FnMut(usize, usize, f64)) {
        match self {
            Self::Rows(rows) => {
                for (cell, row) in rows.iter().enumerate() {
                    let weights = row.iter();
                    weights.for_each(|(source, weight)| visit(cell, *source as usize, *weight));
                }
            }
            Self::Conv(conv) => conv.for_each(visit),
        }
    }

    /// The kernel with every weight's magnitude in its place.
    pub(crate) fn absolute(&self) -> Self {
        self.map(f64::abs)
    }

    /// The kernel with `of(weight)` in every weight's place.
    pub(crate) fn map(&self, of: impl Fn(f64) -> f64) -> Self {
        match self {
            Self::Rows(rows) => {
                let row = |row: &Vec<(u32, f64)>| row.iter().map(|(c, w)| (*c, of(*w))).collect();
                Self::Rows(rows.iter().map(row).collect())
            }
            Self::Conv(conv) => Self::Conv(Conv {
                weights: conv.weights.iter().map(|w| of(*w)).collect(),
                ..conv.clone()
            }),
        }
    }

    /// Adds the product with `source` to `sums`.
    pub(crate) fn add_to(&self, sums: &mut [f64], source: &[f64]) {
        match self {
            Self::Rows(rows) => add_rows(rows, sums, |cell, weight| weight * source[cell]),
            Self::Conv(conv) => conv.add_to(sums, source),
        }
    }

    /// Adds the magnitudes of the products with `source` to `sizes`.
    pub(crate) fn add_sizes_to(&self, sizes: &mut [f64], source: &[f64]) {
        match self {
            Self::Rows(rows) => add_rows(rows, sizes, |cell, weight| (weight * source[cell]).abs()),
            Self::Conv(conv) => conv.add_sizes_to(sizes, source),
        }
    }
}

/// Adds `of(cell, weight)` of each row's weights to its sum.
fn add_rows(rows: &[Vec<(u32, f64)>], sums: &mut [f64], of: impl Fn(usize, f64) -> f64) {
    for (sum, row) in sums.iter_mut().zip(rows) {
        let products = row.iter().map(|(cell, weight)| of(*cell as usize, *weight));
        *sum += products.sum::<f64>();
    }
}

/// `x = activation(bias + Σ kernel · source)`.
#[derive(Clone, Debug)]
pub struct FloatLayer {
    /// The ONNX nodes folded into this layer.
    pub nodes: Vec<String>,
    /// The linear map's sources.
    pub terms: Vec<FloatTerm>,
    /// One per cell.
    pub bias: Vec<f64>,
    /// Applied to each cell.
    pub activation: Activation,
    /// How it becomes integers.
    pub precision: Precision,
    /// Whether the biases follow from the architecture alone (positions that an index is compared
    /// with), so that they may be public where weights are not.
    pub public_bias: bool,
    /// Whether it is a mask that is added to scores: zero, or a number so small that nothing depends
    /// on how small. The compiler chooses that number where decisions choose between the two.
    pub masked: bool,
    /// Cells that a constant mask excludes, ascending: nobody asks for more of their values than
    /// that they are small enough. Calibration does not count them.
    pub excluded: Vec<u32>,
}

/// A tensor of real numbers.
#[derive(Clone, Debug)]
pub struct FloatTensor {
    /// The ONNX value's name.
    pub name: String,
    /// The ONNX shape without the batch axis.
    pub shape: Vec<usize>,
    /// Number of cells.
    pub len: usize,
    /// Whether it is an input whose ONNX type holds whole numbers or truths only.
    pub whole: bool,
    /// What produces it; `None` for an input.
    pub layer: Option<FloatLayer>,
}

/// A value of a type of whole numbers, as a function of a linear map of tensors.
#[derive(Clone, Debug)]
pub struct Typed {
    /// The node that computes it.
    pub node: String,
    /// That node's operator.
    pub op: String,
    /// What the type is called.
    pub of: String,
    /// The type's smallest and largest number.
    pub limits: (f64, f64),
    /// The linear map's sources.
    pub terms: Vec<FloatTerm>,
    /// One per cell.
    pub bias: Vec<f64>,
    /// What is done to each cell.
    pub function: Option<Expression>,
    /// Whether the linear map gives whole numbers only.
    pub whole: bool,
}

/// How the scores that one class is chosen by lie in an output, which may have several positions, each
/// with a class of its own.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Choices {
    /// How many classes there are.
    pub classes: usize,
    /// How far apart the scores of neighbouring classes lie.
    pub stride: usize,
}

impl Choices {
    /// All of an output's values, or all along its last axis.
    pub(crate) fn of_neighbours(classes: usize) -> Self {
        Self { classes, stride: 1 }
    }

    /// The scores of each choice, one choice after the other.
    pub(crate) fn apart<T: Copy>(self, values: &[T]) -> Vec<Vec<T>> {
        let (classes, stride) = (self.classes.max(1), self.stride.max(1));
        let blocks = values.chunks(classes * stride);
        let choice = |block: &[T], first: usize| {
            let scores = block.iter().skip(first).step_by(stride);
            scores.copied().collect()
        };
        blocks
            .flat_map(|block| (0..stride.min(block.len())).map(move |first| choice(block, first)))
            .collect()
    }
}

/// What an output is for, and so what has to be kept of it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum OutputKind {
    /// Scores of classes: the largest one must stay the largest.
    Classes,
    /// Real numbers: each must stay what it is.
    Values,
    /// Not known, as of a last layer's sums: both. A single number has no class.
    #[default]
    Both,
}

/// An imported model. Tensor ids are those of the [`IntegerGraph`](verdict_model::IntegerGraph)
/// compiled from it.
#[derive(Clone, Debug)]
pub struct FloatGraph {
    /// The ONNX graph's name, or the file's.
    pub name: String,
    /// In topological order.
    pub tensors: Vec<FloatTensor>,
    /// In the ONNX order.
    pub inputs: Vec<usize>,
    /// In the ONNX order.
    pub outputs: Vec<usize>,
    /// The ONNX names of `outputs`.
    pub output_names: Vec<String>,
    /// The ONNX names of outputs that depend on no input: constants beside those that are proved.
    pub left_out: Vec<String>,
    /// What `outputs` are for; missing ones are [`OutputKind::Both`].
    pub output_kinds: Vec<OutputKind>,
    /// Where the classes lie that `outputs` are scores of; what is missing is not known.
    pub choices: Vec<Option<Choices>>,
    /// The ONNX file.
    pub path: PathBuf,
    /// The ONNX file's bytes, for the reference run and the manifest's digest.
    pub onnx: Arc<[u8]>,
    /// The inputs' ONNX shapes with a batch axis of 1.
    pub onnx_input_shapes: Vec<Vec<usize>>,
    /// What missing values mean, for each input and cell; an input without any has an empty list.
    pub missing: Vec<Vec<Missing>>,
    /// The words whose numbers an input takes, for each input; empty if none takes any.
    pub words: Vec<Vec<String>>,
    /// For each input whether its ONNX type holds whole numbers only; an input not listed does not.
    pub whole: Vec<bool>,
    /// For each input the smallest and the largest number of its ONNX type, if that holds whole
    /// numbers or truths only.
    pub limits: Vec<Option<(f64, f64)>>,
    /// The values of whole types that might leave them.
    pub typed: Vec<Typed>,
    /// Whether it was imported for private weights: nothing trained is in a function of it.
    pub private_weights: bool,
}

impl FloatGraph {
    /// Names and shapes of the inputs, for loading data.
    pub fn input_specs(&self) -> Vec<InputSpec> {
        self.inputs
            .iter()
            .enumerate()
            .map(|(input, &id)| {
                let tensor = &self.tensors[id];
                InputSpec {
                    name: tensor.name.clone(),
                    shape: tensor.shape.clone(),
                    len: tensor.len,
                    missing: self
                        .missing
                        .get(input)
                        .is_some_and(|cells| !cells.is_empty()),
                    whole: tensor.whole,
                    words: self.words.get(input).cloned().unwrap_or_default(),
                }
            })
            .collect()
    }

    /// Tensors whose cells are decisions, 0 or 1: the leaves that trees lead to, and tests that
    /// nothing else decides upon.
    pub fn decisions(&self) -> Vec<usize> {
        let mut decides: Vec<bool> = Vec::with_capacity(self.tensors.len());
        let mut final_one = vec![false; self.tensors.len()];
        for (id, tensor) in self.tensors.iter().enumerate() {
            let layer = tensor.layer.as_ref();
            let sources = || {
                layer
                    .iter()
                    .flat_map(|layer| &layer.terms)
                    .map(|term| term.source)
            };
            let conjunction = layer.is_some_and(|layer| {
                matches!(layer.precision, Precision::Exact { .. })
                    && layer.activation == Activation::Step
                    && !layer.terms.is_empty()
                    && sources().all(|source| decides[source])
            });
            let tests = layer.is_some_and(|layer| matches!(layer.precision, Precision::Tests(_)));
            if conjunction || tests {
                final_one[id] = true;
                sources().for_each(|source| final_one[source] = false);
            }
            decides.push(conjunction || tests);
        }
        (0..decides.len()).filter(|id| final_one[*id]).collect()
    }

    /// Cells of the tensors that the outputs depend on, inputs included: each takes a row of a
    /// circuit at the least.
    pub fn needed_cells(&self) -> usize {
        let mut needed = vec![false; self.tensors.len()];
        self.outputs.iter().for_each(|id| needed[*id] = true);
        let mut cells = 0;
        for (id, tensor) in self.tensors.iter().enumerate().rev() {
            if !needed[id] {
                continue;
            }
            cells += tensor.len;
            let terms = tensor.layer.iter().flat_map(|layer| &layer.terms);
            terms.for_each(|term| needed[term.source] = true);
        }
        cells
    }

    /// Multiplications of one run.
    pub(crate) fn products(&self) -> usize {
        let layers = self
            .tensors
            .iter()
            .filter_map(|tensor| tensor.layer.as_ref());
        let terms = layers.flat_map(|layer| &layer.terms);
        terms.map(|term| term.kernel.products()).sum()
    }

    /// Number of non-zero weights and biases.
    pub fn parameters(&self) -> usize {
        self.tensors
            .iter()
            .filter_map(|tensor| tensor.layer.as_ref())
            .map(|layer| {
                let weights: usize = layer.terms.iter().map(|term| term.kernel.non_zero()).sum();
                weights + layer.bias.iter().filter(|bias| **bias != 0.0).count()
            })
            .sum()
    }
}
