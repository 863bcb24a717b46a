//! `verdict audit`

use crate::{
    error::CliError,
    load::{self, Kind},
    options::{BatchArgs, SrsArgs},
    report::output::{Output, Report, Table, count},
};
use alloy_primitives::{B256, hex};
use clap::Args;
use serde::Serialize;
use std::{
    fs,
    path::{Path, PathBuf},
};
use verdict_model::CompiledModel;
use verdict_prover::{Architecture, Audit, AuditRow, Cache, Finding, Subject, audit};
use verdict_wire::{ProofFile, VerifyingKeyParts, key_digest, parse_key};

#[derive(Debug, Args)]
#[command(
    after_help = "Examples:\n  verdict audit architecture.verdict --key proof.json --dev\n  \
    verdict audit model.verdict --key key.bin --srs 3f1c --batch 1000 --json\n\n\
    Lays the architecture out again, commits to every column that is not a weight column, and compares. With a compiled model,\n\
    whose weights are public, every column must match. Exits with 4 if anything differs."
)]
pub(crate) struct AuditCommand {
    /// The architecture (`verdict redact`), or a compiled model whose weights are public
    #[arg(value_name = "ARCHITECTURE")]
    subject: PathBuf,
    /// The verifying key: a proof file, or the key's bytes, raw or in hexadecimal
    #[arg(long, value_name = "FILE")]
    key: PathBuf,
    /// Inferences in one proof, if it is not a proof file that says so
    #[command(flatten)]
    batch: BatchArgs,
    #[command(flatten)]
    srs: SrsArgs,
}

#[derive(Serialize)]
struct Audited {
    passes: bool,
    subject: &'static str,
    subject_digest: B256,
    key_digest: B256,
    setup: String,
    batch: usize,
    rows: usize,
    proofs_at_most: Option<usize>,
    parts: Vec<AuditRow>,
}

impl Report for Audited {
    fn text(&self) -> String {
        let mut table = Table::new(&["column", "finding", "the key says", "recomputed"]);
        for part in &self.parts {
            let finding = match part.finding {
                Finding::Matches => "matches",
                Finding::Differs => "DIFFERS",
                Finding::Proved => "proved",
                Finding::Opaque => "opaque",
            };
            let cut = |text: &str| {
                let short: String = text.chars().take(18).collect();
                if short.len() < text.len() {
                    short + "…"
                } else {
                    short
                }
            };
            table.row([
                part.part.clone(),
                finding.into(),
                cut(&part.found),
                part.expected.as_deref().map_or_else(|| "–".into(), cut),
            ]);
        }
        let opaque = self
            .parts
            .iter()
            .filter(|it| it.finding == Finding::Opaque)
            .count();
        let conclusion = match (self.passes, opaque) {
            (false, _) => "The key is NOT one of this architecture.".into(),
            (true, 0) => "The key is this model's: everything matches.".into(),
            (true, opaque) => format!(
                "The key is one of this architecture; its {opaque} weight columns are opaque, with random rows for at most {} proofs.",
                count(self.proofs_at_most.unwrap_or(0) as u64)
            ),
        };
        format!(
            "Audit of verifying key {}\n  against {} {}\n  set-up {}, {} rows, batch of {}\n{}{conclusion}\n",
            self.key_digest,
            self.subject,
            self.subject_digest,
            self.setup,
            count(self.rows as u64),
            self.batch,
            table.render()
        )
    }
}

impl AuditCommand {
    pub(crate) fn run(&self, output: &Output) -> Result<(), CliError> {
        let (architecture, model) = match load::kind(&self.subject)? {
            Kind::Architecture => (Some(Architecture::load(&self.subject)?), None),
            Kind::Compiled => (None, Some(CompiledModel::load(&self.subject)?)),
            _ => {
                return Err(CliError::Input(format!(
                    "{} is neither an architecture (`verdict redact`) nor a compiled model",
                    self.subject.display()
                )));
            }
        };
        let (file, key) = read_key(&self.key)?;
        let (subject, compiled, digest) = match (&architecture, &model) {
            (Some(architecture), _) => (
                Subject::Architecture(architecture),
                architecture.model(),
                architecture.digest(),
            ),
            (None, Some(model)) => (Subject::Model(model), model, model.digest()),
            (None, None) => return Err(CliError::Input("there is nothing to compare with".into())),
        };
        let batch = match file.as_ref().filter(|file| file.batch.is_some()) {
            Some(file) => file.batch(compiled.graph(), &self.key)?,
            None => self.batch.batch(compiled)?,
        };
        let setup = self.srs.setup(&Cache::standard())?;
        if let Some(file) = &file {
            setup.must_be(&file.srs)?;
        }
        let srs = setup.open(key.k)?;
        let Audit {
            parts,
            rows,
            proofs_at_most,
        } = audit(subject, &batch, &key, srs)?;
        let differing: Vec<String> = parts
            .iter()
            .filter(|part| part.finding == Finding::Differs)
            .map(|part| part.part.clone())
            .collect();
        output.emit(&Audited {
            passes: differing.is_empty(),
            subject: match subject {
                Subject::Architecture(_) => "architecture",
                Subject::Model(_) => "model",
            },
            subject_digest: digest.into(),
            key_digest: key_digest(&key),
            setup: setup.name().into(),
            batch: batch.items,
            rows,
            proofs_at_most,
            parts,
        })?;
        if differing.is_empty() {
            return Ok(());
        }
        Err(CliError::Audit(format!(
            "{} differ; check that the architecture, --batch, --sum and the set-up are those of the key",
            differing.join(", ")
        )))
    }
}

/// A key, and the proof file it came in.
fn read_key(path: &Path) -> Result<(Option<ProofFile>, VerifyingKeyParts), CliError> {
    if load::kind(path)? == Kind::Proof {
        let file = ProofFile::load(path)?;
        let key = parse_key(&file.verifying_key)?;
        return Ok((Some(file), key));
    }
    let bytes = fs::read(path).map_err(CliError::io("read", path))?;
    let text = std::str::from_utf8(&bytes).map(str::trim).ok();
    let bytes = text
        .and_then(|text| hex::decode(text).ok())
        .unwrap_or(bytes);
    Ok((None, parse_key(&bytes)?))
}
