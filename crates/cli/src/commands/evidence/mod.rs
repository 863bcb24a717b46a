//! `verdict evidence`: what each feature source asks for.

mod combine;
mod commit;
mod snapshot;

use crate::{error::CliError, report::output::Output};
use alloy_primitives::{Bytes, hex};
use clap::{Args, Subcommand};
use std::path::Path;
use verdict_consumers::SOURCES;
use verdict_model::write_whole;

#[derive(Debug, Args)]
#[command(after_help = format!("Which one, by the consumer's feature source:\n{}\n\
    The file goes to `verdict submit … --evidence @FILE`.", sources()))]
pub(crate) struct Evidence {
    #[command(subcommand)]
    kind: Kind,
}

#[derive(Debug, Subcommand)]
enum Kind {
    /// Make evidence of several signers' signatures
    Combine(Box<combine::Combine>),
    /// Have the chain read a model's inputs, and remember them
    Snapshot(Box<snapshot::SnapshotCommand>),
    /// Put a hash of inputs on chain, and keep what shows them later
    Commit(Box<commit::Commit>),
}

impl Evidence {
    pub(crate) fn run(self, output: &Output) -> Result<(), CliError> {
        match self.kind {
            Kind::Combine(args) => args.run(output),
            Kind::Snapshot(args) => args.run(output),
            Kind::Commit(args) => args.run(output),
        }
    }
}

/// How the evidence of each kind of source is made.
fn sources() -> String {
    let width = SOURCES.iter().map(|source| source.contract.len()).max();
    let width = width.unwrap_or_default();
    let lines = SOURCES
        .iter()
        .map(|source| format!("  {:<width$}  {}\n", source.contract, source.evidence));
    lines.collect()
}

/// Writes evidence in hexadecimal, whole or not at all.
fn save(path: &Path, evidence: &Bytes) -> Result<(), CliError> {
    let text = hex::encode_prefixed(evidence) + "\n";
    write_whole(path, text.as_bytes()).map_err(CliError::io("write", path))
}
