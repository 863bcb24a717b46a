//! How an operator speaks to a running service: a Unix socket that its own account alone can open,
//! a line of JSON there and a line of JSON back.

use crate::{
    RelayError,
    config::Config,
    service::Service,
    store::{Attempt, Change, Slot, State, Transition, Trigger},
    web::Snapshot,
};
use serde::{Deserialize, Serialize};
use std::{
    os::unix::fs::PermissionsExt,
    path::{Path, PathBuf},
    sync::Arc,
    time::Duration,
};
use tokio::{
    io::{AsyncBufReadExt, AsyncReadExt, AsyncWriteExt, BufReader},
    net::{UnixListener, UnixStream},
    time::timeout,
};

/// The longest line that is read.
const LONGEST: u64 = 1 << 20;

/// How long a conversation may take.
const PATIENCE: Duration = Duration::from_secs(120);

/// What an operator asks.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "command", rename_all = "kebab-case", deny_unknown_fields)]
pub enum Command {
    /// Everything at once.
    Status,
    /// Begin nothing more for a job.
    Pause {
        /// The job.
        job: String,
        /// Why.
        reason: String,
    },
    /// Go on with a job.
    Resume {
        /// The job.
        job: String,
    },
    /// Begin a trigger that failed or expired once more.
    Retry {
        /// The beginning of its id.
        trigger: String,
    },
    /// How a trigger came to be where it is.
    Explain {
        /// The beginning of its id.
        trigger: String,
    },
    /// Give a worker work again that was set aside.
    Readmit {
        /// Its name.
        worker: String,
    },
    /// Read the configuration again.
    Reload,
    /// Stop.
    Stop,
}

/// What the service answers.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Reply {
    /// Whether it was done.
    pub ok: bool,
    /// What was done, or why not.
    pub message: String,
    /// The document that was asked for.
    #[serde(default, skip_serializing_if = "serde_json::Value::is_null")]
    pub data: serde_json::Value,
}

/// A trigger with all that is known of it.
#[derive(Clone, Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Explanation {
    /// Its id.
    pub id: String,
    /// Its job.
    pub job: String,
    /// What happened.
    pub what: String,
    /// What makes it one trigger.
    pub key: String,
    /// Where it is.
    pub state: &'static str,
    /// Why.
    pub reason: String,
    /// When it is taken up again, if not at once, in milliseconds.
    pub not_before: i64,
    /// The values of the model's first output.
    pub outputs: Vec<f64>,
    /// The occasion's parameters.
    pub occasion: std::collections::BTreeMap<String, String>,
    /// Every step.
    pub steps: Vec<Transition>,
    /// Its nonces, and the transactions that were signed for each.
    pub transactions: Vec<Sending>,
}

/// A nonce, and the transactions that were signed for it.
#[derive(Clone, Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Sending {
    /// The account.
    pub account: String,
    /// The nonce.
    pub nonce: u64,
    /// The transactions, the newest first: hash, and most that it pays for a unit of gas in wei.
    pub transactions: Vec<(String, String)>,
}

/// Where a running service is spoken to.
#[derive(Debug)]
pub struct Control {
    listener: UnixListener,
    path: PathBuf,
}

impl Control {
    /// Opens the socket. Another service that listens there is let be; what one left behind is
    /// removed.
    pub async fn open(path: &Path) -> Result<Self, RelayError> {
        let fail = |error: std::io::Error| {
            RelayError::machine(format!("listen on {}", path.display()), error)
        };
        if path.exists() {
            if UnixStream::connect(path).await.is_ok() {
                return Err(RelayError::Config(format!(
                    "service.socket: another relayer listens on {}",
                    path.display()
                )));
            }
            std::fs::remove_file(path).map_err(fail)?;
        }
        let listener = UnixListener::bind(path).map_err(fail)?;
        std::fs::set_permissions(path, std::fs::Permissions::from_mode(0o600)).map_err(fail)?;
        Ok(Self {
            listener,
            path: path.to_owned(),
        })
    }

    /// Answers until the service stops. `config` is read again when an operator asks for it.
    pub async fn serve(self, service: Arc<Service>, config: PathBuf) {
        loop {
            let stream = tokio::select! {
                accepted = self.listener.accept() => accepted,
                () = service.stopped() => break,
            };
            let Ok((stream, _)) = stream else {
                continue;
            };
            let (service, config) = (service.clone(), config.clone());
            tokio::spawn(async move {
                let talk = converse(stream, &service, &config);
                if let Ok(Err(error)) = timeout(PATIENCE, talk).await {
                    tracing::warn!(%error, "an operator could not be answered");
                }
            });
        }
        let _ = std::fs::remove_file(&self.path);
    }
}

/// Asks a running service.
pub async fn ask(path: &Path, command: &Command) -> Result<Reply, RelayError> {
    let fail = |error: std::io::Error| {
        RelayError::machine(
            format!("reach the relayer at {}", path.display()),
            format!("{error}; is it running?"),
        )
    };
    let talk = async {
        let mut stream = UnixStream::connect(path).await.map_err(fail)?;
        let mut line = serde_json::to_vec(command)
            .map_err(|error| RelayError::machine("ask the relayer", error))?;
        line.push(b'\n');
        stream.write_all(&line).await.map_err(fail)?;
        let mut answer = Vec::new();
        // A snapshot is longer than a command.
        let mut reader = BufReader::new(stream).take(LONGEST * 64);
        reader.read_until(b'\n', &mut answer).await.map_err(fail)?;
        serde_json::from_slice(&answer)
            .map_err(|error| RelayError::machine("understand the relayer", error))
    };
    timeout(PATIENCE, talk)
        .await
        .map_err(|error| RelayError::machine("ask the relayer", error))?
}

async fn converse(
    stream: UnixStream,
    service: &Arc<Service>,
    config: &Path,
) -> Result<(), RelayError> {
    let fail = |error: std::io::Error| RelayError::machine("answer", error);
    let (reader, mut writer) = stream.into_split();
    let mut line = Vec::new();
    let mut reader = BufReader::new(reader).take(LONGEST);
    reader.read_until(b'\n', &mut line).await.map_err(fail)?;
    let reply = match serde_json::from_slice(&line) {
        Ok(command) => obey(service, config, command).await,
        Err(error) => Err(RelayError::machine("understand the command", error)),
    };
    let reply = reply.unwrap_or_else(|error| Reply {
        ok: false,
        message: error.to_string(),
        data: serde_json::Value::Null,
    });
    let mut answer = serde_json::to_vec(&reply)
        .map_err(|error| RelayError::machine("write the answer", error))?;
    answer.push(b'\n');
    writer.write_all(&answer).await.map_err(fail)
}

async fn obey(
    service: &Arc<Service>,
    config: &Path,
    command: Command,
) -> Result<Reply, RelayError> {
    let relay = service.relay();
    let known = |job: &str| {
        let loaded = relay.loaded();
        match loaded.jobs.contains_key(job) {
            true => Ok(()),
            false => Err(RelayError::Config(format!(
                "no such job: {}",
                crate::config::nearest(job, loaded.jobs.keys().map(String::as_str))
            ))),
        }
    };
    tracing::info!(?command, "an operator asks");
    match command {
        Command::Status => {
            let snapshot: Snapshot = service.snapshot().await?;
            done("", &snapshot)
        }
        Command::Pause { job, reason } => {
            known(&job)?;
            relay.store.pause(&job, &reason).await?;
            done(
                &format!(
                    "{job} is paused: nothing more is begun for it; what was sent is followed"
                ),
                &(),
            )
        }
        Command::Resume { job } => {
            known(&job)?;
            let message = match relay.store.resume(&job).await? {
                true => format!("{job} goes on"),
                false => format!("{job} was not paused"),
            };
            relay.moved.notify_waiters();
            done(&message, &())
        }
        Command::Retry { trigger } => {
            let mut trigger = find(service, &trigger).await?;
            if !matches!(trigger.state, State::Failed | State::Expired) {
                return Err(RelayError::Config(format!(
                    "trigger {} is {}: only what failed or expired is begun again",
                    trigger.id, trigger.state
                )));
            }
            // From the start, with inputs and a time of its own.
            trigger.expires_at = 0;
            let change = Change::to(State::Observed, "an operator wants it tried again");
            relay.store.advance(&mut trigger, change).await?;
            relay.moved.notify_waiters();
            done(&format!("{} is begun again", trigger.id), &())
        }
        Command::Explain { trigger } => {
            let trigger = find(service, &trigger).await?;
            let steps = relay.store.history(&trigger.id).await?;
            let slots = relay.store.slots_of(&trigger.id).await?;
            done("", &explanation(trigger, steps, slots))
        }
        Command::Readmit { worker } => {
            let message = match relay.store.readmit(&worker).await? {
                true => format!("{worker} is given work again"),
                false => format!("{worker} was not set aside"),
            };
            relay.moved.notify_waiters();
            done(&message, &())
        }
        Command::Reload => {
            let differences = relay.reload(Config::load(config)?).await?;
            let message = match differences.is_empty() {
                true => "nothing is different".into(),
                false => format!("taken:\n{}", differences.join("\n")),
            };
            tracing::info!(?differences, "another configuration");
            done(&message, &differences)
        }
        Command::Stop => {
            service.stop();
            done("it stops when what is under way is finished", &())
        }
    }
}

fn done(message: &str, data: &impl Serialize) -> Result<Reply, RelayError> {
    Ok(Reply {
        ok: true,
        message: message.into(),
        data: serde_json::to_value(data)
            .map_err(|error| RelayError::machine("write the answer", error))?,
    })
}

async fn find(service: &Service, id: &str) -> Result<Trigger, RelayError> {
    let found = service.relay().store.trigger(id).await?;
    found.ok_or_else(|| {
        RelayError::Config(format!("no trigger, or more than one, begins with {id}"))
    })
}

fn explanation(
    trigger: Trigger,
    steps: Vec<Transition>,
    slots: Vec<(Slot, Vec<Attempt>)>,
) -> Explanation {
    let sending = |(slot, attempts): (Slot, Vec<Attempt>)| Sending {
        account: slot.signer.to_string(),
        nonce: slot.nonce,
        transactions: attempts
            .into_iter()
            .map(|attempt| (attempt.hash.to_string(), attempt.max_fee.to_string()))
            .collect(),
    };
    Explanation {
        id: trigger.id,
        job: trigger.job,
        what: trigger.work.what,
        key: trigger.key,
        state: trigger.state.name(),
        reason: trigger.reason,
        not_before: trigger.not_before,
        outputs: trigger.work.outputs,
        occasion: trigger.work.occasion,
        steps,
        transactions: slots.into_iter().map(sending).collect(),
    }
}
