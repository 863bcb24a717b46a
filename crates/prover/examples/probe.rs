#![allow(clippy::all, missing_docs, clippy::unwrap_used, clippy::print_stdout)]
use std::{sync::Arc, time::Instant};
use verdict_circuit::*;
use verdict_model::*;
use verdict_prover::*;
fn main() {
    let args: Vec<String> = std::env::args().collect();
    let dir = std::path::Path::new(&args[1]);
    let goal = match args[2].as_str() { "gas" => Goal::Gas, "time" => Goal::Time, "memory" => Goal::Memory, _ => Goal::Balanced };
    let width = args.get(3).map(|w| w.parse().unwrap());
    let float = import(dir.join("model.onnx")).unwrap();
    let specs = float.input_specs();
    let data = DataSet::load(dir.join("calibration.npz"), &specs).unwrap();
    let t = Instant::now();
    let mut options = Options { goal, ..Default::default() };
    if args.get(4).is_some() { options.input_visibility = Visibility::Public; }
    let model = compile(&float, &data, &options).unwrap();
    println!("compile {:?}; functions {:?}", t.elapsed(), model.graph().functions.iter().map(|f| (f.name.clone(), f.shift, f.values.len())).collect::<Vec<_>>());
    let graph = Arc::new(model.graph().clone());
    let t = Instant::now();
    let plan = plan(graph.clone(), goal, Limits { width, ..Default::default() }).unwrap();
    println!("plan {:?}: {:?}", t.elapsed(), plan.chosen);
    
    let t = Instant::now();
    let srs = Srs::development(plan.chosen.k);
    println!("srs {:?}", t.elapsed());
    let t = Instant::now();
    reset_peak();
    let keys = Keys::generate(&plan.program, &plan.tape, &srs).unwrap();
    println!("keys {:?} peak {}", t.elapsed(), peak_rss().unwrap() >> 20);
    reset_peak();
    let t = Instant::now();
    let inputs = model.quantise_input(&data.rows()[0], OutOfDomain::Reject).unwrap();
    let trace = execute(&graph, &inputs).unwrap();
    let instance = plan.lowered.instance(int(42), &trace);
    let witness = Witness::new(&plan.program, &plan.tape, &TraceCells::new(&plan.lowered, &trace).unwrap()).unwrap();
    println!("witness {:?}", t.elapsed());
    let circuit = TapeCircuit { program: plan.program.clone(), tape: plan.tape.clone(), witness: Some(Arc::new(witness)), instance: instance.clone() };
    let proof = prove(&keys, &srs, circuit, rand::rngs::OsRng).unwrap();
    println!("prove {:?} peak {} MiB, {} bytes, instance {}", t.elapsed(), peak_rss().unwrap() >> 20, proof.len(), instance.len());
    let t = Instant::now();
    verify(keys.verifying(), srs.params(), &instance, &proof).unwrap();
    println!("verify {:?} cs degree {}", t.elapsed(), keys.verifying().cs().degree());
}
