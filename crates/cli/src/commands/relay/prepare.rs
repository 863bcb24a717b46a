//! `verdict relay init`, `check`, `schema`

use super::within;
use crate::{
    error::{CliError, usage},
    report::output::{Output, Report},
};
use clap::Args;
use serde::Serialize;
use std::path::PathBuf;
use verdict_chain::Deployment;
use verdict_model::write_whole;
use verdict_relayer::{
    check::{Findings, check},
    config::{Config, schema, template},
};

#[derive(Debug, Args)]
#[command(after_help = "Examples:\n  \
    verdict relay init --deployment deployments/1.json\n  \
    verdict relay init --deployment deployments/1.json --out /etc/verdict/relayer.toml")]
pub(super) struct Init {
    /// The addresses, as `verdict deploy` wrote them
    #[arg(long, value_name = "FILE")]
    deployment: PathBuf,
    /// Where to write the configuration; a file that is there is left alone
    #[arg(long, default_value = "relayer.toml", value_name = "FILE")]
    out: PathBuf,
}

#[derive(Serialize)]
struct Written {
    out: PathBuf,
    jobs: Vec<String>,
}

impl Init {
    pub(super) fn run(&self, output: &Output) -> Result<(), CliError> {
        if self.out.exists() {
            return Err(usage(format!(
                "{} is there already; name another file with --out",
                self.out.display()
            )));
        }
        let deployment = Deployment::load(&self.deployment)?;
        // The file's paths are relative to its folder, not to where this runs.
        let path = std::path::absolute(&self.deployment)
            .map_err(CliError::io("find", &self.deployment))?;
        let text = template(&deployment, &path.display().to_string());
        write_whole(&self.out, text.as_bytes()).map_err(CliError::io("write", &self.out))?;
        output.emit(&Written {
            out: self.out.clone(),
            jobs: deployment.consumers.keys().cloned().collect(),
        })
    }
}

impl Report for Written {
    fn text(&self) -> String {
        format!(
            "Wrote {} with {} jobs\nNext: name accounts, models and feeds in it, then verdict relay check --config {}\n",
            self.out.display(),
            self.jobs.len(),
            self.out.display()
        )
    }
}

#[derive(Debug, Args)]
#[command(after_help = "Examples:\n  \
    verdict relay check --config relayer.toml\n  \
    verdict relay check --config relayer.toml --json\n\n\
    Asks nodes, database, accounts, contracts, feeds and data signers, and compares every model with what is registered. Nothing is \
    changed or sent. Exit code 4 if anything is not as it must be.")]
pub(super) struct Check {
    /// The configuration
    #[arg(long, default_value = "relayer.toml", value_name = "FILE")]
    config: PathBuf,
}

impl Check {
    pub(super) fn run(&self, output: &Output) -> Result<(), CliError> {
        let config = Config::load(&self.config)?;
        let findings = Looked(within(check(config))?);
        output.emit(&findings)?;
        if findings.0.pass() {
            return Ok(());
        }
        let bad = findings.0.0.iter().filter(|finding| !finding.ok).count();
        Err(CliError::Rejected(format!(
            "{bad} of {} things that {} names are not as they must be",
            findings.0.0.len(),
            self.config.display()
        )))
    }
}

#[derive(Serialize)]
#[serde(transparent)]
struct Looked(Findings);

impl Report for Looked {
    fn text(&self) -> String {
        let lines = self.0.0.iter().map(|finding| {
            let mark = if finding.ok { "ok " } else { "BAD" };
            format!("{mark}  {}: {}\n", finding.what, finding.found)
        });
        lines.collect()
    }
}

#[derive(Debug, Args)]
#[command(after_help = "Example:\n  verdict relay schema > relayer.schema.json")]
pub(super) struct Schema {}

impl Schema {
    #[allow(clippy::unused_self)]
    pub(super) fn run(&self, output: &Output) -> Result<(), CliError> {
        output.raw(schema().as_bytes())?;
        output.raw(b"\n")
    }
}
