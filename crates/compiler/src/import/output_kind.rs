//! What a file's outputs are for, as far as its nodes say.

use tract_onnx::pb::{GraphProto, NodeProto};

use crate::float::graph::OutputKind;

/// Nodes that only pass on what they are given.
const PASSING: [&str; 9] = [
    "Cast",
    "Dropout",
    "Flatten",
    "Identity",
    "Normalizer",
    "Reshape",
    "Squeeze",
    "Unsqueeze",
    "ZipMap",
];
/// Nodes whose operands, or results, are scores of classes.
const CHOOSING: [&str; 5] = ["ArgMax", "Hardmax", "LogSoftmax", "Softmax", "TopK"];
/// Nodes that end a network whose outputs may be either, logits or quantities.
const LINEAR: [&str; 8] = [
    "Add", "Concat", "Div", "Gemm", "MatMul", "Mul", "Sub", "Sum",
];

/// One for each of the outputs called `names`.
pub(crate) fn output_kinds(graph: &GraphProto, names: &[String]) -> Vec<OutputKind> {
    names.iter().map(|name| output_kind(graph, name)).collect()
}

fn output_kind(graph: &GraphProto, name: &str) -> OutputKind {
    let mut value = name;
    // As many steps as there are nodes: a file may claim that a node follows itself.
    for _ in 0..=graph.node.len() {
        let consumers = graph
            .node
            .iter()
            .filter(|node| node.input.iter().any(|it| it == value));
        if consumers
            .into_iter()
            .any(|node| CHOOSING.contains(&&*node.op_type) && !over_batch(node))
        {
            return OutputKind::Classes;
        }
        let mut makers = graph.node.iter();
        let Some(maker) = makers.find(|node| node.output.iter().any(|it| it == value)) else {
            return OutputKind::Values;
        };
        let op = maker.op_type.as_str();
        match maker.input.first() {
            Some(input) if PASSING.contains(&op) => value = input,
            _ => return of_maker(maker),
        }
    }
    OutputKind::Both
}

fn of_maker(node: &NodeProto) -> OutputKind {
    let op = node.op_type.as_str();
    let scores = matches!(op, "Hardmax" | "LogSoftmax" | "Softmax") && !over_batch(node);
    match op {
        _ if scores || op.ends_with("Classifier") => OutputKind::Classes,
        _ if LINEAR.contains(&op) => OutputKind::Both,
        _ => OutputKind::Values,
    }
}

/// Whether a node chooses along the batch, not among a row's cells.
fn over_batch(node: &NodeProto) -> bool {
    let mut attributes = node.attribute.iter();
    attributes.any(|attribute| attribute.name == "axis" && attribute.i == 0)
        || (node.op_type == "ArgMax" && node.attribute.iter().all(|it| it.name != "axis"))
}
