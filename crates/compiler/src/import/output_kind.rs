//! What a file's outputs are for, as far as its nodes say.

use tract_onnx::pb::{GraphProto, NodeProto};

use crate::float::graph::OutputKind;
use crate::import::operator::End;
use crate::import::operators;

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
        if consumers.into_iter().any(chooses) {
            return OutputKind::Classes;
        }
        let mut makers = graph.node.iter();
        let Some(maker) = makers.find(|node| node.output.iter().any(|it| it == value)) else {
            return OutputKind::Values;
        };
        match maker.input.first() {
            Some(input) if end(maker) == End::Passes => value = input,
            _ => return of_maker(maker),
        }
    }
    OutputKind::Both
}

fn end(node: &NodeProto) -> End {
    operators::find(&node.domain, &node.op_type).map_or(End::Open, |operator| operator.end)
}

fn of_maker(node: &NodeProto) -> OutputKind {
    let operator = operators::find(&node.domain, &node.op_type);
    // What a soft-max gives is in the order of its operand's scores.
    let scores = operator.is_some_and(|operator| operator.soft_max) && chooses(node);
    match end(node) {
        _ if scores || node.op_type.ends_with("Classifier") => OutputKind::Classes,
        End::Adds => OutputKind::Both,
        _ => OutputKind::Values,
    }
}

/// Whether a node chooses among a row's cells, not along the batch.
fn chooses(node: &NodeProto) -> bool {
    let End::Chooses { axis } = end(node) else {
        return false;
    };
    let mut attributes = node.attribute.iter();
    let stated = attributes.find(|attribute| attribute.name == "axis");
    stated.map_or(axis, |attribute| attribute.i) != 0
}
