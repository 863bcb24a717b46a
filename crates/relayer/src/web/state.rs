//! What the page shows: one document, all of it read, nothing of it secret.

use crate::{
    RelayError,
    service::{AccountState, Service},
    store::{Observation, State},
    workers::FleetState,
};
use serde::Serialize;
use std::collections::BTreeMap;

/// How many triggers of a job, and how many readings, are shown.
const TRIGGERS: u32 = 12;
const READINGS: u32 = 240;

/// Everything that is shown.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Snapshot {
    /// The program's version.
    pub version: &'static str,
    /// Milliseconds since 1970.
    pub now: i64,
    /// The chain.
    pub chain: ChainState,
    /// Triggers in each state.
    pub queue: BTreeMap<&'static str, u64>,
    /// The jobs.
    pub jobs: Vec<JobState>,
    /// What somebody has to look after.
    pub failures: Vec<TriggerState>,
    /// The accounts.
    pub accounts: Vec<AccountState>,
    /// Who proves on other machines, if anybody does.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub fleet: Option<FleetState>,
}

/// The chain as the nodes tell it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct ChainState {
    /// Its id.
    pub id: u64,
    /// The newest block's number; zero before there is one.
    pub block: u64,
    /// Its time, in seconds.
    pub time: u64,
    /// The nodes.
    pub nodes: Vec<crate::rpc::NodeStatus>,
}

/// A job.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct JobState {
    /// Its name.
    pub name: String,
    /// Its kind.
    pub consumer: &'static str,
    /// Its contract.
    pub contract: String,
    /// Why an operator stopped it, if one did.
    pub paused: Option<String>,
    /// Why it could not be looked at last, if it could not.
    pub failing: Option<String>,
    /// Triggers in each state.
    pub counts: BTreeMap<&'static str, u64>,
    /// The newest triggers, the newest first.
    pub triggers: Vec<TriggerState>,
    /// The newest readings, the oldest of them first.
    pub readings: Vec<Observation>,
    /// What a proof takes by its plan: bytes, seconds.
    pub proof: (u64, f64),
}

/// A trigger.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct TriggerState {
    /// Its id.
    pub id: String,
    /// Its job.
    pub job: String,
    /// What happened.
    pub what: String,
    /// Where it is.
    pub state: &'static str,
    /// Why.
    pub reason: String,
    /// When it was observed, in milliseconds.
    pub created: i64,
    /// When it changed last.
    pub updated: i64,
    /// How long its proof took, in milliseconds.
    pub proved_in: Option<u64>,
}

impl Service {
    /// What the page shows now.
    pub async fn snapshot(&self) -> Result<Snapshot, RelayError> {
        let relay = self.relay();
        let loaded = relay.loaded();
        let pauses = relay.store.pauses().await?;
        let failing = self.metrics().failing_jobs();
        let mut jobs = Vec::new();
        for (name, job) in &loaded.jobs {
            let triggers = relay.store.triggers(Some(name), None, TRIGGERS).await?;
            jobs.push(JobState {
                name: name.clone(),
                consumer: job.kind.name,
                contract: job.contract.to_string(),
                paused: pauses.get(name).cloned(),
                failing: failing.get(name).cloned(),
                counts: named(&relay.store.counts(Some(name)).await?),
                triggers: triggers.into_iter().map(TriggerState::of).collect(),
                readings: relay.store.observations(name, READINGS).await?,
                proof: (job.model.memory(), job.model.seconds()),
            });
        }
        let counts = relay.store.counts(None).await?;
        self.metrics().counts(&counts);
        let failed = relay
            .store
            .triggers(None, Some(State::Failed), TRIGGERS)
            .await?;
        let fleet = self.fleet().await?;
        let head = self.head();
        Ok(Snapshot {
            version: env!("CARGO_PKG_VERSION"),
            now: crate::store::now(),
            chain: ChainState {
                id: relay.nodes.chain_id(),
                block: head.map_or(0, |head| head.number),
                time: head.map_or(0, |head| head.timestamp),
                nodes: relay.nodes.status(),
            },
            queue: named(&counts),
            jobs,
            failures: failed.into_iter().map(TriggerState::of).collect(),
            accounts: self.accounts(),
            fleet,
        })
    }

    /// The workers, if there are any.
    pub(crate) async fn fleet(&self) -> Result<Option<FleetState>, RelayError> {
        let Some(fleet) = &self.relay().fleet else {
            return Ok(None);
        };
        let state = fleet.snapshot().await?;
        self.metrics().workers(&state);
        Ok(Some(state))
    }
}

fn named(counts: &crate::store::Counts) -> BTreeMap<&'static str, u64> {
    counts
        .iter()
        .map(|(state, count)| (state.name(), *count))
        .collect()
}

impl TriggerState {
    fn of(trigger: crate::store::Trigger) -> Self {
        Self {
            id: trigger.id,
            job: trigger.job,
            what: trigger.work.what,
            state: trigger.state.name(),
            reason: trigger.reason,
            created: trigger.created_at,
            updated: trigger.updated_at,
            proved_in: trigger.work.proof.map(|proof| proof.milliseconds),
        }
    }
}
