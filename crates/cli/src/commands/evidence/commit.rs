//! `verdict evidence commit`

use crate::{
    error::{CliError, usage},
    features::{Asker, InputArgs},
    options::chain::{ChainArgs, address},
    report::{
        decode,
        output::{Output, Report, count, utc},
    },
};
use alloy_primitives::{Address, B256, hex};
use clap::Args;
use rand::{RngCore, rngs::OsRng};
use serde::Serialize;
use std::path::PathBuf;
use verdict_chain::{
    ChainError, ChainExt,
    bindings::{committed_features::CommittedFeatures, registry::IModelRegistry},
};
use verdict_consumers::committed_evidence;
use verdict_engine::save_secret;

#[derive(Debug, Args)]
#[command(after_help = "Examples:\n  \
    verdict evidence commit oracle score-feed --model model.verdict --input input.json --out evidence.hex --local chain.json\n  \
    verdict evidence commit airdrop campaign-1 --number 1 --entries entries.csv --model model.verdict --input people.npz --salt s.json\n\n\
    The sender must be a committer of the source. The file shows what was committed to, its salt included: keep it secret until the \
    proof is submitted, and do not lose it. A later commitment for the same consumer and subject replaces this one.")]
pub(crate) struct Commit {
    #[command(subcommand)]
    asker: Asker<What>,
}

#[derive(Clone, Debug, Args)]
struct What {
    #[command(flatten)]
    inputs: InputArgs,
    /// Where to write the evidence, readable by its owner alone
    #[arg(long, default_value = "evidence.hex", value_name = "FILE")]
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
        let mut opened = what.chain.open()?;
        let chain = opened.chain();
        let (deployment, _) = what.chain.deployment(chain.chain_id())?;
        let consumer = address(&what.inputs.consumer, Some(&deployment))?;
        let question = self.asker.question(consumer, &deployment, chain)?;
        let vouched = what.inputs.vouched(&question, &deployment, chain)?;
        let committer = chain.sender()?;
        let source = question.source;
        let ages = chain
            .read(source, &CommittedFeatures::minimumAgeCall {})
            .and_then(|from| {
                Ok((
                    from,
                    chain.read(source, &CommittedFeatures::maximumAgeCall {})?,
                ))
            });
        let (minimum, maximum) = ages.map_err(|error| match error {
            ChainError::Answer { .. } | ChainError::Refused(_) => CliError::Input(format!(
                "{source} is no CommittedFeatures; `verdict evidence --help` says what other sources ask for"
            )),
            error => error.into(),
        })?;
        let pin = IModelRegistry::pinOfCall {
            modelId: question.model_id,
            version: question.version,
        };
        let pin = chain.read(deployment.core.registry, &pin)?;
        let mut salt = B256::ZERO;
        OsRng.fill_bytes(&mut salt.0);
        let hash = CommittedFeatures::hashOfCall {
            committer,
            consumer,
            pin,
            subject: question.subject,
            words: vouched.words.words.clone(),
            commitments: vouched.words.commitments.clone(),
            salt,
        };
        let hash = chain.read(source, &hash)?;
        let call = CommittedFeatures::commitCall {
            consumer,
            subject: question.subject,
            hash,
        };
        // What would be refused is refused before a file is written, and the file is there before the hash: without it, the hash is of no use.
        chain.read(source, &call)?;
        let evidence = committed_evidence(committer, &vouched.words, salt);
        save_secret(&what.out, &(hex::encode_prefixed(&evidence) + "\n"))?;
        let (_, receipt) = chain.transact(source, &call)?;
        let of = CommittedFeatures::commitmentOfCall {
            committer,
            consumer,
            subject: question.subject,
        };
        let time = chain.read(source, &of)?.timestamp;
        let chain_name = chain.name();
        opened.keep()?;
        output.emit(&Committed {
            chain: chain_name,
            source,
            consumer,
            committer,
            subject: question.subject,
            hash,
            inputs: vouched.values,
            from: time.saturating_add(minimum.saturating_to()),
            until: time.saturating_add(maximum.saturating_to()),
            transaction: receipt.transaction,
            gas: receipt.gas,
            out: what.out.clone(),
        })
    }
}

impl Report for Committed {
    fn text(&self) -> String {
        format!(
            "Committed by {} at {} on {}, for {}\n{}hash {}\ntransaction {}, {} gas\n\
             can be shown from {} ({}) to {} ({})\nWrote {} (secret until then)\nNext: verdict submit … --evidence @{}\n",
            self.committer,
            self.source,
            self.chain,
            self.consumer,
            decode::text(&self.inputs, &[]),
            self.hash,
            self.transaction,
            count(self.gas),
            utc(self.from),
            self.from,
            utc(self.until),
            self.until,
            self.out.display(),
            self.out.display()
        )
    }
}
