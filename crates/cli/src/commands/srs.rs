//! `verdict srs`

use crate::{
    error::CliError,
    report::{
        meter::Meter,
        output::{Output, Report, Table, mebibytes, seconds},
    },
};
use clap::{Args, Subcommand};
use serde::Serialize;
use std::path::PathBuf;
use verdict_prover::{Cache, Srs};

#[derive(Debug, Subcommand)]
#[command(after_help = "Example:\n  verdict srs import powersOfTau28_hez_final_14.ptau")]
pub(crate) enum SrsCommand {
    /// Check a snarkjs .ptau file, or halo2's own, with pairings and keep it
    Import(Import),
    /// Make the INSECURE development set-up
    Dev(Dev),
    /// List the set-ups there are
    List(List),
}

#[derive(Debug, Args)]
#[command(after_help = "Example:\n  verdict srs import powersOfTau28_hez_final_14.ptau --k 12")]
pub(crate) struct Import {
    /// The file
    file: PathBuf,
    /// Keep 2^K points only [default: all]
    #[arg(long, value_parser = clap::value_parser!(u32).range(1..=28))]
    k: Option<u32>,
}

#[derive(Debug, Args)]
#[command(after_help = "Example:\n  verdict srs dev --k 14")]
pub(crate) struct Dev {
    /// Make 2^K points
    #[arg(long, value_parser = clap::value_parser!(u32).range(1..=28))]
    k: u32,
}

#[derive(Debug, Args)]
#[command(after_help = "Example:\n  verdict srs list --json")]
pub(crate) struct List {}

#[derive(Serialize)]
struct Kept {
    digest: String,
    k: u32,
    development: bool,
    path: PathBuf,
    seconds: f64,
}

impl Report for Kept {
    fn text(&self) -> String {
        format!(
            "{}Set-up {} of height {} ({}), kept in {}",
            if self.development {
                "INSECURE development set-up: never accept a proof under it.\n"
            } else {
                ""
            },
            self.digest,
            self.k,
            seconds(self.seconds),
            self.path.display()
        )
    }
}

#[derive(Serialize)]
struct Stored {
    digest: String,
    k: u32,
    development: bool,
    bytes: u64,
    path: PathBuf,
}

#[derive(Serialize)]
#[serde(transparent)]
struct Listing(Vec<Stored>);

impl Report for Listing {
    fn text(&self) -> String {
        if self.0.is_empty() {
            return "no set-ups; `verdict srs import FILE.ptau` adds one".into();
        }
        let mut table = Table::new(&["digest", "k", "size", "kind"]);
        for srs in &self.0 {
            let kind = if srs.development {
                "development, INSECURE"
            } else {
                "imported"
            };
            table.row([
                srs.digest.clone(),
                srs.k.to_string(),
                mebibytes(srs.bytes as f64),
                kind.into(),
            ]);
        }
        table.render()
    }
}

impl SrsCommand {
    pub(crate) fn run(&self, output: &Output) -> Result<(), CliError> {
        let cache = Cache::standard();
        let meter = Meter::new(output);
        let (srs, name) = match self {
            Self::List(List {}) => return list(output, &cache),
            Self::Import(Import { file, k }) => {
                meter.begin("checking the set-up");
                let srs = Srs::import(file, *k)?;
                srs.store(&cache)?;
                let name = format!("srs/{}/{}", srs.digest(), srs.k());
                (srs, name)
            }
            Self::Dev(Dev { k }) => {
                output.note("WARNING: the development set-up is INSECURE: its secret is public, anyone can forge proofs under it");
                meter.begin("making the set-up");
                (
                    Srs::development_cached(*k, &cache)?,
                    format!("srs/development/{k}"),
                )
            }
        };
        let took = meter.take().iter().map(|stage| stage.seconds).sum();
        drop(meter);
        output.emit(&Kept {
            digest: srs.digest(),
            k: srs.k(),
            development: srs.is_development(),
            path: cache.path(&name),
            seconds: took,
        })
    }
}

fn list(output: &Output, cache: &Cache) -> Result<(), CliError> {
    let stored = Srs::stored(cache)?.into_iter();
    output.emit(&Listing(
        stored
            .map(|srs| Stored {
                digest: srs.digest,
                k: srs.k,
                development: srs.development,
                bytes: srs.bytes,
                path: srs.path,
            })
            .collect(),
    ))
}
