//! The steps that a trigger takes, each from one state to the next.
//!
//! A step claims one trigger, does what it must outside of the database, and moves the trigger on in
//! one transaction. Whoever dies in between has done nothing: the lease ends, and somebody begins the
//! step again. Only a transaction on the chain cannot be begun again, which is why it is kept before
//! it is sent; see [`crate::store`].

mod bind;
mod infer;
mod inputs;
mod prove;
mod submit;

pub use inputs::Seen;
pub(crate) use inputs::own_items;
pub use prove::Pool;

use crate::{
    RelayError,
    job::Job,
    relay::{Relay, STEP_LEASE},
    store::{Change, State, Trigger},
};
use std::{sync::Arc, time::Duration};
use tracing::Instrument;
use verdict_chain::Block;

/// How long something that fails waits before it is tried again: longer each time, up to this.
const LONGEST_WAIT: Duration = Duration::from_secs(60);

impl Relay {
    /// Takes the most urgent trigger in a state one step on; `None` if there is none. The error is
    /// the queue's: what goes wrong with a trigger is written down with it.
    pub async fn step(&self, state: State) -> Result<Option<State>, RelayError> {
        let claimed = self.store.claim(state, &self.holder, STEP_LEASE).await?;
        let Some(mut trigger) = claimed else {
            return Ok(None);
        };
        let Some(job) = self.job_of(&mut trigger).await? else {
            return Ok(Some(trigger.state));
        };
        let span = span(&trigger);
        match self.take_on(&job, &mut trigger).instrument(span).await {
            Ok(change) => self.moved_on(&mut trigger, change).await?,
            // Somebody else has it.
            Err(RelayError::Lost(_)) => {}
            Err(error) => {
                let change = failed(&job, &trigger, &error);
                self.moved_on(&mut trigger, change).await?;
            }
        }
        Ok(Some(trigger.state))
    }

    /// A trigger's job; it fails if that is not configured any more.
    async fn job_of(&self, trigger: &mut Trigger) -> Result<Option<Arc<Job>>, RelayError> {
        let job = self.job(&trigger.job);
        if job.is_none() {
            let change = Change::to(State::Failed, "its job is not configured any more");
            self.store.advance(trigger, change).await?;
        }
        Ok(job)
    }

    /// What a trigger's state asks for, as of the newest block; `None` if the step moved it itself.
    async fn take_on(
        &self,
        job: &Arc<Job>,
        trigger: &mut Trigger,
    ) -> Result<Option<Change>, RelayError> {
        let head = self.nodes.head().await?;
        if let Some(change) = expired(trigger, head) {
            return Ok(Some(change));
        }
        match trigger.state {
            State::Observed => self.infer(job, trigger, head).await,
            State::Inferred => self.bind(job, trigger, head).await,
            State::Proved => self.submit(job, trigger, head).await,
            _ => Ok(None),
        }
    }

    async fn moved_on(
        &self,
        trigger: &mut Trigger,
        change: Option<Change>,
    ) -> Result<(), RelayError> {
        // A step that moved it itself leaves nothing to do.
        if let Some(change) = change {
            match self.store.advance(trigger, change).await {
                Ok(()) | Err(RelayError::Lost(_)) => {}
                Err(error) => return Err(error),
            }
        }
        if trigger.state == State::Inferred || trigger.state == State::Proved {
            let newest_wins = self
                .job(&trigger.job)
                .is_some_and(|job| job.kind.feeding.newest_wins);
            if newest_wins && !trigger.work.plain {
                self.store.supersede_older(trigger).await?;
            }
        }
        self.moved.notify_waiters();
        Ok(())
    }
}

/// What everything that is logged within a step belongs to.
fn span(trigger: &Trigger) -> tracing::Span {
    let (id, job, state) = (&trigger.id, &trigger.job, trigger.state);
    tracing::info_span!("step", trigger = %id, job = %job, state = %state)
}

/// A step that could not be done: again later, as often as the job's policy says. What nodes, feeds,
/// signers or the database cannot do at the moment is waited for until the deadline, if there is one.
fn failed(job: &Arc<Job>, trigger: &Trigger, error: &RelayError) -> Option<Change> {
    let reason = error.to_string();
    if !error.is_elsewhere() && trigger.tries + 1 >= job.config.policy.tries {
        return Some(Change::to(State::Failed, reason));
    }
    // What was inferred grows old while its signers are away: it is begun again with new inputs.
    let state = match trigger.state {
        State::Inferred => State::Observed,
        state => state,
    };
    Some(Change::to(state, reason).again_in(wait(trigger.tries)))
}

/// How long to wait after so many failures.
fn wait(tries: u32) -> Duration {
    Duration::from_millis(500)
        .saturating_mul(1 << tries.min(10))
        .min(LONGEST_WAIT)
}

/// A trigger whose time is over.
fn expired(trigger: &Trigger, head: Block) -> Option<Change> {
    let over = trigger.expires_at != 0 && trigger.expires_at < head.timestamp;
    over.then(|| {
        Change::to(
            State::Expired,
            format!(
                "its time was over at {}, it is {}",
                trigger.expires_at, head.timestamp
            ),
        )
    })
}
