//! Functions that a file brings along: each call becomes the nodes of the function's body, before
//! anything else looks at the graph.

use std::collections::HashMap;
use std::path::Path;

use tract_onnx::pb::{AttributeProto, FunctionProto, GraphProto, ModelProto, NodeProto};

use crate::import::renamed::renamed;
use crate::{CompileError, Result};

/// Functions may call others this deep.
const MAX_DEPTH: usize = 32;
/// More nodes than any graph that can be proved has.
const MAX_NODES: usize = 1 << 20;

/// Calls of functions by domain and name.
type Functions<'f> = HashMap<(&'f str, &'f str), &'f FunctionProto>;

struct Calls<'f> {
    path: &'f Path,
    functions: Functions<'f>,
    /// The version of ONNX's operators that the model's own nodes are written for.
    opset: Option<i64>,
    made: usize,
}

/// Puts the bodies of the model's functions where they are called.
pub(crate) fn inline(path: &Path, model: &mut ModelProto) -> Result<()> {
    let functions = std::mem::take(&mut model.functions);
    let opset = version(&model.opset_import);
    let Some(graph) = model.graph.as_mut().filter(|_| !functions.is_empty()) else {
        return Ok(());
    };
    let named = functions.iter().map(|it| ((it.domain(), it.name()), it));
    let mut calls = Calls {
        path,
        functions: named.collect(),
        opset,
        made: 0,
    };
    calls.graph(graph, 0)
}

/// The version of ONNX's own operators.
fn version(sets: &[tract_onnx::pb::OperatorSetIdProto]) -> Option<i64> {
    let own = sets
        .iter()
        .find(|set| matches!(&*set.domain, "" | "ai.onnx"));
    own.map(|set| set.version)
}

impl<'f> Calls<'f> {
    fn invalid(&self, detail: String) -> CompileError {
        CompileError::InvalidModel {
            path: self.path.into(),
            detail,
        }
    }

    fn graph(&mut self, graph: &mut GraphProto, depth: usize) -> Result<()> {
        let mut nodes = Vec::with_capacity(graph.node.len());
        for node in std::mem::take(&mut graph.node) {
            self.node(node, depth, &mut nodes)?;
        }
        graph.node = nodes;
        Ok(())
    }

    /// Adds a node to `nodes`, or what it calls.
    fn node(
        &mut self,
        mut node: NodeProto,
        depth: usize,
        nodes: &mut Vec<NodeProto>,
    ) -> Result<()> {
        let called = self
            .functions
            .get(&(&*node.domain, &*node.op_type))
            .copied();
        let Some(function) = called else {
            for attribute in &mut node.attribute {
                for graph in attribute.g.iter_mut().chain(&mut attribute.graphs) {
                    self.graph(graph, depth)?;
                }
            }
            self.made += 1;
            nodes.push(node);
            return Ok(());
        };
        if depth == MAX_DEPTH || self.made > MAX_NODES {
            return Err(self.invalid(format!(
                "function `{}` calls itself, or functions are nested more than {MAX_DEPTH} deep; export without functions",
                function.name()
            )));
        }
        let theirs = version(&function.opset_import);
        if theirs.is_some() && theirs != self.opset {
            return Err(self.invalid(format!(
                "function `{}` is written for opset {}, the model for {}; export with one opset, or inline it with onnx.inliner",
                function.name(),
                theirs.unwrap_or_default(),
                self.opset.unwrap_or_default()
            )));
        }
        let names = names(&node, function);
        for inner in &function.node {
            let mut inner = renamed(inner, &names);
            self.give(&node, function, &mut inner.attribute)?;
            if !node.name.is_empty() {
                inner.name = format!("{}/{}", node.name, inner.name);
            }
            self.node(inner, depth + 1, nodes)?;
        }
        Ok(())
    }

    /// Puts the call's attributes where the body refers to them.
    fn give(
        &self,
        call: &NodeProto,
        function: &FunctionProto,
        attributes: &mut [AttributeProto],
    ) -> Result<()> {
        for attribute in attributes {
            for graph in attribute.g.iter_mut().chain(&mut attribute.graphs) {
                for node in &mut graph.node {
                    self.give(call, function, &mut node.attribute)?;
                }
            }
            let wanted = std::mem::take(&mut attribute.ref_attr_name);
            if wanted.is_empty() {
                continue;
            }
            let given = call.attribute.iter().find(|it| it.name == wanted);
            // A default that the function states is in a field that the decoder does not know.
            let given = given.ok_or_else(|| {
                self.invalid(format!(
                    "node `{}` does not give the attribute `{wanted}` of function `{}`; inline the functions with onnx.inliner",
                    call.name, function.name()
                ))
            })?;
            *attribute = AttributeProto {
                name: attribute.name.clone(),
                ..given.clone()
            };
        }
        Ok(())
    }
}

/// The outer names of a function's own: the call's operands and results, or new ones.
fn names(call: &NodeProto, function: &FunctionProto) -> HashMap<String, String> {
    let prefix = call.output.iter().find(|name| !name.is_empty());
    let prefix = prefix.unwrap_or(&call.name);
    let inner = function.node.iter().flat_map(|node| &node.output);
    let mut names: HashMap<String, String> = inner
        .filter(|name| !name.is_empty())
        .map(|name| (name.clone(), format!("{prefix}/{name}")))
        .collect();
    // An operand that is left out is left out inside.
    let operands = call
        .input
        .iter()
        .cloned()
        .chain(std::iter::repeat(String::new()));
    names.extend(function.input.iter().cloned().zip(operands));
    let results = function.output.iter().zip(&call.output);
    let results = results.filter(|(_, outer)| !outer.is_empty());
    names.extend(results.map(|(name, outer)| (name.clone(), outer.clone())));
    names
}
