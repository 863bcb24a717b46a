//! The operators of `ai.onnx.ml`: what scikit-learn, XGBoost and LightGBM models become when they are converted.

mod attributes;
mod cast;
mod classifier;
mod encoders;
mod ensemble;
mod features;
mod linear;
mod missing;
mod post_transform;
mod preprocess;
mod svm;
mod trees;

use tract_onnx::pb::tensor_proto::DataType;
use tract_onnx::pb::{GraphProto, NodeProto, ValueInfoProto, type_proto};

use super::{Importer, hints};
use crate::Result;
use crate::import::node::Node;
use crate::linear::Affine;

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

impl<'a> Importer<'a> {
    /// Runs a node of [`DOMAIN`].
    pub(super) fn run_ml(&mut self, proto: &'a NodeProto) -> Result<()> {
        let name = match proto.output.iter().find(|name| !name.is_empty()) {
            Some(output) if proto.name.is_empty() => output.clone(),
            _ => proto.name.clone(),
        };
        // Operators here add tensors of their own, so they cannot borrow the values.
        let operands: Vec<Option<Affine>> = proto
            .input
            .iter()
            .map(|input| self.values.get(input).cloned())
            .collect();
        let node = Node {
            path: self.path,
            proto,
            name,
            opset: self.opset,
            operands: operands.iter().map(Option::as_ref).collect(),
        };
        if let Some(unknown) = proto
            .input
            .iter()
            .find(|input| !input.is_empty() && !self.values.contains_key(*input))
        {
            return Err(self.unavailable(&node, unknown));
        }
        for (index, mut value) in self.evaluate_ml(&node)? {
            if !value.is_finite() {
                return Err(node.invalid(
                    "its folded weights overflow; check the model's weights for huge values",
                ));
            }
            if !value.is_constant() && value.nodes.last() != Some(&node.name) {
                value.nodes.push(node.name.clone());
            }
            if let Some(output) = proto.output.get(index).filter(|name| !name.is_empty()) {
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
            "Normalizer" => only(preprocess::normalizer(node)?),
            // Names each probability with its class; the numbers stay as they are.
            "ZipMap" => only(node.operand(0)?.clone()),
            op => Err(node.unsupported(hints::hint(op))),
        }
    }

    /// Why a node's operand is not there.
    fn unavailable(&self, node: &Node<'_>, name: &str) -> crate::ModelError {
        node.invalid(format!(
            "reads value `{name}`, which nothing before it defines; the file is damaged, export the model again"
        ))
    }

    /// Whether something asks for the value called `name`.
    fn is_wanted(&self, name: &str) -> bool {
        self.wanted.contains(name)
    }
}
