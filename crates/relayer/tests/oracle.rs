//! An oracle that is kept fed from an HTTP feed, with signer daemons, on a real node.
#![allow(clippy::unwrap_used, clippy::expect_used, missing_docs)]

mod common;

use common::{
    fed::{Fed, Running},
    logs,
    world::latest,
};
use verdict_relayer::store::State;

#[test]
fn a_feed_updates_itself_for_twenty_rounds() {
    logs();
    let mut fed = Fed::new();
    let runtime = common::runtime();
    let rounds = runtime.block_on(async {
        let feeders = fed.feeders(2).await;
        let every = "{ on = \"interval\", every = \"2s\" }";
        let text = fed.config(&[fed.anvil.url()], &feeders, every, "");
        let running = Running::start(&fed.world, &text).await;
        running.until(State::Confirmed, 20).await;
        assert_eq!(
            running.count(State::Failed).await,
            0,
            "{}",
            running.reason().await
        );
        let confirmed = running.count(State::Confirmed).await;
        running.stop().await;
        confirmed
    });
    let (round, answer, _) = latest(&mut fed.world.chain, fed.oracle);
    assert!(round >= rounds, "{round} rounds, {rounds} were confirmed");
    let price: f64 = answer.to_string().parse::<f64>().unwrap() / 1e8;
    assert!((price - 2_000.0).abs() < 40.0, "{price}");
}
