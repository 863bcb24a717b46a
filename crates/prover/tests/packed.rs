//! Tapes under the packed argument: random models, every pack.
#![allow(clippy::unwrap_used, clippy::print_stdout)]

mod support;

use halo2curves_axiom::{bn256::Fr, ff::Field};
use std::{sync::Arc, time::Instant};
use support::{
    models::{circuit, graph, inputs, planned, rng},
    small,
};
use verdict_circuit::{Batch, Hiding, Request, TapeCircuit, TraceCells, Witness, plan_request};
use verdict_model::{CompiledModel, Goal, execute};
use verdict_prover::{Keys, PackedKeys, Srs, prove};

#[test]
fn random_models_are_proved_in_packs_of_every_size() {
    for seed in 0..6 {
        let graph = graph(seed);
        let plan = planned(&graph);
        let srs = Srs::development(plan.chosen.k + 3);
        let (circuit, _) = circuit(&plan, &inputs(&graph, seed));
        let witness = circuit.witness.unwrap();
        for pack in [2, 4, 8] {
            let keys =
                PackedKeys::generate(&plan.program, &plan.tape, plan.chosen.k, pack, &srs).unwrap();
            let instance = &circuit.instance;
            let proof = keys.prove(&witness, instance, rng(seed)).unwrap();
            keys.verify(&srs, instance, &proof).unwrap();
            for value in 0..instance.len() {
                let mut other = instance.clone();
                other[value] += Fr::ONE;
                assert!(keys.verify(&srs, &other, &proof).is_err(), "value {value}");
            }
        }
    }
}

#[test]
fn hidden_weights_are_blinded_in_every_proof() {
    let model = small::network(3, 2, verdict_model::Visibility::Public);
    let hiding = Some(Hiding {
        seed: [7; 32],
        proofs: 1,
    });
    let plan = small::planned(&model, Batch::single(), hiding);
    let srs = Srs::development(plan.chosen.k + 4);
    let inputs = vec![vec![1, -2, 3]];
    let trace = execute(plan.lowered.graph(), &inputs).unwrap();
    let cells = TraceCells::new(&plan.lowered, std::slice::from_ref(&trace), &[]).unwrap();
    let witness = Witness::new(&plan.program, &plan.tape, &cells).unwrap();
    let instance = plan
        .lowered
        .instance(Fr::ONE, std::slice::from_ref(&trace), &[]);
    for pack in [2, 4, 8] {
        let keys =
            PackedKeys::generate(&plan.program, &plan.tape, plan.chosen.k, pack, &srs).unwrap();
        for seed in 0..3 {
            let proof = keys.prove(&witness, &instance, rng(seed)).unwrap();
            keys.verify(&srs, &instance, &proof).unwrap();
        }
    }
}

/// `VERDICT_MODEL=model.verdict … --ignored --nocapture times` prints halo2's time beside those of
/// packs, in one run.
#[test]
#[ignore = "it measures"]
fn times() {
    let path = std::env::var("VERDICT_MODEL").unwrap();
    let model = CompiledModel::load(path).unwrap();
    let graph = model.graph();
    let inputs = inputs(graph, 1);
    let trace = execute(graph, &inputs).unwrap();
    let request = Request {
        goal: Goal::Time,
        ..Request::default()
    };
    let plan = plan_request(Arc::new(graph.clone()), request).unwrap();
    let (k, c) = (plan.chosen.k, plan.chosen.width);
    println!("height {k}, width {c}");
    let srs = Srs::development(k + 3);
    let cells = TraceCells::new(&plan.lowered, std::slice::from_ref(&trace), &[]).unwrap();
    let witness = Witness::new(&plan.program, &plan.tape, &cells).unwrap();
    let traces = std::slice::from_ref(&trace);
    let instance = plan.lowered.instance(Fr::from(5), traces, &[]);
    let small = srs.clone().cut(k).unwrap();
    let keys = Keys::generate(&plan.program, &plan.tape, &small).unwrap();
    let circuit = TapeCircuit {
        program: plan.program.clone(),
        tape: plan.tape.clone(),
        witness: Some(Arc::new(witness.clone())),
        instance: instance.clone(),
    };
    let packed: Vec<PackedKeys> = [2, 4, 8]
        .into_iter()
        .map(|pack| PackedKeys::generate(&plan.program, &plan.tape, k, pack, &srs).unwrap())
        .collect();
    let mut times = vec![Vec::new(); 4];
    for _ in 0..5 {
        let started = Instant::now();
        prove(&keys, &small, circuit.clone(), rng(1)).unwrap();
        times[0].push(started.elapsed().as_secs_f64());
        for (keys, times) in packed.iter().zip(&mut times[1..]) {
            let started = Instant::now();
            keys.prove(&witness, &instance, rng(1)).unwrap();
            times.push(started.elapsed().as_secs_f64());
        }
    }
    for (name, times) in ["halo2", "packs of 2", "packs of 4", "packs of 8"]
        .iter()
        .zip(&mut times)
    {
        times.sort_by(f64::total_cmp);
        println!("{name}: {:.3} s, least {:.3} s", times[2], times[0]);
    }
}
