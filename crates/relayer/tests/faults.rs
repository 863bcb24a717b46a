//! What goes wrong around a relayer, and that nothing is lost or doubled by it.
#![allow(clippy::unwrap_used, clippy::expect_used, missing_docs)]

mod common;

use alloy_primitives::Address;
use alloy_sol_types::SolCall;
use common::{
    anvil::KEYS,
    fed::{Fed, PRICES, Running},
    feed::Says,
    logs,
    proxy::{Mode, Proxy},
    runtime, until,
};
use std::time::Duration;
use verdict_chain::{
    Chain, RpcChain, SignerSource,
    bindings::{oracle::InferenceOracle, registry::IModelRegistry},
};
use verdict_relayer::store::State;

const EVERY: &str = "{ on = \"interval\", every = \"2s\" }";
const ONCE: &str = "{ on = \"once\" }";

#[test]
fn a_node_that_lies_is_passed_over_and_the_rounds_go_on() {
    logs();
    let mut fed = Fed::new();
    let confirmed = runtime().block_on(async {
        let feeders = fed.feeders(2).await;
        let liar = Proxy::start(fed.anvil.url()).await;
        let (bad, good) = (liar.url(), fed.anvil.url().to_owned());
        let text = fed.config(&[&bad, &good], &feeders, EVERY, "");
        let text = text.replace("timeout = \"5s\"", "timeout = \"1s\"");
        let running = Running::start(&fed.world, &text).await;
        running.until(State::Confirmed, 1).await;
        for mode in [
            Mode::Down,
            Mode::Slow(Duration::from_secs(5)),
            Mode::OtherChain,
            Mode::Stale(3),
            Mode::Garbage,
            Mode::Endless,
        ] {
            liar.behave(mode.clone());
            let before = running.count(State::Confirmed).await;
            running.until(State::Confirmed, before + 2).await;
            let trouble = running.relay.nodes.status()[0].trouble.clone();
            assert!(trouble.is_some(), "{mode:?} was not noticed");
        }
        // When it is honest again it is used again.
        liar.behave(Mode::Honest);
        until("the node is used again", async || {
            running.relay.nodes.status()[0]
                .trouble
                .is_none()
                .then_some(())
        })
        .await;
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
    assert!(fed.rounds() >= confirmed);
}

#[test]
fn what_a_node_forgets_is_sent_again_and_missing_receipts_are_waited_for() {
    logs();
    let mut fed = Fed::new();
    runtime().block_on(async {
        let feeders = fed.feeders(2).await;
        let node = Proxy::start(fed.anvil.url()).await;
        let text = fed.config(&[&node.url()], &feeders, ONCE, "");
        node.behave(Mode::Forgets);
        let running = Running::start(&fed.world, &text).await;
        running.until(State::Submitted, 1).await;
        tokio::time::sleep(Duration::from_secs(3)).await;
        assert_eq!(
            running.count(State::Submitted).await,
            1,
            "{}",
            running.reason().await
        );
        node.behave(Mode::NoReceipts);
        // It is in the chain now, and nothing is sent in its place.
        tokio::time::sleep(Duration::from_secs(6)).await;
        assert_eq!(
            running.count(State::Submitted).await,
            1,
            "{}",
            running.reason().await
        );
        node.behave(Mode::Honest);
        running.until(State::Confirmed, 1).await;
        running.stop().await;
    });
    assert_eq!(fed.rounds(), 1);
}

#[test]
fn a_stolen_nonce_costs_nothing_but_another_one() {
    logs();
    let mut fed = Fed::new();
    runtime().block_on(async {
        let feeders = fed.feeders(2).await;
        let node = Proxy::start(fed.anvil.url()).await;
        let text = fed.config(&[&node.url()], &feeders, ONCE, "");
        // It is kept and signed, and does not reach the chain.
        node.behave(Mode::Forgets);
        let running = Running::start(&fed.world, &text).await;
        running.until(State::Submitted, 1).await;
        // Somebody else with the same key sends, which takes the nonce.
        let url = fed.anvil.url().to_owned();
        tokio::task::spawn_blocking(move || {
            let key = SignerSource::PrivateKey(KEYS[1].into());
            let mut chain = RpcChain::connect(&url, Some(&key)).unwrap();
            let own = chain.sender().unwrap();
            chain
                .send(Some(own), alloy_primitives::Bytes::new())
                .unwrap();
        })
        .await
        .unwrap();
        node.behave(Mode::Honest);
        running.until(State::Confirmed, 1).await;
        let confirmed = running.relay.store.triggers(None, None, 1).await.unwrap();
        let slots = running
            .relay
            .store
            .slots_of(&confirmed[0].id)
            .await
            .unwrap();
        assert_eq!(slots.len(), 2, "the lost nonce and the one after");
        running.stop().await;
    });
    assert_eq!(fed.rounds(), 1);
}

#[test]
fn a_reorganisation_of_five_blocks_doubles_and_loses_nothing() {
    logs();
    let mut fed = Fed::new();
    let confirmed = runtime().block_on(async {
        // What was deployed lies deeper than what is thrown out, however fast this machine is.
        let mine = serde_json::json!(["0xa"]);
        fed.anvil.ask("anvil_mine", mine).await;
        let feeders = fed.feeders(2).await;
        let text = fed.config(&[fed.anvil.url()], &feeders, ONCE, "");
        let text = text.replace("confirmations = 2", "confirmations = 12");
        let running = Running::start(&fed.world, &text).await;
        running.until(State::Submitted, 1).await;
        let trigger = running.relay.store.triggers(None, None, 1).await.unwrap()[0].clone();
        let sent = running.relay.store.slots_of(&trigger.id).await.unwrap();
        let hash = sent[0].1[0].hash;
        let receipt = until("it is in the chain", async || {
            running.relay.nodes.receipt(hash).await.unwrap()
        })
        .await;
        tokio::time::sleep(Duration::from_secs(2)).await;
        // At least five blocks are thrown out, and with them the transaction.
        let head = running.relay.nodes.head().await.unwrap().number;
        let deep = (head - receipt.block_number.unwrap() + 2).max(5);
        assert!(deep < 10, "{deep} blocks, and it must not be confirmed yet");
        fed.anvil
            .ask("anvil_reorg", serde_json::json!([deep, []]))
            .await;
        let gone = running.relay.nodes.receipt(hash).await.unwrap();
        assert!(gone.is_none_or(|it| it.block_hash != receipt.block_hash));
        running.until(State::Confirmed, 1).await;
        let confirmed = running.count(State::Confirmed).await;
        running.stop().await;
        confirmed
    });
    assert_eq!((fed.rounds(), confirmed), (1, 1));
}

#[test]
fn beyond_the_ceiling_nothing_is_sent_and_below_it_everything_goes_on() {
    logs();
    let mut fed = Fed::new();
    runtime().block_on(async {
        let feeders = fed.feeders(2).await;
        let node = Proxy::start(fed.anvil.url()).await;
        let policy = "policy = { max-fee = \"50 gwei\" }";
        let text = fed.config(&[&node.url()], &feeders, ONCE, policy);
        node.behave(Mode::Dear(300_000_000_000));
        let running = Running::start(&fed.world, &text).await;
        running.until(State::Proved, 1).await;
        tokio::time::sleep(Duration::from_secs(3)).await;
        assert_eq!(node.count("eth_sendRawTransaction"), 0);
        let reason = running.reason().await;
        assert!(reason.contains("max-fee"), "{reason}");
        node.behave(Mode::Honest);
        running.until(State::Confirmed, 1).await;
        running.stop().await;
    });
    assert_eq!(fed.rounds(), 1);
}

#[test]
fn feeds_that_say_nonsense_move_nothing() {
    logs();
    let mut fed = Fed::new();
    let confirmed = runtime().block_on(async {
        let feeders = fed.feeders(2).await;
        let text = fed.config(&[fed.anvil.url()], &feeders, EVERY, "");
        let running = Running::start(&fed.world, &text).await;
        running.until(State::Confirmed, 1).await;
        for says in [
            Says::Body("{\"values\": [1, 2, 3, \"NaN\"]}".into()),
            Says::Body("{\"values\": [1, 2, 3]}".into()),
            Says::Body("not JSON".into()),
            Says::Body(String::new()),
            Says::Bytes(10 << 20),
            Says::Silence(Duration::from_secs(30)),
            Says::Status(500),
        ] {
            feeders.feed.says(says.clone());
            until(&format!("{says:?} is noticed"), async || {
                let all = running.relay.store.triggers(None, Some(State::Observed), 5);
                let mut all = all.await.unwrap().into_iter();
                all.find(|it| it.reason.contains("feature `prices`"))
            })
            .await;
        }
        let before = running.count(State::Confirmed).await;
        feeders.feed.values(&PRICES);
        running.until(State::Confirmed, before + 2).await;
        let confirmed = running.count(State::Confirmed).await;
        running.stop().await;
        confirmed
    });
    assert!(fed.rounds() >= confirmed);
}

#[test]
fn signers_sign_what_they_see_and_nothing_else() {
    logs();
    let mut fed = Fed::new();
    let before = fed.rounds();
    runtime().block_on(async {
        let mut feeders = fed.feeders(0).await;
        // One signer sees other prices than the relayer, and one is not there: no quorum.
        let other = common::feed::Feed::start(&[2_200.0, 2_201.0, 2_199.0, 1.0]).await;
        feeders.signers = vec![
            fed.signer(&feeders.feed.url(), 0).await,
            fed.signer(&other.url(), 1).await,
            "http://127.0.0.1:9".into(),
        ];
        let text = fed.config(&[fed.anvil.url()], &feeders, ONCE, "");
        let running = Running::start(&fed.world, &text).await;
        let refused = until("a signer refuses", async || {
            let all = running.relay.store.triggers(None, Some(State::Observed), 1);
            let all = all.await.unwrap();
            all.into_iter()
                .find(|it| it.reason.contains("1 of 2 signatures"))
        })
        .await;
        assert!(
            refused.reason.contains("this signer reads"),
            "{}",
            refused.reason
        );
        assert!(
            refused.reason.contains("cannot be reached"),
            "{}",
            refused.reason
        );
        // When it sees the same it signs, and the trigger goes on.
        other.values(&PRICES);
        running.until(State::Confirmed, 1).await;
        running.stop().await;
    });
    assert_eq!(fed.rounds(), before + 1);
}

#[test]
fn a_paused_contract_is_waited_for_and_a_withdrawn_model_moves_nothing() {
    logs();
    let mut fed = Fed::new();
    let (oracle, url) = (fed.oracle, fed.anvil.url().to_owned());
    // As the oracle's guardian, or the model's owner.
    let act = |to: Address, data: Vec<u8>| {
        let key = SignerSource::PrivateKey(KEYS[0].into());
        let mut chain = RpcChain::connect(&url, Some(&key)).unwrap();
        chain.send(Some(to), data.into()).unwrap();
    };
    act(oracle, InferenceOracle::pauseCall {}.abi_encode());
    let runtime = runtime();
    let text = runtime.block_on(async {
        let feeders = fed.feeders(2).await;
        fed.config(&[fed.anvil.url()], &feeders, ONCE, "")
    });
    let running = runtime.block_on(Running::start(&fed.world, &text));
    let reason = runtime.block_on(until("it waits", async || {
        let reason = running.reason().await;
        reason.contains("paused").then_some(reason)
    }));
    assert!(reason.starts_with("observed"), "{reason}");
    act(oracle, InferenceOracle::unpauseCall {}.abi_encode());
    runtime.block_on(running.until(State::Confirmed, 1));
    runtime.block_on(running.stop());
    assert_eq!(fed.rounds(), 1);

    // The model's owner withdraws the version: nothing more is begun, and it says why.
    let registry = fed.world.deployment.core.registry;
    let deprecate = IModelRegistry::deprecateModelCall {
        modelId: alloy_primitives::U256::from(1),
    };
    act(registry, deprecate.abi_encode());
    act(oracle, InferenceOracle::haltCall {}.abi_encode());
    let text = text.replace(ONCE, EVERY).replace("relayer.db", "second.db");
    let running = runtime.block_on(Running::start(&fed.world, &text));
    let failed = runtime.block_on(until("it is noticed", async || {
        let all = running.relay.store.triggers(None, None, 20).await.unwrap();
        let noticed = |it: &&verdict_relayer::store::Trigger| it.reason.contains("withdrawn");
        all.iter().find(noticed).cloned()
    }));
    assert_ne!(failed.state, State::Confirmed);
    runtime.block_on(running.stop());
    assert_eq!(fed.rounds(), 1);
}

#[test]
fn no_event_is_missed_by_a_node_that_gives_few_at_once() {
    logs();
    let fed = Fed::new();
    runtime().block_on(async {
        let feeders = fed.feeders(2).await;
        let node = Proxy::start(fed.anvil.url()).await;
        // The oracle's own rounds are the events: each answer of one job is a trigger of another.
        let event = "{ on = \"event\", contract = \"eth\", event = \"RoundAccepted(uint256,address,bytes32,int256,uint256,uint256)\" }";
        let text = fed.config(&[&node.url()], &feeders, event, "policy = { dry-run = true }");
        let running = Running::start(&fed.world, &text).await;
        until("reading has begun", async || (node.count("eth_getLogs") > 0).then_some(())).await;
        running.stop().await;
        // While it is away, rounds come, and many blocks.
        let other = fed.config(&[fed.anvil.url()], &feeders, EVERY, "");
        let other = Running::start(&fed.world, &other.replace("relayer.db", "other.db")).await;
        other.until(State::Confirmed, 3).await;
        other.stop().await;
        fed.anvil.ask("anvil_mine", serde_json::json!(["0x40"])).await;
        let rounds = fed.anvil.ask("eth_getLogs", serde_json::json!([{
            "fromBlock": "0x0",
            "address": fed.oracle,
            "topics": [alloy_primitives::keccak256("RoundAccepted(uint256,address,bytes32,int256,uint256,uint256)")],
        }]));
        let rounds = rounds.await.as_array().unwrap().len();
        assert!(rounds >= 3);
        node.behave(Mode::FewLogs(5));
        let running = Running::start(&fed.world, &text).await;
        until("every round is a trigger", async || {
            let counts = running.relay.store.counts(None).await.unwrap();
            (counts.values().sum::<u64>() == rounds as u64).then_some(())
        })
        .await;
        running.stop().await;
    });
}

#[test]
fn nodes_that_are_away_for_long_cost_time_and_no_trigger() {
    logs();
    let mut fed = Fed::new();
    runtime().block_on(async {
        let feeders = fed.feeders(2).await;
        let node = Proxy::start(fed.anvil.url()).await;
        let policy = "policy = { tries = 2 }";
        let text = fed.config(&[&node.url()], &feeders, ONCE, policy);
        let running = Running::start(&fed.world, &text).await;
        until("it has begun", async || {
            let all = running.relay.store.triggers(None, None, 1).await.unwrap();
            all.first().map(|_| ())
        })
        .await;
        node.behave(Mode::Down);
        tokio::time::sleep(Duration::from_secs(8)).await;
        assert_eq!(
            running.count(State::Failed).await,
            0,
            "{}",
            running.reason().await
        );
        node.behave(Mode::Honest);
        running.until(State::Confirmed, 1).await;
        running.stop().await;
    });
    assert_eq!(fed.rounds(), 1);
}

#[test]
fn the_first_node_may_be_a_block_behind() {
    logs();
    let mut fed = Fed::new();
    runtime().block_on(async {
        let feeders = fed.feeders(2).await;
        let behind = Proxy::start(fed.anvil.url()).await;
        behind.behave(Mode::Behind);
        let (bad, good) = (behind.url(), fed.anvil.url().to_owned());
        let other = Proxy::start(&good).await;
        let text = fed.config(
            &[&bad, &good, &other.url()],
            &feeders,
            EVERY,
            "policy = { tries = 2 }",
        );
        let text = text.replace("confirmations = 2", "confirmations = 2\nquorum = 2");
        let running = Running::start(&fed.world, &text).await;
        running.until(State::Confirmed, 3).await;
        assert_eq!(
            running.count(State::Failed).await,
            0,
            "{}",
            running.reason().await
        );
        running.stop().await;
    });
    assert!(fed.rounds() >= 3);
}
