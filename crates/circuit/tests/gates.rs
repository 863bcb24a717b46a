//! Every gate is load-bearing: for each one there is a proof of a false statement that this gate
//! alone rejects, and that passes once the gate is gone. A gate that is added without such a proof
//! fails the first test.
#![allow(clippy::unwrap_used, missing_docs)]

mod support;

use halo2curves_axiom::{bn256::Fr, ff::Field};
use std::{collections::BTreeSet, sync::Arc};
use support::{
    network::{Network, closing, columns, recount, row_of},
    replay::{D, H, L, S, Y, accepted, violated},
};
use verdict_circuit::{GATES, dishonest::Forgery};

type Sample = fn(usize) -> Network;
type Forge = fn(&Network) -> Forgery;

/// How to prove something false without a gate, by gate.
const FORGERIES: [(&str, Sample, Forge); 8] = [
    ("stream", Network::sample, |network| {
        // Any weight for one activation that is not zero.
        let forgery = wrong_word(network);
        let witness = forgery.circuit.witness.clone().unwrap();
        let row = (1..witness.x.len() - 1)
            .find(|&row| witness.x[row] != 0)
            .unwrap();
        closing(forgery, Some((H, row)))
    }),
    // Any weight for one public word.
    ("position", Network::sample, |network| {
        closing(wrong_word(network), Some((S, 1)))
    }),
    // Anything produced by a row that holds nothing.
    ("produced", Network::sample, |network| {
        closing(wrong_word(network), Some((Y, 2)))
    }),
    // Anything consumed by it.
    ("identity", Network::sample, |network| {
        closing(wrong_word(network), Some((D, 2)))
    }),
    // Honest sums, which do not end at zero.
    ("edge identity", Network::sample, |network| {
        closing(wrong_word(network), None)
    }),
    ("edge look-up", Network::sample, wrong_activation),
    ("look-up", Network::sample, |network| {
        let mut forgery = wrong_activation(network);
        let end = forgery.circuit.tape.rows() - 2;
        forgery.forge = Some(Arc::new(move |_, columns| columns[L][end] = Fr::ZERO));
        forgery
    }),
    // Four more than the square, so that the product it is a part of is one more.
    ("square", Network::product, |network| {
        let mut forgery = wrong_word(network);
        let row = row_of(&network.circuit, 1, 0);
        let witness = columns(&mut forgery);
        witness.squares[0].2 += Fr::from(4);
        (witness.q[row], witness.x[row]) = (witness.q[row] + 4, witness.x[row] + 1);
        recount(&mut forgery);
        closing(forgery, None)
    }),
];

/// The first output's word says one more than the network computes.
fn wrong_word(network: &Network) -> Forgery {
    let mut forgery = network.forgery();
    let output = network.circuit.instance.len().max(3) - 2;
    forgery.circuit.instance[output] += Fr::ONE;
    forgery
}

/// The first output is one more than its table says, and so is its word: a pair that is not in the
/// table.
fn wrong_activation(network: &Network) -> Forgery {
    let mut forgery = wrong_word(network);
    let row = row_of(&network.circuit, 1, 0);
    columns(&mut forgery).x[row] += 1;
    recount(&mut forgery);
    forgery
}

#[test]
fn every_gate_has_a_forgery_and_every_forgery_a_gate() {
    let forged: Vec<&str> = FORGERIES.iter().map(|(gate, ..)| *gate).collect();
    assert_eq!(
        forged.iter().collect::<BTreeSet<_>>(),
        GATES.iter().collect::<BTreeSet<_>>(),
        "each gate in GATES needs an entry in FORGERIES that only it rejects"
    );
    assert_eq!(forged.len(), GATES.len());
}

#[test]
fn each_forgery_is_rejected_by_its_gate_alone_and_accepted_without_it() {
    for width in [1, 2, 5] {
        for (gate, sample, forge) in FORGERIES {
            let network = sample(width);
            let forgery = forge(&network);
            assert_ne!(
                forgery.circuit.instance, network.circuit.instance,
                "{gate}: the statement must be false"
            );
            assert_eq!(violated(&forgery), BTreeSet::from([gate]), "width {width}");
            for without in GATES {
                let weakened = Forgery {
                    without: Some(without),
                    ..forgery.clone()
                };
                assert_eq!(
                    accepted(&weakened),
                    without == gate,
                    "{gate} forged, {without} left out, width {width}"
                );
            }
        }
    }
}

#[test]
fn the_honest_proof_passes_with_and_without_any_gate() {
    for sample in [Network::sample, Network::product] {
        let forgery = sample(3).forgery();
        assert!(accepted(&forgery));
        for gate in GATES {
            assert!(
                accepted(&Forgery {
                    without: Some(gate),
                    ..forgery.clone()
                }),
                "{gate}"
            );
        }
    }
}
