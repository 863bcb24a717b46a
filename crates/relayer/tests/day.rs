//! Hours of an oracle whose value must never be older than an hour, on a chain whose time a test
//! makes.
#![allow(clippy::unwrap_used, clippy::expect_used, missing_docs)]

mod common;

use common::{
    anvil::Anvil,
    fed::{Fed, Running},
    logs, until,
    world::latest,
};
use serde_json::json;
use verdict_relayer::store::State;

/// Seconds between two blocks.
const BLOCK: u64 = 240;
const HEARTBEAT: u64 = 3_600;

/// A few hours here, and as many as VERDICT_HOURS says by hand.
fn hours() -> u64 {
    let wanted = std::env::var("VERDICT_HOURS").ok();
    wanted.and_then(|it| it.parse().ok()).unwrap_or(6)
}

#[test]
fn no_heartbeat_is_missed() {
    logs();
    let mut fed = Fed::on(Anvil::with(&[]), u32::try_from(HEARTBEAT).unwrap());
    let runtime = common::runtime();
    let blocks = hours() * 3_600 / BLOCK;
    let (running, feeders) = runtime.block_on(async {
        fed.anvil.ask("evm_setAutomine", json!([false])).await;
        let feeders = fed.feeders(2).await;
        let text = fed.config(
            &[fed.anvil.url()],
            &feeders,
            "{ on = \"heartbeat\", before = \"20m\" }",
            "",
        );
        let text = text.replace("poll = \"200ms\"", "poll = \"50ms\"");
        (Running::start(&fed.world, &text).await, feeders)
    });
    let (mut oldest, mut seen) = (0, 0);
    for _ in 0..blocks {
        let head = runtime.block_on(async {
            fed.anvil.ask("evm_increaseTime", json!([BLOCK])).await;
            fed.anvil.ask("evm_mine", json!([])).await;
            let head = running.relay.nodes.head().await.unwrap();
            // What there is to do at this block is done: nothing is left that another block would
            // not bring on.
            until("the relayer has seen the block", async || {
                let same = running
                    .service
                    .head()
                    .is_some_and(|it| it.number == head.number);
                let counts = running.relay.store.counts(None).await.unwrap();
                let busy: u64 = counts
                    .iter()
                    .filter(|it| it.0.is_unsent())
                    .map(|it| it.1)
                    .sum();
                (same && busy == 0).then_some(())
            })
            .await;
            // Once more, for what it begins when it has seen the block.
            tokio::time::sleep(std::time::Duration::from_millis(150)).await;
            until("and has handed in what is due", async || {
                let counts = running.relay.store.counts(None).await.unwrap();
                let busy: u64 = counts
                    .iter()
                    .filter(|it| it.0.is_unsent())
                    .map(|it| it.1)
                    .sum();
                (busy == 0).then_some(())
            })
            .await;
            head
        });
        let (round, _, updated) = latest(&mut fed.world.chain, fed.oracle);
        if round > 0 {
            oldest = oldest.max(head.timestamp - updated);
            seen = round;
        }
    }
    assert_eq!(runtime.block_on(running.count(State::Failed)), 0);
    runtime.block_on(running.stop());
    drop(feeders);
    println!(
        "{} hours, {seen} rounds, the oldest value was {oldest} s old",
        hours()
    );
    assert!(oldest <= HEARTBEAT, "a value was {oldest} s old");
    // It is not fed more than it needs, either.
    let most = hours() * 3_600 / (HEARTBEAT - 1_200 - BLOCK) + 2;
    assert!(
        seen >= hours() / 2 && seen <= most,
        "{seen} rounds, {most} at most"
    );
}
