//! `verdict worker`: proofs for a relayer, on another machine.

use crate::{
    commands::relay::{LogFormat, within},
    error::{CliError, usage},
    report::output::{Output, Report},
};
use clap::{Args, Subcommand};
use serde::Serialize;
use std::path::PathBuf;
use verdict_model::write_whole;
use verdict_relayer::{
    config::{WorkerConfig, worker_template},
    told_to_stop,
    workers::Worker,
};

#[derive(Debug, Args)]
#[command(after_help = "Examples:\n  \
    verdict worker init --name a --nats nats://10.0.0.1:4222 --out worker.toml\n  \
    verdict worker --config worker.toml\n  \
    verdict worker --config worker.toml --log-format json\n\n\
    Proves for `verdict relay`, which hands it work by NATS and checks what comes back. It knows no chain, no database and no \
    account: a key that it shares with the relayer seals what the two say. It can be killed at any time; SIGTERM lets a proof under \
    way finish.")]
pub(crate) struct WorkerCommand {
    #[command(subcommand)]
    action: Option<Action>,
    /// Where work comes from, and what may be proved here
    #[arg(long, default_value = "worker.toml", value_name = "FILE")]
    config: PathBuf,
    /// How logs are written
    #[arg(long, value_enum, default_value = "text")]
    log_format: LogFormat,
}

#[derive(Debug, Subcommand)]
enum Action {
    /// Write an annotated configuration
    Init(Init),
}

#[derive(Debug, Args)]
#[command(
    after_help = "Example:\n  verdict worker init --name a --nats nats://10.0.0.1:4222 --out worker.toml"
)]
struct Init {
    /// Its name, as the relayer's configuration will have it
    #[arg(long, value_name = "NAME")]
    name: String,
    /// Where NATS is
    #[arg(long, default_value = "nats://127.0.0.1:4222", value_name = "URL")]
    nats: String,
    /// Where to write the configuration; a file that is there is left alone
    #[arg(long, default_value = "worker.toml", value_name = "FILE")]
    out: PathBuf,
}

#[derive(Serialize)]
struct Written {
    out: PathBuf,
    name: String,
}

impl WorkerCommand {
    /// How a service's logs are written; `None` for what is no service.
    pub(crate) const fn log_format(&self) -> Option<LogFormat> {
        match self.action {
            None => Some(self.log_format),
            Some(_) => None,
        }
    }

    pub(crate) fn run(&self, output: &Output) -> Result<(), CliError> {
        match &self.action {
            Some(Action::Init(init)) => init.run(output),
            None => within(async {
                let worker = Worker::open(WorkerConfig::load(&self.config)?).await?;
                output.note(&format!("worker {} waits for work", worker.name()));
                worker.serve(told_to_stop()).await;
                Ok(())
            }),
        }
    }
}

impl Init {
    fn run(&self, output: &Output) -> Result<(), CliError> {
        if self.out.exists() {
            return Err(usage(format!(
                "{} is there already; name another file with --out",
                self.out.display()
            )));
        }
        let text = worker_template(&self.name, &self.nats);
        let folder = self.out.parent().map(PathBuf::from).unwrap_or_default();
        WorkerConfig::parse(&text, folder)?;
        write_whole(&self.out, text.as_bytes()).map_err(CliError::io("write", &self.out))?;
        output.emit(&Written {
            out: self.out.clone(),
            name: self.name.clone(),
        })
    }
}

impl Report for Written {
    fn text(&self) -> String {
        let (out, name) = (self.out.display(), &self.name);
        format!(
            "Wrote {out}\nNext: openssl rand -hex 32 > {name}.key, the same file beside the relayer's configuration, and there\n\
             [workers] keys.{name} = {{ file = \"{name}.key\" }}; name the set-up in {out}, then verdict worker --config {out}\n"
        )
    }
}
