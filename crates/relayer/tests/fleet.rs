//! Two relayers with one queue, on PostgreSQL.
#![allow(clippy::unwrap_used, clippy::expect_used, missing_docs)]

mod common;

use common::{
    fed::{Fed, Running},
    logs,
    postgres::Postgres,
    world::latest,
};
use std::collections::BTreeSet;
use verdict_relayer::store::State;

#[test]
fn two_relayers_share_the_work_and_double_none_of_it() {
    logs();
    let mut fed = Fed::new();
    let database = Postgres::start();
    let runtime = common::runtime();
    let confirmed = runtime.block_on(async {
        let feeders = fed.feeders(2).await;
        let every = "{ on = \"interval\", every = \"1s\" }";
        let text = fed.config(&[fed.anvil.url()], &feeders, every, "");
        let text = text.replace("sqlite:relayer.db", &database.url());
        let one = Running::start(&fed.world, &text).await;
        let two = Running::start(&fed.world, &text).await;
        one.until(State::Confirmed, 12).await;
        // One of them dies, and the other goes on alone.
        one.stop().await;
        let before = two.count(State::Confirmed).await;
        two.until(State::Confirmed, before + 3).await;
        assert_eq!(two.count(State::Failed).await, 0, "{}", two.reason().await);
        let mut provers = BTreeSet::new();
        for trigger in two
            .relay
            .store
            .triggers(None, Some(State::Confirmed), 100)
            .await
            .unwrap()
        {
            let steps = two.relay.store.history(&trigger.id).await.unwrap();
            provers.extend(
                steps
                    .into_iter()
                    .filter(|it| it.state == "proving")
                    .map(|it| it.reason),
            );
            assert_eq!(
                two.relay.store.slots_of(&trigger.id).await.unwrap().len(),
                1
            );
        }
        assert_eq!(provers.len(), 2, "{provers:?}");
        let submitted = two.count(State::Submitted).await;
        let confirmed = two.count(State::Confirmed).await;
        two.stop().await;
        confirmed..=confirmed + submitted + 1
    });
    let (rounds, ..) = latest(&mut fed.world.chain, fed.oracle);
    assert!(
        confirmed.contains(&rounds),
        "{rounds} rounds, {confirmed:?} confirmed"
    );
}
