//! `verdict relay` and `verdict signerd` as programs: killed at random, asked by an operator.
#![allow(clippy::unwrap_used, clippy::expect_used, missing_docs)]

#[path = "../../relayer/tests/common/mod.rs"]
mod common;
#[path = "common/program.rs"]
mod program;

use common::{
    fed::{Fed, Feeders},
    feed::Feed,
    nats::Nats,
    runtime,
    workers::{fleet, worker_config},
    world::latest,
};
use program::{Program, signer_programs, until, verdict};
use rand::{Rng, SeedableRng, rngs::StdRng};
use std::{fs, thread::sleep, time::Duration};
use verdict_relayer::store::{State, Store};

/// What the database says, read beside the programs.
fn store<T>(runtime: &tokio::runtime::Runtime, fed: &Fed, ask: impl AsyncFnOnce(Store) -> T) -> T {
    let path = fed.world.path().join("relayer.db");
    runtime.block_on(async {
        let store = Store::open(&format!("sqlite:{}", path.display()))
            .await
            .unwrap();
        let answer = ask(store.clone()).await;
        store.close().await;
        answer
    })
}

/// A feed, and two programs that sign what they read there.
fn feeders(runtime: &tokio::runtime::Runtime, fed: &Fed) -> (Vec<Program>, Feeders) {
    let feed = runtime.block_on(Feed::start(&common::fed::PRICES));
    let (programs, signers) = signer_programs(fed, &feed.url(), |text| text);
    (programs, Feeders { feed, signers })
}

/// How often the relayer is killed: a few times here, and as often as VERDICT_KILLS says by hand.
fn kills() -> u32 {
    let wanted = std::env::var("VERDICT_KILLS").ok();
    wanted.and_then(|it| it.parse().ok()).unwrap_or(10)
}

#[test]
fn killed_at_random_it_loses_no_trigger_and_doubles_none() {
    let mut fed = Fed::new();
    let folder = fed.world.path().to_owned();
    let runtime = runtime();
    let (_signers, feeders) = feeders(&runtime, &fed);
    let every = "{ on = \"interval\", every = \"1s\" }";
    let text = fed.config(&[fed.anvil.url()], &feeders, every, "");
    fed.write(&text.replace("lease = \"5s\"", "lease = \"2s\""));

    let seed: u64 = std::env::var("VERDICT_SEED")
        .ok()
        .and_then(|it| it.parse().ok())
        .unwrap_or(7);
    let mut random = StdRng::seed_from_u64(seed);
    for _ in 0..kills() {
        let relayer = Program::start(&folder, &["relay", "--config", "relayer.toml"]);
        sleep(Duration::from_millis(random.gen_range(300..5_000)));
        relayer.kill();
    }
    // From here on it is left alone, with nothing new to do.
    let seen = store(&runtime, &fed, async |store| {
        store.triggers(None, None, 10_000).await.unwrap().len()
    });
    fed.write(&text.replace(every, "{ on = \"once\" }"));
    let last = Program::start(&folder, &["relay", "--config", "relayer.toml"]);
    until("every trigger is over", || {
        store(&runtime, &fed, async |store| {
            let counts = store.counts(None).await.unwrap();
            let open: u64 = counts
                .iter()
                .filter(|it| !it.0.is_over())
                .map(|it| it.1)
                .sum();
            open == 0 && counts.values().sum::<u64>() > seen as u64
        })
    });
    drop(last);
    let (confirmed, failed, slots) = store(&runtime, &fed, async |store| {
        let all = store.triggers(None, None, 10_000).await.unwrap();
        let mut slots = 0;
        for trigger in all.iter().filter(|it| it.state == State::Confirmed) {
            slots += store.slots_of(&trigger.id).await.unwrap().len();
        }
        let count = |state| all.iter().filter(|it| it.state == state).count();
        (count(State::Confirmed), count(State::Failed), slots)
    });
    // One effect on the chain for each confirmed trigger, and none beside them.
    let (rounds, ..) = latest(&mut fed.world.chain, fed.oracle);
    assert!(
        confirmed > 0 && failed == 0,
        "seed {seed}: {confirmed} confirmed, {failed} failed"
    );
    assert_eq!(
        rounds, confirmed as u64,
        "seed {seed}: rounds and confirmed triggers"
    );
    assert!(slots >= confirmed, "seed {seed}");
}

#[test]
fn an_operator_is_answered() {
    let fed = Fed::new();
    let folder = fed.world.path().to_owned();
    let runtime = runtime();
    let (_signers, feeders) = feeders(&runtime, &fed);
    let every = "{ on = \"interval\", every = \"2s\" }";
    fed.write(&fed.config(&[fed.anvil.url()], &feeders, every, ""));

    // Before anything runs: everything is as it must be, or it says what is not.
    until("the signers answer", || {
        verdict(&folder, &["relay", "check"]).0
    });
    let (good, text) = verdict(&folder, &["relay", "check"]);
    assert!(
        good && text.contains("is version 1 of model 1 in every part"),
        "{text}"
    );
    let (good, text) = verdict(&folder, &["relay", "status"]);
    assert!(!good && text.contains("is it running?"), "{text}");

    let relayer = Program::start(&folder, &["relay"]);
    until("a round", || {
        verdict(&folder, &["relay", "status"])
            .1
            .contains("confirmed")
    });
    let (good, text) = verdict(&folder, &["relay", "--json", "status"]);
    assert!(good, "{text}");
    let status: serde_json::Value = serde_json::from_str(&text).unwrap();
    let job = &status["data"]["jobs"][0];
    assert_eq!(job["name"], "eth");
    assert!(
        job["readings"]
            .as_array()
            .unwrap()
            .iter()
            .any(|it| it["value"].is_number())
    );
    let id = job["triggers"][0]["id"].as_str().unwrap();
    let (good, text) = verdict(&folder, &["relay", "explain", id]);
    assert!(good && text.contains("observed"), "{text}");
    // No two relayers on one socket.
    let (good, text) = verdict(&folder, &["relay"]);
    assert!(!good && text.contains("another relayer listens"), "{text}");

    let (good, text) = verdict(&folder, &["relay", "pause", "et", "--reason", "a test"]);
    assert!(!good && text.contains("did you mean `eth`"), "{text}");
    assert!(verdict(&folder, &["relay", "pause", "eth", "--reason", "a test"]).0);
    let (_, text) = verdict(&folder, &["relay", "status"]);
    assert!(text.contains("paused: a test"), "{text}");
    assert!(verdict(&folder, &["relay", "resume", "eth"]).0);

    // A bad configuration is refused and the old one kept; a good one is taken.
    let good_text = fs::read_to_string(folder.join("relayer.toml")).unwrap();
    fs::write(
        folder.join("relayer.toml"),
        good_text.replace("consumer =", "consumre ="),
    )
    .unwrap();
    let (good, text) = verdict(&folder, &["relay", "reload"]);
    assert!(!good && text.contains("did you mean `consumer`"), "{text}");
    fs::write(
        folder.join("relayer.toml"),
        good_text.replace("every = \"2s\"", "every = \"3s\""),
    )
    .unwrap();
    let (good, text) = verdict(&folder, &["relay", "reload"]);
    assert!(good && text.contains("~ jobs.eth"), "{text}");

    let (good, text) = verdict(&folder, &["relay", "stop"]);
    assert!(good, "{text}");
    let mut relayer = relayer;
    until("it stops", || relayer.0.try_wait().unwrap().is_some());
    assert!(relayer.0.wait().unwrap().success());
    // No secret is in what it wrote.
    let log = fs::read_to_string(folder.join("relay.log")).unwrap();
    let key = common::anvil::KEYS[1].trim_start_matches("0x");
    assert!(!log.contains(key) && !log.is_empty());
}

#[test]
fn workers_that_are_killed_at_random_cost_time_and_no_trigger() {
    let mut fed = Fed::new();
    let folder = fed.world.path().to_owned();
    let nats = Nats::start();
    let runtime = runtime();
    let (_signers, feeders) = feeders(&runtime, &fed);
    let every = "{ on = \"interval\", every = \"1s\" }";
    let text = fed.config(&[fed.anvil.url()], &feeders, every, "");
    let text = fleet(&fed.world, &nats, &["a", "b"], &text);
    let text = text.replace("lease = \"5s\"", "lease = \"2s\"");
    fed.write(&text);
    for name in ["a", "b"] {
        let text = worker_config(&nats, name, "8 GiB");
        fs::write(folder.join(format!("worker-{name}.toml")), text).unwrap();
    }
    let worker = |name: &str| {
        let config = format!("worker-{name}.toml");
        Program::start(&folder, &["worker", "--config", &config])
    };
    let status = || verdict(&folder, &["relay", "status"]).1;
    let _relayer = Program::start(&folder, &["relay"]);
    for _ in 0..3 {
        // In the middle of a proof, as far as the relayer knows.
        let killed = worker("a");
        until("it proves", || status().contains("worker a: proves"));
        killed.kill();
        let gone = || !status().contains("worker a: proves");
        until("the relayer has noticed", gone);
        assert!(verdict(&folder, &["relay", "readmit", "a"]).0);
    }
    let other = worker("b");
    until("the other one proves", || {
        let proved = status();
        let proofs = proved.split("worker b: ").nth(1).unwrap_or_default();
        !proofs.contains("0 proofs") && proved.contains("confirmed")
    });
    fed.write(&text.replace(every, "{ on = \"once\" }"));
    assert!(verdict(&folder, &["relay", "reload"]).0);
    until("every trigger is over", || {
        store(&runtime, &fed, async |store| {
            let counts = store.counts(None).await.unwrap();
            counts.iter().all(|it| it.0.is_over() || *it.1 == 0)
        })
    });
    let counts = store(&runtime, &fed, async |store| {
        store.counts(None).await.unwrap()
    });
    assert_eq!(counts[&State::Failed], 0);
    let (rounds, ..) = latest(&mut fed.world.chain, fed.oracle);
    assert_eq!(rounds, counts[&State::Confirmed]);
    drop(other);
    // What it shares with the relayer is in neither's log.
    let key = fs::read_to_string(folder.join("a.key")).unwrap();
    for log in ["worker.log", "relay.log"] {
        let log = fs::read_to_string(folder.join(log)).unwrap();
        assert!(!log.is_empty() && !log.contains(key.trim_start_matches("0x")));
    }
}
