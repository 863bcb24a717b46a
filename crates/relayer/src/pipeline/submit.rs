//! `proved` → `submitted`: a dry run, a price, a nonce.

use super::wait;
use crate::{
    RelayError,
    config::{PolicyConfig, restored},
    job::Job,
    relay::Relay,
    rpc::Fees,
    store::{Call, Change, State, Submission, Trigger},
};
use std::{sync::Arc, time::Duration};
use verdict_chain::{Block, ChainError, Revert};
use verdict_consumers::{ConsumerError, ConsumerExt, Rule, advice};

/// How long a submission waits for the chain to ask for less.
const DEAR: Duration = Duration::from_secs(5);

/// How long a submission waits that the contract will take later.
const LATER: Duration = Duration::from_secs(10);

/// What a dry run came to.
enum DryRun {
    Ready(Call),
    Refused(Box<Revert>),
    /// The proof is for something that is not asked any more.
    Void(String),
}

impl Relay {
    pub(super) async fn submit(
        &self,
        job: &Arc<Job>,
        trigger: &mut Trigger,
        head: Block,
    ) -> Result<Option<Change>, RelayError> {
        let policy = &job.config.policy;
        let call = match self.dry_run(job, trigger, head).await? {
            DryRun::Ready(call) => call,
            DryRun::Refused(revert) => return Ok(Some(refused(job, trigger, &revert))),
            DryRun::Void(reason) => return Ok(Some(renewed(trigger, policy, reason))),
        };
        let Some(fees) = self.affordable(policy).await? else {
            let reason = "the chain asks for more than policy.max-fee";
            return Ok(Some(Change::to(State::Proved, reason).after(DEAR)));
        };
        let gas = match self.gas(job, &call).await {
            Ok(gas) => gas,
            Err(RelayError::Chain(ChainError::Refused(revert))) => {
                return Ok(Some(refused(job, trigger, &revert)));
            }
            Err(error) => return Err(error),
        };
        if gas > policy.max_gas {
            let reason = format!("it takes {gas} gas, policy.max-gas is {}", policy.max_gas);
            return Ok(Some(Change::to(State::Failed, reason)));
        }
        if policy.dry_run {
            let reason = format!("a dry run: {gas} gas, {} wei a unit", fees.max_fee);
            return Ok(Some(Change::to(State::Superseded, reason)));
        }
        self.send(job, trigger, call, (gas, fees), head).await?;
        Ok(None)
    }

    /// Takes a nonce, keeps the transaction, and hands it to the nodes.
    async fn send(
        &self,
        job: &Arc<Job>,
        trigger: &mut Trigger,
        call: Call,
        (gas, fees): (u64, Fees),
        head: Block,
    ) -> Result<(), RelayError> {
        let wallet = &job.wallet;
        // What is in the chain, on which nodes agree: what they say of transactions that wait would
        // be one node's word, and a nonce that is too large is a transaction that waits for ever.
        let known = self.nodes.nonce_at(wallet.address(), head.number).await?;
        let submission = Submission {
            chain_id: wallet.chain_id(),
            signer: wallet.address(),
            known,
            call: call.clone(),
            gas,
        };
        let sign = |nonce| async move { wallet.sign(nonce, &call, gas, fees).await };
        let (_, attempt) = self.store.submit(trigger, &submission, sign).await?;
        // Whatever happens from here on, the tracker finds it in the database.
        let sent = self.nodes.send(&attempt.raw).await;
        tracing::info!(trigger = %trigger.id, hash = %attempt.hash, ?sent, "handed to the nodes");
        if sent == crate::rpc::Sent::Taken {
            self.store.sent(attempt.hash).await?;
        }
        Ok(())
    }

    async fn dry_run(
        &self,
        job: &Arc<Job>,
        trigger: &Trigger,
        head: Block,
    ) -> Result<DryRun, RelayError> {
        if trigger.work.plain {
            let call = trigger.work.call.clone();
            let call = call.ok_or_else(|| RelayError::Row {
                table: "triggers",
                key: trigger.id.clone(),
                detail: "it has no call".into(),
            })?;
            let sender = job.wallet.address();
            let tried = self
                .nodes
                .call(
                    Some(sender),
                    Some(call.to),
                    call.data.clone(),
                    None,
                    Some(head.number),
                )
                .await;
            return match tried {
                Ok(_) => Ok(DryRun::Ready(call)),
                Err(ChainError::Refused(revert)) => Ok(DryRun::Refused(revert)),
                Err(error) => Err(error.into()),
            };
        }
        let Some(proof) = trigger.work.proof.clone() else {
            return Ok(DryRun::Void("its proof is not there".into()));
        };
        let consumer = job.at(&restored(job.kind, &trigger.work.occasion)?)?;
        let (registry, evidence) = (job.registry, trigger.work.evidence.clone());
        let prepared = self
            .nodes
            .read(Some(head), job.wallet.address(), move |chain| {
                consumer.prepare(chain, registry, evidence, &proof.public_values, proof.proof)
            })
            .await;
        match prepared {
            Ok(call) => Ok(DryRun::Ready(Call {
                to: call.to,
                data: call.data,
            })),
            Err(ConsumerError::Chain(ChainError::Refused(revert))) => Ok(DryRun::Refused(revert)),
            Err(
                error @ (ConsumerError::OtherContext { .. } | ConsumerError::OtherModel { .. }),
            ) => Ok(DryRun::Void(error.to_string())),
            Err(error) => Err(error.into()),
        }
    }

    /// How much gas to give a call, found to be enough by a call with just that.
    async fn gas(&self, job: &Arc<Job>, call: &Call) -> Result<u64, RelayError> {
        let sender = job.wallet.address();
        let estimate = self
            .nodes
            .estimate_gas(sender, call.to, call.data.clone())
            .await?;
        // State moves until it is included.
        let gas = estimate.saturating_add(estimate / 5);
        self.nodes
            .call(
                Some(sender),
                Some(call.to),
                call.data.clone(),
                Some(gas),
                None,
            )
            .await?;
        Ok(gas)
    }

    /// What the chain asks for, unless that is more than the job pays.
    async fn affordable(&self, policy: &PolicyConfig) -> Result<Option<Fees>, RelayError> {
        let asked = self.nodes.fees().await?;
        let most = policy.max_fee.0;
        let tip = policy.priority_fee.map_or(asked.priority_fee, |tip| tip.0);
        // Half of what is estimated is room for the base fee to rise.
        let needed = asked.max_fee / 2 + tip;
        Ok((needed <= most).then(|| Fees {
            max_fee: asked.max_fee.max(needed).min(most),
            priority_fee: tip.min(most),
        }))
    }
}

/// What a refusal comes to.
fn refused(job: &Job, trigger: &Trigger, revert: &Revert) -> Change {
    let reason = match advice(revert) {
        Some(advice) => format!("{revert}: {advice}"),
        None => revert.to_string(),
    };
    let policy = &job.config.policy;
    let out_of_tries = trigger.tries + 1 >= policy.tries;
    match job.kind.feeding.rule(revert) {
        Rule::Superseded => Change::to(State::Superseded, reason),
        Rule::Renew => renewed(trigger, policy, reason),
        // Whatever has no deadline waits as long as it must: the contract says that it may.
        Rule::Retry => Change::to(State::Proved, reason).after(LATER),
        Rule::Alarm if out_of_tries => Change::to(State::Failed, reason),
        // Once more from the start: a state that changed under way is no reason to wake somebody.
        Rule::Alarm => Change::to(State::Proved, reason).again_in(wait(trigger.tries)),
    }
}

/// A proof that is void: another one is made, unless that has happened too often.
fn renewed(trigger: &Trigger, policy: &PolicyConfig, reason: String) -> Change {
    match trigger.work.plain || trigger.tries + 1 >= policy.tries {
        true => Change::to(State::Failed, reason),
        false => Change::to(State::Observed, reason).again_in(wait(trigger.tries)),
    }
}
