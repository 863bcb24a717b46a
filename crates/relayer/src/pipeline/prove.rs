//! `queued` → `proving` → `proved`, within what memory there is.

use super::{failed, wait};
use crate::{
    RelayError,
    job::Job,
    relay::Relay,
    store::{Change, Proof, State, Trigger},
};
use std::{
    sync::Arc,
    time::{Duration, Instant},
};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

/// What proofs may take together. How many are made at once is how many callers [`Relay::prove`] has.
#[derive(Clone, Debug)]
pub struct Pool {
    memory: Arc<Semaphore>,
    megabytes: u32,
    lease: Duration,
}

impl Pool {
    /// Room for proofs of so many bytes together; whoever proves is believed to be alive for `lease`
    /// without a sign.
    pub fn new(bytes: u64, lease: Duration) -> Self {
        let megabytes = u32::try_from(bytes >> 20).unwrap_or(u32::MAX).max(1);
        Self {
            memory: Arc::new(Semaphore::new(megabytes as usize)),
            megabytes,
            lease,
        }
    }

    /// Waits for room for a proof of so many bytes. One that is larger than all there is waits until
    /// it is alone: two big ones never meet.
    async fn room(&self, bytes: u64) -> Result<OwnedSemaphorePermit, RelayError> {
        let megabytes = u32::try_from((bytes >> 20) + 1).unwrap_or(u32::MAX);
        let memory = self.memory.clone();
        let room = memory.acquire_many_owned(megabytes.min(self.megabytes));
        room.await
            .map_err(|error| RelayError::machine("prove", error))
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
        let proof = self.prove_one(&job, &trigger, pool).await;
        let change = match proof {
            Ok(proof) => {
                let milliseconds = proof.milliseconds;
                trigger.work.proof = Some(proof);
                Change::to(State::Proved, format!("proved in {milliseconds} ms"))
            }
            Err(RelayError::Lost(_)) => return Ok(Some(State::Proving)),
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
        let (model, work) = (job.model.clone(), trigger.work.clone());
        let proving = async {
            let room = pool.room(model.memory()).await?;
            let started = Instant::now();
            let proof =
                tokio::task::spawn_blocking(move || model.prove(&work.integers, work.context));
            let proof = proof.await;
            drop(room);
            let proof = proof.map_err(|error| RelayError::machine("prove", error))??;
            Ok::<_, RelayError>((proof, started.elapsed().as_millis()))
        };
        tokio::pin!(proving);
        let lease = pool.lease;
        let mut lost = false;
        // The lease is prolonged while it waits for room, too.
        let (verified, milliseconds) = loop {
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
        Ok(Proof {
            public_values: verified.public_values().to_vec(),
            proof: verified.proof().clone(),
            milliseconds: u64::try_from(milliseconds).unwrap_or(u64::MAX),
        })
    }
}
