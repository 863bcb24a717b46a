//! The chain, as several nodes tell it, none of which is believed alone.
//!
//! Every request goes to the first node that works, and on to the next if that one fails: out of
//! time, of another chain, far behind the others, or with an answer that makes no sense. What is
//! acted on (the head, nonces, receipts) is what as many nodes say as `chain.quorum` asks for.

mod blocking;
mod node;
mod transport;

pub use blocking::NodesChain;

use crate::{RelayError, config::Config, net};
use alloy_consensus::Transaction as _;
use alloy_eips::BlockId;
use alloy_network::TransactionResponse as _;
use alloy_primitives::{Address, B256, Bytes};
use alloy_provider::{DynProvider, Provider};
use alloy_rpc_types_eth::{Filter, Log, TransactionReceipt, TransactionRequest};
use alloy_transport::TransportError;
use futures_util::future::join_all;
use node::{Fault, Node, fault};
use std::{
    future::{Future, IntoFuture},
    sync::Arc,
    time::Duration,
};
use tokio::time::timeout;
use verdict_chain::{Block, ChainError};

/// How many blocks a node may be behind the others before it is passed over.
const BEHIND: u64 = 3;

/// The nodes of a chain.
#[derive(Debug)]
pub struct Nodes {
    nodes: Vec<Node>,
    relay: Option<Node>,
    chain_id: u64,
    quorum: usize,
    patience: Duration,
    max_head_age: Duration,
}

/// A node as pages and commands show it.
#[derive(Clone, Debug, PartialEq, Eq, serde::Serialize)]
pub struct NodeStatus {
    /// Host and port.
    pub host: String,
    /// Why it is not used, if it isn't.
    pub trouble: Option<String>,
}

/// What became of handing a transaction to the nodes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Sent {
    /// At least one has it.
    Taken,
    /// The account has used the nonce.
    NonceUsed,
    /// There is another transaction of this nonce, which pays as much.
    Underpriced,
    /// The account cannot pay for it.
    Unfunded,
    /// None took it: why.
    Refused(String),
}

/// Fees as the chain asks for now, in wei.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Fees {
    /// Most that should be offered for a unit of gas.
    pub max_fee: u128,
    /// Of that, for whoever includes it.
    pub priority_fee: u128,
}

impl Nodes {
    /// The nodes that a configuration names.
    pub fn new(config: &Config) -> Result<Arc<Self>, RelayError> {
        let chain = &config.chain;
        let patience = chain.timeout.0;
        let client = net::client(patience)?;
        let node =
            |url: &crate::config::Secret| Node::new(&url.read(&config.folder)?, client.clone());
        Ok(Arc::new(Self {
            nodes: chain.endpoints.iter().map(node).collect::<Result<_, _>>()?,
            relay: chain.submit_to.as_ref().map(node).transpose()?,
            chain_id: chain.id,
            quorum: chain.quorum,
            patience,
            max_head_age: chain.max_head_age.0,
        }))
    }

    /// The chain's id.
    pub const fn chain_id(&self) -> u64 {
        self.chain_id
    }

    /// Whether each node works.
    pub fn status(&self) -> Vec<NodeStatus> {
        let all = self.nodes.iter().chain(&self.relay);
        all.map(|node| NodeStatus {
            host: node.host.clone(),
            trouble: node.trouble(),
        })
        .collect()
    }

    /// Asks one node, in time.
    async fn ask<T, F, A>(&self, node: &Node, what: &str, ask: &F) -> Result<T, Fault>
    where
        F: Fn(DynProvider) -> A,
        A: Future<Output = Result<T, TransportError>>,
    {
        let answer = async {
            node.must_be(self.chain_id).await?;
            ask(node.provider.clone())
                .await
                .map_err(|error| fault(&node.host, what, error))
        };
        let answer = timeout(self.patience, answer).await;
        let answer = answer.unwrap_or_else(|_| {
            let seconds = self.patience.as_secs_f32();
            Err(Fault::Node(format!(
                "no answer to {what} within {seconds} s"
            )))
        });
        match &answer {
            Ok(_) | Err(Fault::Answer(_)) => node.works(),
            Err(Fault::Node(why)) => node.failed(why),
        }
        answer
    }

    /// The nodes to ask, those that rest at the end: if all rest, they are asked all the same.
    fn in_order(&self) -> Vec<&Node> {
        let (rest, work): (Vec<&Node>, Vec<&Node>) = self.nodes.iter().partition(|it| it.rests());
        work.into_iter().chain(rest).collect()
    }

    /// The answer of the first node that works.
    async fn first<T, F, A>(&self, what: &str, ask: F) -> Result<T, ChainError>
    where
        F: Fn(DynProvider) -> A,
        A: Future<Output = Result<T, TransportError>>,
    {
        let mut why = Vec::new();
        for node in self.in_order() {
            match self.ask(node, what, &ask).await {
                Ok(answer) => return Ok(answer),
                Err(Fault::Answer(error @ ChainError::Refused(_))) => return Err(error),
                // A node that is a block behind says that there is no such block: another has it.
                Err(Fault::Answer(error)) => why.push(error.to_string()),
                Err(Fault::Node(reason)) => why.push(format!("{}: {reason}", node.host)),
            }
        }
        Err(self.none(what, &why))
    }

    /// The answer that as many nodes give as must agree.
    async fn agreed<T, F, A>(&self, what: &str, ask: F) -> Result<T, ChainError>
    where
        T: PartialEq,
        F: Fn(DynProvider) -> A,
        A: Future<Output = Result<T, TransportError>>,
    {
        self.agreed_on(what, |_| true, ask).await
    }

    /// The same, of answers that say something: one that says nothing is passed over as long as
    /// another node may know more.
    async fn agreed_on<T, F, A>(
        &self,
        what: &str,
        says: impl Fn(&T) -> bool,
        ask: F,
    ) -> Result<T, ChainError>
    where
        T: PartialEq,
        F: Fn(DynProvider) -> A,
        A: Future<Output = Result<T, TransportError>>,
    {
        let (mut answers, mut why): (Vec<(T, usize)>, Vec<String>) = (Vec::new(), Vec::new());
        let (mut nothing, mut silent) = (None, 0);
        for node in self.in_order() {
            match self.ask(node, what, &ask).await {
                Ok(answer) if !says(&answer) => {
                    silent += 1;
                    nothing = Some(answer);
                }
                Ok(answer) => {
                    let place = answers.iter().position(|(known, _)| *known == answer);
                    let count = match place.and_then(|place| answers.get_mut(place)) {
                        Some((_, count)) => {
                            *count += 1;
                            *count
                        }
                        None => 1,
                    };
                    if count >= self.quorum {
                        return Ok(answer);
                    }
                    if place.is_none() {
                        answers.push((answer, 1));
                    }
                }
                Err(Fault::Answer(error)) => why.push(error.to_string()),
                Err(Fault::Node(reason)) => why.push(format!("{}: {reason}", node.host)),
            }
        }
        match nothing {
            Some(nothing) if silent >= self.quorum => return Ok(nothing),
            _ => {}
        }
        if answers.len() > 1 {
            why.push(format!("they give {} different answers", answers.len()));
        }
        Err(self.none(what, &why))
    }

    fn none(&self, what: &str, why: &[String]) -> ChainError {
        ChainError::Rpc {
            host: format!("the nodes of chain {}", self.chain_id),
            what: what.into(),
            reason: match self.quorum {
                1 => why.join("; "),
                quorum => format!("{quorum} must agree; {}", why.join("; ")),
            },
        }
    }

    /// The newest block that as many nodes have as must agree, and about which they agree.
    pub async fn head(&self) -> Result<Block, ChainError> {
        let what = "eth_getBlockByNumber";
        let ask = |provider: DynProvider| async move {
            provider.get_block(BlockId::latest()).into_future().await
        };
        let all = self.in_order();
        let answers = join_all(all.iter().map(|node| self.ask(node, what, &ask))).await;
        let mut heads: Vec<(&Node, u64, u64)> = Vec::new();
        let mut why = Vec::new();
        for (node, answer) in all.iter().zip(answers) {
            match answer {
                Ok(Some(block)) => {
                    heads.push((node, block.header.number, block.header.timestamp));
                }
                Ok(None) => why.push(format!("{}: it has no block", node.host)),
                Err(Fault::Node(reason)) => why.push(format!("{}: {reason}", node.host)),
                Err(Fault::Answer(error)) => why.push(error.to_string()),
            }
        }
        let newest = heads.iter().map(|head| head.1).max().unwrap_or_default();
        let now = crate::store::unsigned(crate::store::now()) / 1_000;
        heads.retain(|(node, number, time)| {
            let age = now.saturating_sub(*time);
            let stuck = !self.max_head_age.is_zero() && age > self.max_head_age.as_secs();
            let reason = if stuck {
                format!("its newest block {number} is {age} s old")
            } else if number + BEHIND < newest {
                format!("it is at block {number}, others are at {newest}")
            } else {
                return true;
            };
            node.failed(&reason);
            why.push(format!("{}: {reason}", node.host));
            false
        });
        let mut numbers: Vec<u64> = heads.iter().map(|head| head.1).collect();
        if self.quorum > 1 {
            numbers.sort_unstable_by(|a, b| b.cmp(a));
        }
        let Some(number) = numbers.get(self.quorum - 1).copied() else {
            return Err(self.none(what, &why));
        };
        self.block(number).await
    }

    /// A block, about which as many nodes agree as must.
    pub async fn block(&self, number: u64) -> Result<Block, ChainError> {
        let some = Option::<(B256, u64)>::is_some;
        let found = self.agreed_on("eth_getBlockByNumber", some, |provider| async move {
            let block = provider
                .get_block(BlockId::number(number))
                .into_future()
                .await?;
            Ok(block.map(|block| (block.header.hash, block.header.timestamp)))
        });
        let (hash, timestamp) = found.await?.ok_or(ChainError::NoSuchBlock(number))?;
        Ok(Block {
            number,
            timestamp,
            hash,
        })
    }

    /// Calls without a trace, at a block.
    pub async fn call(
        &self,
        from: Option<Address>,
        to: Option<Address>,
        data: Bytes,
        gas: Option<u64>,
        at: Option<u64>,
    ) -> Result<Bytes, ChainError> {
        let request = request(from, to, data, gas);
        let at = at.map_or(BlockId::latest(), BlockId::number);
        self.first("eth_call", move |provider| {
            let request = request.clone();
            async move { provider.call(request).block(at).into_future().await }
        })
        .await
    }

    /// How much gas a call takes.
    pub async fn estimate_gas(
        &self,
        from: Address,
        to: Address,
        data: Bytes,
    ) -> Result<u64, ChainError> {
        let request = request(Some(from), Some(to), data, None);
        self.first("eth_estimateGas", move |provider| {
            let request = request.clone();
            async move { provider.estimate_gas(request).into_future().await }
        })
        .await
    }

    /// The code of an account.
    pub async fn code(&self, account: Address) -> Result<Bytes, ChainError> {
        self.first("eth_getCode", move |provider| async move {
            provider.get_code_at(account).into_future().await
        })
        .await
    }

    /// What an account has, in ether: for people and alarms.
    pub async fn ether(&self, account: Address) -> Result<f64, ChainError> {
        let wei = self.first("eth_getBalance", move |provider| async move {
            provider.get_balance(account).into_future().await
        });
        Ok(f64::from(wei.await?) / 1e18)
    }

    /// How many transactions of an account are in the chain up to a block.
    pub async fn nonce_at(&self, account: Address, block: u64) -> Result<u64, ChainError> {
        self.agreed("eth_getTransactionCount", move |provider| async move {
            let count = provider.get_transaction_count(account);
            count.block_id(BlockId::number(block)).into_future().await
        })
        .await
    }

    /// The receipt of a transaction in a block that is in the chain.
    pub async fn receipt(&self, hash: B256) -> Result<Option<TransactionReceipt>, ChainError> {
        let some = Option::<TransactionReceipt>::is_some;
        let receipt = self.agreed_on(
            "eth_getTransactionReceipt",
            some,
            move |provider| async move { provider.get_transaction_receipt(hash).await },
        );
        let Some(receipt) = receipt.await? else {
            return Ok(None);
        };
        let place = receipt.block_number.zip(receipt.block_hash);
        let Some((number, hash)) = place.filter(|_| receipt.transaction_hash == hash) else {
            return Ok(None);
        };
        // A receipt of a block that a reorganisation threw out is worth nothing.
        match self.block(number).await {
            Ok(block) => Ok((block.hash == hash).then_some(receipt)),
            Err(ChainError::NoSuchBlock(_)) => Ok(None),
            Err(error) => Err(error),
        }
    }

    /// The transaction of an account with this nonce, in one of the blocks from `first` to `last`.
    pub async fn transaction_of(
        &self,
        account: Address,
        nonce: u64,
        first: u64,
        last: u64,
    ) -> Result<Option<B256>, ChainError> {
        let (mut low, mut high) = (first, last);
        if self.nonce_at(account, high).await? <= nonce {
            return Ok(None);
        }
        // The first block after which the account has used it.
        while low < high {
            let middle = low + (high - low) / 2;
            match self.nonce_at(account, middle).await? > nonce {
                true => high = middle,
                false => low = middle + 1,
            }
        }
        self.agreed("eth_getBlockByNumber", move |provider| async move {
            let block = provider
                .get_block(BlockId::number(high))
                .full()
                .into_future()
                .await?;
            let transactions = block.map(|block| block.transactions.into_transactions_vec());
            let mut transactions = transactions.unwrap_or_default().into_iter();
            let found = transactions.find(|it| it.from() == account && it.nonce() == nonce);
            Ok(found.map(|transaction| transaction.tx_hash()))
        })
        .await
    }

    /// Whether any node still has a transaction, in the chain or waiting.
    pub async fn knows(&self, hash: B256) -> Result<bool, ChainError> {
        let found = self.first("eth_getTransactionByHash", move |provider| async move {
            provider.get_transaction_by_hash(hash).await
        });
        Ok(found.await?.is_some())
    }

    /// What the chain asks for gas now.
    pub async fn fees(&self) -> Result<Fees, ChainError> {
        let fees = self.first("eth_feeHistory", |provider| async move {
            provider.estimate_eip1559_fees().await
        });
        let fees = fees.await?;
        Ok(Fees {
            max_fee: fees.max_fee_per_gas,
            priority_fee: fees.max_priority_fee_per_gas,
        })
    }

    /// Events of a contract.
    pub async fn logs(&self, filter: Filter) -> Result<Vec<Log>, ChainError> {
        self.agreed("eth_getLogs", move |provider| {
            let filter = filter.clone();
            async move { provider.get_logs(&filter).await }
        })
        .await
    }

    /// Hands a signed transaction to the private relay, or else to every node that works.
    pub async fn send(&self, raw: &Bytes) -> Sent {
        let to: Vec<&Node> = match &self.relay {
            Some(relay) => vec![relay],
            None => self.in_order(),
        };
        let ask = |provider: DynProvider| {
            let raw = raw.clone();
            async move { provider.send_raw_transaction(&raw).await.map(drop) }
        };
        let what = "eth_sendRawTransaction";
        let answers = join_all(to.iter().map(|node| self.ask(node, what, &ask))).await;
        let mut result = Sent::Refused("there is no node".into());
        for (node, answer) in to.iter().zip(answers) {
            let said = match answer {
                Ok(()) => return Sent::Taken,
                Err(Fault::Answer(ChainError::Rpc { reason, .. })) => reason,
                Err(Fault::Answer(error)) => error.to_string(),
                Err(Fault::Node(reason)) => format!("{}: {reason}", node.host),
            };
            let classified = classify(&said);
            if classified == Sent::Taken {
                return Sent::Taken;
            }
            result = classified;
        }
        result
    }
}

fn request(
    from: Option<Address>,
    to: Option<Address>,
    data: Bytes,
    gas: Option<u64>,
) -> TransactionRequest {
    let mut request = TransactionRequest::default().input(data.into());
    request.from = from;
    request.to = Some(to.map_or(
        alloy_primitives::TxKind::Create,
        alloy_primitives::TxKind::Call,
    ));
    request.gas = gas;
    request
}

/// What geth, reth, Nethermind, Erigon, Besu and anvil say when they do not take a transaction.
fn classify(said: &str) -> Sent {
    let text = said.to_ascii_lowercase();
    let has = |words: &[&str]| words.iter().any(|word| text.contains(word));
    if has(&[
        "already known",
        "already imported",
        "known transaction",
        "alreadyknown",
    ]) {
        Sent::Taken
    } else if has(&[
        "nonce too low",
        "nonce is too low",
        "oldnonce",
        "invalid nonce",
    ]) {
        Sent::NonceUsed
    } else if has(&["underpriced", "not high enough to replace", "replacement"]) {
        Sent::Underpriced
    } else if has(&["insufficient funds", "insufficientfunds", "upfront cost"]) {
        Sent::Unfunded
    } else {
        Sent::Refused(said.to_owned())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_nodes_say_is_understood() {
        for (said, meant) in [
            ("already known", Sent::Taken),
            ("nonce too low: next nonce 5, tx nonce 3", Sent::NonceUsed),
            ("replacement transaction underpriced", Sent::Underpriced),
            ("insufficient funds for gas * price + value", Sent::Unfunded),
        ] {
            assert_eq!(classify(said), meant, "{said}");
        }
        assert!(matches!(classify("txpool is full"), Sent::Refused(_)));
    }
}
