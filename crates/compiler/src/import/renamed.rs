//! Nodes under other names.

use std::collections::{HashMap, HashSet};

use tract_onnx::pb::NodeProto;

use crate::import::reads::defined;

/// The node with other names for what it reads and makes, and in its graphs for what these take
/// from outside.
pub(crate) fn renamed(node: &NodeProto, names: &HashMap<String, String>) -> NodeProto {
    let new = |name: &String| names.get(name).unwrap_or(name).clone();
    let mut node = node.clone();
    node.input = node.input.iter().map(new).collect();
    node.output = node.output.iter().map(new).collect();
    for attribute in &mut node.attribute {
        for graph in attribute.g.iter_mut().chain(&mut attribute.graphs) {
            let own: HashSet<String> = defined(graph).into_iter().map(str::to_owned).collect();
            let outer: HashMap<String, String> = names
                .iter()
                .filter(|(name, _)| !own.contains(*name))
                .map(|(name, new)| (name.clone(), new.clone()))
                .collect();
            graph.node = graph.node.iter().map(|n| renamed(n, &outer)).collect();
            for output in &mut graph.output {
                if let Some(new) = outer.get(&output.name) {
                    output.name.clone_from(new);
                }
            }
        }
    }
    node
}
