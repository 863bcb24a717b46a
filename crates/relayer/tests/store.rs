//! The queue, the same on SQLite and on PostgreSQL.
#![allow(clippy::unwrap_used, clippy::expect_used, missing_docs)]

mod common;

use alloy_primitives::{Address, Bytes, keccak256};
use common::postgres::Postgres;
use std::{collections::BTreeSet, time::Duration};
use verdict_relayer::{
    RelayError,
    store::{Attempt, Call, Change, New, SlotState, State, Store, Submission, Trigger, Work},
};

const LEASE: Duration = Duration::from_secs(60);

fn new(key: &str, priority: i64) -> New {
    New {
        job: "job".into(),
        key: key.into(),
        priority,
        not_before: 0,
        expires_at: 0,
        work: Work {
            what: "a test".into(),
            ..Work::default()
        },
    }
}

fn submission(known: u64) -> Submission {
    Submission {
        chain_id: 1,
        signer: Address::repeat_byte(1),
        known,
        call: Call {
            to: Address::repeat_byte(2),
            data: Bytes::from_static(&[1, 2, 3]),
        },
        gas: 100_000,
    }
}

fn attempt(seed: &str) -> Attempt {
    Attempt {
        hash: keccak256(seed),
        raw: Bytes::from(seed.as_bytes().to_vec()),
        max_fee: u128::MAX,
        priority_fee: 7,
        cancels: false,
        created_at: 5,
        sent_at: 0,
    }
}

/// Takes a trigger to `proved`.
async fn proved(store: &Store, key: &str) -> Trigger {
    let id = store.observe(&new(key, 0)).await.unwrap().unwrap();
    let mut trigger = store.trigger(&id).await.unwrap().unwrap();
    for state in [
        State::Inferred,
        State::Queued,
        State::Proving,
        State::Proved,
    ] {
        store
            .advance(&mut trigger, Change::to(state, "on"))
            .await
            .unwrap();
    }
    trigger
}

async fn a_trigger_is_noted_once(store: Store) {
    assert!(store.observe(&new("a", 0)).await.unwrap().is_some());
    assert!(store.observe(&new("a", 9)).await.unwrap().is_none());
    let all = store.triggers(None, None, 10).await.unwrap();
    assert_eq!(all.len(), 1);
    assert_eq!(store.history(&all[0].id).await.unwrap().len(), 1);
}

async fn the_urgent_first_and_each_by_one(store: Store) {
    for (key, priority) in [("low", 1), ("high", 100), ("middle", 50)] {
        store.observe(&new(key, priority)).await.unwrap();
    }
    let claims = (0..8).map(|number| {
        let store = store.clone();
        tokio::spawn(async move {
            let holder = format!("holder {number}");
            store.claim(State::Observed, &holder, LEASE).await.unwrap()
        })
    });
    let mut taken = Vec::new();
    for claim in claims {
        taken.extend(claim.await.unwrap());
    }
    let keys: BTreeSet<&str> = taken.iter().map(|it| it.key.as_str()).collect();
    assert_eq!((taken.len(), keys.len()), (3, 3), "{taken:?}");
    // The order: with nobody else there, the most urgent comes first.
    for mut trigger in taken {
        store
            .advance(&mut trigger, Change::to(State::Observed, "back"))
            .await
            .unwrap();
    }
    let first = store
        .claim(State::Observed, "me", LEASE)
        .await
        .unwrap()
        .unwrap();
    assert_eq!(first.key, "high");
}

async fn who_dies_loses_the_lease_and_nobody_else(store: Store) {
    store.observe(&new("a", 0)).await.unwrap();
    let short = Duration::from_millis(50);
    let mut dead = store
        .claim(State::Observed, "dead", short)
        .await
        .unwrap()
        .unwrap();
    assert!(
        store
            .claim(State::Observed, "other", LEASE)
            .await
            .unwrap()
            .is_none()
    );
    tokio::time::sleep(short * 2).await;
    let mut heir = store
        .claim(State::Observed, "other", LEASE)
        .await
        .unwrap()
        .unwrap();
    // The dead one comes back, and can neither renew nor move it.
    assert!(!store.renew(&dead, LEASE).await.unwrap());
    let moved = store
        .advance(&mut dead, Change::to(State::Inferred, "late"))
        .await;
    assert!(matches!(moved, Err(RelayError::Lost(_))), "{moved:?}");
    assert!(store.renew(&heir, LEASE).await.unwrap());
    store
        .advance(&mut heir, Change::to(State::Inferred, "in time"))
        .await
        .unwrap();
}

/// What failed is not forgotten when whoever tries it next dies over it: who goes back has not
/// succeeded.
async fn who_goes_back_has_not_succeeded(store: Store) {
    let id = store.observe(&new("a", 0)).await.unwrap().unwrap();
    let mut trigger = store.trigger(&id).await.unwrap().unwrap();
    let steps = [
        (Change::to(State::Inferred, "on"), 0),
        (Change::to(State::Queued, "on"), 0),
        (Change::to(State::Proving, "begun").keeping(LEASE), 0),
        (Change::to(State::Queued, "an error").again_in(LEASE), 1),
        (Change::to(State::Proving, "begun").keeping(LEASE), 1),
        (Change::to(State::Queued, "whoever proved it is gone"), 1),
        (Change::to(State::Proving, "begun").keeping(LEASE), 1),
        (Change::to(State::Proved, "on"), 0),
        (Change::to(State::Observed, "void").again_in(LEASE), 1),
        (Change::to(State::Failed, "enough"), 0),
        (Change::to(State::Observed, "taken up again"), 0),
    ];
    for (change, tries) in steps {
        let (state, reason) = (change.state, change.reason.clone());
        store.advance(&mut trigger, change).await.unwrap();
        let kept = store.trigger(&id).await.unwrap().unwrap();
        assert_eq!((kept.state, kept.tries), (state, tries), "{reason}");
    }
}

async fn no_step_is_skipped(store: Store) {
    let id = store.observe(&new("a", 0)).await.unwrap().unwrap();
    for next in State::all() {
        let mut trigger = store.trigger(&id).await.unwrap().unwrap();
        if trigger.state.may_become(next) || next == State::Observed {
            continue;
        }
        let moved = store.advance(&mut trigger, Change::to(next, "no")).await;
        assert!(
            matches!(moved, Err(RelayError::Transition { .. })),
            "{next}: {moved:?}"
        );
    }
}

async fn no_nonce_is_given_twice(store: Store) {
    let mut triggers = Vec::new();
    for number in 0..12 {
        triggers.push(proved(&store, &format!("t{number}")).await);
    }
    let tasks = triggers.into_iter().map(|mut trigger| {
        let store = store.clone();
        tokio::spawn(async move {
            let name = trigger.id.clone();
            let (slot, _) = store
                .submit(&mut trigger, &submission(3), |nonce| {
                    let made = attempt(&format!("{name} {nonce}"));
                    async move { Ok(made) }
                })
                .await
                .unwrap();
            slot.nonce
        })
    });
    let mut nonces = BTreeSet::new();
    for task in tasks {
        assert!(nonces.insert(task.await.unwrap()));
    }
    // From what the chain knows on, without a gap.
    assert_eq!(
        nonces.into_iter().collect::<Vec<_>>(),
        (3..15).collect::<Vec<_>>()
    );
}

async fn what_cannot_be_signed_takes_no_nonce(store: Store) {
    let mut trigger = proved(&store, "a").await;
    let refused = store
        .submit(&mut trigger, &submission(0), |_| async {
            Err(RelayError::Rpc("the signer is away".into()))
        })
        .await;
    assert!(refused.is_err());
    let again = store.trigger(&trigger.id).await.unwrap().unwrap();
    assert_eq!(again.state, State::Proved);
    assert!(
        store
            .open_slots(1, Address::repeat_byte(1))
            .await
            .unwrap()
            .is_empty()
    );
    // No counter ran ahead.
    let mut trigger = again;
    let (slot, _) = store
        .submit(&mut trigger, &submission(0), |_| async { Ok(attempt("x")) })
        .await
        .unwrap();
    assert_eq!(slot.nonce, 0);
}

async fn a_slot_is_closed_once_and_its_bytes_are_kept(store: Store) {
    let mut trigger = proved(&store, "a").await;
    let signed = attempt("one");
    let (slot, _) = store
        .submit(&mut trigger, &submission(0), |_| async {
            Ok(attempt("one"))
        })
        .await
        .unwrap();
    let dearer = Attempt {
        created_at: 6,
        ..attempt("two")
    };
    store.replace(&slot, &dearer).await.unwrap();
    store.replace(&slot, &dearer).await.unwrap();
    let open = store.open_slots(1, slot.signer).await.unwrap();
    assert_eq!(open, vec![(slot.clone(), vec![dearer, signed])]);
    let confirmed = Change::to(State::Confirmed, "there");
    let mut first = store.trigger(&trigger.id).await.unwrap().unwrap();
    let mut second = first.clone();
    store
        .close_slot(
            &slot,
            SlotState::Mined,
            Some((&mut first, confirmed.clone())),
        )
        .await
        .unwrap();
    // The other relayer of a fleet sees the same a moment later: nothing happens.
    store
        .close_slot(&slot, SlotState::Mined, Some((&mut second, confirmed)))
        .await
        .unwrap();
    let steps = store.history(&trigger.id).await.unwrap();
    assert_eq!(steps.iter().filter(|it| it.state == "confirmed").count(), 1);
    assert!(store.open_slots(1, slot.signer).await.unwrap().is_empty());
}

async fn newer_values_make_unsent_ones_worthless(store: Store) {
    let old = proved(&store, "old").await;
    store.observe(&new("waiting", 0)).await.unwrap();
    tokio::time::sleep(Duration::from_millis(5)).await;
    let id = store.observe(&new("newest", 0)).await.unwrap().unwrap();
    let mut newest = store.trigger(&id).await.unwrap().unwrap();
    store
        .advance(&mut newest, Change::to(State::Inferred, "on"))
        .await
        .unwrap();
    // What is proved gives way only to what is proved.
    assert_eq!(store.supersede_older(&newest).await.unwrap(), 1);
    let state = |id: String| {
        let store = store.clone();
        async move { store.trigger(&id).await.unwrap().unwrap().state }
    };
    assert_eq!(state(old.id.clone()).await, State::Proved);
    for next in [State::Queued, State::Proving, State::Proved] {
        store
            .advance(&mut newest, Change::to(next, "on"))
            .await
            .unwrap();
    }
    assert_eq!(store.supersede_older(&newest).await.unwrap(), 1);
    assert_eq!(state(old.id).await, State::Superseded);
    assert_eq!(state(newest.id).await, State::Proved);
}

async fn rows_that_make_no_sense_are_named(store: Store) {
    let id = store.observe(&new("a", 0)).await.unwrap().unwrap();
    sqlx::query("UPDATE triggers SET work = $2 WHERE id = $1")
        .bind(&id)
        .bind("{\"what\": 5}")
        .execute(store.pool())
        .await
        .unwrap();
    let found = store.trigger(&id).await;
    assert!(
        matches!(&found, Err(RelayError::Row { key, .. }) if *key == id),
        "{found:?}"
    );
    // It holds nothing else up, and what it held is kept.
    store.observe(&new("b", -1)).await.unwrap();
    let claimed = store
        .claim(State::Observed, "me", LEASE)
        .await
        .unwrap()
        .unwrap();
    assert_eq!(claimed.key, "b");
    let aside = store.trigger(&id).await.unwrap().unwrap();
    assert_eq!(aside.state, State::Failed);
    let steps = store.history(&id).await.unwrap();
    assert!(
        steps.iter().any(|it| it.reason.contains("{\"what\": 5}")),
        "{steps:?}"
    );
}

async fn paused_jobs_are_left_alone(store: Store) {
    store.observe(&new("a", 0)).await.unwrap();
    store.pause("job", "a test").await.unwrap();
    assert!(
        store
            .claim(State::Observed, "me", LEASE)
            .await
            .unwrap()
            .is_none()
    );
    assert_eq!(store.pauses().await.unwrap()["job"], "a test");
    assert!(store.resume("job").await.unwrap());
    assert!(!store.resume("job").await.unwrap());
    assert!(
        store
            .claim(State::Observed, "me", LEASE)
            .await
            .unwrap()
            .is_some()
    );
}

/// Each test on both, in a database of its own.
macro_rules! both {
    ($($test:ident)+) => {
        mod sqlite {
            $(#[tokio::test(flavor = "multi_thread")]
            async fn $test() {
                let folder = tempfile::tempdir().unwrap();
                let url = format!("sqlite:{}", folder.path().join("queue.db").display());
                super::$test(super::Store::open(&url).await.unwrap()).await;
            })+
        }

        /// One server for all of them: each has its own database in it.
        #[test]
        fn postgres() {
            let server = Postgres::start();
            let runtime = tokio::runtime::Runtime::new().unwrap();
            $(runtime.block_on(async {
                eprintln!("{}", stringify!($test));
                let store = Store::open(&server.url()).await.unwrap();
                $test(store.clone()).await;
                for table in ["triggers", "transitions", "slots", "attempts", "pauses"] {
                    let empty = sqlx::AssertSqlSafe(format!("DELETE FROM {table}"));
                    sqlx::query(empty).execute(store.pool()).await.unwrap();
                }
                store.close().await;
            });)+
        }
    };
}

both! {
    a_trigger_is_noted_once
    the_urgent_first_and_each_by_one
    who_dies_loses_the_lease_and_nobody_else
    who_goes_back_has_not_succeeded
    no_step_is_skipped
    no_nonce_is_given_twice
    what_cannot_be_signed_takes_no_nonce
    a_slot_is_closed_once_and_its_bytes_are_kept
    newer_values_make_unsent_ones_worthless
    rows_that_make_no_sense_are_named
    paused_jobs_are_left_alone
}

#[test]
fn a_new_file_is_opened_by_several_at_once() {
    let runtime = tokio::runtime::Runtime::new().unwrap();
    let folder = tempfile::tempdir().unwrap();
    for number in 0..5 {
        let url = format!(
            "sqlite:{}",
            folder.path().join(format!("{number}.db")).display()
        );
        runtime.block_on(async {
            let open = (0..4).map(|_| Store::open(&url));
            for opened in futures_util::future::join_all(open).await {
                opened.unwrap().close().await;
            }
        });
    }
}
