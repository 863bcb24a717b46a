//! Checking somebody else's proof against a model, or against what is public of one.

use crate::{Engine, EngineError, Mismatch, OnStage, OpenOptions, Stage};
use alloy_primitives::B256;
use std::{
    fs::File,
    io::Read,
    path::{Path, PathBuf},
};
use verdict_circuit::{Batch, Limits};
use verdict_model::{CompiledModel, MAGIC};
use verdict_prover::{ARCHITECTURE_MAGIC, Architecture, Subject as Audited, audit, verify_under};
use verdict_wire::{ProofFile, VerifyingKeyParts, instance, key_digest, parse_key};

/// What a proof is said to be about.
#[derive(Debug)]
pub struct Subject {
    path: PathBuf,
    kind: SubjectKind,
    model: CompiledModel,
    digest: B256,
}

/// Whether the weights are at hand.
#[derive(Debug)]
pub enum SubjectKind {
    /// A compiled model whose weights are public.
    Model,
    /// What is public of a model with private weights.
    Architecture(Box<Architecture>),
}

impl Subject {
    /// Reads a compiled model or a redacted architecture. For a proof with private weights a
    /// compiled model stands for its architecture, whose digest such proofs state.
    pub fn load(path: &Path, private_weights: bool) -> Result<Self, EngineError> {
        if begins_with(path, &ARCHITECTURE_MAGIC)? {
            let architecture = Architecture::load(path)?;
            let model = architecture.model().clone();
            return Ok(Self::of_architecture(path, architecture, model));
        }
        let model = CompiledModel::load(path)?;
        if private_weights {
            let architecture = Architecture::of(&model)?;
            return Ok(Self::of_architecture(path, architecture, model));
        }
        Ok(Self {
            path: path.to_owned(),
            kind: SubjectKind::Model,
            digest: model.digest().into(),
            model,
        })
    }

    fn of_architecture(path: &Path, architecture: Architecture, model: CompiledModel) -> Self {
        Self {
            path: path.to_owned(),
            model,
            digest: architecture.digest().into(),
            kind: SubjectKind::Architecture(Box::new(architecture)),
        }
    }

    /// The model, without weights if it is an architecture.
    pub const fn model(&self) -> &CompiledModel {
        &self.model
    }

    /// The model, taken out.
    pub fn into_model(self) -> CompiledModel {
        self.model
    }

    /// The digest that proofs about it state.
    pub const fn digest(&self) -> B256 {
        self.digest
    }

    /// Refuses a proof that states another digest; `path` names its file.
    pub fn must_be(&self, file: &ProofFile, path: &Path) -> Result<(), EngineError> {
        if file.model == self.digest {
            return Ok(());
        }
        Err(EngineError::Mismatch(Box::new(Mismatch {
            what: "model",
            left_of: path.display().to_string(),
            left: file.model.to_string(),
            right_of: self.path.display().to_string(),
            right: self.digest.to_string(),
            hint: "verify with the model, or the architecture, that the proof is about",
        })))
    }

    /// What is at hand.
    pub const fn kind(&self) -> &SubjectKind {
        &self.kind
    }
}

impl Engine {
    /// Checks a proof file against its subject: makes the verifying key again and compares it, or,
    /// where the weights are private, audits all of it that is not weights; then asks halo2's
    /// verifier. `path` names the file in errors.
    ///
    /// A proof that is simply not valid fails with
    /// [`ProverError::Rejected`](verdict_prover::ProverError::Rejected).
    pub fn check(
        &self,
        file: &ProofFile,
        path: &Path,
        subject: &Subject,
        on_stage: OnStage<'_>,
    ) -> Result<(), EngineError> {
        self.setup().must_be(&file.srs)?;
        subject.must_be(file, path)?;
        let key = parse_key(&file.verifying_key)?;
        let batch = file.batch(subject.model().graph(), path)?;
        match subject.kind() {
            SubjectKind::Architecture(architecture) => {
                self.check_audited(architecture, &batch, file, &key, on_stage)
            }
            SubjectKind::Model => self.check_made(subject.model(), batch, file, &key, on_stage),
        }
    }

    /// Makes the key again from the model, compares it with the proof's, and asks halo2.
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
                ..Limits::default()
            },
            batch,
            ..OpenOptions::default()
        };
        let session = self.open(model.clone(), options, on_stage)?;
        let made = key_digest(&session.key());
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

    /// Recomputes what is public of a key with private weights, and asks halo2 with the rest as it
    /// stands.
    fn check_audited(
        &self,
        architecture: &Architecture,
        batch: &Batch,
        file: &ProofFile,
        key: &VerifyingKeyParts,
        on_stage: OnStage<'_>,
    ) -> Result<(), EngineError> {
        on_stage(Stage::Setup);
        let srs = self.setup().open(key.k)?;
        on_stage(Stage::Audit);
        let audit = audit(Audited::Architecture(architecture), batch, key, srs.clone())?;
        if !audit.passes() {
            return Err(EngineError::Audit(
                "it is not one of this architecture; `verdict audit` says which columns differ"
                    .into(),
            ));
        }
        on_stage(Stage::Verify);
        Ok(verify_under(
            key,
            &srs,
            &instance(&file.public_values)?,
            &file.proof,
        )?)
    }
}

/// Whether a file begins with these bytes.
fn begins_with(path: &Path, magic: &[u8]) -> Result<bool, EngineError> {
    let fail = EngineError::io("read", path);
    let mut start = Vec::new();
    File::open(path)
        .map_err(&fail)?
        .take(MAGIC.len().max(magic.len()) as u64)
        .read_to_end(&mut start)
        .map_err(fail)?;
    Ok(start.starts_with(magic))
}
