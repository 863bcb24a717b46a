//! What changes while a trigger is under way, between its proof and its transaction and after it; and
//! what users of other relayers complained of.
#![allow(clippy::unwrap_used, clippy::expect_used, missing_docs)]

mod common;

use alloy_primitives::{Address, U256, keccak256};
use alloy_sol_types::SolCall;
use common::{
    anvil::{Anvil, KEYS},
    fed::{Fed, Feeders, Running},
    logs,
    proxy::{Mode, Proxy},
    runtime, until,
};
use serde_json::json;
use std::time::Duration;
use verdict_chain::{
    Chain, RpcChain, SignerSource,
    bindings::{
        gateway_contract::VerdictGateway, oracle::InferenceOracle, registry::IModelRegistry,
    },
};
use verdict_relayer::store::State;

const EVERY: &str = "{ on = \"interval\", every = \"1s\" }";
const ONCE: &str = "{ on = \"once\" }";
const DEAR: Mode = Mode::Dear(300_000_000_000);

/// Sends as owner and guardian of everything.
async fn act(fed: &Fed, to: Address, call: impl SolCall + Send + 'static) {
    let url = fed.anvil.url().to_owned();
    let data = call.abi_encode();
    let sent = tokio::task::spawn_blocking(move || {
        let key = SignerSource::PrivateKey(KEYS[0].into());
        let mut chain = RpcChain::connect(&url, Some(&key)).unwrap();
        chain.send(Some(to), data.into()).unwrap();
    });
    sent.await.unwrap();
}

/// A relayer whose first trigger is proved and waits for gas to be cheaper.
async fn proved(fed: &Fed) -> (Running, Proxy, Feeders) {
    let feeders = fed.feeders(2).await;
    let node = Proxy::start(fed.anvil.url()).await;
    node.behave(DEAR);
    let policy = "policy = { max-fee = \"50 gwei\", tries = 3 }";
    let text = fed.config(&[&node.url()], &feeders, ONCE, policy);
    let running = Running::start(&fed.world, &text).await;
    until("it waits", async || {
        running.reason().await.contains("max-fee").then_some(())
    })
    .await;
    (running, node, feeders)
}

/// The only trigger, once it says something.
async fn says(running: &Running, what: &str) -> String {
    until(what, async || {
        let reason = running.reason().await;
        reason.contains(what).then_some(reason)
    })
    .await
}

#[test]
fn a_contract_that_is_paused_after_the_proof_is_waited_for() {
    logs();
    let mut fed = Fed::new();
    runtime().block_on(async {
        let (running, node, _feeders) = proved(&fed).await;
        act(&fed, fed.oracle, InferenceOracle::pauseCall {}).await;
        node.behave(Mode::Honest);
        let reason = says(&running, "EnforcedPause").await;
        assert!(reason.starts_with("proved"), "{reason}");
        assert_eq!(node.count("eth_sendRawTransaction"), 0);
        act(&fed, fed.oracle, InferenceOracle::unpauseCall {}).await;
        running.until(State::Confirmed, 1).await;
        running.stop().await;
    });
    assert_eq!(fed.rounds(), 1);
}

#[test]
fn a_model_that_is_withdrawn_after_the_proof_moves_nothing_and_takes_no_nonce() {
    logs();
    let mut fed = Fed::new();
    runtime().block_on(async {
        let (running, node, _feeders) = proved(&fed).await;
        let registry = fed.world.deployment.core.registry;
        let model = U256::from(1);
        act(
            &fed,
            registry,
            IModelRegistry::deprecateModelCall { modelId: model },
        )
        .await;
        act(&fed, fed.oracle, InferenceOracle::haltCall {}).await;
        node.behave(Mode::Honest);
        until("it is noticed", async || {
            let reason = running.reason().await;
            (!reason.contains("max-fee")).then_some(reason)
        })
        .await;
        tokio::time::sleep(Duration::from_secs(5)).await;
        assert_eq!(node.count("eth_sendRawTransaction"), 0);
        assert_eq!(running.count(State::Confirmed).await, 0);
        let all = running.relay.store.triggers(None, None, 1).await.unwrap();
        assert!(
            running
                .relay
                .store
                .slots_of(&all[0].id)
                .await
                .unwrap()
                .is_empty()
        );
        println!("{}", running.reason().await);
        running.stop().await;
    });
    assert_eq!(fed.rounds(), 0);
}

#[test]
fn a_route_that_is_frozen_after_the_proof_wakes_somebody_and_takes_no_nonce() {
    logs();
    let mut fed = Fed::new();
    runtime().block_on(async {
        let (running, node, _feeders) = proved(&fed).await;
        let route = &fed.world.deployment.core.route;
        let selector = alloy_primitives::FixedBytes::from_slice(&keccak256(route)[..4]);
        let gateway = fed.world.deployment.core.gateway;
        act(&fed, gateway, VerdictGateway::freezeRouteCall { selector }).await;
        node.behave(Mode::Honest);
        running.until(State::Failed, 1).await;
        let reason = running.reason().await;
        assert!(reason.contains("Frozen"), "{reason}");
        assert_eq!(node.count("eth_sendRawTransaction"), 0);
        running.stop().await;
    });
    assert_eq!(fed.rounds(), 0);
}

#[test]
fn a_private_relay_gets_the_transactions_and_the_nodes_none() {
    logs();
    let mut fed = Fed::new();
    runtime().block_on(async {
        let feeders = fed.feeders(2).await;
        let node = Proxy::start(fed.anvil.url()).await;
        let private = Proxy::start(fed.anvil.url()).await;
        let text = fed.config(&[&node.url()], &feeders, EVERY, "");
        let text = text.replace(
            "confirmations = 2",
            &format!("confirmations = 2\nsubmit-to = {:?}", private.url()),
        );
        // While it takes nothing nobody else is given anything, and nothing is lost.
        private.behave(Mode::Down);
        let running = Running::start(&fed.world, &text).await;
        running.until(State::Submitted, 1).await;
        tokio::time::sleep(Duration::from_secs(2)).await;
        private.behave(Mode::Honest);
        running.until(State::Confirmed, 2).await;
        assert_eq!(node.count("eth_sendRawTransaction"), 0);
        assert!(private.count("eth_sendRawTransaction") >= 2);
        // What it is asked for is transactions and nothing of the chain's state.
        assert_eq!(private.count("eth_call"), 0);
        assert_eq!(running.count(State::Failed).await, 0);
        running.stop().await;
    });
    assert!(fed.rounds() >= 2);
}

#[test]
fn what_no_node_takes_spends_no_nonce_holds_nobody_up_and_is_not_said_to_be_sent() {
    logs();
    let mut fed = Fed::new();
    runtime().block_on(async {
        let feeders = fed.feeders(2).await;
        let node = Proxy::start(fed.anvil.url()).await;
        let text = fed.config(&[&node.url()], &feeders, EVERY, "");
        node.behave(Mode::TakesNone);
        let running = Running::start(&fed.world, &text).await;
        // One prover, and more transactions wait than there are provers.
        running.until(State::Submitted, 3).await;
        let store = &running.relay.store;
        let waiting = store
            .triggers(None, Some(State::Submitted), 10)
            .await
            .unwrap();
        let mut nonces = Vec::new();
        for trigger in &waiting {
            let slots = store.slots_of(&trigger.id).await.unwrap();
            let (slot, attempts) = &slots[0];
            assert!(
                attempts.iter().all(|it| it.sent_at == 0),
                "nobody has taken it"
            );
            nonces.push(slot.nonce);
        }
        nonces.sort_unstable();
        let expected: Vec<u64> = (0..nonces.len() as u64).collect();
        assert_eq!(nonces, expected, "each its own, and none left out");
        node.behave(Mode::Honest);
        let before = waiting.len() as u64;
        // The account's lane goes on where it was. Of values that waited the newest counts; what is
        // older is refused by the contract and uses its nonce up.
        running.until(State::Confirmed, before.min(2)).await;
        let account = running.relay.loaded().wallets["main"].address();
        let head = running.relay.nodes.head().await.unwrap();
        let used = running
            .relay
            .nodes
            .nonce_at(account, head.number)
            .await
            .unwrap();
        assert!(used >= before, "{used} of {before}");
        running.stop().await;
    });
    assert!(fed.rounds() >= 1);
}

#[test]
fn an_answer_that_comes_too_late_is_of_a_transaction_that_landed_all_the_same() {
    logs();
    let mut fed = Fed::new();
    runtime().block_on(async {
        let feeders = fed.feeders(2).await;
        let node = Proxy::start(fed.anvil.url()).await;
        let text = fed.config(&[&node.url()], &feeders, ONCE, "");
        let text = text.replace("timeout = \"5s\"", "timeout = \"1s\"");
        node.behave(Mode::LandsLate);
        let running = Running::start(&fed.world, &text).await;
        running.until(State::Confirmed, 1).await;
        let all = running.relay.store.triggers(None, None, 2).await.unwrap();
        let slots = running.relay.store.slots_of(&all[0].id).await.unwrap();
        assert_eq!((all.len(), slots.len()), (1, 1));
        assert_eq!(slots[0].1.len(), 1, "nothing was sent in its place");
        running.stop().await;
    });
    assert_eq!(fed.rounds(), 1);
}

#[test]
fn after_a_spike_of_fees_what_was_sent_goes_on() {
    logs();
    let mut fed = Fed::new();
    runtime().block_on(async {
        let feeders = fed.feeders(2).await;
        let node = Proxy::start(fed.anvil.url()).await;
        let policy = "policy = { max-fee = \"50 gwei\", bump-after = \"2s\" }";
        let text = fed.config(&[&node.url()], &feeders, ONCE, policy);
        node.behave(Mode::Forgets);
        let running = Running::start(&fed.world, &text).await;
        running.until(State::Submitted, 1).await;
        // 120 gwei: the base fee falls by an eighth with each block, below the ceiling with the
        // seventh.
        let spike = json!(["0x1bf08eb000"]);
        fed.anvil
            .ask("anvil_setNextBlockBaseFeePerGas", spike)
            .await;
        tokio::time::sleep(Duration::from_secs(2)).await;
        node.behave(Mode::Honest);
        running.until(State::Confirmed, 1).await;
        let fees = base_fees(&fed.anvil).await;
        let dear = fees.iter().filter(|fee| **fee > 50_000_000_000).count();
        assert!(dear >= 5, "it waited through the spike: {fees:?}");
        let all = running.relay.store.triggers(None, None, 1).await.unwrap();
        let slots = running.relay.store.slots_of(&all[0].id).await.unwrap();
        assert_eq!(slots.len(), 1);
        let ceiling = 50_000_000_000;
        assert!(
            slots[0].1.iter().all(|it| it.max_fee <= ceiling),
            "{slots:?}"
        );
        running.stop().await;
    });
    assert_eq!(fed.rounds(), 1);
}

/// The base fees of all blocks.
async fn base_fees(anvil: &Anvil) -> Vec<u128> {
    let number = |text: &serde_json::Value| {
        let text = text.as_str().unwrap().trim_start_matches("0x");
        u128::from_str_radix(text, 16).unwrap()
    };
    let head = number(&anvil.ask("eth_blockNumber", json!([])).await);
    let mut fees = Vec::new();
    for block in 0..=head {
        let block = json!([format!("{block:#x}"), false]);
        let block = anvil.ask("eth_getBlockByNumber", block).await;
        fees.push(number(&block["baseFeePerGas"]));
    }
    fees
}

#[test]
fn what_is_simulated_is_what_is_sent() {
    logs();
    let mut fed = Fed::new();
    runtime().block_on(async {
        let feeders = fed.feeders(2).await;
        let node = Proxy::start(fed.anvil.url()).await;
        let text = fed.config(&[&node.url()], &feeders, ONCE, "");
        // It sends nothing on, so that the simulation before it is the last.
        node.behave(Mode::Forgets);
        let running = Running::start(&fed.world, &text).await;
        running.until(State::Submitted, 1).await;
        let all = running.relay.store.triggers(None, None, 1).await.unwrap();
        let slot = running.relay.store.slots_of(&all[0].id).await.unwrap()[0]
            .0
            .clone();
        let calls = node.calls();
        let with_gas = calls.iter().rfind(|it| it[0]["gas"].is_string()).unwrap();
        assert_eq!(with_gas[0]["gas"], format!("{:#x}", slot.gas));
        let to = with_gas[0]["to"].as_str().unwrap();
        assert_eq!(to.parse::<Address>().unwrap(), slot.call.to);
        let data = with_gas[0].get("input").or(with_gas[0].get("data"));
        assert_eq!(data.unwrap().as_str().unwrap(), slot.call.data.to_string());
        node.behave(Mode::Honest);
        running.until(State::Confirmed, 1).await;
        running.stop().await;
    });
    assert_eq!(fed.rounds(), 1);
}

#[test]
fn events_that_a_node_has_late_are_not_missed() {
    logs();
    let fed = Fed::new();
    runtime().block_on(async {
        let feeders = fed.feeders(2).await;
        let node = Proxy::start(fed.anvil.url()).await;
        node.behave(Mode::LogsLate);
        let signature = "RoundAccepted(uint256,address,bytes32,int256,uint256,uint256)";
        let event = format!("{{ on = \"event\", contract = \"eth\", event = \"{signature}\" }}");
        let text = fed.config(
            &[&node.url()],
            &feeders,
            &event,
            "policy = { dry-run = true }",
        );
        let watching = Running::start(&fed.world, &text).await;
        until("reading has begun", async || {
            (node.count("eth_getLogs") > 0).then_some(())
        })
        .await;
        let other = fed.config(&[fed.anvil.url()], &feeders, EVERY, "");
        let other = Running::start(&fed.world, &other.replace("relayer.db", "other.db")).await;
        other.until(State::Confirmed, 4).await;
        other.stop().await;
        tokio::time::sleep(Duration::from_secs(3)).await;
        let rounds = fed.anvil.ask(
            "eth_getLogs",
            json!([{
                "fromBlock": "0x0", "address": fed.oracle,
                "topics": [keccak256(signature)],
            }]),
        );
        let rounds = rounds.await.as_array().unwrap().len() as u64;
        until("every round is a trigger", async || {
            let counts = watching.relay.store.counts(None).await.unwrap();
            (counts.values().sum::<u64>() == rounds).then_some(())
        })
        .await;
        watching.stop().await;
    });
}
