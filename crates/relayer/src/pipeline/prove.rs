//! `queued` → `proving` → `proved`, within what memory there is.

use super::{failed, span, wait};
use crate::{
    RelayError,
    job::Job,
    relay::Relay,
    store::{Change, Proof, State, Trigger},
    workers::Wanted,
};
use std::{
    sync::Arc,
    time::{Duration, Instant},
};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tracing::Instrument;

/// How long a proof that only a worker can make waits for one.
const NO_WORKER: Duration = Duration::from_secs(2);

/// What proofs on this machine may take together.
#[derive(Clone, Debug)]
pub struct Pool {
    memory: Arc<Semaphore>,
    turns: Arc<Semaphore>,
    megabytes: u32,
    lease: Duration,
}

impl Pool {
    /// Room for so many proofs at once, of so many bytes together; whoever proves is believed to be
    /// alive for `lease` without a sign.
    pub fn new(bytes: u64, parallel: usize, lease: Duration) -> Self {
        let megabytes = u32::try_from(bytes >> 20).unwrap_or(u32::MAX).max(1);
        Self {
            memory: Arc::new(Semaphore::new(megabytes as usize)),
            turns: Arc::new(Semaphore::new(parallel)),
            megabytes,
            lease,
        }
    }

    /// Waits for room for a proof of so many bytes. One that is larger than all there is waits until
    /// it is alone: two big ones never meet.
    async fn room(&self, bytes: u64) -> Result<[OwnedSemaphorePermit; 2], RelayError> {
        let full = |error| RelayError::machine("prove", error);
        let turn = self.turns.clone().acquire_owned().await.map_err(full)?;
        let megabytes = u32::try_from((bytes >> 20) + 1).unwrap_or(u32::MAX);
        let memory = self.memory.clone();
        let room = memory.acquire_many_owned(megabytes.min(self.megabytes));
        Ok([turn, room.await.map_err(full)?])
    }

    /// Whether a proof of so many bytes fits at all.
    fn fits(&self, bytes: u64) -> bool {
        bytes >> 20 < u64::from(self.megabytes)
    }
}

impl Relay {
    /// Proves the most urgent trigger that waits for it; `None` if none does.
    pub async fn prove(&self, pool: &Pool) -> Result<Option<State>, RelayError> {
        let claimed = self
            .store
            .claim(State::Queued, &self.holder, pool.lease)
            .await?;
        let Some(mut trigger) = claimed else {
            return Ok(None);
        };
        let Some(job) = self.job_of(&mut trigger).await? else {
            return Ok(Some(trigger.state));
        };
        let reason = format!("proved by {}", self.holder);
        let change = Change::to(State::Proving, reason).keeping(pool.lease);
        self.store.advance(&mut trigger, change).await?;
        let span = span(&trigger);
        let proof = self.prove_one(&job, &trigger, pool).instrument(span).await;
        let change = match proof {
            Ok(proof) => {
                let milliseconds = proof.milliseconds;
                let by = match proof.by.as_str() {
                    "" => String::new(),
                    worker => format!(" by worker {worker}"),
                };
                trigger.work.proof = Some(proof);
                Change::to(State::Proved, format!("proved in {milliseconds} ms{by}"))
            }
            Err(RelayError::Lost(_)) => return Ok(Some(State::Proving)),
            Err(error @ RelayError::Workers(_)) => {
                Change::to(State::Queued, error.to_string()).after(NO_WORKER)
            }
            Err(error) => match failed(&job, &trigger, &error) {
                Some(change) if change.state == State::Failed => change,
                _ => Change::to(State::Queued, error.to_string()).again_in(wait(trigger.tries)),
            },
        };
        self.moved_on(&mut trigger, Some(change)).await?;
        Ok(Some(trigger.state))
    }

    /// Puts back what somebody proved who gave no sign any more.
    pub async fn requeue(&self) -> Result<usize, RelayError> {
        let mut count = 0;
        while let Some(mut trigger) = self
            .store
            .claim(State::Proving, &self.holder, Duration::from_secs(10))
            .await?
        {
            let change = Change::to(State::Queued, "whoever proved it gave no sign any more");
            self.store.advance(&mut trigger, change).await?;
            count += 1;
        }
        Ok(count)
    }

    async fn prove_one(
        &self,
        job: &Arc<Job>,
        trigger: &Trigger,
        pool: &Pool,
    ) -> Result<Proof, RelayError> {
        let proving = self.prove_anywhere(job, trigger, pool);
        tokio::pin!(proving);
        let lease = pool.lease;
        let mut lost = false;
        // The lease is prolonged while it waits for room, too.
        let proof = loop {
            tokio::select! {
                done = &mut proving => break done?,
                () = tokio::time::sleep(lease / 3) => {
                    // The work cannot be broken off, but its result is not taken from one who lost it.
                    lost = lost || !self.store.renew(trigger, lease).await.unwrap_or(true);
                }
            }
        };
        if lost {
            return Err(RelayError::Lost(trigger.id.clone()));
        }
        Ok(proof)
    }

    /// Has a worker prove, if one is free for it, or does it here, if it fits.
    async fn prove_anywhere(
        &self,
        job: &Arc<Job>,
        trigger: &Trigger,
        pool: &Pool,
    ) -> Result<Proof, RelayError> {
        let fits = pool.fits(job.model.memory());
        if job.model.stays_here() {
            return match fits {
                true => self.prove_here(job, trigger, pool).await,
                false => Err(RelayError::Workers(
                    "its weights are private, so it is proved here, where it does not fit prover.memory"
                        .into(),
                )),
            };
        }
        if let Some(fleet) = self.fleet.as_ref().filter(|it| it.wants(fits)) {
            let wanted = Wanted {
                trigger: &trigger.id,
                model: &job.model,
                items: &trigger.work.integers,
                context: trigger.work.context,
            };
            match fleet.prove(&wanted).await {
                Err(RelayError::Workers(why)) if fits => {
                    tracing::debug!(trigger = %trigger.id, why, "proved here");
                }
                Err(RelayError::Workers(why)) => {
                    return Err(RelayError::Workers(format!(
                        "{why}; here it does not fit prover.memory"
                    )));
                }
                done => return done,
            }
        }
        self.prove_here(job, trigger, pool).await
    }

    async fn prove_here(
        &self,
        job: &Arc<Job>,
        trigger: &Trigger,
        pool: &Pool,
    ) -> Result<Proof, RelayError> {
        let (model, work) = (job.model.clone(), trigger.work.clone());
        let room = pool.room(model.memory()).await?;
        let started = Instant::now();
        let proof = tokio::task::spawn_blocking(move || model.prove(&work.integers, work.context));
        let proof = proof.await;
        drop(room);
        let verified = proof.map_err(|error| RelayError::machine("prove", error))??;
        Ok(Proof {
            public_values: verified.public_values().to_vec(),
            proof: verified.proof().clone(),
            milliseconds: u64::try_from(started.elapsed().as_millis()).unwrap_or(u64::MAX),
            by: String::new(),
        })
    }
}
