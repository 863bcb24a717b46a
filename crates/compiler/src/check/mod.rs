//! The alarm: the importer's reading of a file against tract's, before anything is made of it.
//!
//! A model that proves the wrong function is the worst that can happen here, and nothing after the
//! import could tell. So [`checked`](Reference::checked) runs data through both readings, and
//! refuses a file that they differ on by more than [rounding](compare), naming the node where they
//! part. Where it is tract that cannot run the file, or is [known](defects) to be wrong, the
//! importer's graph is the only reading left, and the result says so.

mod bisect;
mod compare;
mod noise;

use std::collections::HashSet;

use tract_onnx::pb::{ModelProto, NodeProto};

use crate::error::ImportDifference;
use crate::float::graph::FloatGraph;
use crate::float::reference::{Plan, Reference, ReferenceBy, proto_of};
use crate::import::{operator, proto};
use crate::masks;
use crate::{CompileError, Result};
use bisect::{Parting, parting, parting_before, parting_of_numbers};
use compare::{Difference, difference};
use verdict_model::{DataSet, Row};

/// Multiplications that the check may take, and rows whatever they take.
const MAX_PRODUCTS: usize = 1 << 29;
const MOST_ROWS: usize = 1024;
const FEWEST_ROWS: usize = 8;
/// Leaves that tract may walk past in every row that the integers are compared with: a tenth of a
/// second for a hundred rows.
const MAX_WALKED: usize = 1 << 17;
/// A leaf that tract walks past takes as long as so many multiplications.
const LEAF: usize = 8;
/// Rows that the search for the node looks at.
const ROWS_SEARCHED: usize = 16;

impl Reference {
    /// Prepares the ONNX file `graph` was imported from and runs rows of `data` through it and
    /// through `graph`.
    ///
    /// A difference beyond rounding is a [`CompileError::ImportDiffers`], unless it is known to be
    /// tract's mistake or `accept` says to go on nevertheless.
    pub fn checked(graph: &FloatGraph, data: &DataSet, accept: bool) -> Result<Self> {
        let fitted = masks::fitted(graph, data);
        let graph = fitted.as_ref();
        let proto = match proto_of(graph) {
            Ok(proto) => proto,
            Err(error) => return Ok(Self::own(graph, error)),
        };
        let walked = walked(&proto);
        let rows = chosen(graph, data, walked);
        let names: Vec<&str> = graph.output_names.iter().map(String::as_str).collect();
        let compared = Plan::new(graph, &proto, &names).and_then(|plan| {
            let found = difference(graph, &plan, &rows)?;
            Ok((plan, found))
        });
        let (mut reference, differs) = match compared {
            Ok((_, None)) if walked > MAX_WALKED => return Ok(Self::agreed(graph, rows.len())),
            Ok((plan, None)) => return Ok(Self::tract(graph, plan)),
            Ok((plan, Some(found))) => {
                let differs = Differs::new(graph, &proto, &rows, found);
                (Self::tract(graph, plan), differs)
            }
            Err(error) => {
                let own = Self::own(graph, format!("tract cannot run the file: {error}"));
                let searched: Vec<&Row> = rows.iter().take(ROWS_SEARCHED).copied().collect();
                match parting_before(graph, &proto, &searched) {
                    Some(parting) => (own, Differs::at(graph, &proto, &searched, parting)),
                    None => return Ok(own),
                }
            }
        };
        if let Some(does) = differs.defect {
            let reason = format!("tract {does} (node `{}`)", differs.node);
            return Ok(match reference.by() {
                ReferenceBy::Importer { .. } => reference,
                _ => Self::own(graph, reason),
            });
        }
        if accept {
            reference.accepted = true;
            return Ok(reference);
        }
        Err(differs.error(graph, data))
    }
}

/// The rows that are run: as many as can be afforded, from all over the data.
fn chosen<'d>(graph: &FloatGraph, data: &'d DataSet, walked: usize) -> Vec<&'d Row> {
    let steps = graph
        .products()
        .saturating_add(walked.saturating_mul(LEAF))
        .max(1);
    let affordable = (MAX_PRODUCTS / steps).clamp(FEWEST_ROWS, MOST_ROWS);
    let step = data.len().div_ceil(affordable).max(1);
    data.rows().iter().step_by(step).collect()
}

/// What tract walks past in one row: for each tree of an ensemble the leaves of all those before
/// it.
fn walked(proto: &ModelProto) -> usize {
    let nodes = proto.graph.iter().flat_map(|graph| &graph.node);
    let attributes = nodes.flat_map(|node| &node.attribute);
    let votes = attributes
        .filter(|of| matches!(of.name.as_str(), "class_treeids" | "target_treeids"))
        .map(|of| {
            let trees: HashSet<i64> = of.ints.iter().copied().collect();
            trees.len().saturating_mul(of.ints.len())
        });
    votes.fold(0, usize::saturating_add)
}

/// A difference, and where it begins.
struct Differs<'d> {
    node: String,
    op: String,
    value: String,
    row: &'d Row,
    found: Difference,
    defect: Option<&'static str>,
}

impl<'d> Differs<'d> {
    fn new(graph: &FloatGraph, proto: &ModelProto, rows: &[&'d Row], found: Difference) -> Self {
        let name = &graph.output_names[found.output];
        let first = found.row;
        let searched: Vec<&'d Row> = rows[first..].iter().take(ROWS_SEARCHED).copied().collect();
        let at_output = Difference {
            row: 0,
            ..found.clone()
        };
        match parting(graph, proto, &searched, name, at_output.clone()) {
            Some(parting) if !parting.difference.theirs.is_finite() => {
                let later = parting_of_numbers(graph, proto, &searched, name, at_output);
                let later = later.map(|later| Self::at(graph, proto, &searched, later));
                let known = later.filter(|later| later.defect.is_some());
                known.unwrap_or_else(|| Self::at(graph, proto, &searched, parting))
            }
            Some(parting) => Self::at(graph, proto, &searched, parting),
            None => Self {
                defect: None,
                node: name.clone(),
                op: "output".into(),
                value: name.clone(),
                row: rows[first],
                found,
            },
        }
    }

    /// A difference at a node, seen in one of `rows`.
    fn at(graph: &FloatGraph, proto: &ModelProto, rows: &[&'d Row], parting: Parting<'_>) -> Self {
        let Parting {
            node,
            value,
            difference,
            unseen,
        } = parting;
        let row = rows[difference.row];
        let values = |name: &str| values(graph, proto, row, name);
        let mut nodes = [node].into_iter().chain(unseen);
        Self {
            defect: nodes.find_map(|node| {
                let defect = operator(&node.domain, &node.op_type)?.defect?;
                defect.of(node, &values)
            }),
            node: called(node),
            op: node.op_type.clone(),
            value,
            row,
            found: difference,
        }
    }

    fn error(self, graph: &FloatGraph, data: &DataSet) -> CompileError {
        let same = |row: &Row| std::ptr::eq(row, self.row);
        let row = data.rows().iter().position(same).unwrap_or_default();
        // Roots of negative numbers and the like are no misreading: a table has some value there.
        if !self.found.theirs.is_finite() {
            return CompileError::InvalidNode {
                path: graph.path.clone(),
                node: self.node,
                op: self.op,
                detail: format!(
                    "in row {row} of the data (counted from 0), value {} of its output `{}` is {}, which no integer stands \
                     for; if the model never sees such rows, leave them out, else keep its operand within its domain (Clip, \
                     Max) before it; --accept-import-error takes the end of the domain instead, here {}",
                    self.found.position, self.value, self.found.theirs, self.found.ours
                ),
            };
        }
        CompileError::ImportDiffers(Box::new(ImportDifference {
            path: graph.path.clone(),
            node: self.node,
            op: self.op,
            value: self.value,
            position: self.found.position,
            row,
            ours: self.found.ours,
            theirs: self.found.theirs,
        }))
    }
}

/// The values called `name` in `row`, as far as they can be told.
fn values(graph: &FloatGraph, model: &ModelProto, row: &Row, name: &str) -> Option<Vec<f64>> {
    let mut constants = model.graph.iter().flat_map(|graph| &graph.initializer);
    if let Some(constant) = constants.find(|constant| constant.name == name) {
        return Some(proto::tensor(&graph.path, constant).ok()?.bias);
    }
    let named = |input: &&usize| graph.tensors[**input].name == name;
    if let Some(at) = graph.inputs.iter().position(|input| named(&input)) {
        return row.get(at).cloned();
    }
    let plan = Plan::new(graph, model, &[name]).ok()?;
    plan.run(row).ok()?.pop()
}

fn called(node: &NodeProto) -> String {
    match node.name.is_empty() {
        true => node.output.first().cloned().unwrap_or_default(),
        false => node.name.clone(),
    }
}
