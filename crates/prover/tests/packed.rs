//! Tapes under the packed argument: random models, every pack.
#![allow(clippy::unwrap_used, clippy::print_stdout)]

mod support;

use halo2curves_axiom::{bn256::Fr, ff::Field};
use std::{sync::Arc, time::Instant};
use support::{
    models::{circuit, graph, inputs, planned, rng},
    small,
};
use verdict_circuit::{
    Batch, Hiding, Limits, Plan, Request, Salt, TraceCells, Witness, plan_request,
};
use verdict_model::{CompiledModel, Goal, Visibility, execute};
use verdict_prover::{Keys, ProverError, Srs, verify_under};

/// The witness of an inference, and the public values.
fn filled(plan: &Plan, inputs: &[Vec<i32>], salts: &[Salt], context: Fr) -> (Witness, Vec<Fr>) {
    let trace = execute(plan.lowered.graph(), inputs).unwrap();
    let traces = std::slice::from_ref(&trace);
    let cells = TraceCells::new(&plan.lowered, traces, salts).unwrap();
    let witness = Witness::new(&plan.program, &plan.tape, &cells).unwrap();
    let instance = plan.lowered.instance(context, traces, salts);
    (witness, instance)
}

fn keys(plan: &Plan, pack: usize, srs: &Srs) -> Keys {
    let (program, tape) = (&plan.program, &plan.tape);
    Keys::generate(program, tape, plan.chosen.k, pack, srs.clone()).unwrap()
}

fn verify(keys: &Keys, srs: &Srs, instance: &[Fr], proof: &[u8]) -> Result<(), ProverError> {
    verify_under(keys.on_chain(), srs.tau_g2(), instance, proof)
}

#[test]
fn random_models_are_proved_in_packs_of_every_size() {
    for seed in 0..6 {
        let graph = graph(seed);
        let plan = planned(&graph);
        let srs = Srs::development(8 << plan.chosen.k);
        let (circuit, _) = circuit(&plan, &inputs(&graph, seed));
        let witness = circuit.witness.unwrap();
        for pack in [2, 4, 8] {
            let keys = keys(&plan, pack, &srs);
            let instance = &circuit.instance;
            let proof = keys.prove(&witness, instance, rng(seed)).unwrap();
            verify(&keys, &srs, instance, &proof).unwrap();
            for value in 0..instance.len() {
                let mut other = instance.clone();
                other[value] += Fr::ONE;
                assert!(
                    verify(&keys, &srs, &other, &proof).is_err(),
                    "value {value}"
                );
            }
        }
    }
}

#[test]
fn hidden_weights_are_blinded_in_every_proof() {
    let model = small::network(3, 2, Visibility::Public);
    let hiding = Some(Hiding { seed: [7; 32] });
    let plan = small::planned(&model, Batch::single(), hiding);
    let srs = Srs::development(16 << plan.chosen.k);
    let inputs = vec![vec![1, -2, 3]];
    let (witness, instance) = filled(&plan, &inputs, &[], Fr::ONE);
    for pack in [2, 4, 8] {
        let keys = keys(&plan, pack, &srs);
        for seed in 0..3 {
            let proof = keys.prove(&witness, &instance, rng(seed)).unwrap();
            verify(&keys, &srs, &instance, &proof).unwrap();
        }
    }
}

/// `VERDICT_MODEL=model.verdict … --ignored --nocapture times` prints what packs of every size take,
/// in one run.
#[test]
#[ignore = "it measures"]
fn times() {
    let path = std::env::var("VERDICT_MODEL").unwrap();
    let model = CompiledModel::load(path).unwrap();
    let graph = model.graph();
    let inputs = inputs(graph, 1);
    let number = |name: &str| std::env::var(name).ok().and_then(|it| it.parse().ok());
    let request = Request {
        goal: Goal::Time,
        limits: Limits {
            width: number("VERDICT_WIDTH"),
            ..Limits::default()
        },
        ..Request::default()
    };
    let plan = plan_request(Arc::new(graph.clone()), request).unwrap();
    let (k, c) = (plan.chosen.k, plan.chosen.width);
    println!("height {k}, width {c}");
    let srs = Srs::development(8 << k);
    let (witness, instance) = filled(&plan, &inputs, &[], Fr::from(5));
    let packed: Vec<Keys> = [2, 4, 8]
        .into_iter()
        .map(|pack| keys(&plan, pack, &srs))
        .collect();
    let mut times = vec![Vec::new(); 3];
    // The first proof is made without tables.
    for _ in 0..4 {
        for (keys, times) in packed.iter().zip(&mut times) {
            let started = Instant::now();
            keys.prove(&witness, &instance, rng(1)).unwrap();
            times.push(started.elapsed().as_secs_f64());
        }
    }
    for (pack, times) in [2, 4, 8].iter().zip(&mut times) {
        let first = times.remove(0);
        times.remove(0);
        times.sort_by(f64::total_cmp);
        println!(
            "packs of {pack}: {:.3} s, without tables {first:.3} s",
            times[0]
        );
    }
}
