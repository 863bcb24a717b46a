//! A node behind an RPC.

use crate::{Block, Chain, ChainError, Receipt, Revert, SignerSource};
use alloy_network::{Ethereum, TransactionBuilder};
use alloy_primitives::{Address, B256, Bytes, Log};
use alloy_provider::{DynProvider, Provider, ProviderBuilder};
use alloy_rpc_types_eth::{BlockNumberOrTag, TransactionReceipt, TransactionRequest};
use alloy_transport::{RpcError, TransportError};
use std::time::Duration;
use tokio::{
    runtime::{Builder, Runtime},
    time::timeout,
};

/// How long a node may take to answer.
const ANSWER: Duration = Duration::from_secs(60);
/// How long a transaction may take to be in a block.
const MINED: Duration = Duration::from_secs(300);

/// A chain behind an RPC, and the account that signs.
#[derive(Debug)]
pub struct RpcChain {
    // alloy is asynchronous, and everything that acts on a chain here does one thing after the
    // other.
    runtime: Runtime,
    provider: DynProvider<Ethereum>,
    chain_id: u64,
    host: String,
    sender: Option<Address>,
}

impl RpcChain {
    /// Connects; without a signer, nothing can be sent.
    pub fn connect(url: &str, signer: Option<&SignerSource>) -> Result<Self, ChainError> {
        let parsed = url.parse().map_err(|_| ChainError::Rpc {
            host: "the URL".into(),
            what: "read it".into(),
            reason: "it is not a URL; e.g. http://127.0.0.1:8545".into(),
        })?;
        let runtime = Builder::new_current_thread()
            .enable_all()
            .build()
            .map_err(|error| ChainError::Rpc {
                host: "this machine".into(),
                what: "start a runtime".into(),
                reason: error.to_string(),
            })?;
        let host = host(url);
        let plain = ProviderBuilder::default().connect_http(parsed);
        let chain_id = runtime.block_on(within(&host, "eth_chainId", plain.get_chain_id()))?;
        let (provider, sender) = match signer {
            None => (plain.erased(), None),
            Some(source) => {
                let (wallet, address) = runtime.block_on(source.wallet(chain_id))?;
                let signing = ProviderBuilder::new()
                    .wallet(wallet)
                    .connect_provider(plain);
                (signing.erased(), Some(address))
            }
        };
        Ok(Self {
            runtime,
            provider,
            chain_id,
            host,
            sender,
        })
    }

    fn request(&self, to: Option<Address>, data: Bytes) -> TransactionRequest {
        let request = TransactionRequest::default().with_input(data);
        let request = match to {
            Some(to) => request.with_to(to),
            None => request.into_create(),
        };
        match self.sender {
            Some(sender) => request.with_from(sender),
            None => request,
        }
    }

    fn error(&self, what: &str, reason: impl ToString) -> ChainError {
        ChainError::Rpc {
            host: self.host.clone(),
            what: what.into(),
            reason: reason.to_string(),
        }
    }
}

impl Chain for RpcChain {
    fn name(&self) -> String {
        format!("chain {} behind {}", self.chain_id, self.host)
    }

    fn chain_id(&self) -> u64 {
        self.chain_id
    }

    fn sender(&self) -> Result<Address, ChainError> {
        self.sender.ok_or(ChainError::NoSigner)
    }

    fn latest(&mut self) -> Result<Block, ChainError> {
        let what = "eth_getBlockByNumber";
        let get = async {
            self.provider
                .get_block_by_number(BlockNumberOrTag::Latest)
                .await
        };
        let block = self.runtime.block_on(within(&self.host, what, get))?;
        let block = block.ok_or_else(|| self.error(what, "there is no block"))?;
        Ok(Block {
            number: block.header.number,
            timestamp: block.header.timestamp,
            hash: block.header.hash,
        })
    }

    fn block_hash(&mut self, number: u64) -> Result<B256, ChainError> {
        let get = async { self.provider.get_block_by_number(number.into()).await };
        let block = self
            .runtime
            .block_on(within(&self.host, "eth_getBlockByNumber", get))?;
        Ok(block.ok_or(ChainError::NoSuchBlock(number))?.header.hash)
    }

    fn receipt(&mut self, transaction: B256) -> Result<Receipt, ChainError> {
        let get = async { self.provider.get_transaction_receipt(transaction).await };
        let what = "eth_getTransactionReceipt";
        let found = self.runtime.block_on(within(&self.host, what, get))?;
        let fail = |detail| ChainError::NoReceipt {
            chain: self.name(),
            transaction,
            detail,
        };
        let receipt = found.ok_or_else(|| fail("it is not in a block, or of another chain"))?;
        if !receipt.status() {
            return Err(fail("it was reverted"));
        }
        Ok(Receipt::from(&receipt))
    }

    fn code(&mut self, account: Address) -> Result<Bytes, ChainError> {
        let get = async { self.provider.get_code_at(account).await };
        self.runtime
            .block_on(within(&self.host, "eth_getCode", get))
    }

    fn call(&mut self, to: Option<Address>, data: Bytes) -> Result<Bytes, ChainError> {
        let request = self.request(to, data);
        let call = async { self.provider.call(request).await };
        self.runtime.block_on(within(&self.host, "eth_call", call))
    }

    fn send(&mut self, to: Option<Address>, data: Bytes) -> Result<Receipt, ChainError> {
        self.sender()?;
        let request = self.request(to, data.clone());
        let send = async { self.provider.send_transaction(request).await };
        let pending = self
            .runtime
            .block_on(within(&self.host, "eth_sendRawTransaction", send))?;
        let hash = *pending.tx_hash();
        tracing::info!(%hash, "sent");
        let mined = pending.with_timeout(Some(MINED)).get_receipt();
        let receipt = self.runtime.block_on(mined).map_err(|error| {
            let hint = "it may still be mined: look it up before you send again";
            self.error(
                &format!("wait for transaction {hash}"),
                format!("{error}; {hint}"),
            )
        })?;
        if !receipt.status() {
            // What it was refused with is not in the receipt: ask again what would happen now.
            return Err(match Chain::call(self, to, data) {
                Err(refused @ ChainError::Refused(_)) => refused,
                _ => self.error(
                    &format!("transaction {hash}"),
                    "it was included and reverted, and would succeed now: the state changed in between",
                ),
            });
        }
        Ok(Receipt::from(&receipt))
    }
}

/// A node's receipt.
impl From<&TransactionReceipt> for Receipt {
    fn from(receipt: &TransactionReceipt) -> Self {
        let logs = receipt.logs().iter().map(|log| Log {
            address: log.address(),
            data: log.data().clone(),
        });
        Self {
            transaction: receipt.transaction_hash,
            block: receipt.block_number.unwrap_or_default(),
            gas: receipt.gas_used,
            created: receipt.contract_address,
            logs: logs.collect(),
        }
    }
}

/// The host and port: the rest of a URL can hold a secret.
pub fn host(url: &str) -> String {
    let rest = url.split_once("://").map_or(url, |(_, rest)| rest);
    let host = rest.split(['/', '?', '#']).next().unwrap_or_default();
    let host = host.rsplit_once('@').map_or(host, |(_, host)| host);
    host.to_owned()
}

/// A node's answer, in time.
async fn within<T>(
    host: &str,
    what: &str,
    answer: impl IntoFuture<Output = Result<T, TransportError>>,
) -> Result<T, ChainError> {
    let error = |reason: String| ChainError::Rpc {
        host: host.to_owned(),
        what: what.to_owned(),
        reason,
    };
    match timeout(ANSWER, answer.into_future()).await {
        Ok(Ok(answer)) => Ok(answer),
        Ok(Err(RpcError::ErrorResp(payload))) => Err(match payload.as_revert_data() {
            Some(data) => ChainError::Refused(Box::new(Revert::new(data))),
            None => error(payload.message.to_string()),
        }),
        // Its text can hold the URL.
        Ok(Err(RpcError::Transport(_))) => Err(error(
            "the node does not answer; check the URL and the network".into(),
        )),
        Ok(Err(other)) => Err(error(other.to_string())),
        Err(_) => Err(error(format!("no answer within {} s", ANSWER.as_secs()))),
    }
}

#[cfg(test)]
mod tests {
    use super::host;

    #[test]
    fn secrets_of_a_url_are_not_shown() {
        assert_eq!(
            host("https://user:key@node.example:8545/v3/secret?k=1"),
            "node.example:8545"
        );
        assert_eq!(host("http://127.0.0.1:8545"), "127.0.0.1:8545");
    }
}
