//! Small models with keys, and set-up files of every kind.
#![allow(dead_code, unreachable_pub, clippy::unwrap_used, missing_docs)]

#[path = "../../../circuit/tests/support/graphs.rs"]
pub mod graphs;
pub mod ptau;
pub mod small;

use halo2_axiom::{SerdeFormat, poly::kzg::commitment::ParamsKZG};
use halo2curves_axiom::bn256::{Bn256, Fr};
use rand::SeedableRng;
use rand_chacha::ChaCha8Rng;
use std::{
    path::{Path, PathBuf},
    sync::Arc,
};
use verdict_circuit::{Limits, Plan, TapeCircuit, TraceCells, Witness, plan};
use verdict_engine::{Inference, Session};
use verdict_model::{
    CompiledModel, Goal, InputManifest, IntegerGraph, Manifest, OutputManifest, Packing, TensorId,
    Trace, Visibility, execute,
};
use verdict_prover::{Cache, Srs};

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

pub fn open(graph: &IntegerGraph, srs: Option<Srs>, cache: Option<&Cache>) -> Session {
    let plan = planned(graph);
    let srs = srs.unwrap_or_else(|| Srs::development(plan.chosen.k));
    Session::open(compiled(graph.clone()), plan, srs, cache, &|_| {}).unwrap()
}

pub fn proved(session: &Session, inputs: &[Vec<i32>], seed: u64) -> Inference {
    session
        .prove(inputs, Fr::from(0xC0FFEE), rng(seed), &|_| {})
        .unwrap()
}

/// The circuit of an inference, for provers that change it.
pub fn circuit(session: &Session, inputs: &[Vec<i32>]) -> (TapeCircuit, Trace) {
    let plan = session.plan();
    let trace = execute(session.model().graph(), inputs).unwrap();
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

/// Parameters in halo2's own format.
pub fn halo2_bytes(params: &ParamsKZG<Bn256>, format: SerdeFormat) -> Vec<u8> {
    let mut bytes = Vec::new();
    params.write_custom(&mut bytes, format).unwrap();
    bytes
}

pub fn file(folder: &Path, name: &str, bytes: &[u8]) -> PathBuf {
    let path = folder.join(name);
    std::fs::write(&path, bytes).unwrap();
    path
}
