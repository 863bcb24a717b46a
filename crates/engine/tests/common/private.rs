//! A model that may be private, of one that is not.
#![allow(unreachable_pub, clippy::unwrap_used)]

use verdict_model::{CompiledModel, Function};

/// The same model with tables that cover all weights of its bits, as the compiler makes them for
/// private weights: its own tables, with the last value repeated at either end.
pub fn for_private_weights(model: &CompiledModel) -> CompiledModel {
    let mut graph = model.graph().clone();
    for function in &mut graph.functions {
        if let Function::Table(table) = function {
            let more = 1 << 12;
            let (first, last) = (table.values[0], table.values[table.values.len() - 1]);
            table.q_min -= more as i64;
            table.values.splice(0..0, vec![first; more]);
            table.values.extend(vec![last; more]);
        }
    }
    CompiledModel::new(graph, model.manifest().clone()).unwrap()
}
