//! Key proofs: honest weights have one, whatever the network; everything else has none, and each
//! gate is needed for that.
#![allow(clippy::unwrap_used, missing_docs)]

mod support;

use halo2_axiom::{dev::MockProver, plonk::Circuit};
use halo2curves_axiom::{bn256::Fr, ff::Field};
use rand::{Rng, SeedableRng};
use rand_chacha::ChaCha8Rng;
use std::sync::Arc;
use support::{convs, graphs};
use verdict_circuit::{
    Batch, CircuitError, KEY_PROOF_GATES, KeyProofCircuit, KeyProofLayout, KeyProofPart,
    KeyProofWitness, Lowered, Lowering, Outline, Tape, Weight,
    dishonest::{ChangedTaps, all_taps},
};
use verdict_model::{IntegerGraph, Kernel, ranges::declared_range};

/// A tape with weights and the same without.
struct Case {
    layout: Arc<KeyProofLayout>,
    lowered: Lowered,
    weights: Arc<Tape>,
    k: u32,
}

fn redacted(graph: &IntegerGraph) -> IntegerGraph {
    let mut graph = graph.clone();
    let layers = graph.tensors.iter_mut().filter_map(|it| it.layer.as_mut());
    for layer in layers {
        layer.bias.fill(0);
        for term in &mut layer.terms {
            match &mut term.kernel {
                Kernel::Dense { weights } => weights.fill(0),
                Kernel::Sparse { entries } => entries.iter_mut().for_each(|entry| entry.2 = 0),
                Kernel::Conv(conv) => conv.weights.fill(0),
            }
        }
    }
    graph
}

fn case(graph: IntegerGraph, items: usize, width: usize) -> Option<Case> {
    let outline = Outline::of(&graph, &[]);
    let lower = |graph: IntegerGraph| {
        let lowering = Lowering {
            limb_bits: 4,
            batch: Batch {
                items,
                sums: Vec::new(),
            },
            hidden: Some(outline.clone()),
        };
        let mut lowered = Lowered::with(Arc::new(graph), lowering).ok()?;
        lowered.align_words(width);
        let tape = Tape::new(&lowered.program, &lowered, width).ok()?;
        Some((lowered, Arc::new(tape)))
    };
    // Some tables have no value for a sum of zero, which the redacted graph would then reach.
    let (_, public) = lower(redacted(&graph))?;
    let (lowered, weights) = lower(graph)?;
    let k = public.height().max(9);
    Some(Case {
        layout: Arc::new(KeyProofLayout::new(public, k, 8).unwrap()),
        lowered,
        weights,
        k,
    })
}

fn satisfied<C: Circuit<Fr>>(k: u32, circuit: &C) -> bool {
    MockProver::run(k, circuit, vec![])
        .unwrap()
        .verify()
        .is_ok()
}

impl Case {
    /// The only part of the proof.
    fn part(&self) -> KeyProofPart {
        let mut parts = self.layout.parts();
        assert_eq!(parts.len(), 1);
        parts.remove(0)
    }

    fn honest(&self) -> KeyProofWitness {
        KeyProofWitness::new(&self.part(), &self.weights).unwrap()
    }
}

#[test]
fn every_network_has_a_key_proof() {
    let mut rng = ChaCha8Rng::seed_from_u64(71);
    let mut made = 0;
    for round in 0..24 {
        let graph = match round % 2 {
            0 => convs::random(&mut rng),
            _ => graphs::random(&mut rng, graphs::Size::TINY),
        };
        let items = rng.gen_range(1..3);
        let Some(case) = case(graph, items, rng.gen_range(1..5)) else {
            continue;
        };
        let circuit = KeyProofCircuit::new(case.honest());
        assert!(satisfied(case.k, &circuit), "{round}");
        made += 1;
    }
    assert!(made >= 12, "{made}");
}

fn forged(case: &Case, changed: &ChangedTaps<'_>) -> KeyProofCircuit {
    let tape = Tape::new(&case.lowered.program, changed, case.weights.width()).unwrap();
    KeyProofCircuit::new(KeyProofWitness::forged(&case.part(), &Arc::new(tape)).unwrap())
}

#[test]
fn no_other_coefficient_has_one() {
    let mut rng = ChaCha8Rng::seed_from_u64(72);
    let (mut public, mut secret) = (0, 0);
    while public < 12 || secret < 12 {
        let Some(case) = case(graphs::random(&mut rng, graphs::Size::TINY), 1, 3) else {
            continue;
        };
        let all = all_taps(&case.lowered);
        for _ in 0..4 {
            let (at, number, tap) = all[rng.gen_range(0..all.len())];
            let weight = match tap.weight {
                Weight::Secret { bits, .. } => {
                    secret += 1;
                    // The nearest integers outside, and no integer at all.
                    let (low, high) = declared_range(bits);
                    [
                        Weight::Int(low - 1),
                        Weight::Int(high + 1),
                        Weight::Field(Fr::from(2).invert().unwrap()),
                    ][rng.gen_range(0..3)]
                }
                known => {
                    public += 1;
                    [
                        Weight::Field(Fr::ZERO),
                        Weight::Field(known.field() + Fr::ONE),
                        Weight::Field(known.field().double()),
                    ][rng.gen_range(0..3)]
                }
            };
            if weight.field() == tap.weight.field() {
                continue;
            }
            let changed = ChangedTaps {
                honest: &case.lowered,
                at,
                change: &|taps| taps[number].weight = weight,
            };
            let forgery = forged(&case, &changed);
            assert!(!satisfied(case.k, &forgery), "{tap:?} {weight:?}");
            // An honest prover says which coefficient it is.
            let tape = Tape::new(&case.lowered.program, &changed, 3).unwrap();
            let error = KeyProofWitness::new(&case.part(), &Arc::new(tape)).unwrap_err();
            assert!(matches!(error, CircuitError::Undeclared { .. }), "{error}");
        }
    }
}

#[test]
fn secrets_within_their_bits_have_one_whatever_they_are() {
    let mut rng = ChaCha8Rng::seed_from_u64(73);
    let mut tried = 0;
    while tried < 8 {
        let Some(case) = case(graphs::random(&mut rng, graphs::Size::TINY), 1, 2) else {
            continue;
        };
        let all = all_taps(&case.lowered);
        let secrets = all.iter().filter_map(|(at, number, tap)| match tap.weight {
            Weight::Secret { bits, .. } => Some((*at, *number, bits)),
            _ => None,
        });
        for (at, number, bits) in secrets.take(2) {
            let (low, high) = declared_range(bits);
            let weight = Weight::Int([low, high][rng.gen_range(0..2)]);
            let changed = ChangedTaps {
                honest: &case.lowered,
                at,
                change: &|taps| taps[number].weight = weight,
            };
            assert!(satisfied(case.k, &forged(&case, &changed)), "{bits}");
            tried += 1;
        }
    }
}

/// A forgery whose weights are not within their bits.
fn outside() -> (u32, KeyProofCircuit) {
    let mut rng = ChaCha8Rng::seed_from_u64(74);
    loop {
        let Some(case) = case(graphs::random(&mut rng, graphs::Size::TINY), 1, 2) else {
            continue;
        };
        let all = all_taps(&case.lowered);
        let found = all.iter().find_map(|(at, number, tap)| match tap.weight {
            Weight::Secret { bits, .. } => Some((*at, *number, bits)),
            _ => None,
        });
        if let Some((at, number, bits)) = found {
            let changed = ChangedTaps {
                honest: &case.lowered,
                at,
                change: &|taps| taps[number].weight = Weight::Int(declared_range(bits).1 + 1),
            };
            return (case.k, forged(&case, &changed));
        }
    }
}

/// The forgery fails with all gates, and passes without the one it is made for.
fn only_held_by(gate: &'static str, k: u32, forgery: &KeyProofCircuit) {
    assert!(!satisfied(k, forgery), "{gate}");
    for without in KEY_PROOF_GATES {
        let mut forgery = forgery.clone();
        forgery.without = Some(without);
        assert_eq!(satisfied(k, &forgery), without == gate, "{gate} {without}");
    }
}

#[test]
fn honest_sums_do_not_end_at_zero() {
    let (k, forgery) = outside();
    only_held_by("last sum", k, &forgery);
}

#[test]
fn sums_cannot_begin_where_they_like() {
    let (k, mut forgery) = outside();
    forgery.change = Some(Arc::new(|sums| {
        let total: Fr = sums.iter().map(|sum| sum[sum.len() - 1]).sum();
        sums[0].iter_mut().for_each(|sum| *sum -= total);
    }));
    only_held_by("first sum", k, &forgery);
}

#[test]
fn sums_cannot_jump() {
    let (k, mut forgery) = outside();
    forgery.change = Some(Arc::new(|sums| {
        let total: Fr = sums.iter().map(|sum| sum[sum.len() - 1]).sum();
        let last = sums[0].len() - 1;
        sums[0][last] -= total;
    }));
    only_held_by("look-ups", k, &forgery);
}
