//! What is counted, in Prometheus' format.

use crate::{RelayError, store::State, workers::FleetState};
use prometheus_client::{
    encoding::{EncodeLabelSet, text::encode},
    metrics::{counter::Counter, family::Family, gauge::Gauge},
    registry::{Metric, Registry},
};
use std::{
    collections::BTreeMap,
    sync::{Mutex, PoisonError, atomic::AtomicU64},
};
use verdict_chain::Block;

#[derive(Clone, Debug, Hash, PartialEq, Eq, EncodeLabelSet)]
struct OfJob {
    job: String,
}

#[derive(Clone, Debug, Hash, PartialEq, Eq, EncodeLabelSet)]
struct OfStep {
    step: String,
}

#[derive(Clone, Debug, Hash, PartialEq, Eq, EncodeLabelSet)]
struct OfState {
    state: String,
}

#[derive(Clone, Debug, Hash, PartialEq, Eq, EncodeLabelSet)]
struct OfSigner {
    signer: String,
}

#[derive(Clone, Debug, Hash, PartialEq, Eq, EncodeLabelSet)]
struct OfWorker {
    worker: String,
}

type Decimal = Gauge<f64, AtomicU64>;

/// What is counted.
#[derive(Debug)]
pub struct Metrics {
    registry: Registry,
    triggers: Family<OfState, Gauge>,
    moves: Family<OfState, Counter>,
    step_failures: Family<OfStep, Counter>,
    job_failures: Family<OfJob, Counter>,
    confirmed: Family<OfJob, Counter>,
    gas: Family<OfJob, Counter>,
    fees: Family<OfJob, Counter<f64, AtomicU64>>,
    open_nonces: Family<OfSigner, Gauge>,
    balance: Family<OfSigner, Decimal>,
    nats_up: Gauge,
    strangers: Gauge,
    workers_there: Family<OfWorker, Gauge>,
    workers_aside: Family<OfWorker, Gauge>,
    workers_proofs: Family<OfWorker, Gauge>,
    head_number: Gauge,
    head_time: Gauge,
    last_failures: Mutex<BTreeMap<String, String>>,
}

impl Default for Metrics {
    fn default() -> Self {
        Self::new()
    }
}

impl Metrics {
    /// Nothing counted yet.
    pub fn new() -> Self {
        let mut registry = Registry::with_prefix("verdict");
        let to = &mut registry;
        Self {
            triggers: counted(to, "triggers", "Triggers in each state"),
            moves: counted(to, "moves", "Triggers that went into a state"),
            step_failures: counted(to, "step_failures", "Failures of the service's steps"),
            job_failures: counted(
                to,
                "job_failures",
                "Times that a job could not be looked at",
            ),
            confirmed: counted(
                to,
                "confirmed",
                "Transactions that are deep enough in the chain",
            ),
            gas: counted(to, "gas", "Gas that they used"),
            fees: counted(to, "fees_ether", "What they cost, in ether"),
            open_nonces: counted(
                to,
                "open_nonces",
                "Transactions that are not deep enough in the chain yet",
            ),
            balance: counted(to, "balance_ether", "What accounts have, in ether"),
            nats_up: counted(to, "nats_up", "Whether NATS carries work to workers"),
            strangers: counted(
                to,
                "worker_strangers",
                "Messages to this relayer that no worker has sealed",
            ),
            workers_there: counted(to, "worker_there", "Whether a worker is there"),
            workers_aside: counted(to, "worker_set_aside", "Whether a worker is set aside"),
            workers_proofs: counted(to, "worker_proofs", "Proofs of a worker that were right"),
            head_number: counted(to, "head_number", "The newest block"),
            head_time: counted(to, "head_timestamp_seconds", "The newest block's time"),
            last_failures: Mutex::default(),
            registry,
        }
    }

    /// Everything, as Prometheus reads it.
    pub fn text(&self) -> Result<String, RelayError> {
        let mut text = String::new();
        encode(&mut text, &self.registry)
            .map_err(|error| RelayError::machine("write metrics", error))?;
        Ok(text)
    }

    /// Why each job could not be looked at last; none of those that can.
    pub fn failing_jobs(&self) -> BTreeMap<String, String> {
        self.failures().clone()
    }

    pub(crate) fn counts(&self, counts: &crate::store::Counts) {
        for (state, count) in counts {
            let state = state.name().to_owned();
            let count = i64::try_from(*count).unwrap_or(i64::MAX);
            self.triggers.get_or_create(&OfState { state }).set(count);
        }
    }

    pub(crate) fn workers(&self, fleet: &FleetState) {
        let whole = |number: u64| i64::try_from(number).unwrap_or(i64::MAX);
        self.nats_up.set(i64::from(fleet.trouble.is_none()));
        self.strangers.set(whole(fleet.strangers));
        for state in &fleet.workers {
            let worker = OfWorker {
                worker: state.name.clone(),
            };
            let there = self.workers_there.get_or_create(&worker);
            there.set(i64::from(state.there));
            let aside = self.workers_aside.get_or_create(&worker);
            aside.set(i64::from(state.set_aside.is_some()));
            let proofs = self.workers_proofs.get_or_create(&worker);
            proofs.set(whole(state.proofs));
        }
    }

    pub(crate) fn balance(&self, signer: &str, ether: f64) {
        let signer = signer.to_owned();
        self.balance.get_or_create(&OfSigner { signer }).set(ether);
    }

    pub(crate) fn moved(&self, next: State) {
        let state = next.name().to_owned();
        self.moves.get_or_create(&OfState { state }).inc();
    }

    pub(crate) fn step_failed(&self, step: &str) {
        let step = step.to_owned();
        self.step_failures.get_or_create(&OfStep { step }).inc();
    }

    pub(crate) fn job_failed(&self, job: &str, error: &RelayError) {
        let of = OfJob {
            job: job.to_owned(),
        };
        self.job_failures.get_or_create(&of).inc();
        self.failures().insert(job.to_owned(), error.to_string());
    }

    pub(crate) fn job_ok(&self, job: &str) {
        self.failures().remove(job);
    }

    pub(crate) fn confirmed(&self, job: &str, gas: u64, wei: u128) {
        let of = OfJob {
            job: job.to_owned(),
        };
        self.confirmed.get_or_create(&of).inc();
        self.gas.get_or_create(&of).inc_by(gas);
        #[allow(clippy::cast_precision_loss)]
        self.fees.get_or_create(&of).inc_by(wei as f64 / 1e18);
        self.moved(State::Confirmed);
    }

    pub(crate) fn open_nonces(&self, signer: &str, count: usize) {
        let signer = signer.to_owned();
        let count = i64::try_from(count).unwrap_or(i64::MAX);
        self.open_nonces
            .get_or_create(&OfSigner { signer })
            .set(count);
    }

    pub(crate) fn head(&self, head: Block) {
        let whole = |number: u64| i64::try_from(number).unwrap_or(i64::MAX);
        self.head_number.set(whole(head.number));
        self.head_time.set(whole(head.timestamp));
    }

    fn failures(&self) -> std::sync::MutexGuard<'_, BTreeMap<String, String>> {
        self.last_failures
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
    }
}

/// Something new that is counted, under a name.
fn counted<M: Metric + Clone + Default>(registry: &mut Registry, name: &str, help: &str) -> M {
    let metric = M::default();
    registry.register(name, help, metric.clone());
    metric
}
