//! Hands a proof to a consumer, whatever it is.

use crate::{
    ConsumerError,
    context::{Audience, airdrop_payload, oracle_payload, risk_payload},
};
use alloy_primitives::{Address, B256, Bytes, U256};
use alloy_sol_types::SolCall;
use verdict_chain::{
    Chain, ChainError, ChainExt, Receipt,
    bindings::{airdrop, guard, oracle, registry::IModelRegistry, risk, risk_source},
};

/// Whom a proof is for, and for what occasion.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Target {
    /// The oracle's next round.
    Oracle {
        /// The oracle.
        oracle: Address,
        /// Whether to confirm the move that waits.
        confirm: bool,
    },
    /// A proposal to a risk updater.
    Risk {
        /// The updater.
        updater: Address,
        /// The model's source, which the proof is for.
        source: Address,
        /// Until when the proof is good.
        deadline: u64,
    },
    /// A guard's pause.
    Guard {
        /// The guard.
        guard: Address,
        /// The block that evidence and proof are bound to.
        anchor: u64,
    },
    /// A batch of an airdrop.
    Airdrop {
        /// The campaign.
        airdrop: Address,
        /// The batch's number.
        number: u64,
        /// The root of its entries.
        root: B256,
        /// Its entries.
        count: u32,
        /// Which of the campaign's models.
        place: u64,
    },
}

/// What was submitted.
#[derive(Clone, Debug)]
pub struct Submitted {
    /// What the function returned in the dry run.
    pub returned: U256,
    /// What became of it.
    pub receipt: Receipt,
}

impl Target {
    /// The contract that the proof's context names.
    pub const fn consumer(&self) -> Address {
        match self {
            Self::Oracle { oracle, .. } => *oracle,
            Self::Risk { source, .. } => *source,
            Self::Guard { guard, .. } => *guard,
            Self::Airdrop { airdrop, .. } => *airdrop,
        }
    }

    /// The contract that the transaction goes to.
    pub const fn contract(&self) -> Address {
        match self {
            Self::Risk { updater, .. } => *updater,
            _ => self.consumer(),
        }
    }

    /// The model version that the consumer acts on: its id and number.
    pub fn model(&self, chain: &mut dyn Chain) -> Result<(U256, u32), ConsumerError> {
        let pin: B256 = match *self {
            Self::Oracle { oracle, .. } => {
                chain.read(oracle, &oracle::InferenceOracle::pinCall {})?
            }
            Self::Risk { source, .. } => {
                chain.read(source, &risk_source::ModelRiskSource::pinCall {})?
            }
            Self::Guard { guard, .. } => chain.read(guard, &guard::FraudPauseGuard::pinCall {})?,
            Self::Airdrop { airdrop, place, .. } => {
                let models = chain.read(airdrop, &airdrop::ScoredAirdrop::modelsCall {})?;
                let model = usize::try_from(place)
                    .ok()
                    .and_then(|place| models.get(place).copied());
                model.ok_or_else(|| ChainError::Answer {
                    contract: airdrop,
                    function: "models()".into(),
                    detail: format!("the campaign has no model number {place}"),
                })?
            }
        };
        // key ‖ selector ‖ modelId ‖ version
        let [.., a, b, c, d, e, f, g, h] = pin.0;
        let id = U256::from(u32::from_be_bytes([a, b, c, d]));
        Ok((id, u32::from_be_bytes([e, f, g, h])))
    }

    /// The context that the consumer will compute now.
    pub fn context(&self, chain: &mut dyn Chain) -> Result<B256, ConsumerError> {
        let payload = match *self {
            Self::Oracle { oracle, confirm } => {
                let call = oracle::InferenceOracle::nextContextCall {
                    confirming: confirm,
                };
                let next = chain.read(oracle, &call)?;
                oracle_payload(next.round, next.parkedAt)
            }
            Self::Risk {
                source, deadline, ..
            } => {
                let market = chain.read(source, &risk_source::ModelRiskSource::marketCall {})?;
                risk_payload(market, U256::from(deadline))
            }
            Self::Guard { guard, anchor } => {
                let call = guard::FraudPauseGuard::payloadOfCall {
                    anchorBlock: U256::from(anchor),
                };
                chain.read(guard, &call)?
            }
            Self::Airdrop {
                number,
                root,
                count,
                ..
            } => airdrop_payload(U256::from(number), root, count),
        };
        let (model_id, version) = self.model(chain)?;
        let audience = Audience {
            chain_id: chain.chain_id(),
            consumer: self.consumer(),
            model_id,
            version,
        };
        Ok(audience.context(payload))
    }

    fn calldata(&self, evidence: Bytes, outputs: Vec<U256>, proof: Bytes) -> Bytes {
        match *self {
            Self::Oracle { confirm: false, .. } => oracle::InferenceOracle::submitCall {
                evidence,
                outputs,
                proof,
            }
            .abi_encode(),
            Self::Oracle { .. } => oracle::InferenceOracle::confirmCall {
                evidence,
                outputs,
                proof,
            }
            .abi_encode(),
            Self::Risk {
                source, deadline, ..
            } => risk::RiskParameterUpdater::proposeCall {
                source,
                deadline: U256::from(deadline),
                evidence,
                outputs,
                proof,
            }
            .abi_encode(),
            Self::Guard { anchor, .. } => guard::FraudPauseGuard::triggerCall {
                evidence,
                anchorBlock: U256::from(anchor),
                outputs,
                proof,
            }
            .abi_encode(),
            Self::Airdrop {
                number,
                root,
                count,
                place,
                ..
            } => airdrop::ScoredAirdrop::acceptBatchCall {
                batch: airdrop::IScoredAirdrop::Batch {
                    number: U256::from(number),
                    model: U256::from(place),
                    entriesRoot: root,
                    count,
                },
                evidence,
                outputs,
                proof,
            }
            .abi_encode(),
        }
        .into()
    }

    /// Submits, after a dry run: what it would be refused with costs nothing to learn.
    pub fn submit(
        &self,
        chain: &mut dyn Chain,
        registry: Address,
        evidence: Bytes,
        public_values: &[B256],
        proof: Bytes,
    ) -> Result<Submitted, ConsumerError> {
        let (id, version) = self.model(chain)?;
        let call = IModelRegistry::layoutOfCall {
            modelId: id,
            version,
        };
        let layout = chain.read(registry, &call)?;
        let (inputs, outputs) = (
            usize::from(layout.inputWords),
            usize::from(layout.outputWords),
        );
        let expected = 1 + inputs + outputs + usize::from(layout.commitments);
        if public_values.len() != expected {
            return Err(ConsumerError::OtherModel {
                found: public_values.len(),
                expected,
            });
        }
        let words = public_values.iter().skip(1 + inputs).take(outputs);
        let words = words.map(|word| U256::from_be_bytes(word.0)).collect();
        let data = self.calldata(evidence, words, proof);
        let to = self.contract();
        let returned = match Chain::call(chain, Some(to), data.clone()) {
            Ok(returned) => returned,
            Err(ChainError::Refused(revert)) if revert.is("ProofRejected") => {
                let found = public_values.first().copied().unwrap_or_default();
                let expected = self.context(chain)?;
                return Err(if found == expected {
                    ChainError::Refused(revert).into()
                } else {
                    ConsumerError::OtherContext { found, expected }
                });
            }
            Err(error) => return Err(error.into()),
        };
        let receipt = chain.send(Some(to), data)?;
        Ok(Submitted {
            returned: U256::try_from_be_slice(&returned).unwrap_or_default(),
            receipt,
        })
    }
}
