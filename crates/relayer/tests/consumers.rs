//! A risk parameter through veto and execution, a guard, an airdrop's batch: kept fed on a real
//! node.
#![allow(clippy::unwrap_used, clippy::expect_used, missing_docs)]

mod common;

use alloy_primitives::{Address, U256};
use common::{
    anvil::{Anvil, KEYS},
    fed::Running,
    feed::Feed,
    logs, runtime, until,
    world::World,
};
use std::fmt::Write as _;
use verdict_chain::{
    ChainExt,
    bindings::{
        airdrop::ScoredAirdrop, guard::FraudPauseGuard, market::LendingMarket, vault::EntryVault,
    },
};
use verdict_model::Visibility;
use verdict_relayer::{
    config::Config,
    signerd::{Signerd, serve},
    store::State,
};
use verdict_stories::{Scorer, Tiny};

/// A guard that is asked at every block.
fn guard_job(feed: &str, signers: &str) -> String {
    format!(
        "[jobs.vault]\nconsumer = \"guard\"\ncontract = \"guard\"\nmodel = \"guard\"\nsigner = \"main\"\n\
                 triggers = [{{ on = \"block\", every = 1 }}]\nevidence = {{ kind = \"signed\", signers = [{signers}] }}\n\
                 features = [{{ name = \"flows\", values = 3, from = [{{ source = \"http\", url = \"{}\", pointer = \"/values\" }}] }}]\n",
        feed
    )
}

fn sender() -> Address {
    let key: alloy_primitives::B256 = KEYS[1].parse().unwrap();
    verdict_consumers::DataSigners::new(&[key])
        .unwrap()
        .addresses()[0]
}

/// A relayer's configuration for one job.
fn config(world: &World, anvil: &Anvil, model: &str, job: &str) -> String {
    format!(
        "{}[database]\nurl = \"sqlite:relayer.db\"\n\n[signers.main]\nprivate-key = {{ file = \"sender.key\" }}\n\n\
         [models.{model}]\npath = \"{model}.verdict\"\n\n{job}",
        world.settings(&[anvil.url()])
    )
}

/// Two data signers of a job.
async fn signers(world: &World, anvil: &Anvil, model: &str, job: &str) -> String {
    let mut urls = Vec::new();
    for number in 0..2 {
        let text = format!(
            "{}[signerd]\nkey = {{ private-key = {{ file = \"signer{number}.key\" }} }}\nper-minute = 100000\n",
            config(world, anvil, model, job)
        );
        let config = Config::parse(&text, world.path().into()).unwrap();
        let signer = Signerd::open(config).await.unwrap();
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        urls.push(format!("\"http://{}\"", listener.local_addr().unwrap()));
        tokio::spawn(serve(signer, listener, std::future::pending()));
    }
    urls.join(", ")
}

fn ratios(world: &mut World, market: Address) -> (u64, u64) {
    let parameters = world
        .chain
        .read(market, &LendingMarket::parametersCall {})
        .unwrap();
    (parameters.loanToValue.into(), parameters.threshold.into())
}

#[test]
fn a_risk_parameter_moves_within_its_bounds_through_veto_and_execution() {
    logs();
    let anvil = Anvil::start();
    let scorer = Scorer::new(Tiny::RISK, 1).unwrap();
    let mut world = World::new(&anvil, &scorer);
    let model = world.register("risk", &scorer);
    let (market, _) = world.risk(&model);
    let before = ratios(&mut world, market);
    runtime().block_on(async {
        let job = "[jobs.market]\nconsumer = \"risk\"\ncontract = \"updater\"\nmodel = \"risk\"\nsigner = \"main\"\n\
                   parameters = { source = \"market-source\" }\ntriggers = [{ on = \"once\" }]\n";
        let text = config(&world, &anvil, "risk", job);
        let running = Running::start(&world, &text).await;
        // The proposal, and its execution when nobody has vetoed it.
        running.until(State::Confirmed, 2).await;
        let all = running.relay.store.triggers(None, None, 10).await.unwrap();
        let executed = all.iter().find(|it| it.work.plain).unwrap();
        assert!(executed.work.what.contains("execute proposal"), "{executed:?}");
        assert_eq!(all.len(), 2, "{all:?}");
        running.stop().await;
    });
    let after = ratios(&mut world, market);
    assert_ne!(before, after);
    // Two percentage points at a time, whatever the model says.
    assert!(
        before.0.abs_diff(after.0) <= 200 && before.1.abs_diff(after.1) <= 200,
        "{after:?}"
    );
}

#[test]
fn a_guard_pauses_within_a_block_of_its_proof_and_not_before_there_is_reason() {
    logs();
    let anvil = Anvil::start();
    let scorer = Scorer::new(Tiny::GUARD, 1).unwrap();
    let mut world = World::new(&anvil, &scorer);
    let model = world.register("guard", &scorer);
    let (vault, guard) = world.guard(&model, sender());
    runtime().block_on(async {
        // Share withdrawn, price deviation, calls a minute.
        let feed = Feed::start(&[0.1, 0.01, 5.0]).await;
        let job = |signers: &str| guard_job(&feed.url(), signers);
        let signers = signers(&world, &anvil, "guard", &job("\"http://127.0.0.1:1\"")).await;
        let text = config(&world, &anvil, "guard", &job(&signers));
        let running = Running::start(&world, &text).await;
        // Calm: nothing is proved.
        let calm = until("a calm block", async || {
            let all = running
                .relay
                .store
                .triggers(None, Some(State::Superseded), 1);
            all.await.unwrap().into_iter().next()
        })
        .await;
        assert!(calm.reason.contains("is needed"), "{}", calm.reason);
        assert_eq!(
            running.count(State::Proving).await + running.count(State::Submitted).await,
            0
        );
        feed.values(&[0.9, 0.15, 50.0]);
        running.until(State::Confirmed, 1).await;
        let all = running
            .relay
            .store
            .triggers(None, Some(State::Confirmed), 5)
            .await
            .unwrap();
        assert_eq!(all.len(), 1, "{all:?}");
        let steps = running.relay.store.history(&all[0].id).await.unwrap();
        let proved = steps.iter().find(|it| it.state == "proved").unwrap().at;
        let slots = running.relay.store.slots_of(&all[0].id).await.unwrap();
        let receipt = running
            .relay
            .nodes
            .receipt(slots[0].1[0].hash)
            .await
            .unwrap()
            .unwrap();
        let block = running
            .relay
            .nodes
            .block(receipt.block_number.unwrap())
            .await
            .unwrap();
        // A block a second: it is in the one that is made next, or the one after if that was being
        // made.
        let wait = block.timestamp as i64 - proved / 1_000;
        assert!(wait <= 2, "{wait} s from proof to block");
        running.stop().await;
    });
    let pause = world
        .chain
        .read(guard, &FraudPauseGuard::currentPauseCall {})
        .unwrap();
    assert!(pause.holding);
    let open = world
        .chain
        .read(vault, &EntryVault::isPausedCall {})
        .unwrap();
    assert!(open);
}

#[test]
fn a_batch_of_a_hundred_accounts_is_accepted_once() {
    const ACCOUNTS: usize = 100;
    logs();
    let anvil = Anvil::start();
    let tiny = Tiny::AIRDROP.with_input(Visibility::Public);
    let scorer = Scorer::new(tiny, ACCOUNTS).unwrap();
    let mut world = World::new(&anvil, &scorer);
    let model = world.register("person", &scorer);
    let airdrop = world.airdrop(&model, 100_000);
    let (mut rows, mut entries) = (
        String::from("days,transactions,counterparties\n"),
        String::new(),
    );
    for number in 0..ACCOUNTS {
        let spread = |factor: usize, range: usize| (number * factor) % range;
        let _ = writeln!(
            rows,
            "{},{},{}",
            200 + spread(97, 700),
            100 + spread(53, 350),
            20 + spread(13, 50)
        );
        let _ = writeln!(
            entries,
            "{},{number}",
            Address::with_last_byte(number as u8 + 1)
        );
    }
    std::fs::write(world.path().join("rows.csv"), rows).unwrap();
    std::fs::write(world.path().join("entries.csv"), entries).unwrap();
    runtime().block_on(async {
        let job = |signers: &str| {
            format!(
                "[jobs.batch]\nconsumer = \"airdrop\"\ncontract = \"campaign\"\nmodel = \"person\"\nsigner = \"main\"\n\
                 parameters = {{ number = 1, entries = \"entries.csv\" }}\ntriggers = [{{ on = \"once\" }}]\nrows = \"rows.csv\"\n\
                 evidence = {{ kind = \"signed\", signers = [{signers}] }}\n"
            )
        };
        let signers = signers(&world, &anvil, "person", &job("\"http://127.0.0.1:1\"")).await;
        let text = config(&world, &anvil, "person", &job(&signers));
        let running = Running::start(&world, &text).await;
        running.until(State::Confirmed, 1).await;
        running.stop().await;
    });
    let batch = ScoredAirdrop::batchOfCall {
        batch: U256::from(1),
    };
    let accepted = world.chain.read(airdrop, &batch).unwrap();
    assert_eq!(accepted.count as usize, ACCOUNTS);
}

/// So many blocks here, and as many as VERDICT_HOURS says by hand.
fn blocks() -> u64 {
    let hours = std::env::var("VERDICT_HOURS").ok();
    hours
        .and_then(|it| it.parse().ok())
        .map_or(30, |hours: u64| hours * 3_600 / BLOCK)
}

/// Seconds between two blocks of a chain whose time a test makes.
const BLOCK: u64 = 12;

#[test]
fn a_guard_looks_at_every_block_and_pauses_in_the_one_after_its_proof() {
    logs();
    let anvil = Anvil::with(&[]);
    let scorer = Scorer::new(Tiny::GUARD, 1).unwrap();
    let mut world = World::new(&anvil, &scorer);
    let model = world.register("guard", &scorer);
    let (_, guard) = world.guard(&model, sender());
    runtime().block_on(async {
        anvil
            .ask("evm_setAutomine", serde_json::json!([false]))
            .await;
        let feed = Feed::start(&[0.1, 0.01, 5.0]).await;
        let job = |signers: &str| guard_job(&feed.url(), signers);
        let signers = signers(&world, &anvil, "guard", &job("\"http://127.0.0.1:1\"")).await;
        let text = config(&world, &anvil, "guard", &job(&signers));
        let running =
            Running::start(&world, &text.replace("poll = \"200ms\"", "poll = \"50ms\"")).await;
        let mine = async || {
            anvil
                .ask("evm_increaseTime", serde_json::json!([BLOCK]))
                .await;
            anvil.ask("evm_mine", serde_json::json!([])).await;
            running.relay.nodes.head().await.unwrap().number
        };
        let seen = async |number: u64| {
            let key = format!("block-0-{number}");
            let all = running.relay.store.triggers(None, None, 20).await.unwrap();
            all.into_iter().find(|it| it.key == key)
        };
        let first = mine().await;
        for number in first..first + blocks() {
            // Whoever looks has as long as a block takes, and needs far less.
            let looked = until("it has looked at the block", async || {
                seen(number).await.filter(|it| it.state.is_over())
            });
            let looked = looked.await;
            assert_eq!(looked.state, State::Superseded, "{}", looked.reason);
            mine().await;
        }
        feed.values(&[0.9, 0.15, 50.0]);
        let attacked = mine().await;
        running.until(State::Submitted, 1).await;
        // However many blocks the proof took, its transaction is in the next.
        let next = mine().await;
        let sent = running
            .relay
            .store
            .triggers(None, Some(State::Submitted), 1)
            .await
            .unwrap();
        let slots = running.relay.store.slots_of(&sent[0].id).await.unwrap();
        let receipt = running
            .relay
            .nodes
            .receipt(slots[0].1[0].hash)
            .await
            .unwrap()
            .unwrap();
        assert_eq!(receipt.block_number, Some(next));
        assert!(next == attacked + 1, "{next}, the attack was in {attacked}");
        mine().await;
        mine().await;
        running.until(State::Confirmed, 1).await;
        assert_eq!(running.count(State::Failed).await, 0);
        running.stop().await;
    });
    let pause = world
        .chain
        .read(guard, &FraudPauseGuard::currentPauseCall {})
        .unwrap();
    assert!(pause.holding);
}
