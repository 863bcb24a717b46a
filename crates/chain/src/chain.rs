//! One way to talk to chains: the embedded EVM and any node behind an RPC.

use crate::ChainError;
use alloy_primitives::{Address, B256, Bytes, Log};
use alloy_sol_types::{SolCall, SolEvent};

/// Where contracts that must have the same address on every chain are deployed from: the
/// deterministic deployment proxy.
pub const CREATE2_DEPLOYER: Address =
    alloy_primitives::address!("4e59b44847b379578588920ca78fbf26c0b4956c");

/// A block.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Block {
    /// Its number.
    pub number: u64,
    /// Its time, in seconds.
    pub timestamp: u64,
    /// Its hash.
    pub hash: B256,
}

/// What became of a transaction that succeeded.
#[derive(Clone, Debug)]
pub struct Receipt {
    /// The transaction's hash; in the embedded EVM its block's.
    pub transaction: B256,
    /// The block it is in.
    pub block: u64,
    /// Gas used, all included.
    pub gas: u64,
    /// The contract it created.
    pub created: Option<Address>,
    /// What it emitted.
    pub logs: Vec<Log>,
}

impl Receipt {
    /// The first event of a kind that `emitter` emitted.
    pub fn event<E: SolEvent>(&self, emitter: Address) -> Option<E> {
        self.logs
            .iter()
            .filter(|log| log.address == emitter)
            .find_map(|log| E::decode_log_data(&log.data).ok())
    }
}

/// A chain, and one account that acts on it.
pub trait Chain {
    /// As reports name it.
    fn name(&self) -> String;

    /// The chain's id.
    fn chain_id(&self) -> u64;

    /// Who sends transactions.
    fn sender(&self) -> Result<Address, ChainError>;

    /// The newest block.
    fn latest(&mut self) -> Result<Block, ChainError>;

    /// The hash of a recent block.
    fn block_hash(&mut self, number: u64) -> Result<B256, ChainError>;

    /// What became of a transaction that was sent before.
    fn receipt(&mut self, transaction: B256) -> Result<Receipt, ChainError>;

    /// The code of an account; empty if it has none.
    fn code(&mut self, account: Address) -> Result<Bytes, ChainError>;

    /// Calls without a trace. `None` as the target creates a contract.
    fn call(&mut self, to: Option<Address>, data: Bytes) -> Result<Bytes, ChainError>;

    /// Sends a transaction and waits until it is in a block.
    fn send(&mut self, to: Option<Address>, data: Bytes) -> Result<Receipt, ChainError>;
}

/// Typed calls on any chain.
pub trait ChainExt: Chain {
    /// Reads what a function returns.
    fn read<C: SolCall>(&mut self, to: Address, call: &C) -> Result<C::Return, ChainError> {
        let answer = Chain::call(self, Some(to), call.abi_encode().into())?;
        decode::<C>(to, &answer)
    }

    /// Sends a call after a dry run, and returns what the dry run returned.
    fn transact<C: SolCall>(
        &mut self,
        to: Address,
        call: &C,
    ) -> Result<(C::Return, Receipt), ChainError> {
        let data: Bytes = call.abi_encode().into();
        let answer = Chain::call(self, Some(to), data.clone())?;
        let returned = decode::<C>(to, &answer)?;
        tracing::debug!(%to, function = C::SIGNATURE, "sending");
        Ok((returned, self.send(Some(to), data)?))
    }

    /// Deploys creation code, arguments included, after a dry run.
    fn create(
        &mut self,
        what: &'static str,
        code: Bytes,
    ) -> Result<(Address, Receipt), ChainError> {
        Chain::call(self, None, code.clone())?;
        let receipt = self.send(None, code)?;
        let address = receipt.created.ok_or_else(|| ChainError::Evm {
            what,
            reason: "the transaction created no contract".into(),
        })?;
        tracing::info!(what, %address, gas = receipt.gas, "deployed");
        Ok((address, receipt))
    }

    /// Deploys by CREATE2, with the address depending on nothing but salt and code, unless it is
    /// there already.
    fn create2(
        &mut self,
        what: &'static str,
        salt: B256,
        code: &Bytes,
    ) -> Result<(Address, Option<Receipt>), ChainError> {
        let address = CREATE2_DEPLOYER.create2_from_code(salt, code);
        if !self.code(address)?.is_empty() {
            return Ok((address, None));
        }
        if self.code(CREATE2_DEPLOYER)?.is_empty() {
            return Err(ChainError::NoDeterministicDeployer(self.name()));
        }
        // A failing constructor says nothing through the proxy.
        Chain::call(self, None, code.clone())?;
        let data = [salt.as_slice(), code].concat();
        let receipt = self.send(Some(CREATE2_DEPLOYER), data.into())?;
        if self.code(address)?.is_empty() {
            return Err(ChainError::Evm {
                what,
                reason: "the deterministic deployment proxy made no contract".into(),
            });
        }
        tracing::info!(what, %address, gas = receipt.gas, "deployed");
        Ok((address, Some(receipt)))
    }
}

impl<T: Chain + ?Sized> ChainExt for T {}

/// What a function returned. An account without code answers with nothing.
fn decode<C: SolCall>(to: Address, answer: &[u8]) -> Result<C::Return, ChainError> {
    C::abi_decode_returns(answer).map_err(|error| ChainError::Answer {
        contract: to,
        function: C::SIGNATURE.into(),
        detail: if answer.is_empty() {
            "nothing came back; is there such a contract on this chain?".into()
        } else {
            error.to_string()
        },
    })
}
