//! `verdict relay status`, `pause`, `resume`, `retry`, `explain`, `reload`, `stop`

use super::within;
use crate::{
    error::CliError,
    report::output::{Output, Report},
};
use clap::{Args, Subcommand};
use serde::Serialize;
use serde_json::Value;
use std::{fmt::Write as _, path::PathBuf};
use verdict_relayer::control::{Command, Reply, ask};

#[derive(Debug, Subcommand)]
pub(super) enum Ask {
    /// Show jobs, queue, nodes and accounts of a running relayer
    #[command(after_help = "Example:\n  verdict relay status --socket /run/verdict/relayer.sock")]
    Status(At),
    /// Begin nothing more for a job; what was sent is still followed
    #[command(
        after_help = "Example:\n  verdict relay pause eth-feed --reason \"the venue is down\""
    )]
    Pause {
        /// The job
        job: String,
        /// Why, for whoever looks later
        #[arg(long, default_value = "an operator paused it", value_name = "TEXT")]
        reason: String,
        #[command(flatten)]
        at: At,
    },
    /// Go on with a job
    #[command(after_help = "Example:\n  verdict relay resume eth-feed")]
    Resume {
        /// The job
        job: String,
        #[command(flatten)]
        at: At,
    },
    /// Begin a trigger that failed or expired once more
    #[command(after_help = "Example:\n  verdict relay retry 01a22d0b-0692")]
    Retry {
        /// Its id, or how that begins
        trigger: String,
        #[command(flatten)]
        at: At,
    },
    /// Say how a trigger came to be where it is
    #[command(after_help = "Example:\n  verdict relay explain 01a22d0b-0692")]
    Explain {
        /// Its id, or how that begins
        trigger: String,
        #[command(flatten)]
        at: At,
    },
    /// Give a worker work again that was set aside, or rests
    #[command(after_help = "Example:\n  verdict relay readmit a")]
    Readmit {
        /// Its name
        worker: String,
        #[command(flatten)]
        at: At,
    },
    /// Have the configuration read again, as SIGHUP does
    #[command(after_help = "Example:\n  verdict relay reload")]
    Reload(At),
    /// Stop a relayer when what is under way is finished, as SIGTERM does
    #[command(after_help = "Example:\n  verdict relay stop")]
    Stop(At),
}

#[derive(Debug, Args)]
pub(super) struct At {
    /// The running relayer's socket, as its configuration names it
    #[arg(long, default_value = "relayer.sock", value_name = "FILE")]
    socket: PathBuf,
}

impl Ask {
    pub(super) fn run(self, output: &Output) -> Result<(), CliError> {
        let (at, command) = match self {
            Self::Status(at) => (at, Command::Status),
            Self::Pause { job, reason, at } => (at, Command::Pause { job, reason }),
            Self::Resume { job, at } => (at, Command::Resume { job }),
            Self::Retry { trigger, at } => (at, Command::Retry { trigger }),
            Self::Explain { trigger, at } => (at, Command::Explain { trigger }),
            Self::Readmit { worker, at } => (at, Command::Readmit { worker }),
            Self::Reload(at) => (at, Command::Reload),
            Self::Stop(at) => (at, Command::Stop),
        };
        let reply = within(ask(&at.socket, &command))?;
        match reply.ok {
            true => output.emit(&Answered(reply)),
            false => Err(CliError::Input(reply.message)),
        }
    }
}

#[derive(Serialize)]
#[serde(transparent)]
struct Answered(Reply);

impl Report for Answered {
    fn text(&self) -> String {
        let data = &self.0.data;
        let mut text = self.0.message.clone();
        if data.get("steps").is_some() {
            explained(&mut text, data);
        } else if data.get("jobs").is_some() {
            status(&mut text, data);
        }
        text
    }
}

fn word(value: &Value) -> String {
    value
        .as_str()
        .map_or_else(|| value.to_string(), str::to_owned)
}

fn list<'a>(data: &'a Value, name: &str) -> impl Iterator<Item = &'a Value> {
    data.get(name)
        .and_then(Value::as_array)
        .into_iter()
        .flatten()
}

fn status(text: &mut String, data: &Value) {
    let chain = &data["chain"];
    let _ = writeln!(text, "chain {}, block {}", chain["id"], chain["block"]);
    for node in list(chain, "nodes") {
        let trouble = node["trouble"].as_str().unwrap_or("answers");
        let _ = writeln!(text, "  {}: {trouble}", word(&node["host"]));
    }
    for account in list(data, "accounts") {
        let low = if account["low"] == Value::Bool(true) {
            " (LOW)"
        } else {
            ""
        };
        let _ = writeln!(
            text,
            "  {} {}: {} ether{low}",
            word(&account["name"]),
            word(&account["address"]),
            account["ether"]
        );
    }
    if let Some(fleet) = data.get("fleet") {
        workers(text, fleet);
    }
    for job in list(data, "jobs") {
        let _ = writeln!(
            text,
            "{} ({}) {}",
            word(&job["name"]),
            word(&job["consumer"]),
            word(&job["contract"])
        );
        for (what, key) in [("paused", "paused"), ("cannot be looked at", "failing")] {
            if let Some(why) = job[key].as_str() {
                let _ = writeln!(text, "  {what}: {why}");
            }
        }
        for trigger in list(job, "triggers") {
            let _ = writeln!(
                text,
                "  {}  {:<10}  {}: {}",
                word(&trigger["id"]),
                word(&trigger["state"]),
                word(&trigger["what"]),
                word(&trigger["reason"])
            );
        }
    }
}

fn workers(text: &mut String, fleet: &Value) {
    let nats = fleet["trouble"].as_str().unwrap_or("carries work");
    let _ = writeln!(text, "NATS: {nats}");
    for worker in list(fleet, "workers") {
        let flag = |name: &str| worker[name] == Value::Bool(true);
        let state = match (flag("there"), flag("busy")) {
            (false, _) => "not there",
            (true, true) => "proves",
            (true, false) => "free",
        };
        let kept = match (worker["setAside"].as_str(), worker["restsFor"].as_i64()) {
            (Some(why), _) => format!(", SET ASIDE: {why}"),
            (None, Some(left)) if left > 0 => format!(", rests for {} s", left / 1_000),
            _ => String::new(),
        };
        let _ = writeln!(
            text,
            "  worker {}: {state}, {} proofs{kept}",
            word(&worker["name"]),
            worker["proofs"]
        );
    }
}

fn explained(text: &mut String, data: &Value) {
    let _ = writeln!(
        text,
        "{} of {} is {}\n  {} ({})",
        word(&data["id"]),
        word(&data["job"]),
        word(&data["state"]),
        word(&data["what"]),
        word(&data["key"])
    );
    for step in list(data, "steps") {
        let time = step["at"].as_i64().unwrap_or_default();
        let time = crate::report::output::utc(u64::try_from(time / 1_000).unwrap_or_default());
        let _ = writeln!(
            text,
            "  {time}  {:<10}  {}",
            word(&step["state"]),
            word(&step["reason"])
        );
    }
    for sending in list(data, "transactions") {
        let _ = writeln!(
            text,
            "  nonce {} of {}",
            sending["nonce"],
            word(&sending["account"])
        );
        for transaction in list(sending, "transactions") {
            let _ = writeln!(
                text,
                "    {} at {} wei",
                word(&transaction[0]),
                word(&transaction[1])
            );
        }
    }
}
