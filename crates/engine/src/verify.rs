//! Checking somebody else's proof against a model, or against what is public of one.

use crate::{Engine, EngineError, Mismatch, OnStage, OpenOptions, Stage, Subject, SubjectKind};
use std::path::Path;
use verdict_circuit::{Batch, Limits};
use verdict_model::CompiledModel;
use verdict_prover::{Audit, Finding, verify_under};
use verdict_wire::{ProofFile, VerifyingKeyParts, instance, key_digest, parse_key};

impl Engine {
    /// Checks a proof file against its subject: makes the verifying key again and compares it, or,
    /// where the weights are private, audits all of it that is not weights, and with the key proof
    /// that nothing but weights is hidden; then verifies the proof. `path` names the file in
    /// errors.
    ///
    /// A proof that is simply not valid fails with
    /// [`ProverError::Rejected`](verdict_prover::ProverError::Rejected).
    pub fn check(
        &self,
        file: &ProofFile,
        path: &Path,
        subject: &Subject,
        key_proof: Option<&[u8]>,
        on_stage: OnStage<'_>,
    ) -> Result<(), EngineError> {
        self.setup().must_be(&file.srs)?;
        subject.must_be(
            file.model,
            &path.display().to_string(),
            "verify with the model, or the architecture, that the proof is about",
        )?;
        let key = parse_key(&file.verifying_key)?;
        let batch = file.batch(subject.model().graph(), path)?;
        match subject.kind() {
            SubjectKind::Architecture(_) => {
                let audit = self.audit_key(subject, &batch, &key, key_proof, on_stage)?;
                if !audit.passes() {
                    return Err(EngineError::Audit(refusal(&audit, key_proof)));
                }
                on_stage(Stage::Verify);
                let tau_g2 = self.setup().open_any()?.tau_g2();
                let instance = instance(&file.public_values)?;
                Ok(verify_under(&key, tau_g2, &instance, &file.proof)?)
            }
            SubjectKind::Model => self.check_made(subject.model(), batch, file, &key, on_stage),
        }
    }

    /// Makes the key again from the model, compares it with the proof's, and verifies the proof.
    fn check_made(
        &self,
        model: &CompiledModel,
        batch: Batch,
        file: &ProofFile,
        key: &VerifyingKeyParts,
        on_stage: OnStage<'_>,
    ) -> Result<(), EngineError> {
        let options = OpenOptions {
            limits: Limits {
                width: Some(key.width),
                pack: Some(key.pack),
                ..Limits::default()
            },
            batch,
            ..OpenOptions::default()
        };
        let session = self.open(model.clone(), options, on_stage)?;
        let made = key_digest(session.key());
        if made != file.key {
            return Err(EngineError::Mismatch(Box::new(Mismatch {
                what: "verifying key",
                left_of: "the proof file".into(),
                left: file.key.to_string(),
                right_of: "the key made from the model".into(),
                right: made.to_string(),
                hint: "the proof was made with another version of Verdict, another set-up, or a forged key",
            })));
        }
        on_stage(Stage::Verify);
        session.verify(&file.public_values, &file.proof)
    }
}

/// Why a key with private weights is not believed.
fn refusal(audit: &Audit, key_proof: Option<&[u8]>) -> String {
    let parts = audit.parts.iter();
    let differing = parts.filter(|row| row.finding == Finding::Differs);
    let differing: Vec<&str> = differing.map(|row| row.part.as_str()).collect();
    let hint = match key_proof {
        None => {
            "its weights are private, so what else it may hide takes a key proof to tell: give --bundle"
        }
        Some(_) => "it is not one of this architecture; `verdict audit` says more",
    };
    format!("{} differ; {hint}", differing.join(", "))
}
