//! A model as tract runs it. Whatever tract does, nothing of it but an error gets out.

use std::collections::HashSet;
use std::path::Path;
use std::sync::Arc;

use tract_onnx::pb::ModelProto;
use tract_onnx::prelude::*;
use tract_onnx::tract_core::plan::eval;
use tract_onnx::tract_hir::infer::{Factoid, InferenceModelExt};

use crate::float::graph::FloatGraph;
use crate::float::reference::quiet::{quietly, short};
use crate::float::reference::signs::Signs;
use crate::float::reference::single::{other_floats, single};

/// A runnable float model.
#[derive(Debug)]
pub(crate) struct Plan {
    plan: Arc<TypedRunnableModel>,
    inputs: Vec<(DatumType, Vec<usize>)>,
    /// Whether double precision was taken for single, so that constants are rounded.
    pub(crate) rounded: bool,
}

/// A message without the graphs that tract prints in its own.
fn message(error: &TractError) -> String {
    let causes: Vec<String> = error
        .chain()
        .map(|cause| short(&cause.to_string()))
        .collect();
    causes.join(": ")
}

impl Plan {
    /// Prepares the file `graph` comes from, up to the values `names`; the error is what tract says
    /// instead.
    pub(crate) fn new(
        graph: &FloatGraph,
        proto: &ModelProto,
        names: &[&str],
    ) -> Result<Self, String> {
        let found = other_floats(proto);
        // tract's own half precision would add an error of 0.1 % that is none of the model's.
        if found.half {
            return Self::build(graph, &single(proto), names, true);
        }
        let built = Self::build(graph, proto, names, false);
        match built {
            Err(_) if found.double => Self::build(graph, &single(proto), names, true),
            built => built,
        }
    }

    fn build(
        graph: &FloatGraph,
        proto: &ModelProto,
        names: &[&str],
        rounded: bool,
    ) -> Result<Self, String> {
        let build = || -> TractResult<Self> {
            // Shapes stated in the file may be symbolic; the inputs' decide.
            let onnx = tract_onnx::onnx()
                .with_ignore_output_shapes(true)
                .with_ignore_output_types(true)
                .with_ignore_value_info(true);
            let directory = graph.path.parent().map(Path::to_string_lossy);
            let parsed = onnx.parse(proto, directory.as_deref())?;
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
            let outlet = |name: &&str| {
                let outlet = parsed.outlets_by_name.get(*name).copied();
                outlet.ok_or_else(|| TractError::msg(format!("no value is called {name}")))
            };
            let outlets = names.iter().map(outlet).collect::<TractResult<Vec<_>>>()?;
            model.select_output_outlets(&outlets)?;
            model.compact()?;
            let plan = model.into_optimized()?.into_runnable()?;
            Ok(Self {
                plan,
                inputs,
                rounded,
            })
        };
        quietly(build)?.map_err(|error| message(&error))
    }

    /// The inputs of one row, `inputs[input][position]`, as the file's types hold them.
    pub(crate) fn held(&self, inputs: &[Vec<f64>]) -> Result<Vec<Vec<f64>>, String> {
        let held =
            || -> TractResult<Vec<Vec<f64>>> { self.tensors(inputs)?.iter().map(reals).collect() };
        quietly(held)?.map_err(|error| message(&error))
    }

    /// Runs one row and gives every output's values in order.
    pub(crate) fn run(&self, inputs: &[Vec<f64>]) -> Result<Vec<Vec<f64>>, String> {
        let run = || -> TractResult<Vec<Vec<f64>>> {
            let tensors = self.tensors(inputs)?;
            let values = tensors.into_iter().map(IntoTValue::into_tvalue);
            let outputs = self.plan.run(values.collect())?;
            outputs.iter().map(|of| reals(of)).collect()
        };
        quietly(run)?.map_err(|error| message(&error))
    }

    /// As [`run`](Self::run), with every number that is no copy of another and no whole one moved by
    /// about half a unit in its last place, up or down by `seed`: what rounding does on the way, also
    /// where a difference of near equals makes much of it.
    pub(crate) fn run_moved(
        &self,
        inputs: &[Vec<f64>],
        seed: u64,
    ) -> Result<Vec<Vec<f64>>, String> {
        let run = || -> TractResult<Vec<Vec<f64>>> {
            let tensors = self.tensors(inputs)?;
            let values = tensors.into_iter().map(IntoTValue::into_tvalue).collect();
            let mut signs = Signs(seed);
            let mut state = self.plan.spawn()?;
            let outputs = state.run_plan_with_eval(values, |ctx, state, node, inputs| {
                let before: HashSet<u32> = inputs.iter().flat_map(|it| bits(it)).collect();
                let outputs = eval(ctx, state, node, inputs)?;
                let moved = outputs.into_iter().map(|it| moved(it, &before, &mut signs));
                moved.collect::<TractResult<TVec<TValue>>>()
            })?;
            outputs.iter().map(|of| reals(of)).collect()
        };
        quietly(run)?.map_err(|error| message(&error))
    }

    fn tensors(&self, inputs: &[Vec<f64>]) -> TractResult<Vec<Tensor>> {
        let inputs = self.inputs.iter().zip(inputs);
        let tensor = |((datum, shape), values): (&(DatumType, Vec<usize>), &Vec<f64>)| {
            let tensor = Tensor::from_shape(shape, values)?;
            Ok(tensor.cast_to_dt(*datum)?.into_owned())
        };
        inputs.map(tensor).collect()
    }
}

/// The numbers of a tensor of `float`.
fn bits(tensor: &Tensor) -> Vec<u32> {
    let view = tensor.to_plain_array_view::<f32>();
    view.map_or_else(
        |_| Vec::new(),
        |view| view.iter().map(|v| v.to_bits()).collect(),
    )
}

/// A tensor with the numbers moved that are not among `before`.
fn moved(value: TValue, before: &HashSet<u32>, signs: &mut Signs) -> TractResult<TValue> {
    if value.datum_type() != DatumType::F32 || value.to_plain_array_view::<f32>().is_err() {
        return Ok(value);
    }
    let mut tensor = value.into_tensor();
    for v in tensor.to_plain_array_view_mut::<f32>()?.iter_mut() {
        if v.fract() != 0.0 && v.is_finite() && !before.contains(&v.to_bits()) {
            *v *= 1.0 + signs.next() as f32 * f32::EPSILON;
        }
    }
    Ok(tensor.into_tvalue())
}

fn reals(tensor: &Tensor) -> TractResult<Vec<f64>> {
    let tensor = tensor.cast_to::<f64>()?;
    let view = tensor.to_plain_array_view::<f64>()?;
    Ok(view.iter().copied().collect())
}
