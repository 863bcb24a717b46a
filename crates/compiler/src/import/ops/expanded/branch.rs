//! `If` whose condition is known when the model is compiled: the branch that is taken, in place.

use crate::Result;
use crate::import::expand::{Expanded, Expansion};
use crate::import::node::Node;

pub(crate) fn choose(x: &mut Expansion<'_, '_>, node: &Node<'_>) -> Result<Expanded> {
    let name = node.input(0);
    let Some(condition) = x.known(&name) else {
        return Err(node.unsupported(format!(
            "its condition `{name}` depends on the model's input; export with Where instead, which computes both branches"
        )));
    };
    let [condition] = condition[..] else {
        return Err(node.invalid(format!(
            "its condition `{name}` has {} values, expected one",
            condition.len()
        )));
    };
    let branch = match condition != 0.0 {
        true => "then_branch",
        false => "else_branch",
    };
    let graph = node.raw(branch).and_then(|attribute| attribute.g.as_ref());
    let graph = graph.ok_or_else(|| {
        node.invalid(format!(
            "has no `{branch}`; the file is damaged, export the model again"
        ))
    })?;
    Ok(x.inline(graph, &[])?.into_iter().enumerate().collect())
}
