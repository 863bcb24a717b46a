//! `verdict evidence commit`

use crate::{
    error::{CliError, usage},
    features::{Asker, InputArgs},
    options::{
        chain::{ChainArgs, address},
        consumers::examples,
    },
    report::{
        decode,
        output::{Output, Report, count, utc},
    },
};
use alloy_primitives::{Address, B256, hex};
use clap::Args;
use serde::Serialize;
use std::path::PathBuf;
use verdict_consumers::Commitment;
use verdict_engine::{named_secret, save_secret};

#[derive(Debug, Args)]
#[command(after_help = format!("Examples:\n{}\n\
    The sender must be a committer of the source. The file shows what was committed to, its salt included: keep it secret until the \
    proof is submitted, and do not lose it; its name must end in .secret, and it is written with mode 0600. A later commitment for the same consumer and subject replaces this one.",
    examples(|kind| format!("verdict evidence commit {} {} {} --model model.verdict --input input.json --out evidence.secret --local chain.json",
        kind.name, kind.example.asker, kind.example.ask))))]
pub(crate) struct Commit {
    #[command(subcommand)]
    asker: Asker<What>,
}

#[derive(Clone, Debug, Args)]
struct What {
    #[command(flatten)]
    inputs: InputArgs,
    /// Where to write the evidence, readable by its owner alone
    #[arg(long, default_value = "evidence.secret", value_name = "FILE")]
    out: PathBuf,
    #[command(flatten)]
    chain: ChainArgs,
}

#[derive(Serialize)]
struct Committed {
    chain: String,
    source: Address,
    consumer: Address,
    committer: Address,
    subject: B256,
    hash: B256,
    inputs: Vec<decode::Values>,
    /// When the inputs are true: what an oracle's context names.
    timestamp: u64,
    /// When it can be shown.
    from: u64,
    until: u64,
    transaction: B256,
    gas: u64,
    out: PathBuf,
}

impl Commit {
    pub(super) fn run(&self, output: &Output) -> Result<(), CliError> {
        let what = self.asker.what();
        if what.out.exists() {
            return Err(usage(format!(
                "{} exists, and may be all that shows an earlier commitment; name another file with --out",
                what.out.display()
            )));
        }
        named_secret(&what.out)?;
        let mut opened = what.chain.open()?;
        let chain = opened.chain();
        let (deployment, _) = what.chain.deployment(chain.chain_id())?;
        let consumer = address(&what.inputs.consumer, Some(&deployment))?;
        let question = self.asker.asked(consumer, &deployment, chain)?.question;
        let vouched = what.inputs.vouched(&question, &deployment, chain)?;
        let pin = vouched.registered.pin;
        let commitment = Commitment::prepare(chain, question, pin, &vouched.words)?;
        let done = commitment.send(chain, |evidence| {
            let text = hex::encode_prefixed(evidence) + "\n";
            save_secret(&what.out, &text).map_err(CliError::from)
        })?;
        let chain_name = chain.name();
        opened.keep()?;
        output.emit(&Committed {
            chain: chain_name,
            source: question.source,
            consumer,
            committer: commitment.committer,
            subject: question.subject,
            hash: commitment.hash,
            inputs: vouched.values,
            timestamp: done.timestamp,
            from: done.from,
            until: done.until,
            transaction: done.receipt.transaction,
            gas: done.receipt.gas,
            out: what.out.clone(),
        })
    }
}

impl Report for Committed {
    fn text(&self) -> String {
        format!(
            "Committed by {} at {} on {}, for {}\n{}hash {}\ntransaction {}, {} gas\n\
             of {} ({}), can be shown from {} ({}) to {} ({})\nWrote {} (secret until then)\nNext: verdict submit … --evidence @{}\n",
            self.committer,
            self.source,
            self.chain,
            self.consumer,
            decode::text(&self.inputs, &[]),
            self.hash,
            self.transaction,
            count(self.gas),
            utc(self.timestamp),
            self.timestamp,
            utc(self.from),
            self.from,
            utc(self.until),
            self.until,
            self.out.display(),
            self.out.display()
        )
    }
}
