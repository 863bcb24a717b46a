//! A verifying key, audited.

use super::AuditCommand;
use crate::{
    error::CliError,
    load::{self, Kind},
    options::key_proof::raw_or_hex,
    report::{
        lines::cut,
        output::{Output, Report, Table, count, seconds},
    },
};
use alloy_primitives::B256;
use serde::Serialize;
use std::{path::Path, time::Instant};
use verdict_engine::{Subject, silent};
use verdict_prover::{Audit, AuditRow, Finding};
use verdict_wire::{ProofFile, VerifyingKeyParts, key_digest, parse_key};

#[derive(Serialize)]
struct Audited {
    passes: bool,
    subject: &'static str,
    subject_digest: B256,
    key_digest: B256,
    setup: String,
    batch: usize,
    rows: usize,
    /// What recomputing the key, and checking the key proof, took.
    seconds: f64,
    parts: Vec<AuditRow>,
}

impl Report for Audited {
    fn text(&self) -> String {
        let mut table = Table::new(&["columns", "finding", "the key says", "recomputed"]);
        for part in &self.parts {
            let finding = match part.finding {
                Finding::Matches => "matches",
                Finding::Differs => "DIFFERS",
                Finding::Proved => "proved",
                Finding::Opaque => "opaque",
            };
            table.row([
                part.part.clone(),
                finding.into(),
                cut(&part.found),
                part.expected.as_deref().map_or_else(|| "–".into(), cut),
            ]);
        }
        let proved = self.parts.iter();
        let proved = proved.filter(|it| it.finding == Finding::Proved).count();
        let conclusion = match (self.passes, proved) {
            (false, _) => "The key is NOT one of this architecture.",
            (true, 0) => "The key is this model's: everything matches.",
            (true, _) => {
                "The key is one of this architecture: its weight columns hide weights and nothing else."
            }
        };
        format!(
            "Audit of verifying key {}\n  against {} {}\n  set-up {}, {} rows, batch of {}\n{}{conclusion}\ntook {}\n",
            self.key_digest,
            self.subject,
            self.subject_digest,
            self.setup,
            count(self.rows as u64),
            self.batch,
            table.render(),
            seconds(self.seconds)
        )
    }
}

impl AuditCommand {
    pub(super) fn key(&self, path: &Path, output: &Output) -> Result<(), CliError> {
        let (file, key) = read_key(path)?;
        let private = file.as_ref().is_some_and(|file| file.private_weights);
        let subject = Subject::load(&self.subject, private)?;
        let batch = match file.as_ref().filter(|file| file.batch.is_some()) {
            Some(file) => file.batch(subject.published().graph(), path)?,
            None => self.batch.batch(subject.published())?,
        };
        let engine = self.srs.engine()?;
        if let Some(file) = &file {
            engine.setup().must_be(&file.srs)?;
        }
        let key_proof = self.proof.key_proof()?;
        let key_proof = key_proof.as_deref().map(AsRef::as_ref);
        let started = Instant::now();
        let Audit { parts, rows } = engine.audit_key(&subject, &batch, &key, key_proof, &silent)?;
        let differing: Vec<String> = parts
            .iter()
            .filter(|part| part.finding == Finding::Differs)
            .map(|part| part.part.clone())
            .collect();
        output.emit(&Audited {
            passes: differing.is_empty(),
            subject: match subject.is_private() {
                true => "architecture",
                false => "model",
            },
            subject_digest: subject.digest(),
            key_digest: key_digest(&key),
            setup: engine.setup().name().into(),
            batch: batch.items,
            rows,
            seconds: started.elapsed().as_secs_f64(),
            parts,
        })?;
        if differing.is_empty() {
            return Ok(());
        }
        Err(CliError::Audit(format!(
            "{} differ; check that the architecture, --batch, --sum, the key proof and the set-up are those of the key",
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
    let bytes = raw_or_hex(path)?;
    // An account has the key behind a STOP, so that nothing runs there.
    let key = bytes.strip_prefix(&[0]).unwrap_or(&bytes);
    Ok((None, parse_key(key)?))
}
