//! The running service: one task for each step, each of which is begun again if it fails.

use crate::{
    RelayError, metrics::Metrics, pipeline::Pool, relay::Relay, store::State, tx::Tracker,
};
use serde::Serialize;
use std::{
    collections::BTreeMap,
    future::Future,
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};
use tokio::{
    sync::watch,
    task::JoinSet,
    time::{sleep, timeout},
};
use verdict_chain::Block;

/// How long a step waits before it looks into the queue again, if nobody wakes it.
const IDLE: Duration = Duration::from_millis(500);

/// How long a step that failed waits at first, and at most.
const REST: (Duration, Duration) = (Duration::from_millis(500), Duration::from_secs(15));

/// How often balances are looked at.
const BALANCES: Duration = Duration::from_secs(60);

/// How long a service that is told to stop lets proofs go on.
const GRACE: Duration = Duration::from_secs(120);

/// The service, until it is told to stop.
#[derive(Debug)]
pub struct Service {
    relay: Arc<Relay>,
    metrics: Arc<Metrics>,
    pool: Pool,
    stop: watch::Sender<bool>,
    head: watch::Sender<Option<Block>>,
    balances: Mutex<BTreeMap<String, f64>>,
}

impl Service {
    /// A service that has not begun.
    pub fn new(relay: Arc<Relay>, metrics: Arc<Metrics>) -> Arc<Self> {
        let loaded = relay.loaded();
        let prover = &loaded.config.prover;
        Arc::new(Self {
            pool: Pool::new(prover.memory.0, prover.parallel, prover.lease.0),
            relay,
            metrics,
            stop: watch::Sender::new(false),
            head: watch::Sender::new(None),
            balances: Mutex::default(),
        })
    }

    /// What it works on.
    pub const fn relay(&self) -> &Arc<Relay> {
        &self.relay
    }

    /// What it counts.
    pub const fn metrics(&self) -> &Arc<Metrics> {
        &self.metrics
    }

    /// The newest block it has seen.
    pub fn head(&self) -> Option<Block> {
        *self.head.borrow()
    }

    /// Tells it to stop: nothing new is begun, proofs under way are finished or put back.
    pub fn stop(&self) {
        self.stop.send_replace(true);
        self.relay.moved.notify_waiters();
    }

    /// Resolves when it was told to stop.
    pub async fn stopped(&self) {
        let mut stop = self.stop.subscribe();
        let _ = stop.wait_for(|stop| *stop).await;
    }

    /// Runs until it is told to stop.
    pub async fn run(self: &Arc<Self>) -> Result<(), RelayError> {
        self.relay.requeue().await?;
        let mut tasks = JoinSet::new();
        let all: [(&'static str, Step); 7] = [
            ("heads", |service| Box::pin(service.heads())),
            ("observe", |service| Box::pin(service.observe())),
            ("infer", |service| Box::pin(service.each(State::Observed))),
            ("bind", |service| Box::pin(service.each(State::Inferred))),
            ("submit", |service| Box::pin(service.each(State::Proved))),
            ("track", |service| Box::pin(service.track())),
            ("balances", |service| Box::pin(service.look_at_balances())),
        ];
        for (name, step) in all {
            tasks.spawn(self.clone().supervise(name, step));
        }
        let parallel = self.relay.loaded().config.prover.parallel;
        let mut provers = JoinSet::new();
        for _ in 0..parallel {
            provers.spawn(
                self.clone()
                    .supervise("prove", |service| Box::pin(service.prove())),
            );
        }
        // As many besides as there are workers: whoever waits for one takes nothing else's place.
        let size = self.relay.fleet.as_ref().map_or(0, |fleet| fleet.size());
        for _ in 0..size {
            provers.spawn(self.clone().supervise("prove elsewhere", |service| {
                Box::pin(service.prove_elsewhere())
            }));
        }
        if size > 0 {
            tasks.spawn(
                self.clone()
                    .supervise("workers", |service| Box::pin(service.hear_workers())),
            );
        }
        self.stopped().await;
        let ended = async { while provers.join_next().await.is_some() {} };
        if timeout(GRACE, ended).await.is_err() {
            tracing::warn!("a proof is not finished; it is put back when its lease ends");
        }
        let ended = async { while tasks.join_next().await.is_some() {} };
        let _ = timeout(REST.1, ended).await;
        tasks.abort_all();
        Ok(())
    }

    /// Runs a step over and over, until the service stops: after a failure, or a panic, again.
    async fn supervise(self: Arc<Self>, name: &'static str, step: Step) {
        let mut failures = 0u32;
        while !*self.stop.borrow() {
            // A task of its own: a panic ends that alone.
            let done = tokio::spawn(step(self.clone())).await;
            let rest = REST.0.saturating_mul(1 << failures.min(6)).min(REST.1);
            match done {
                Ok(Ok(())) => {
                    failures = 0;
                    continue;
                }
                Ok(Err(error)) => tracing::warn!(step = name, %error, "a step failed"),
                Err(panic) => tracing::error!(step = name, %panic, "a step broke off"),
            }
            self.metrics.step_failed(name);
            failures = failures.saturating_add(1);
            tokio::select! {
                () = sleep(rest) => {}
                () = self.stopped() => {}
            }
        }
    }

    /// Waits until something has moved, or for a while.
    async fn idle(&self, most: Duration) {
        tokio::select! {
            () = self.relay.moved.notified() => {}
            () = self.stopped() => {}
            () = sleep(most) => {}
        }
    }

    /// Asks for new blocks.
    async fn heads(self: Arc<Self>) -> Result<(), RelayError> {
        let head = self.relay.nodes.head().await?;
        let old = self.head.send_replace(Some(head));
        if old.map(|block| block.hash) != Some(head.hash) {
            self.metrics.head(head);
        }
        let poll = self.relay.loaded().config.chain.poll.0;
        tokio::select! {
            () = sleep(poll) => {}
            () = self.stopped() => {}
        }
        Ok(())
    }

    /// Waits for another block than the last.
    async fn another(&self, last: Option<Block>) -> Option<Block> {
        let mut heads = self.head.subscribe();
        let newer = heads.wait_for(|head| {
            head.is_some_and(|head| Some(head.hash) != last.map(|block| block.hash))
        });
        tokio::select! {
            head = newer => head.ok().and_then(|head| *head),
            () = self.stopped() => None,
        }
    }

    /// Looks at every job whenever there is a new block. A job that fails holds no other up.
    async fn observe(self: Arc<Self>) -> Result<(), RelayError> {
        let mut last = None;
        while let Some(head) = self.another(last).await {
            let paused = self.relay.store.pauses().await?;
            let jobs = self.relay.loaded();
            let all = jobs
                .jobs
                .values()
                .filter(|job| !paused.contains_key(&job.name));
            let all = all.map(|job| async {
                match self.relay.observe(job, head).await {
                    Ok(_) => self.metrics.job_ok(&job.name),
                    Err(error) => {
                        tracing::warn!(job = %job.name, %error, "a job cannot be looked at");
                        self.metrics.job_failed(&job.name, &error);
                    }
                }
            });
            futures_util::future::join_all(all).await;
            last = Some(head);
        }
        Ok(())
    }

    /// Takes triggers in a state one step on.
    async fn each(self: Arc<Self>, state: State) -> Result<(), RelayError> {
        while !*self.stop.borrow() {
            match self.relay.step(state).await? {
                Some(next) => self.metrics.moved(next),
                None => self.idle(IDLE).await,
            }
        }
        Ok(())
    }

    async fn prove(self: Arc<Self>) -> Result<(), RelayError> {
        while !*self.stop.borrow() {
            match self.relay.prove(&self.pool).await? {
                Some(next) => self.metrics.moved(next),
                None => {
                    self.relay.requeue().await?;
                    self.idle(IDLE).await;
                }
            }
        }
        Ok(())
    }

    /// As [`Service::prove`], while a worker is free.
    async fn prove_elsewhere(self: Arc<Self>) -> Result<(), RelayError> {
        let Some(fleet) = &self.relay.fleet else {
            return Ok(());
        };
        while !*self.stop.borrow() {
            let moved = match fleet.is_free() {
                true => self.relay.prove(&self.pool).await?,
                false => None,
            };
            match moved {
                Some(next) => self.metrics.moved(next),
                None => tokio::select! {
                    () = self.idle(IDLE) => {}
                    () = fleet.freed() => {}
                },
            }
        }
        Ok(())
    }

    async fn hear_workers(self: Arc<Self>) -> Result<(), RelayError> {
        let Some(fleet) = &self.relay.fleet else {
            return Ok(());
        };
        tokio::select! {
            done = fleet.listen() => done,
            () = self.stopped() => Ok(()),
        }
    }

    /// Follows the transactions of every account.
    async fn track(self: Arc<Self>) -> Result<(), RelayError> {
        while !*self.stop.borrow() {
            let Some(head) = self.head() else {
                self.idle(IDLE).await;
                continue;
            };
            let loaded = self.relay.loaded();
            for (name, wallet) in &loaded.wallets {
                let tracker = Tracker::new(
                    self.relay.store.clone(),
                    self.relay.nodes.clone(),
                    wallet.clone(),
                    loaded.config.chain.confirmations,
                );
                let policy = |job: &str| self.relay.policy(job);
                let progress = tracker.step(head, &policy).await?;
                for (job, gas, wei) in &progress.confirmed {
                    self.metrics.confirmed(job, *gas, *wei);
                }
                if progress.reopened || !progress.confirmed.is_empty() {
                    self.relay.moved.notify_waiters();
                }
                self.metrics.open_nonces(name, progress.open);
            }
            let poll = loaded.config.chain.poll.0;
            self.idle(poll.min(Duration::from_secs(2))).await;
        }
        Ok(())
    }
}

/// An account.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct AccountState {
    /// Its name.
    pub name: String,
    /// Its address.
    pub address: String,
    /// What it has, in ether.
    pub ether: Option<f64>,
    /// Whether that is less than the configuration warns of.
    pub low: bool,
}

impl Service {
    /// The accounts, as they were looked at last.
    pub(crate) fn accounts(&self) -> Vec<AccountState> {
        let loaded = self.relay.loaded();
        let balances = self.balances.lock().unwrap_or_else(PoisonError::into_inner);
        let low = loaded.config.service.low_balance;
        let all = loaded.wallets.iter().map(|(name, wallet)| {
            let ether = balances.get(name).copied();
            AccountState {
                name: name.clone(),
                address: wallet.address().to_string(),
                low: ether.is_some_and(|ether| ether < low),
                ether,
            }
        });
        all.collect()
    }

    /// Asks what the accounts have, and raises an alarm before they cannot pay.
    async fn look_at_balances(self: Arc<Self>) -> Result<(), RelayError> {
        let loaded = self.relay.loaded();
        for (name, wallet) in &loaded.wallets {
            let ether = self.relay.nodes.ether(wallet.address()).await?;
            if ether < loaded.config.service.low_balance {
                tracing::error!(account = name, ether, "an account is running out of ether");
            }
            self.metrics.balance(name, ether);
            let mut balances = self.balances.lock().unwrap_or_else(PoisonError::into_inner);
            balances.insert(name.clone(), ether);
        }
        tokio::select! {
            () = sleep(BALANCES) => {}
            () = self.stopped() => {}
        }
        Ok(())
    }
}

/// A step that runs until it fails or the service stops.
type Step =
    fn(Arc<Service>) -> std::pin::Pin<Box<dyn Future<Output = Result<(), RelayError>> + Send>>;
