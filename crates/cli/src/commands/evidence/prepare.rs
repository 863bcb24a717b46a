//! `verdict evidence prepare`

use super::version_of;
use crate::{
    error::CliError,
    features::registered_model,
    options::chain::{ChainArgs, address},
    report::output::{Output, Report, count},
};
use alloy_primitives::{Address, B256};
use clap::Args;
use serde::Serialize;
use std::path::PathBuf;
use verdict_chain::registered_spec;
use verdict_consumers::{Prepared, Registered};
use verdict_wire::breakpoint_table;

#[derive(Debug, Args)]
#[command(after_help = "Example:\n  \
    verdict evidence prepare market-feeds --model model.verdict --local chain.json\n\n\
    Once for each version, by anyone. Where inputs are ranks among the model's own breakpoints, it also puts these on chain, for \
    the source to find the ranks; the registered spec says which they are, so a model other than the registered one is refused.")]
pub(crate) struct Prepare {
    /// The OnChainFeatures: a name of the deployment or an address
    #[arg(value_name = "SOURCE")]
    source: String,
    /// The compiled model, as it is registered
    #[arg(long, value_name = "MODEL.verdict")]
    model: PathBuf,
    /// The version of the source's model [default: the one in the deployment, or else the latest]
    #[arg(long, value_name = "N")]
    version: Option<u32>,
    #[command(flatten)]
    chain: ChainArgs,
}

#[derive(Serialize)]
struct Done {
    chain: String,
    source: Address,
    version: u32,
    /// Of the table of breakpoints; zero if no input is a rank.
    breakpoints: B256,
    /// What holds them.
    accounts: Vec<Address>,
    transactions: Vec<B256>,
    gas: u64,
}

impl Prepare {
    pub(super) fn run(&self, output: &Output) -> Result<(), CliError> {
        let mut opened = self.chain.open()?;
        let chain = opened.chain();
        let (deployment, _) = self.chain.deployment(chain.chain_id())?;
        let source = address(&self.source, Some(&deployment))?;
        let named = (self.source.as_str(), source);
        let (model_id, version) = version_of(chain, named, self.version, &deployment)?;
        let registry = deployment.core.registry;
        let registered = Registered::of(chain, registry, model_id, version)?;
        let spec = registered_spec(chain, registry, model_id, version)?;
        let model = registered_model(&self.model, &registered, &spec)?;
        let table = breakpoint_table(model.manifest());
        let prepared = Prepared::prepare(chain, source, version, table.as_deref())?;
        let done = Done {
            chain: chain.name(),
            source,
            version,
            breakpoints: spec.1,
            accounts: prepared.breakpoints,
            transactions: prepared.receipts.iter().map(|it| it.transaction).collect(),
            gas: prepared.receipts.iter().map(|it| it.gas).sum(),
        };
        opened.keep()?;
        output.emit(&done)
    }
}

impl Report for Done {
    fn text(&self) -> String {
        let mut text = format!(
            "{} on {} reads the inputs of version {}\n",
            self.source, self.chain, self.version
        );
        for account in &self.accounts {
            text += &format!("  breakpoints at {account}\n");
        }
        for transaction in &self.transactions {
            text += &format!("transaction {transaction}\n");
        }
        text + &format!(
            "{} gas\nNext: verdict evidence snapshot …\n",
            count(self.gas)
        )
    }
}
