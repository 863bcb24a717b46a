//! What a file's outputs are for, as far as its nodes say.

use tract_onnx::pb::{GraphProto, NodeProto};

use crate::float::graph::{Choices, OutputKind};
use crate::import::operator::End;
use crate::import::operators;

/// Before this opset a soft-max was one over all axes from its own on.
const FLAT_BEFORE: i64 = 13;

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

/// Where the classes lie that the output called `name`, of this shape, has scores of, if a node that
/// makes or reads it says so.
pub(crate) fn choices(
    graph: &GraphProto,
    name: &str,
    shape: &[usize],
    opset: i64,
) -> Option<Choices> {
    let mut nodes = graph.node.iter();
    let beside = |node: &&NodeProto| {
        let made = node.output.first().is_some_and(|it| it == name) && is_soft_max(node);
        let read = node.input.first().is_some_and(|it| it == name);
        (made || read) && chooses(node)
    };
    let node = nodes.find(beside)?;
    let flat = is_soft_max(node) && opset < FLAT_BEFORE;
    let stated = node.attribute.iter().find(|it| it.name == "axis");
    let End::Chooses { axis } = end(node) else {
        return None;
    };
    let axis = stated.map_or(if flat { 1 } else { axis }, |stated| stated.i);
    let rank = i64::try_from(shape.len()).ok()?;
    let axis = usize::try_from(if axis < 0 { axis + rank } else { axis }).ok()?;
    let after: usize = shape.get(axis + 1..)?.iter().product();
    let choices = match flat {
        true => Choices::of_neighbours(shape[axis] * after),
        false => Choices {
            classes: shape[axis],
            stride: after,
        },
    };
    (choices.classes >= 2).then_some(choices)
}

fn is_soft_max(node: &NodeProto) -> bool {
    operators::find(&node.domain, &node.op_type).is_some_and(|operator| operator.soft_max)
}

fn end(node: &NodeProto) -> End {
    operators::find(&node.domain, &node.op_type).map_or(End::Open, |operator| operator.end)
}

fn of_maker(node: &NodeProto) -> OutputKind {
    // What a soft-max gives is in the order of its operand's scores.
    let scores = is_soft_max(node) && chooses(node);
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
