//! Every consumer's story ends well, and everything that must be refused is.
#![allow(clippy::unwrap_used, clippy::print_stdout, missing_docs)]

use std::thread;
use verdict_chain::Fork;
use verdict_consumers::CONSUMERS;
use verdict_stories::{STORIES, Teller, cost_of_batch, recurring};

fn told(teller: &Teller, fork: Fork) {
    let (consumer, story) = (teller.kind.name, (teller.tell)(fork).unwrap());
    println!(
        "{consumer}: {} ({} gas, verification alone {}, {:.1} s)",
        story.summary, story.gas, story.gas_verification, story.seconds
    );
    for step in &story.steps {
        println!("  {:<32} {:>9} gas", step.step, step.gas);
    }
    for attempt in &story.rejected {
        println!("  refused: {}: {:?}", attempt.attempt, attempt.error);
        assert!(attempt.ok, "{consumer}: {attempt:?}");
    }
    assert_eq!(story.consumer, consumer);
    assert!(story.ok && story.rejected.len() >= 3, "{story:?}");
    assert!(story.gas > story.gas_verification);
}

#[test]
fn every_consumer_of_the_table_has_a_story_that_ends_well() {
    let tellers = STORIES.iter().map(|teller| teller.kind.name);
    let consumers = CONSUMERS.iter().map(|kind| kind.name);
    assert!(tellers.eq(consumers));
    thread::scope(|scope| {
        for teller in STORIES {
            scope.spawn(|| told(teller, Fork::Osaka));
        }
    });
}

/// By the rules that are planned, state is dear: what recurs must not take new slots. An airdrop's
/// batches and claims are remembered, so they do. Bounds are on what a step costs besides its proof,
/// if it has one.
#[test]
fn what_recurs_costs_little_besides_its_proof() {
    for row in recurring(Fork::Amsterdam).unwrap() {
        let (proof, most) = match row.step {
            "acceptBatch, four accounts" => (row.verification, 500_000),
            "propose, three parameters" => (row.verification, 163_000),
            "trigger" => (row.verification, 132_000),
            "execute, three parameters" | "claim" => (0, 407_000),
            _ => (row.verification, 94_000),
        };
        let own = row.gas - proof;
        println!("{row:?}: {own} of its own");
        assert!(own <= most, "{row:?}: {own}");
    }
}

#[test]
fn one_proof_is_shared_by_a_batch() {
    let mut last = f64::INFINITY;
    for items in [1, 4, 16] {
        let cost = cost_of_batch(items, Fork::Osaka).unwrap();
        let each = cost.gas as f64 / items as f64;
        println!("acceptBatch, {items} accounts: {cost:?}, {each:.0} gas an account");
        assert!(cost.gas > cost.gas_verification);
        assert!(each < last);
        last = each;
    }
}
