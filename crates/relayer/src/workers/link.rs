//! NATS, which carries and is not believed.

use super::protocol::{MESSAGE, MODEL};
use crate::{
    RelayError,
    config::{NatsConfig, Secret},
};
use alloy_primitives::hex;
use async_nats::{
    Client, ConnectOptions, Event, Subscriber,
    jetstream::{
        self, Context,
        consumer::pull,
        object_store::{self, ObjectStore},
        stream::{self, RetentionPolicy},
    },
};
use std::{
    path::Path,
    sync::{Arc, Mutex, PoisonError},
    time::{Duration, Instant},
};
use tokio::{io::AsyncReadExt, time::timeout};

/// How long the server may take to answer.
const PATIENCE: Duration = Duration::from_secs(5);

/// How long a model may take to be carried.
const CARRYING: Duration = Duration::from_secs(600);

/// How long work lies about that nobody fetches.
const WORK_AGE: Duration = Duration::from_secs(120);

/// How long models are kept that nobody asks for.
const MODEL_AGE: Duration = Duration::from_secs(7 * 24 * 3_600);

/// How many messages wait to be read, at most; what is more is dropped, as NATS may do.
const WAITING: usize = 64;

/// A connection that comes back by itself.
#[derive(Clone, Debug)]
pub struct Carrier {
    client: Client,
    context: Context,
    prefix: String,
    trouble: Arc<Mutex<Trouble>>,
}

/// What is known of the connection.
#[derive(Debug)]
struct Trouble {
    why: Option<String>,
    /// When it was last there.
    seen: Instant,
}

impl Carrier {
    /// Begins to connect; whether it could is asked later.
    pub async fn open(config: &NatsConfig, folder: &Path, name: &str) -> Result<Self, RelayError> {
        let trouble = Arc::new(Mutex::new(Trouble {
            why: Some("not connected yet".to_owned()),
            seen: Instant::now(),
        }));
        let heard = trouble.clone();
        let mut options = ConnectOptions::new()
            .name(name)
            .retry_on_initial_connect()
            .connection_timeout(PATIENCE)
            .request_timeout(Some(PATIENCE))
            .ping_interval(Duration::from_secs(10))
            .subscription_capacity(WAITING)
            .reconnect_delay_callback(|tries| {
                Duration::from_millis(100).saturating_mul(1 << tries.min(5))
            })
            .event_callback(move |event| {
                let now = match &event {
                    Event::Connected => Some(None),
                    Event::Disconnected | Event::Closed => Some(Some("not connected".to_owned())),
                    Event::ClientError(error) => Some(Some(error.to_string())),
                    Event::ServerError(error) => Some(Some(error.to_string())),
                    _ => None,
                };
                if let Some(now) = now {
                    let mut place = heard.lock().unwrap_or_else(PoisonError::into_inner);
                    place.seen = Instant::now();
                    // That a connection broke off says less than why.
                    if !(now.as_deref() == Some("not connected") && place.why.is_some()) {
                        place.why = now;
                    }
                }
                tracing::debug!(%event, "NATS");
                async {}
            });
        let read = |secret: &Option<Secret>| secret.as_ref().map(|it| it.read(folder)).transpose();
        if let Some(credentials) = read(&config.credentials)? {
            options = options
                .credentials(&credentials)
                .map_err(|error| RelayError::machine("read NATS' credentials", error))?;
        }
        if let Some(token) = read(&config.token)? {
            options = options.token(token);
        }
        if let Some(path) = &config.root_certificates {
            options = options.add_root_certificates(folder.join(path));
        }
        let url = config.url.read(folder)?;
        // Neither the URL nor what is said of it is quoted: it can hold a password.
        let client = timeout(PATIENCE, options.connect(url))
            .await
            .map_err(|error| RelayError::machine("reach NATS", error))?
            .map_err(|error| RelayError::machine("reach NATS", error.kind()))?;
        let mut context = jetstream::new(client.clone());
        context.set_timeout(PATIENCE);
        Ok(Self {
            client,
            context,
            prefix: config.prefix.clone(),
            trouble,
        })
    }

    /// Why it does not carry anything, if it does not.
    pub fn trouble(&self) -> Option<String> {
        let place = self.trouble.lock().unwrap_or_else(PoisonError::into_inner);
        place.why.clone()
    }

    /// Whether it was there all this time, as far as is known.
    pub(crate) fn was_there(&self, time: Duration) -> bool {
        let place = self.trouble.lock().unwrap_or_else(PoisonError::into_inner);
        place.why.is_none() && place.seen.elapsed() > time
    }

    /// A subject below the prefix.
    pub(crate) fn subject(&self, parts: &[&str]) -> String {
        format!("{}.{}", self.prefix, parts.join("."))
    }

    /// Listens.
    pub(crate) async fn subscribe(&self, parts: &[&str]) -> Result<Subscriber, RelayError> {
        let subject = self.subject(parts);
        within("listen on NATS", PATIENCE, self.client.subscribe(subject)).await
    }

    /// Says something, which may be lost.
    pub(crate) async fn say(&self, subject: String, message: Vec<u8>) -> Result<(), RelayError> {
        let said = async {
            self.client.publish(subject, message.into()).await?;
            self.client.flush().await?;
            Ok::<_, async_nats::Error>(())
        };
        within("say it by NATS", PATIENCE, said).await
    }

    /// Says something and waits for an answer.
    pub(crate) async fn ask(
        &self,
        subject: String,
        message: Vec<u8>,
    ) -> Result<Vec<u8>, RelayError> {
        let asked = self.client.request(subject, message.into());
        let answer = within("ask by NATS", PATIENCE, asked).await?;
        Ok(answer.payload.to_vec())
    }

    fn stream_name(&self) -> String {
        format!("{}_WORK", self.prefix.to_uppercase())
    }

    /// The stream of work, made if it is not there (any more).
    async fn stream(&self) -> Result<stream::Stream, RelayError> {
        let config = stream::Config {
            name: self.stream_name(),
            subjects: vec![self.subject(&["work", "*"])],
            retention: RetentionPolicy::WorkQueue,
            max_age: WORK_AGE,
            max_bytes: 64 << 20,
            max_messages_per_subject: 8,
            max_message_size: i32::try_from(MESSAGE).unwrap_or(i32::MAX),
            num_replicas: 1,
            ..stream::Config::default()
        };
        let made = self.context.get_or_create_stream(config);
        within("make NATS' stream of work", PATIENCE, made).await
    }

    /// Hands work to a worker; the server has it when this returns, for what that is worth.
    pub(crate) async fn hand(&self, worker: &str, message: Vec<u8>) -> Result<(), RelayError> {
        let subject = self.subject(&["work", worker]);
        let message = bytes(message);
        let published = self.publish(subject.clone(), message.clone()).await;
        if published.is_ok() {
            return published;
        }
        // The stream may be gone with the server's disk.
        self.stream().await?;
        self.publish(subject, message).await
    }

    async fn publish(
        &self,
        subject: String,
        message: alloy_primitives::bytes::Bytes,
    ) -> Result<(), RelayError> {
        let published = async {
            let stored = self.context.publish(subject, message).await?;
            stored.await?;
            Ok::<_, async_nats::Error>(())
        };
        within("hand work to NATS", PATIENCE, published).await
    }

    /// A worker's end of the stream.
    pub(crate) async fn fetcher(
        &self,
        worker: &str,
    ) -> Result<jetstream::consumer::PullConsumer, RelayError> {
        let stream = self.stream().await?;
        let name = format!("worker-{worker}");
        let config = pull::Config {
            durable_name: Some(name.clone()),
            filter_subject: self.subject(&["work", worker]),
            ack_wait: Duration::from_secs(10),
            // Whoever wants it offers it again.
            max_deliver: 2,
            ..pull::Config::default()
        };
        let made = stream.get_or_create_consumer(&name, config);
        within("make NATS' consumer of work", PATIENCE, made).await
    }

    async fn models(&self) -> Result<ObjectStore, RelayError> {
        let bucket = format!("{}_MODELS", self.prefix.to_uppercase());
        let there = self.context.get_object_store(&bucket);
        if let Ok(Ok(store)) = timeout(PATIENCE, there).await {
            return Ok(store);
        }
        let made = self.context.create_object_store(object_store::Config {
            bucket,
            max_age: MODEL_AGE,
            num_replicas: 1,
            ..object_store::Config::default()
        });
        within("make NATS' store of models", PATIENCE, made).await
    }

    /// Puts a model where workers find it, if it is not there, or whatever is there.
    pub(crate) async fn put(
        &self,
        digest: &[u8; 32],
        file: &[u8],
        anew: bool,
    ) -> Result<(), RelayError> {
        let name = hex::encode(digest);
        let store = self.models().await?;
        if !anew
            && let Ok(Ok(there)) = timeout(PATIENCE, store.info(&name)).await
            && !there.deleted
            && there.size == file.len()
        {
            return Ok(());
        }
        let mut file = file;
        let put = store.put(name.as_str(), &mut file);
        within("put a model into NATS' store", CARRYING, put).await?;
        Ok(())
    }

    /// Fetches what is said to be a model of so many bytes. Nothing of it is believed.
    pub(crate) async fn get(&self, digest: &[u8; 32], length: u64) -> Result<Vec<u8>, RelayError> {
        if length > MODEL {
            let reason = format!("it has {length} bytes, {MODEL} at most are carried");
            return Err(RelayError::machine("fetch a model", reason));
        }
        let name = hex::encode(digest);
        let store = self.models().await?;
        let fetched = async {
            let object = store.get(&name).await?;
            let mut file = Vec::new();
            // A byte more than there should be is enough to see that it is another.
            object.take(length + 1).read_to_end(&mut file).await?;
            Ok::<_, async_nats::Error>(file)
        };
        within("fetch a model from NATS' store", CARRYING, fetched).await
    }
}

fn bytes(message: Vec<u8>) -> alloy_primitives::bytes::Bytes {
    message.into()
}

/// Does something that may take so long.
async fn within<T, E: ToString>(
    what: &'static str,
    time: Duration,
    work: impl Future<Output = Result<T, E>>,
) -> Result<T, RelayError> {
    match timeout(time, work).await {
        Ok(Ok(done)) => Ok(done),
        Ok(Err(error)) => Err(RelayError::Workers(format!(
            "cannot {what}: {}",
            error.to_string()
        ))),
        Err(_) => Err(RelayError::Workers(format!(
            "cannot {what}: no answer in time"
        ))),
    }
}
