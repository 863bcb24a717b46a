//! One node, and whether it can be used.

use super::transport::Bounded;
use crate::{RelayError, net};
use alloy_network::Ethereum;
use alloy_provider::{DynProvider, Provider, ProviderBuilder};
use alloy_rpc_client::RpcClient;
use alloy_transport::{RpcError, TransportError};
use reqwest::Client;
use std::{
    sync::{Mutex, PoisonError},
    time::{Duration, Instant},
};
use verdict_chain::{ChainError, Revert};

/// How long a node that failed is left alone at first, and at most.
const REST: (Duration, Duration) = (Duration::from_millis(500), Duration::from_secs(30));

/// One node.
#[derive(Debug)]
pub(super) struct Node {
    pub(super) host: String,
    pub(super) provider: DynProvider<Ethereum>,
    health: Mutex<Health>,
}

#[derive(Debug, Default)]
struct Health {
    /// Whether it has said that it is of the right chain since it failed last.
    known: bool,
    failures: u32,
    rests_until: Option<Instant>,
    why: Option<String>,
}

/// What a node's answer comes to.
#[derive(Debug)]
pub(super) enum Fault {
    /// The chain says so: another node would say the same.
    Answer(ChainError),
    /// The node failed.
    Node(String),
}

impl Node {
    pub(super) fn new(url: &str, client: Client) -> Result<Self, RelayError> {
        let parsed = url.parse().map_err(|_| {
            RelayError::Config(
                "chain.endpoints: expected URLs such as `http://127.0.0.1:8545`".into(),
            )
        })?;
        let transport = Bounded::new(client, parsed);
        let client = RpcClient::new(transport, false);
        Ok(Self {
            host: net::host(url),
            provider: ProviderBuilder::default().connect_client(client).erased(),
            health: Mutex::default(),
        })
    }

    fn health(&self) -> std::sync::MutexGuard<'_, Health> {
        self.health.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Whether it is left alone at the moment.
    pub(super) fn rests(&self) -> bool {
        let until = self.health().rests_until;
        until.is_some_and(|until| until > Instant::now())
    }

    /// Why it was not used when it failed last; `None` if it answers.
    pub(super) fn trouble(&self) -> Option<String> {
        self.health().why.clone()
    }

    pub(super) fn works(&self) {
        let mut health = self.health();
        (health.failures, health.rests_until, health.why) = (0, None, None);
    }

    /// Leaves it alone for a while, longer each time, and asks for its chain's id again after.
    pub(super) fn failed(&self, why: &str) {
        let mut health = self.health();
        let rest = REST
            .0
            .saturating_mul(1 << health.failures.min(8))
            .min(REST.1);
        if health.why.as_deref() != Some(why) {
            tracing::warn!(node = %self.host, why, "a node cannot be used");
        }
        health.known = false;
        health.failures = health.failures.saturating_add(1);
        health.rests_until = Some(Instant::now() + rest);
        health.why = Some(why.into());
    }

    /// Refuses a node of another chain, whatever else it says.
    pub(super) async fn must_be(&self, chain_id: u64) -> Result<(), Fault> {
        if self.health().known {
            return Ok(());
        }
        let found = self.provider.get_chain_id().await;
        let found = found.map_err(|error| fault(&self.host, "eth_chainId", error))?;
        if found != chain_id {
            return Err(Fault::Node(format!(
                "it is of chain {found}, not of {chain_id}"
            )));
        }
        self.health().known = true;
        Ok(())
    }
}

/// Tells what the chain says from what a node cannot do.
pub(super) fn fault(host: &str, what: &str, error: TransportError) -> Fault {
    match error {
        RpcError::ErrorResp(payload) => match payload.as_revert_data() {
            Some(data) => Fault::Answer(ChainError::Refused(Box::new(Revert::new(data)))),
            None if is_revert(payload.code, &payload.message) => Fault::Answer(
                ChainError::Refused(Box::new(Revert::new(Vec::new().into()))),
            ),
            None => Fault::Answer(ChainError::Rpc {
                host: host.into(),
                what: what.into(),
                reason: shortened(&payload.message),
            }),
        },
        RpcError::Transport(kind) => Fault::Node(shortened(&kind.to_string())),
        other => Fault::Node(format!(
            "its answer to {what} makes no sense: {}",
            shortened(&other.to_string())
        )),
    }
}

/// EIP-1474 has code 3 for execution errors; older nodes say it in words.
fn is_revert(code: i64, message: &str) -> bool {
    code == 3 || message.to_ascii_lowercase().contains("revert")
}

/// A stranger's message, no longer than a line.
fn shortened(message: &str) -> String {
    let clean: String = message
        .chars()
        .filter(|c| !c.is_control())
        .take(200)
        .collect();
    clean
}
