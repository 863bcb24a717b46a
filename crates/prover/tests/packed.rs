//! Tapes under the packed argument: random models, every pack.
#![allow(clippy::unwrap_used)]

mod support;

use halo2curves_axiom::{bn256::Fr, ff::Field};
use support::{
    models::{circuit, graph, inputs, planned, rng},
    small,
};
use verdict_circuit::{Batch, Hiding, TraceCells, Witness};
use verdict_model::execute;
use verdict_prover::{PackedKeys, Srs};

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
