//! The float model as tract runs it: what the integers are compared with.
//!
//! tract knows few operators of `ai.onnx.ml` and treats missing values and the two-class
//! conventions of some differently from onnxruntime. A model with any of them is run by this crate
//! itself ([`FloatGraph::run`]), whose results the tests compare with onnxruntime's.

use std::sync::Arc;

use tract_onnx::prelude::*;
use tract_onnx::tract_hir::infer::{Factoid, InferenceModelExt};

use crate::float::graph::FloatGraph;
use crate::{CompileError, Result};

/// A runnable float model.
#[derive(Debug)]
pub struct Reference {
    path: std::path::PathBuf,
    runner: Runner,
}

#[derive(Debug)]
enum Runner {
    Tract(Plan),
    Own(Box<FloatGraph>),
}

#[derive(Debug)]
struct Plan {
    plan: Arc<TypedRunnableModel>,
    inputs: Vec<(DatumType, Vec<usize>)>,
}

impl Reference {
    /// Prepares the ONNX file `graph` was imported from, up to the same outputs.
    pub fn new(graph: &FloatGraph) -> Result<Self> {
        let fail = |error: TractError| CompileError::Reference {
            path: graph.path.clone(),
            detail: format!("{error:#}"),
        };
        let build = || -> TractResult<Runner> {
            // Shapes stated in the file may be symbolic; the inputs' decide.
            let onnx = tract_onnx::onnx()
                .with_ignore_output_shapes(true)
                .with_ignore_value_info(true);
            let proto = onnx.proto_model_for_read(&mut &graph.onnx[..])?;
            let mut nodes = proto.graph.iter().flat_map(|graph| &graph.node);
            if nodes.any(|node| node.domain == "ai.onnx.ml") {
                return Ok(Runner::Own(Box::new(graph.clone())));
            }
            let directory = graph
                .path
                .parent()
                .map(|parent| parent.to_string_lossy().into_owned());
            let parsed = onnx.parse(&proto, directory.as_deref())?;
            let mut model = parsed.model;
            let mut inputs = Vec::new();
            for (i, shape) in graph.onnx_input_shapes.iter().enumerate() {
                let datum = model
                    .input_fact(i)?
                    .datum_type
                    .concretize()
                    .unwrap_or(DatumType::F32);
                model.set_input_fact(i, InferenceFact::dt_shape(datum, shape))?;
                inputs.push((datum, shape.clone()));
            }
            let outlets = graph
                .output_names
                .iter()
                .map(|name| {
                    parsed
                        .outlets_by_name
                        .get(name)
                        .copied()
                        .ok_or_else(|| TractError::msg(format!("no value is called {name}")))
                })
                .collect::<TractResult<Vec<_>>>()?;
            model.select_output_outlets(&outlets)?;
            model.compact()?;
            let plan = model.into_optimized()?.into_runnable()?;
            Ok(Runner::Tract(Plan { plan, inputs }))
        };
        Ok(Self {
            path: graph.path.clone(),
            runner: build().map_err(fail)?,
        })
    }

    /// Runs one row, `inputs[input][position]`, and gives every output's values in order.
    pub fn run(&self, inputs: &[Vec<f64>]) -> Result<Vec<Vec<f64>>> {
        let of = match &self.runner {
            Runner::Tract(plan) => plan,
            Runner::Own(graph) => {
                let mut trace = graph.run(inputs);
                let outputs = graph.outputs.iter();
                return Ok(outputs
                    .map(|id| std::mem::take(&mut trace.values[*id]))
                    .collect());
            }
        };
        let run = || -> TractResult<Vec<Vec<f64>>> {
            let tensors = of
                .inputs
                .iter()
                .zip(inputs)
                .map(|((datum, shape), values)| {
                    let tensor = Tensor::from_shape(shape, values)?;
                    Ok(tensor.cast_to_dt(*datum)?.into_owned().into_tvalue())
                })
                .collect::<TractResult<TVec<TValue>>>()?;
            of.plan
                .run(tensors)?
                .iter()
                .map(|output| {
                    let output = output.cast_to::<f64>()?;
                    Ok(output
                        .to_plain_array_view::<f64>()?
                        .iter()
                        .copied()
                        .collect())
                })
                .collect()
        };
        run().map_err(|error| CompileError::Reference {
            path: self.path.clone(),
            detail: format!("{error:#}"),
        })
    }
}
