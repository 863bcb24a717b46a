//! `verdict srs`

use crate::{
    error::{CliError, Mismatch},
    report::{
        meter::Meter,
        output::{Output, Report, Table, count, mebibytes, seconds},
    },
};
use clap::{Args, Subcommand};
use serde::Serialize;
use std::path::PathBuf;
use verdict_prover::{Cache, Ceremony, Srs};

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
#[command(
    after_help = "Examples:\n  verdict srs import powersOfTau28_hez_final_14.ptau --k 12\n  \
    verdict srs import ceremony.srs --expect 622659bca888be1e5eeb9027f6e27ec0\n\n\
    Pairings show that the file holds powers of one secret, not that nobody knows it. The ceremonies of Hermez, Perpetual Powers of \
    Tau (challenge 0085) and Aztec Ignition are known by their digests; of any other, compare the digest with what its organisers \
    publish, e.g. with --expect. Ethereum's KZG ceremony is over BLS12-381 and does not fit."
)]
pub(crate) struct Import {
    /// The file
    file: PathBuf,
    /// Keep 2^K points only [default: all]
    #[arg(long, value_parser = clap::value_parser!(u32).range(1..=28))]
    k: Option<u32>,
    /// Refuse any other set-up than the one of this digest
    #[arg(long, value_name = "DIGEST")]
    expect: Option<String>,
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
    points: usize,
    development: bool,
    /// The known ceremony that it is of.
    ceremony: Option<&'static str>,
    path: PathBuf,
    seconds: f64,
}

impl Report for Kept {
    fn text(&self) -> String {
        let ceremony = self.ceremony.and_then(|_| Ceremony::of(&self.digest));
        let ceremony = ceremony.map(|it| {
            format!(
                "\nCeremony: {} ({})\n  [τ]_2 as published in {}",
                it.name, it.participants, it.source
            )
        });
        format!(
            "{}Set-up {} of {} points ({}), kept in {}{}",
            if self.development {
                "INSECURE development set-up: never accept a proof under it.\n"
            } else {
                ""
            },
            self.digest,
            count(self.points as u64),
            seconds(self.seconds),
            self.path.display(),
            ceremony.unwrap_or_default()
        )
    }
}

#[derive(Serialize)]
struct Stored {
    digest: String,
    points: usize,
    development: bool,
    ceremony: Option<&'static str>,
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
        let mut table = Table::new(&["digest", "points", "size", "kind"]);
        for srs in &self.0 {
            let kind = match srs.ceremony {
                _ if srs.development => "development, INSECURE",
                Some(ceremony) => ceremony,
                None => "of no known ceremony",
            };
            table.row([
                srs.digest.clone(),
                count(srs.points as u64),
                mebibytes(srs.bytes as f64),
                kind.into(),
            ]);
        }
        table.render()
    }
}

impl SrsCommand {
    pub(crate) fn run(&self, output: &Output) -> Result<(), CliError> {
        let cache = Cache::standard()?;
        let meter = Meter::new(output);
        let (srs, name) = match self {
            Self::List(List {}) => return list(output, &cache),
            Self::Import(import) => {
                meter.begin("checking the set-up");
                let srs = import.checked()?;
                if srs.ceremony().is_none() && !srs.is_development() {
                    output.note(
                        "WARNING: this set-up is of no known ceremony: whoever knows its secret can forge proofs under it; compare the \
                         digest with what the ceremony's organisers publish",
                    );
                }
                srs.store(&cache)?;
                let name = format!("srs/{}/{}", srs.digest(), srs.points());
                (srs, name)
            }
            Self::Dev(Dev { k }) => {
                output.note("WARNING: the development set-up is INSECURE: its secret is public, anyone can forge proofs under it");
                meter.begin("making the set-up");
                let points = 1 << k;
                (
                    Srs::development_cached(points, &cache)?,
                    format!("srs/development/{points}"),
                )
            }
        };
        let took = meter.take().iter().map(|stage| stage.seconds).sum();
        drop(meter);
        output.emit(&Kept {
            digest: srs.digest(),
            points: srs.points(),
            development: srs.is_development(),
            ceremony: srs.ceremony().map(|it| it.name),
            path: cache.path(&name),
            seconds: took,
        })
    }
}

impl Import {
    /// The set-up, if it is the expected one.
    fn checked(&self) -> Result<Srs, CliError> {
        let srs = Srs::import(&self.file, self.k.map(|k| 1 << k))?;
        let found = srs.digest();
        match &self.expect {
            Some(expected) if *expected != found => Err(CliError::Mismatch(Box::new(Mismatch {
                what: "set-up",
                left_of: self.file.display().to_string(),
                left: found,
                right_of: "--expect".into(),
                right: expected.clone(),
                hint: "nothing was imported; download the ceremony's file again, or look up its digest",
            }))),
            _ => Ok(srs),
        }
    }
}

fn list(output: &Output, cache: &Cache) -> Result<(), CliError> {
    let stored = Srs::stored(cache)?.into_iter();
    output.emit(&Listing(
        stored
            .map(|srs| Stored {
                ceremony: srs.ceremony().map(|it| it.name),
                digest: srs.digest,
                points: srs.points,
                development: srs.development,
                bytes: srs.bytes,
                path: srs.path,
            })
            .collect(),
    ))
}
