//! What is known while a graph is walked over: every ONNX value, and the tensors made so far.

use std::collections::{BTreeMap, HashMap, HashSet};
use std::path::Path;

use tract_onnx::pb::GraphProto;

use crate::float::expression::Expression;
use crate::float::graph::{FloatLayer, Typed};
use crate::float::missing::Missing;
use crate::import::builder::Builder;
use crate::import::builder::push;
use crate::import::decisions::Decisions;
use crate::import::kinds;
use crate::import::kinds::Held;
use crate::import::single_steps::{SingleSteps, has_doubles};
use crate::import::values::Value;
use crate::import::values::affine::Affine;

/// `value = expression(base)`.
pub(crate) struct Lineage {
    /// The ONNX value it is a function of; that one has an [`Affine`].
    pub(crate) base: String,
    pub(crate) expression: Expression,
    /// The ONNX nodes folded into the expression.
    pub(crate) nodes: Vec<String>,
}

/// A function of an ONNX value that has been made a tensor.
pub(crate) struct Applied {
    pub(crate) base: String,
    pub(crate) expression: Expression,
    pub(crate) value: Value,
}

/// What operators of `ai.onnx.ml` need to know of one another.
#[derive(Default)]
pub(crate) struct Learnt {
    /// Names that the outputs or a needed node ask for.
    pub(crate) wanted: HashSet<String>,
    /// Input cells that tests read, with the end of the range where missing values lie.
    pub(crate) missing: HashMap<(usize, u32), Missing>,
    /// Input cells whose missing values are imputed.
    pub(crate) imputed: HashMap<(usize, u32), Missing>,
    /// Tensors that stand for an input with its missing values imputed.
    pub(crate) stand_ins: BTreeMap<usize, usize>,
    /// Values that are probabilities of all there is.
    pub(crate) distributions: HashSet<String>,
}

/// Weights per cell above which a value that is read twice becomes a tensor.
pub(crate) const HEAVY: usize = 4;

pub(crate) struct Importer<'a> {
    pub(crate) path: &'a Path,
    pub(crate) graph: &'a GraphProto,
    pub(crate) opset: i64,
    /// Every ONNX value known so far.
    pub(crate) values: HashMap<String, Value>,
    /// Constants with a value that is not finite: its position and the value.
    pub(crate) constants: HashMap<String, (usize, f64)>,
    /// Every ONNX value that is a function of another one.
    pub(crate) lineages: HashMap<String, Lineage>,
    pub(crate) applied: Vec<Applied>,
    /// Every ONNX value that is decided and no tensor yet.
    pub(crate) decisions: Decisions,
    /// What 32-bit arithmetic led from inputs to linear maps of them.
    pub(crate) single_steps: SingleSteps,
    /// Whether any number has 64 bits.
    pub(crate) has_doubles: bool,
    pub(crate) builder: Builder,
    /// Tensors that are outputs already.
    pub(crate) taken: HashSet<usize>,
    /// How many nodes read each value.
    pub(crate) readers: HashMap<String, usize>,
    /// What operators of `ai.onnx.ml` need to know of one another.
    pub(crate) ml: Learnt,
    /// Values that do not hold real numbers, by type.
    pub(crate) kinds: Held,
    /// Values of whole types that might leave them.
    pub(crate) typed: Vec<Typed>,
    /// Bytes that weights may take.
    pub(crate) memory: Option<u64>,
    /// Bytes that the weights of the values so far take.
    pub(crate) taken_bytes: u64,
}

/// Appended to the name of a classifier's scores: the same before `post_transform`.
const RAW: &str = "/raw";

/// What the scores called `name` are called before the post-transform.
pub(crate) fn raw_name(name: &str) -> String {
    format!("{name}{RAW}")
}

impl<'a> Importer<'a> {
    /// Nothing but the types that the graph declares is known yet.
    pub(crate) fn new(path: &'a Path, graph: &'a GraphProto, opset: i64) -> Self {
        Self {
            path,
            graph,
            opset,
            values: HashMap::new(),
            constants: HashMap::new(),
            lineages: HashMap::new(),
            applied: Vec::new(),
            decisions: Decisions::default(),
            single_steps: SingleSteps::default(),
            has_doubles: has_doubles(graph),
            builder: Builder::default(),
            taken: HashSet::new(),
            readers: HashMap::new(),
            ml: Learnt::default(),
            kinds: kinds::declared(graph),
            typed: Vec::new(),
            memory: None,
            taken_bytes: 0,
        }
    }

    pub(crate) fn constant(&mut self, name: &str, value: Affine) {
        // Only an error if a node uses it as a weight: Clip may have infinite bounds.
        let nan = value.bias.iter().position(|v| v.is_nan());
        let infinite = || value.bias.iter().position(|v| !v.is_finite());
        if let Some(position) = nan.or_else(infinite) {
            self.constants
                .insert(name.to_owned(), (position, value.bias[position]));
        }
        self.values.insert(name.to_owned(), Value::Rows(value));
    }

    /// Makes a value a tensor of integers, unless it is a constant, or cells of it are masked, which
    /// no tensor holds.
    pub(crate) fn materialise(&mut self, name: &str) {
        if let Some(value) = self.values.get(name)
            && !value.is_constant()
            && !value.is_masked()
        {
            let value = self
                .builder
                .tensor(&format!("{name}/integers"), value.clone());
            self.values.insert(name.to_owned(), value);
        }
    }

    /// Whether a value has so many weights that reading it twice costs more than making it a
    /// tensor.
    pub(crate) fn is_heavy(&self, name: &str) -> bool {
        match self.values.get(name) {
            Some(Value::Rows(value)) => {
                let weights = value.terms.values().flatten().map(Vec::len).sum::<usize>();
                weights > HEAVY * value.len()
            }
            Some(Value::Planes(value)) => !value.is_placement(),
            None => false,
        }
    }

    /// Whether something asks for the value called `name`.
    pub(crate) fn is_wanted(&self, name: &str) -> bool {
        self.ml.wanted.contains(name)
    }

    /// Keeps a classifier's raw scores under their own name.
    pub(crate) fn keep_raw(&mut self, name: &str, scores: &Affine) {
        self.values
            .insert(raw_name(name), Value::Rows(scores.clone()));
    }

    /// Appends a tensor and returns its id.
    pub(crate) fn push(
        &mut self,
        name: String,
        onnx_shape: &[usize],
        layer: Option<FloatLayer>,
    ) -> usize {
        push(&mut self.builder.tensors, name, onnx_shape, layer)
    }
}
