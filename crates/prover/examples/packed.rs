//! Times the packed argument beside halo2's prover on one model, in one run:
//! `cargo run --release -p verdict-prover --example packed -- model.verdict [WIDTH]`
#![allow(clippy::print_stdout)]

use halo2curves_axiom::bn256::Fr;
use rand::{SeedableRng, rngs::StdRng};
use std::{error::Error, sync::Arc, time::Instant};
use verdict_circuit::{Batch, Plan, Request, TapeCircuit, TraceCells, Witness, plan_request};
use verdict_model::{CompiledModel, Goal, execute};
use verdict_prover::{Keys, PackedKeys, Srs, prove};

fn main() -> Result<(), Box<dyn Error>> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let path = arguments.first().ok_or("usage: packed MODEL.verdict")?;
    let model = CompiledModel::load(path)?;
    let graph = model.graph();
    let inputs: Vec<Vec<i32>> = graph
        .inputs
        .iter()
        .map(|id| {
            let tensor = &graph.tensors[*id];
            let span = i64::from(tensor.max) - i64::from(tensor.min) + 1;
            (0..tensor.len as i64)
                .map(|i| (i64::from(tensor.min) + i * 37 % span) as i32)
                .collect()
        })
        .collect();
    let trace = execute(graph, &inputs)?;
    let plan: Plan = plan_request(
        Arc::new(graph.clone()),
        Request {
            goal: Goal::Time,
            batch: Batch::single(),
            ..Default::default()
        },
    )?;
    let (k, c) = (plan.chosen.k, plan.chosen.width);
    println!("height {k}, width {c}");
    let srs = Srs::development(k + 3);
    let cells = TraceCells::new(&plan.lowered, std::slice::from_ref(&trace), &[])?;
    let witness = Witness::new(&plan.program, &plan.tape, &cells)?;
    let instance = plan
        .lowered
        .instance(Fr::from(5), std::slice::from_ref(&trace), &[]);

    let small = srs.clone().cut(k)?;
    let keys = Keys::generate(&plan.program, &plan.tape, &small)?;
    let circuit = TapeCircuit {
        program: plan.program.clone(),
        tape: plan.tape.clone(),
        witness: Some(Arc::new(witness.clone())),
        instance: instance.clone(),
    };
    let halo2 =
        median(|| prove(&keys, &small, circuit.clone(), StdRng::seed_from_u64(1)).map(drop))?;
    println!("halo2: {halo2:.3} s");
    for pack in [2, 4, 8] {
        let keys = PackedKeys::generate(&plan.program, &plan.tape, k, pack, &srs)?;
        let packed = median(|| {
            keys.prove(&witness, &instance, StdRng::seed_from_u64(1))
                .map(drop)
        })?;
        let proof = keys.prove(&witness, &instance, StdRng::seed_from_u64(1))?;
        keys.verify(&srs, &instance, &proof)?;
        println!(
            "packs of {pack}: {packed:.3} s, ratio {:.2}, {} bytes",
            packed / halo2,
            proof.len()
        );
    }
    Ok(())
}

fn median<E>(mut run: impl FnMut() -> Result<(), E>) -> Result<f64, E> {
    let mut times = Vec::new();
    for _ in 0..5 {
        let started = Instant::now();
        run()?;
        times.push(started.elapsed().as_secs_f64());
    }
    times.sort_by(f64::total_cmp);
    Ok(times[2])
}
