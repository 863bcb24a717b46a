//! Recomputes a bundle, part by part.

use super::{Bundle, Line, Outcome, Report, batch_of_spec, manifest_digest, spec_lines};
use crate::{Engine, EngineError, OnStage, Stage, Subject};
use alloy_primitives::{B256, keccak256};
use verdict_circuit::Batch;
use verdict_prover::{AuditRow, Finding, ProverError};
use verdict_wire::{
    ModelSpec, WireError, breakpoints_digest, model_spec, parse_key, spec_digest, tau_digest,
};

impl Bundle {
    /// Compares every part with what the subject and the engine's set-up make of it. The batch is
    /// the one given, or the bundle's own, or what its spec tells of one.
    ///
    /// A part that is a lie is a line of the report; only what keeps the check from being made is an
    /// error.
    pub fn check(
        &self,
        engine: &Engine,
        subject: &Subject,
        given: Option<&Batch>,
        on_stage: OnStage<'_>,
    ) -> Result<Report, EngineError> {
        let mut report = Report::default();
        report.compare("modelHash", self.model, subject.digest());
        if let Some(manifest) = self.manifest {
            report.compare("manifest", manifest, manifest_digest(subject));
        }
        let batch = self.batch(&mut report, subject, given)?;
        self.check_spec(&mut report, subject, &batch)?;
        on_stage(Stage::Setup);
        let tau_g2 = engine.setup().tau_g2()?;
        let [found, expected] = [self.tau_g2, tau_g2].map(tau_digest);
        report.compare("set-up [τ]_2", found, expected);
        let development = engine.setup().is_development();
        report.compare("development set-up", self.development, development);
        self.check_key(&mut report, engine, subject, &batch, on_stage)?;
        Ok(report)
    }

    fn batch(
        &self,
        report: &mut Report,
        subject: &Subject,
        given: Option<&Batch>,
    ) -> Result<Batch, EngineError> {
        let model = subject.published();
        let own = self.batch.as_ref().map(|batch| batch.resolve(model));
        let own = own.transpose()?;
        if let (Some(own), Some(given)) = (&own, given) {
            report.compare("batch", describe(own), describe(given));
        }
        let told = || batch_of_spec(model, &self.spec);
        Ok(given.cloned().or(own).unwrap_or_else(told))
    }

    fn check_spec(
        &self,
        report: &mut Report,
        subject: &Subject,
        batch: &Batch,
    ) -> Result<(), EngineError> {
        report.compare_spec((&self.spec, self.breakpoints), subject, batch)?;
        let found = self.spec.keyProof;
        match (&self.key_proof, subject.is_private()) {
            (_, false) => report.compare("spec keyProof", found, B256::ZERO),
            (Some(proof), true) => report.compare("spec keyProof", found, keccak256(proof)),
            (None, true) if found.is_zero() => report.differs(
                "spec keyProof",
                found,
                "the digest of a key proof: the weights are private",
            ),
            (None, true) => report.unknown("spec keyProof", found),
        }
        Ok(())
    }

    /// Audits the key: every column that is public, and that what is hidden are weights.
    fn check_key(
        &self,
        report: &mut Report,
        engine: &Engine,
        subject: &Subject,
        batch: &Batch,
        on_stage: OnStage<'_>,
    ) -> Result<(), EngineError> {
        let key = match parse_key(&self.key) {
            Ok(key) => key,
            Err(error) => {
                report.differs("key", self.key_digest(), error);
                return Ok(());
            }
        };
        let key_proof = self.key_proof.as_deref().map(AsRef::as_ref);
        match engine.audit_key(subject, batch, &key, key_proof, on_stage) {
            Ok(audit) => {
                report.lines.extend(audit.parts.into_iter().map(line));
                Ok(())
            }
            // There is no key of such a batch, or none of this height.
            Err(EngineError::Circuit(why) | EngineError::Prover(ProverError::Circuit(why))) => {
                report.differs("key", self.key_digest(), why);
                Ok(())
            }
            Err(error) => Err(error),
        }
    }
}

impl Report {
    /// Compares a spec, but for the key proof's digest, and the digest of its breakpoints with those
    /// that a model has for a batch.
    pub fn compare_spec(
        &mut self,
        (found, breakpoints): (&ModelSpec, B256),
        subject: &Subject,
        batch: &Batch,
    ) -> Result<(), EngineError> {
        match model_spec(subject.published(), batch, B256::ZERO) {
            Ok(expected) => spec_lines::compare_specs(self, found, &expected),
            // The model has no spec for such a batch, so this is none of it.
            Err(WireError::Spec(why)) => self.differs("spec", spec_digest(found, breakpoints), why),
            Err(error) => return Err(error.into()),
        }
        let expected = breakpoints_digest(subject.published().manifest());
        // Nothing is said of what neither has.
        if !(breakpoints.is_zero() && expected.is_zero()) {
            self.compare("spec breakpoints", breakpoints, expected);
        }
        Ok(())
    }
}

fn line(row: AuditRow) -> Line {
    Line {
        part: format!("key {}", row.part),
        outcome: match row.finding {
            Finding::Matches | Finding::Proved => Outcome::Ok,
            Finding::Differs => Outcome::Differs,
            Finding::Opaque => Outcome::Unknown,
        },
        found: row.found,
        expected: row.expected,
    }
}

fn describe(batch: &Batch) -> String {
    match batch.sums.as_slice() {
        [] => format!("{} items", batch.items),
        sums => format!("{} items, sums of tensors {sums:?}", batch.items),
    }
}
