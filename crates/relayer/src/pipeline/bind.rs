//! `inferred` → `queued`: what the proof is for, and who vouches for its inputs.

use crate::{
    RelayError,
    config::{public_words, restored, words},
    evidence::{SignRequest, sequence},
    job::Job,
    relay::Relay,
    store::{Change, State, Trigger},
};
use alloy_primitives::U256;
use std::{sync::Arc, time::Duration};
use verdict_chain::Block;
use verdict_consumers::{
    Consumer, ConsumerExt, Foreseen, Moment, Occasion, Question, SignerSet, Statement,
};

impl Relay {
    pub(super) async fn bind(
        &self,
        job: &Arc<Job>,
        trigger: &mut Trigger,
        head: Block,
    ) -> Result<Option<Change>, RelayError> {
        match self.find_occasion(job, trigger, head).await? {
            Occasion::Now(arguments) => trigger.work.occasion = words(&arguments),
            Occasion::Later { time, why } => {
                let wait = Duration::from_secs(time.saturating_sub(head.timestamp).max(1));
                return Ok(Some(Change::to(State::Observed, why).after(wait)));
            }
            Occasion::Useless(why) => return Ok(Some(Change::to(State::Superseded, why))),
        }
        let arguments = restored(job.kind, &trigger.work.occasion)?;
        if job.is_signed() {
            trigger.work.evidence = self
                .evidence(job, job.at(&arguments)?, trigger, head)
                .await?;
        }
        let consumer = job.at(&arguments)?;
        let evidence = trigger.work.evidence.clone();
        trigger.work.context = self
            .nodes
            .read(Some(head), job.wallet.address(), move |chain| {
                let payload = match evidence.is_empty() {
                    true => consumer.payload(chain)?,
                    false => consumer.payload_of(chain, &evidence)?,
                };
                consumer
                    .context_with(chain, payload)
                    .map_err(RelayError::from)
            })
            .await?;
        let reason = match job.is_signed() {
            true => "signed by a quorum; waits for a prover",
            false => "waits for a prover",
        };
        Ok(Some(Change::to(State::Queued, reason)))
    }

    async fn find_occasion(
        &self,
        job: &Arc<Job>,
        trigger: &Trigger,
        head: Block,
    ) -> Result<Occasion, RelayError> {
        let (asking, work) = (job.clone(), trigger.work.clone());
        self.nodes
            .read(Some(head), job.wallet.address(), move |chain| {
                let foreseen = Foreseen {
                    fixed: &asking.fixed,
                    time: work.time,
                    // A contract knows the hash of the block before the one that it is called in, and a
                    // dry run is called in the newest.
                    block: work.block.saturating_sub(1),
                    outputs: &work.outputs,
                    integers: &work.answer,
                };
                asking.occasion(chain, &foreseen)
            })
            .await
    }

    /// Has a quorum sign the inputs.
    async fn evidence(
        &self,
        job: &Arc<Job>,
        consumer: Box<dyn Consumer>,
        trigger: &Trigger,
        head: Block,
    ) -> Result<alloy_primitives::Bytes, RelayError> {
        let work = &trigger.work;
        let inputs = job.model.words(&work.integers)?;
        let block = match consumer.wants_block() {
            true => work.block,
            false => 0,
        };
        let asked = self
            .nodes
            .read(Some(head), job.wallet.address(), move |chain| {
                let question: Question = consumer.question(chain)?;
                let set = SignerSet::of(chain, question.source)?;
                Ok::<_, RelayError>((question, set))
            });
        let (question, set) = asked.await?;
        let moment = Moment {
            timestamp: U256::from(work.time),
            block: U256::from(block),
            sequence: sequence(work.time),
        };
        let request = SignRequest {
            chain_id: self.nodes.chain_id(),
            consumer: job.kind.name.into(),
            contract: job.contract,
            occasion: public_words(job.kind, &work.occasion),
            timestamp: work.time,
            block,
            sequence: work.time,
            integers: work.integers.clone(),
        };
        let chain_id = self.nodes.chain_id();
        let statement = Statement::new(chain_id, question, set, moment, &inputs);
        let loaded = self.loaded();
        let folder = &loaded.config.folder;
        let config = &job.config.evidence;
        self.signers
            .evidence(config, folder, statement, &request, &self.nodes, head)
            .await
    }
}
