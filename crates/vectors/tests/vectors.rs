//! The committed test vectors say what today's compiler, executor, keys and verifiers say.
//!
//! `scripts/regenerate-vectors.sh` (or `VERDICT_UPDATE_VECTORS=1` with this test) writes them anew.
#![allow(clippy::unwrap_used, missing_docs)]

use alloy_primitives::B256;
use std::fs;
use verdict_chain::{Verdict, estimate};
use verdict_circuit::WordLayout;
use verdict_model::{CompiledModel, Trace, execute_batch};
use verdict_prover::KeyedModel;
use verdict_vectors::{
    cases::{CASES, Case, Vector},
    support::{harness, vectors},
};
use verdict_wire::{instance, key_bytes, parse_key, public_values, unpack_batch, verify_calldata};

#[test]
fn vectors_are_up_to_date() {
    if std::env::var_os("VERDICT_UPDATE_VECTORS").is_some() {
        CASES.iter().for_each(Case::regenerate);
        let names: Vec<&str> = CASES.iter().map(|case| case.name).collect();
        let text = serde_json::to_string_pretty(&names).unwrap() + "\n";
        fs::write(vectors().join("index.json"), text).unwrap();
    }
    for case in &CASES {
        is_up_to_date(case);
    }
}

fn is_up_to_date(case: &Case) {
    let stale = format!(
        "{} is stale; run scripts/regenerate-vectors.sh: ",
        case.name
    );
    let vector = case.committed();
    let (model, inputs) = case.compiled();
    let digest = model.digest();
    assert_eq!(B256::from(digest), vector.model, "{stale}the model");
    if let Some(path) = case.model_path() {
        let saved = CompiledModel::load(path).unwrap();
        assert_eq!(saved.digest(), digest, "{stale}model.verdict");
    }
    assert_eq!(inputs, vector.inputs, "{stale}the inputs");
    let graph = model.graph();
    let traces = execute_batch(graph, &inputs).unwrap();
    let outputs: Vec<_> = traces.iter().map(|trace| trace.outputs(graph)).collect();
    assert_eq!(outputs, vector.outputs, "{stale}the outputs");

    // The key is a function of the model and the set-up; the proof is random, so it is verified
    // instead.
    let session = case.session(model);
    let key = key_bytes(session.keys().on_chain());
    assert_eq!(key, vector.verifying_key, "{stale}the key");
    let chosen = session.plan().chosen;
    assert_eq!(
        (chosen.k, chosen.width, chosen.pack, case.hidden),
        (vector.k, vector.width, vector.pack, vector.hidden),
        "{stale}the shape"
    );
    let lowered = &session.plan().lowered;
    let stated = lowered.instance(Case::context(), &traces, &vector.salts());
    assert_eq!(
        public_values(&stated),
        vector.public_values,
        "{stale}the words"
    );
    session.verify(&stated, &vector.proof).unwrap();
    words_mean_what_was_computed(case, &session, &vector, &traces);
    rust_refuses_what_is_tampered(case, &session, &vector);
}

fn words_mean_what_was_computed(
    case: &Case,
    session: &KeyedModel,
    vector: &Vector,
    traces: &[Trace],
) {
    let (graph, batch) = (session.model().graph(), session.plan().lowered.batch());
    let unpacked = unpack_batch(graph, batch, &vector.public_values).unwrap();
    let mut tensors = 0;
    for tensor in &unpacked.tensors {
        let computed = traces
            .iter()
            .map(|trace| trace.values[tensor.tensor].clone());
        let expected: Vec<Vec<i32>> = if tensor.layout == WordLayout::Sum {
            let sum =
                computed.reduce(|sum, more| sum.iter().zip(more).map(|(a, b)| a + b).collect());
            sum.into_iter().collect()
        } else {
            computed.collect()
        };
        assert_eq!(tensor.items, expected, "{}: decoded words", case.name);
        tensors += 1;
    }
    assert!(tensors > 0);
    let commitments: usize = unpacked
        .commitments
        .iter()
        .map(|(_, each)| each.len())
        .sum();
    assert_eq!(
        commitments,
        vector.salts.len(),
        "{}: commitments",
        case.name
    );
}

fn rust_refuses_what_is_tampered(case: &Case, session: &KeyedModel, vector: &Vector) {
    for tampered in vector
        .tampered
        .iter()
        .filter(|it| it.verifying_key.is_none())
    {
        let values = tampered
            .public_values
            .as_ref()
            .unwrap_or(&vector.public_values);
        let proof = tampered.proof.as_ref().unwrap_or(&vector.proof);
        // A scalar from the modulus on has no meaning in Rust.
        let Ok(values) = instance(values) else {
            continue;
        };
        let verdict = session.verify(&values, proof);
        assert!(
            verdict.is_err(),
            "{}: Rust accepts {}",
            case.name,
            tampered.what
        );
    }
}

#[test]
fn the_contract_agrees_with_every_vector() {
    for case in &CASES {
        let (name, vector) = (case.name, case.committed());
        let mut evm = harness();
        let (address, registration) = evm.publish(&vector.verifying_key).unwrap();
        assert_eq!(
            verify_calldata(address, &vector.public_values, &vector.proof),
            vector.calldata,
            "{name}"
        );
        let (verdict, gas) = evm.call(evm.verifier, vector.calldata.clone()).unwrap();
        assert_eq!(verdict, Verdict::Accepted, "{name}");

        let predicted = estimate(&parse_key(&vector.verifying_key).unwrap().relation()).unwrap();
        for (what, predicted, actual) in [
            ("verification", predicted.verify.total, gas.total),
            ("registration", predicted.register, registration.total),
            ("deployment", predicted.deploy, evm.deploy_gas.total),
            (
                "calldata",
                predicted.calldata_bytes as u64,
                vector.calldata.len() as u64,
            ),
            (
                "proof",
                predicted.proof_bytes as u64,
                vector.proof.len() as u64,
            ),
        ] {
            let error = predicted.abs_diff(actual) as f64 / actual as f64;
            assert!(
                error < 0.02,
                "{name}: {what} predicted {predicted}, actual {actual}"
            );
        }

        for case in &vector.tampered {
            let key = match &case.verifying_key {
                None => address,
                Some(key) => match evm.publish(key) {
                    Ok((address, _)) => address,
                    // The publisher refuses what the verifier would refuse with the stated error.
                    Err(_) => continue,
                },
            };
            let values = case.public_values.as_ref().unwrap_or(&vector.public_values);
            let proof = case.proof.as_ref().unwrap_or(&vector.proof);
            match evm.verify(key, values, proof).unwrap().0 {
                Verdict::Accepted => panic!("{name}: accepts {}", case.what),
                Verdict::Rejected(error) => {
                    assert!(
                        error.starts_with(&case.error),
                        "{name}: {}: {error}, expected {}",
                        case.what,
                        case.error
                    );
                }
            }
        }
    }
}

#[test]
fn the_verifier_says_that_its_set_up_is_the_development_one() {
    assert!(harness().is_development_setup().unwrap());
}
