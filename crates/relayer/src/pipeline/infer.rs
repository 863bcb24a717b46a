//! `observed` → `inferred`: read the inputs, compute the model, see whether it is worth it.

use super::Seen;
use crate::{
    RelayError,
    job::Job,
    relay::Relay,
    store::{Change, State, Trigger},
};
use std::{sync::Arc, time::Duration};
use verdict_chain::Block;

/// How long a trigger waits for a contract that takes nothing at the moment.
const CLOSED: Duration = Duration::from_secs(15);

impl Relay {
    pub(super) async fn infer(
        &self,
        job: &Arc<Job>,
        trigger: &mut Trigger,
        head: Block,
    ) -> Result<Option<Change>, RelayError> {
        if trigger.work.plain {
            let what = trigger.work.what.clone();
            return Ok(Some(Change::to(State::Proved, what)));
        }
        let loaded = self.loaded();
        let seen = Seen::read(&loaded, job, &self.nodes, head).await?;
        self.store.record(&job.name, &seen.observation()).await?;
        if let Some(closed) = &seen.standing.closed {
            // Nothing is lost: what is newer takes its place, and it goes on when the contract does.
            let change = Change::to(State::Observed, closed.clone()).after(CLOSED);
            return Ok(Some(change));
        }
        if let Some(reason) = not_worth(job, &seen) {
            return Ok(Some(Change::to(State::Superseded, reason)));
        }
        let work = &mut trigger.work;
        work.time = job.time(head);
        work.block = head.number;
        let value = seen.value();
        work.outputs = seen.inference.outputs;
        work.answer = seen.inference.integers;
        work.integers = seen.items;
        let reason = value.map_or_else(
            || "inputs read".into(),
            |value| format!("the model says {value}"),
        );
        Ok(Some(Change::to(State::Inferred, reason)))
    }
}

/// Why a value is not worth its gas: it is nearly what the contract says, and that is not about to
/// be too old.
fn not_worth(job: &Job, seen: &Seen) -> Option<String> {
    let least = job.config.policy.minimum_change_bps;
    let deviation = seen.deviation_bps()?;
    if least <= 0.0 || deviation >= least {
        return None;
    }
    let standing = &seen.standing;
    let half = standing.heartbeat.map_or(0, |heartbeat| heartbeat / 2);
    let ages = standing.time.saturating_add(half);
    (seen.at.timestamp < ages).then(|| {
        format!("it differs by {deviation:.2} ten thousandths, and {least} are worth a transaction")
    })
}
