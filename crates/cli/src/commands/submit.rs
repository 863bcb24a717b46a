//! `verdict submit`

use crate::{
    error::CliError,
    features::AirdropBatch,
    options::chain::{ChainArgs, address, bytes},
    report::output::{Output, Report, count},
};
use alloy_primitives::{Address, B256, Bytes};
use clap::{Args, Subcommand};
use serde::Serialize;
use std::path::PathBuf;
use verdict_chain::{Chain, Deployment};
use verdict_consumers::Target;
use verdict_wire::ProofFile;

#[derive(Debug, Args)]
#[command(after_help = "Examples:\n  \
    verdict submit oracle score-feed proof.json --local chain.json\n  \
    verdict submit oracle score-feed proof.json --evidence @evidence.hex --rpc https://node.example --keystore key.json --password-file pass\n  \
    verdict submit risk market-risk proof.json --source market-source --deadline 1800000000 --evidence @evidence.hex\n  \
    verdict submit guard vault-guard proof.json --anchor 21000000 --evidence @evidence.hex\n  \
    verdict submit airdrop campaign-1 proof.json --number 1 --entries entries.csv --evidence @evidence.hex\n\n\
    Nothing is sent that a dry run shows would be refused. The context to prove under comes from `verdict call CONSUMER context …`, \
    evidence from `verdict sign` and `verdict evidence`.")]
pub(crate) struct Submit {
    #[command(subcommand)]
    to: To,
}

#[derive(Debug, Subcommand)]
enum To {
    /// An answer to an oracle
    Oracle {
        /// Confirm the large move that waits
        #[arg(long)]
        confirm: bool,
        #[command(flatten)]
        what: What,
    },
    /// A proposal to an updater of risk parameters
    Risk {
        /// The model's source: a name of the deployment or an address
        #[arg(long, value_name = "SOURCE")]
        source: String,
        /// Until when the proof is good, in seconds since 1970
        #[arg(long, value_name = "TIME")]
        deadline: u64,
        #[command(flatten)]
        what: What,
    },
    /// A reason to pause to a guard
    Guard {
        /// The block that evidence and proof are bound to
        #[arg(long, value_name = "BLOCK")]
        anchor: u64,
        #[command(flatten)]
        what: What,
    },
    /// A batch of scores to an airdrop
    Airdrop {
        #[command(flatten)]
        batch: AirdropBatch,
        #[command(flatten)]
        what: What,
    },
}

#[derive(Clone, Debug, Args)]
struct What {
    /// The contract: a name of the deployment or an address
    #[arg(value_name = "CONSUMER")]
    consumer: String,
    /// The proof, under the consumer's context
    #[arg(value_name = "PROOF.json")]
    proof: PathBuf,
    /// What the consumer's feature source asks for: hexadecimal, or @FILE [default: nothing, inputs are read live]
    #[arg(long, value_name = "HEX|@FILE", default_value = "")]
    evidence: String,
    #[command(flatten)]
    chain: ChainArgs,
}

#[derive(Serialize)]
struct SubmittedReport {
    chain: String,
    consumer: Address,
    /// The round, the proposal, the incident, or what a batch's accounts can claim.
    returned: String,
    meaning: &'static str,
    transaction: B256,
    block: u64,
    gas: u64,
}

impl To {
    const fn what(&self) -> &What {
        match self {
            Self::Oracle { what, .. }
            | Self::Risk { what, .. }
            | Self::Guard { what, .. }
            | Self::Airdrop { what, .. } => what,
        }
    }

    fn target(&self, deployment: &Deployment) -> Result<Target, CliError> {
        let find = |name: &str| address(name, Some(deployment));
        let consumer = find(&self.what().consumer)?;
        Ok(match self {
            Self::Oracle { confirm, .. } => Target::Oracle {
                oracle: consumer,
                confirm: *confirm,
            },
            Self::Risk {
                source, deadline, ..
            } => Target::Risk {
                updater: consumer,
                source: find(source)?,
                deadline: *deadline,
            },
            Self::Guard { anchor, .. } => Target::Guard {
                guard: consumer,
                anchor: *anchor,
            },
            Self::Airdrop { batch, .. } => batch.target(consumer)?,
        })
    }

    const fn meaning(&self, returned_zero: bool) -> &'static str {
        match self {
            Self::Oracle { .. } if returned_zero => {
                "a move beyond the cap: it waits for its confirmation"
            }
            Self::Oracle { .. } => "round",
            Self::Risk { .. } => "proposal",
            Self::Guard { .. } => "incident",
            Self::Airdrop { .. } => "allocated, in the token's smallest units",
        }
    }
}

impl Submit {
    pub(crate) fn run(&self, output: &Output) -> Result<(), CliError> {
        let what = self.to.what();
        let file = ProofFile::load(&what.proof)?;
        let evidence: Bytes = bytes(&what.evidence)?;
        let mut opened = what.chain.open()?;
        let chain: &mut dyn Chain = opened.chain();
        let (deployment, _) = what.chain.deployment(chain.chain_id())?;
        let target = self.to.target(&deployment)?;
        let registry = deployment.core.registry;
        let done = target.submit(chain, registry, evidence, &file.public_values, file.proof)?;
        let name = chain.name();
        opened.keep()?;
        output.emit(&SubmittedReport {
            chain: name,
            consumer: target.contract(),
            returned: done.returned.to_string(),
            meaning: self.to.meaning(done.returned.is_zero()),
            transaction: done.receipt.transaction,
            block: done.receipt.block,
            gas: done.receipt.gas,
        })
    }
}

impl Report for SubmittedReport {
    fn text(&self) -> String {
        format!(
            "Accepted by {} on {}\n  {} {}\n  transaction {} in block {}, {} gas\n",
            self.consumer,
            self.chain,
            self.meaning,
            self.returned,
            self.transaction,
            self.block,
            count(self.gas)
        )
    }
}
