//! `verdict relay` and `verdict signerd` as programs: killed at random, asked by an operator.
#![allow(clippy::unwrap_used, clippy::expect_used, missing_docs)]

#[path = "../../relayer/tests/common/mod.rs"]
mod common;

use assert_cmd::cargo::cargo_bin;
use common::{
    fed::{Fed, Feeders},
    feed::Feed,
    world::latest,
};
use rand::{Rng, SeedableRng, rngs::StdRng};
use std::{
    fs,
    path::Path,
    process::{Child, Command, Stdio},
    thread::sleep,
    time::{Duration, Instant},
};
use verdict_relayer::store::{State, Store};

/// A program that ends with this.
struct Program(Child);

impl Program {
    fn start(folder: &Path, arguments: &[&str]) -> Self {
        let log = folder.join(format!("{}.log", arguments[0]));
        let log = fs::OpenOptions::new()
            .create(true)
            .append(true)
            .open(log)
            .unwrap();
        let child = Command::new(cargo_bin!("verdict"))
            .args(arguments)
            .current_dir(folder)
            .env("RUST_LOG", "info")
            .stdout(Stdio::null())
            .stderr(log)
            .spawn()
            .unwrap();
        Self(child)
    }

    /// As `kill -9`.
    fn kill(mut self) {
        self.0.kill().unwrap();
        self.0.wait().unwrap();
    }
}

impl Drop for Program {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

fn verdict(folder: &Path, arguments: &[&str]) -> (bool, String) {
    let done = Command::new(cargo_bin!("verdict"))
        .args(arguments)
        .current_dir(folder)
        .output()
        .unwrap();
    let text = String::from_utf8(done.stdout).unwrap() + &String::from_utf8(done.stderr).unwrap();
    (done.status.success(), text)
}

/// Waits until something holds.
fn until(what: &str, mut check: impl FnMut() -> bool) {
    let started = Instant::now();
    while !check() {
        assert!(
            started.elapsed() < Duration::from_secs(120),
            "in vain: {what}"
        );
        sleep(Duration::from_millis(100));
    }
}

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

fn signer_programs(fed: &Fed, feed: &str) -> (Vec<Program>, Vec<String>) {
    let folder = fed.world.path();
    let mut programs = Vec::new();
    let mut urls = Vec::new();
    for number in 0..2 {
        let port = std::net::TcpListener::bind("127.0.0.1:0")
            .unwrap()
            .local_addr()
            .unwrap()
            .port();
        let text = fed.signer_config(feed, number).replace(
            "listen = \"127.0.0.1:0\"",
            &format!("listen = \"127.0.0.1:{port}\""),
        );
        let name = format!("signer{number}.toml");
        fs::write(folder.join(&name), text).unwrap();
        programs.push(Program::start(folder, &["signerd", "--config", &name]));
        urls.push(format!("http://127.0.0.1:{port}"));
    }
    (programs, urls)
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
    let runtime = tokio::runtime::Runtime::new().unwrap();
    let feed = runtime.block_on(Feed::start(&common::fed::PRICES));
    let (_signers, urls) = signer_programs(&fed, &feed.url());
    let feeders = Feeders {
        feed,
        signers: urls,
    };
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
    let runtime = tokio::runtime::Runtime::new().unwrap();
    let feed = runtime.block_on(Feed::start(&common::fed::PRICES));
    let (_signers, urls) = signer_programs(&fed, &feed.url());
    let feeders = Feeders {
        feed,
        signers: urls,
    };
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
