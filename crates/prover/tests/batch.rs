//! Batches: the public values of any other arrangement of items are rejected, by the Rust verifier
//! and by the contract.
#![allow(clippy::unwrap_used, missing_docs)]

mod support;

use halo2curves_axiom::bn256::Fr;
use support::{
    keyed,
    models::rng,
    small::{items, network},
};
use verdict_chain::{Harness, Verdict};
use verdict_circuit::{Batch, Salt, WordLayout, commit};
use verdict_model::{Row, Trace, Visibility, execute_batch};
use verdict_prover::{Inference, KeyedModel};
use verdict_wire::{key_bytes, public_values, unpack_batch, words};

const CONTEXT: u64 = 0xC0FFEE;
const ITEMS: usize = 5;

struct Proved {
    keyed: KeyedModel,
    /// The trace of an item that is not in the batch.
    stranger: Trace,
    inference: Inference,
    harness: Harness,
    key: alloy_primitives::Address,
}

impl Proved {
    fn new(outputs: usize, input: Visibility, sums: bool) -> Self {
        let batch = Batch {
            items: ITEMS,
            sums: if sums { vec![2] } else { vec![] },
        };
        let keyed = keyed(network(1, outputs, input), batch, None);
        // Items whose outputs all differ, so that no arrangement is another one's.
        let candidates = items(3, 200);
        let mut chosen: Vec<(Row<i32>, Trace)> = Vec::new();
        let traces = execute_batch(keyed.model().graph(), &candidates).unwrap();
        for (item, trace) in candidates.into_iter().zip(traces) {
            if chosen
                .iter()
                .all(|(_, other)| other.values[2] != trace.values[2])
            {
                chosen.push((item, trace));
            }
        }
        let (_, stranger) = chosen.swap_remove(ITEMS);
        let batch: Vec<Row<i32>> = chosen.drain(..ITEMS).map(|(item, _)| item).collect();
        let salts = keyed.random_salts(rng(2));
        let inference = keyed
            .prove_batch(&batch, &salts, Fr::from(CONTEXT), rng(4), &|_| {})
            .unwrap();
        let mut harness = Harness::new(words::tau_g2(&keyed.srs().tau_g2())).unwrap();
        let key = harness
            .publish(&key_bytes(keyed.keys().on_chain()))
            .unwrap()
            .0;
        Self {
            keyed,
            stranger,
            inference,
            harness,
            key,
        }
    }

    /// What both verifiers say.
    fn accepted(&mut self, instance: &[Fr]) -> bool {
        let native = self.keyed.verify(instance, &self.inference.proof).is_ok();
        let (verdict, _) = self
            .harness
            .verify(self.key, &public_values(instance), &self.inference.proof)
            .unwrap();
        assert_eq!(native, verdict == Verdict::Accepted);
        native
    }

    fn instance(&self, traces: &[Trace], salts: &[Salt]) -> Vec<Fr> {
        let lowered = &self.keyed.plan().lowered;
        lowered.instance(Fr::from(CONTEXT), traces, salts)
    }
}

/// Every way to misstate which items were computed.
fn arrangements(honest: &[Trace], stranger: &Trace) -> Vec<(&'static str, Vec<Trace>)> {
    let mut wrong = honest.to_vec();
    wrong[2] = stranger.clone();
    let mut dropped = honest.to_vec();
    dropped.remove(2);
    let mut filled = dropped.clone();
    filled.push(honest[ITEMS - 1].clone());
    let mut repeated = honest.to_vec();
    repeated[3] = honest[2].clone();
    let mut reordered = honest.to_vec();
    reordered.swap(1, 3);
    let mut rotated = honest.to_vec();
    rotated.rotate_left(1);
    vec![
        ("wrong", wrong),
        ("dropped", dropped),
        ("dropped and filled", filled),
        ("repeated", repeated),
        ("reordered", reordered),
        ("rotated", rotated),
    ]
}

#[test]
fn every_other_arrangement_of_the_items_is_rejected() {
    for (outputs, input, layout) in [
        (3, Visibility::Private, WordLayout::PerItem),
        (1, Visibility::Private, WordLayout::Across),
        (1, Visibility::Public, WordLayout::Across),
        (3, Visibility::Public, WordLayout::PerItem),
    ] {
        let mut proved = Proved::new(outputs, input, false);
        let graph = proved.keyed.model().graph().clone();
        let batch = proved.keyed.plan().lowered.batch().clone();
        assert_eq!(batch.layout(&graph, 2), layout);
        let honest = proved.inference.instance.clone();
        assert!(proved.accepted(&honest), "{outputs} {input:?}");

        let unpacked = unpack_batch(&graph, &batch, &public_values(&honest)).unwrap();
        let last = unpacked.tensors.last().unwrap();
        assert_eq!(last.layout, layout);
        for (trace, item) in proved.inference.traces.iter().zip(&last.items) {
            assert_eq!(&trace.values[2], item);
        }

        for (what, traces) in arrangements(&proved.inference.traces, &proved.stranger) {
            let instance = proved.instance(&traces, &[]);
            assert_ne!(instance, honest, "{what}");
            assert!(!proved.accepted(&instance), "{outputs} {input:?} {what}");
        }
    }
}

#[test]
fn sums_over_a_batch_hide_the_order_and_nothing_else() {
    let mut proved = Proved::new(3, Visibility::Private, true);
    let honest = proved.inference.instance.clone();
    assert!(proved.accepted(&honest));
    let graph = proved.keyed.model().graph().clone();
    let batch = proved.keyed.plan().lowered.batch().clone();
    let unpacked = unpack_batch(&graph, &batch, &public_values(&honest)).unwrap();
    let sums: Vec<i32> = (0..3)
        .map(|cell| {
            proved
                .inference
                .traces
                .iter()
                .map(|t| t.values[2][cell])
                .sum()
        })
        .collect();
    assert_eq!(unpacked.tensors[0].items, [sums]);
    for (what, traces) in arrangements(&proved.inference.traces, &proved.stranger) {
        let instance = proved.instance(&traces, &[]);
        let same_items = matches!(what, "reordered" | "rotated");
        assert_eq!(instance == honest, same_items, "{what}");
        assert_eq!(proved.accepted(&instance), same_items, "{what}");
    }
}

#[test]
fn committed_inputs_are_bound_item_by_item() {
    let mut proved = Proved::new(1, Visibility::Committed, false);
    let honest = proved.inference.instance.clone();
    assert!(proved.accepted(&honest));
    let graph = proved.keyed.model().graph().clone();
    let batch = proved.keyed.plan().lowered.batch().clone();
    let unpacked = unpack_batch(&graph, &batch, &public_values(&honest)).unwrap();
    let (id, commitments) = &unpacked.commitments[0];
    let packing = verdict_model::Packing::of(&graph.tensors[*id]);
    for (item, commitment) in commitments.iter().enumerate() {
        let input: Vec<Fr> = packing
            .pack(&proved.inference.traces[item].values[*id])
            .into_iter()
            .map(Fr::from_raw)
            .collect();
        let salt = proved.inference.salts[item].value();
        assert_eq!(words::word(&commit(&input, salt)), *commitment, "{item}");
    }
    let (traces, salts) = (
        proved.inference.traces.clone(),
        proved.inference.salts.clone(),
    );
    let mut other = salts.clone();
    other.swap(0, 1);
    let instance = proved.instance(&traces, &other);
    assert!(!proved.accepted(&instance));
    // Commitments of two items exchanged, outputs left alone.
    let mut exchanged = honest.clone();
    let end = honest.len();
    exchanged.swap(end - 1, end - 2);
    assert!(!proved.accepted(&exchanged));
    let mut reordered = traces.clone();
    reordered.swap(1, 3);
    let instance = proved.instance(&reordered, &salts);
    assert!(!proved.accepted(&instance));
}
