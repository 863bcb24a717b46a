//! Which node two readings of a file part at.

use std::collections::{HashMap, HashSet};
use std::time::{Duration, Instant};

use tract_onnx::pb::{GraphProto, ModelProto, NodeProto};

use super::compare::{Difference, difference};
use crate::float::graph::FloatGraph;
use crate::float::reference::Plan;
use crate::import::{import_again, operator};
use verdict_model::Row;

/// Looking is for a better message; nobody waits longer for it.
const TIME: Duration = Duration::from_secs(20);

/// Where two readings part.
pub(super) struct Parting<'p> {
    pub(super) node: &'p NodeProto,
    pub(super) value: String,
    pub(super) difference: Difference,
    /// Nodes before that one whose values nobody could compare.
    pub(super) unseen: Vec<&'p NodeProto>,
}

struct Search<'a> {
    graph: &'a FloatGraph,
    proto: &'a ModelProto,
    rows: &'a [&'a Row],
    /// Whether values that tract has no numbers for count as the same.
    numbers: bool,
    /// By position in the order: `None` if the value cannot be compared.
    known: HashMap<usize, Option<Option<Difference>>>,
    until: Instant,
}

/// A value and the node that makes it.
type Step<'p> = (&'p str, &'p NodeProto);

/// Looks for the first value, in the file's order, that differs on one of `rows`; `name` is an
/// output that does, by `found`. `None` if no node makes it.
pub(super) fn parting<'p>(
    graph: &FloatGraph,
    proto: &'p ModelProto,
    rows: &[&Row],
    name: &str,
    found: Difference,
) -> Option<Parting<'p>> {
    let (mut search, order) = Search::at(graph, proto, rows, TIME, (name, found))?;
    let mut end = order.len() - 1;
    // Differences spread to whatever comes after, so halving finds where one begins.
    let mut start = 0;
    while start < end {
        let (middle, seen) = search.near(&order, start, end);
        match seen {
            Some(Some(_)) => end = middle,
            Some(None) => start = middle + 1,
            None => break,
        }
    }
    // Beside the branch that was followed there may be another that differs earlier.
    while let Some(earlier) = search.operand(&order, end) {
        end = earlier;
    }
    search.ended(&order, end)
}

/// The same, where values that tract has no numbers for count as the same: nobody asks for those of
/// a soft-max that a mask closes, say, unless what finds them out is wrong.
pub(super) fn parting_of_numbers<'p>(
    graph: &FloatGraph,
    proto: &'p ModelProto,
    rows: &[&Row],
    name: &str,
    found: Difference,
) -> Option<Parting<'p>> {
    let (mut search, order) = Search::at(graph, proto, rows, TIME / 4, (name, found))?;
    search.numbers = true;
    // Such a difference may end where there is no number, and begin again.
    let first = (0..order.len()).find(|at| matches!(search.look(&order, *at), Some(Some(_))))?;
    search.ended(&order, first)
}

/// Where two readings part before a node that one of them cannot run; `None` if they agree up to
/// there, as far as they can be compared.
pub(super) fn parting_before<'p>(
    graph: &FloatGraph,
    proto: &'p ModelProto,
    rows: &[&Row],
) -> Option<Parting<'p>> {
    let mut search = Search::new(graph, proto, rows, TIME / 4);
    for name in &graph.output_names {
        let order = before(proto.graph.as_ref()?, name);
        search.known.clear();
        // What comes after such a node cannot be run either.
        let (mut start, mut end) = (0, order.len());
        while start < end {
            let middle = usize::midpoint(start, end);
            match search.look(&order, middle) {
                Some(Some(found)) => {
                    return parting(graph, proto, rows, order[middle].0, found);
                }
                Some(None) => start = middle + 1,
                None => end = middle,
            }
        }
    }
    None
}

/// The values that `name` depends on and that depend on an input themselves, in an order in which
/// none comes before what it depends on; `name` is the last.
fn before<'p>(graph: &'p GraphProto, name: &str) -> Vec<Step<'p>> {
    let outputs = |node: &'p NodeProto| node.output.iter().map(move |name| (name.as_str(), node));
    let makers: HashMap<&str, &NodeProto> = graph.node.iter().flat_map(outputs).collect();
    let mut order = Vec::new();
    let mut done: HashSet<&str> = HashSet::new();
    let constants: HashSet<&str> = graph.initializer.iter().map(|of| &*of.name).collect();
    let inputs = graph.input.iter().map(|input| &*input.name);
    let mut varies: HashSet<&str> = inputs.filter(|name| !constants.contains(name)).collect();
    let mut stack: Vec<(&str, bool)> = makers
        .get_key_value(name)
        .map(|(k, _)| (*k, false))
        .into_iter()
        .collect();
    while let Some((value, ready)) = stack.pop() {
        let Some(node) = makers.get(value) else {
            continue;
        };
        if ready {
            // Shapes are constants, whatever they are of.
            let known = operator(&node.domain, &node.op_type);
            let of_values = !known.is_some_and(|known| known.only_shape);
            if of_values && node.input.iter().any(|input| varies.contains(&**input)) {
                varies.insert(value);
                order.push((value, *node));
            }
        } else if done.insert(value) {
            stack.push((value, true));
            let inputs = node.input.iter().rev().filter(|name| !name.is_empty());
            stack.extend(inputs.map(|name| (name.as_str(), false)));
        }
    }
    order
}

impl<'a> Search<'a> {
    fn new(
        graph: &'a FloatGraph,
        proto: &'a ModelProto,
        rows: &'a [&'a Row],
        time: Duration,
    ) -> Self {
        Self {
            graph,
            proto,
            rows,
            numbers: false,
            known: HashMap::new(),
            until: Instant::now() + time,
        }
    }

    /// A search before an output that differs, and the order of what it depends on.
    fn at<'p>(
        graph: &'a FloatGraph,
        proto: &'p ModelProto,
        rows: &'a [&'a Row],
        time: Duration,
        (name, found): (&str, Difference),
    ) -> Option<(Self, Vec<Step<'p>>)>
    where
        'p: 'a,
    {
        let mut search = Self::new(graph, proto, rows, time);
        let order = before(proto.graph.as_ref()?, name);
        search
            .known
            .insert(order.len().checked_sub(1)?, Some(Some(found)));
        Some((search, order))
    }

    /// What is known of the value at `end`, at which the search ends.
    fn ended<'p>(&mut self, order: &[Step<'p>], end: usize) -> Option<Parting<'p>> {
        let (value, node) = order[end];
        let difference = self.known.remove(&end)???;
        let unseen = order[..end].iter().enumerate();
        let unseen = unseen.filter(|(at, _)| matches!(self.known.get(at), Some(None)));
        Some(Parting {
            node,
            value: value.to_owned(),
            difference,
            unseen: unseen.map(|(_, (_, node))| *node).collect(),
        })
    }

    /// The value nearest to the middle of `start..end` that can be compared, and what came of it.
    fn near(
        &mut self,
        order: &[Step<'_>],
        start: usize,
        end: usize,
    ) -> (usize, Option<Option<Difference>>) {
        let middle = usize::midpoint(start, end);
        let by_distance =
            (0..end - start).flat_map(|d| [middle.checked_add(d), middle.checked_sub(d + 1)]);
        for at in by_distance.flatten().filter(|at| (start..end).contains(at)) {
            if let Some(seen) = self.look(order, at) {
                return (at, Some(seen));
            }
        }
        (middle, None)
    }

    /// An operand of the value at `end` that differs, too.
    fn operand(&mut self, order: &[Step<'_>], end: usize) -> Option<usize> {
        let inputs = &order[end].1.input;
        let operands = (0..end).filter(|at| inputs.iter().any(|input| input == order[*at].0));
        let operands: Vec<usize> = operands.collect();
        let mut operands = operands.into_iter();
        operands.find(|at| matches!(self.look(order, *at), Some(Some(_))))
    }

    /// Compares a value; `None` if one of both cannot compute it by itself.
    fn look(&mut self, order: &[Step<'_>], at: usize) -> Option<Option<Difference>> {
        if let Some(known) = self.known.get(&at) {
            return known.clone();
        }
        if Instant::now() > self.until {
            return None;
        }
        let name = order[at].0;
        let compared = || {
            let graph = import_again(self.graph, self.proto, &[name]).ok()?;
            let plan = Plan::new(&graph, self.proto, &[name]).ok()?;
            difference(&graph, &plan, self.rows).ok()
        };
        let mut seen = compared();
        if self.numbers {
            seen = seen.map(|found| found.filter(|found| found.theirs.is_finite()));
        }
        self.known.insert(at, seen.clone());
        seen
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use crate::float::reference::proto_of;
    use crate::import::import;
    use prost::Message;
    use tract_onnx::pb::tensor_proto::DataType;
    use tract_onnx::pb::tensor_shape_proto::{Dimension, dimension};
    use tract_onnx::pb::{
        AttributeProto, OperatorSetIdProto, TensorProto, TensorShapeProto, TypeProto,
        ValueInfoProto, type_proto,
    };

    fn node(op: &str, input: &[&str], output: &str) -> NodeProto {
        NodeProto {
            name: format!("/{output}"),
            op_type: op.into(),
            input: input.iter().map(|name| (*name).to_owned()).collect(),
            output: vec![output.into()],
            ..Default::default()
        }
    }

    /// `Relu`, a `Swish` whose slope tract ignores, `Neg`, a crop that tract cannot run, `Relu`.
    fn model() -> ModelProto {
        let dim = |n| Dimension {
            value: Some(dimension::Value::DimValue(n)),
            ..Default::default()
        };
        let value = type_proto::Value::TensorType(type_proto::Tensor {
            elem_type: DataType::Float as i32,
            shape: Some(TensorShapeProto {
                dim: vec![dim(1), dim(5)],
            }),
        });
        let named = |name: &str| ValueInfoProto {
            name: name.into(),
            r#type: Some(TypeProto {
                value: Some(value.clone()),
                ..Default::default()
            }),
            ..Default::default()
        };
        let mut swish = node("Swish", &["a"], "b");
        swish.attribute = vec![AttributeProto {
            name: "alpha".into(),
            r#type: 1,
            f: 0.5,
            ..Default::default()
        }];
        ModelProto {
            ir_version: 10,
            opset_import: vec![OperatorSetIdProto {
                version: 24,
                ..Default::default()
            }],
            graph: Some(GraphProto {
                name: "g".into(),
                input: vec![named("x")],
                output: vec![named("y")],
                initializer: vec![TensorProto {
                    name: "pads".into(),
                    dims: vec![4],
                    data_type: DataType::Int64 as i32,
                    int64_data: vec![0, -2, 0, 1],
                    ..Default::default()
                }],
                node: vec![
                    node("Relu", &["x"], "a"),
                    swish,
                    node("Neg", &["b"], "c"),
                    node("Pad", &["c", "pads"], "d"),
                    node("Relu", &["d"], "y"),
                ],
                ..Default::default()
            }),
            ..Default::default()
        }
    }

    #[test]
    fn what_comes_before_a_node_that_cannot_be_run_is_compared() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("m.onnx");
        std::fs::write(&path, model().encode_to_vec()).unwrap();
        let graph = import(&path).unwrap();
        let proto = proto_of(&graph).unwrap();
        let row: Row = vec![vec![0.5, -1.0, 2.0, 0.25, 1.5]];
        let run = Plan::new(&graph, &proto, &["y"]).and_then(|plan| plan.run(&row));
        assert!(run.is_err(), "{run:?}");
        let found = parting_before(&graph, &proto, &[&row]).unwrap();
        assert_eq!((found.node.op_type.as_str(), &*found.value), ("Swish", "b"));
        assert_eq!(found.difference.row, 0);
    }

    #[test]
    fn the_order_has_what_varies_only() {
        let model = model();
        let graph = model.graph.as_ref().unwrap();
        let names = |name| before(graph, name).into_iter().map(|(name, _)| name);
        assert_eq!(names("y").collect::<Vec<_>>(), ["a", "b", "c", "d", "y"]);
        assert_eq!(names("pads").count() + names("none").count(), 0);
    }
}
