//! Small models and their plans.
#![allow(dead_code, unreachable_pub, clippy::unwrap_used, missing_docs)]

#[path = "../../../circuit/tests/support/graphs.rs"]
pub mod graphs;

use halo2curves_axiom::bn256::Fr;
use rand::SeedableRng;
use rand_chacha::ChaCha8Rng;
use std::sync::Arc;
use verdict_circuit::{Limits, Plan, TapeCircuit, TraceCells, Witness, plan};
use verdict_model::{
    CompiledModel, Goal, InputManifest, IntegerGraph, Manifest, OutputManifest, Packing, TensorId,
    Trace, Visibility, execute,
};

pub fn rng(seed: u64) -> ChaCha8Rng {
    ChaCha8Rng::seed_from_u64(seed)
}

/// A graph as a compiled model, with scales of one.
pub fn compiled(graph: IntegerGraph) -> CompiledModel {
    let input = |&id: &TensorId| {
        let tensor = &graph.tensors[id];
        InputManifest {
            name: tensor.name.clone(),
            shape: tensor.shape.clone(),
            visibility: tensor.visibility,
            min: tensor.min,
            max: tensor.max,
            packing: Packing::of(tensor),
            scales: vec![1.0],
            zero_points: vec![0],
            real_min: vec![tensor.min.into()],
            real_max: vec![tensor.max.into()],
            missing: Vec::new(),
            saturates: Vec::new(),
            breakpoints: vec![],
            whole: false,
        }
    };
    let output = |&id: &TensorId| {
        let tensor = &graph.tensors[id];
        OutputManifest {
            name: tensor.name.clone(),
            shape: tensor.shape.clone(),
            visibility: tensor.visibility,
            min: tensor.min,
            max: tensor.max,
            packing: Packing::of(tensor),
            scale: tensor.scale,
            real_min: tensor.min.into(),
            real_max: tensor.max.into(),
        }
    };
    let manifest = Manifest {
        name: "random".into(),
        tool_version: "test".into(),
        onnx_keccak256: String::new(),
        inputs: graph.inputs.iter().map(input).collect(),
        outputs: graph.outputs.iter().map(output).collect(),
        parameters: graph.parameters() as u64,
        activation_bits: 8,
        weight_bits: 16,
        table_entries: graph.table_entries() as u64,
        calibration: verdict_model::Calibration::default(),
        equalised: Vec::new(),
        structure: Vec::new(),
        assurance: Default::default(),
        words: Vec::new(),
    };
    CompiledModel::new(graph, manifest).unwrap()
}

/// A random graph, quick to prove, whose outputs are public.
pub fn graph(seed: u64) -> IntegerGraph {
    let mut graph = graphs::random(&mut rng(seed), graphs::Size::TINY);
    for id in graph.outputs.clone() {
        graph.tensors[id].visibility = Visibility::Public;
    }
    graph
}

pub fn inputs(graph: &IntegerGraph, seed: u64) -> Vec<Vec<i32>> {
    graphs::inputs(&mut rng(seed), graph)
}

pub fn planned(graph: &IntegerGraph) -> Plan {
    plan(Arc::new(graph.clone()), Goal::Gas, Limits::default()).unwrap()
}

/// The circuit of an inference, with its trace.
pub fn circuit(plan: &Plan, inputs: &[Vec<i32>]) -> (TapeCircuit, Trace) {
    let trace = execute(plan.lowered.graph(), inputs).unwrap();
    let cells = TraceCells::new(&plan.lowered, std::slice::from_ref(&trace), &[]).unwrap();
    let witness = Witness::new(&plan.program, &plan.tape, &cells).unwrap();
    let instance = plan
        .lowered
        .instance(Fr::from(0xC0FFEE), std::slice::from_ref(&trace), &[]);
    let circuit = TapeCircuit {
        program: plan.program.clone(),
        tape: plan.tape.clone(),
        witness: Some(Arc::new(witness)),
        instance,
    };
    (circuit, trace)
}
