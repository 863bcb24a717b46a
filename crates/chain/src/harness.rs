//! The contracts in an embedded EVM, called as real transactions.

use crate::{
    Artifact, ChainError, Clock, EmbeddedChain, Fork,
    bindings::{IInferenceVerifier, IVerifyingKeys},
    embedded::revert_of,
};
use alloy_primitives::{Address, B256, Bytes, TxKind, U256};
use alloy_sol_types::SolCall;
use revm::context::result::{ExecutionResult, Output};
use serde::Serialize;
use verdict_wire::verify_calldata;

/// Gas of a transaction, by part.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub struct Gas {
    /// The flat price of a transaction (and of a contract creation).
    pub intrinsic: u64,
    /// 16 for a non-zero byte of calldata, 4 for a zero byte.
    pub calldata: u64,
    /// Everything else.
    pub execution: u64,
    /// What the receipt says.
    pub total: u64,
}

/// Whether a contract accepted.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// The proof was accepted.
    Accepted,
    /// The contract reverted with the named error.
    Rejected(String),
}

/// An EVM with the verifier and the publisher deployed.
#[derive(Debug)]
pub struct Harness {
    chain: EmbeddedChain,
    /// Address of `InferenceVerifier`.
    pub verifier: Address,
    /// Address of `VerifyingKeys`.
    pub keys: Address,
    /// Gas of deploying `InferenceVerifier`.
    pub deploy_gas: Gas,
}

impl Harness {
    /// Deploys both contracts under a set-up.
    pub fn new(tau_g2: [U256; 4]) -> Result<Self, ChainError> {
        Self::under(tau_g2, Fork::default())
    }

    /// The same by the rules of a fork. Of calls, [`Gas`] then has the right sum; its parts are those of
    /// today's rules.
    pub fn under(tau_g2: [U256; 4], fork: Fork) -> Result<Self, ChainError> {
        let mut harness = Self {
            chain: EmbeddedChain::new(1, 0, Clock::Steps(12)).under(fork),
            verifier: Address::ZERO,
            keys: Address::ZERO,
            deploy_gas: Gas::of(&[], true, 0),
        };
        (harness.verifier, harness.deploy_gas) = harness.deploy(
            "InferenceVerifier",
            Artifact::inference_verifier()?.with_setup(tau_g2),
        )?;
        harness.keys = harness
            .deploy("VerifyingKeys", Artifact::verifying_keys()?.bytecode)?
            .0;
        Ok(harness)
    }

    /// Deploys creation code.
    pub fn deploy(
        &mut self,
        what: &'static str,
        code: Bytes,
    ) -> Result<(Address, Gas), ChainError> {
        match self.transact(what, TxKind::Create, code.clone())? {
            (
                ExecutionResult::Success {
                    output: Output::Create(_, Some(address)),
                    ..
                },
                used,
            ) => Ok((address, Gas::of(&code, true, used))),
            (other, _) => Err(ChainError::Reverted {
                what,
                reason: reason(&other),
            }),
        }
    }

    /// Publishes a verifying key and returns its address.
    pub fn publish(&mut self, key: &[u8]) -> Result<(Address, Gas), ChainError> {
        let what = "VerifyingKeys.publish";
        let data: Bytes = IVerifyingKeys::publishCall {
            key: key.to_vec().into(),
        }
        .abi_encode()
        .into();
        match self.transact(what, TxKind::Call(self.keys), data.clone())? {
            (ExecutionResult::Success { output, .. }, used) => {
                let address = IVerifyingKeys::publishCall::abi_decode_returns(output.data())
                    .map_err(|error| ChainError::Evm {
                        what,
                        reason: error.to_string(),
                    })?;
                Ok((address, Gas::of(&data, false, used)))
            }
            (other, _) => Err(ChainError::Reverted {
                what,
                reason: reason(&other),
            }),
        }
    }

    /// Sends a verification as a transaction.
    pub fn verify(
        &mut self,
        key: Address,
        values: &[B256],
        proof: &[u8],
    ) -> Result<(Verdict, Gas), ChainError> {
        self.call(self.verifier, verify_calldata(key, values, proof))
    }

    /// Sends any calldata to any contract.
    pub fn call(&mut self, to: Address, data: Bytes) -> Result<(Verdict, Gas), ChainError> {
        let (result, used) = self.transact("call", TxKind::Call(to), data.clone())?;
        let verdict = match &result {
            ExecutionResult::Success { .. } => Verdict::Accepted,
            other => Verdict::Rejected(reason(other)),
        };
        Ok((verdict, Gas::of(&data, false, used)))
    }

    /// Whether the verifier says that its set-up is the insecure development one.
    pub fn is_development_setup(&mut self) -> Result<bool, ChainError> {
        let what = "InferenceVerifier.isDevelopmentSetup";
        let data = IInferenceVerifier::isDevelopmentSetupCall {}
            .abi_encode()
            .into();
        match self.transact(what, TxKind::Call(self.verifier), data)? {
            (ExecutionResult::Success { output, .. }, _) => {
                IInferenceVerifier::isDevelopmentSetupCall::abi_decode_returns(output.data())
                    .map_err(|error| ChainError::Evm {
                        what,
                        reason: error.to_string(),
                    })
            }
            (other, _) => Err(ChainError::Reverted {
                what,
                reason: reason(&other),
            }),
        }
    }

    fn transact(
        &mut self,
        what: &'static str,
        kind: TxKind,
        data: Bytes,
    ) -> Result<(ExecutionResult, u64), ChainError> {
        let result = self.chain.run(what, kind, data)?;
        let used = result.tx_gas_used();
        Ok((result, used))
    }
}

impl Gas {
    pub(crate) fn of(data: &[u8], creates: bool, total: u64) -> Self {
        let intrinsic = 21_000 + if creates { 32_000 } else { 0 };
        let calldata = calldata_gas(data);
        Self {
            intrinsic,
            calldata,
            execution: total.saturating_sub(intrinsic + calldata),
            total,
        }
    }
}

/// 16 for a non-zero byte, 4 for a zero byte.
pub fn calldata_gas(data: &[u8]) -> u64 {
    data.iter()
        .map(|byte| if *byte == 0 { 4 } else { 16 })
        .sum()
}

fn reason(result: &ExecutionResult) -> String {
    revert_of(result.clone()).to_string()
}
