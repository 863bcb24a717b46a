//! `verdict evidence combine`

use super::save;
use crate::{
    error::CliError,
    options::chain::ChainArgs,
    report::output::{Output, Report, utc},
};
use alloy_primitives::{Address, B256, Bytes};
use clap::Args;
use serde::Serialize;
use std::path::PathBuf;
use verdict_consumers::{Attestation, combine};

#[derive(Debug, Args)]
#[command(after_help = "Examples:\n  \
    verdict evidence combine first.sig.json second.sig.json --out evidence.hex --local chain.json\n  \
    verdict evidence combine *.sig.json --rpc https://node.example\n\n\
    Signers and quorum are read from the chain. Refused: signatures over different data, of another set, of somebody who is not in it, \
    twice the same, too few.")]
pub(crate) struct Combine {
    /// Files that `verdict sign` wrote
    #[arg(value_name = "SIG.json", required = true)]
    signatures: Vec<PathBuf>,
    /// Where to write the evidence
    #[arg(long, default_value = "evidence.hex", value_name = "FILE")]
    out: PathBuf,
    #[command(flatten)]
    chain: ChainArgs,
}

#[derive(Serialize)]
struct Combined {
    source: Address,
    consumer: Address,
    signers: Vec<Address>,
    quorum: usize,
    timestamp: u64,
    block: u64,
    digest: B256,
    evidence: Bytes,
    out: PathBuf,
}

impl Combine {
    pub(super) fn run(&self, output: &Output) -> Result<(), CliError> {
        let load = |path: &PathBuf| {
            Ok::<_, CliError>((path.display().to_string(), Attestation::load(path)?))
        };
        let attestations = self.signatures.iter().map(load);
        let attestations = attestations.collect::<Result<Vec<_>, _>>()?;
        let mut opened = self.chain.read_only()?;
        let quorum = combine(opened.chain(), &attestations)?;
        save(&self.out, &quorum.evidence)?;
        let Some((_, first)) = attestations.first() else {
            return Ok(());
        };
        output.emit(&Combined {
            source: first.source,
            consumer: first.data.consumer,
            signers: quorum.signers,
            quorum: quorum.quorum,
            timestamp: first.data.timestamp.saturating_to(),
            block: first.data.blockNumber.saturating_to(),
            digest: first.digest(),
            evidence: quorum.evidence,
            out: self.out.clone(),
        })
    }
}

impl Report for Combined {
    fn text(&self) -> String {
        let signers = self.signers.iter().map(|it| format!("  {it}\n"));
        format!(
            "Evidence for {} of {}, signed by {} ({} needed)\n{}data of {}\nWrote {}\nNext: verdict submit … --evidence @{}\n",
            self.consumer,
            self.source,
            self.signers.len(),
            self.quorum,
            signers.collect::<String>(),
            utc(self.timestamp),
            self.out.display(),
            self.out.display()
        )
    }
}
