//! Proofs on other machines, over a real NATS server: what workers, strangers and NATS itself can do
//! wrong, and that it costs time and nothing else.
#![allow(clippy::unwrap_used, clippy::expect_used, missing_docs)]

mod common;
#[path = "common/rogue.rs"]
mod rogue;

use common::{
    fed::{Fed, Running},
    logs,
    nats::Nats,
    runtime, until,
    workers::{Honest, fleet},
    world::oracle_model,
};
use rogue::{Rogue, client};
use std::{
    collections::BTreeSet,
    sync::{Arc, Mutex},
    time::Duration,
};
use verdict_relayer::{
    store::State,
    workers::{Direction, FleetState, Said, Work},
};

const EVERY: &str = "{ on = \"interval\", every = \"2s\" }";
const ONCE: &str = "{ on = \"once\" }";

async fn workers(running: &Running) -> FleetState {
    running.service.snapshot().await.unwrap().fleet.unwrap()
}

/// Why a worker is set aside, once it is.
async fn set_aside(running: &Running, name: &str) -> String {
    until(&format!("{name} is set aside"), async || {
        let fleet = workers(running).await;
        let worker = fleet.workers.into_iter().find(|it| it.name == name)?;
        worker.set_aside
    })
    .await
}

/// Who proved the confirmed triggers.
async fn provers(running: &Running) -> BTreeSet<String> {
    let store = &running.relay.store;
    let all = store.triggers(None, Some(State::Confirmed), 1_000).await;
    let proofs = all.unwrap().into_iter().filter_map(|it| it.work.proof);
    proofs.map(|it| it.by).collect()
}

#[test]
fn an_oracle_is_fed_by_two_workers_and_nats_may_die_meanwhile() {
    logs();
    let mut fed = Fed::new();
    let mut nats = Nats::start();
    let confirmed = runtime().block_on(async {
        let feeders = fed.feeders(2).await;
        let text = fed.config(
            &[fed.anvil.url()],
            &feeders,
            "{ on = \"interval\", every = \"1s\" }",
            "",
        );
        // What is newer supersedes nothing here: every trigger is proved.
        let text = fleet(&fed.world, &nats, &["a", "b"], &text)
            .replace("lease = \"5s\"", "lease = \"3s\"");
        let running = Running::start(&fed.world, &text).await;
        let a = Honest::start(&fed.world, &nats, "a", "4 GiB").await;
        let b = Honest::start(&fed.world, &nats, "b", "8 GiB").await;
        running.until(State::Confirmed, 3).await;
        // It dies in the middle of whatever it carries, first with what it had kept, then without.
        for forgets in [false, true] {
            nats.kill();
            until("it is noticed", async || workers(&running).await.trouble).await;
            if forgets {
                nats.forget();
            }
            let before = running.count(State::Confirmed).await;
            nats.restart();
            running.until(State::Confirmed, before + 3).await;
            assert_eq!(workers(&running).await.trouble, None);
        }
        assert_eq!(
            running.count(State::Failed).await,
            0,
            "{}",
            running.reason().await
        );
        // One alone is enough; and what it made is known to be its.
        a.stop().await;
        let before = running.count(State::Confirmed).await;
        running.until(State::Confirmed, before + 2).await;
        let by = provers(&running).await;
        assert!(by.contains("b") && !by.contains(""), "{by:?}");
        let fleet = workers(&running).await;
        assert!(
            fleet.workers.iter().all(|it| it.set_aside.is_none()),
            "{fleet:?}"
        );
        assert!(fleet.workers[1].proofs > 0, "{fleet:?}");
        let metrics = running.service.metrics().text().unwrap();
        assert!(
            metrics.contains("verdict_worker_proofs{worker=\"b\"}"),
            "{metrics}"
        );
        b.stop().await;
        running.stopped().await
    });
    fed.counted(&confirmed);
}

#[test]
fn whoever_answers_with_anything_but_the_proof_is_set_aside_for_good() {
    logs();
    let mut fed = Fed::new();
    let nats = Nats::start();
    let names = [
        "wrong", "old", "other", "large", "babble", "silent", "honest",
    ];
    let scorer = Arc::new(oracle_model());
    let text = runtime().block_on(async {
        let feeders = fed.feeders(2).await;
        let text = fed.config(&[fed.anvil.url()], &feeders, ONCE, "");
        let text =
            fleet(&fed.world, &nats, &names, &text).replace("lease = \"5s\"", "lease = \"3s\"");
        let running = Running::start(&fed.world, &text).await;
        // The smallest that can is asked first.
        type Act = Box<dyn Fn(&Rogue, &Work) -> Vec<u8> + Send>;
        let answers: Vec<(&str, Act)> = vec![
            ("wrong", {
                let scorer = scorer.clone();
                Box::new(move |rogue, work| {
                    let mut said = done(&scorer, work, work.context, work.items.clone());
                    if let Said::Done { proof, .. } = &mut said {
                        proof[40] ^= 1;
                    }
                    rogue.sealed(&said)
                })
            }),
            ("old", {
                let scorer = scorer.clone();
                // Of another occasion of the same model: right in itself.
                Box::new(move |rogue, work| {
                    let mut context = work.context;
                    context[31] ^= 1;
                    rogue.sealed(&done(&scorer, work, context, work.items.clone()))
                })
            }),
            ("other", {
                let scorer = scorer.clone();
                Box::new(move |rogue, work| {
                    let mut items = work.items.clone();
                    items[0][0][0] -= 1;
                    rogue.sealed(&done(&scorer, work, work.context, items))
                })
            }),
            (
                "large",
                Box::new(|rogue, work| {
                    rogue.sealed(&Said::Done {
                        attempt: work.attempt.clone(),
                        public_values: vec![work.context],
                        proof: vec![7; 10 << 20],
                        milliseconds: 0,
                    })
                }),
            ),
            (
                "babble",
                Box::new(|rogue, _| {
                    rogue
                        .seal
                        .seal(Direction::ToRelayer, b"\xff\xff\xff")
                        .unwrap()
                }),
            ),
            ("silent", Box::new(|_, _| Vec::new())),
        ];
        for (number, (name, act)) in answers.into_iter().enumerate() {
            let rogue = Rogue::new(&fed.world, &nats, name).await;
            let act = Arc::new(Mutex::new(act));
            let taking = rogue.take(
                1_000 + number as u64,
                async move |rogue: &Rogue, work: Work| {
                    // Too late: it is offered again.
                    if !rogue.ask(&work).await {
                        return;
                    }
                    let bytes = tokio::task::block_in_place(|| (act.lock().unwrap())(rogue, &work));
                    rogue.say(&work, bytes).await;
                },
            );
            tokio::task::spawn(taking);
        }
        let honest = Honest::start(&fed.world, &nats, "honest", "64 GiB").await;
        for (name, reason) in [
            ("wrong", "does not verify"),
            ("old", "of another occasion"),
            ("other", "other inputs or outputs"),
            ("large", "more than"),
            ("babble", "nobody understands"),
        ] {
            let why = set_aside(&running, name).await;
            assert!(why.contains(reason), "{name}: {why}");
        }
        // Looked at while it rests: by the time that another's proof is confirmed it may have rested.
        until("silence is noticed", async || {
            let fleet = workers(&running).await;
            let mut all = fleet.workers.into_iter();
            all.find(|it| it.name == "silent" && it.rests_for > 0)
        })
        .await;
        running.until(State::Confirmed, 1).await;
        let fleet = workers(&running).await;
        let named = |name: &str| {
            fleet
                .workers
                .iter()
                .find(|it| it.name == name)
                .unwrap()
                .clone()
        };
        assert!(named("silent").set_aside.is_none());
        assert!(named("honest").set_aside.is_none() && named("honest").proofs == 1);
        assert_eq!(
            provers(&running).await,
            BTreeSet::from(["honest".to_owned()])
        );
        assert_eq!(running.count(State::Failed).await, 0);
        honest.stop().await;
        running.stop().await;
        text
    });
    assert_eq!(fed.rounds(), 1);

    // Another relayer with the same database knows, until somebody readmits one of them.
    runtime().block_on(async {
        let running = Running::start(&fed.world, &text).await;
        let why = set_aside(&running, "wrong").await;
        assert!(why.contains("does not verify"), "{why}");
        assert!(running.relay.store.readmit("wrong").await.unwrap());
        assert!(!running.relay.store.readmit("wrong").await.unwrap());
        let fleet = workers(&running).await;
        let aside = fleet.workers.iter().filter(|it| it.set_aside.is_some());
        assert_eq!(aside.count(), 4, "{fleet:?}");
        running.stop().await;
    });
}

fn done(
    scorer: &verdict_stories::Scorer,
    work: &Work,
    context: [u8; 32],
    items: Vec<Vec<Vec<i32>>>,
) -> Said {
    let statement = scorer.run_integers(items).unwrap();
    let proof = scorer.prove(&statement, context.into()).unwrap();
    Said::Done {
        attempt: work.attempt.clone(),
        public_values: proof.public_values.iter().map(|it| it.0).collect(),
        proof: proof.proof.to_vec(),
        milliseconds: 0,
    }
}

#[test]
fn a_stranger_on_nats_neither_answers_for_a_worker_nor_has_one_set_aside() {
    logs();
    let mut fed = Fed::new();
    let nats = Nats::start();
    runtime().block_on(async {
        let feeders = fed.feeders(2).await;
        let text = fed.config(&[fed.anvil.url()], &feeders, EVERY, "");
        let text = fleet(&fed.world, &nats, &["a"], &text);
        let running = Running::start(&fed.world, &text).await;
        let honest = Honest::start(&fed.world, &nats, "a", "8 GiB").await;
        // Hears everything, says everything again under every name, and things of its own.
        let client = client(&nats).await;
        let mut all = client.subscribe("verdict.>").await.unwrap();
        let babble = tokio::spawn(async move {
            use futures_util::StreamExt;
            let mut said = 0u32;
            while let Some(message) = all.next().await {
                let relayer = message.subject.starts_with("verdict.relay.");
                if message.headers.is_some() || !relayer {
                    continue;
                }
                said += 1;
                let mut headers = async_nats::HeaderMap::new();
                headers.insert("again", "yes");
                let mut altered = message.payload.to_vec();
                altered[30] ^= 1;
                for payload in [altered, vec![0; 3], vec![9; 10 << 20 >> (said.min(5))]] {
                    let to = message.subject.clone();
                    let headers = headers.clone();
                    let sent = client.publish_with_headers(to, headers, payload.into());
                    sent.await.unwrap();
                }
                // And word for word what the worker has said, later.
                let client = client.clone();
                tokio::spawn(async move {
                    tokio::time::sleep(Duration::from_secs(1)).await;
                    let sent =
                        client.publish_with_headers(message.subject, headers, message.payload);
                    sent.await.unwrap();
                });
            }
        });
        running.until(State::Confirmed, 4).await;
        babble.abort();
        let fleet = workers(&running).await;
        assert!(fleet.strangers > 10, "{fleet:?}");
        assert_eq!(fleet.workers[0].set_aside, None);
        assert_eq!(running.count(State::Failed).await, 0);
        assert_eq!(provers(&running).await, BTreeSet::from(["a".to_owned()]));
        honest.stop().await;
        running.stop().await;
    });
    assert!(fed.rounds() >= 4);
}

#[test]
fn a_model_that_was_altered_in_the_store_is_put_there_anew() {
    logs();
    let mut fed = Fed::new();
    let nats = Nats::start();
    runtime().block_on(async {
        // Somebody was faster than the relayer, and put another model in its model's place.
        let model = oracle_model();
        let name = alloy_primitives::hex::encode(model.model().digest());
        let mut file = model.model().to_bytes().unwrap();
        let middle = file.len() / 2;
        file[middle] ^= 1;
        let jetstream = async_nats::jetstream::new(client(&nats).await);
        let store = jetstream.create_object_store(async_nats::jetstream::object_store::Config {
            bucket: "VERDICT_MODELS".into(),
            ..Default::default()
        });
        let store = store.await.unwrap();
        store
            .put(name.as_str(), &mut file.as_slice())
            .await
            .unwrap();

        let feeders = fed.feeders(2).await;
        let text = fed.config(&[fed.anvil.url()], &feeders, ONCE, "");
        let text = fleet(&fed.world, &nats, &["a"], &text);
        let running = Running::start(&fed.world, &text).await;
        let honest = Honest::start(&fed.world, &nats, "a", "8 GiB").await;
        running.until(State::Confirmed, 1).await;
        let fleet = workers(&running).await;
        assert_eq!(
            (fleet.workers[0].proofs, fleet.workers[0].rests_for),
            (1, 0)
        );
        honest.stop().await;
        running.stop().await;
    });
    assert_eq!(fed.rounds(), 1);
}

#[test]
fn without_nats_what_fits_is_proved_here_and_what_does_not_waits_and_says_so() {
    logs();
    let mut fed = Fed::new();
    let mut nats = Nats::away();
    runtime().block_on(async {
        let feeders = fed.feeders(2).await;
        let text = fed.config(&[fed.anvil.url()], &feeders, ONCE, "");
        let text = fleet(&fed.world, &nats, &["a"], &text);
        let fits = text.replace("memory = \"1 MiB\"", "memory = \"8 GiB\"");
        let running = Running::start(&fed.world, &fits).await;
        running.until(State::Confirmed, 1).await;
        assert_eq!(provers(&running).await, BTreeSet::from([String::new()]));
        assert!(workers(&running).await.trouble.is_some());
        running.stop().await;

        let text = text.replace("relayer.db", "second.db");
        let running = Running::start(&fed.world, &text).await;
        let reason = until("it says so", async || {
            let reason = running.reason().await;
            reason.contains("NATS").then_some(reason)
        });
        let reason = reason.await;
        assert!(
            reason.starts_with("queued") && reason.contains("prover.memory"),
            "{reason}"
        );
        let metrics = async || {
            workers(&running).await;
            running.service.metrics().text().unwrap()
        };
        assert!(metrics().await.contains("verdict_nats_up 0"));
        // NATS is there, and no worker: it waits for one.
        nats.restart();
        until("nobody is there", async || {
            running
                .reason()
                .await
                .contains("no worker is free")
                .then_some(())
        })
        .await;
        assert!(metrics().await.contains("verdict_nats_up 1"));
        // One that is too small is not asked; one that is not is.
        let small = Honest::start(&fed.world, &nats, "a", "1 MiB").await;
        tokio::time::sleep(Duration::from_secs(4)).await;
        assert_eq!(
            running.count(State::Queued).await,
            1,
            "{}",
            running.reason().await
        );
        small.stop().await;
        let large = Honest::start(&fed.world, &nats, "a", "8 GiB").await;
        running.until(State::Confirmed, 1).await;
        assert_eq!(provers(&running).await, BTreeSet::from(["a".to_owned()]));
        large.stop().await;
        running.stop().await;
    });
    assert_eq!(fed.rounds(), 2);
}
