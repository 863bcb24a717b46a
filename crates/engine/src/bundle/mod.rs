//! All that a model version is, as one thing with one digest: what `verdict register` tells a chain,
//! what a stranger checks, and what a service is handed.
//!
//! Whoever wrote a bundle, or the chain it was read from, is believed in nothing: [`Bundle::check`]
//! recomputes every part from the model, or from the architecture where the weights are private.

mod batch;
mod check;
mod file;
mod report;
mod spec_lines;

pub use batch::{BatchOf, batch_of_spec};
pub use report::{Line, Outcome, Report};

use crate::{EngineError, Session, Subject};
use alloy_primitives::{B256, Bytes, U256, keccak256};
use verdict_circuit::Batch;
use verdict_wire::{
    ModelSpec, ProofFile, breakpoints_digest, bundle_digest, key_bytes, model_spec, spec_digest,
};

/// A model version, as somebody states it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Bundle {
    /// Digest of the compiled model, or of its architecture where the weights are private.
    pub model: B256,
    /// keccak256 of the manifest's JSON; a chain does not have it.
    pub manifest: Option<B256>,
    /// The batch, by names; a chain has of it what the spec has.
    pub batch: Option<BatchOf>,
    /// What the public values mean.
    pub spec: ModelSpec,
    /// Digest of the breakpoints among which inputs are ranks; zero if none is.
    pub breakpoints: B256,
    /// The verifying key's bytes.
    pub key: Bytes,
    /// The set-up's `[τ]_2`.
    pub tau_g2: [U256; 4],
    /// Whether the set-up is said to be the insecure development one.
    pub development: bool,
    /// What shows that the key hides nothing but weights, if it hides any.
    pub key_proof: Option<Bytes>,
}

impl Bundle {
    /// The bundle of an opened model.
    pub fn make(session: &Session) -> Result<Self, EngineError> {
        let subject = session.subject();
        let key_proof = session.key_proof()?.map(|proof| proof.to_bytes().into());
        let key = key_bytes(session.key()).into();
        let batch = session.plan().lowered.batch();
        Self::of_key(subject, batch, key, key_proof, session.setup().tau_g2()?)
    }

    /// The bundle of a proof's key. Nothing in it is checked yet.
    pub fn of_proof(
        file: &ProofFile,
        batch: &Batch,
        subject: &Subject,
        key_proof: Option<Bytes>,
        tau_g2: [U256; 4],
    ) -> Result<Self, EngineError> {
        let key = file.verifying_key.clone();
        let mut bundle = Self::of_key(subject, batch, key, key_proof, tau_g2)?;
        (bundle.model, bundle.development) = (file.model, file.development);
        Ok(bundle)
    }

    fn of_key(
        subject: &Subject,
        batch: &Batch,
        key: Bytes,
        key_proof: Option<Bytes>,
        tau_g2: [U256; 4],
    ) -> Result<Self, EngineError> {
        let published = subject.published();
        let digest = key_proof.as_ref().map(keccak256).unwrap_or_default();
        Ok(Self {
            model: subject.digest(),
            manifest: Some(manifest_digest(subject)),
            batch: Some(BatchOf::of(published, batch)),
            spec: model_spec(published, batch, digest)?,
            breakpoints: breakpoints_digest(published.manifest()),
            key,
            tau_g2,
            development: tau_g2 == crate::setup::development_tau_g2(),
            key_proof,
        })
    }

    /// The digest of the spec: the registry's `circuitHash`.
    pub fn spec_digest(&self) -> B256 {
        spec_digest(&self.spec, self.breakpoints)
    }

    /// The digest of the verifying key: the registry's `vkHash`.
    pub fn key_digest(&self) -> B256 {
        keccak256(&self.key)
    }

    /// The one digest: see [`bundle_digest`].
    pub fn digest(&self) -> B256 {
        bundle_digest(
            self.model,
            self.spec_digest(),
            self.key_digest(),
            self.spec.keyProof,
            self.tau_g2,
        )
    }

    /// Whether it says that the weights are private.
    pub fn says_private(&self) -> bool {
        !self.spec.keyProof.is_zero() || self.key_proof.is_some()
    }
}

/// Of what is public of the manifest.
fn manifest_digest(subject: &Subject) -> B256 {
    keccak256(subject.published().manifest().to_json())
}
