//! `verdict entries`

use crate::{
    error::{CliError, usage},
    report::output::{Output, Report},
};
use alloy_primitives::{Address, B256};
use clap::Args;
use serde::Serialize;
use std::path::PathBuf;
use verdict_consumers::Entries;

#[derive(Debug, Args)]
#[command(after_help = "Examples:\n  \
    verdict entries entries.csv\n  \
    verdict entries entries.csv --batch 1 --account 0x…\n  \
    verdict call campaign-1 claim '(1,0,0xACCOUNT,7,[0x…])' --send --local chain.json\n\n\
    entries.csv has lines of `account,identity`, in the order of the model's batch: row N of the inputs is entry N. Other commands take \
    the file itself, as `--entries entries.csv`.")]
pub(crate) struct EntriesCommand {
    /// The entries: lines of `account,identity`, or a JSON list of {"account", "identity"}
    #[arg(value_name = "ENTRIES")]
    file: PathBuf,
    /// What this account claims with
    #[arg(long, value_name = "ADDRESS", requires = "batch")]
    account: Option<Address>,
    /// The number of the batch that they are
    #[arg(long, value_name = "N")]
    batch: Option<u64>,
}

#[derive(Serialize)]
struct Listed {
    root: B256,
    count: u32,
    /// The argument of `claim`, for each entry of the account.
    claims: Vec<Claim>,
}

#[derive(Serialize)]
struct Claim {
    index: usize,
    argument: String,
}

impl EntriesCommand {
    pub(crate) fn run(&self, output: &Output) -> Result<(), CliError> {
        let entries = Entries::load(&self.file)?;
        let tree = entries.tree();
        let mut claims = Vec::new();
        if let (Some(account), Some(batch)) = (self.account, self.batch) {
            let own = entries.list().iter().enumerate();
            for (index, (_, identity)) in own.filter(|(_, (of, _))| *of == account) {
                let path: Vec<String> = tree.path(index).iter().map(B256::to_string).collect();
                claims.push(Claim {
                    index,
                    argument: format!(
                        "({batch},{index},{account},{identity},[{}])",
                        path.join(",")
                    ),
                });
            }
            if claims.is_empty() {
                return Err(usage(format!(
                    "{account} is not in {}",
                    self.file.display()
                )));
            }
        }
        output.emit(&Listed {
            root: tree.root(),
            count: entries.count(),
            claims,
        })
    }
}

impl Report for Listed {
    fn text(&self) -> String {
        let mut text = format!("root {}\n{} entries\n", self.root, self.count);
        for claim in &self.claims {
            text += &format!(
                "entry {}: verdict call CAMPAIGN claim '{}' --send\n",
                claim.index, claim.argument
            );
        }
        text
    }
}
