//! The relayer's side: who is there, who is given what, and whose answers are taken.

use super::{
    Direction, Seal,
    link::Carrier,
    protocol::{ABSENT, OPENED, Said, Told, Work, decode, encode, shortened},
};
use crate::{
    RelayError,
    config::{Config, WorkersConfig},
    served::Served,
    store::{Proof, Store, WorkerRow},
};
use alloy_primitives::B256;
use async_nats::{Message, Subscriber};
use futures_util::StreamExt;
use serde::Serialize;
use std::{
    collections::{BTreeMap, HashMap},
    sync::{
        Arc, Mutex, MutexGuard, PoisonError,
        atomic::{AtomicU64, Ordering},
    },
    time::{Duration, Instant},
};
use tokio::{
    sync::{Notify, mpsc},
    time::timeout,
};
use uuid::Uuid;
use verdict_model::Row;

/// How often one proof is offered before this machine is asked, or it waits.
const OFFERS: u32 = 4;

/// The workers of one operator, as this relayer knows them.
#[derive(Debug)]
pub struct Fleet {
    id: String,
    carrier: Carrier,
    store: Store,
    config: WorkersConfig,
    seals: BTreeMap<String, Seal>,
    /// How long a worker that took work may be silent.
    silence: Duration,
    state: Mutex<State>,
    strangers: AtomicU64,
    freed: Notify,
}

#[derive(Debug, Default)]
struct State {
    there: BTreeMap<String, Presence>,
    attempts: HashMap<String, Attempt>,
    /// Who was given something and did not take it, until when it is not asked.
    resting: BTreeMap<String, Instant>,
    /// Who must not be given anything, as the database said last.
    distrusted: BTreeMap<String, WorkerRow>,
}

#[derive(Debug)]
struct Presence {
    memory: u64,
    busy: bool,
    heard: Instant,
    /// Whether something was given to it that it has not answered for.
    given: bool,
}

#[derive(Debug)]
struct Attempt {
    worker: String,
    number: u64,
    news: mpsc::Sender<News>,
}

/// What a worker said of an attempt of its own.
#[derive(Debug)]
enum News {
    Began,
    Beat,
    Done(Answer),
    Lacks(String),
    Cannot(String),
}

/// What is said to be a proof.
#[derive(Debug)]
struct Answer {
    public_values: Vec<B256>,
    proof: Vec<u8>,
    milliseconds: u64,
}

/// What is wanted of whoever proves.
#[derive(Clone, Debug)]
pub(crate) struct Wanted<'a> {
    pub(crate) trigger: &'a str,
    pub(crate) model: &'a Arc<Served>,
    pub(crate) items: &'a [Row<i32>],
    pub(crate) context: B256,
}

/// How an offer ended.
enum Ended {
    Proved(Proof),
    /// It was nobody's fault, or the worker rests for it: another is asked.
    Again(String),
}

/// The workers, for pages and metrics.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct FleetState {
    /// Why NATS carries nothing, if it does not.
    pub trouble: Option<String>,
    /// Messages of nobody that is known.
    pub strangers: u64,
    /// The workers that are configured.
    pub workers: Vec<WorkerState>,
}

/// A worker.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct WorkerState {
    /// Its name.
    pub name: String,
    /// Whether it has been heard of just now.
    pub there: bool,
    /// Whether it proves.
    pub busy: bool,
    /// What its proofs may take, in bytes.
    pub memory: u64,
    /// Proofs of it that were right.
    pub proofs: u64,
    /// For how many milliseconds more nothing is given to it.
    pub rests_for: i64,
    /// Why it was set aside, if it was.
    pub set_aside: Option<String>,
}

impl Fleet {
    /// The workers of a configuration, if it has any.
    pub async fn open(
        config: &Config,
        id: &str,
        store: &Store,
    ) -> Result<Option<Arc<Self>>, RelayError> {
        let Some(workers) = config.workers.clone() else {
            return Ok(None);
        };
        let mut seals = BTreeMap::new();
        for (name, key) in &workers.keys {
            let key = key.read_hidden("a worker's key", &config.folder)?;
            seals.insert(name.clone(), Seal::new(name, &key)?);
        }
        let carrier = Carrier::open(&workers.carrier(), &config.folder, "verdict relay").await?;
        Ok(Some(Arc::new(Self {
            id: id.to_owned(),
            carrier,
            store: store.clone(),
            silence: config.prover.lease.0,
            config: workers,
            seals,
            state: Mutex::default(),
            strangers: AtomicU64::new(0),
            freed: Notify::new(),
        })))
    }

    /// How many workers there can be.
    pub fn size(&self) -> usize {
        self.seals.len()
    }

    /// Whether a proof of so many bytes is for workers first.
    pub(crate) const fn wants(&self, fits_here: bool) -> bool {
        !fits_here || !self.config.large_only
    }

    /// Why NATS carries nothing, if it does not.
    pub fn trouble(&self) -> Option<String> {
        self.carrier.trouble()
    }

    /// Whether anybody is there and free.
    pub fn is_free(&self) -> bool {
        let state = self.state();
        self.carrier.trouble().is_none()
            && state
                .there
                .iter()
                .any(|(name, it)| state.may_have(name, it, 0))
    }

    /// Resolves when a worker has said that it is free.
    pub(crate) async fn freed(&self) {
        self.freed.notified().await;
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn fingerprint(&self, name: &str) -> &str {
        self.seals.get(name).map_or("", Seal::fingerprint)
    }

    /// What is known of the workers.
    pub async fn snapshot(&self) -> Result<FleetState, RelayError> {
        let rows = self.store.workers().await?;
        let state = self.state();
        let workers = self.seals.iter().map(|(name, seal)| {
            let row = rows
                .iter()
                .find(|it| it.name == *name && it.fingerprint == seal.fingerprint());
            let there = state.there.get(name).filter(|it| it.is_there());
            let now = crate::store::now();
            WorkerState {
                name: name.clone(),
                there: there.is_some(),
                busy: there.is_some_and(|it| it.busy || it.given),
                memory: there.map_or(0, |it| it.memory),
                proofs: row.map_or(0, |it| it.proofs),
                rests_for: row.map_or(0, |it| it.rests_until).max(now) - now,
                set_aside: row.and_then(|it| it.set_aside.clone()).map(|it| it.1),
            }
        });
        Ok(FleetState {
            trouble: self.carrier.trouble(),
            strangers: self.strangers.load(Ordering::Relaxed),
            workers: workers.collect(),
        })
    }

    /// Has a proof made by whoever is free for it, and checks it; says why if nobody makes it.
    pub(crate) async fn prove(&self, wanted: &Wanted<'_>) -> Result<Proof, RelayError> {
        let expected = wanted.model.expected(wanted.items, wanted.context)?;
        let mut why = String::new();
        for _ in 0..OFFERS {
            self.look_up().await?;
            if let Some(trouble) = self.carrier.trouble() {
                return Err(RelayError::Workers(format!("NATS: {trouble}{why}")));
            }
            let Some(worker) = self.reserve(wanted.model.memory()) else {
                let most = wanted.model.memory() >> 20;
                return Err(RelayError::Workers(format!(
                    "no worker is free for a proof of {most} MiB{why}"
                )));
            };
            let attempt = Uuid::now_v7().to_string();
            let reserved = Reserved {
                fleet: self,
                worker: &worker,
                attempt: &attempt,
            };
            let ended = self.offer(&reserved, wanted, &expected).await;
            drop(reserved);
            match ended? {
                Ended::Proved(proof) => return Ok(proof),
                Ended::Again(reason) => {
                    tracing::warn!(trigger = wanted.trigger, worker, reason, "not proved");
                    why = format!("; worker {worker}: {reason}");
                }
            }
        }
        Err(RelayError::Workers(format!("offered {OFFERS} times{why}")))
    }

    /// Reads who is not trusted, which other relayers may have written.
    async fn look_up(&self) -> Result<(), RelayError> {
        let rows = self.store.workers().await?;
        let distrusted = rows
            .into_iter()
            .filter(|it| !it.is_trusted() && it.fingerprint == self.fingerprint(&it.name))
            .map(|it| (it.name.clone(), it))
            .collect();
        self.state().distrusted = distrusted;
        Ok(())
    }

    /// Chooses a worker that is free for a proof of so many bytes: of those the smallest, so that the
    /// large ones are there for large proofs.
    fn reserve(&self, memory: u64) -> Option<String> {
        let mut state = self.state();
        let free = state
            .there
            .iter()
            .filter(|(name, it)| state.may_have(name, it, memory));
        let (_, name) = free.map(|(name, it)| (it.memory, name.clone())).min()?;
        state.there.get_mut(&name)?.given = true;
        Some(name)
    }

    async fn offer(
        &self,
        reserved: &Reserved<'_>,
        wanted: &Wanted<'_>,
        expected: &[B256],
    ) -> Result<Ended, RelayError> {
        let (sender, mut news) = mpsc::channel(16);
        self.state().attempts.insert(
            reserved.attempt.to_owned(),
            Attempt {
                worker: reserved.worker.to_owned(),
                number: 0,
                news: sender,
            },
        );
        self.carry(wanted.model, false).await?;
        let started = Instant::now();
        self.hand(reserved, wanted).await?;
        // Whoever is there and does not take it is not there.
        let Ok(Some(News::Began)) = timeout(self.config.patience.0, news.recv()).await else {
            let until = Instant::now() + self.silence;
            let mut state = self.state();
            state.resting.insert(reserved.worker.to_owned(), until);
            return Ok(Ended::Again("does not take work".into()));
        };
        tracing::info!(trigger = wanted.trigger, worker = reserved.worker, "proves");
        loop {
            let left = self.config.longest.0.saturating_sub(started.elapsed());
            let Ok(Some(said)) = timeout(self.silence.min(left), news.recv()).await else {
                // What NATS lost is not the worker's fault.
                if self.carrier.was_there(self.silence.saturating_mul(2)) {
                    self.lapsed(reserved.worker).await?;
                }
                return Ok(Ended::Again("gave no sign any more".into()));
            };
            match said {
                News::Began | News::Beat => {}
                News::Done(answer) => {
                    return self.judge(reserved.worker, wanted, expected, answer).await;
                }
                News::Lacks(why) => {
                    // Somebody altered it, or the store was lost: it is put there anew.
                    self.carry(wanted.model, true).await?;
                    return Ok(Ended::Again(why));
                }
                News::Cannot(why) => {
                    self.lapsed(reserved.worker).await?;
                    return Ok(Ended::Again(why));
                }
            }
        }
    }

    async fn lapsed(&self, worker: &str) -> Result<(), RelayError> {
        let fingerprint = self.fingerprint(worker);
        self.store
            .worker_lapsed(worker, fingerprint, self.silence)
            .await
    }

    /// Puts a model where workers find it.
    async fn carry(&self, model: &Arc<Served>, anew: bool) -> Result<(), RelayError> {
        let file = model.model().to_bytes()?;
        self.carrier.put(&model.model().digest(), &file, anew).await
    }

    async fn hand(&self, reserved: &Reserved<'_>, wanted: &Wanted<'_>) -> Result<(), RelayError> {
        let model = wanted.model;
        let (bundle, (k, width, pack)) = model.bundle();
        let millis = |time: Duration| u64::try_from(time.as_millis()).unwrap_or(u64::MAX);
        let work = Work {
            attempt: reserved.attempt.to_owned(),
            relayer: self.id.clone(),
            trigger: wanted.trigger.to_owned(),
            model: model.model().digest(),
            length: model.model().to_bytes()?.len() as u64,
            bundle: bundle.0,
            k,
            width: width as u64,
            pack: pack as u64,
            batch: model.batch(),
            memory: model.memory(),
            items: wanted.items.to_vec(),
            context: wanted.context.0,
            beat: millis(self.silence / 5),
            longest: millis(self.config.longest.0),
        };
        let message = self.sealed(reserved.worker, &Told::Work(Box::new(work)))?;
        if message.len() > super::protocol::MESSAGE {
            return Err(RelayError::Workers(format!(
                "its inputs are {} bytes: too many to send to a worker",
                message.len()
            )));
        }
        self.carrier.hand(reserved.worker, message).await
    }

    fn sealed(&self, worker: &str, told: &Told) -> Result<Vec<u8>, RelayError> {
        let seal = self.seals.get(worker);
        let seal = seal.ok_or_else(|| RelayError::Workers(format!("no worker {worker}")))?;
        seal.seal(Direction::ToWorker, &encode(told)?)
    }

    /// Whether a worker's answer is what was wanted; one that answers with anything else is set
    /// aside.
    async fn judge(
        &self,
        worker: &str,
        wanted: &Wanted<'_>,
        expected: &[B256],
        answer: Answer,
    ) -> Result<Ended, RelayError> {
        let Answer {
            public_values,
            proof,
            milliseconds,
        } = answer;
        let refused = if public_values.first() != expected.first() {
            Some("its proof is of another occasion".to_owned())
        } else if public_values != expected {
            Some("its proof says other inputs or outputs".to_owned())
        } else {
            let (model, values, bytes) = (wanted.model.clone(), public_values, proof.clone());
            let checked = tokio::task::spawn_blocking(move || model.verify(&values, &bytes));
            // The verifier is shown a stranger's bytes: whatever it does with them is their fault.
            match checked.await {
                Ok(Ok(())) => None,
                Ok(Err(error)) => Some(format!("its proof does not verify: {error}")),
                Err(_) => Some("its proof makes the verifier break off".into()),
            }
        };
        let fingerprint = self.fingerprint(worker);
        if let Some(reason) = refused {
            self.set_aside(worker, &reason).await?;
            return Ok(Ended::Again(reason));
        }
        self.store.worker_proved(worker, fingerprint).await?;
        Ok(Ended::Proved(Proof {
            public_values: expected.to_vec(),
            proof: proof.into(),
            milliseconds,
            by: worker.to_owned(),
        }))
    }

    async fn set_aside(&self, worker: &str, reason: &str) -> Result<(), RelayError> {
        tracing::error!(worker, reason, "a worker is set aside");
        let fingerprint = self.fingerprint(worker);
        self.store
            .set_aside(worker, fingerprint, &shortened(reason))
            .await
    }

    /// Listens to workers until that breaks off.
    pub(crate) async fn listen(&self) -> Result<(), RelayError> {
        let here = self.carrier.subscribe(&["here", "*"]).await?;
        let own = self.carrier.subscribe(&["relay", &self.id, "*"]).await?;
        let mut all = futures_util::stream::select(here, own);
        // Not for ever: what is subscribed to is lost with some servers' state.
        const ANEW: Duration = Duration::from_secs(300);
        let until = tokio::time::Instant::now() + ANEW;
        while let Ok(Some(message)) = tokio::time::timeout_at(until, next(&mut all)).await {
            self.hear(message).await?;
        }
        Ok(())
    }

    async fn hear(&self, message: Message) -> Result<(), RelayError> {
        let name = message.subject.rsplit('.').next().unwrap_or_default();
        let seal = self
            .seals
            .get(name)
            .filter(|_| message.payload.len() <= OPENED);
        let opened = seal.and_then(|seal| {
            let bytes = seal.open(Direction::ToRelayer, &message.payload)?;
            Some((seal.name().to_owned(), bytes))
        });
        let Some((worker, bytes)) = opened else {
            // Not this worker's, whatever it says.
            self.strangers.fetch_add(1, Ordering::Relaxed);
            return Ok(());
        };
        let said = match decode(&bytes) {
            Ok(said) => said,
            Err(detail) => {
                let reason = format!("it says what nobody understands: {detail}");
                return self.set_aside(&worker, &reason).await;
            }
        };
        let answer = self.heard(&worker, said);
        if let (Some(told), Some(to)) = (answer, &message.reply) {
            let sealed = self.sealed(&worker, &told)?;
            if let Err(error) = self.carrier.say(to.to_string(), sealed).await {
                tracing::warn!(worker, %error, "a worker could not be answered");
            }
        }
        Ok(())
    }

    fn heard(&self, worker: &str, said: Said) -> Option<Told> {
        let mut state = self.state();
        match said {
            Said::Here { memory, busy } => {
                let known = state.there.remove(worker);
                let there = Presence {
                    memory,
                    busy,
                    heard: Instant::now(),
                    given: known.is_some_and(|it| it.given),
                };
                state.there.insert(worker.to_owned(), there);
                if !busy {
                    self.freed.notify_one();
                }
                None
            }
            Said::Ask { attempt } => {
                let go = state.tell(worker, &attempt, News::Began);
                Some(Told::Go { attempt, go })
            }
            Said::Beat { attempt, number } => {
                let newer = state
                    .attempts
                    .get_mut(&attempt)
                    .filter(|it| it.worker == worker && number > it.number);
                if let Some(known) = newer {
                    known.number = number;
                    state.tell(worker, &attempt, News::Beat);
                }
                None
            }
            Said::Done {
                attempt,
                public_values,
                proof,
                milliseconds,
            } => {
                let answer = Answer {
                    public_values: public_values.into_iter().map(B256::from).collect(),
                    proof,
                    milliseconds,
                };
                state.tell(worker, &attempt, News::Done(answer));
                Some(Told::Arrived { attempt })
            }
            Said::Lacks { attempt, why } => {
                state.tell(worker, &attempt, News::Lacks(shortened(&why)));
                Some(Told::Arrived { attempt })
            }
            Said::Cannot { attempt, why } => {
                state.tell(worker, &attempt, News::Cannot(shortened(&why)));
                Some(Told::Arrived { attempt })
            }
        }
    }
}

async fn next(all: &mut futures_util::stream::Select<Subscriber, Subscriber>) -> Option<Message> {
    all.next().await
}

impl State {
    fn may_have(&self, name: &str, it: &Presence, memory: u64) -> bool {
        it.is_there()
            && !it.busy
            && !it.given
            && it.memory >= memory
            && !self.distrusted.contains_key(name)
            && self
                .resting
                .get(name)
                .is_none_or(|until| *until < Instant::now())
    }

    /// Whether somebody waits for an attempt of this worker, and has been told.
    fn tell(&self, worker: &str, attempt: &str, news: News) -> bool {
        let known = self.attempts.get(attempt);
        let known = known.filter(|it| it.worker == worker);
        known.is_some_and(|it| it.news.try_send(news).is_ok())
    }
}

impl Presence {
    fn is_there(&self) -> bool {
        self.heard.elapsed() < ABSENT
    }
}

/// A worker that was given an attempt; both are free when this is dropped.
struct Reserved<'a> {
    fleet: &'a Fleet,
    worker: &'a str,
    attempt: &'a str,
}

impl Drop for Reserved<'_> {
    fn drop(&mut self) {
        let mut state = self.fleet.state();
        state.attempts.remove(self.attempt);
        if let Some(there) = state.there.get_mut(self.worker) {
            there.given = false;
        }
    }
}
