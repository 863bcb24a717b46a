//! What a consumer asks its feature source.

use crate::{ConsumerError, Target, context::airdrop_payload};
use alloy_primitives::{Address, B256, U256};
use verdict_chain::{
    Chain, ChainExt,
    bindings::{airdrop, guard, oracle, risk_source},
};

/// Whose inputs, of which model version, about what: all that evidence is bound to besides the data.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Question {
    /// The feature source.
    pub source: Address,
    /// Who asks.
    pub consumer: Address,
    /// The model in the registry.
    pub model_id: U256,
    /// Its version.
    pub version: u32,
    /// What the inputs are about.
    pub subject: B256,
}

impl Target {
    /// What this consumer will ask its source.
    pub fn question(&self, chain: &mut dyn Chain) -> Result<Question, ConsumerError> {
        let consumer = self.consumer();
        let (source, subject) = match *self {
            Self::Oracle { oracle, .. } => (
                chain.read(oracle, &oracle::InferenceOracle::sourceCall {})?,
                chain
                    .read(oracle, &oracle::InferenceOracle::configCall {})?
                    .subject,
            ),
            Self::Risk { source, .. } => (
                chain.read(source, &risk_source::ModelRiskSource::featureSourceCall {})?,
                chain
                    .read(source, &risk_source::ModelRiskSource::marketCall {})?
                    .into_word(),
            ),
            Self::Guard { guard, anchor } => {
                let subject = guard::FraudPauseGuard::subjectOfCall {
                    anchorBlock: U256::from(anchor),
                };
                (
                    chain.read(guard, &guard::FraudPauseGuard::featureSourceCall {})?,
                    chain.read(guard, &subject)?,
                )
            }
            Self::Airdrop {
                airdrop,
                number,
                root,
                count,
                ..
            } => (
                chain.read(airdrop, &airdrop::ScoredAirdrop::sourceCall {})?,
                airdrop_payload(U256::from(number), root, count),
            ),
        };
        let (model_id, version) = self.model(chain)?;
        Ok(Question {
            source,
            consumer,
            model_id,
            version,
            subject,
        })
    }
}
