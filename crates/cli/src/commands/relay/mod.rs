//! `verdict relay`: the service, and what an operator says to it.

mod ask;
mod prepare;

use crate::{error::CliError, report::output::Output};
use ask::Ask;
use clap::{Args, Subcommand, ValueEnum};
use prepare::{Check, Init, Schema};
use std::{future::Future, path::PathBuf};
use verdict_relayer::{RelayError, Running};

#[derive(Debug, Args)]
#[command(after_help = "Examples:\n  \
    verdict relay init --deployment deployments/1.json --out relayer.toml\n  \
    verdict relay check --config relayer.toml\n  \
    verdict relay --config relayer.toml\n  \
    verdict relay --config relayer.toml --log-format json\n  \
    verdict relay status\n  \
    verdict relay pause eth-feed --reason \"the venue is down\"\n  \
    verdict relay explain 01a22d0b-0692\n\n\
    Keeps contracts fed: watches, reads features, has them signed, proves, submits, and follows what it submitted until the chain has \
    it. What it has begun is in its database: it can be killed at any time, and goes on where it was. SIGTERM lets proofs under way \
    finish; SIGHUP, or another file, is another configuration.")]
pub(crate) struct Relay {
    #[command(subcommand)]
    action: Option<Action>,
    #[command(flatten)]
    run: Run,
}

#[derive(Debug, Args)]
struct Run {
    /// What to keep fed, and how
    #[arg(long, default_value = "relayer.toml", value_name = "FILE")]
    config: PathBuf,
    /// How logs are written
    #[arg(long, value_enum, default_value = "text")]
    log_format: LogFormat,
}

/// How logs are written.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum LogFormat {
    /// A line for people
    Text,
    /// A JSON document for each line
    Json,
}

#[derive(Debug, Subcommand)]
enum Action {
    /// Write an annotated configuration for a deployment
    Init(Init),
    /// Say whether a configuration would work, before anything runs
    Check(Check),
    /// Print the configuration's JSON schema
    Schema(Schema),
    #[command(flatten)]
    Ask(Ask),
}

impl Relay {
    /// How a service's logs are written; `None` for what is no service.
    pub(crate) const fn log_format(&self) -> Option<LogFormat> {
        match self.action {
            None => Some(self.run.log_format),
            Some(_) => None,
        }
    }

    pub(crate) fn run(self, output: &Output) -> Result<(), CliError> {
        match self.action {
            None => self.run.serve(output),
            Some(Action::Init(init)) => init.run(output),
            Some(Action::Check(check)) => check.run(output),
            Some(Action::Schema(schema)) => schema.run(output),
            Some(Action::Ask(ask)) => ask.run(output),
        }
    }
}

impl Run {
    fn serve(&self, output: &Output) -> Result<(), CliError> {
        within(async {
            let running = Running::open(&self.config).await?;
            if let Some(address) = running.address() {
                output.note(&format!("page, metrics and health on http://{address}/"));
            }
            running.run().await
        })
    }
}

/// Runs what is asynchronous.
pub(crate) fn within<T>(work: impl Future<Output = Result<T, RelayError>>) -> Result<T, CliError> {
    let runtime = verdict_relayer::runtime()?;
    Ok(runtime.block_on(work)?)
}
