//! The order of nodes: files need not list them as they depend on one another, though ONNX says so.

use std::cmp::Reverse;
use std::collections::{BinaryHeap, HashMap};

use tract_onnx::pb::NodeProto;

use crate::import::reads::reads;

/// Why nodes have no order.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Disorder {
    /// Two nodes make the value of this name.
    Twice(String),
    /// These nodes wait for one another.
    Cycle(Vec<String>),
}

impl Disorder {
    /// What is wrong and what to do about it.
    pub(crate) fn detail(&self) -> String {
        match self {
            Self::Twice(name) => format!(
                "two nodes produce the value `{name}`; the file is damaged, export the model again"
            ),
            Self::Cycle(nodes) => format!(
                "the nodes {} wait for one another's results; a graph of ONNX has no cycles, so export the model again",
                nodes
                    .iter()
                    .map(|node| format!("`{node}`"))
                    .collect::<Vec<_>>()
                    .join(", ")
            ),
        }
    }
}

/// The numbers of `nodes` in an order in which each comes after those whose outputs it reads: the
/// file's, as far as that is one.
pub(crate) fn sorted(nodes: &[NodeProto]) -> Result<Vec<usize>, Disorder> {
    let mut makers: HashMap<&str, usize> = HashMap::new();
    for (number, node) in nodes.iter().enumerate() {
        for output in node.output.iter().filter(|output| !output.is_empty()) {
            if makers.insert(output, number).is_some() {
                return Err(Disorder::Twice(output.clone()));
            }
        }
    }
    let mut waiting = vec![0usize; nodes.len()];
    let mut readers: Vec<Vec<usize>> = vec![Vec::new(); nodes.len()];
    for (number, node) in nodes.iter().enumerate() {
        let mut before: Vec<usize> = reads(node)
            .iter()
            .filter_map(|name| makers.get(name.as_str()).copied())
            .collect();
        before.sort_unstable();
        before.dedup();
        waiting[number] = before.len();
        for maker in before {
            readers[maker].push(number);
        }
    }
    let ready = |(number, count): (usize, &usize)| (*count == 0).then_some(Reverse(number));
    let mut next: BinaryHeap<_> = waiting.iter().enumerate().filter_map(ready).collect();
    let mut order = Vec::with_capacity(nodes.len());
    while let Some(Reverse(number)) = next.pop() {
        order.push(number);
        for reader in &readers[number] {
            waiting[*reader] -= 1;
            if waiting[*reader] == 0 {
                next.push(Reverse(*reader));
            }
        }
    }
    if order.len() == nodes.len() {
        return Ok(order);
    }
    Err(Disorder::Cycle(cycle(&waiting, &readers, nodes)))
}

/// Some nodes of a cycle among those still `waiting`.
fn cycle(waiting: &[usize], readers: &[Vec<usize>], nodes: &[NodeProto]) -> Vec<String> {
    // Every node that waits has one before it that waits, so walking back ends in a cycle.
    let before = |of: usize| {
        let mut stuck = (0..nodes.len()).filter(|n| waiting[*n] > 0);
        stuck.find(|n| readers[*n].contains(&of))
    };
    let mut path: Vec<usize> = Vec::new();
    let mut at = waiting.iter().position(|count| *count > 0);
    while let Some(node) = at {
        if let Some(first) = path.iter().position(|seen| *seen == node) {
            path.drain(..first);
            break;
        }
        path.push(node);
        at = before(node);
    }
    path.reverse();
    let name = |number: &usize| {
        let node = &nodes[*number];
        match (node.name.is_empty(), node.output.first()) {
            (true, Some(output)) => output.clone(),
            _ => node.name.clone(),
        }
    };
    path.iter().take(8).map(name).collect()
}
