//! The operators of `ai.onnx.ml`: what scikit-learn, XGBoost and LightGBM models become when they
//! are converted.

mod attributes;
pub(crate) mod encoders;
pub(crate) mod ensemble;
pub(crate) mod forest;
pub(crate) mod linear;
mod missing;
pub(crate) mod normalizer;
mod post_transform;
pub(crate) mod preprocess;
pub(crate) mod probes;
mod scores;
pub(crate) mod svm;
pub(crate) mod trees;
mod trees_5;

use tract_onnx::pb::tensor_proto::DataType;
use tract_onnx::pb::{GraphProto, ValueInfoProto, type_proto};

use crate::import::values::affine::Affine;

/// The domain of these operators.
pub(crate) const DOMAIN: &str = "ai.onnx.ml";

/// The outputs to compile where the caller names none: all of the graph's, but not the labels
/// beside a classifier's scores. Whoever reads the scores can tell the label.
pub(crate) fn natural_outputs(graph: &GraphProto) -> Vec<String> {
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
pub(crate) type Outputs = Vec<(usize, Affine)>;
