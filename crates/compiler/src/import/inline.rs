//! Graphs inside graphs: a body run in place as if its nodes stood in the outer graph, its own names
//! with a prefix.

use std::collections::{HashMap, HashSet};

use tract_onnx::pb::{GraphProto, NodeProto};

use crate::import::order;
use crate::import::proto;
use crate::import::reads::{defined, reads};
use crate::import::renamed::renamed;
use crate::import::state::{Importer, raw_name};
use crate::{CompileError, Result};

impl Importer<'_> {
    /// Runs the nodes of `graph` that its outputs need, in the file's order. `bound` says which
    /// outer value each of its inputs is; its other names get `prefix`. Returns the names of its
    /// outputs.
    pub(crate) fn inline(
        &mut self,
        graph: &GraphProto,
        prefix: &str,
        bound: &[(String, String)],
    ) -> Result<Vec<String>> {
        let mut names: HashMap<String, String> = defined(graph)
            .into_iter()
            .map(|name| (name.to_owned(), format!("{prefix}/{name}")))
            .collect();
        names.extend(bound.iter().cloned());
        let new = |name: &String| names.get(name).unwrap_or(name).clone();
        for initializer in &graph.initializer {
            let value = proto::tensor(self.path, initializer)?;
            let name = new(&initializer.name);
            if let Some(kind) = crate::import::kinds::kind(initializer.data_type) {
                self.kinds.insert(name.clone(), kind);
            }
            self.constant(&name, value);
        }
        let outputs: Vec<String> = graph
            .output
            .iter()
            .map(|output| new(&output.name))
            .collect();
        let order = order::sorted(&graph.node).map_err(|disorder| CompileError::InvalidModel {
            path: self.path.into(),
            detail: disorder.detail(),
        })?;
        let node = |number: usize| renamed(&graph.node[number], &names);
        let nodes: Vec<NodeProto> = order.into_iter().map(node).collect();
        let mut wanted: HashSet<String> = outputs.iter().cloned().collect();
        let mut needed = vec![false; nodes.len()];
        for (node, needed) in nodes.iter().zip(&mut needed).rev() {
            *needed = node
                .output
                .iter()
                .any(|output| wanted.contains(output) || wanted.contains(&raw_name(output)));
            if *needed {
                wanted.extend(reads(node));
            }
        }
        self.ml.wanted.extend(wanted);
        for (node, _) in nodes.iter().zip(needed).filter(|(_, needed)| *needed) {
            self.run_noted(node)?;
        }
        Ok(outputs)
    }
}
