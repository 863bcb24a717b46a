//! Compiling small models and looking at what their integers do.
#![allow(dead_code, unreachable_pub, clippy::unwrap_used)]

use super::Onnx;
use rand::{Rng, SeedableRng};
use rand_chacha::ChaCha8Rng;
use verdict_compiler::{
    FloatGraph, InputDomain, Options, OutputKind, Reference, compile, compile_with, least_cost,
};
use verdict_model::{CompiledModel, DataSet, OutOfDomain, Row, Trace, execute};

/// A compiled model with the rows it was calibrated on.
pub struct Compiled {
    pub float: FloatGraph,
    pub model: CompiledModel,
    pub rows: Vec<Vec<Vec<f64>>>,
}

/// Rows uniform between `low` and `high`, and the corners of that domain.
pub fn random_rows(graph: &FloatGraph, low: f64, high: f64, count: usize) -> Vec<Vec<Vec<f64>>> {
    let mut rng = ChaCha8Rng::seed_from_u64(11);
    let mut rows: Vec<Vec<Vec<f64>>> = (0..count)
        .map(|_| {
            let specs = graph.input_specs().into_iter();
            let row = specs.map(|spec| (0..spec.len).map(|_| rng.gen_range(low..=high)).collect());
            row.collect()
        })
        .collect();
    for _ in 0..8 {
        let specs = graph.input_specs().into_iter();
        let corner = specs.map(|spec| {
            let end = |_| if rng.r#gen() { low } else { high };
            (0..spec.len).map(end).collect()
        });
        rows.push(corner.collect());
    }
    rows
}

/// Checks the import against tract, then compiles for inputs from `low` to `high`.
pub fn compiled(float: FloatGraph, low: f64, high: f64, bits: u32) -> Compiled {
    let compiled = untested(float, low, high, bits);
    let reference = Reference::new(&compiled.float).unwrap();
    for row in compiled.rows.iter().take(20) {
        let theirs = reference.run(row).unwrap();
        let ours = compiled.float.run(row);
        for (id, theirs) in compiled.float.outputs.iter().zip(&theirs) {
            for (a, b) in ours.values[*id].iter().zip(theirs) {
                let close = (a - b).abs() <= 1e-4 * b.abs().max(1.0);
                assert!(close, "imported as {a}, tract says {b}");
            }
        }
    }
    compiled
}

/// As [`compiled`], for what tract does not know.
pub fn untested(float: FloatGraph, low: f64, high: f64, bits: u32) -> Compiled {
    let rows = random_rows(&float, low, high, 120);
    let data = DataSet::from_rows(rows.clone(), &float.input_specs()).unwrap();
    let options = Options {
        activation_bits: Some(bits),
        output_bits: Some(12),
        input_bits: Some(12),
        input_domains: vec![InputDomain::Uniform(low, high); float.inputs.len()],
        tune: false,
        ..Options::default()
    };
    let model = compile(&float, &data, &options).unwrap();
    Compiled { float, model, rows }
}

impl Compiled {
    pub fn trace(&self, row: &[Vec<f64>]) -> Trace {
        let integers = self.model.quantise_input(row, OutOfDomain::Reject).unwrap();
        execute(self.model.graph(), &integers).unwrap()
    }

    /// The number of the tensor whose name ends like this.
    pub fn tensor(&self, end: &str) -> usize {
        let tensors = &self.model.graph().tensors;
        let found = tensors.iter().position(|tensor| tensor.name.ends_with(end));
        found.unwrap_or_else(|| {
            let names: Vec<&String> = tensors.iter().map(|tensor| &tensor.name).collect();
            panic!("no tensor called {end} among {names:?}")
        })
    }

    /// What a tensor's integers stand for.
    pub fn reals(&self, trace: &Trace, id: usize) -> Vec<f64> {
        let scale = self.model.graph().tensors[id].scale;
        trace.values[id]
            .iter()
            .map(|x| f64::from(*x) * scale)
            .collect()
    }

    pub fn output(&self, trace: &Trace, index: usize) -> Vec<f64> {
        self.reals(trace, self.model.graph().outputs[index])
    }

    pub fn step(&self, id: usize) -> f64 {
        self.model.graph().tensors[id].scale
    }

    pub fn output_step(&self) -> f64 {
        self.step(self.model.graph().outputs[0])
    }
}

/// The float model says of `y` what ONNX does, tract does not say otherwise unless it is known to be
/// wrong, and integers are within `tolerance` of it.
pub fn check_values(
    name: &str,
    onnx: Onnx,
    rows: Vec<Row>,
    expected: fn(&Row) -> Vec<f64>,
    tolerance: f64,
) {
    let graph: FloatGraph = onnx.output("y").import();
    let data = DataSet::from_rows(rows, &graph.input_specs()).unwrap();
    if let Err(error) = Reference::checked(&graph, &data, false) {
        panic!("{name}: {error}");
    }
    let options = Options {
        accuracy: Some(0.01),
        output_kinds: vec![(None, OutputKind::Values)],
        ..Options::default()
    };
    let compiled = compile_with(&graph, &data, &options, &least_cost);
    let model = compiled
        .unwrap_or_else(|error| panic!("{name}: {error}"))
        .model;
    let output = model.graph().outputs[0];
    let scale = model.graph().tensors[output].scale;
    for row in data.rows() {
        let ours = &graph.run(row).values[graph.outputs[0]];
        let integers = model.quantise_input(row, OutOfDomain::Reject).unwrap();
        let trace = execute(model.graph(), &integers).unwrap();
        for (i, wanted) in expected(row).into_iter().enumerate() {
            assert!((ours[i] - wanted).abs() < 1e-6, "{name}: {row:?}: {ours:?}");
            let proved = f64::from(trace.values[output][i]) * scale;
            assert!(
                (proved - wanted).abs() <= tolerance,
                "{name}: {row:?}: {proved}, not {wanted}"
            );
        }
    }
}
