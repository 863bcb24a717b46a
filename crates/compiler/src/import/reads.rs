//! What nodes read, their graphs included.

use std::collections::HashSet;

use tract_onnx::pb::{GraphProto, NodeProto};

/// Every value that a node reads: its operands, and what its graphs take from outside.
pub(crate) fn reads(node: &NodeProto) -> Vec<String> {
    let mut all = node.input.clone();
    for graph in graphs(node) {
        all.extend(captured(graph));
    }
    all
}

fn graphs(node: &NodeProto) -> impl Iterator<Item = &GraphProto> {
    let attributes = node.attribute.iter();
    attributes.flat_map(|attribute| attribute.g.iter().chain(&attribute.graphs))
}

/// What a graph defines itself.
pub(crate) fn defined(graph: &GraphProto) -> HashSet<&str> {
    let inputs = graph.input.iter().map(|input| input.name.as_str());
    let constants = graph.initializer.iter().map(|tensor| tensor.name.as_str());
    let outputs = graph.node.iter().flat_map(|node| &node.output);
    inputs
        .chain(constants)
        .chain(outputs.map(String::as_str))
        .filter(|name| !name.is_empty())
        .collect()
}

/// The names that a graph takes from outside.
fn captured(graph: &GraphProto) -> Vec<String> {
    let own = defined(graph);
    let outputs = graph.output.iter().map(|output| output.name.clone());
    let read = graph.node.iter().flat_map(reads).chain(outputs);
    read.filter(|name| !name.is_empty() && !own.contains(name.as_str()))
        .collect()
}
