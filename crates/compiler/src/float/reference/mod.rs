//! The float model as somebody else runs it: what the integers, and the importer's own reading of
//! the file, are compared with.
//!
//! That is tract where it can run the file as ONNX means it. Where it cannot, the importer's own
//! float graph is all there is, which reports and manifests say.

pub(crate) mod constants;
mod plan;
mod quiet;
mod signs;
mod single;

use prost::Message;
use serde::{Deserialize, Serialize};
use tract_onnx::pb::ModelProto;

use crate::float::graph::FloatGraph;
use crate::{CompileError, Result};
pub(crate) use plan::Plan;
pub(crate) use signs::Signs;
use verdict_model::Assurance;

/// Who says what the float model computes.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", tag = "reference")]
pub enum ReferenceBy {
    /// tract, which reads ONNX files independently of this crate.
    Tract,
    /// This crate's own float graph, as tract takes too long for every row; it agreed on some.
    Agreed {
        /// How many rows both ran.
        rows: usize,
    },
    /// This crate's own float graph: nobody checked how it reads the file.
    Importer {
        /// Why tract is not asked.
        reason: String,
    },
}

/// A runnable float model.
#[derive(Debug)]
pub struct Reference {
    path: std::path::PathBuf,
    pub(crate) runner: Runner,
    by: ReferenceBy,
    /// Whether tract and the importer differ, and the caller said to go on.
    pub(crate) accepted: bool,
}

#[derive(Debug)]
pub(crate) enum Runner {
    Tract(Plan),
    Own(Box<FloatGraph>),
}

impl Reference {
    /// Prepares the ONNX file `graph` was imported from, up to the same outputs. Whether both read
    /// it alike is [`checked`](Self::checked)'s question.
    pub fn new(graph: &FloatGraph) -> Result<Self> {
        let names: Vec<&str> = graph.output_names.iter().map(String::as_str).collect();
        let plan = proto_of(graph).and_then(|proto| {
            let mut nodes = proto.graph.iter().flat_map(|graph| &graph.node);
            match nodes.any(|node| node.domain == "ai.onnx.ml") {
                true => Err("it reads some operators of ai.onnx.ml otherwise than ONNX".into()),
                false => Plan::new(graph, &proto, &names),
            }
        });
        Ok(match plan {
            Ok(plan) => Self::tract(graph, plan),
            Err(error) => Self::own(graph, format!("tract cannot run the file: {error}")),
        })
    }

    /// tract as the reference.
    pub(crate) fn tract(graph: &FloatGraph, plan: Plan) -> Self {
        Self {
            path: graph.path.clone(),
            runner: Runner::Tract(plan),
            by: ReferenceBy::Tract,
            accepted: false,
        }
    }

    /// The importer's own graph as the reference, tract having agreed on so many rows.
    pub(crate) fn agreed(graph: &FloatGraph, rows: usize) -> Self {
        Self {
            by: ReferenceBy::Agreed { rows },
            ..Self::own(graph, String::new())
        }
    }

    /// The importer's own graph as the reference, and why.
    pub(crate) fn own(graph: &FloatGraph, reason: String) -> Self {
        Self {
            path: graph.path.clone(),
            runner: Runner::Own(Box::new(graph.clone())),
            by: ReferenceBy::Importer { reason },
            accepted: false,
        }
    }

    /// Who it is.
    pub fn by(&self) -> &ReferenceBy {
        &self.by
    }

    /// What a manifest says of it.
    pub(crate) fn assurance(&self) -> Assurance {
        Assurance {
            unchecked: matches!(self.by, ReferenceBy::Importer { .. }),
            accepted_import_error: self.accepted,
            accepted_accuracy: false,
        }
    }

    /// Runs one row, `inputs[input][position]`, and gives every output's values in order.
    pub fn run(&self, inputs: &[Vec<f64>]) -> Result<Vec<Vec<f64>>> {
        match &self.runner {
            Runner::Tract(plan) => plan.run(inputs).map_err(|detail| CompileError::Reference {
                path: self.path.clone(),
                detail,
            }),
            Runner::Own(graph) => {
                let mut trace = graph.run(inputs);
                let outputs = graph.outputs.iter();
                Ok(outputs
                    .map(|id| std::mem::take(&mut trace.values[*id]))
                    .collect())
            }
        }
    }
}

/// The file that `graph` was imported from.
pub(crate) fn proto_of(graph: &FloatGraph) -> Result<ModelProto, String> {
    if graph.onnx.is_empty() {
        return Err("the graph does not come from a file".into());
    }
    ModelProto::decode(&graph.onnx[..]).map_err(|error| error.to_string())
}
