//! Tapes under the packed argument: random models, every pack.
#![allow(clippy::unwrap_used, clippy::print_stdout)]

mod support;

use alloy_primitives::{B256, hex};
use halo2curves_axiom::{bn256::Fr, ff::Field};
use std::{fs, path::Path, sync::Arc, time::Instant};
use support::{
    models::{circuit, graph, inputs, planned, rng},
    small,
};
use verdict_circuit::{
    Batch, Hiding, Limits, Plan, Request, Salt, TapeCircuit, TraceCells, Witness, plan_request,
};
use verdict_model::{CompiledModel, Goal, Visibility, execute};
use verdict_prover::{Keys, PackedKeys, Srs, prove};
use verdict_wire::words;

/// The witness of an inference, and the public values.
fn filled(plan: &Plan, inputs: &[Vec<i32>], salts: &[Salt], context: Fr) -> (Witness, Vec<Fr>) {
    let trace = execute(plan.lowered.graph(), inputs).unwrap();
    let traces = std::slice::from_ref(&trace);
    let cells = TraceCells::new(&plan.lowered, traces, salts).unwrap();
    let witness = Witness::new(&plan.program, &plan.tape, &cells).unwrap();
    let instance = plan.lowered.instance(context, traces, salts);
    (witness, instance)
}

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
    let model = small::network(3, 2, Visibility::Public);
    let hiding = Some(Hiding {
        seed: [7; 32],
        proofs: 1,
    });
    let plan = small::planned(&model, Batch::single(), hiding);
    let srs = Srs::development(plan.chosen.k + 4);
    let inputs = vec![vec![1, -2, 3]];
    let (witness, instance) = filled(&plan, &inputs, &[], Fr::ONE);
    for pack in [2, 4, 8] {
        let keys =
            PackedKeys::generate(&plan.program, &plan.tape, plan.chosen.k, pack, &srs).unwrap();
        for seed in 0..3 {
            let proof = keys.prove(&witness, &instance, rng(seed)).unwrap();
            keys.verify(&srs, &instance, &proof).unwrap();
        }
    }
}

/// Everything that a verifier is given, for verifiers written by others.
#[test]
fn vectors_are_what_the_prover_makes() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../test-vectors/packed");
    let (public, committed) = (Visibility::Public, Visibility::Committed);
    for (name, seed, pack, hidden, width, input) in [
        ("two", 1, 2, false, 4, public),
        ("four", 2, 4, false, 4, public),
        ("eight", 3, 8, false, 4, public),
        ("two-hidden", 4, 2, true, 4, public),
        ("eight-hidden", 5, 8, true, 4, public),
        // Rows that square, and a last pack of weights with a column of its own.
        ("four-committed-hidden", 6, 4, true, 5, committed),
        ("eight-committed-hidden", 7, 8, true, 9, committed),
    ] {
        let vector = vector(seed, pack, hidden, width, input);
        let path = folder.join(format!("{name}.json"));
        if std::env::var_os("VERDICT_UPDATE_VECTORS").is_some() {
            fs::create_dir_all(&folder).unwrap();
            fs::write(&path, &vector).unwrap();
        }
        let kept = fs::read_to_string(&path).unwrap();
        assert!(kept == vector, "{name} is another one than is kept");
    }
}

fn vector(seed: u64, pack: usize, hidden: bool, width: usize, input: Visibility) -> String {
    let model = small::network(seed, 2, input);
    let hiding = hidden.then_some(Hiding {
        seed: [seed as u8; 32],
        proofs: 1,
    });
    let request = Request {
        goal: Goal::Gas,
        limits: Limits {
            width: Some(width),
            ..Limits::default()
        },
        hiding,
        ..Request::default()
    };
    let plan = plan_request(model.shared_graph().clone(), request).unwrap();
    let srs = Srs::development(plan.chosen.k + 4);
    let salts = vec![Salt::from_root(Fr::from(seed)); plan.lowered.commitments()];
    let (witness, instance) = filled(&plan, &[vec![1, -2, 3]], &salts, Fr::from(0xC0FFEE));
    let keys = PackedKeys::generate(&plan.program, &plan.tape, plan.chosen.k, pack, &srs).unwrap();
    let proof = keys.prove(&witness, &instance, rng(seed)).unwrap();
    keys.verify(&srs, &instance, &proof).unwrap();
    let quoted = |text: String| format!("\"{text}\"");
    let word = |word: B256| quoted(word.to_string());
    let values: Vec<String> = instance.iter().map(|it| word(words::word(it))).collect();
    let tau = words::tau_g2(&srs.tau_g2()).map(|part| word(part.into()));
    format!(
        "{{\n  \"key\": {},\n  \"publicValues\": [{}],\n  \"proof\": {},\n  \"tauG2\": [{}]\n}}\n",
        quoted(hex::encode_prefixed(keys.to_bytes())),
        values.join(", "),
        quoted(hex::encode_prefixed(&proof)),
        tau.join(", ")
    )
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
    let request = Request {
        goal: Goal::Time,
        ..Request::default()
    };
    let plan = plan_request(Arc::new(graph.clone()), request).unwrap();
    let (k, c) = (plan.chosen.k, plan.chosen.width);
    println!("height {k}, width {c}");
    let begun = Instant::now();
    let step = |what: &str| eprintln!("{:8.2} s  {what}", begun.elapsed().as_secs_f64());
    let srs = Srs::development(k + 3);
    let (witness, instance) = filled(&plan, &inputs, &[], Fr::from(5));
    step("set-up and witness");
    let small = srs.clone().cut(k).unwrap();
    step("cut");
    let keys = Keys::generate(&plan.program, &plan.tape, &small).unwrap();
    let circuit = TapeCircuit {
        program: plan.program.clone(),
        tape: plan.tape.clone(),
        witness: Some(Arc::new(witness.clone())),
        instance: instance.clone(),
    };
    let packed: Vec<PackedKeys> = [2, 4, 8]
        .into_iter()
        .map(|pack| {
            step("halo2's or a pack's keys");
            PackedKeys::generate(&plan.program, &plan.tape, k, pack, &srs).unwrap()
        })
        .collect();
    step("keys");
    let mut times = vec![Vec::new(); 4];
    for _ in 0..3 {
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
        println!("{name}: {:.3} s, least {:.3} s", times[1], times[0]);
    }
}
