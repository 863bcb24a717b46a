//! Tapes under the packed argument: random models, every pack.
#![allow(clippy::unwrap_used)]

mod support;

use halo2curves_axiom::{bn256::Fr, ff::Field};
use support::{
    models::{circuit, graph, inputs, planned, rng},
    small,
};
use verdict_circuit::{Batch, Hiding, Plan, Salt, TraceCells, Witness};
use verdict_model::{Visibility, execute};
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

/// Tables of multiples are made after a dozen proofs; what is proved with them is the same.
#[test]
fn tables_change_nothing_that_is_proved() {
    let model = small::network(3, 2, Visibility::Public);
    let plan = small::planned(&model, Batch::single(), None);
    let srs = Srs::development(8 << plan.chosen.k);
    let (witness, instance) = filled(&plan, &[vec![1, -2, 3]], &[], Fr::ONE);
    for pack in [2, 4, 8] {
        let keys = keys(&plan, pack, &srs);
        let tables = |keys: &Keys| format!("{keys:?}").contains("table: Some");
        let first = keys.prove(&witness, &instance, rng(1)).unwrap();
        assert!(!tables(&keys));
        for _ in 0..14 {
            assert_eq!(keys.prove(&witness, &instance, rng(1)).unwrap(), first);
        }
        assert!(tables(&keys));
    }
}
