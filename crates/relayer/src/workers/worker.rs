//! The other side: fetches work, asks whether it is still wanted, proves, answers.

use super::{
    Direction, Seal,
    link::Carrier,
    protocol::{PRESENCE, Said, Told, Work, decode, encode},
};
use crate::{RelayError, config::WorkerConfig, served::engine};
use alloy_primitives::B256;
use async_nats::jetstream::{self, consumer::PullConsumer};
use futures_util::StreamExt;
use std::{
    path::Path,
    sync::{
        Arc, Mutex, PoisonError,
        atomic::{AtomicBool, AtomicU64, Ordering},
    },
    time::{Duration, Instant},
};
use tokio::{sync::watch, time::sleep};
use verdict_circuit::Limits;
use verdict_engine::{Bundle, Engine, OpenOptions, Salts, Session, memory_of, silent};
use verdict_model::CompiledModel;

/// How long a worker waits for work at once, before it looks whether it should stop.
const WAIT: Duration = Duration::from_secs(2);

/// How many models are kept open.
const OPEN: usize = 4;

/// How long it waits after something that failed.
const REST: Duration = Duration::from_secs(1);

/// A worker: it proves for one relayer's operator, and knows nothing else.
#[derive(Debug)]
pub struct Worker {
    config: WorkerConfig,
    carrier: Carrier,
    seal: Seal,
    engine: Engine,
    /// The newest last.
    open: Mutex<Vec<([u8; 32], Arc<Session>)>>,
    busy: AtomicBool,
    stop: watch::Sender<bool>,
    proofs: AtomicU64,
}

/// Why there is no proof.
enum Failure {
    Lacks(String),
    Cannot(String),
}

impl Worker {
    /// Opens what a configuration names.
    pub async fn open(config: WorkerConfig) -> Result<Arc<Self>, RelayError> {
        let key = config.key.read_hidden("a worker's key", &config.folder)?;
        let seal = Seal::new(&config.name, &key)?;
        let name = format!("verdict worker {}", config.name);
        Ok(Arc::new(Self {
            carrier: Carrier::open(&config.carrier(), &config.folder, &name).await?,
            engine: engine(&config.setup)?,
            seal,
            config,
            open: Mutex::default(),
            busy: AtomicBool::new(false),
            stop: watch::Sender::new(false),
            proofs: AtomicU64::new(0),
        }))
    }

    /// Its name.
    pub fn name(&self) -> &str {
        &self.config.name
    }

    /// How many proofs it has made.
    pub fn proofs(&self) -> u64 {
        self.proofs.load(Ordering::Relaxed)
    }

    /// Tells it to stop, when what it is at is done.
    pub fn stop(&self) {
        self.stop.send_replace(true);
    }

    async fn stopped(&self) {
        let mut stop = self.stop.subscribe();
        let _ = stop.wait_for(|stop| *stop).await;
    }

    /// Proves until something else has ended, and what it is at then is done.
    pub async fn serve(self: &Arc<Self>, stop: impl Future<Output = ()> + Send + 'static) {
        let told = self.clone();
        let told = tokio::spawn(async move {
            stop.await;
            tracing::info!("told to stop: what is under way is finished");
            told.stop();
        });
        self.run().await;
        told.abort();
    }

    /// Proves until it is told to stop.
    pub async fn run(self: &Arc<Self>) {
        let present = tokio::spawn(self.clone().be_present());
        let mut said = None;
        while !*self.stop.borrow() {
            if let Err(error) = self.fetch().await {
                let error = error.to_string();
                if said.as_ref() != Some(&error) {
                    tracing::warn!(error, "no work can be fetched");
                }
                said = Some(error);
                tokio::select! {
                    () = sleep(REST) => {}
                    () = self.stopped() => {}
                }
            } else if said.take().is_some() {
                tracing::info!("work can be fetched again");
            }
        }
        present.abort();
    }

    /// Says that it is there, over and over.
    async fn be_present(self: Arc<Self>) {
        loop {
            let _ = self.say_here().await;
            sleep(PRESENCE).await;
        }
    }

    async fn say_here(&self) -> Result<(), RelayError> {
        let said = Said::Here {
            memory: self.config.memory.0,
            busy: self.busy.load(Ordering::Relaxed),
        };
        let subject = self.carrier.subject(&["here", &self.config.name]);
        self.carrier.say(subject, self.sealed(&said)?).await
    }

    fn sealed(&self, said: &Said) -> Result<Vec<u8>, RelayError> {
        self.seal.seal(Direction::ToRelayer, &encode(said)?)
    }

    fn opened(&self, bytes: &[u8]) -> Option<Told> {
        let bytes = self.seal.open(Direction::ToWorker, bytes)?;
        decode(&bytes).ok()
    }

    /// Takes what there is, one after the other, for a while.
    async fn fetch(self: &Arc<Self>) -> Result<(), RelayError> {
        let fail = |error: async_nats::Error| RelayError::machine("fetch work", error);
        let fetcher: PullConsumer = self.carrier.fetcher(&self.config.name).await?;
        while !*self.stop.borrow() {
            let batch = fetcher.fetch().max_messages(1).expires(WAIT).messages();
            let waited = tokio::time::timeout(WAIT * 3, batch).await;
            let batch = waited.map_err(|error| fail(error.into()))?;
            let mut batch = batch.map_err(|error| fail(error.into()))?;
            let mut taken = false;
            while let Some(message) = batch.next().await {
                let message: jetstream::Message = message.map_err(fail)?;
                taken = true;
                // It is this worker's now: what becomes of it the relayer learns from the worker.
                message.ack().await.map_err(fail)?;
                match self.opened(&message.payload) {
                    Some(Told::Work(work)) => self.work(*work).await,
                    _ => tracing::warn!("a message that is not of the relayer is dropped"),
                }
            }
            if !taken {
                // A server that lost everything says nothing either: whether it still knows this
                // worker is asked anew.
                return Ok(());
            }
        }
        Ok(())
    }

    async fn work(self: &Arc<Self>, work: Work) {
        self.busy.store(true, Ordering::Relaxed);
        match self.ask(&work).await {
            Ok(true) => {
                tracing::info!(trigger = work.trigger, attempt = work.attempt, "begun");
                let beats = tokio::spawn(self.clone().beat(work.clone()));
                let said = self.prove(&work).await;
                self.answer(&work, &said).await;
                beats.abort();
            }
            Ok(false) => tracing::info!(trigger = work.trigger, "not wanted any more"),
            Err(error) => tracing::warn!(trigger = work.trigger, %error, "nobody wants it"),
        }
        self.busy.store(false, Ordering::Relaxed);
        let _ = self.say_here().await;
    }

    fn to(&self, work: &Work) -> String {
        self.carrier
            .subject(&["relay", &work.relayer, &self.config.name])
    }

    /// Whether the relayer still waits for it.
    async fn ask(&self, work: &Work) -> Result<bool, RelayError> {
        let said = Said::Ask {
            attempt: work.attempt.clone(),
        };
        let answer = self.carrier.ask(self.to(work), self.sealed(&said)?).await?;
        match self.opened(&answer) {
            Some(Told::Go { attempt, go }) if attempt == work.attempt => Ok(go),
            _ => Err(RelayError::machine("ask the relayer", "another answered")),
        }
    }

    /// Says that it is still at it, over and over.
    async fn beat(self: Arc<Self>, work: Work) {
        for number in 1.. {
            sleep(Duration::from_millis(work.beat.clamp(50, 60_000))).await;
            let said = Said::Beat {
                attempt: work.attempt.clone(),
                number,
            };
            if let Ok(sealed) = self.sealed(&said) {
                let _ = self.carrier.say(self.to(&work), sealed).await;
            }
        }
    }

    async fn prove(self: &Arc<Self>, work: &Work) -> Said {
        let attempt = work.attempt.clone();
        let proved = match self.session(work).await {
            Ok(session) => {
                let work = work.clone();
                let proving = tokio::task::spawn_blocking(move || {
                    let started = Instant::now();
                    let context = B256::from(work.context);
                    let proof = session.prove(&work.items, Salts::Random, context, &silent);
                    proof.map(|proof| (proof, started.elapsed()))
                });
                match proving.await {
                    Ok(Ok(proof)) => Ok(proof),
                    Ok(Err(error)) => Err(Failure::Cannot(error.to_string())),
                    Err(_) => Err(Failure::Cannot("the prover broke off".into())),
                }
            }
            Err(failure) => Err(failure),
        };
        match proved {
            Ok((proof, took)) => {
                self.proofs.fetch_add(1, Ordering::Relaxed);
                let milliseconds = u64::try_from(took.as_millis()).unwrap_or(u64::MAX);
                tracing::info!(trigger = work.trigger, milliseconds, "proved");
                let values = proof.public_values().iter().map(|it| it.0).collect();
                Said::Done {
                    attempt,
                    public_values: values,
                    proof: proof.proof().to_vec(),
                    milliseconds,
                }
            }
            Err(Failure::Lacks(why)) => {
                tracing::warn!(trigger = work.trigger, why, "the model is not there");
                Said::Lacks { attempt, why }
            }
            Err(Failure::Cannot(why)) => {
                tracing::error!(trigger = work.trigger, why, "it cannot be proved here");
                Said::Cannot { attempt, why }
            }
        }
    }

    /// Answers, again and again until that has arrived, or is worthless.
    async fn answer(&self, work: &Work, said: &Said) {
        let Ok(sealed) = self.sealed(said) else {
            return;
        };
        let until = Instant::now() + Duration::from_millis(work.longest.min(600_000));
        while Instant::now() < until {
            if let Ok(answer) = self.carrier.ask(self.to(work), sealed.clone()).await
                && let Some(Told::Arrived { attempt }) = self.opened(&answer)
                && attempt == work.attempt
            {
                return;
            }
            tokio::select! {
                () = sleep(REST) => {}
                () = self.stopped() => return,
            }
        }
    }

    /// The model, opened, if it is the very one that is wanted.
    async fn session(self: &Arc<Self>, work: &Work) -> Result<Arc<Session>, Failure> {
        if work.memory > self.config.memory.0 {
            return Err(Failure::Cannot(format!(
                "it takes {} MiB, and there are {}",
                work.memory >> 20,
                self.config.memory.0 >> 20
            )));
        }
        if let Some(known) = self.known(&work.bundle) {
            return Ok(known);
        }
        let file = self
            .carrier
            .get(&work.model, work.length)
            .await
            .map_err(|error| Failure::Lacks(error.to_string()))?;
        let (own, work) = (self.clone(), work.clone());
        let opening = tokio::task::spawn_blocking(move || own.open_model(&file, &work));
        let broke_off = |_| Failure::Cannot("opening the model broke off".into());
        opening.await.map_err(broke_off)?
    }

    fn known(&self, bundle: &[u8; 32]) -> Option<Arc<Session>> {
        let open = self.open.lock().unwrap_or_else(PoisonError::into_inner);
        open.iter()
            .find(|(known, _)| known == bundle)
            .map(|(_, session)| session.clone())
    }

    fn open_model(&self, file: &[u8], work: &Work) -> Result<Arc<Session>, Failure> {
        let lacks = |why: String| Failure::Lacks(why);
        let cannot = |why: String| Failure::Cannot(why);
        let model = CompiledModel::from_bytes(file, Path::new("the model in NATS' store"))
            .map_err(|error| lacks(error.to_string()))?;
        if model.digest() != work.model {
            return Err(lacks("the model in NATS' store is another".into()));
        }
        let batch = work.batch.resolve(&model);
        let options = OpenOptions {
            limits: Limits {
                max_k: work.k,
                width: usize::try_from(work.width).ok(),
                pack: usize::try_from(work.pack).ok(),
                ..Limits::default()
            },
            batch: batch.map_err(|error| cannot(error.to_string()))?,
            ..OpenOptions::default()
        };
        let plan = self.engine.plan(&model, &options);
        let plan = plan.map_err(|error| cannot(error.to_string()))?;
        if memory_of(&plan) > self.config.memory.0 {
            return Err(cannot("it takes more memory than the relayer says".into()));
        }
        let session = self.engine.open(model, options, &silent);
        let session = session.map_err(|error| cannot(error.to_string()))?;
        let bundle = Bundle::make(&session).map_err(|error| cannot(error.to_string()))?;
        if bundle.digest().0 != work.bundle {
            return Err(cannot(
                "it makes another key here: is `setup` the deployment's, and the program the relayer's version?"
                    .into(),
            ));
        }
        let session = Arc::new(session);
        let mut open = self.open.lock().unwrap_or_else(PoisonError::into_inner);
        if open.len() >= OPEN {
            open.remove(0);
        }
        open.push((work.bundle, session.clone()));
        Ok(session)
    }
}
