//! What a data signer checks before it signs.

use super::Signerd;
use crate::{
    RelayError,
    config::of_occasions,
    evidence::{SignAnswer, SignRequest, sequence},
    job::Job,
    pipeline::own_items,
};
use alloy_primitives::U256;
use std::sync::{Arc, PoisonError};
use verdict_chain::Block;
use verdict_consumers::{
    Consumer, ConsumerExt, Moment, SignerSet, Statement,
    parameter::{Arguments, ParameterKind},
};
use verdict_model::Row;

/// How many blocks old the block may be that inputs are said to be of.
const OLDEST_BLOCK: u64 = 16;

/// Why a request is not signed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Refusal {
    /// It is not what this signer signs, or not what it sees.
    Differs(String),
    /// Too many requests.
    Busy,
    /// This signer cannot look at the moment.
    Blind(String),
}

impl From<RelayError> for Refusal {
    fn from(error: RelayError) -> Self {
        Self::Blind(error.to_string())
    }
}

impl Signerd {
    /// Signs what a request asks, if it is what this signer sees.
    pub(super) async fn answer(
        self: &Arc<Self>,
        request: SignRequest,
    ) -> Result<SignAnswer, Refusal> {
        if request.chain_id != self.nodes.chain_id() {
            return differs(format!(
                "chain {}, this signs for chain {}",
                request.chain_id,
                self.nodes.chain_id()
            ));
        }
        let Some(job) = self.job(&request.consumer, request.contract).cloned() else {
            return differs(format!(
                "this signer has no job for {} {}",
                request.consumer, request.contract
            ));
        };
        if !self.allow(&job.name) {
            return Err(Refusal::Busy);
        }
        let head = self.nodes.head().await.map_err(RelayError::from)?;
        self.check_time(&request, head)?;
        let arguments = occasion(&job, &request)?;
        let consumer = job.at(&arguments)?;
        check_block(&request, consumer.as_ref(), head)?;
        let own = own_items(&self.loaded, &job, head).await?;
        self.check_values(&job, &request.integers, &own)?;
        self.sign(&job, consumer, request, head).await
    }

    /// The time is now, as far as the chain's clock and this signer's patience go.
    fn check_time(&self, request: &SignRequest, head: Block) -> Result<(), Refusal> {
        let apart = request.timestamp.abs_diff(head.timestamp);
        if apart > self.config.max_skew.0.as_secs() {
            return differs(format!(
                "time {} is {apart} s from the newest block's",
                request.timestamp
            ));
        }
        if request.sequence != request.timestamp {
            return differs(format!(
                "sequence {}, expected the time {}",
                request.sequence, request.timestamp
            ));
        }
        Ok(())
    }

    /// Every value is what this signer reads itself, within its tolerance and a step of the model's
    /// quantisation.
    fn check_values(
        &self,
        job: &Job,
        asked: &[Row<i32>],
        own: &[(Row<i32>, Vec<f64>)],
    ) -> Result<(), Refusal> {
        if asked.len() != own.len() {
            return differs(format!("{} items, expected {}", asked.len(), own.len()));
        }
        for (number, (asked, (integers, values))) in asked.iter().zip(own).enumerate() {
            let lengths = |row: &Row<i32>| row.iter().map(Vec::len).collect::<Vec<_>>();
            if lengths(asked) != lengths(integers) {
                return differs(format!("item {number} has another number of values"));
            }
            let reals = job.model.model().dequantise_input(asked).concat();
            // What the own integers stand for: how far quantisation alone takes a value.
            let rounded = job.model.model().dequantise_input(integers).concat();
            let (asked, own) = (asked.concat(), integers.concat());
            for (place, (asked, own)) in asked.iter().zip(&own).enumerate() {
                if asked == own {
                    continue;
                }
                let at = |list: &[f64]| list.get(place).copied().unwrap_or(f64::NAN);
                let (real, value) = (at(&reals), at(values));
                let step = (at(&rounded) - value).abs();
                let most = self.config.tolerance
                    + value.abs() * self.config.tolerance_bps / 10_000.0
                    + step;
                // Written so that NaN is refused.
                let near = (real - value).abs() <= most;
                if !near {
                    return differs(format!(
                        "value {place} of item {number} is {real}, this signer reads {value}"
                    ));
                }
            }
        }
        Ok(())
    }

    async fn sign(
        self: &Arc<Self>,
        job: &Arc<Job>,
        consumer: Box<dyn Consumer>,
        request: SignRequest,
        head: Block,
    ) -> Result<SignAnswer, Refusal> {
        let inputs = job.model.words(&request.integers)?;
        let asked = self.nodes.read(Some(head), self.address, move |chain| {
            let question = consumer.question(chain)?;
            let set = SignerSet::of(chain, question.source)?;
            Ok::<_, RelayError>((question, set))
        });
        let (question, set) = asked.await?;
        let (model_id, version) = job.model.registered();
        if (question.model_id, question.version) != (model_id, version) {
            return differs(format!(
                "the contract acts on version {} of model {} now, this signer knows version {version} of {model_id}",
                question.version, question.model_id
            ));
        }
        let moment = Moment {
            timestamp: U256::from(request.timestamp),
            block: U256::from(request.block),
            sequence: sequence(request.sequence),
        };
        let statement = Statement::new(request.chain_id, question, set, moment, &inputs);
        let signer = self.clone();
        let signed = tokio::task::spawn_blocking(move || {
            let key = signer.key.lock().unwrap_or_else(PoisonError::into_inner);
            statement.sign(&key, signer.address)
        });
        let signed = signed
            .await
            .map_err(|error| RelayError::machine("sign", error))?
            .map_err(RelayError::from)?;
        tracing::info!(job = %job.name, timestamp = request.timestamp, "signed");
        Ok(SignAnswer {
            signer: signed.signer,
            signature: signed.signature,
        })
    }
}

fn differs<T>(why: String) -> Result<T, Refusal> {
    Err(Refusal::Differs(why))
}

/// The block is recent, if there must be one, and there is none otherwise.
fn check_block(request: &SignRequest, consumer: &dyn Consumer, head: Block) -> Result<(), Refusal> {
    let recent = head.number.saturating_sub(OLDEST_BLOCK)..=head.number;
    match consumer.wants_block() {
        true if recent.contains(&request.block) => Ok(()),
        false if request.block == 0 => Ok(()),
        true => differs(format!(
            "block {}, expected one of {} to {}",
            request.block,
            recent.start(),
            recent.end()
        )),
        false => differs(format!("block {}, expected none", request.block)),
    }
}

/// The occasion: what this signer's own file fixes of it, and of the request no more than numbers
/// and hashes. A request names no file and no contract of this machine.
fn occasion(job: &Job, request: &SignRequest) -> Result<Arguments, Refusal> {
    let mut arguments = job.fixed.clone();
    for (name, word) in &request.occasion {
        let parameter = of_occasions(job.kind).find(|parameter| parameter.name == name);
        let Some(parameter) = parameter else {
            return differs(format!("{} has no parameter `{name}`", job.kind.name));
        };
        let fixed = job.fixed.iter().any(|(known, _)| known == name);
        let plain = matches!(
            parameter.kind,
            ParameterKind::Number(_) | ParameterKind::Block | ParameterKind::Hash
        );
        if !fixed && plain {
            let value = parameter
                .read(word, 0)
                .map_err(|error| Refusal::Differs(error.to_string()))?;
            arguments = arguments.with(parameter.name, value);
        }
    }
    Ok(arguments)
}
