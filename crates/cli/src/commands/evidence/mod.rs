//! `verdict evidence`: what each feature source asks for.

mod combine;
mod commit;
mod prepare;
mod snapshot;

use crate::{
    error::{CliError, usage},
    report::output::Output,
};
use alloy_primitives::{Address, Bytes, U256, hex};
use clap::{Args, Subcommand};
use std::path::Path;
use verdict_chain::{Chain, ChainExt, Deployment, bindings::registry::IModelRegistry};
use verdict_consumers::{ConsumerError, SOURCES, model_of_feeds};
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
    /// Make a model version's inputs readable to the chain, with its breakpoints if it has any
    Prepare(Box<prepare::Prepare>),
    /// Have the chain read a model's inputs, and remember them
    Snapshot(Box<snapshot::SnapshotCommand>),
    /// Put a hash of inputs on chain, and keep what shows them later
    Commit(Box<commit::Commit>),
}

impl Evidence {
    pub(crate) fn run(self, output: &Output) -> Result<(), CliError> {
        match self.kind {
            Kind::Combine(args) => args.run(output),
            Kind::Prepare(args) => args.run(output),
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

/// The model that an `OnChainFeatures`, of that name at that address, reads the inputs of; and the
/// version asked for, or the deployment's, or else the latest.
fn version_of(
    chain: &mut dyn Chain,
    (name, source): (&str, Address),
    version: Option<u32>,
    deployment: &Deployment,
) -> Result<(U256, u32), CliError> {
    let id = model_of_feeds(chain, source).map_err(|error| match error {
        // By the name that it was given.
        ConsumerError::OtherSource { expected, .. } => usage(format!(
            "{name} is no {expected}; `verdict evidence --help` says what other sources ask for"
        )),
        error => error.into(),
    })?;
    let mut known = deployment.models.values();
    let known = known.find(|model| U256::from(model.model_id) == id);
    let version = match (version, known) {
        (Some(version), _) => version,
        (None, Some(model)) => model.version,
        (None, None) => {
            let call = IModelRegistry::versionCountCall { modelId: id };
            chain.read(deployment.core.registry, &call)?
        }
    };
    Ok((id, version))
}
