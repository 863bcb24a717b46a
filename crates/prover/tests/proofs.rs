//! Real proofs of small random networks: the true ones verify, and nothing that differs from them
//! in any way.
#![allow(clippy::unwrap_used, missing_docs)]

mod support;

use halo2curves_axiom::{bn256::Fr, ff::Field};
use rand::Rng;
use std::sync::{
    Mutex,
    atomic::{AtomicUsize, Ordering},
};
use support::{
    models::{circuit, graph, inputs, rng},
    open, proved,
};
use verdict_argument::ArgumentError;
use verdict_circuit::Witness;
use verdict_prover::{KeyedModel, ProverError, verify_under};
use verdict_wire::{ProofLayout, SCALAR_BYTES};

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
            ProofLayout::of(keyed.keys().on_chain()).bytes()
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
    let instance = &inference.instance;
    for cut in [0, 1, 63, 64, length / 2, length - 32, length - 1] {
        assert!(rejected(&keyed, instance, &inference.proof[..cut]), "{cut}");
    }
    for more in [1, 32, 64] {
        let longer = [inference.proof.clone(), vec![0; more]].concat();
        assert!(rejected(&keyed, instance, &longer), "{more}");
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
    // Every pack is blinded, so every challenge and with it every evaluation differs: but for columns
    // that are publicly zero, as `P` is where nothing squares.
    let layout = ProofLayout::of(keyed.keys().on_chain());
    let zero = |word: usize| {
        let bytes = &first.proof[SCALAR_BYTES * word..][..SCALAR_BYTES];
        let fixed = layout.fixed_evaluations();
        let column = |index| layout.evaluation(index).start == SCALAR_BYTES * word;
        fixed.into_iter().any(column) && bytes.iter().all(|byte| *byte == 0)
    };
    for (word, (a, b)) in first
        .proof
        .chunks(SCALAR_BYTES)
        .zip(second.proof.chunks(SCALAR_BYTES))
        .enumerate()
    {
        assert_eq!(a == b, zero(word), "word {word}");
    }
    // The caller's generator is all that a proof depends on besides.
    assert_eq!(proved(&keyed, &inputs, 1).proof, first.proof);
}

#[test]
fn a_proof_does_not_verify_under_another_models_key() {
    let (one, other) = (graph(1), graph(2));
    let (keyed, stranger) = (open(&one, None, None), open(&other, None, None));
    let inference = proved(&keyed, &inputs(&one, 1), 1);
    assert_ne!(keyed.keys().on_chain(), stranger.keys().on_chain());
    let tau_g2 = stranger.srs().tau_g2();
    let key = stranger.keys().on_chain();
    assert!(verify_under(key, tau_g2, &inference.instance, &inference.proof).is_err());
    // The same graph with one bias changed.
    let mut near = one.clone();
    let layer = near.tensors.last_mut().unwrap().layer.as_mut().unwrap();
    layer.bias[0] += 1;
    let near = open(&near, None, None);
    assert!(rejected(&near, &inference.instance, &inference.proof));
}

/// What the prover makes of a witness that was changed.
fn changed(
    keyed: &KeyedModel,
    change: impl Fn(&mut Witness, &mut Vec<Fr>),
) -> Result<(Vec<Fr>, Vec<u8>), ProverError> {
    let (circuit, _) = circuit(keyed.plan(), &inputs(keyed.model().graph(), 1));
    let (mut witness, mut instance) = (
        Witness::clone(circuit.witness.as_ref().unwrap()),
        circuit.instance.clone(),
    );
    change(&mut witness, &mut instance);
    let proof = keyed.keys().prove(&witness, &instance, rng(5))?;
    Ok((instance, proof))
}

#[test]
fn the_prover_makes_no_proof_of_something_false() {
    let graph = graph(1);
    let keyed = open(&graph, None, None);
    type Change = fn(&mut Witness, &mut Vec<Fr>);
    let changes: [(&str, Change); 4] = [
        ("word", |_, instance| instance[1] += Fr::ONE),
        ("key", |witness, _| witness.q[1] += 1),
        ("activation", |witness, _| {
            let row = (1..witness.x.len() - 1)
                .find(|&row| witness.x[row] != 0)
                .unwrap();
            witness.x[row] += 1;
        }),
        ("multiplicity", |witness, _| witness.m[1] += 1),
    ];
    for (what, change) in changes {
        let error = changed(&keyed, change).unwrap_err();
        let unsatisfied = ProverError::Argument(ArgumentError::Unsatisfied);
        assert_eq!(error.to_string(), unsatisfied.to_string(), "{what}");
    }
    let (instance, proof) = changed(&keyed, |_, _| {}).unwrap();
    keyed.verify(&instance, &proof).unwrap();
}

#[test]
fn public_words_are_counted() {
    // The row behind the words opens nothing, so what stands there would be added to the last word:
    // a word too many would prove something false, which is why keys state how many there are.
    let graph = graph(1);
    let keyed = open(&graph, None, None);
    let error = changed(&keyed, |_, instance| {
        *instance.last_mut().unwrap() += Fr::from(5);
        instance.push(-Fr::from(5));
    });
    assert!(matches!(error, Err(ProverError::Argument(_))));
    let honest = proved(&keyed, &inputs(&graph, 1), 1);
    let longer = [honest.instance.clone(), vec![Fr::ZERO]].concat();
    let error = keyed.verify(&longer, &honest.proof).unwrap_err();
    let expected = format!("expected {}", honest.instance.len());
    assert!(error.to_string().contains(&expected), "{error}");
    let shorter = &honest.instance[..honest.instance.len() - 1];
    assert!(rejected(&keyed, shorter, &honest.proof));
    assert!(rejected(&keyed, &[], &honest.proof));
}
