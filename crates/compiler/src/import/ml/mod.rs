//! The operators of `ai.onnx.ml`: what scikit-learn, XGBoost and LightGBM models become when they are converted.

mod attributes;
mod cast;
mod classifier;
mod encoders;
mod ensemble;
mod features;
mod linear;
mod missing;
mod normalizer;
mod post_transform;
mod preprocess;
mod svm;
mod trees;
mod trees_5;

use std::collections::{BTreeMap, HashMap, HashSet};

use tract_onnx::pb::tensor_proto::DataType;
use tract_onnx::pb::{GraphProto, ValueInfoProto, type_proto};

use super::builder::push;
use super::hints;
use super::importer::{Importer, explicit, finished};
use super::node::Node;
use crate::Result;
use crate::float::graph::FloatLayer;
use crate::float::missing::Missing;
use crate::import::values::affine::{Affine, Value};

/// The domain of these operators.
pub(super) const DOMAIN: &str = "ai.onnx.ml";

/// Appended to the name of a classifier's scores: the same before `post_transform`.
const RAW: &str = "/raw";

/// What the scores called `name` are called before the post-transform.
pub(super) fn raw_name(name: &str) -> String {
    format!("{name}{RAW}")
}

/// The outputs to compile where the caller names none: all of the graph's, but not the labels beside a classifier's scores. Whoever
/// reads the scores can tell the label.
pub(super) fn natural_outputs(graph: &GraphProto) -> Vec<String> {
    let of = |output: &ValueInfoProto| match output.r#type.as_ref().and_then(|t| t.value.as_ref()) {
        Some(type_proto::Value::TensorType(tensor)) => DataType::try_from(tensor.elem_type).ok(),
        _ => None,
    };
    let is_label =
        |output: &&ValueInfoProto| matches!(of(output), Some(DataType::Int64 | DataType::String));
    let classifies = graph.node.iter().any(|node| node.domain == DOMAIN);
    let scores = graph.output.iter().any(|output| !is_label(&output));
    let natural = graph
        .output
        .iter()
        .filter(|output| !(classifies && scores && is_label(output)));
    natural.map(|output| output.name.clone()).collect()
}

/// What a node computes: its outputs in order. An output that nothing asks for may be left out.
type Outputs = Vec<(usize, Affine)>;

/// What these operators need to know of one another.
#[derive(Default)]
pub(super) struct State {
    /// Names that the outputs or a needed node ask for.
    pub(super) wanted: HashSet<String>,
    /// Input cells that tests read, with the end of the range where missing values lie.
    missing: HashMap<(usize, u32), Missing>,
    /// Input cells whose missing values are imputed.
    imputed: HashMap<(usize, u32), Missing>,
    /// Tensors that stand for an input with its missing values imputed.
    stand_ins: BTreeMap<usize, usize>,
    /// Values that are probabilities of all there is.
    distributions: HashSet<String>,
}

impl Importer<'_> {
    /// Runs a node of [`DOMAIN`], whose operands are known.
    pub(super) fn run_ml(&mut self, node: &Node<'_>) -> Result<()> {
        let proto = node.proto;
        for input in &proto.input {
            self.force(input)?;
        }
        let operands: Vec<Option<Affine>> = proto
            .input
            .iter()
            .map(|input| match self.values.get(input)? {
                Value::Rows(value) => Some(value.clone()),
                planes => explicit(Some(planes), input, &mut self.builder),
            })
            .collect();
        let replaced = std::mem::take(&mut self.builder.replaced);
        self.values.extend(replaced);
        let node = node.with(operands.iter().map(Option::as_ref).collect());
        for (index, value) in self.evaluate_ml(&node)? {
            if let Some(output) = proto.output.get(index).filter(|name| !name.is_empty()) {
                let value = finished(&node, Value::Rows(value))?;
                self.values.insert(output.clone(), value);
            }
        }
        // A classifier's raw scores go by their own name wherever they are passed on as they are.
        if let ("ZipMap", [input, ..], [output, ..]) =
            (node.op(), &proto.input[..], &proto.output[..])
            && let Some(raw) = self.values.get(&raw_name(input)).cloned()
        {
            self.values.insert(raw_name(output), raw);
        }
        Ok(())
    }

    fn evaluate_ml(&mut self, node: &Node<'_>) -> Result<Outputs> {
        let only = |value: Affine| Ok(vec![(0, value)]);
        match node.op() {
            "TreeEnsembleClassifier" => classifier::trees(self, node),
            "TreeEnsembleRegressor" | "TreeEnsemble" => only(classifier::tree_scores(self, node)?),
            "LinearClassifier" => classifier::linear(self, node),
            "LinearRegressor" => only(linear::regressor(self, node)?),
            "SVMClassifier" => classifier::svm(self, node),
            "SVMRegressor" => only(svm::regressor(self, node)?),
            "Scaler" => only(preprocess::scaler(node)?),
            "Imputer" => only(preprocess::imputer(self, node)?),
            "Binarizer" => only(encoders::binarizer(self, node)?),
            "FeatureVectorizer" => only(preprocess::feature_vectorizer(node)?),
            "ArrayFeatureExtractor" => only(preprocess::array_feature_extractor(node)?),
            "LabelEncoder" => only(encoders::label_encoder(self, node)?),
            "OneHotEncoder" => only(encoders::one_hot(self, node)?),
            "Normalizer" => only(normalizer::normalizer(self, node)?),
            // Names each probability with its class; the numbers stay as they are.
            "ZipMap" => only(node.operand(0)?.clone()),
            op => Err(node.unsupported(hints::hint(op))),
        }
    }

    /// Whether something asks for the value called `name`.
    fn is_wanted(&self, name: &str) -> bool {
        self.ml.wanted.contains(name)
    }

    /// Keeps a classifier's raw scores under their own name.
    fn keep_raw(&mut self, name: &str, scores: &Affine) {
        self.values
            .insert(raw_name(name), Value::Rows(scores.clone()));
    }

    /// Appends a tensor and returns its id.
    fn push(&mut self, name: String, onnx_shape: &[usize], layer: Option<FloatLayer>) -> usize {
        push(&mut self.builder.tensors, name, onnx_shape, layer)
    }
}
