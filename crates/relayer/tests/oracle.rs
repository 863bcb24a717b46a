//! An oracle that is kept fed from an HTTP feed, with signer daemons, on a real node.
#![allow(clippy::unwrap_used, clippy::expect_used, missing_docs)]

mod common;

use common::{
    anvil::Anvil,
    feed::Feed,
    logs, until,
    world::{World, latest, oracle_model},
};
use std::sync::Arc;
use verdict_relayer::{
    Metrics, Relay, Service,
    config::Config,
    signerd::{Signerd, serve},
    store::State,
};

/// Three venues' prices and how much they swing, as the tiny model takes them.
const PRICES: [f64; 4] = [2_000.0, 2_001.0, 1_999.0, 1.0];

fn job(feed: &str, rest: &str) -> String {
    format!(
        "[jobs.eth]\nconsumer = \"oracle\"\ncontract = \"eth\"\nmodel = \"price\"\n{rest}\n\
         features = [{{ name = \"prices\", values = 4, from = [{{ source = \"http\", url = \"{feed}\", pointer = \"/values\" }}] }}]\n"
    )
}

async fn signer(world: &World, anvil: &Anvil, feed: &str, number: usize) -> String {
    let text = format!(
        "{}[database]\nurl = \"sqlite:unused.db\"\n\n[signerd]\nkey = {{ private-key = {{ file = \"signer{number}.key\" }} }}\n\
         tolerance-bps = 20\nper-minute = 10000\n\n[models.price]\npath = \"price.verdict\"\n\n{}",
        world.settings(&[anvil.url()]),
        job(
            feed,
            "triggers = [{ on = \"once\" }]\nevidence = { kind = \"signed\", signers = [\"http://127.0.0.1:1\"] }"
        ),
    );
    let config = Config::parse(&text, world.path().into()).unwrap();
    let signer = Signerd::open(config).await.unwrap();
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    tokio::spawn(serve(signer, listener, std::future::pending()));
    url
}

#[test]
fn a_feed_updates_itself() {
    logs();
    let anvil = Anvil::start();
    let scorer = oracle_model();
    let mut world = World::new(&anvil, &scorer);
    let model = world.register("price", &scorer);
    let oracle = world.oracle("eth", &model);
    let runtime = tokio::runtime::Runtime::new().unwrap();
    let rounds = runtime.block_on(async {
        let feed = Feed::start(&PRICES).await;
        let mut signers = Vec::new();
        for number in 0..2 {
            signers.push(signer(&world, &anvil, &feed.url(), number).await);
        }
        let rest = format!(
            "signer = \"main\"\ntriggers = [{{ on = \"interval\", every = \"2s\" }}]\n\
             evidence = {{ kind = \"signed\", signers = [{:?}, {:?}] }}",
            signers[0], signers[1]
        );
        let text = format!(
            "{}[database]\nurl = \"sqlite:relayer.db\"\n\n[signers.main]\nprivate-key = {{ file = \"sender.key\" }}\n\n\
             [models.price]\npath = \"price.verdict\"\n\n{}",
            world.settings(&[anvil.url()]),
            job(&feed.url(), &rest),
        );
        let config = Config::parse(&text, world.path().into()).unwrap();
        let relay = Relay::open(config).await.unwrap();
        let service = Service::new(relay.clone(), Arc::new(Metrics::new()));
        let running = tokio::spawn({
            let service = service.clone();
            async move { service.run().await }
        });
        let confirmed = until("20 rounds", async || {
            let counts = relay.store.counts(None).await.unwrap();
            for failed in relay.store.triggers(None, Some(State::Failed), 1).await.unwrap() {
                panic!("{failed:?}");
            }
            (counts[&State::Confirmed] >= 20).then_some(counts[&State::Confirmed])
        })
        .await;
        service.stop();
        running.await.unwrap().unwrap();
        confirmed
    });
    let (round, answer, _) = latest(&mut world.chain, oracle);
    assert!(round >= rounds, "{round} rounds, {rounds} were confirmed");
    let price: f64 = answer.to_string().parse::<f64>().unwrap() / 1e8;
    assert!((price - 2_000.0).abs() < 40.0, "{price}");
}
