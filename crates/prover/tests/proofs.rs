//! Real proofs of small random networks: the true ones verify, and nothing that differs from them
//! in any way.
#![allow(clippy::unwrap_used, missing_docs)]

mod support;

use halo2curves_axiom::{bn256::Fr, ff::Field, group::prime::PrimeCurveAffine};
use rand::Rng;
use std::sync::{
    Arc, Mutex,
    atomic::{AtomicUsize, Ordering},
};
use support::{
    models::{circuit, graph, inputs, rng},
    open, proved,
};
use verdict_circuit::{ADVICE_COLUMNS, TapeCircuit};
use verdict_prover::{KeyedModel, ProverError, prove, verify};
use verdict_wire::{POINT_BYTES, ProofLayout, SCALAR_BYTES};

fn rejected(keyed: &KeyedModel, instance: &[Fr], proof: &[u8]) -> bool {
    match keyed.verify(instance, proof) {
        Ok(()) => false,
        Err(ProverError::Rejected(_)) => true,
        Err(error) => panic!("{error}"),
    }
}

#[test]
fn proofs_of_random_networks_verify_for_their_public_values_alone() {
    for seed in 0..6 {
        let graph = graph(seed);
        let keyed = open(&graph, None, None);
        let inference = proved(&keyed, &inputs(&graph, seed), seed);
        assert_eq!(
            inference.proof.len(),
            ProofLayout::new(keyed.plan().chosen.width).bytes()
        );
        assert_eq!(inference.instance.len(), keyed.plan().tape.words() + 1);
        keyed.verify(&inference.instance, &inference.proof).unwrap();
        for value in 0..inference.instance.len() {
            for change in [Fr::ONE, -Fr::ONE, Fr::random(rng(seed))] {
                let mut instance = inference.instance.clone();
                instance[value] += change;
                assert!(
                    rejected(&keyed, &instance, &inference.proof),
                    "network {seed}, value {value}"
                );
            }
        }
        let mut swapped = inference.instance.clone();
        swapped.swap(0, 1);
        assert!(rejected(&keyed, &swapped, &inference.proof));
    }
}

#[test]
fn any_flipped_byte_of_a_proof_is_rejected() {
    let graph = graph(1);
    let keyed = open(&graph, None, None);
    let inference = proved(&keyed, &inputs(&graph, 1), 1);
    let next = AtomicUsize::new(0);
    let accepted = Mutex::new(Vec::new());
    std::thread::scope(|scope| {
        for worker in 0..2 {
            let (next, accepted, keyed, inference) = (&next, &accepted, &keyed, &inference);
            scope.spawn(move || {
                let mut rng = rng(worker);
                loop {
                    let at = next.fetch_add(1, Ordering::Relaxed);
                    if at >= inference.proof.len() {
                        break;
                    }
                    let mut proof = inference.proof.clone();
                    proof[at] ^= rng.gen_range(1..=255u8);
                    if !rejected(keyed, &inference.instance, &proof) {
                        accepted.lock().unwrap().push(at);
                    }
                }
            });
        }
    });
    assert_eq!(accepted.into_inner().unwrap(), Vec::<usize>::new());
}

#[test]
fn a_proof_of_another_length_is_rejected() {
    let graph = graph(1);
    let keyed = open(&graph, None, None);
    let inference = proved(&keyed, &inputs(&graph, 1), 1);
    let length = inference.proof.len();
    let (instance, verifying, params) = (
        &inference.instance,
        keyed.keys().verifying(),
        keyed.srs().params(),
    );
    for cut in [0, 1, 63, 64, length / 2, length - 32, length - 1] {
        assert!(rejected(&keyed, instance, &inference.proof[..cut]), "{cut}");
        assert!(
            verify(verifying, params, instance, &inference.proof[..cut]).is_err(),
            "{cut}"
        );
    }
    for more in [1, 32, 64] {
        let longer = [inference.proof.clone(), vec![0; more]].concat();
        assert!(rejected(&keyed, instance, &longer), "{more}");
        assert!(
            verify(verifying, params, instance, &longer).is_err(),
            "{more}"
        );
    }
}

#[test]
fn two_proofs_of_one_inference_share_nothing() {
    let graph = graph(2);
    let keyed = open(&graph, None, None);
    let inputs = inputs(&graph, 2);
    let (first, second) = (proved(&keyed, &inputs, 1), proved(&keyed, &inputs, 2));
    assert_eq!(first.instance, second.instance);
    for inference in [&first, &second] {
        keyed.verify(&inference.instance, &inference.proof).unwrap();
    }
    // Every commitment is blinded, so every challenge and with it every evaluation differs: but for
    // columns that are publicly zero, as `P` is where nothing squares.
    let key = keyed.keys().on_chain();
    let layout = ProofLayout::new(key.width);
    let fixed = layout.evaluation(layout.fixed_evaluations().start);
    let zero = |word: usize| {
        word.checked_sub(fixed.start / SCALAR_BYTES)
            .and_then(|column| key.commitments.get(column))
            .is_some_and(|commitment| bool::from(commitment.is_identity()))
    };
    for (word, (a, b)) in first
        .proof
        .chunks(32)
        .zip(second.proof.chunks(32))
        .enumerate()
    {
        assert_eq!(a == b, zero(word), "word {word}");
    }
    // The generator that a caller gives blinds the eight columns; the random polynomial comes from
    // halo2's own, so not even a generator that repeats itself repeats a proof.
    let repeated = proved(&keyed, &inputs, 1).proof;
    let advice = POINT_BYTES * ADVICE_COLUMNS;
    assert!(repeated[..advice] == first.proof[..advice]);
    assert!(
        repeated
            .chunks(32)
            .zip(first.proof.chunks(32))
            .enumerate()
            .skip(advice / SCALAR_BYTES)
            .all(|(word, (a, b))| (a == b) == zero(word))
    );
}

#[test]
fn a_proof_does_not_verify_under_another_models_key() {
    let (one, other) = (graph(1), graph(2));
    let (keyed, stranger) = (open(&one, None, None), open(&other, None, None));
    let inference = proved(&keyed, &inputs(&one, 1), 1);
    assert_ne!(keyed.keys().on_chain(), stranger.keys().on_chain());
    assert!(
        verify(
            stranger.keys().verifying(),
            stranger.srs().params(),
            &inference.instance,
            &inference.proof
        )
        .is_err()
    );
    // The same graph with one bias changed.
    let mut near = one.clone();
    let layer = near.tensors.last_mut().unwrap().layer.as_mut().unwrap();
    layer.bias[0] += 1;
    let near = open(&near, None, None);
    assert!(rejected(&near, &inference.instance, &inference.proof));
}

/// What a prover makes that does not check its own witness.
fn dishonest(keyed: &KeyedModel, change: impl Fn(&mut TapeCircuit)) -> (Vec<Fr>, Vec<u8>) {
    let (mut circuit, _) = circuit(keyed.plan(), &inputs(keyed.model().graph(), 1));
    change(&mut circuit);
    let instance = circuit.instance.clone();
    (
        instance,
        prove(keyed.keys(), keyed.srs(), circuit, rng(5)).unwrap(),
    )
}

#[test]
fn a_proof_of_something_false_can_be_made_and_is_rejected() {
    let graph = graph(1);
    let keyed = open(&graph, None, None);
    type Change = fn(&mut TapeCircuit);
    let changes: [(&str, Change); 4] = [
        ("word", |c| c.instance[1] += Fr::ONE),
        ("key", |c| {
            Arc::make_mut(c.witness.as_mut().unwrap()).q[1] += 1
        }),
        ("activation", |c| {
            let witness = Arc::make_mut(c.witness.as_mut().unwrap());
            let row = (1..witness.x.len() - 1)
                .find(|&row| witness.x[row] != 0)
                .unwrap();
            witness.x[row] += 1;
        }),
        ("multiplicity", |c| {
            Arc::make_mut(c.witness.as_mut().unwrap()).m[1] += 1
        }),
    ];
    for (what, change) in changes {
        let (instance, proof) = dishonest(&keyed, change);
        assert!(rejected(&keyed, &instance, &proof), "{what}");
    }
    let (instance, proof) = dishonest(&keyed, |_| {});
    keyed.verify(&instance, &proof).unwrap();
}

#[test]
fn a_word_too_many_forges_the_last_one_and_is_counted_by_the_keyed_model() {
    // The row behind the words opens nothing, so what stands there would be added to the last word:
    // this is a valid halo2 proof of something false, and why every verifier must count the words.
    let graph = graph(1);
    let keyed = open(&graph, None, None);
    let (instance, proof) = dishonest(&keyed, |c| {
        *c.instance.last_mut().unwrap() += Fr::from(5);
        c.instance.push(-Fr::from(5));
    });
    verify(
        keyed.keys().verifying(),
        keyed.srs().params(),
        &instance,
        &proof,
    )
    .unwrap();
    let error = keyed.verify(&instance, &proof).unwrap_err().to_string();
    assert!(
        error.contains(&format!("expected {}", instance.len() - 1)),
        "{error}"
    );
    // The proof verifies neither without the surplus, nor with one that is zero or missing.
    let honest = proved(&keyed, &inputs(&graph, 1), 1);
    assert!(rejected(&keyed, &instance[..instance.len() - 1], &proof));
    assert!(rejected(
        &keyed,
        &[honest.instance.clone(), vec![Fr::ZERO]].concat(),
        &honest.proof
    ));
    assert!(rejected(
        &keyed,
        &honest.instance[..honest.instance.len() - 1],
        &honest.proof
    ));
    assert!(rejected(&keyed, &[], &honest.proof));
}
