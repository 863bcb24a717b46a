//! `verdict submit`

use crate::{
    error::CliError,
    options::{
        chain::{ChainArgs, address, bytes},
        consumers::{Occasion, examples, subcommands},
    },
    report::output::{Output, Report, count},
};
use alloy_primitives::{Address, B256, Bytes};
use clap::{ArgMatches, Args, Command, FromArgMatches, Subcommand};
use serde::Serialize;
use std::path::PathBuf;
use verdict_consumers::{Consumer, ConsumerExt};
use verdict_wire::ProofFile;

#[derive(Debug, Args)]
#[command(after_help = format!("Examples:\n{}  \
    verdict submit oracle score-feed proof.json --evidence @evidence.hex --rpc https://node.example --keystore key.json --password-file pass\n\n\
    Nothing is sent that a dry run shows would be refused. The context to prove under comes from `verdict call CONSUMER context …`, \
    evidence from `verdict sign` and `verdict evidence`.",
    examples(|kind| format!("verdict submit {} {} proof.json {} --evidence @evidence.hex --local chain.json",
        kind.name, kind.example.contract, kind.example.submit))))]
pub(crate) struct Submit {
    #[command(subcommand)]
    to: To,
}

/// A consumer of the table, and what it is to be handed.
#[derive(Clone, Debug)]
struct To {
    occasion: Occasion,
    what: What,
}

#[derive(Clone, Debug, Args)]
struct What {
    /// The contract: a name of the deployment or an address
    #[arg(value_name = "CONSUMER")]
    consumer: String,
    /// The proof, under the consumer's context
    #[arg(value_name = "PROOF.json")]
    proof: PathBuf,
    /// What the consumer's feature source asks for: hexadecimal, or @FILE [default: nothing, inputs
    /// are read live]
    #[arg(long, value_name = "HEX|@FILE", default_value = "")]
    evidence: String,
    #[command(flatten)]
    chain: ChainArgs,
}

impl FromArgMatches for To {
    fn from_arg_matches(matches: &ArgMatches) -> Result<Self, clap::Error> {
        let missing = || clap::Error::new(clap::error::ErrorKind::MissingSubcommand);
        let (name, matches) = matches.subcommand().ok_or_else(missing)?;
        Ok(Self {
            occasion: Occasion::given(name, matches).ok_or_else(missing)?,
            what: What::from_arg_matches(matches)?,
        })
    }

    fn update_from_arg_matches(&mut self, matches: &ArgMatches) -> Result<(), clap::Error> {
        *self = Self::from_arg_matches(matches)?;
        Ok(())
    }
}

impl Subcommand for To {
    fn augment_subcommands(command: Command) -> Command {
        subcommands::<What>(command, |kind| kind.submits, |_| true)
    }

    fn augment_subcommands_for_update(command: Command) -> Command {
        Self::augment_subcommands(command)
    }

    fn has_subcommand(name: &str) -> bool {
        verdict_consumers::consumer_kind(name).is_some()
    }
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

impl Submit {
    pub(crate) fn run(&self, output: &Output) -> Result<(), CliError> {
        let what = &self.to.what;
        let file = ProofFile::load(&what.proof)?;
        let evidence: Bytes = bytes(&what.evidence)?;
        let mut opened = what.chain.open()?;
        let chain = opened.chain();
        let (deployment, _) = what.chain.deployment(chain.chain_id())?;
        let contract = address(&what.consumer, Some(&deployment))?;
        let consumer = self.to.occasion.at(contract, &deployment)?;
        let registry = deployment.core.registry;
        let done = consumer.submit(chain, registry, evidence, &file.public_values, file.proof)?;
        let name = chain.name();
        opened.keep()?;
        output.emit(&SubmittedReport {
            chain: name,
            consumer: consumer.contract(),
            returned: done.returned.to_string(),
            meaning: consumer.meaning(done.returned),
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
