//! An account that sends.

use crate::{
    RelayError,
    rpc::Fees,
    store::{Attempt, Call, now},
};
use alloy_eips::eip2718::Encodable2718;
use alloy_network::{EthereumWallet, NetworkTransactionBuilder, TransactionBuilder};
use alloy_primitives::{Address, Bytes, U256};
use alloy_rpc_types_eth::TransactionRequest;
use verdict_chain::{ChainError, SignerSource};

/// What using a nonce up takes.
pub(crate) const CANCEL_GAS: u64 = 21_000;

/// An account that sends.
#[derive(Clone, Debug)]
pub struct Wallet {
    wallet: EthereumWallet,
    address: Address,
    chain_id: u64,
}

impl Wallet {
    /// Opens a signer.
    pub async fn open(source: &SignerSource, chain_id: u64) -> Result<Self, RelayError> {
        let (wallet, address) = source.wallet(chain_id).await?;
        Ok(Self {
            wallet,
            address,
            chain_id,
        })
    }

    /// Its address.
    pub const fn address(&self) -> Address {
        self.address
    }

    /// The chain that it signs for.
    pub const fn chain_id(&self) -> u64 {
        self.chain_id
    }

    /// Signs a call.
    pub async fn sign(
        &self,
        nonce: u64,
        call: &Call,
        gas: u64,
        fees: Fees,
    ) -> Result<Attempt, RelayError> {
        self.signed(nonce, call.to, call.data.clone(), gas, fees, false)
            .await
    }

    /// Signs what does nothing but use a nonce up.
    pub async fn cancel(&self, nonce: u64, fees: Fees) -> Result<Attempt, RelayError> {
        let to = self.address;
        self.signed(nonce, to, Bytes::new(), CANCEL_GAS, fees, true)
            .await
    }

    async fn signed(
        &self,
        nonce: u64,
        to: Address,
        data: Bytes,
        gas: u64,
        fees: Fees,
        cancels: bool,
    ) -> Result<Attempt, RelayError> {
        let request = TransactionRequest::default()
            .with_from(self.address)
            .with_to(to)
            .with_value(U256::ZERO)
            .with_input(data)
            .with_nonce(nonce)
            .with_gas_limit(gas)
            .with_max_fee_per_gas(fees.max_fee)
            .with_max_priority_fee_per_gas(fees.priority_fee.min(fees.max_fee))
            .with_chain_id(self.chain_id);
        let envelope = request
            .build(&self.wallet)
            .await
            .map_err(|error| ChainError::Signer(error.to_string()))?;
        Ok(Attempt {
            hash: *envelope.tx_hash(),
            raw: envelope.encoded_2718().into(),
            max_fee: fees.max_fee,
            priority_fee: fees.priority_fee.min(fees.max_fee),
            cancels,
            created_at: now(),
            sent_at: 0,
        })
    }
}
