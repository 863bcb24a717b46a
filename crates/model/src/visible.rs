//! What everybody can see of a model with private weights.

use serde::Serialize;

use crate::artifact::CompiledModel;
use crate::graph::{Function, Kernel};
use crate::ranges::Secrets;

/// All that an architecture and a key show of a model whose weights are private, for its owner to
/// look over.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Visible {
    /// In topological order, inputs included.
    pub tensors: Vec<VisibleTensor>,
    /// The tables, entry by entry public.
    pub tables: Vec<VisibleTable>,
}

/// What is visible of a tensor.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct VisibleTensor {
    /// Its name.
    pub name: String,
    /// Its shape.
    pub shape: Vec<usize>,
    /// The smallest and the largest integer.
    pub range: (i32, i32),
    /// Real value of one step.
    pub scale: f64,
    /// Whether its weights and biases are public, because they follow from the model's structure.
    pub structure: bool,
    /// Where it has weights; nothing for an input.
    pub kernels: Vec<VisibleKernel>,
    /// Declared bits of its biases; 0 if they are public or there are none.
    pub bias_bits: u32,
    /// The number of its table; nothing for an input or a square.
    pub table: Option<usize>,
}

/// What is visible of the weights that a tensor has on another.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct VisibleKernel {
    /// The name of the tensor multiplied.
    pub source: String,
    /// `dense`, `sparse` (the positions of whose weights are public) or `convolution`.
    pub kind: &'static str,
    /// Weights, zeros at public positions included.
    pub positions: usize,
    /// Their declared bits; 0 if they are public.
    pub bits: u32,
}

/// What is visible of a table: all of it.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct VisibleTable {
    /// Its name.
    pub name: String,
    /// How many entries it has.
    pub entries: usize,
    /// Its first key.
    pub first_key: i64,
    /// Bits that its keys drop.
    pub shift: u32,
    /// The smallest and the largest entry.
    pub range: (i32, i32),
}

impl Visible {
    /// What is visible of `model`, whose private weights keep to `secrets`.
    pub fn of(model: &CompiledModel, secrets: &Secrets) -> Self {
        let graph = model.graph();
        // Squares are functions, too, but have no table to number.
        let mut numbers = Vec::with_capacity(graph.functions.len());
        let mut tables = Vec::new();
        for function in &graph.functions {
            numbers.push(function.table().map(|_| tables.len()));
            tables.extend(table(function));
        }
        let name = |id: usize| graph.tensors.get(id).map(|it| it.name.clone());
        let tensors = graph.tensors.iter().enumerate().map(|(id, tensor)| {
            let terms = tensor.layer.iter().flat_map(|layer| &layer.terms);
            let kernels = terms.enumerate().map(|(number, term)| {
                let (kind, positions) = places(&term.kernel);
                VisibleKernel {
                    source: name(term.source).unwrap_or_default(),
                    kind,
                    positions,
                    bits: secrets.term(id, number),
                }
            });
            let kernels: Vec<VisibleKernel> = kernels.collect();
            let function = tensor.layer.as_ref().map(|layer| layer.function);
            VisibleTensor {
                name: tensor.name.clone(),
                shape: tensor.shape.clone(),
                range: (tensor.min, tensor.max),
                scale: tensor.scale,
                structure: tensor.layer.is_some() && secrets.bias(id) == 0,
                kernels,
                bias_bits: secrets.bias(id),
                table: function.and_then(|at| numbers.get(at).copied().flatten()),
            }
        });
        Self {
            tensors: tensors.collect(),
            tables,
        }
    }
}

fn places(kernel: &Kernel) -> (&'static str, usize) {
    match kernel {
        Kernel::Dense { weights } => ("dense", weights.len()),
        Kernel::Sparse { entries } => ("sparse", entries.len()),
        Kernel::Conv(conv) => ("convolution", conv.weights.len()),
    }
}

fn table(function: &Function) -> Option<VisibleTable> {
    let table = function.table()?;
    let (least, most) = (table.values.iter().min()?, table.values.iter().max()?);
    Some(VisibleTable {
        name: table.name.clone(),
        entries: table.values.len(),
        first_key: table.q_min,
        shift: table.shift,
        range: (*least, *most),
    })
}
