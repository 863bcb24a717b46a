//! Which node two readings of a file part at.

use std::collections::{HashMap, HashSet};
use std::time::{Duration, Instant};

use tract_onnx::pb::{GraphProto, ModelProto, NodeProto};

use super::compare::{Difference, difference};
use crate::float::graph::FloatGraph;
use crate::float::reference::Plan;
use crate::import::import_again;
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
    let order = before(proto.graph.as_ref()?, name);
    let mut search = Search {
        graph,
        proto,
        rows,
        known: HashMap::new(),
        until: Instant::now() + TIME,
    };
    let mut end = order.len().checked_sub(1)?;
    search.known.insert(end, Some(Some(found)));
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
    let (value, node) = order[end];
    let difference = search.known.remove(&end)???;
    let unseen = order[..end].iter().enumerate();
    let unseen = unseen.filter(|(at, _)| matches!(search.known.get(at), Some(None)));
    Some(Parting {
        node,
        value: value.to_owned(),
        difference,
        unseen: unseen.map(|(_, (_, node))| *node).collect(),
    })
}

/// The values that `name` depends on, in an order in which none comes before what it depends on;
/// `name` is the last.
fn before<'p>(graph: &'p GraphProto, name: &str) -> Vec<Step<'p>> {
    let outputs = |node: &'p NodeProto| node.output.iter().map(move |name| (name.as_str(), node));
    let makers: HashMap<&str, &NodeProto> = graph.node.iter().flat_map(outputs).collect();
    let mut order = Vec::new();
    let mut done: HashSet<&str> = HashSet::new();
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
            order.push((value, *node));
        } else if done.insert(value) {
            stack.push((value, true));
            let inputs = node.input.iter().rev().filter(|name| !name.is_empty());
            stack.extend(inputs.map(|name| (name.as_str(), false)));
        }
    }
    order
}

impl Search<'_> {
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
        let seen = compared();
        self.known.insert(at, seen.clone());
        seen
    }
}
