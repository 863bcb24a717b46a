//! What goes wrong on the relayer's own machine: its disk is full, its database is locked, its clock is
//! wrong. Nothing is lost or doubled by it.
#![allow(clippy::unwrap_used, clippy::expect_used, missing_docs)]

mod common;

use common::{
    anvil::Anvil,
    fed::{Fed, Running},
    logs,
    postgres::Postgres,
    runtime, until,
};
use serde_json::json;
use std::{
    process::{Command, Stdio},
    time::{Duration, SystemTime, UNIX_EPOCH},
};
use verdict_relayer::store::{State, Store};

const EVERY: &str = "{ on = \"interval\", every = \"1s\" }";

/// Lets the database's file grow by so many pages and no further, as a full disk would.
async fn room(store: &Store, more: i64) {
    let mut connections = Vec::new();
    for _ in 0..4 {
        connections.push(store.pool().acquire().await.unwrap());
    }
    for connection in &mut connections {
        let pages: (i64,) = sqlx::query_as("PRAGMA page_count")
            .fetch_one(&mut **connection)
            .await
            .unwrap();
        let limit = format!("PRAGMA max_page_count = {}", pages.0 + more);
        sqlx::query(sqlx::AssertSqlSafe(limit))
            .execute(&mut **connection)
            .await
            .unwrap();
    }
}

#[test]
fn a_full_disk_stops_everything_and_costs_nothing() {
    logs();
    let mut fed = Fed::new();
    let confirmed = runtime().block_on(async {
        let feeders = fed.feeders(2).await;
        let text = fed.config(&[fed.anvil.url()], &feeders, EVERY, "");
        let running = Running::start(&fed.world, &text).await;
        running.until(State::Confirmed, 2).await;
        room(&running.relay.store, 0).await;
        until("nothing more can be written", async || {
            let large = "x".repeat(1 << 16);
            let error = running
                .relay
                .store
                .set_cursor("large", &large)
                .await
                .err()?;
            error.to_string().contains("full").then_some(())
        })
        .await;
        let failures = async || {
            let metrics = running.service.metrics().text().unwrap();
            metrics
                .contains("verdict_step_failures_total{")
                .then_some(())
        };
        until("it is noticed", failures).await;
        tokio::time::sleep(Duration::from_secs(3)).await;
        room(&running.relay.store, 1 << 20).await;
        let before = running.count(State::Confirmed).await;
        running.until(State::Confirmed, before + 3).await;
        running.stopped().await
    });
    fed.counted(&confirmed);
}

#[test]
fn a_database_that_somebody_locked_is_waited_for() {
    logs();
    let mut fed = Fed::new();
    let confirmed = runtime().block_on(async {
        let feeders = fed.feeders(2).await;
        let text = fed.config(&[fed.anvil.url()], &feeders, EVERY, "");
        let running = Running::start(&fed.world, &text).await;
        running.until(State::Confirmed, 2).await;
        // Longer than a statement waits.
        let path = fed.world.path().join("relayer.db");
        let script = "import sqlite3, sys, time\n\
             at = sqlite3.connect(sys.argv[1], timeout=30, isolation_level=None)\n\
             at.execute('BEGIN EXCLUSIVE')\ntime.sleep(13)\nat.execute('COMMIT')";
        let locker = Command::new("python3")
            .args(["-c", script])
            .arg(&path)
            .stdin(Stdio::null())
            .spawn()
            .unwrap();
        let done = tokio::task::spawn_blocking(move || {
            let mut locker = locker;
            locker.wait().unwrap()
        });
        assert!(done.await.unwrap().success());
        let before = running.count(State::Confirmed).await;
        running.until(State::Confirmed, before + 3).await;
        running.stopped().await
    });
    fed.counted(&confirmed);
}

/// A chain whose clock is so many seconds from this machine's.
fn skewed(seconds: i64) -> Fed {
    let now = SystemTime::now()
        .duration_since(UNIX_EPOCH)
        .unwrap()
        .as_secs();
    let time = now.saturating_add_signed(seconds).to_string();
    Fed::on(
        Anvil::with(&["--block-time", "1", "--timestamp", &time]),
        60,
    )
}

#[test]
fn five_minutes_between_the_chains_clock_and_this_machines_change_nothing() {
    logs();
    for seconds in [-300, 300] {
        let mut fed = skewed(seconds);
        let confirmed = runtime().block_on(async {
            let feeders = fed.feeders(2).await;
            // By the chain's clock a trigger is worthless after a minute.
            let policy = "policy = { deadline = \"1m\" }";
            let text = fed.config(&[fed.anvil.url()], &feeders, EVERY, policy);
            let text = text.replace("max-head-age = \"0\"", "max-head-age = \"10m\"");
            let running = Running::start(&fed.world, &text).await;
            running.until(State::Confirmed, 3).await;
            assert_eq!(running.count(State::Expired).await, 0);
            running.stopped().await
        });
        fed.counted(&confirmed);
    }
}

#[test]
fn a_clock_too_far_ahead_for_max_head_age_is_said_and_not_slept_over() {
    logs();
    let mut fed = skewed(-300);
    runtime().block_on(async {
        let feeders = fed.feeders(2).await;
        let text = fed.config(&[fed.anvil.url()], &feeders, EVERY, "");
        let text = text.replace("max-head-age = \"0\"", "max-head-age = \"2m\"");
        let config = verdict_relayer::config::Config::parse(&text, fed.world.path().into());
        let findings = verdict_relayer::check::check(config.unwrap())
            .await
            .unwrap();
        assert!(!findings.pass(), "{findings:?}");
        let said = format!("{findings:?}");
        assert!(said.contains("old") || said.contains("behind"), "{said}");
    });
    let rounds = fed.rounds();
    assert_eq!(rounds, 0);
}

#[test]
fn relayers_whose_clocks_differ_by_minutes_share_a_database_and_double_nothing() {
    logs();
    let mut fed = Fed::new();
    let database = Postgres::start();
    let confirmed = runtime().block_on(async {
        let feeders = fed.feeders(2).await;
        let text = fed.config(&[fed.anvil.url()], &feeders, EVERY, "");
        let text = text.replace("sqlite:relayer.db", &database.url());
        let one = Running::start(&fed.world, &text).await;
        let two = Running::start(&fed.world, &text).await;
        // What each of them would see whose clock is five minutes ahead: every lease is over, and
        // nothing has to wait.
        let store = one.relay.store.clone();
        let ahead = tokio::spawn(async move {
            loop {
                let over = "UPDATE triggers SET lease_until = 0, not_before = 0 WHERE lease_until > 0 OR not_before > 0";
                let _ = sqlx::query(over).execute(store.pool()).await;
                tokio::time::sleep(Duration::from_millis(150)).await;
            }
        });
        one.until(State::Confirmed, 5).await;
        ahead.abort();
        let _ = ahead.await;
        let before = one.count(State::Confirmed).await;
        one.until(State::Confirmed, before + 2).await;
        let all = one.relay.store.triggers(None, Some(State::Confirmed), 1_000).await;
        for trigger in all.unwrap() {
            let slots = one.relay.store.slots_of(&trigger.id).await.unwrap();
            assert_eq!(slots.len(), 1, "{}", trigger.id);
        }
        two.stop().await;
        one.stopped().await
    });
    // The chain's count is exact once nothing is on its way.
    runtime().block_on(async { fed.anvil.ask("anvil_mine", json!(["0x2"])).await });
    fed.counted(&confirmed);
}
