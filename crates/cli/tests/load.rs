//! Many triggers at once: what a relayer takes, and how fast it is. A few here; scripts/bench-relayer.sh
//! queues a thousand.
#![allow(clippy::unwrap_used, clippy::expect_used, missing_docs)]

#[path = "../../relayer/tests/common/mod.rs"]
mod common;
#[path = "common/program.rs"]
mod program;

use common::{
    anvil::Anvil,
    fed::{Fed, Feeders},
    feed::Feed,
    nats::Nats,
    workers::{fleet, worker_config},
    world::latest,
};
use program::{Program, signer_programs, until};
use serde_json::json;
use std::{
    fs,
    time::{Duration, Instant},
};
use verdict_relayer::store::{State, Store, Trigger};

fn wanted(name: &str, otherwise: usize) -> usize {
    let wanted = std::env::var(name).ok();
    wanted.and_then(|it| it.parse().ok()).unwrap_or(otherwise)
}

/// As many jobs as there are oracles, each like the one there is.
fn each(text: &str, count: usize) -> String {
    let (common, job) = text.split_at(text.find("[jobs.eth]").unwrap());
    let jobs = (0..count).map(|number| {
        job.replace("eth\"", &format!("o{number}\""))
            .replace("[jobs.eth]", &format!("[jobs.o{number}]"))
    });
    jobs.fold(common.to_owned(), |text, job| text + &job + "\n")
}

/// The most memory that a program has had, in MiB.
fn peak(program: &Program) -> u64 {
    let status = fs::read_to_string(format!("/proc/{}/status", program.0.id())).unwrap();
    let line = status.lines().find(|it| it.starts_with("VmHWM")).unwrap();
    let kilobytes: u64 = line.split_whitespace().nth(1).unwrap().parse().unwrap();
    kilobytes / 1024
}

struct Figures {
    seconds: f64,
    proving: f64,
    waits: Vec<f64>,
}

impl Figures {
    fn of(triggers: &[Trigger]) -> Self {
        #[allow(clippy::cast_precision_loss)]
        let seconds = |milliseconds: i64| milliseconds as f64 / 1e3;
        let first = triggers.iter().map(|it| it.created_at).min().unwrap();
        let last = triggers.iter().map(|it| it.updated_at).max().unwrap();
        let mut waits: Vec<f64> = triggers
            .iter()
            .map(|it| seconds(it.updated_at - it.created_at))
            .collect();
        waits.sort_by(f64::total_cmp);
        let proving = triggers
            .iter()
            .map(|it| it.work.proof.as_ref().unwrap().milliseconds);
        Self {
            seconds: seconds(last - first),
            proving: seconds(proving.sum::<u64>().cast_signed()),
            waits,
        }
    }

    fn within(&self, percent: usize) -> f64 {
        self.waits[(self.waits.len() * percent / 100).min(self.waits.len() - 1)]
    }
}

#[test]
fn every_trigger_of_many_at_once_has_its_one_effect() {
    let (count, workers) = (wanted("VERDICT_TRIGGERS", 20), wanted("VERDICT_WORKERS", 2));
    let mut fed = Fed::on(Anvil::with(&[]), 86_400);
    let model = fed.world.deployment.models["price"].clone();
    let oracles: Vec<_> = (0..count)
        .map(|number| fed.world.oracle(&format!("o{number}"), &model, 86_400))
        .collect();
    let folder = fed.world.path().to_owned();
    let nats = Nats::start();
    let runtime = common::runtime();
    runtime.block_on(async {
        fed.anvil.ask("evm_setAutomine", json!([false])).await;
        fed.anvil.ask("evm_setIntervalMining", json!([1])).await;
    });
    let feed = runtime.block_on(Feed::start(&common::fed::PRICES));
    let (_signers, signers) = signer_programs(&fed, &feed.url(), |text| each(&text, count));
    let feeders = Feeders { feed, signers };
    let text = fed.config(&[fed.anvil.url()], &feeders, "{ on = \"once\" }", "");
    let names = &["a", "b", "c", "d"][..workers.min(4)];
    let text = match names.is_empty() {
        true => text,
        false => fleet(&fed.world, &nats, names, &text),
    };
    fed.write(&each(
        &text.replace("lease = \"5s\"", "lease = \"60s\""),
        count,
    ));
    let provers: Vec<Program> = names
        .iter()
        .map(|name| {
            let config = format!("worker-{name}.toml");
            fs::write(folder.join(&config), worker_config(&nats, name, "8 GiB")).unwrap();
            Program::start(&folder, &["worker", "--config", &config])
        })
        .collect();
    let relayer = Program::start(&folder, &["relay"]);
    let store = runtime.block_on(async {
        let path = folder.join("relayer.db");
        until("there is a database", || path.exists());
        Store::open(&format!("sqlite:{}", path.display()))
            .await
            .unwrap()
    });
    let started = Instant::now();
    let patience = Duration::from_secs(60 + 20 * count as u64);
    let confirmed =
        || runtime.block_on(async { store.counts(None).await.unwrap()[&State::Confirmed] });
    while confirmed() < count as u64 {
        assert!(
            started.elapsed() < patience,
            "{} of {count} in vain",
            confirmed()
        );
        std::thread::sleep(Duration::from_millis(500));
    }
    let all = runtime
        .block_on(store.triggers(None, None, 100_000))
        .unwrap();
    assert_eq!(all.len(), count);
    let figures = Figures::of(&all);
    #[allow(clippy::cast_precision_loss)]
    let (count, places) = (count as f64, workers.max(1) as f64);
    println!(
        "{count} triggers, {workers} workers: {:.0} s, {:.2} triggers/s; proving {:.1} % of the wall time of each prover; \
         trigger to confirmation p50 {:.1} s, p99 {:.1} s; peak memory of the relayer {} MiB, of a worker {} MiB",
        figures.seconds,
        count / figures.seconds,
        100.0 * figures.proving / places / figures.seconds,
        figures.within(50),
        figures.within(99),
        peak(&relayer),
        provers.first().map_or(0, peak),
    );
    for oracle in oracles {
        let (rounds, ..) = latest(&mut fed.world.chain, oracle);
        assert_eq!(rounds, 1, "{oracle}");
    }
}
