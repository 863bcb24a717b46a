//! The nodes as one chain that consumers read from, without a signer.

use super::Nodes;
use alloy_primitives::{Address, B256, Bytes};
use std::sync::Arc;
use tokio::runtime::Handle;
use verdict_chain::{Block, Chain, ChainError, Receipt};

/// What the nodes say as of one block, so that everything that is read together belongs together.
#[derive(Debug)]
pub struct NodesChain {
    nodes: Arc<Nodes>,
    handle: Handle,
    at: Block,
    sender: Address,
}

impl NodesChain {
    pub(super) const fn new(nodes: Arc<Nodes>, handle: Handle, at: Block, sender: Address) -> Self {
        Self {
            nodes,
            handle,
            at,
            sender,
        }
    }
}

impl Nodes {
    /// Reads as consumers do, as of the head, or of a block that was the head before. `read` runs
    /// where it may block.
    pub async fn read<T, E>(
        self: &Arc<Self>,
        at: Option<Block>,
        sender: Address,
        read: impl FnOnce(&mut dyn Chain) -> Result<T, E> + Send + 'static,
    ) -> Result<T, E>
    where
        T: Send + 'static,
        E: From<ChainError> + Send + 'static,
    {
        let at = match at {
            Some(block) => block,
            None => self.head().await?,
        };
        let mut chain = NodesChain::new(self.clone(), Handle::current(), at, sender);
        let done = tokio::task::spawn_blocking(move || read(&mut chain)).await;
        done.unwrap_or_else(|error| {
            Err(ChainError::Rpc {
                host: "this machine".into(),
                what: "read from the chain".into(),
                reason: error.to_string(),
            }
            .into())
        })
    }
}

impl Chain for NodesChain {
    fn name(&self) -> String {
        format!("chain {}", self.nodes.chain_id())
    }

    fn chain_id(&self) -> u64 {
        self.nodes.chain_id()
    }

    fn sender(&self) -> Result<Address, ChainError> {
        Ok(self.sender)
    }

    fn latest(&mut self) -> Result<Block, ChainError> {
        Ok(self.at)
    }

    fn block_hash(&mut self, number: u64) -> Result<B256, ChainError> {
        if number == self.at.number {
            return Ok(self.at.hash);
        }
        Ok(self.handle.block_on(self.nodes.block(number))?.hash)
    }

    fn receipt(&mut self, transaction: B256) -> Result<Receipt, ChainError> {
        let fail = |detail| ChainError::NoReceipt {
            chain: format!("chain {}", self.nodes.chain_id()),
            transaction,
            detail,
        };
        let receipt = self.handle.block_on(self.nodes.receipt(transaction))?;
        let receipt = receipt.ok_or_else(|| fail("it is not in a block, or of another chain"))?;
        if !receipt.status() {
            return Err(fail("it was reverted"));
        }
        Ok(Receipt::from(&receipt))
    }

    fn code(&mut self, account: Address) -> Result<Bytes, ChainError> {
        self.handle.block_on(self.nodes.code(account))
    }

    fn call(&mut self, to: Option<Address>, data: Bytes) -> Result<Bytes, ChainError> {
        let (from, at) = (Some(self.sender), Some(self.at.number));
        self.handle
            .block_on(self.nodes.call(from, to, data, None, at))
    }

    fn send(&mut self, _: Option<Address>, _: Bytes) -> Result<Receipt, ChainError> {
        // Transactions go through the queue, where they cannot be lost or doubled.
        Err(ChainError::NoSigner)
    }
}
